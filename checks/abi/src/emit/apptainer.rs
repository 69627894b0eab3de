//! `apptainer exec`: Apptainer user guide, "Bind Paths and Mounts" and "Environment and Metadata".

use hpcctl_host::shell::word;

use super::{Emit, Wanted, command};

/// The row.
pub(super) static EMIT: Emit = Emit {
    name: "apptainer",
    starts: true,
    separators: &[':', ','],
    write,
};

fn write(wanted: &Wanted<'_>) -> Result<String, String> {
    let mut options: Vec<String> = wanted
        .binds
        .iter()
        .map(|bind| {
            let text = format!("{}:{}:ro", bind.host, bind.image);
            format!("--bind {}", word(&text))
        })
        .collect();
    let pairs = wanted
        .environment
        .iter()
        .map(|pair| format!("--env {}", word(pair)));
    options.extend(pairs);
    let last = format!("{} {}", word(image(&wanted.image)?), wanted.started());
    // It hands on all of the environment, so that what must not cross is taken away before.
    let without: String = wanted
        .staying
        .iter()
        .map(|name| format!("-u {} ", word(name)))
        .collect();
    let first = match without.is_empty() {
        true => "apptainer exec".to_owned(),
        false => format!("env {without}apptainer exec"),
    };
    Ok(command(&first, options, &last))
}

/// The image as Apptainer takes it.
fn image(reference: &str) -> Result<&str, String> {
    let (kind, rest) = reference.split_once(':').unwrap_or(("", reference));
    match kind {
        "sif" | "apptainer-sandbox" | "dir" | "squashfs" | "ext" => Ok(rest),
        "docker" | "docker-archive" | "oci" | "oci-archive" => Ok(reference),
        _ => Err(format!(
            "Apptainer takes no image such as {reference}: `apptainer build` makes one of a docker-archive or a directory"
        )),
    }
}
