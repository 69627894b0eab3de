//! `table` of `scan`: the verdict first, then what led to it, then the packages.

use std::collections::BTreeMap;
use std::io::Write;

use hpcctl_model::Envelope;
use hpcctl_model::scan::{Outcome, Package, Scan};

use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{Style, columns, counted, filled, lines, shortened, some, styled, visible};
use crate::writer::Writer;

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
    text += &reasons(&report.result, options);
    text += &obligations(&report.result, options);
    text += &unknowns(report, options);
    text += &packages(&report.result.packages, options);
    text += &files(&report.result, options);
    Ok(out.write_all(text.as_bytes())?)
}

fn verdict(report: &Envelope<Scan>, options: &Options) -> String {
    let Scan {
        image,
        verdict,
        complete,
        ..
    } = &report.result;
    let style = match verdict.outcome {
        Outcome::Publishable => Style::Good,
        Outcome::Conditional | Outcome::Undetermined => Style::Doubtful,
        Outcome::Refused => Style::Bad,
    };
    let says = match verdict.outcome {
        Outcome::Publishable => "it may be published",
        Outcome::Conditional => "it may be published once the obligations below are met",
        Outcome::Undetermined => "not known whether it may be published",
        Outcome::Refused => "it may not be published",
    };
    let word = styled(verdict.outcome.as_str(), style, options.color);
    let doubt = if *complete {
        ""
    } else {
        "; the scan is NOT COMPLETE"
    };
    let size: u64 = image.layers.iter().map(|layer| layer.size).sum();
    let count = image.layers.len();
    let layers = format!("{count} ({}), {}", image.format, in_units(size));
    let mut text = format!("verdict  {word}: {says}{doubt}\n");
    text += &filled("image    ", &image.reference, options.width);
    if let Some(digest) = &image.digest {
        text += &filled("digest   ", digest, options.width);
    }
    text + &filled("layers   ", &layers, options.width)
}

/// Bytes in a unit that leaves few digits.
fn in_units(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes as f64, "B");
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        (value, unit) = (value / 1024.0, next);
    }
    if unit == "B" {
        format!("{bytes} B")
    } else {
        format!("{value:.1} {unit}")
    }
}

fn heading(text: &str, options: &Options) -> String {
    format!("\n{}\n", styled(text, Style::Bold, options.color))
}

/// A reason without its subject: the outcome, the licence and the sentence.
type Why<'a> = (Outcome, Option<&'a str>, &'a str);

/// The reasons; those that differ in their subject only are one.
fn reasons(scan: &Scan, options: &Options) -> String {
    let mut groups: Vec<(Why<'_>, Vec<&str>)> = Vec::new();
    let mut places: BTreeMap<Why<'_>, usize> = BTreeMap::new();
    for reason in &scan.verdict.reasons {
        let key = (
            reason.outcome,
            reason.license.as_deref(),
            reason.text.as_str(),
        );
        let place = *places.entry(key).or_insert(groups.len());
        if place == groups.len() {
            groups.push((key, Vec::new()));
        }
        groups[place].1.push(&reason.subject);
    }
    if groups.is_empty() {
        return String::new();
    }
    let (reasons, subjects) = most(options, REASONS);
    let mut text = heading("Why", options);
    for ((outcome, license, why), named) in groups.iter().take(reasons) {
        let license = license
            .map(|license| format!("{license}: "))
            .unwrap_or_default();
        let line = format!("{license}{why} ({})", some(named.iter().copied(), subjects));
        text += &filled(&format!("  {:13} ", outcome.as_str()), &line, options.width);
    }
    text + &left_out(groups.len(), reasons, "reason")
}

fn obligations(scan: &Scan, options: &Options) -> String {
    if scan.verdict.obligations.is_empty() {
        return String::new();
    }
    let (_, subjects) = most(options, REASONS);
    let mut text = heading("What whoever publishes it must do", options);
    for obligation in &scan.verdict.obligations {
        let named = some(obligation.subjects.iter().map(String::as_str), subjects);
        let count = counted(obligation.subjects.len(), "subject");
        text += &filled(
            "  - ",
            &format!("{}: {}", obligation.id, obligation.text),
            options.width,
        );
        text += &filled("    ", &format!("{count}: {named}"), options.width);
    }
    text
}

fn unknowns(report: &Envelope<Scan>, options: &Options) -> String {
    if report.unknowns.is_empty() {
        return String::new();
    }
    let (shown, _) = most(options, UNKNOWNS);
    let mut text = heading("What could not be found out", options);
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

fn left_out(count: usize, shown: usize, noun: &str) -> String {
    match count.saturating_sub(shown) {
        0 => String::new(),
        more => format!("  and {} more (-v lists all)\n", counted(more, noun)),
    }
}

fn packages(packages: &[Package], options: &Options) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for package in packages {
        *kinds.entry(package.kind.as_str()).or_default() += 1;
    }
    let counts: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| format!("{count} {}", visible(kind)))
        .collect();
    let title = match packages.len() {
        0 => return heading("No packages", options),
        count => format!("{}: {}", counted(count, "package"), counts.join(", ")),
    };
    let mut table = columns(options.width, Some(["NAME", "VERSION", "TYPE", "LICENSE"]));
    for package in packages {
        let licenses = &package.licenses;
        let license = match (&licenses.concluded, &licenses.declared) {
            (Some(license), _) => license.clone(),
            (None, Some(declared)) => format!("({declared})"),
            (None, None) => "unknown".into(),
        };
        let room = if options.verbose { usize::MAX } else { 60 };
        table.add_row(
            [
                package.name.as_str(),
                &package.version,
                &package.kind,
                &license,
            ]
            .map(|cell| shortened(&visible(cell), room).into_owned()),
        );
    }
    heading(&title, options) + &lines(&mut table, 0)
}

fn files(scan: &Scan, options: &Options) -> String {
    let bearing: Vec<_> = scan
        .files
        .iter()
        .filter_map(|file| Some((&file.path, file.licenses.as_deref()?)))
        .collect();
    if bearing.is_empty() {
        return String::new();
    }
    let title = format!("{} with a licence", counted(bearing.len(), "file"));
    if !options.verbose {
        return heading(&format!("{title} (-v lists them)"), options);
    }
    let mut table = columns(options.width, Some(["FILE", "LICENSE"]));
    for (path, license) in bearing {
        table.add_row([visible(path), visible(license)]);
    }
    heading(&title, options) + &lines(&mut table, 0)
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
            text: "source goes along".into(),
        };
        scan.result.verdict.reasons = (0..9).map(reason).collect();
        scan.result.verdict.obligations = vec![Obligation {
            id: "source-offer".into(),
            text: "Offer the source.".into(),
            subjects: vec!["pkg:deb/0".into()],
        }];
        let text = text(&scan, false);
        let expected = "\
verdict  conditional: it may be published once the obligations below are met; the scan is NOT COMPLETE
image    docker-archive:a.tar
digest   sha256:bb
layers   1 (docker-archive), 2.0 KiB

Why
  conditional   GPL-2.0-only: source goes along (pkg:deb/0, pkg:deb/1, pkg:deb/2, pkg:deb/3 and 5
                more)

What whoever publishes it must do
  - source-offer: Offer the source.
    1 subject: pkg:deb/0

What could not be found out
  - /x: EIO

2 packages: 2 deb
NAME    VERSION  TYPE  LICENSE
a       1.0-1    deb   MIT
b\\u{7}  1.0-1    deb   unknown
";
        assert_eq!(text, expected);
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!(
            [in_units(0), in_units(1023), in_units(1536)],
            ["0 B", "1023 B", "1.5 KiB"]
        );
    }
}
