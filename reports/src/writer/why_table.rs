//! `table` of `doctor why`: the cause, what points to it, what to do, then what failed last.

use std::io::Write;

use hpcctl_model::why::{FailedCall, Outcome};

use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{Style, advised, filled, styled, visible};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "table",
    versions: &[],
    kinds: &[Kind::Why],
    write,
};

/// How many causes, and how many failed calls, are shown where not every detail is wanted.
const CAUSES: usize = 2;
const CALLS: usize = 5;

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let found = &report.why()?.result;
    let most = |few: usize| if options.verbose { usize::MAX } else { few };
    let command = found.command.join(" ");
    let end = match (found.status, found.signal, found.deadline) {
        (_, _, true) => "did not end in time".into(),
        (Some(0), ..) => "succeeded: nothing to explain".into(),
        (Some(status), ..) => format!("ended with status {status}"),
        (None, Some(signal), _) => format!("was ended by signal {signal}"),
        (None, None, _) => "ended in an unknown way".into(),
    };
    let title = format!("{} {end}", visible(&command));
    writeln!(out, "{}", styled(&title, Style::Bold, options.color))?;
    let line = |out: &mut dyn Write, label: &str, text: &str| {
        write!(
            out,
            "{}",
            filled(&format!("  {label:7}  "), &visible(text), options.width)
        )
    };
    if found.outcome != Outcome::Succeeded {
        line(out, "why", &found.says)?;
        if let Some(seen) = &found.seen {
            line(out, "said", seen)?;
        }
        if let Some(call) = &found.call {
            line(out, "call", &in_words(call))?;
        }
    }
    for cause in found.causes.iter().take(most(CAUSES)) {
        line(out, "cause", &format!("{}: {}", cause.check, cause.summary))?;
        if Some(&cause.seen) != found.seen.as_ref() {
            line(out, "seen", &cause.seen)?;
        }
        for (label, remedy) in [("user", &cause.remedy.user), ("admin", &cause.remedy.admin)] {
            if let Some(remedy) = remedy {
                let first = format!("  {label:7}  ");
                write!(out, "{}", advised(&first, remedy, options.width))?;
            }
        }
    }
    if found.outcome != Outcome::Succeeded {
        let shown = |failed: &&FailedCall| {
            options.verbose || (failed.matters && Some(*failed) != found.call.as_ref())
        };
        let calls: Vec<&FailedCall> = found.failed.iter().filter(shown).collect();
        let skip = calls.len().saturating_sub(most(CALLS));
        for failed in &calls[skip..] {
            line(out, "failed", &in_words(failed))?;
        }
    }
    if let Some(why) = &found.untraced {
        line(out, "note", &format!("not traced: {why}"))?;
    }
    Ok(())
}

fn in_words(failed: &FailedCall) -> String {
    format!("{}: {} = {}", failed.program, failed.call, failed.errno)
}
