//! `lsm.apparmor.cur`: under which AppArmor profile does this process run?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

const PATH: &str = "/proc/self/attr/current";

/// The row.
pub static PROBE: Probe = Probe {
    id: "lsm.apparmor.cur",
    manual: Manual {
        title: "AppArmor profile of this process",
        what: "The AppArmor profile that confines this process, if one does.",
        why: "What is tried here is tried under this profile; a runtime with another one may fare otherwise.",
        how: "Reads /proc/self/attr/apparmor/current, else /proc/self/attr/current.",
        user: "",
        admin: "",
        refs: &["apparmor(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    match site.host.stat("/sys/module/apparmor") {
        Ok(_) => Reading::new().file(site, PATH),
        Err(_) => Reading::new(),
    }
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    match reading.files.first() {
        None => Finding::skipped("the kernel runs without AppArmor"),
        Some((_, Ok(text))) if text.trim() == "unconfined" => {
            Finding::pass("no profile confines this process")
        }
        Some((_, Ok(text))) => Finding::warn(format!(
            "this process runs under the profile {}",
            text.trim()
        )),
        Some((path, Err(errno))) => Finding::unknown(format!("{path} cannot be read: {errno}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    #[test]
    fn a_profile_is_named() {
        let find = |text: &str| {
            let host = Scripted::new()
                .stat("/sys/module/apparmor", stat(0o040755))
                .file(PATH, text);
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find("unconfined\n"), "pass");
        assert_eq!(find("docker-default (enforce)\n"), "warn");
    }
}
