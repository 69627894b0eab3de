//! `apptainer exec`, or `singularity exec` of SingularityCE, which takes the same words: Apptainer user
//! guide, "Bind Paths and Mounts", "Environment and Metadata" and "GPU Support". Most sites let it have
//! the whole of /dev; `--nv` makes sure of the device files of NVIDIA, and puts what else the driver has
//! behind `LD_LIBRARY_PATH`, so that what is bound here comes first. `--rocm` puts libraries of the host
//! there that images have themselves, whatever was found of them: the device files are bound in its place.

use hpcctl_host::shell::word;
use hpcctl_model::abi::Gpu;

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
    options.extend(wanted.gpus.iter().flat_map(|gpu| handed(gpu, wanted)));
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

/// How a GPU is handed over: by the option that brings all of its driver where none of that was refused,
/// or by its device files.
fn handed(gpu: &Gpu, wanted: &Wanted<'_>) -> Vec<String> {
    if gpu.vendor == gpu::NVIDIA && wanted.refused(gpu::NVIDIA).is_none() {
        return vec!["--nv".to_owned()];
    }
    let devices = gpu.devices.iter();
    devices.map(|one| format!("--bind {}", word(one))).collect()
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
