//! `docker-rootless`: `docker run` with the daemon of the user, docker-run(1).
//!
//! The daemon knows images by name only, so that there must be one: `docker:NAME`.

use std::path::Path;

use super::{Executor, Row, Site};
use crate::Error;
use crate::guest::{self, Guest};

/// The row.
pub static EXECUTOR: Row = Row {
    name: "docker-rootless",
    networks: &["host", "none", "bridge"],
    tried: false,
    open,
};

/// Where ours is inside.
const PLACE: &str = "/mnt";

fn open(site: &Site<'_>) -> Result<Box<dyn Executor>, Error> {
    let program = guest::program(site, &["docker"])?;
    let Some(name) = site.image.and_then(|it| it.strip_prefix("docker:")) else {
        let message = "docker runs what its daemon keeps: --image docker:NAME, see docker images";
        return Err(Error::Usage(message.into()));
    };
    let shared = site.workplace.shared();
    let mut command = vec![program];
    // The daemon of root is another one.
    if site.host.env("DOCKER_HOST").is_none()
        && let Some(dir) = site.host.env("XDG_RUNTIME_DIR")
    {
        command.push(format!("--host=unix://{dir}/docker.sock"));
    }
    command.extend(
        [
            "run",
            "--rm",
            "--interactive",
            "--pull=never",
            "--entrypoint=",
        ]
        .map(str::to_owned),
    );
    command.push(format!("--network={}", site.network));
    command.push(format!("--volume={}:{PLACE}", shared.display()));
    command.push(name.to_owned());
    Ok(Box::new(Guest::open(site, command, Path::new(PLACE))?))
}
