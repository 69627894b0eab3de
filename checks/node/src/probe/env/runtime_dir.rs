//! `env.runtime_dir`: is there a directory for the files of this session?

use hpcctl_host::Stat;
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::{admin, user};
use crate::{Finding, Manual, Reading, Site};

const NAME: &str = "XDG_RUNTIME_DIR";

/// The row.
pub static PROBE: Probe = Probe {
    id: "env.runtime_dir",
    manual: Manual {
        title: "The runtime directory",
        what: "Whether XDG_RUNTIME_DIR is set, exists, belongs to the caller and is private.",
        why: "Rootless podman keeps its state and sockets there. On compute nodes PAM often does not run: the variable is unset, and podman uses /tmp/podman-run-UID; or it is inherited from the login node, its directory is missing, and podman fails.",
        how: "XDG_RUNTIME_DIR in the environment; stat(2) of the directory.",
        user: "Where its directory is missing or not yours, let podman choose one: unset XDG_RUNTIME_DIR",
        admin: "Open a session for jobs by pam_systemd, or let the user's services outlive logins, by loginctl enable-linger with the user's name.",
        refs: &[
            "https://specifications.freedesktop.org/basedir-spec/latest/",
            "podman(1)",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let dir = site.host.env(NAME).unwrap_or_default();
    let reading = Reading::new().fact(NAME, &dir);
    match dir.as_str() {
        "" => reading,
        dir => reading.stat(site, dir),
    }
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if site.is_root() {
        return Finding::skipped("root's runtimes use /run").holding(true);
    }
    let uid = site.caller.uid;
    let unset = || {
        user(
            Cost::User,
            "let podman choose a directory",
            "unset XDG_RUNTIME_DIR",
        )
    };
    match reading.stats.first() {
        None => Finding::warn(format!(
            "XDG_RUNTIME_DIR is not set: podman falls back to /run/user/{uid} or /tmp/podman-run-{uid}"
        ))
        .step(user(
            Cost::User,
            "make a private directory and name it",
            &format!("export XDG_RUNTIME_DIR=/tmp/run-{uid} && mkdir -p -m 700 $XDG_RUNTIME_DIR"),
        ))
        .step(admin(
            Cost::AdminSysctl,
            "make the directory at boot",
            &format!("loginctl enable-linger {}", site.caller.name),
        )),
        Some((dir, Err(errno))) => Finding::fail(format!(
            "XDG_RUNTIME_DIR is {dir}, which is not there ({errno}): podman starts no container"
        ))
        .step(unset()),
        Some((dir, Ok(stat))) => judge_dir(dir, stat, uid).map_or_else(
            || Finding::pass(format!("{dir} is private to the caller")),
            |(fatal, why)| match fatal {
                true => Finding::fail(format!("XDG_RUNTIME_DIR is {dir}, which {why}: podman refuses it")).step(unset()),
                false => Finding::warn(format!("XDG_RUNTIME_DIR is {dir}, which {why}")).step(user(
                    Cost::User,
                    "make it private",
                    &format!("chmod 700 {dir}"),
                )),
            },
        ),
    }
}

/// What is wrong with the directory, and whether podman refuses it.
fn judge_dir(_: &str, stat: &Stat, uid: u32) -> Option<(bool, String)> {
    if stat.uid != uid {
        return Some((true, format!("belongs to uid {}", stat.uid)));
    }
    let mode = stat.permissions();
    (mode != 0o700).then(|| (false, format!("has mode {mode:04o} instead of 0700")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    fn find(dir: Option<(u32, u32)>, set: bool) -> String {
        let mut host = Scripted::new();
        if set {
            host.env.insert(NAME.into(), "/run/user/1000".into());
        }
        if let Some((uid, mode)) = dir {
            let mut on = stat(0o040000 | mode);
            on.uid = uid;
            host = host.stat("/run/user/1000", on);
        }
        let site = Site::new(&host);
        let found = judge(&read(&site), &site);
        format!("{}: {}", found.status.as_str(), found.summary)
    }

    /// The outcomes are those of podman 4.3.1.
    #[test]
    fn unset_missing_foreign_and_open_differ() {
        assert!(find(None, false).starts_with("warn: XDG_RUNTIME_DIR is not set"));
        assert!(find(None, true).starts_with("fail: "));
        assert!(find(Some((0, 0o700)), true).contains("belongs to uid 0: podman refuses"));
        assert!(find(Some((1000, 0o755)), true).starts_with("warn: "));
        assert!(find(Some((1000, 0o700)), true).starts_with("pass: "));
    }
}
