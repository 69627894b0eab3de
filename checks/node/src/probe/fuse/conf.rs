//! `fuse.conf`: what may users mount by fusermount3?

use hpcctl_host::Errno;

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

const PATH: &str = "/etc/fuse.conf";

/// What holds where the file says nothing.
const DEFAULT: u64 = 1000;

/// Fewer than a node full of ranks needs, each with an image of its own.
const FEW: u64 = 128;

/// The row.
pub static PROBE: Probe = Probe {
    id: "fuse.conf",
    manual: Manual {
        title: "fuse.conf",
        what: "How many FUSE mounts a user may have, mount_max, and whether others may enter them, user_allow_other.",
        why: "Each image that Apptainer or Charliecloud mounts by FUSE counts; a tool that mounts with allow_other for a daemon or a container of another id is refused without user_allow_other.",
        how: "Reads /etc/fuse.conf.",
        user: "",
        admin: "Raise mount_max in /etc/fuse.conf where that is the bound, else allow it there: echo user_allow_other >> /etc/fuse.conf",
        refs: &["fusermount3(1)", "mount.fuse3(8)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    Reading::new().file(site, PATH)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let text = match reading.files.first() {
        Some((_, Ok(text))) => text.as_str(),
        Some((_, Err(Errno::ENOENT))) => "",
        _ => return Finding::unknown(format!("{PATH} cannot be read")),
    };
    let lines = || {
        text.lines()
            .map(|line| line.split('#').next().unwrap_or("").trim())
    };
    let others = lines().any(|line| line == "user_allow_other");
    let most = lines().find_map(|line| line.strip_prefix("mount_max")?.trim().strip_prefix('='));
    let most = most
        .and_then(|value| value.trim().parse().ok())
        .unwrap_or(DEFAULT);
    let may = if others { "may" } else { "may not" };
    let summary = format!("a user may have {most} FUSE mounts, and {may} let others in");
    if most < FEW {
        return Finding::warn(summary);
    }
    Finding::pass(summary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn the_settings_are_read() {
        let find = |text: &str| {
            let host = Scripted::new().file(PATH, text);
            let site = Site::new(&host);
            judge(&read(&site), &site)
        };
        assert!(
            find("#user_allow_other\n")
                .summary
                .contains("1000 FUSE mounts, and may not")
        );
        assert!(find("user_allow_other\n").summary.contains("and may let"));
        assert_eq!(find("mount_max = 10\n").status.as_str(), "warn");
    }
}
