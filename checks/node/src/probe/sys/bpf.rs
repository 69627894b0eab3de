//! `sys.bpf`: may the caller load BPF programs?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// No command of bpf(2) has this number.
const NO_COMMAND: u64 = 0xffff;

/// The bits of CAP_SYS_ADMIN and CAP_BPF, capabilities(7).
const CAPABILITIES: u64 = 1 << 21 | 1 << 39;

const PATH: &str = "/proc/sys/kernel/unprivileged_bpf_disabled";

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.bpf",
    manual: Manual {
        title: "BPF",
        what: "Whether bpf(2) is there, and whether the caller may load programs by it.",
        why: "On cgroup v2 the runtime of root confines devices by a BPF program, and so does a scheduler; tracers need it. Most nodes leave it to root, and rootless containers do without it.",
        how: "bpf(2) with a command that does not exist, in a forked child; the sysctl kernel.unprivileged_bpf_disabled and the effective capabilities.",
        user: "",
        admin: "CAP_BPF for the tracer; the sysctl kernel.unprivileged_bpf_disabled is best left as it is.",
        refs: &["bpf(2)", "capabilities(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let call = Op::Syscall {
        name: "bpf",
        number: libc::SYS_bpf,
        args: [NO_COMMAND, 0, 0, 0, 0, 0],
    };
    Reading::new()
        .fact(
            "/proc/self/status: CapEff",
            format!("{:016x}", site.capabilities),
        )
        .file(site, PATH)
        .trial(site, &Trial::new().subject().op(call))
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    let for_all = matches!(reading.text(PATH).map(str::trim), Some("0"));
    let capable = site.capabilities & CAPABILITIES != 0;
    let left_to_root = || {
        Finding::skipped("loading BPF programs is left to root, as rootless containers expect")
            .holding(false)
    };
    match tried.step(0).map(|step| step.errno) {
        None => Finding::unknown("the trial reported nothing"),
        Some(Some(Errno::EINVAL)) if capable || for_all => {
            Finding::pass("the caller may load BPF programs")
        }
        Some(Some(Errno::EINVAL)) => left_to_root(),
        Some(Some(Errno::ENOSYS | Errno::EPERM)) if site.seccomp == Some(2) => {
            Finding::warn("bpf(2) is not there, or refused by the inherited seccomp filter")
                .holding(false)
        }
        Some(Some(Errno::ENOSYS)) => {
            Finding::warn("the kernel has no bpf(2): CONFIG_BPF_SYSCALL is not set").holding(false)
        }
        Some(Some(Errno::EPERM)) if !capable => left_to_root(),
        Some(Some(errno)) => Finding::unknown(format!("bpf(2) ended in {errno}")),
        Some(None) => Finding::unknown("bpf(2) took a command that does not exist"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    fn find(sysctl: &str, capabilities: u64, seccomp: u32, outcome: Errno) -> &'static str {
        let host = Scripted::new().file(PATH, sysctl);
        let mut site = Site::new(&host);
        (site.capabilities, site.seccomp) = (capabilities, Some(seccomp));
        let mut reading = Reading::new().file(&site, PATH);
        reading.tried = vec![tried(&[("bpf()", Err(outcome))])];
        judge(&reading, &site).status.as_str()
    }

    #[test]
    fn the_sysctl_the_capability_and_the_filter_are_told_apart() {
        assert_eq!(find("2\n", 0, 0, Errno::EINVAL), "skipped");
        assert_eq!(find("0\n", 0, 0, Errno::EINVAL), "pass");
        assert_eq!(find("2\n", 1 << 39, 0, Errno::EINVAL), "pass");
        assert_eq!(find("2\n", 0, 0, Errno::EPERM), "skipped");
        assert_eq!(find("2\n", 1 << 21, 0, Errno::EPERM), "unknown");
        assert_eq!(find("2\n", 1 << 21, 2, Errno::EPERM), "warn");
        assert_eq!(find("2\n", 0, 0, Errno::ENOSYS), "warn");
    }
}
