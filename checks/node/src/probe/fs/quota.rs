//! `fs.quota`: is the caller within its quotas?

use std::time::Duration;

use super::Probe;
use crate::{Finding, Manual, Reading, Site, filesystem, place};

/// How long the program may take: the server of an NFS file system may not answer.
const DEADLINE: Duration = Duration::from_secs(2);

/// Options by which a local file system says that it counts what users have.
const OPTIONS: &[&str] = &[
    "quota",
    "usrquota",
    "uquota",
    "usrjquota",
    "uqnoenforce",
    "prjquota",
    "pquota",
];

/// The row.
pub static PROBE: Probe = Probe {
    id: "fs.quota",
    manual: Manual {
        title: "Quotas",
        what: "Whether the caller is within its quotas of bytes and files on the file systems of TMPDIR, the home, podman's storage and the caches.",
        why: "A cache in the home fills its quota, of files rather than bytes, long before the disk is full; what follows ends in EDQUOT in the middle of a pull.",
        how: "The options of the mounts, and where one has quotas or lies on a server the program quota (`quota -w`), which marks what is over its limit with a star. Lustre, GPFS and the like answer their own tools alone, and are not asked.",
        user: "Remove images and caches; point APPTAINER_CACHEDIR, CH_IMAGE_STORAGE and graphroot elsewhere.",
        admin: "A larger quota, of files above all, or a local disk for caches.",
        refs: &["quota(1)", "quotactl(2)"],
    },
    read,
    judge,
};

/// How quotas are kept on a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// Not at all.
    Not,
    /// By the kernel of this node, or of an NFS server: the program quota asks for them.
    Here,
    /// By a file system with a tool of its own.
    Elsewhere,
}

fn kept(site: &Site<'_>, place: &place::Place) -> Kept {
    match filesystem::kind(&place.stat) {
        Some(kind) if kind.name == "nfs" => Kept::Here,
        Some(kind) if kind.network => Kept::Elsewhere,
        Some(kind) if ["tmpfs", "ramfs"].contains(&kind.name) => Kept::Not,
        _ => match filesystem::mount_of(site, &place.path, &place.stat) {
            Some(mount)
                if OPTIONS
                    .iter()
                    .any(|word| mount.super_options.contains_key(*word)) =>
            {
                Kept::Here
            }
            Some(_) => Kept::Not,
            None => Kept::Elsewhere,
        },
    }
}

fn read(site: &Site<'_>) -> Reading {
    let mut reading = Reading::new();
    let mut ask = false;
    for place in place::all(site) {
        let kept = kept(site, &place);
        ask |= kept == Kept::Here;
        reading = reading.fact(&place.shown(), format!("{kept:?}"));
    }
    if let (true, Some(quota)) = (ask, site.host.which("quota")) {
        reading.ran.push(site.host.run(&[&quota, "-w"], DEADLINE));
    }
    reading
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if site.is_root() {
        return Finding::skipped("quotas do not bind root");
    }
    let with = |kept: Kept| {
        let kept = format!("{kept:?}");
        let rows = reading
            .facts
            .iter()
            .filter(move |(_, value)| *value == kept);
        let names: Vec<&str> = rows.map(|(place, _)| place.as_str()).collect();
        names.join(", ")
    };
    let (here, elsewhere) = (with(Kept::Here), with(Kept::Elsewhere));
    if here.is_empty() {
        return match elsewhere.is_empty() {
            true => Finding::skipped("no file system of the caller's directories has quotas"),
            false => Finding::unknown(format!(
                "only the tool of the file system knows the quotas of {elsewhere}"
            )),
        };
    }
    let Some(ran) = reading.ran.first() else {
        return Finding::unknown(format!(
            "the program quota is not in PATH, which tells the quotas of {here}"
        ));
    };
    if let Some(line) = over(&ran.stdout) {
        return Finding::warn(format!("over the quota: {line}")).holding(false);
    }
    if !ran.ok() {
        return Finding::unknown(format!("quota did not tell: {}", ran.first_line()));
    }
    match elsewhere.is_empty() {
        true => Finding::pass(format!(
            "within the quotas of {here}, by the word of quota(1)"
        )),
        false => Finding::unknown(format!(
            "within the quotas of {here}; only the tool of the file system knows those of {elsewhere}"
        )),
    }
}

/// The first file system whose usage is marked with a star: its blocks or its files.
fn over(stdout: &str) -> Option<String> {
    stdout.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let numbers = words.get(1..).filter(|_| line.contains('*'))?;
        let starred = numbers.iter().any(|word| {
            word.strip_suffix('*')
                .is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
        });
        starred.then(|| words.join(" "))
    })
}

#[cfg(test)]
mod tests {
    use hpcctl_host::command::End;

    use super::*;
    use crate::scripted::{Scripted, ran, stat};

    const TABLE: &str = "Disk quotas for user alice (uid 1000): \n     Filesystem  blocks   quota   limit   grace   files   quota   limit   grace\n";

    fn find(kinds: &[Kept], status: Option<i32>, row: &str) -> String {
        let host = Scripted::new();
        let mut reading = Reading::new();
        for kept in kinds {
            reading = reading.fact("/home/alice (xfs)", format!("{kept:?}"));
        }
        reading.ran = status
            .map(|status| {
                let mut run = ran(&["quota", "-w"], End::Exit(status), "");
                run.stdout = format!("{TABLE}{row}\n");
                run
            })
            .into_iter()
            .collect();
        let found = judge(&reading, &Site::new(&host));
        format!("{}: {}", found.status.as_str(), found.summary)
    }

    #[test]
    fn a_star_is_over_the_quota() {
        let within = "/dev/sda1   512   1024   2048           10   100   200";
        let over = "/dev/sda1   512   1024   2048          110*   100   200   6days";
        assert!(find(&[Kept::Here], Some(0), within).starts_with("pass"));
        let found = find(&[Kept::Here], Some(1), over);
        assert!(
            found.starts_with("warn: over the quota: /dev/sda1"),
            "{found}"
        );
        assert!(find(&[Kept::Here], Some(1), within).starts_with("unknown"));
    }

    #[test]
    fn what_cannot_be_asked_is_unknown() {
        assert!(find(&[], None, "").starts_with("skipped"));
        assert!(find(&[Kept::Not], None, "").starts_with("skipped"));
        assert!(find(&[Kept::Here], None, "").contains("not in PATH"));
        assert!(find(&[Kept::Elsewhere], None, "").starts_with("unknown"));
        let both = find(&[Kept::Here, Kept::Elsewhere], Some(0), "");
        assert!(both.starts_with("unknown: within"), "{both}");
    }

    #[test]
    fn the_options_of_the_mount_tell_a_local_file_system() {
        let at = |options: &str, fs_type: u64| {
            let mut there = stat(0o041777);
            there.dev = libc::makedev(8, 1);
            there.fs_type = fs_type;
            let mounts = format!("21 1 8:1 / / rw - xfs /dev/sda1 {options}\n");
            let host = Scripted::new().file("/proc/self/mountinfo", &mounts);
            let place = place::Place {
                path: "/tmp".into(),
                stat: there,
            };
            kept(&Site::new(&host), &place)
        };
        assert_eq!(at("rw,usrquota", 0x5846_5342), Kept::Here);
        assert_eq!(at("rw,noquota", 0x5846_5342), Kept::Not);
        assert_eq!(at("rw", 0x6969), Kept::Here);
        assert_eq!(at("rw", 0x0BD0_0BD0), Kept::Elsewhere);
    }
}
