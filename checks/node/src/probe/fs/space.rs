//! `fs.space`: is there room for temporary files?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, filesystem};

/// Fewer bytes than this hold no image of use.
const BYTES: u64 = 1 << 30;

/// Fewer inodes than this hold no unpacked distribution.
const INODES: u64 = 10_000;

/// The row.
pub static PROBE: Probe = Probe {
    id: "fs.space",
    manual: Manual {
        title: "Room in TMPDIR",
        what: "How many bytes and inodes are free to the caller where temporary files go.",
        why: "Pulling and building unpack whole images there; a /tmp in memory is soon full, and a full one breaks the job next door.",
        how: "statvfs(3) of TMPDIR or /tmp, against 1 GiB and 10,000 inodes. Quotas of the user are not looked at.",
        user: "Remove images that are not needed, or point TMPDIR to a larger file system of the node.",
        admin: "More room for temporary files, or a directory for each job.",
        refs: &["statvfs(3)"],
    },
    read: |site| {
        let reading = Reading::new().stat(site, &site.temp);
        match reading.stats.first() {
            Some((path, Ok(stat))) => {
                let room = room(stat.free_bytes, stat.free_inodes);
                let name = format!("statvfs({path})");
                reading.fact(&name, room)
            }
            _ => reading,
        }
    },
    judge,
};

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    match reading.stats.first() {
        Some((path, Ok(stat))) => {
            let name = filesystem::name(stat);
            let room = room(stat.free_bytes, stat.free_inodes);
            let found = format!("{room} are free in {path} ({name})");
            if stat.free_bytes < BYTES {
                Finding::warn(format!("{found}, less than 1 GiB"))
            } else if stat.free_inodes < INODES {
                Finding::warn(format!("{found}, fewer than {INODES} inodes"))
            } else {
                Finding::pass(found)
            }
        }
        Some((path, Err(errno))) => {
            Finding::unknown(format!("{path} cannot be looked at: {errno}"))
        }
        None => Finding::unknown(format!("{} was not looked at", site.temp)),
    }
}

/// Bytes and inodes in words; a tenth of a unit is enough.
fn room(bytes: u64, inodes: u64) -> String {
    let (unit, name) = if bytes >= BYTES {
        (BYTES, "GiB")
    } else {
        (1 << 20, "MiB")
    };
    let tenths = u128::from(bytes) * 10 / u128::from(unit);
    let bytes = format!("{}.{} {name}", tenths / 10, tenths % 10);
    match inodes {
        u64::MAX => bytes,
        inodes => format!("{bytes} and {inodes} inodes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    fn find(bytes: u64, inodes: u64) -> String {
        let mut on = stat(0o041777);
        (on.free_bytes, on.free_inodes) = (bytes, inodes);
        let host = Scripted::new().stat("/tmp", on);
        let site = Site::new(&host);
        let found = judge(&(PROBE.read)(&site), &site);
        format!("{}: {}", found.status.as_str(), found.summary)
    }

    #[test]
    fn room_is_judged_by_bytes_and_by_inodes() {
        assert_eq!(
            find(3 << 29, u64::MAX),
            "pass: 1.5 GiB are free in /tmp (ext4)"
        );
        assert_eq!(
            find(BYTES - 1, 20_000),
            "warn: 1023.9 MiB and 20000 inodes are free in /tmp (ext4), less than 1 GiB"
        );
        assert!(find(BYTES, INODES - 1).contains("fewer than 10000 inodes"));
    }
}
