//! `uid.subid.nss`: where do ranges of ids come from?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

const PATH: &str = "/etc/nsswitch.conf";

/// The row.
pub static PROBE: Probe = Probe {
    id: "uid.subid.nss",
    manual: Manual {
        title: "Source of ranges of ids",
        what: "Whether ranges of subordinate ids come from /etc/subuid alone, or from a directory by nsswitch.conf.",
        why: "A directory (subid: sss) is seen only by runtimes that are linked with libsubid. A podman or Apptainer that was built without it reads the files, finds no range, and maps one id, without a word.",
        how: "The line subid: of /etc/nsswitch.conf.",
        user: "See what podman itself maps: hpcctl doctor --ask-runtimes",
        admin: "Install a build of the runtime that is linked with libsubid, or write the ranges to /etc/subuid as well.",
        refs: &["nsswitch.conf(5)", "subuid(5)"],
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
        Some((_, Err(hpcctl_host::Errno::ENOENT))) => "",
        _ => return Finding::unknown(format!("{PATH} cannot be read")),
    };
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("subid:"));
    match line.map(str::trim) {
        None | Some("files") => {
            Finding::pass("ranges of ids come from /etc/subuid and /etc/subgid")
        }
        Some(source) => Finding::warn(format!(
            "ranges of ids come from {source}: only runtimes that are linked with libsubid see them"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn a_directory_is_a_warning() {
        let find = |text: &str| {
            let host = Scripted::new().file(PATH, text);
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find("passwd: files sss\n"), "pass");
        assert_eq!(find("subid: files\n"), "pass");
        assert_eq!(find("subid:  sss\n"), "warn");
        let none = Scripted::new();
        let site = Site::new(&none);
        assert_eq!(judge(&read(&site), &site).status.as_str(), "pass");
    }
}
