//! `apptainer.suid`: has Apptainer its set-user-id starter?

use super::Probe;
use crate::package::Package;
use crate::{Finding, Manual, Reading, Site, apptainer, privilege};

/// The number of the capability, capabilities(7).
const CAP_SYS_ADMIN: u32 = 21;

/// The row.
pub static PROBE: Probe = Probe {
    id: "apptainer.suid",
    manual: Manual {
        title: "Set-user-id starter of Apptainer",
        what: "Whether the program starter-suid of Apptainer is there and gains privileges when the caller starts it.",
        why: "With it images are mounted by the kernel and ranks need no user namespace of their own; the site must trust it.",
        how: "stat(2) of the starter, its file system and no_new_privs; \"allow setuid\" in apptainer.conf.",
        user: "",
        admin: "Install apptainer-suid.",
        refs: &["https://apptainer.org/docs/admin/main/user_namespace.html"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    match apptainer::starter(site) {
        Some(path) => Reading::new()
            .stat(site, &path)
            .file(site, apptainer::CONFIGURATION),
        None => Reading::new(),
    }
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some((path, Ok(stat))) = reading.stats.first() else {
        return Finding::skipped("Apptainer has no set-user-id starter here")
            .holding(false)
            .step(
                Package::named("apptainer-suid").install("the set-user-id part of Apptainer", site),
            );
    };
    let text = reading.text(apptainer::CONFIGURATION).unwrap_or_default();
    if !apptainer::allows(text, "allow setuid") {
        return Finding::skipped("apptainer.conf forbids the set-user-id starter").holding(false);
    }
    match privilege::obstacle(site, path, stat, CAP_SYS_ADMIN) {
        None => Finding::pass(format!("{path} gains the privileges of root")),
        Some(cause) => Finding::caused("the set-user-id starter of Apptainer gains nothing", cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    #[test]
    fn the_bit_and_the_configuration_decide() {
        let path = "/usr/libexec/apptainer/bin/starter-suid";
        let find = |host: &Scripted| {
            let site = Site::new(host);
            judge(&read(&site), &site).holds
        };
        assert_eq!(find(&Scripted::new()), Some(false));
        let host = Scripted::new().stat(path, stat(0o104755));
        assert_eq!(find(&host), Some(true));
        assert_eq!(
            find(&host.file(apptainer::CONFIGURATION, "allow setuid = no\n")),
            Some(false)
        );
        assert_eq!(
            find(&Scripted::new().stat(path, stat(0o100755))),
            Some(false)
        );
    }
}
