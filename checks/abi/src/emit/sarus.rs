//! The configuration of Sarus's hook for MPI, `mpi_hook.json`: Sarus administrator guide, "Native
//! MPI hook", and the OCI hooks configuration 1.0.0, oci-hooks(5). It binds over libraries of the
//! same name itself, and all else as it is.
//!
//! GPUs have hooks of their own: that of NVIDIA's toolkit brings the device files and the libraries of
//! the driver, Sarus's for AMD the device files; "NVIDIA Container Runtime hook" and "AMD GPU hook" of the
//! same guide. Sarus reads one hook from a file: of several a script makes a file each.

use hpcctl_model::abi::Bind;
use serde_json::{Value, json};

use super::Emit;
use crate::gpu;
use crate::unread::stem;
use crate::wanted::Wanted;

/// The row.
pub(super) static EMIT: Emit = Emit {
    name: "sarus",
    programs: &["sarus"],
    starts: false,
    separators: &[':'],
    write,
};

fn write(wanted: &Wanted<'_>) -> Result<String, String> {
    let mut hooks = Vec::new();
    hooks.extend(of_mpi(wanted)?.map(|hook| ("mpi_hook.json", hook)));
    for gpu in &wanted.gpus {
        hooks.push(of_gpu(&gpu.vendor, wanted)?);
    }
    let mut files = Vec::new();
    for (name, hook) in &hooks {
        let text = serde_json::to_string_pretty(hook).map_err(|error| error.to_string())?;
        files.push((*name, text + "\n"));
    }
    match &files[..] {
        [] => Err("Sarus needs no hook for it".to_owned()),
        [(_, text)] => Ok(text.clone()),
        _ => Ok(script(&files)),
    }
}

/// Writes hooks into the directory that is given to the script.
fn script(files: &[(&str, String)]) -> String {
    let mut text = "# Each hook of Sarus is a file: give this script to sh, with the hooksDir of sarus.json.\n\
                    set -eu\n\
                    dir=${1:?the directory of the hooks of Sarus}\n"
        .to_owned();
    for (name, hook) in files {
        text += &format!("cat >\"$dir\"/{name} <<'END'\n{hook}END\n");
    }
    text
}

/// The hook for MPI; none where nothing is left for it to bind.
fn of_mpi(wanted: &Wanted<'_>) -> Result<Option<Value>, String> {
    let is_brought = |bind: &Bind| {
        let of_gpu = wanted.bindings.iter();
        let mut of_gpu = of_gpu.filter(|row| gpu::maker(&row.soname) == Some(gpu::NVIDIA));
        of_gpu.any(|row| row.binds.contains(bind))
    };
    let is_directory = |bind: &Bind| !bind.image.contains(".so");
    let (mut libraries, mut dependencies, mut mounts) = (Vec::new(), Vec::new(), Vec::new());
    for bind in wanted.binds.iter().filter(|bind| !is_brought(bind)) {
        let name = bind.host.rsplit('/').next().unwrap_or_default();
        if is_directory(bind) {
            mounts.push(bind.host.as_str());
        } else if name.starts_with("libmpi") {
            replaceable(bind)?;
            libraries.push(bind.host.as_str());
        } else {
            dependencies.push(bind.host.as_str());
        }
    }
    if [&libraries, &dependencies, &mounts]
        .iter()
        .all(|list| list.is_empty())
    {
        return Ok(None);
    }
    mounts.extend(wanted.devices.iter().map(String::as_str));
    let env = [
        ("LDCONFIG_PATH", "/sbin/ldconfig".to_owned()),
        ("MPI_LIBS", libraries.join(":")),
        ("MPI_DEPENDENCY_LIBS", dependencies.join(":")),
        ("BIND_MOUNTS", mounts.join(":")),
        ("MPI_COMPATIBILITY_TYPE", "major".to_owned()),
    ];
    let env: Vec<String> = env
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    Ok(Some(json!({
        "version": "1.0.0",
        "hook": {"path": "/opt/sarus/bin/mpi_hook", "env": env},
        "when": {"annotations": {"^com.hooks.mpi.enabled$": "^true$"}},
        "stages": ["createContainer"],
    })))
}

/// The hook for the GPUs of a maker, with the name of its file.
fn of_gpu(maker: &str, wanted: &Wanted<'_>) -> Result<(&'static str, Value), String> {
    const NVIDIA: &str = "/usr/bin/nvidia-container-runtime-hook";
    if let Some(name) = wanted.refused(maker) {
        let mut rows = wanted.bindings.iter();
        // It works with the image's package for older drivers.
        let why = match rows.any(|row| row.soname == name && row.binds.is_empty()) {
            true => "of which the image's own is to be used",
            false => "of which none of the host was accepted",
        };
        return Err(format!(
            "the hook of {maker} brings every library of the driver, {name} among them, {why}"
        ));
    }
    let (file, hook, stage) = match maker {
        gpu::NVIDIA => (
            "nvidia_hook.json",
            json!({
                "path": NVIDIA,
                "args": [NVIDIA, "prestart"],
                "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            }),
            "prestart",
        ),
        gpu::AMD => (
            "amdgpu_hook.json",
            json!({"path": "/opt/sarus/bin/amdgpu_hook"}),
            "createContainer",
        ),
        _ => return Err(format!("Sarus has no hook for GPUs of {maker}")),
    };
    let hook = json!({
        "version": "1.0.0",
        "hook": hook,
        "when": {"always": true},
        "stages": [stage],
    });
    Ok((file, hook))
}

/// The hook looks for a library of the image with the name of the host's, without its numbers.
fn replaceable(bind: &Bind) -> Result<(), String> {
    let (own, theirs) = (stem(&bind.host), stem(&bind.image));
    match own == theirs {
        true => Ok(()),
        false => Err(format!(
            "Sarus replaces libraries of the same name only: the image has {theirs}, the host {own}; --host-lib with a copy of {} that is called {theirs}.so.12 gives it one",
            bind.host
        )),
    }
}
