//! `lsm.list`: which security modules does the kernel run?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

const PATH: &str = "/sys/kernel/security/lsm";

/// The row.
pub static PROBE: Probe = Probe {
    id: "lsm.list",
    manual: Manual {
        title: "Security modules",
        what: "The security modules that the kernel runs.",
        why: "A refusal that no mode bit and no sysctl explains usually comes from one of them: AppArmor, SELinux, Yama, Landlock.",
        how: "Reads /sys/kernel/security/lsm.",
        user: "",
        admin: "mount -t securityfs securityfs /sys/kernel/security",
        refs: &["https://docs.kernel.org/admin-guide/LSM/index.html"],
    },
    read: |site| Reading::new().file(site, PATH),
    judge,
};

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    match reading.files.first() {
        Some((_, Ok(modules))) => Finding::pass(match modules.trim() {
            "" => "no security module runs".into(),
            modules => format!("the kernel runs {}", modules.replace(',', ", ")),
        }),
        Some((_, Err(hpcctl_host::Errno::ENOENT))) => {
            Finding::unknown("securityfs is not mounted on /sys/kernel/security")
        }
        Some((_, Err(errno))) => Finding::unknown(format!("{PATH} cannot be read ({errno})")),
        None => Finding::unknown("nothing was read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    fn find(host: &Scripted) -> String {
        let site = Site::new(host);
        let found = judge(&(PROBE.read)(&site), &site);
        format!("{}: {}", found.status.as_str(), found.summary)
    }

    #[test]
    fn the_modules_are_listed() {
        let host = Scripted::new().file(PATH, "capability,yama");
        assert_eq!(find(&host), "pass: the kernel runs capability, yama");
        assert!(find(&Scripted::new()).starts_with("unknown: securityfs"));
    }
}
