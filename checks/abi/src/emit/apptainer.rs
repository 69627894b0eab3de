//! `apptainer exec`: Apptainer user guide, "Bind Paths and Mounts", "Environment and Metadata" and "GPU
//! Support". It has the whole of /dev; an option makes sure of the device files of a GPU, and puts what
//! else the driver has behind `LD_LIBRARY_PATH`, so that what is bound here comes first.

use hpcctl_host::shell::word;

use super::{Emit, Wanted, command};
use crate::gpu;

/// The row.
pub(super) static EMIT: Emit = Emit {
    name: "apptainer",
    program: "apptainer",
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
    options.extend(wanted.gpus.iter().filter_map(|gpu| option(&gpu.vendor)));
    let last = format!("{} {}", word(image(&wanted.image)?), wanted.started());
    // It hands on all of the environment, so that what must not cross is taken away before.
    let without: String = wanted
        .staying
        .iter()
        .map(|name| format!("-u {} ", word(name)))
        .collect();
    let first = match without.is_empty() {
        true => "exec apptainer exec".to_owned(),
        false => format!("exec env {without}apptainer exec"),
    };
    Ok(command(&first, options, &last))
}

/// The option for the GPUs of a maker; of others it has none.
fn option(maker: &str) -> Option<String> {
    match maker {
        gpu::NVIDIA => Some("--nv".to_owned()),
        gpu::AMD => Some("--rocm".to_owned()),
        _ => None,
    }
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
