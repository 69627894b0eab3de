//! `uid.nfs.chown`: does the file system of podman's storage take files of mapped users?

use hpcctl_host::{Errno, Op, Stat, Trial, Tried};
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::place::{self, Place};
use crate::{Finding, Manual, Reading, Site, filesystem, storage_conf, subid};

/// The name of the fact that says where it was tried.
const STORAGE: &str = "podman's storage";

/// How a server says that it does not give a file to another user.
const REFUSED: &[Errno] = &[
    Errno::EPERM,
    Errno::EACCES,
    Errno::EINVAL,
    Errno::EOPNOTSUPP,
];

/// File systems of the node itself, which take any owner that the kernel maps.
const LOCAL: &[&str] = &["ext4", "xfs", "btrfs", "tmpfs", "f2fs", "zfs"];

/// The row.
pub static PROBE: Probe = Probe {
    id: "uid.nfs.chown",
    manual: Manual {
        title: "Owners in podman's storage",
        what: "Whether a file in podman's storage can be given to a mapped user.",
        why: "An image with several owners is unpacked as files of subordinate ids. A server of NFS, GPFS or Lustre knows nothing of the user namespace and refuses the chown, so that pulls and builds end in \"operation not permitted\".",
        how: "A child maps the subordinate ids, makes a private directory on the file system of the storage (graphroot of containers-storage.conf(5), or the nearest directory above it; TMPDIR where that is the same), and gives a file in it to uid and gid 1; all of it is removed. Root does it without a map.",
        user: "Put graphroot in ~/.config/containers/storage.conf on a local disk, or set ignore_chown_errors.",
        admin: "A local directory for each user, named by rootless_storage_path in /etc/containers/storage.conf.",
        refs: &[
            "chown(2)",
            "containers-storage.conf(5)",
            "https://github.com/containers/podman/blob/main/rootless.md",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let Some(place) = storage(site) else {
        return Reading::new();
    };
    let reading = Reading::new().fact(STORAGE, place.shown());
    let trial = if site.is_root() {
        Trial::new()
    } else {
        let granted = subid::granted(&subid::read(site), &site.caller);
        let Some(commands) = subid::commands(&site.caller, &granted) else {
            return reading;
        };
        Trial::new()
            .op(Op::Unshare(libc::CLONE_NEWUSER))
            .meet(commands)
            .op(Op::SetId { uid: 0, gid: 0 })
    };
    // On one file system both answer alike, and the directory for temporary files is for this.
    let same = |temp: &Stat| temp.dev == place.stat.dev;
    let dir = match site.host.stat(&site.temp) {
        Ok(temp) if same(&temp) => site.temp.clone(),
        _ => place.path,
    };
    let trial = trial
        .op(Op::Scratch(dir))
        .op(place::file())
        .subject()
        .op(Op::Chown {
            path: "file".into(),
            uid: 1,
            gid: 1,
        });
    reading.trial(site, &trial)
}

/// The nearest directory to the storage that the caller may write to.
fn storage(site: &Site<'_>) -> Option<Place> {
    let graphroot = storage_conf::read(site)?.graphroot;
    place::nearest(site, &graphroot).filter(|place| place::writable(site, &place.stat))
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some((_, shown)) = reading.facts.first() else {
        return Finding::unknown(
            "where podman keeps images cannot be told, or the caller may not write there",
        );
    };
    let local = storage(site).is_some_and(|place| {
        filesystem::kind(&place.stat).is_some_and(|kind| LOCAL.contains(&kind.name))
    });
    // What a local disk would say is known without a map.
    let untried = |why: &str| {
        let found = Finding::skipped(why);
        if local { found.holding(true) } else { found }
    };
    let Some(tried) = reading.tried.first() else {
        return untried("the caller has no subordinate ids that could own a file");
    };
    if mapping_failed(tried) {
        return untried("needs uid.newuidmap, which fails");
    }
    if let Some(found) = crate::attribute::unprepared(tried) {
        return found;
    }
    match tried.failed().and_then(|step| Some((step, step.errno?))) {
        None => Finding::pass(format!("{shown} takes files of mapped users")),
        Some((step, errno)) if REFUSED.contains(&errno) => refused(site, shown, &step.to_string()),
        Some((step, _)) => Finding::unknown(format!("{shown}: {step}")),
    }
}

/// Whether the trial ended before the ids were mapped: other checks say why.
fn mapping_failed(tried: &Tried) -> bool {
    tried.unprepared().is_some_and(|step| {
        step.call.starts_with("unshare")
            || step.call.starts_with("wait")
            || step.call.starts_with("setresuid")
    })
}

fn refused(site: &Site<'_>, shown: &str, step: &str) -> Finding {
    if storage_conf::read(site).is_some_and(|storage| storage.fakes_owners) {
        return Finding::unknown(format!(
            "{shown} refuses files of mapped users ({step}), but storage.conf keeps owners beside the files"
        ));
    }
    Finding::fail(format!("{shown} refuses files of mapped users ({step})")).step(user(
        Cost::UserConfig,
        "keep images and containers on a local file system",
        "mkdir -p ~/.config/containers && printf '[storage]\\ndriver = \"overlay\"\\ngraphroot = \"/var/tmp/%s/storage\"\\n' $USER > ~/.config/containers/storage.conf && podman system migrate",
    ))
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::Status;

    use super::*;
    use crate::scripted::{Scripted, stat, tried};

    fn alice(fs_type: u64) -> Scripted {
        let mut home = stat(0o040700);
        (home.uid, home.fs_type) = (1000, fs_type);
        let mut host = Scripted::new().stat("/home/alice", home);
        host.env.insert("HOME".into(), "/home/alice".into());
        host
    }

    fn find(host: &Scripted, call: &str, outcome: Result<i64, Errno>, subject: usize) -> Finding {
        let mut one = tried(&[(call, outcome)]);
        one.subject = subject;
        let reading = Reading {
            tried: vec![one],
            ..Reading::new().fact(STORAGE, "/home/alice (nfs)")
        };
        judge(&reading, &Site::new(host))
    }

    #[test]
    fn a_server_that_refuses_is_told_from_a_map_that_fails() {
        let nfs = alice(0x6969);
        let chown = |outcome| find(&nfs, "chown(file, 1, 1)", outcome, 0);
        assert_eq!(chown(Ok(0)).status, Status::Pass);
        assert_eq!(chown(Err(Errno::EPERM)).status, Status::Fail);
        assert_eq!(chown(Err(Errno::EIO)).status, Status::Unknown);
        let map = find(
            &nfs,
            "wait for the parent's commands",
            Err(Errno::ECHILD),
            1,
        );
        assert_eq!((map.status, map.holds), (Status::Skipped, None));
    }

    #[test]
    fn a_local_disk_needs_no_trial() {
        let host = alice(0xEF53);
        let site = Site::new(&host);
        let found = judge(&read(&site), &site);
        assert_eq!((found.status, found.holds), (Status::Skipped, Some(true)));
        let nowhere = Scripted::new();
        let site = Site::new(&nowhere);
        assert_eq!(judge(&read(&site), &site).status, Status::Unknown);
    }

    #[test]
    fn owners_beside_the_files_leave_it_open() {
        let conf = "[storage.options.overlay]\nforce_mask=\"shared\"\n";
        let host = alice(0x6969).file("/home/alice/.config/containers/storage.conf", conf);
        let found = find(&host, "chown(file, 1, 1)", Err(Errno::EPERM), 0);
        assert_eq!(found.status, Status::Unknown);
    }
}
