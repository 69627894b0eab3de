//! `podman`: `podman run` with each of its networks, podman-run(1).
//!
//! A directory is run by `--rootfs` with an overlay on top, so that podman makes its mount points
//! there and not in the image. The OCI runtime is podman's default where that works, else the
//! first that does: an older crun refuses a node with both versions of control groups.

use std::path::{Path, PathBuf};

use rustix::process::{Resource, getrlimit};

use super::{Executor, Row, Site};
use crate::Error;
use crate::guest::{self, Guest};

/// The row.
pub static EXECUTOR: Row = Row {
    name: "podman",
    networks: &["host", "none", "bridge", "slirp4netns", "pasta"],
    tried: true,
    apart: true,
    open,
};

/// More files and processes than anything measured here has; a limit that podman itself was
/// given may lie below ours.
const ENOUGH: u64 = 4096;

/// Other OCI runtimes to try.
const RUNTIMES: [&str; 2] = ["runc", "crun"];

fn open(site: &Site<'_>) -> Result<Box<dyn Executor>, Error> {
    let program = guest::program(site, &["podman"])?;
    let (image, place) = image(site)?;
    let command = |runtime: Option<&str>| {
        let mut command = vec![program.clone()];
        command.extend(runtime.map(|name| format!("--runtime={name}")));
        command.extend(options(site, &place));
        command.extend(image.clone());
        command
    };
    let first = match Guest::open(site, command(None), &place) {
        Ok(guest) => return Ok(Box::new(guest)),
        Err(error) => error,
    };
    for name in RUNTIMES {
        if let Some(runtime) = site.host.which(name)
            && let Ok(guest) = Guest::open(site, command(Some(&runtime)), &place)
        {
            return Ok(Box::new(guest));
        }
    }
    Err(first)
}

/// The options of `podman run`.
fn options(site: &Site<'_>, place: &Path) -> Vec<String> {
    // Podman's own limits are above those of a node where nobody may raise them.
    let limit = |name: &str, resource, enough: u64| {
        let most = getrlimit(resource).maximum;
        let limit = most.map_or(enough, |most| most.min(enough));
        format!("--ulimit={name}={limit}:{limit}")
    };
    let mut options: Vec<String> = ["run", "--rm", "--interactive", "--pull=never"]
        .map(str::to_owned)
        .to_vec();
    options.push("--security-opt=label=disable".into());
    options.push(limit("nofile", Resource::Nofile, ENOUGH));
    options.push(limit("nproc", Resource::Nproc, ENOUGH));
    options.push(format!("--network={}", site.network));
    options.push("--entrypoint=[]".into());
    let binds = site.workplace.binds(place).into_iter();
    options.extend(binds.map(|bind| format!("--volume={}", bind.words())));
    options
}

/// What names the image on the command line, and where ours is inside.
fn image(site: &Site<'_>) -> Result<(Vec<String>, PathBuf), Error> {
    let kept = site
        .image
        .and_then(|it| it.strip_prefix("containers-storage:"));
    if let Some(name) = kept {
        return Ok((vec![name.to_owned()], "/mnt".into()));
    }
    let image = guest::image(site)?;
    let root = format!("{}:O", image.root.display());
    Ok((vec!["--rootfs".into(), root], image.place))
}
