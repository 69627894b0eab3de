//! `lsm.apparmor.userns`: does AppArmor restrict user namespaces?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::{admin, sysctl};
use crate::{Finding, Manual, Reading, Site};

const KEY: &str = "kernel.apparmor_restrict_unprivileged_userns";
const PATH: &str = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";

/// The row.
pub static PROBE: Probe = Probe {
    id: "lsm.apparmor.userns",
    manual: Manual {
        title: "AppArmor's restriction of user namespaces",
        what: "The sysctl kernel.apparmor_restrict_unprivileged_userns, which Ubuntu has since 23.10.",
        why: "With 1 a program without a profile of its own gets a user namespace in which it may do nothing. Profiles go by the path of a program, so a runtime in a home directory or a module tree is hit even where the packaged one works.",
        how: "Reads /proc/sys/kernel/apparmor_restrict_unprivileged_userns. ns.user.map and ns.user.capuse try what comes of it.",
        user: "Use the runtime at the path for which the distribution ships a profile.",
        admin: "An AppArmor profile with `userns,` for the runtime, or the sysctl set to 0.",
        refs: &["https://documentation.ubuntu.com/server/how-to/security/apparmor/"],
    },
    read: |site| Reading::new().file(site, PATH),
    judge,
};

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    match reading.files.first() {
        Some((_, Ok(value))) => match value.trim() {
            "0" => Finding::pass(format!("{KEY} is 0")),
            _ if site.is_root() => Finding::pass(format!(
                "{KEY} is {}, which does not touch root",
                value.trim()
            )),
            value => Finding::warn(format!(
                "{KEY} is {value}: a user namespace is of use only to programs with a profile that allows it"
            ))
            .step(admin(
                Cost::AdminSysctl,
                "give the runtime a profile",
                "printf 'abi <abi/4.0>,\\nprofile podman /usr/bin/podman flags=(unconfined) {\\n  userns,\\n}\\n' > /etc/apparmor.d/podman && apparmor_parser -r /etc/apparmor.d/podman",
            ))
            .step(sysctl(KEY, "0")),
        },
        Some((_, Err(hpcctl_host::Errno::ENOENT))) => {
            Finding::skipped("the kernel has no such restriction")
        }
        _ => Finding::unknown(format!("{PATH} cannot be read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    fn find(host: Scripted) -> &'static str {
        let site = Site::new(&host);
        judge(&(PROBE.read)(&site), &site).status.as_str()
    }

    #[test]
    fn only_an_ordinary_user_is_restricted() {
        assert_eq!(find(Scripted::new()), "skipped");
        assert_eq!(find(Scripted::new().file(PATH, "0\n")), "pass");
        assert_eq!(find(Scripted::new().file(PATH, "1\n")), "warn");
        assert_eq!(find(Scripted::new().by_root().file(PATH, "1\n")), "pass");
    }
}
