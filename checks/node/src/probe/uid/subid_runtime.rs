//! `uid.subid.runtime`: which ids does podman itself map?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::{Finding, Manual, Reading, Site, subid};

/// The row.
pub static PROBE: Probe = Probe {
    id: "uid.subid.runtime",
    manual: Manual {
        title: "The runtime's own map of ids",
        what: "How many ids rootless podman maps, by its own word.",
        why: "What the files grant and what a runtime maps may differ: built without libsubid, or with a pause process that is older than the grant, it maps one id.",
        how: "podman unshare cat /proc/self/uid_map. Podman makes directories and a pause process by it: only with --ask-runtimes.",
        user: "Where the range was granted later than podman was first used, let it start over: podman system migrate",
        admin: "Grant a range (uid.subid.file); where one is granted by a directory, install a podman that is linked with libsubid.",
        refs: &["podman-unshare(1)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    match site
        .host
        .which("podman")
        .filter(|_| site.ask_runtimes && !site.is_root())
    {
        Some(podman) => {
            subid::read(site).run(site, &[&podman, "unshare", "cat", "/proc/self/uid_map"])
        }
        None => Reading::new(),
    }
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if !site.ask_runtimes {
        return Finding::skipped(
            "asked only with --ask-runtimes: podman leaves directories and a process behind",
        );
    }
    let Some(ran) = reading
        .ran
        .iter()
        .find(|ran| ran.argv.iter().any(|word| word == "unshare"))
    else {
        return Finding::skipped("podman is not installed, or root asks");
    };
    if !ran.ok() {
        return Finding::fail(format!("podman maps no ids: {}", ran.first_line()));
    }
    let counts = ran
        .stdout
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2)?.parse::<u64>().ok());
    match counts.sum::<u64>() {
        0 => Finding::unknown("podman printed no map"),
        1 if subid::granted(reading, &site.caller).uids.is_empty() => {
            Finding::warn("podman maps one id alone: no further ids are granted").holding(false)
        }
        1 => Finding::warn("podman maps one id alone")
            .holding(false)
            .step(user(
                Cost::User,
                "let podman start over, which ends running containers",
                "podman system migrate",
            )),
        count => Finding::pass(format!("podman maps {count} ids")),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::command::End;

    use super::*;
    use crate::scripted::{Scripted, ran};

    #[test]
    fn the_map_is_counted() {
        let find = |status: i32, stdout: &str| {
            let mut run = ran(&["podman", "unshare"], End::Exit(status), "");
            run.stdout = stdout.into();
            let reading = Reading {
                ran: vec![run],
                ..Reading::new()
            };
            let host = Scripted::new();
            let mut site = Site::new(&host);
            assert_eq!(judge(&reading, &site).status.as_str(), "skipped");
            site.ask_runtimes = true;
            judge(&reading, &site).status.as_str()
        };
        assert_eq!(find(0, "0 1000 1\n1 100000 65536\n"), "pass");
        assert_eq!(find(0, "0 1000 1\n"), "warn");
        assert_eq!(find(125, ""), "fail");
        assert_eq!(find(0, ""), "unknown");
    }
}
