//! `docker.socket`: is there a Docker API for tools that want one?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

const ROOTS: &[&str] = &["/run/podman/podman.sock", "/var/run/docker.sock"];

/// The row.
pub static PROBE: Probe = Probe {
    id: "docker.socket",
    manual: Manual {
        title: "Docker API",
        what: "Whether a socket with the Docker API is there, of podman or of Docker, and the caller may use it.",
        why: "Tools such as Compose and test frameworks talk to that socket. Whoever may write to that of a Docker daemon of root is root on the node.",
        how: "DOCKER_HOST, XDG_RUNTIME_DIR/podman/podman.sock and docker.sock, /run/podman/podman.sock and /var/run/docker.sock: access(2) of each.",
        user: "Use the socket of podman: systemctl --user enable --now podman.socket && export DOCKER_HOST=unix://$XDG_RUNTIME_DIR/podman/podman.sock",
        admin: "Do not put users into the group docker.",
        refs: &[
            "podman-system-service(1)",
            "https://docs.docker.com/engine/security/",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let mut paths: Vec<String> = Vec::new();
    let host = site.host.env("DOCKER_HOST").unwrap_or_default();
    paths.extend(host.strip_prefix("unix://").map(ToOwned::to_owned));
    if let Some(dir) = site.host.env("XDG_RUNTIME_DIR") {
        paths.push(format!("{dir}/podman/podman.sock"));
        paths.push(format!("{dir}/docker.sock"));
    }
    paths.extend(ROOTS.iter().map(ToString::to_string));
    let there = paths
        .into_iter()
        .filter(|path| site.host.stat(path).is_ok());
    there.fold(Reading::new(), |reading, path| reading.stat(site, &path))
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let stats: Vec<_> = reading
        .stats
        .iter()
        .filter_map(|(path, stat)| Some((path, stat.as_ref().ok()?)))
        .collect();
    let own = stats.iter().find(|(_, stat)| stat.uid == site.caller.uid);
    let open = stats
        .iter()
        .find(|(_, stat)| stat.uid == 0 && stat.mode & 0o002 != 0);
    match (own, open) {
        (_, Some((path, _))) if !site.is_root() => Finding::warn(format!(
            "everybody may write to {path}, and is root on this node by it"
        )),
        (Some((path, _)), _) => Finding::pass(format!("the Docker API is at {path}")),
        (None, _) => Finding::skipped("no Docker API of the caller is here").holding(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    #[test]
    fn a_socket_of_root_that_is_open_is_a_danger() {
        let find = |mode: u32, uid: u32| {
            let mut socket = stat(0o140000 | mode);
            socket.uid = uid;
            let host = Scripted::new().stat("/var/run/docker.sock", socket);
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find(0o666, 0), "warn");
        assert_eq!(find(0o660, 0), "skipped");
        assert_eq!(find(0o600, 1000), "pass");
    }
}
