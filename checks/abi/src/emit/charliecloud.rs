//! `ch-run`, ch-run(1). It binds onto what the image has; what it has not is gathered in one
//! directory that is bound over an empty one.

use hpcctl_host::shell::word;

use super::{Emit, Wanted, command, parted};
use crate::closure::PLACE;

/// The row.
pub(super) static EMIT: Emit = Emit {
    name: "charliecloud",
    starts: true,
    write,
};

/// The directory that every image has for what is mounted for a while: hier(7).
pub(crate) const GATHERED: &str = "/mnt";

fn write(wanted: &Wanted<'_>) -> Result<String, String> {
    let image = image(wanted.image)?;
    let (beside, over) = parted(&wanted.binds);
    let mut text = String::new();
    let mut options: Vec<String> = over
        .iter()
        .map(|bind| format!("-b {}", word(&format!("{}:{}", bind.host, bind.image))))
        .collect();
    if !beside.is_empty() {
        text.push_str("dir=$(mktemp -d)\ntrap 'rm -rf \"$dir\"' EXIT\n");
        for (name, bind) in &beside {
            let line = format!("cp -rL {} \"$dir\"/{}\n", word(&bind.host), word(name));
            text.push_str(&line);
        }
        options.push(format!("-b \"$dir\":{GATHERED}"));
    }
    // It hands on all of the environment.
    options.extend(
        wanted
            .staying
            .iter()
            .map(|name| format!("--unset-env={}", word(name))),
    );
    let moved = |text: &String| text.replace(PLACE, GATHERED);
    let pairs = wanted.environment.iter().map(moved);
    options.extend(pairs.map(|pair| format!("--set-env={}", word(&pair))));
    let words: Vec<String> = wanted.words.iter().map(moved).collect();
    let last = format!("{} -- {}", word(image), super::words(&words));
    // Ranks of one node share a user namespace, or they cannot read each other's memory.
    let first = match wanted.once {
        Some(_) => "ch-run",
        None => "ch-run --join",
    };
    Ok(text + &command(first, options, &last))
}

/// The image as `ch-run` takes it: a directory, a squashfs file, or the name of one that
/// `ch-image` keeps.
fn image(reference: &str) -> Result<&str, String> {
    let (kind, rest) = reference.split_once(':').unwrap_or(("", reference));
    match kind {
        "dir" | "apptainer-sandbox" | "charliecloud" | "squashfs" => Ok(rest),
        _ => Err(format!(
            "Charliecloud takes no image such as {reference}: `ch-convert` makes a directory of it, to be named by dir:DIR"
        )),
    }
}
