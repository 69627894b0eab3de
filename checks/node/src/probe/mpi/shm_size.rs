//! `mpi.shm_size`: is there room for shared memory?

use hpcctl_host::Errno;
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site};

const PATH: &str = "/dev/shm";

/// Less than this is too little for a few ranks.
const LEAST: u64 = 128 << 20;

/// The row.
pub static PROBE: Probe = Probe {
    id: "mpi.shm_size",
    manual: Manual {
        title: "Shared memory for MPI",
        what: "Whether /dev/shm is there, writable, and has room for the buffers of MPI.",
        why: "Ranks of a node talk through files in /dev/shm; without room MPI_Init aborts or dies of SIGBUS later. Runtimes may give a container its own, of 64 MiB.",
        how: "stat(2) and statvfs(3) of /dev/shm.",
        user: "Give the container more (--shm-size, or bwrap --bind /dev/shm /dev/shm), or share that of the host: podman run --ipc=host …",
        admin: "mount -t tmpfs -o mode=1777 tmpfs /dev/shm",
        refs: &["shm_open(3)", "tmpfs(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let reading = Reading::new().stat(site, PATH);
    match reading.stats.first() {
        Some((_, Ok(stat))) => {
            let free = stat.free_bytes >> 20;
            reading.fact("MiB free in /dev/shm", free)
        }
        _ => reading,
    }
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let mount = || {
        admin(
            Cost::AdminSysctl,
            "mount a tmpfs there",
            "mount -t tmpfs -o mode=1777 tmpfs /dev/shm",
        )
    };
    let stat = match reading.stats.first() {
        Some((_, Ok(stat))) => stat,
        Some((_, Err(Errno::ENOENT))) => {
            return Finding::fail(format!("there is no {PATH}")).step(mount());
        }
        _ => return Finding::unknown(format!("{PATH} cannot be looked at")),
    };
    let free = stat.free_bytes >> 20;
    if stat.mode & 0o002 == 0 && stat.uid != site.caller.uid && !site.is_root() {
        return Finding::fail(format!("{PATH} is not writable for everybody")).step(admin(
            Cost::AdminSysctl,
            "let everybody write there",
            "chmod 1777 /dev/shm",
        ));
    }
    if stat.free_bytes < LEAST {
        return Finding::warn(format!("{PATH} has {free} MiB free"))
            .holding(false)
            .step(admin(
                Cost::AdminSysctl,
                "give it more room",
                "mount -o remount,size=50% /dev/shm",
            ));
    }
    Finding::pass(format!("{PATH} has {free} MiB free"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    #[test]
    fn room_and_mode_are_judged() {
        let find = |free: u64, mode: u32| {
            let mut there = stat(mode);
            there.free_bytes = free;
            let host = Scripted::new().stat(PATH, there);
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find(1 << 34, 0o041777), "pass");
        assert_eq!(find(64 << 20, 0o041777), "warn");
        assert_eq!(find(1 << 34, 0o040755), "fail");
        let none = Scripted::new();
        let site = Site::new(&none);
        assert_eq!(judge(&read(&site), &site).status.as_str(), "fail");
    }
}
