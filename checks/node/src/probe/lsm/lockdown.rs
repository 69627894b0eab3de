//! `lsm.lockdown`: is the kernel locked down?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

const PATH: &str = "/sys/kernel/security/lockdown";

/// The row.
pub static PROBE: Probe = Probe {
    id: "lsm.lockdown",
    manual: Manual {
        title: "Kernel lockdown",
        what: "Whether the kernel is in lockdown, which Secure Boot may switch on.",
        why: "In lockdown unsigned modules are refused: a driver for the GPU or the network that is not signed does not load, and BPF and perf may be refused.",
        how: "Reads /sys/kernel/security/lockdown.",
        user: "",
        admin: "Sign the modules, or boot with lockdown=none.",
        refs: &["kernel_lockdown(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    Reading::new().file(site, PATH)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    match reading.files.first() {
        Some((_, Ok(text))) if text.contains("[none]") => {
            Finding::pass("the kernel is not locked down")
        }
        Some((_, Ok(text))) => {
            let mode = text.split(['[', ']']).nth(1).unwrap_or("an unknown mode");
            Finding::warn(format!("the kernel is locked down: {mode}"))
        }
        Some((_, Err(hpcctl_host::Errno::ENOENT))) => {
            Finding::skipped("the kernel has no lockdown, or securityfs is not mounted")
        }
        _ => Finding::unknown(format!("{PATH} cannot be read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn the_mode_in_brackets_counts() {
        let find = |text: &str| {
            let host = Scripted::new().file(PATH, text);
            let site = Site::new(&host);
            judge(&read(&site), &site).summary
        };
        assert_eq!(
            find("[none] integrity confidentiality\n"),
            "the kernel is not locked down"
        );
        assert_eq!(
            find("none [integrity] confidentiality\n"),
            "the kernel is locked down: integrity"
        );
    }
}
