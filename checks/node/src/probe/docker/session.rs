//! `docker.session`: can the caller start the daemon of rootless Docker?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::{Finding, Manual, Reading, Site};

const NAME: &str = "XDG_RUNTIME_DIR";

/// The row.
pub static PROBE: Probe = Probe {
    id: "docker.session",
    manual: Manual {
        title: "Session for rootless Docker",
        what: "Whether an ordinary user asks, with XDG_RUNTIME_DIR set to a directory that is the user's.",
        why: "dockerd-rootless.sh refuses root, and ends at once without that directory; podman chooses another.",
        how: "The caller, XDG_RUNTIME_DIR, and stat(2) of it.",
        user: "Start it as an ordinary user, with a directory of its own: export XDG_RUNTIME_DIR=/tmp/run-$(id -u) && mkdir -p -m 700 $XDG_RUNTIME_DIR",
        admin: "Have an ordinary user start it, not root, and let that user's services outlive logins, by loginctl enable-linger with the user's name.",
        refs: &["https://docs.docker.com/engine/security/rootless/"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    match site.host.env(NAME).filter(|dir| !dir.is_empty()) {
        Some(dir) => Reading::new().stat(site, &dir),
        None => Reading::new(),
    }
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if site.is_root() {
        return Finding::warn("dockerd-rootless.sh refuses root")
            .holding(false)
            .step(user(
                Cost::User,
                "start it as an ordinary user",
                "su - USER -c dockerd-rootless.sh",
            ));
    }
    let without = |why: String| {
        let dir = format!("/tmp/run-{}", site.caller.uid);
        Finding::warn(why).holding(false).step(user(
            Cost::User,
            "make a private directory and name it",
            &format!("export {NAME}={dir} && mkdir -p -m 700 ${NAME}"),
        ))
    };
    match reading.stats.first() {
        None => without(format!(
            "{NAME} is not set: dockerd-rootless.sh ends at once"
        )),
        Some((dir, Err(errno))) => {
            without(format!("{NAME} is {dir}, which is not there ({errno})"))
        }
        Some((dir, Ok(stat))) if stat.uid != site.caller.uid => {
            without(format!("{NAME} is {dir}, which is another's"))
        }
        Some((dir, Ok(_))) => Finding::pass(format!("{dir} is there for the daemon")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn root_and_a_missing_directory_are_told() {
        let find = |host: &Scripted| {
            let site = Site::new(host);
            judge(&read(&site), &site).summary
        };
        let mut host = Scripted::new();
        assert!(find(&host).contains("not set"));
        host.env.insert(NAME.into(), "/run/user/1000".into());
        assert!(find(&host).contains("not there"));
        host.caller.uid = 0;
        assert!(find(&host).contains("refuses root"));
    }
}
