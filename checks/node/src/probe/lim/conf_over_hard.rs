//! `lim.conf_over_hard`: does podman ask for limits above the caller's hard ones?
//!
//! The rules were measured with podman 4.3.1, as root and rootless, with crun and runc.

use super::Probe;
use crate::containers_conf::{self, Settings};
use crate::ulimits::{self, Hard, MAXIMUM};
use crate::{Finding, Manual, Reading, Site, limit};

/// The row.
pub static PROBE: Probe = Probe {
    id: "lim.conf_over_hard",
    manual: Manual {
        title: "Podman's limits against the caller's",
        what: "Whether the limits that podman sets for a container are within the caller's hard limits.",
        why: "Only CAP_SYS_RESOURCE may raise a hard limit. Where default_ulimits asks for more, or where root without that capability, as inside an outer container, asks for podman's built-in 1048576 files, no container starts: \"setrlimit: Operation not permitted\".",
        how: "default_ulimits in containers.conf as podman merges it, podman's built-in values, the hard limits, kernel.pid_max, and CAP_SYS_RESOURCE in CapEff.",
        user: "Give the hard limits, and for nproc no more than kernel.pid_max: podman run --ulimit nofile=N:N --ulimit nproc=M:M …",
        admin: "Set default_ulimits in /etc/containers/containers.conf within the hard limits of users.",
        refs: &["containers.conf(5)", "getrlimit(2)", "podman-run(1)"],
    },
    read: ulimits::read,
    judge,
};

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let settings = containers_conf::merge(reading);
    if let Some(path) = &settings.broken {
        return Finding::unknown(format!("{path} cannot be parsed; podman refuses it, too"));
    }
    if limit::may_raise(site) {
        return Finding::pass("CAP_SYS_RESOURCE lets podman set any limit");
    }
    let Some(hard) = Hard::of(reading) else {
        return Finding::unknown("the caller's limits cannot be read");
    };
    let asked = asked(&settings, hard, site.is_root());
    let over = hard.exceeded_by(&asked);
    let by = match &settings.ulimits {
        Some((_, file)) => file.as_str(),
        None => "podman by default",
    };
    let Some(over) = over else {
        return Finding::pass("the limits that podman sets are within the caller's");
    };
    Finding::fail(format!("{by} asks for {over}: no container starts")).step(hard.write(site))
}

/// What podman asks for, by name.
///
/// A list replaces the built-in one. No list at all leaves every limit as it is; in any
/// other, what is missing is filled in: for root by a constant, for others by their own.
fn asked(settings: &Settings, hard: Hard, root: bool) -> Vec<(String, u64)> {
    let mut asked: Vec<(String, u64)> = match &settings.ulimits {
        Some((list, _)) => ulimits::entries(list),
        None => hard
            .default_nproc
            .map(|value| ("nproc".into(), value))
            .into_iter()
            .collect(),
    };
    let empty = match &settings.ulimits {
        Some((list, _)) => list.is_empty(),
        None => asked.is_empty(),
    };
    if empty || !root {
        return asked;
    }
    for name in ["nofile", "nproc"] {
        if !asked.iter().any(|(known, _)| known == name) {
            asked.push((name.into(), MAXIMUM));
        }
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    const CONF: &str = "/etc/containers/containers.conf";

    fn find(root: bool, list: Option<&str>, nofile: &str, nproc: &str) -> Finding {
        let mut host = Scripted::new();
        if root {
            host = host.by_root();
        }
        if let Some(list) = list {
            host = host.file(CONF, &format!("[containers]\ndefault_ulimits = {list}\n"));
        }
        host.env.insert("HOME".into(), "/home/alice".into());
        let site = Site::new(&host);
        let mut reading = containers_conf::read(&site)
            .fact("getrlimit(RLIMIT_NOFILE)", format!("{nofile}:{nofile}"))
            .fact("getrlimit(RLIMIT_NPROC)", format!("{nproc}:{nproc}"));
        reading
            .files
            .push((ulimits::PID_MAX.into(), Ok("32768\n".into())));
        judge(&reading, &site)
    }

    fn status(root: bool, list: Option<&str>, nofile: &str, nproc: &str) -> &'static str {
        find(root, list, nofile, nproc).status.as_str()
    }

    /// Each row was seen with podman 4.3.1.
    #[test]
    fn the_measured_cases_come_out_right() {
        let (both, low) = (
            r#"["nofile=20000:20000","nproc=32768:32768"]"#,
            r#"["nofile=1024:1024"]"#,
        );
        assert_eq!(status(true, None, "20000", "96365"), "fail");
        assert_eq!(status(true, None, "20000", "5000"), "pass");
        assert_eq!(status(true, Some(both), "20000", "96365"), "pass");
        assert_eq!(status(true, Some(low), "20000", "96365"), "fail");
        assert_eq!(status(true, Some("[]"), "20000", "96365"), "pass");
        assert_eq!(
            status(true, Some(r#"["core=0:0"]"#), "20000", "96365"),
            "fail"
        );
        assert_eq!(status(false, None, "20000", "96365"), "pass");
        assert_eq!(status(false, None, "20000", "5000"), "pass");
        assert_eq!(status(false, Some(low), "20000", "96365"), "pass");
        let high = r#"["nofile=70000:70000"]"#;
        assert_eq!(status(false, Some(high), "20000", "96365"), "fail");
        let processes = r#"["nproc=96365:96365"]"#;
        assert_eq!(status(false, Some(processes), "20000", "96365"), "fail");
    }

    #[test]
    fn the_step_is_written_with_the_limits_that_hold() {
        let found = find(true, None, "20000", "96365");
        assert_eq!(
            found.summary,
            "podman by default asks for nofile 1048576 above the hard limit 20000: no container starts"
        );
        assert_eq!(
            found.steps[0].command.as_deref(),
            Some(
                r#"mkdir -p /etc/containers/containers.conf.d && printf '[containers]\ndefault_ulimits=["nofile=20000:20000","nproc=32768:32768"]\n' > /etc/containers/containers.conf.d/90-hpcctl.conf"#
            )
        );
        let found = find(false, Some(r#"["nofile=70000"]"#), "20000", "96365");
        assert!(found.summary.starts_with(CONF), "{}", found.summary);
        let command = found.steps[0].command.as_ref().unwrap();
        assert!(
            command.contains("/home/alice/.config/containers/containers.conf.d"),
            "{command}"
        );
    }
}
