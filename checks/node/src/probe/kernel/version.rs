//! `kernel.version`: how old is the kernel?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site};

const PATH: &str = "/proc/sys/kernel/osrelease";

/// What came with a version and is lost before it.
const SINCE: &[(u32, u32, &str)] = &[
    (4, 18, "FUSE mounts in user namespaces"),
    (5, 0, "seccomp notifications"),
    (5, 11, "overlay mounts in user namespaces"),
];

/// The row.
pub static PROBE: Probe = Probe {
    id: "kernel.version",
    manual: Manual {
        title: "The kernel",
        what: "The version of the running kernel.",
        why: "Rootless containers use what came late: FUSE mounts in user namespaces with 4.18, overlay mounts with 5.11. Distributions port some of it back, so that the probes of each thing have the last word.",
        how: "Reads /proc/sys/kernel/osrelease.",
        user: "",
        admin: "Boot a kernel of 5.11 or later.",
        refs: &["uname(2)", "https://kernelnewbies.org/LinuxVersions"],
    },
    read: |site| Reading::new().file(site, PATH),
    judge,
};

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some(release) = reading.text(PATH).map(str::trim) else {
        return Finding::unknown(format!("{PATH} cannot be read"));
    };
    let Some(version) = version(release) else {
        return Finding::unknown(format!("{release:?} is no version that is understood"));
    };
    let lost: Vec<&str> = SINCE
        .iter()
        .filter(|(major, minor, _)| version < (*major, *minor))
        .map(|(.., what)| *what)
        .collect();
    if lost.is_empty() {
        return Finding::pass(format!("Linux {release}"));
    }
    Finding::warn(format!(
        "Linux {release} is without {}, unless the distribution ported them back",
        lost.join(", ")
    ))
    .step(admin(Cost::Reboot, "boot a kernel of 5.11 or later", ""))
}

/// The first two numbers of a release such as `6.1.0-32-amd64`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    fn find(release: &str) -> String {
        let host = Scripted::new().file(PATH, release);
        let site = Site::new(&host);
        let found = judge(&(PROBE.read)(&site), &site);
        format!("{}: {}", found.status.as_str(), found.summary)
    }

    #[test]
    fn what_an_old_kernel_lacks_is_named() {
        assert_eq!(find("6.18.44-fc\n"), "pass: Linux 6.18.44-fc");
        assert!(
            find("5.10.0-32-amd64\n").contains("without overlay mounts in user namespaces, unless")
        );
        assert!(find("3.10.0-1160.el7.x86_64\n").contains("FUSE mounts"));
        assert!(find("weird\n").starts_with("unknown"));
    }
}
