//! `cg.systemd.user`: does the caller's own systemd answer?

use hpcctl_host::{Errno, Op, Trial};
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::{admin, user};
use crate::{Finding, Manual, Reading, Site, attribute, cgroup};

/// The row.
pub static PROBE: Probe = Probe {
    id: "cg.systemd.user",
    manual: Manual {
        title: "systemd of the user",
        what: "Whether the bus of the caller's own systemd takes a connection.",
        why: "By it podman and Docker make a cgroup for each container (cgroup_manager = systemd), and `systemd-run --user` starts services. In a job, or after su, there is none: podman warns and manages groups itself, without limits.",
        how: "connect(2) to the socket `bus` in XDG_RUNTIME_DIR, or in /run/user/UID; nothing is said on it.",
        user: "Log in by ssh instead of su, set cgroup_manager = \"cgroupfs\" under [engine] in containers.conf, or let systemd keep your session: loginctl enable-linger",
        admin: "Install dbus-user-session, and let the user's services outlive logins, by loginctl enable-linger with the user's name.",
        refs: &["systemd(1)", "user@.service(5)", "containers.conf(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    if site.is_root() || !cgroup::has_systemd(site) {
        return Reading::new();
    }
    let dir = site
        .host
        .env("XDG_RUNTIME_DIR")
        .filter(|dir| !dir.is_empty())
        .unwrap_or_else(|| format!("/run/user/{}", site.caller.uid));
    let connect = Op::Connect(format!("{dir}/bus"));
    Reading::new().trial(site, &Trial::new().subject().op(connect))
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if site.is_root() {
        return Finding::skipped("root has the systemd of the node");
    }
    let Some(tried) = reading.tried.first() else {
        return Finding::skipped("systemd does not run this node").holding(false);
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.failed().and_then(|step| Some((step, step.errno?))) {
        None => Finding::pass("the bus of the caller's systemd takes connections"),
        Some((step, Errno::ENOENT | Errno::ECONNREFUSED | Errno::EACCES)) => Finding::warn(
            format!("no systemd of the caller's own answers ({step}): runtimes cannot ask it for cgroups"),
        )
        .holding(false)
        .step(user(
            Cost::UserConfig,
            "let podman manage cgroups itself",
            "mkdir -p ~/.config/containers/containers.conf.d && printf '[engine]\\ncgroup_manager=\"cgroupfs\"\\n' > ~/.config/containers/containers.conf.d/91-cgroups.conf",
        ))
        .step(admin(
            Cost::AdminSysctl,
            "let systemd start for the user without a login",
            &format!("loginctl enable-linger {}", site.caller.name),
        )),
        Some((step, _)) => Finding::unknown(step.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    #[test]
    fn a_socket_that_is_not_there_and_an_odd_error_differ() {
        let host = Scripted::new();
        let find = |outcome| {
            let reading = Reading {
                tried: vec![tried(&[("connect(/run/user/1000/bus)", outcome)])],
                ..Reading::new()
            };
            judge(&reading, &Site::new(&host)).status.as_str()
        };
        assert_eq!(find(Ok(0)), "pass");
        assert_eq!(find(Err(Errno::ENOENT)), "warn");
        assert_eq!(find(Err(Errno::ENAMETOOLONG)), "unknown");
        let site = Site::new(&host);
        assert_eq!(judge(&read(&site), &site).status.as_str(), "skipped");
    }
}
