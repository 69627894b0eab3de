//! `apptainer exec`, or `singularity exec` of SingularityCE, which takes the same words: Apptainer user
//! guide, "Bind Paths and Mounts", "Environment and Metadata" and "GPU Support". It has the whole of /dev
//! unless a site's `mount dev` says otherwise; a device file that is bound cannot be opened, for it binds
//! with nodev (tried with 1.4). `--nv` makes sure of the device files of NVIDIA, and puts what else the
//! driver has behind `LD_LIBRARY_PATH`, so that what is bound here comes first. `--rocm` would put there
//! what images have themselves, whatever was found of it.

use hpcctl_host::shell::word;

use super::{Emit, command};
use crate::gpu;
use crate::wanted::Wanted;

/// The row.
pub(super) static EMIT: Emit = Emit {
    name: "apptainer",
    programs: &["apptainer", "singularity"],
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
    options.extend(has_nv(wanted).then(|| "--nv".to_owned()));
    let last = format!("{} {}", word(image(&wanted.image)?), wanted.started());
    // It hands on all of the environment, so that what must not cross is taken away before.
    let without: String = wanted
        .staying
        .iter()
        .map(|name| format!("-u {} ", word(name)))
        .collect();
    let program = wanted.call.name.unwrap_or(EMIT.programs[0]);
    let first = match without.is_empty() {
        true => format!("exec {program} exec"),
        false => format!("exec env {without}{program} exec"),
    };
    Ok(command(&first, options, &last))
}

/// Whether all that the driver of NVIDIA has is to be brought, of which nothing was refused.
fn has_nv(wanted: &Wanted<'_>) -> bool {
    let mut gpus = wanted.gpus.iter();
    gpus.any(|gpu| gpu.vendor == gpu::NVIDIA) && wanted.refused(gpu::NVIDIA).is_none()
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
