//! What a command is for, as comments of a shell in front of it: which programs, what starts it, and what
//! it goes without.

use hpcctl_model::abi::{Abi, Program};

use crate::wanted::Wanted;

/// For which programs it is, where there are more, and what else is to be known of it.
pub(crate) fn of(abi: &Abi, wanted: &Wanted<'_>) -> String {
    let about = programs(abi, wanted);
    about + &launched(wanted) + &absent(wanted)
}

/// What starts it, where the image's own MPI is used.
fn launched(wanted: &Wanted<'_>) -> String {
    let Some(way) = wanted.way else {
        return String::new();
    };
    let launcher = way.launchers.first();
    let by = launcher.map_or_else(String::new, |one| {
        let option = one.option.iter().map(|option| format!(" {option}"));
        format!(", by {}{} sh SCRIPT", one.path, option.collect::<String>())
    });
    let mut text = format!(
        "# the image's own {} is used: one container a rank{}\n",
        shown(way.soname.as_deref().unwrap_or_default()),
        shown(&by)
    );
    for why in &way.because {
        text += &format!("# {}: {}\n", way.verdict.as_str(), shown(why));
    }
    text
}

/// What the command goes without.
fn absent(wanted: &Wanted<'_>) -> String {
    let mut text = String::new();
    for gpu in wanted.gpus.iter().filter(|gpu| gpu.devices.is_empty()) {
        text += &format!(
            "# this host has no device file of {}: made on a node with the GPU, this names them\n",
            gpu.vendor
        );
    }
    for name in &wanted.unserved {
        let mut bound = wanted.bindings.iter();
        let has_own = wanted.program.own.iter().any(|own| own == name);
        text += &match has_own || bound.any(|row| row.soname == *name) {
            true => format!("# {}: the image's own is used\n", shown(name)),
            false => format!(
                "# {}: none of the host works, and the image has none of its own\n",
                shown(name)
            ),
        };
    }
    text
}

/// For which programs it is; nothing where there is but one.
fn programs(abi: &Abi, wanted: &Wanted<'_>) -> String {
    let is_other = |one: &&Program| one.path != wanted.program.path;
    let others: Vec<&Program> = abi.programs.iter().filter(is_other).collect();
    let what = match (wanted.program.module, wanted.words.is_empty()) {
        (false, _) => "",
        (true, false) => ", which python3 loads: give it a script",
        (true, true) => ", which programs load as they run: give it one",
    };
    if others.is_empty() && what.is_empty() {
        return String::new();
    }
    // Of what the image has itself nothing is told but that it is needed.
    let by_needs = wanted.way.is_some() || wanted.bindings.is_empty();
    let is_alike = |one: &&Program| {
        let mut bindings = wanted.bindings.iter();
        let have_all = bindings.all(|binding| binding.programs.contains(&one.path));
        have_all && (!by_needs || one.needs == wanted.program.needs)
    };
    let (alike, apart): (Vec<&Program>, Vec<&Program>) = others.into_iter().partition(is_alike);
    let mut text = format!("# for {}{what}", shown(&wanted.program.path));
    if !alike.is_empty() {
        text += &format!("; the same for {}", list(&alike));
    }
    if !apart.is_empty() {
        text += &format!("\n# not for {}: --program names one", list(&apart));
    }
    text + "\n"
}

/// Paths in a comment, the first of them.
fn list(programs: &[&Program]) -> String {
    const SHOWN: usize = 4;
    let first = programs.iter().take(SHOWN);
    let first: Vec<String> = first.map(|one| shown(&one.path)).collect();
    match programs.len().saturating_sub(SHOWN) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// A path in a comment, which it must not leave.
fn shown(path: &str) -> String {
    path.chars()
        .map(|one| if one.is_control() { '?' } else { one })
        .collect()
}
