//! `fs.type`: on which file systems lie TMPDIR and the home?

use hpcctl_host::Stat;

use super::Probe;
use crate::{Finding, Manual, Reading, Site, filesystem};

/// The row.
pub static PROBE: Probe = Probe {
    id: "fs.type",
    manual: Manual {
        title: "File systems of TMPDIR and HOME",
        what: "The type of the file systems that hold the directory for temporary files and the home.",
        why: "Runtimes keep images and containers there by default. Network file systems refuse chown to mapped ids and overlay's attributes, and thousands of small files are slow on them.",
        how: "statfs(2) of TMPDIR (or /tmp) and HOME; the type of FUSE file systems from mountinfo.",
        user: "Keep container storage on the node: graphroot in ~/.config/containers/storage.conf, APPTAINER_TMPDIR, CH_IMAGE_STORAGE; keep images on shared storage as one file (squashfs, SIF).",
        admin: "A local disk or a tmpfs for temporary files on every node, and TMPDIR set to it.",
        refs: &["statfs(2)", "containers-storage.conf(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let reading = Reading::new().stat(site, &site.temp);
    let reading = match site.host.env("HOME").filter(|home| !home.is_empty()) {
        Some(home) => reading.stat(site, &home),
        None => reading,
    };
    let named: Vec<(String, String)> = reading
        .stats
        .iter()
        .filter_map(|(path, stat)| Some((path.clone(), name(site, path, stat.as_ref().ok()?))))
        .collect();
    named.iter().fold(reading, |reading, (path, name)| {
        reading.fact(&format!("statfs({path})"), name)
    })
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let looked = reading.stats.iter().map(|(path, stat)| match stat {
        Ok(stat) => format!("{path} is on {}", name(site, path, stat)),
        Err(errno) => format!("{path} cannot be looked at ({errno})"),
    });
    let mut summary = looked.collect::<Vec<_>>().join("; ");
    if reading.stats.iter().any(|(_, stat)| stat.is_err()) {
        return Finding::unknown(summary);
    }
    let remote: Vec<&str> = reading
        .stats
        .iter()
        .filter(|(path, stat)| stat.as_ref().is_ok_and(|stat| network(site, path, stat)))
        .map(|(path, _)| path.as_str())
        .collect();
    if remote.is_empty() {
        return Finding::pass(summary);
    }
    let which = remote.join(" and ");
    summary.push_str(&format!(
        ": {which} should not hold the storage of containers, keep that on the node"
    ));
    Finding::warn(summary)
}

/// The name; of FUSE, what is behind it, such as `fuse.sshfs`.
fn name(site: &Site<'_>, path: &str, stat: &Stat) -> String {
    match filesystem::mount_of(site, path, stat) {
        Some(mount) if stat.fs_type == filesystem::FUSE => mount.fs_type.clone(),
        _ => filesystem::name(stat),
    }
}

/// Whether the files lie on other machines, as they nearly always do behind FUSE on a node.
fn network(site: &Site<'_>, path: &str, stat: &Stat) -> bool {
    filesystem::kind(stat).is_some_and(|kind| kind.network)
        || name(site, path, stat).starts_with("fuse.")
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::Status;

    use super::*;
    use crate::scripted::{Scripted, stat};

    fn find(home: u64) -> Finding {
        let mut on = stat(0o040755);
        on.fs_type = home;
        on.dev = libc::makedev(0, 50);
        let mut host = Scripted::new()
            .stat("/tmp", stat(0o041777))
            .stat("/home/alice", on)
            .file(
                "/proc/self/mountinfo",
                "30 1 0:50 / /home rw - fuse.sshfs far: rw\n",
            );
        host.env.insert("HOME".into(), "/home/alice".into());
        let site = Site::new(&host);
        judge(&read(&site), &site)
    }

    #[test]
    fn network_file_systems_are_named_and_warned_of() {
        let found = find(0x0BD0_0BD0);
        assert!(
            found
                .summary
                .starts_with("/tmp is on ext4; /home/alice is on lustre: "),
            "{}",
            found.summary
        );
        assert_eq!((found.status, found.holds), (Status::Warn, Some(true)));
        assert!(find(filesystem::FUSE).summary.contains("fuse.sshfs"));
    }

    #[test]
    fn local_and_nameless_ones_pass() {
        assert_eq!(find(0x5846_5342).status, Status::Pass);
        assert!(find(0x1234).summary.contains("type 0x1234"));
    }

    #[test]
    fn what_cannot_be_looked_at_is_unknown() {
        let host = Scripted::new();
        let site = Site::new(&host);
        assert_eq!(judge(&read(&site), &site).status, Status::Unknown);
    }
}
