//! The configuration of Sarus's hook for MPI, `mpi_hook.json`: Sarus administrator guide, "Native
//! MPI hook", and the OCI hooks configuration 1.0.0, oci-hooks(5). It binds over libraries of the
//! same name itself, and all else as it is.

use hpcctl_model::abi::Bind;
use serde_json::json;

use super::{Emit, Wanted};
use crate::unread::stem;

/// The row.
pub(super) static EMIT: Emit = Emit {
    name: "sarus",
    starts: false,
    separators: &[':'],
    write,
};

fn write(wanted: &Wanted<'_>) -> Result<String, String> {
    let is_directory = |bind: &Bind| !bind.image.contains(".so");
    let (mut libraries, mut dependencies, mut mounts) = (Vec::new(), Vec::new(), Vec::new());
    for bind in &wanted.binds {
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
    let hook = json!({
        "version": "1.0.0",
        "hook": {"path": "/opt/sarus/bin/mpi_hook", "env": env},
        "when": {"annotations": {"^com.hooks.mpi.enabled$": "^true$"}},
        "stages": ["createContainer"],
    });
    let text = serde_json::to_string_pretty(&hook).map_err(|error| error.to_string())?;
    Ok(text + "\n")
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
