//! `table` of `doctor`: what each runtime can do, why not and what helps, then the checks.

use std::fmt::Write as _;
use std::io::Write;

use hpcctl_model::doctor::{Doctor, Operation, Runtime, Step, Verdict};
use hpcctl_model::{Envelope, commands};

use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{Style, columns, filled, lines, styled, visible};
use crate::writer::Writer;

mod checks;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "table",
    versions: &[],
    kinds: &[Kind::Doctor],
    write,
};

/// How many ways out are shown where not every detail is wanted.
const FIXES: usize = 1;

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let report = report.doctor()?;
    let mut text = matrix(report, options);
    if report.result.checks.is_empty() {
        text += "no check changed\n";
        return Ok(out.write_all(text.as_bytes())?);
    }
    for runtime in explained(&report.result, options) {
        text += &troubles(runtime, &report.result, options);
    }
    text += &checks::checks(&report.result.checks, options);
    Ok(out.write_all(text.as_bytes())?)
}

fn style_of(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Yes => Style::Good,
        Verdict::Degraded | Verdict::Unknown => Style::Doubtful,
        Verdict::No => Style::Bad,
    }
}

/// How many runtimes are shown though they are not installed: as many as one asks for by name.
const NAMED: usize = 3;

/// One row an operation, one column a runtime; those that are not installed in a line below.
fn matrix(report: &Envelope<Doctor>, options: &Options) -> String {
    let host = &report.host;
    let title = format!(
        "What can run on {} (Linux {}, {})",
        host.name, host.kernel, host.arch
    );
    let mut text = format!("{}\n", styled(&visible(&title), Style::Bold, options.color));
    let all = &report.result.runtimes;
    let (shown, absent): (Vec<&Runtime>, Vec<&Runtime>) = all
        .iter()
        .partition(|runtime| runtime.installed || all.len() <= NAMED);
    if shown.is_empty() {
        return text;
    }
    let mut table = columns::<0>(options.width, None);
    let names = shown.iter().map(|runtime| heading(runtime));
    table.set_header(std::iter::once("OPERATION".to_owned()).chain(names));
    let mut untried = false;
    for op in operations(&shown) {
        let cells = shown.iter().map(|runtime| {
            let found = runtime.operations.iter().find(|found| found.op == op);
            untried |= found.is_some_and(|operation| !operation.tried);
            found.map_or("-".to_owned(), cell)
        });
        let cells: Vec<String> = cells.collect();
        table.add_row(std::iter::once(op.to_owned()).chain(cells));
    }
    text += &lines(&mut table, 0);
    if untried {
        text += &filled(
            "* ",
            "from a rule that was not tried against this runtime yet",
            options.width,
        );
    }
    if !absent.is_empty() {
        let names: Vec<&str> = absent
            .iter()
            .map(|runtime| runtime.runtime.as_str())
            .collect();
        text += &filled(
            "not installed: ",
            &visible(&names.join(", ")),
            options.width,
        );
    }
    text
}

/// Every operation of these runtimes; each runtime lists its own in report order.
fn operations<'a>(runtimes: &[&'a Runtime]) -> Vec<&'a str> {
    let mut ops: Vec<&str> = Vec::new();
    for runtime in runtimes {
        let mut place = 0;
        for operation in &runtime.operations {
            match ops.iter().position(|op| *op == operation.op) {
                Some(known) => place = known + 1,
                None => {
                    ops.insert(place, &operation.op);
                    place += 1;
                }
            }
        }
    }
    ops
}

fn heading(runtime: &Runtime) -> String {
    format!("{}\n{}", visible(&runtime.runtime), version(runtime))
}

fn cell(operation: &Operation) -> String {
    let star = if operation.tried { "" } else { "*" };
    format!("{}{star}", operation.verdict.as_str())
}

fn version(runtime: &Runtime) -> String {
    match (&runtime.version, runtime.installed) {
        (_, false) => "not installed".into(),
        (Some(version), true) => visible(version).into_owned(),
        (None, true) => "version unknown".into(),
    }
}

/// The runtimes whose troubles are told: those that are installed, or all where every detail
/// is wanted or none is there.
fn explained<'a>(doctor: &'a Doctor, options: &Options) -> Vec<&'a Runtime> {
    let all = options.verbose || !doctor.runtimes.iter().any(|runtime| runtime.installed);
    doctor
        .runtimes
        .iter()
        .filter(|runtime| all || runtime.installed)
        .collect()
}

/// Why operations of a runtime do not work, or not fully, and what would help; those with the
/// same answer are told together.
fn troubles(runtime: &Runtime, doctor: &Doctor, options: &Options) -> String {
    let mut groups: Vec<(&Operation, Vec<&str>)> = Vec::new();
    for operation in runtime
        .operations
        .iter()
        .filter(|found| found.verdict != Verdict::Yes)
    {
        let same = groups.iter_mut().find(|(first, _)| {
            (first.verdict, &first.because, &first.fix)
                == (operation.verdict, &operation.because, &operation.fix)
        });
        match same {
            Some((_, ops)) => ops.push(&operation.op),
            None => groups.push((operation, vec![&operation.op])),
        }
    }
    groups
        .iter()
        .fold(String::new(), |mut text, (operation, ops)| {
            let says = match operation.verdict {
                Verdict::Yes => "yes",
                Verdict::Degraded => "yes, with a loss",
                Verdict::No => "no",
                Verdict::Unknown => "not known",
            };
            let says = styled(says, style_of(operation.verdict), options.color);
            let name = format!("{}: {}", visible(&runtime.runtime), ops.join(", "));
            let _ = writeln!(
                text,
                "\n{}: {says}",
                styled(&name, Style::Bold, options.color)
            );
            text + &because(operation, doctor, options) + &fixes(operation, options)
        })
}

fn because(operation: &Operation, doctor: &Doctor, options: &Options) -> String {
    operation.because.iter().fold(String::new(), |text, id| {
        let summary = doctor
            .checks
            .iter()
            .find(|check| check.id == *id)
            .map(|check| &check.summary);
        let line = summary.map_or(id.clone(), |summary| format!("{id}: {summary}"));
        text + &filled("  because  ", &line, options.width)
    })
}

fn fixes(operation: &Operation, options: &Options) -> String {
    let shown = if options.verbose { usize::MAX } else { FIXES };
    let mut text = String::new();
    for (place, steps) in operation.fix.iter().take(shown).enumerate() {
        let label = if place == 0 { "fix" } else { "or" };
        let labels = std::iter::once(label).chain(std::iter::repeat("and"));
        let steps = steps.iter().zip(commands(steps));
        for ((step, command), label) in steps.zip(labels) {
            text += &self::step(label, step, command.as_deref(), options.width);
        }
    }
    match operation.fix.len().saturating_sub(shown) {
        0 => text,
        1 => text + "           1 other way (-v lists it)\n",
        more => text + &format!("           {more} other ways (-v lists them)\n"),
    }
}

/// A step in words, then its command in a line of its own, so that it can be copied whole.
fn step(label: &str, step: &Step, command: Option<&str>, width: u16) -> String {
    let mut text = filled(
        &format!("  {label:7}  "),
        &format!("({}) {}", step.who.as_str(), step.text),
        width,
    );
    if let Some(command) = command {
        let _ = writeln!(text, "             {}", visible(command));
    }
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use hpcctl_model::doctor::{Check, Cost, Evidence, Remedy, Status, Who};
    use hpcctl_model::{HostInfo, Tool};

    use super::*;

    fn check(id: &str, status: Status, summary: &str) -> Check {
        Check {
            id: id.into(),
            status,
            summary: summary.into(),
            evidence: vec![Evidence::Syscall {
                call: "unshare(CLONE_NEWUSER)".into(),
                errno: Some("ENOSPC".into()),
            }],
            remedy: Remedy::default(),
            refs: Vec::new(),
            took_us: 1,
        }
    }

    fn operation(op: &str, verdict: Verdict) -> Operation {
        let step = Step {
            who: Who::Admin,
            cost: Cost::AdminSysctl,
            text: "set user.max_user_namespaces to 28633".into(),
            command: Some("sysctl -w user.max_user_namespaces=28633".into()),
        };
        let works = verdict == Verdict::Yes;
        Operation {
            op: op.into(),
            verdict,
            tried: op == "run",
            images: None,
            because: if works {
                Vec::new()
            } else {
                vec!["ns.user".into()]
            },
            fix: if works {
                Vec::new()
            } else {
                vec![vec![step.clone()], vec![step]]
            },
        }
    }

    pub(crate) fn report() -> Envelope<Doctor> {
        let runtime = |name: &str, installed, operations| Runtime {
            runtime: name.into(),
            installed,
            path: None,
            version: installed.then(|| "4.3.1".into()),
            operations,
        };
        let podman = vec![
            operation("run", Verdict::No),
            operation("build", Verdict::No),
            operation("overlay", Verdict::Yes),
        ];
        Envelope {
            schema: "hpcctl.doctor/1".into(),
            kind: "doctor".into(),
            tool: Tool {
                name: "hpcctl".into(),
                version: "0".into(),
            },
            host: HostInfo {
                name: "n1".into(),
                kernel: "6.1".into(),
                arch: "x86_64".into(),
            },
            started_at: String::new(),
            finished_at: String::new(),
            result: Doctor {
                image: None,
                caller: None,
                checks: vec![
                    check("ns.user", Status::Fail, "refused\u{1b}[2J"),
                    check("ns.mnt", Status::Skipped, "needs ns.user"),
                    check("ns.pid", Status::Skipped, "needs ns.user"),
                    check("cpu.arch", Status::Pass, "fine"),
                ],
                runtimes: vec![
                    runtime("podman", true, podman),
                    runtime("sarus", false, vec![operation("run", Verdict::No)]),
                ],
            },
            unknowns: Vec::new(),
        }
    }

    /// What a writer makes of a report.
    pub(crate) fn written(writer: &Writer, report: &Report<'_>) -> String {
        let mut text = Vec::new();
        let options = Options {
            verbose: false,
            width: 100,
            color: false,
        };
        (writer.write)(report, None, &options, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    fn text(verbose: bool, color: bool) -> String {
        let mut text = Vec::new();
        let options = Options {
            verbose,
            width: 100,
            color,
        };
        write(&Report::Doctor(&report()), None, &options, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn the_matrix_leads_then_why_then_the_checks() {
        let expected = "\
What can run on n1 (Linux 6.1, x86_64)
OPERATION  podman  sarus
           4.3.1   not installed
run        no      no
build      no*     -
overlay    yes*    -
* from a rule that was not tried against this runtime yet

podman: run, build: no
  because  ns.user: refused\\u{1b}[2J
  fix      (admin) set user.max_user_namespaces to 28633
             sysctl -w user.max_user_namespaces=28633
           1 other way (-v lists it)

4 checks: 1 fail, 2 skipped, 1 pass
fail     ns.user: refused\\u{1b}[2J
           seen   unshare(CLONE_NEWUSER) = ENOSPC
skipped  needs ns.user: ns.mnt, ns.pid
pass     cpu.arch: fine
";
        assert_eq!(text(false, false), expected);
    }

    #[test]
    fn every_detail_is_there_on_demand() {
        let text = text(true, false);
        assert!(text.contains("sarus: run: no"));
        assert!(text.contains("  or       (admin)"));
        assert!(text.contains("skipped  ns.pid: needs ns.user\n"));
    }

    #[test]
    fn colour_changes_no_letter() {
        let coloured = text(false, true);
        assert!(coloured.contains("\u{1b}[31m"));
        let stripped = ["0", "1", "31", "32", "33"]
            .iter()
            .fold(coloured, |text, code| {
                text.replace(&format!("\u{1b}[{code}m"), "")
            });
        assert_eq!(stripped, text(false, false));
    }
}
