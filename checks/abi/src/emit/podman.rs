//! `podman run`, podman-run(1).

use hpcctl_host::shell::word;

use super::{Emit, Wanted, command, words};

/// The row.
pub(super) static EMIT: Emit = Emit {
    name: "podman",
    starts: true,
    write,
};

fn write(wanted: &Wanted<'_>) -> Result<String, String> {
    let mut options: Vec<String> = wanted
        .binds
        .iter()
        .map(|bind| format!("-v {}", word(&format!("{}:{}:ro", bind.host, bind.image))))
        .collect();
    // Podman hands on nothing by itself; a star stands for all that begin so.
    let patterns = wanted
        .crossing
        .iter()
        .map(|pattern| format!("-e {}", word(pattern)));
    options.extend(patterns);
    let pairs = wanted
        .environment
        .iter()
        .map(|pair| format!("-e {}", word(pair)));
    options.extend(pairs);
    options.extend(
        wanted
            .once
            .as_ref()
            .map(|name| format!("--name {}", word(name))),
    );
    // What starts in the image itself, such as a script, stays out of the way.
    options.push("--entrypoint '[]'".into());
    let last = format!("{} {}", image(wanted.image)?, words(&wanted.words));
    // Ranks of one node share memory and reach each other's.
    let keep_id = if wanted.as_root {
        ""
    } else {
        " --userns=keep-id"
    };
    let first = format!("podman run --rm --net=host --ipc=host --pid=host{keep_id}");
    Ok(format!("{NOTE}{}", command(&first, options, &last)))
}

/// What mpiexec is told beside: podman(1) closes descriptors, and PMI-1 is told of one by default.
const NOTE: &str =
    "# where MPICH's mpiexec starts it: mpiexec -pmi-port, so that ranks are told a port\n";

/// The image as podman takes it: containers-transports(5), and directories by `--rootfs`.
fn image(reference: &str) -> Result<String, String> {
    let (kind, rest) = reference.split_once(':').unwrap_or(("", reference));
    match kind {
        // It makes mount points above it, so that a user needs a directory of their own.
        "dir" | "apptainer-sandbox" => Ok(format!("--rootfs {}", word(&format!("{rest}:O")))),
        "containers-storage" => Ok(word(rest).into_owned()),
        "docker" | "docker-archive" | "oci-archive" | "oci" => Ok(word(reference).into_owned()),
        _ => Err(format!(
            "podman takes no image such as {reference}: a directory with it, by dir:DIR, or what `podman load` or `podman import` made of it, by containers-storage:NAME"
        )),
    }
}
