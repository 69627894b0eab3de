//! `table` of `stage`: where the image lies, what that saves, and what to do next.

use std::io::Write;

use hpcctl_model::stage::{Outcome, RateLimit, Stage};

use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{Style, columns, filled, in_units, lines, styled, visible};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "table",
    versions: &[],
    kinds: &[Kind::Stage],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let stage = &report.stage()?.result;
    let title = match stage.outcome {
        Outcome::Staged => format!("staged: {}", stage.target.path),
        Outcome::Reused => format!("already staged: {}", stage.target.path),
        Outcome::Planned => format!("would be staged: {}", stage.target.path),
    };
    writeln!(
        out,
        "{}",
        styled(&visible(&title), Style::Bold, options.color)
    )?;
    for (label, text) in facts(stage) {
        let first = format!("{label:9}");
        write!(out, "{}", filled(&first, &text, options.width))?;
    }
    if is_of_registry(stage) {
        write!(out, "\n{}", plan(stage, options.width))?;
    }
    for note in &stage.notes {
        write!(out, "{}", filled("note     ", note, options.width))?;
    }
    let shown = |installed: bool| options.verbose || installed;
    let tools = stage.broadcast.iter();
    let tools: Vec<_> = tools.filter(|tool| shown(tool.installed)).collect();
    if !tools.is_empty() {
        writeln!(out, "\nTo the nodes' own disks")?;
        for tool in tools {
            // A command is never broken: it is there to be copied.
            writeln!(out, "  {}", visible(&tool.command))?;
        }
    }
    writeln!(
        out,
        "\nJob ({}, {})",
        stage.job.scheduler, stage.job.runtime
    )?;
    for line in stage.job.script.lines() {
        writeln!(out, "{}", format!("  {}", visible(line)).trim_end())?;
    }
    Ok(())
}

/// What is known of the image, a line each.
fn facts(stage: &Stage) -> Vec<(&'static str, String)> {
    let (image, target) = (&stage.image, &stage.target);
    let mut facts = vec![
        ("image", image.reference.clone()),
        ("digest", format!("{} ({})", image.digest, image.platform)),
    ];
    if let Some(bytes) = target.bytes {
        let by = match (&target.staged_by, &target.staged_at) {
            (Some(by), Some(at)) => format!(", staged by {by} at {at}"),
            _ => String::new(),
        };
        let form = target.form.as_str();
        facts.push(("form", format!("{form}, {}{by}", in_units(bytes))));
    }
    if let Some(sha256) = &target.sha256 {
        facts.push(("sha256", sha256.clone()));
    }
    if let Some(link) = &target.link {
        facts.push(("link", link.clone()));
    }
    if let Some(environment) = &target.environment {
        facts.push(("env", environment.clone()));
    }
    let limit = stage.rate_limit.as_ref().map(in_words);
    let limit =
        limit.or_else(|| is_of_registry(stage).then(|| "the registry told none".to_owned()));
    facts.extend(limit.map(|limit| ("limit", limit)));
    facts
}

/// Whether a registry is asked at all.
fn is_of_registry(stage: &Stage) -> bool {
    stage.image.reference.starts_with("docker://")
}

/// What it takes with and without.
fn plan(stage: &Stage, width: u16) -> String {
    let mut table = columns(width, Some(["", "REQUESTS", "BYTES"]));
    let plan = &stage.plan;
    table.add_row([
        format!("each of {} nodes pulls", plan.nodes),
        plan.requests_without.to_string(),
        in_units(plan.bytes_without),
    ]);
    table.add_row([
        "staged".to_owned(),
        plan.requests_with.to_string(),
        in_units(plan.bytes_with),
    ]);
    lines(&mut table, 0)
}

fn in_words(rate: &RateLimit) -> String {
    let window = rate.window_s.map(|seconds| match seconds % 3600 {
        0 if seconds > 0 => format!(" in {} h", seconds / 3600),
        _ => format!(" in {seconds} s"),
    });
    let window = window.unwrap_or_default();
    let left = rate.remaining.map(|left| format!(", {left} left"));
    let left = left.unwrap_or_default();
    let source = rate.source.as_ref().map(|of| format!(", counted for {of}"));
    let source = source.unwrap_or_default();
    format!("{} pulls{window}{left}{source}", rate.limit)
}
