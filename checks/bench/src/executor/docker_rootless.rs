//! `docker-rootless`: `docker run` with the daemon of the user, docker-run(1).
//!
//! The daemon knows images by name only: `docker:NAME`. Without one it is given an empty image.

use std::path::Path;

use super::{Executor, Row, Site};
use crate::Error;
use crate::guest::{self, Guest};
use crate::imported::Imported;

/// The row.
///
/// Its host is the network namespace of the daemon, from which slirp4netns(1) or the like leads to the node.
pub static EXECUTOR: Row = Row {
    name: "docker-rootless",
    networks: &["host", "none", "bridge"],
    tried: true,
    apart: true,
    open,
};

/// Where ours is inside.
const PLACE: &str = "/mnt";

fn open(site: &Site<'_>) -> Result<Box<dyn Executor>, Error> {
    let docker = client(site)?;
    let named = site.image.map(|it| it.strip_prefix("docker:"));
    let (name, imported) = match named {
        Some(Some(name)) => (name.to_owned(), None),
        Some(None) => {
            let message = "docker runs what its daemon keeps: --image docker:NAME, see docker images; docker import makes \
                one of an archive";
            return Err(Error::Usage(message.into()));
        }
        None => {
            let image = guest::image(site)?;
            let imported = Imported::new(site.host, &docker, site.workplace, &image.root)?;
            (imported.id.clone(), Some(imported))
        }
    };
    let place = Path::new(PLACE);
    let network = format!("--network={}", site.network);
    let binds = site.workplace.binds(place);
    let [shared, written] = binds.map(|bind| format!("--volume={}", bind.words()));
    let options = [
        "run",
        "--rm",
        "--interactive",
        "--pull=never",
        "--entrypoint=",
        &network,
        &shared,
        &written,
        &name,
    ];
    let command = [docker, options.map(str::to_owned).to_vec()].concat();
    let guest = Guest::open(site, command, place)?;
    Ok(Box::new(guest.with_image(imported)))
}

/// The client, which is told the daemon of the user: that of root is another one.
fn client(site: &Site<'_>) -> Result<Vec<String>, Error> {
    let mut docker = vec![guest::program(site, &["docker"])?];
    if site.host.env("DOCKER_HOST").is_none()
        && let Some(dir) = site.host.env("XDG_RUNTIME_DIR")
    {
        docker.push(format!("--host=unix://{dir}/docker.sock"));
    }
    Ok(docker)
}
