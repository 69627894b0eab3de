//! `table` of `scan`: the verdict first, then what led to it, then the packages.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write;

use hpcctl_model::Envelope;
use hpcctl_model::scan::{Outcome, Scan};

use crate::conflicts::conflicts;
use crate::contents;
use crate::held;
use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{Style, filled, heading, in_units, left_out, some, styled};
use crate::writer::Writer;
use crate::writer::gate_table::{self, platform};

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "table",
    versions: &[],
    kinds: &[Kind::Scan],
    write,
};

/// How many subjects, reasons and unknowns are named where not every detail is wanted.
const SUBJECTS: usize = 4;
const REASONS: usize = 12;
const UNKNOWNS: usize = 10;

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let report = report.scan()?;
    let mut text = verdict(report, options);
    let names = Names::new(&report.result, options);
    text += &reasons(&report.result, &names, options);
    text += &obligations(&report.result, &names, options);
    text += &gate_table::choices(&report.result.verdict.choices, options);
    text += &unknowns(report, options);
    text += &conflicts(&report.result, options);
    text += &held::sensitive(&report.result, options);
    text += &held::restricted(&report.result, options);
    text += &held::removed(&report.result, options);
    text += &held::privileged(&report.result, options);
    text += &contents::layers(&report.result, options);
    text += &contents::packages(&report.result, options);
    text += &contents::unowned(&report.result, options);
    text += &contents::files(&report.result, options);
    Ok(out.write_all(text.as_bytes())?)
}

fn verdict(report: &Envelope<Scan>, options: &Options) -> String {
    let Scan { image, verdict, .. } = &report.result;
    let style = match verdict.outcome {
        Outcome::Publishable => Style::Good,
        Outcome::Conditional | Outcome::Undetermined => Style::Doubtful,
        Outcome::Refused => Style::Bad,
    };
    let word = styled(verdict.outcome.as_str(), style, options.color);
    let mut text = format!("verdict  {word}: {}\n", says(&report.result));
    let what = if image.is_host() {
        "host     "
    } else {
        "image    "
    };
    text += &filled(what, &image.reference, options.width);
    if let Some(digest) = &image.digest {
        text += &filled("digest   ", digest, options.width);
    }
    if let Some(platform) = platform(image.platform.as_deref(), &image.other_platforms) {
        text += &filled("platform ", &platform, options.width);
    }
    let count = image.layers.len();
    if count == 0 {
        // A bill of materials, which has none.
        return text + &filled("format   ", &image.format, options.width);
    }
    let size: u64 = image.layers.iter().map(|layer| layer.size).sum();
    let layers = format!("{count} ({}), {}", image.format, in_units(size));
    text += &filled("layers   ", &layers, options.width);
    let left_out = &report.result.left_out;
    let parts = [
        ("catalogers", &left_out.catalogers),
        ("packages of", &left_out.types),
        ("paths", &left_out.paths),
    ];
    for (what, names) in parts.into_iter().filter(|(_, names)| !names.is_empty()) {
        let names = format!("the {what} {}", names.join(", "));
        text += &filled("left out ", &names, options.width);
    }
    for object in &image.holds {
        text += &filled("holds    ", object, options.width);
    }
    text
}

/// What the verdict means.
pub(crate) fn says(scan: &Scan) -> String {
    let says = match scan.image.is_host() {
        true => of_host(scan.verdict.outcome),
        false => of_image(scan.verdict.outcome),
    };
    let doubt = match scan.complete {
        true => "",
        false => "; the scan is NOT COMPLETE",
    };
    format!("{says}{doubt}")
}

/// What the outcome means for an image.
fn of_image(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Publishable => "it may be published",
        Outcome::Conditional => "it may be published once the obligations below are met",
        Outcome::Undetermined => "not known whether it may be published",
        Outcome::Refused => "it may not be published",
    }
}

/// What the outcome means for a host, which is not published: what is on it may go into an image.
fn of_host(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Publishable => "all of it may go into an image that is published",
        Outcome::Conditional => {
            "it may go into an image that is published once the obligations below are met"
        }
        Outcome::Undetermined => {
            "not known whether all of it may go into an image that is published"
        }
        Outcome::Refused => "some of it may not go into an image that is published",
    }
}

/// The names of packages by their purl: a purl is long, and the table below has the rest.
struct Names<'a>(HashMap<&'a str, &'a str>);

impl<'a> Names<'a> {
    /// The names; none where every detail is wanted.
    fn new(scan: &'a Scan, options: &Options) -> Self {
        let packages = scan
            .packages
            .iter()
            .filter(|package| !package.name.is_empty());
        let names = packages.map(|package| (package.purl.as_str(), package.name.as_str()));
        Self(if options.verbose {
            HashMap::new()
        } else {
            names.collect()
        })
    }

    /// The name of the package with this purl, or the subject as it is.
    fn of(&self, subject: &'a str) -> &'a str {
        self.0.get(subject).copied().unwrap_or(subject)
    }
}

/// Reasons with the same outcome and the same sentence, but for the licence in front of it.
struct Why<'a> {
    outcome: Outcome,
    sentence: &'a str,
    licenses: Vec<&'a str>,
    subjects: Vec<&'a str>,
}

/// The reasons, folded.
fn whys<'a>(scan: &'a Scan, names: &Names<'a>) -> Vec<Why<'a>> {
    let mut whys: Vec<Why<'a>> = Vec::new();
    let mut places: BTreeMap<(Outcome, &str), usize> = BTreeMap::new();
    let mut named: BTreeSet<(usize, &str)> = BTreeSet::new();
    for reason in &scan.verdict.reasons {
        let license = reason.license.as_deref();
        let rest =
            license.and_then(|license| reason.text.strip_prefix(license)?.strip_prefix(": "));
        let (outcome, sentence) = (reason.outcome, rest.unwrap_or(&reason.text));
        let place = *places.entry((outcome, sentence)).or_insert(whys.len());
        if place == whys.len() {
            let (licenses, subjects) = (Vec::new(), Vec::new());
            whys.push(Why {
                outcome,
                sentence,
                licenses,
                subjects,
            });
        }
        let why = &mut whys[place];
        why.licenses
            .extend(license.filter(|license| named.insert((place, license))));
        why.subjects.push(names.of(&reason.subject));
    }
    whys
}

fn reasons<'a>(scan: &'a Scan, names: &Names<'a>, options: &Options) -> String {
    let whys = whys(scan, names);
    if whys.is_empty() {
        return String::new();
    }
    let (reasons, subjects) = most(options, REASONS);
    let mut text = heading("Why", options.color);
    for why in whys.iter().take(reasons) {
        let first = format!("  {:13} ", why.outcome.as_str());
        text += &filled(&first, why.sentence, options.width);
        if !why.licenses.is_empty() {
            let licenses = some(why.licenses.iter().copied(), subjects);
            text += &filled("                licence  ", &licenses, options.width);
        }
        let named = some(why.subjects.iter().copied(), subjects);
        text += &filled("                in       ", &named, options.width);
    }
    text + &left_out(whys.len(), reasons, "reason")
}

fn obligations<'a>(scan: &'a Scan, names: &Names<'a>, options: &Options) -> String {
    if scan.verdict.obligations.is_empty() {
        return String::new();
    }
    let (_, subjects) = most(options, REASONS);
    let what = match scan.image.is_host() {
        true => "What whoever publishes an image with it must do",
        false => "What whoever publishes it must do",
    };
    let mut text = heading(what, options.color);
    for obligation in &scan.verdict.obligations {
        let says = format!("{}: {}", obligation.id, obligation.text);
        text += &filled("  - ", &says, options.width);
        let named: Vec<&str> = obligation
            .subjects
            .iter()
            .map(|name| names.of(name))
            .collect();
        let named = some(named.into_iter(), subjects);
        text += &filled("    for  ", &named, options.width);
    }
    text
}

fn unknowns(report: &Envelope<Scan>, options: &Options) -> String {
    if report.unknowns.is_empty() {
        return String::new();
    }
    let (shown, _) = most(options, UNKNOWNS);
    let mut text = heading("What could not be found out", options.color);
    for unknown in report.unknowns.iter().take(shown) {
        text += &filled(
            "  - ",
            &format!("{}: {}", unknown.what, unknown.why),
            options.width,
        );
    }
    text + &left_out(report.unknowns.len(), shown, "unknown")
}

/// How many rows and how many subjects are shown.
fn most(options: &Options, rows: usize) -> (usize, usize) {
    if options.verbose {
        (usize::MAX, usize::MAX)
    } else {
        (rows, SUBJECTS)
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_model::Unknown;
    use hpcctl_model::scan::{Obligation, Reason};

    use super::*;
    use crate::sbom::tests::{package, report};

    fn text(scan: &Envelope<Scan>, verbose: bool) -> String {
        let mut text = Vec::new();
        let options = Options {
            verbose,
            width: 100,
            color: false,
        };
        write(&Report::Scan(scan), None, &options, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_host_is_not_published() {
        let mut scan = report(vec![package("a", None, Some("MIT"))]);
        scan.result.image.reference = "dir:/".into();
        scan.result.verdict.obligations = vec![Obligation {
            id: "source-offer".into(),
            text: "Offer the source.".into(),
            subjects: Vec::new(),
        }];
        for outcome in [
            Outcome::Publishable,
            Outcome::Conditional,
            Outcome::Undetermined,
            Outcome::Refused,
        ] {
            scan.result.verdict.outcome = outcome;
            let text = text(&scan, false);
            assert!(
                text.contains("go into an image that is published"),
                "{text}"
            );
            assert!(text.contains("\nhost     dir:/\n"), "{text}");
            assert!(text.contains("What whoever publishes an image with it must do"));
        }
    }

    #[test]
    fn the_verdict_leads_and_reasons_are_folded() {
        let mut scan = report(vec![
            package("a", None, Some("MIT")),
            package("b\u{7}", None, None),
        ]);
        scan.result.verdict.outcome = Outcome::Conditional;
        scan.result.complete = false;
        scan.unknowns = vec![Unknown::new("/x", "EIO")];
        let reason = |subject: usize| Reason {
            outcome: Outcome::Conditional,
            subject: format!("pkg:deb/{subject}"),
            license: Some("GPL-2.0-only".into()),
            text: "GPL-2.0-only: source goes along".into(),
        };
        scan.result.verdict.reasons = (0..9).map(reason).collect();
        scan.result.verdict.obligations = vec![Obligation {
            id: "source-offer".into(),
            text: "Offer the source.".into(),
            subjects: vec!["pkg:deb/debian/a@1.0-1?arch=amd64".into()],
        }];
        let text = text(&scan, false);
        let expected = "\
verdict  conditional: it may be published once the obligations below are met; the scan is NOT COMPLETE
image    docker-archive:a.tar
digest   sha256:bb
layers   1 (docker-archive), 2.0 KiB

Why
  conditional   source goes along
                licence  GPL-2.0-only
                in       pkg:deb/0, pkg:deb/1, pkg:deb/2, pkg:deb/3 and 5 more

What whoever publishes it must do
  - source-offer: Offer the source.
    for  a

What could not be found out
  - /x: EIO

2 packages: 2 deb
NAME    VERSION  TYPE  LICENSE
a       1.0-1    deb   MIT
b\\u{7}  1.0-1    deb   unknown
";
        assert_eq!(text, expected);
    }
}
