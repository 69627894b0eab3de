//! `table` of `abi`: each binding with its verdict, the reasons, what to bind and what to do.

use std::collections::BTreeSet;
use std::io::Write;

use hpcctl_model::Unknown;
use hpcctl_model::abi::{Abi, AbiVerdict, Binding, Measured, Proof, Way};
use hpcctl_model::bench::Verdict;

use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{
    Style, columns, counted, filled, heading, left_out, lines, some, styled, visible,
};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "table",
    versions: &[],
    kinds: &[Kind::Abi],
    write,
};

/// The way that rests on what is bound.
const HOST_LIBRARY: &str = "host-library";

/// Programs and bind mounts that are shown without `-v`.
const SHOWN: usize = 6;

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let report = report.abi()?;
    let abi = &report.result;
    write!(
        out,
        "{}",
        filled("image    ", &abi.image.reference, options.width)
    )?;
    let unknown = || "not known".to_owned();
    let libc = abi.image.libc.clone().unwrap_or_else(unknown);
    let machine = abi.image.machine.clone().unwrap_or_else(unknown);
    write!(
        out,
        "{}",
        filled("libc     ", &format!("{libc}, {machine}"), options.width)
    )?;
    programs(abi, options, out)?;
    devices(abi, options, out)?;
    let mut table = columns(
        options.width,
        Some(["VERDICT", "NEEDED", "FAMILY", "HOST LIBRARY"]),
    );
    for binding in &abi.bindings {
        table.add_row([
            styled(
                binding.verdict.as_str(),
                style(binding.verdict),
                options.color,
            ),
            visible(&needed(abi, binding)).into_owned(),
            binding.family.clone(),
            visible(&binding.host_path).into_owned(),
        ]);
    }
    let unserved = unserved(abi);
    for name in &unserved {
        table.add_row([
            styled("none", Style::Doubtful, options.color),
            visible(name).into_owned(),
            String::new(),
            "no library of the host stands for it (--host-lib names one)".to_owned(),
        ]);
    }
    if !abi.bindings.is_empty() || !unserved.is_empty() {
        write!(out, "\n{}", lines(&mut table, 0))?;
    }
    for binding in &abi.bindings {
        one(abi, binding, options, out)?;
    }
    ways(abi, options, out)?;
    environment(abi, options, out)?;
    if let Some(proof) = &abi.proof {
        proved(proof, options, out)?;
    }
    unknowns(&report.unknowns, options, out)
}

/// The names that programs need and that no library of the host stands for.
pub(crate) fn unserved(abi: &Abi) -> BTreeSet<&str> {
    let needed = abi.programs.iter().flat_map(|program| &program.needs);
    let is_served = |name: &str| abi.bindings.iter().any(|binding| binding.soname == name);
    let needed = needed.map(String::as_str);
    needed.filter(|name| !is_served(name)).collect()
}

/// The ways to use MPI, each with what starts it.
fn ways(abi: &Abi, options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    if abi.ways.is_empty() {
        return Ok(());
    }
    let is_one = abi.ways.iter().all(|way| way.soname == abi.ways[0].soname);
    let mut told = None;
    for way in &abi.ways {
        if told != Some(&way.soname) {
            let of = way.soname.as_deref().filter(|_| !is_one);
            let title = of.map_or_else(String::new, |soname| format!(", {}", visible(soname)));
            let title = format!("Ways to use MPI{title}");
            write!(out, "{}", heading(&title, options.color))?;
            told = Some(&way.soname);
        }
        let word = styled(way.verdict.as_str(), style(way.verdict), options.color);
        writeln!(out, "  {:14} {}", way.way, word)?;
        for launcher in &way.launchers {
            let option = launcher
                .option
                .as_ref()
                .map_or_else(String::new, |option| format!(" {option}"));
            let text = format!(
                "{}{option} ({}, {})",
                launcher.path, launcher.kind, launcher.protocol
            );
            write!(out, "{}", filled("    by       ", &text, options.width))?;
        }
        because(abi, way, options, out)?;
        for one in &way.measured {
            write!(
                out,
                "{}",
                filled("    measured ", &measured(one), options.width)
            )?;
        }
    }
    Ok(())
}

/// Why a way does not work, without what was told of the host's library before.
fn because(abi: &Abi, way: &Way, options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    let of_it = abi.bindings.iter();
    let of_it = of_it.filter(|row| Some(&row.soname) == way.soname.as_ref());
    let told: BTreeSet<&str> = of_it
        .flat_map(|row| &row.because)
        .map(|reason| reason.text.as_str())
        .collect();
    let is_told = |text: &&String| way.way == HOST_LIBRARY && told.contains(text.as_str());
    let (known, new): (Vec<_>, Vec<_>) = way.because.iter().partition(is_told);
    if !known.is_empty() {
        let text = "what is told of the host's library above";
        write!(out, "{}", filled("    because  ", text, options.width))?;
    }
    for text in new {
        write!(out, "{}", filled("    because  ", text, options.width))?;
    }
    Ok(())
}

/// What was found of a way: figures that differ, and of how many others nobody can say so, with the
/// least and the most of them.
fn measured(one: &Measured) -> String {
    let of = |verdict: Verdict| one.figures.iter().filter(move |row| row.verdict == verdict);
    let mut parts = Vec::new();
    for verdict in [Verdict::Slower, Verdict::Faster] {
        let rows = of(verdict).map(|row| format!("{} {:.2}", row.metric, row.ratio.estimate));
        let rows: Vec<String> = rows.collect();
        if !rows.is_empty() {
            parts.push(format!("{}: {}", verdict.as_str(), rows.join(", ")));
        }
    }
    for verdict in [Verdict::Equivalent, Verdict::Inconclusive] {
        let mut ratios: Vec<f64> = of(verdict).map(|row| row.ratio.estimate).collect();
        ratios.sort_by(f64::total_cmp);
        if let (Some(least), Some(most)) = (ratios.first(), ratios.last()) {
            let range = match ratios.len() {
                1 => format!("{least:.2}"),
                _ => format!("{least:.2} to {most:.2}"),
            };
            parts.push(format!("{} {}: {range}", ratios.len(), verdict.as_str()));
        }
    }
    format!(
        "{}; inside ({}, {}) by outside ({}), on {}, {}, {}",
        parts.join("; "),
        one.runtime,
        one.inside,
        one.outside,
        one.node,
        one.started_at,
        one.file
    )
}

/// The variables; what for with `-v`.
fn environment(abi: &Abi, options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    if abi.environment.is_empty() {
        return Ok(());
    }
    write!(out, "{}", heading("Environment", options.color))?;
    for (crosses, title) in [(true, "  to cross "), (false, "  to stay  ")] {
        let rows = || abi.environment.iter().filter(|row| row.crosses == crosses);
        if options.verbose {
            for row in rows() {
                let text = format!("{}: {} ({})", row.pattern, row.why, row.source);
                write!(out, "{}", filled(title, &text, options.width))?;
            }
        } else {
            let names: Vec<&str> = rows().map(|row| row.pattern.as_str()).collect();
            // What is set for a binding is another value of the same name.
            let whose = if crosses { "" } else { "the host's own " };
            let text = format!("{whose}{}", names.join(" "));
            write!(out, "{}", filled(title, &text, options.width))?;
        }
    }
    Ok(())
}

/// What was loaded in a container that was really started.
fn proved(proof: &Proof, options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    let of = match proof.program.is_empty() {
        true => String::new(),
        false => format!(", {}", proof.program),
    };
    let title = format!("In {}{of}: {}", proof.runtime, proof.outcome.as_str());
    write!(out, "{}", heading(&visible(&title), options.color))?;
    for text in &proof.because {
        write!(out, "{}", filled("  because  ", text, options.width))?;
    }
    for one in &proof.loaded {
        let of = one.host_path.as_deref().unwrap_or("the image's own");
        let text = format!("  loaded   {}: {} ({of})", one.soname, one.path);
        writeln!(out, "{}", visible(&text))?;
    }
    Ok(())
}

/// What could not be found out.
fn unknowns(unknowns: &[Unknown], options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    if !unknowns.is_empty() {
        write!(out, "{}", heading("Not known", options.color))?;
        let shown = if options.verbose { usize::MAX } else { SHOWN };
        for unknown in unknowns.iter().take(shown) {
            let text = format!("{}: {}", unknown.what, unknown.why);
            write!(out, "{}", filled("  ", &text, options.width))?;
        }
        write!(
            out,
            "{}",
            left_out(unknowns.len(), shown.min(unknowns.len()), "unknown")
        )?;
    }
    Ok(())
}

fn programs(abi: &Abi, options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    let most = if options.verbose { usize::MAX } else { SHOWN };
    let of_static = abi.programs.iter().filter(|program| program.static_mpi);
    let of_static: Vec<&str> = of_static.map(|program| program.path.as_str()).collect();
    let title = match abi.programs.len() {
        0 => "none uses MPI, a fabric or a GPU by a library".to_owned(),
        count => {
            let names = abi.programs.iter().map(|program| program.path.as_str());
            let modules = abi.programs.iter().filter(|program| program.module).count();
            let kinds = [(count - modules, "program"), (modules, "module")];
            let kinds = kinds.iter().filter(|(count, _)| *count > 0);
            let kinds: Vec<String> = kinds.map(|(count, what)| counted(*count, what)).collect();
            format!("{}: {}", kinds.join(" and "), some(names, most))
        }
    };
    write!(out, "{}", filled("programs ", &title, options.width))?;
    if !abi.left_out.is_empty() {
        let text = some(abi.left_out.iter().map(String::as_str), most);
        let text = format!("{text}: --program names others");
        write!(out, "{}", filled("left out ", &text, options.width))?;
    }
    for program in abi.programs.iter().filter(|one| !one.opens.is_empty()) {
        let text = format!(
            "{} may open {} as it runs: whether the host's works is not known",
            program.path,
            program.opens.join(", ")
        );
        write!(out, "{}", filled("opens    ", &text, options.width))?;
    }
    if !of_static.is_empty() {
        let text = format!(
            "MPI is a part of {}: nothing can be bound",
            some(of_static.into_iter(), most)
        );
        write!(out, "{}", filled("static   ", &text, options.width))?;
    }
    Ok(())
}

/// What of the host's networks and GPUs a container needs beside the libraries.
fn devices(abi: &Abi, options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    let most = if options.verbose { usize::MAX } else { SHOWN };
    if !abi.devices.is_empty() {
        let text = some(abi.devices.iter().map(String::as_str), most);
        write!(out, "{}", filled("devices  ", &text, options.width))?;
    }
    for gpu in &abi.gpus {
        let devices = match gpu.devices.is_empty() {
            true => "no device file on this host".to_owned(),
            false => some(gpu.devices.iter().map(String::as_str), most),
        };
        let cdi = gpu.cdi.iter().map(|name| format!(", or CDI {name}"));
        let text = format!("{}: {devices}{}", gpu.vendor, cdi.collect::<String>());
        write!(out, "{}", filled("gpus     ", &text, options.width))?;
    }
    Ok(())
}

/// Whether of some programs something else is true, so that there is more than one row.
fn is_parted(abi: &Abi, binding: &Binding) -> bool {
    let same = |row: &&Binding| row.host_path == binding.host_path && row.soname == binding.soname;
    abi.bindings.iter().filter(same).count() > 1
}

/// The name that is needed, and by how many programs where rows would look alike.
fn needed(abi: &Abi, binding: &Binding) -> String {
    match is_parted(abi, binding) {
        true => format!(
            "{} in {}",
            binding.soname,
            counted(binding.programs.len(), "program")
        ),
        false => binding.soname.clone(),
    }
}

fn one(abi: &Abi, binding: &Binding, options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    let title = format!(
        "{} for {}: {}",
        binding.host_path,
        binding.soname,
        binding.verdict.as_str()
    );
    write!(out, "{}", heading(&visible(&title), options.color))?;
    let most = if options.verbose { usize::MAX } else { SHOWN };
    if is_parted(abi, binding) {
        let names = binding.programs.iter().map(String::as_str);
        let text = some(names, most);
        write!(out, "{}", filled("  in       ", &text, options.width))?;
    }
    for reason in &binding.because {
        write!(
            out,
            "{}",
            filled("  because  ", &reason.text, options.width)
        )?;
    }
    if !binding.because.is_empty() {
        for fix in &binding.fix {
            write!(out, "{}", filled("  fix      ", fix, options.width))?;
        }
    }
    if binding.verdict == AbiVerdict::Fails && !options.verbose {
        return Ok(());
    }
    for bind in binding.binds.iter().take(most) {
        // A path is never broken: it is there to be copied.
        writeln!(
            out,
            "  bind     {}:{}",
            visible(&bind.host),
            visible(&bind.image)
        )?;
    }
    let shown = most.min(binding.binds.len());
    write!(
        out,
        "{}",
        left_out(binding.binds.len(), shown, "bind mount")
    )?;
    for pair in &binding.environment {
        writeln!(out, "  set      {}", visible(pair))?;
    }
    Ok(())
}

fn style(verdict: AbiVerdict) -> Style {
    match verdict {
        AbiVerdict::Works => Style::Good,
        AbiVerdict::Degraded | AbiVerdict::Unknown => Style::Doubtful,
        AbiVerdict::Fails => Style::Bad,
    }
}
