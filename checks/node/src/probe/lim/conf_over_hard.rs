//! `lim.conf_over_hard`: does podman ask for limits above the caller's hard ones?
//!
//! The rules were measured with podman 4.3.1, as root and rootless, with crun and runc.

use hpcctl_host::Resource;
use hpcctl_model::doctor::{Cost, Step};

use super::Probe;
use crate::containers_conf::{self, Settings};
use crate::finding::{admin, user};
use crate::limit::{self, parse, shown};
use crate::{Finding, Manual, Reading, Site};

/// What podman sets where the caller's own limit is no bound for it.
const MAXIMUM: u64 = 1_048_576;

const PID_MAX: &str = "/proc/sys/kernel/pid_max";

/// The row.
pub static PROBE: Probe = Probe {
    id: "lim.conf_over_hard",
    manual: Manual {
        title: "Podman's limits against the caller's",
        what: "Whether the limits that podman sets for a container are within the caller's hard limits.",
        why: "Only CAP_SYS_RESOURCE may raise a hard limit. Where default_ulimits asks for more, or where root without that capability, as inside an outer container, asks for podman's built-in 1048576 files, no container starts: \"setrlimit: Operation not permitted\".",
        how: "default_ulimits in containers.conf as podman merges it, podman's built-in values, the hard limits, kernel.pid_max, and CAP_SYS_RESOURCE in CapEff.",
        user: "podman run --ulimit nofile=N:N --ulimit nproc=M:M with the hard limits, and nproc no higher than kernel.pid_max.",
        admin: "Set default_ulimits in /etc/containers/containers.conf within the hard limits of users.",
        refs: &["containers.conf(5)", "getrlimit(2)", "podman-run(1)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let reading = limit::read(containers_conf::read(site), site, Resource::Nofile);
    limit::read(reading, site, Resource::Nproc).file(site, PID_MAX)
}

/// The hard limits that hold when podman starts a container.
#[derive(Debug, Clone, Copy)]
struct Hard {
    nofile: u64,
    nproc: u64,
    /// Podman's own default for processes; none where it cannot be set.
    default_nproc: Option<u64>,
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let settings = containers_conf::merge(reading);
    if let Some(path) = &settings.broken {
        return Finding::unknown(format!("{path} cannot be parsed; podman refuses it, too"));
    }
    if limit::may_raise(site) {
        return Finding::pass("CAP_SYS_RESOURCE lets podman set any limit");
    }
    let Some(hard) = hard(reading) else {
        return Finding::unknown("the caller's limits cannot be read");
    };
    let asked = asked(&settings, hard, site.is_root());
    let over: Vec<String> = asked
        .iter()
        .filter_map(|(name, value)| {
            let bound = if name == "nofile" {
                hard.nofile
            } else {
                hard.nproc
            };
            (*value > bound).then(|| {
                format!(
                    "{name} {} above the hard limit {}",
                    shown(*value),
                    shown(bound)
                )
            })
        })
        .collect();
    let by = match &settings.ulimits {
        Some((_, file)) => file.as_str(),
        None => "podman by default",
    };
    if over.is_empty() {
        return Finding::pass("the limits that podman sets are within the caller's");
    }
    let over = over.join(" and ");
    Finding::fail(format!("{by} asks for {over}: no container starts")).step(write(hard, site))
}

/// The limits that podman finds; it lowers its own when it starts.
fn hard(reading: &Reading) -> Option<Hard> {
    let nofile = limit::noted(reading, Resource::Nofile)?.hard;
    let nproc = limit::noted(reading, Resource::Nproc)?.hard;
    let pid_max = reading
        .text(PID_MAX)
        .and_then(|text| text.trim().parse().ok());
    let default_nproc = [pid_max.unwrap_or(MAXIMUM), MAXIMUM]
        .into_iter()
        .find(|value| *value <= nproc);
    Some(Hard {
        nofile: nofile.min(MAXIMUM),
        nproc: default_nproc.unwrap_or(nproc),
        default_nproc,
    })
}

/// What podman asks for, by name.
///
/// A list replaces the built-in one. No list at all leaves every limit as it is; in any
/// other, what is missing is filled in: for root by a constant, for others by their own.
fn asked(settings: &Settings, hard: Hard, root: bool) -> Vec<(String, u64)> {
    let mut asked: Vec<(String, u64)> = match &settings.ulimits {
        Some((list, _)) => list.iter().filter_map(|entry| entry_of(entry)).collect(),
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

/// `NAME=SOFT:HARD` or `NAME=BOTH`; only the names whose limits are known here.
fn entry_of(entry: &str) -> Option<(String, u64)> {
    let (name, values) = entry.split_once('=')?;
    let hard = values.rsplit(':').next()?;
    ["nofile", "nproc"]
        .contains(&name)
        .then_some((name.to_owned(), parse(hard)?))
}

/// Writes the list with the limits that hold.
fn write(hard: Hard, site: &Site<'_>) -> Step {
    let (files, processes) = (shown(hard.nofile), number(hard.nproc));
    let list =
        format!("default_ulimits=[\"nofile={files}:{files}\",\"nproc={processes}:{processes}\"]");
    let file = containers_conf::own_file(site);
    let text = format!("set default_ulimits in {file} within the hard limits");
    let command = match containers_conf::only(site) {
        Some(_) => list,
        None => {
            let dir = file.rsplit_once('/').map_or("", |(dir, _)| dir);
            format!("mkdir -p {dir} && printf '[containers]\\n{list}\\n' > {file}")
        }
    };
    match site.is_root() {
        true => admin(Cost::AdminSysctl, &text, &command),
        false => user(Cost::UserConfig, &text, &command),
    }
}

/// As podman reads it: unlimited is -1.
fn number(value: u64) -> String {
    match value {
        u64::MAX => "-1".into(),
        value => value.to_string(),
    }
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
        reading.files.push((PID_MAX.into(), Ok("32768\n".into())));
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
