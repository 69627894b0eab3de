//! `lsm.selinux`: does SELinux enforce, and may containers use devices?

use hpcctl_host::Errno;
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::{admin, user};
use crate::{Finding, Manual, Reading, Site};

const ENFORCE: &str = "/sys/fs/selinux/enforce";
const DEVICES: &str = "/sys/fs/selinux/booleans/container_use_devices";

/// The row.
pub static PROBE: Probe = Probe {
    id: "lsm.selinux",
    manual: Manual {
        title: "SELinux",
        what: "Whether SELinux enforces its policy, and whether that lets containers use devices.",
        why: "Podman confines containers by SELinux: GPUs and InfiniBand stay out of reach until container_use_devices is on, and a bound directory needs a label. Apptainer and Charliecloud run in the user's own domain.",
        how: "Reads /sys/fs/selinux/enforce and /sys/fs/selinux/booleans/container_use_devices.",
        user: "Run the container without its label: podman run --security-opt label=disable …",
        admin: "setsebool -P container_use_devices 1",
        refs: &["selinux(8)", "container_selinux(8)"],
    },
    read: |site| Reading::new().file(site, ENFORCE).file(site, DEVICES),
    judge,
};

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let enforce = match reading.files.first() {
        Some((_, Ok(value))) => value.trim(),
        Some((_, Err(Errno::ENOENT))) => {
            return Finding::skipped("no SELinux: /sys/fs/selinux is not mounted");
        }
        _ => return Finding::unknown(format!("{ENFORCE} cannot be read")),
    };
    if enforce == "0" {
        return Finding::pass("SELinux is permissive: it refuses nothing");
    }
    // The current value, then the pending one.
    let devices = reading
        .text(DEVICES)
        .and_then(|text| text.split_whitespace().next());
    match devices {
        Some("0") => Finding::warn(
            "SELinux enforces, and containers that podman confines may not use devices (container_use_devices is off)",
        )
        .step(user(
            Cost::User,
            "run the container without its label",
            "podman run --security-opt label=disable …",
        ))
        .step(admin(
            Cost::AdminSysctl,
            "let containers use devices",
            "setsebool -P container_use_devices 1",
        )),
        Some(_) => Finding::pass("SELinux enforces, and containers may use devices"),
        None => Finding::pass("SELinux enforces; its policy has no rules for devices in containers"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    fn find(files: &[(&str, &str)]) -> String {
        let host = files
            .iter()
            .fold(Scripted::new(), |host, (path, text)| host.file(path, text));
        let site = Site::new(&host);
        let found = judge(&(PROBE.read)(&site), &site);
        format!("{}: {}", found.status.as_str(), found.summary)
    }

    #[test]
    fn enforcing_is_judged_by_the_boolean() {
        assert!(find(&[]).starts_with("skipped"));
        assert!(find(&[(ENFORCE, "0")]).contains("permissive"));
        assert!(find(&[(ENFORCE, "1")]).starts_with("pass: SELinux enforces; its policy"));
        assert!(find(&[(ENFORCE, "1"), (DEVICES, "0 0")]).starts_with("warn"));
        assert!(find(&[(ENFORCE, "1"), (DEVICES, "1 1")]).starts_with("pass"));
    }
}
