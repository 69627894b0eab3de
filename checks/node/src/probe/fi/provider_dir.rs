//! `fi.provider_dir`: is the directory of providers there?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "fi.provider_dir",
    manual: Manual {
        title: "FI_PROVIDER_PATH",
        what: "Whether the directories of FI_PROVIDER_PATH are there.",
        why: "libfabric loads its providers from there when the variable is set. A path that is not there, or that is not bound into the container, leaves only the built-in ones, without an error.",
        how: "The environment, and stat(2) of each directory.",
        user: "Bind the directory into the container, or leave it out: unset FI_PROVIDER_PATH",
        admin: "",
        refs: &["fabric(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let path = site.host.env("FI_PROVIDER_PATH").unwrap_or_default();
    let dirs = path.split(':').filter(|dir| !dir.is_empty());
    dirs.fold(Reading::new(), |reading, dir| {
        reading.stat(site, dir.trim_start_matches('@'))
    })
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    if reading.stats.is_empty() {
        return Finding::skipped("FI_PROVIDER_PATH is not set");
    }
    match reading.stats.iter().find(|(_, stat)| stat.is_err()) {
        Some((dir, _)) => Finding::fail(format!("{dir} of FI_PROVIDER_PATH is not there"))
            .step(user(Cost::User, "unset it", "unset FI_PROVIDER_PATH")),
        None => Finding::pass("the directories of FI_PROVIDER_PATH are there"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    #[test]
    fn a_missing_directory_is_named() {
        let mut host = Scripted::new().stat("/opt/fi", stat(0o040755));
        host.env.insert("FI_PROVIDER_PATH".into(), "/opt/fi".into());
        let site = Site::new(&host);
        assert_eq!(judge(&read(&site), &site).status.as_str(), "pass");
        host.env
            .insert("FI_PROVIDER_PATH".into(), "/opt/fi:/gone".into());
        let site = Site::new(&host);
        assert!(judge(&read(&site), &site).summary.starts_with("/gone"));
    }
}
