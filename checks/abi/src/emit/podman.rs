//! `podman run`, podman-run(1).

use hpcctl_host::shell::word;
use hpcctl_model::abi::Bind;

use super::{Emit, command};
use crate::gpu;
use crate::wanted::Wanted;

/// The row.
pub(super) static EMIT: Emit = Emit {
    name: "podman",
    programs: &["podman"],
    starts: true,
    separators: &[':'],
    write,
};

fn write(wanted: &Wanted<'_>) -> Result<String, String> {
    let mut options: Vec<String> = wanted
        .binds
        .iter()
        .map(|bind| format!("-v {}", word(&format!("{}:{}:ro", bind.host, bind.image))))
        .collect();
    options.extend(devices(wanted));
    options.extend(wanted.call.run.iter().cloned());
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
    let is_ucx = |bind: &Bind| bind.image.contains("/libucp.so");
    let may_have_ucx = wanted.way.is_some() || wanted.binds.iter().any(is_ucx);
    if !wanted.call.as_root && may_have_ucx {
        options.push(format!("-e {APART}"));
    }
    options.extend(
        wanted
            .once
            .as_ref()
            .map(|name| format!("--name {}", word(name))),
    );
    // What starts in the image itself, such as a script, stays out of the way.
    options.push("--entrypoint '[]'".into());
    let last = format!("{} {}", image(&wanted.image)?, wanted.started());
    // Ranks of one node share memory and reach each other's.
    let keep_id = if wanted.call.as_root {
        ""
    } else {
        " --userns=keep-id"
    };
    let (before, more) = launched(wanted);
    let own = wanted.call.program.iter();
    let own: String = own.map(|one| format!(" {one}")).collect();
    // In the place of the shell, so that it is told what the shell would be: to end, above all.
    let first =
        format!("exec podman{own} run{more} --rm --net=host --ipc=host --pid=host{keep_id}");
    Ok(format!("{before}{}", command(&first, options, &last)))
}

/// The device files, those of GPUs by a specification of CDI where there is one and nothing that it
/// brings was refused; some a user may open by a group, which crun alone keeps. Labels of SELinux keep
/// a container from all.
fn devices(wanted: &Wanted<'_>) -> Vec<String> {
    let of_gpus = wanted.gpus.iter().flat_map(|gpu| match &gpu.cdi {
        Some(name) if wanted.refused(&gpu.vendor).is_none() => std::slice::from_ref(name),
        _ => &gpu.devices,
    });
    let all = of_gpus.chain(wanted.devices);
    let mut options: Vec<String> = all
        .map(|device| format!("--device {}", word(device)))
        .collect();
    if options.is_empty() {
        return options;
    }
    options.push("--security-opt label=disable".to_owned());
    let has_groups = wanted.gpus.iter().any(|gpu| gpu.vendor != gpu::NVIDIA);
    if has_groups && !wanted.call.as_root && wanted.call.keeps_groups != Some(false) {
        options.push("--group-add keep-groups".to_owned());
    }
    options
}

/// Hydra tells a rank by an open file, of which it says the number: podman(1) keeps those from the
/// third on, and sh(1) of Debian knows no number of two digits.
const PMI: &str = "\
preserve=
if [ -n \"${PMI_FD:-}\" ]; then
  [ -n \"${BASH_VERSION:-}\" ] || exec bash \"$0\" \"$@\"
  exec 3<&\"$PMI_FD\"
  export PMI_FD=3
  preserve=--preserve-fds=1
fi
";

/// PMIx hands ranks their facts in files of a directory.
const PMIX: &str = "\
pmix=${PMIX_SERVER_TMPDIR:-}
[ -d \"$pmix\" ] || pmix=
";

/// A user's containers have a user namespace each, so that ranks may not open each other's files by
/// /proc/PID/fd, as UCX does by default: by their names they may.
const APART: &str = "UCX_POSIX_USE_PROC_LINK=n";

/// What a launcher has ready for a rank, and podman would keep from it: what is found out before, and
/// the options.
fn launched(wanted: &Wanted<'_>) -> (String, &'static str) {
    match (wanted.once.is_none(), wanted.mpi()) {
        (true, Some(family)) if family.name.starts_with("Open MPI") => {
            (PMIX.to_owned(), " ${pmix:+-v \"$pmix:$pmix\"}")
        }
        (true, Some(_)) => (
            format!("{PMI}{PMIX}"),
            " $preserve ${pmix:+-v \"$pmix:$pmix\"}",
        ),
        _ => (String::new(), ""),
    }
}

/// The image as podman takes it: containers-transports(5), and directories by `--rootfs`.
fn image(reference: &str) -> Result<String, String> {
    let (kind, rest) = reference.split_once(':').unwrap_or(("", reference));
    match kind {
        // It makes mount points above it, so that a user needs a directory of their own.
        "dir" | "apptainer-sandbox" if rest.contains(':') => Err(format!(
            "podman takes no directory such as {rest}, for the colon in its name"
        )),
        "dir" | "apptainer-sandbox" => Ok(format!("--rootfs {}", word(&format!("{rest}:O")))),
        "containers-storage" => Ok(word(rest).into_owned()),
        "docker" | "docker-archive" | "oci-archive" | "oci" => Ok(word(reference).into_owned()),
        _ => Err(format!(
            "podman takes no image such as {reference}: a directory with it, by dir:DIR, or what `podman load` or `podman import` made of it, by containers-storage:NAME"
        )),
    }
}
