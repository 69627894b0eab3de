//! `sec.yama`: how far does Yama restrict ptrace?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::{admin, sysctl};
use crate::{Finding, Manual, Reading, Site};

const KEY: &str = "kernel.yama.ptrace_scope";
const PATH: &str = "/proc/sys/kernel/yama/ptrace_scope";

/// The row.
pub static PROBE: Probe = Probe {
    id: "sec.yama",
    manual: Manual {
        title: "Yama's ptrace_scope",
        what: "The sysctl kernel.yama.ptrace_scope.",
        why: "MPI libraries copy between the ranks of a node by process_vm_readv(2), which Yama restricts like ptrace(2). With 1 each rank must allow it first, as UCX and Open MPI do; with 2 or 3 they fall back to a slower way or fail.",
        how: "Reads /proc/sys/kernel/yama/ptrace_scope.",
        user: "Choose another way for the copies: export UCX_TLS=^cma OMPI_MCA_btl_vader_single_copy_mechanism=none",
        admin: "Lower the scope of Yama, of which the value 3 lasts until the next boot: sysctl -w kernel.yama.ptrace_scope=1",
        refs: &[
            "https://docs.kernel.org/admin-guide/LSM/Yama.html",
            "process_vm_readv(2)",
        ],
    },
    read: |site| Reading::new().file(site, PATH),
    judge,
};

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let scope = match reading.files.first() {
        Some((_, Ok(text))) => text.trim().parse::<u32>().ok(),
        Some((_, Err(hpcctl_host::Errno::ENOENT))) => {
            return Finding::skipped("the kernel runs without Yama");
        }
        _ => None,
    };
    match scope {
        Some(0) => Finding::pass(format!(
            "{KEY} is 0: a user's processes may trace each other"
        )),
        Some(1) => Finding::pass(format!(
            "{KEY} is 1: a process may trace its children and those that allow it"
        )),
        Some(2) => Finding::fail(format!(
            "{KEY} is 2: only with CAP_SYS_PTRACE may a process trace or copy from another"
        ))
        .step(sysctl(KEY, "1")),
        Some(3) => Finding::fail(format!(
            "{KEY} is 3: no process may trace or copy from another until the next boot"
        ))
        .step(admin(
            Cost::Reboot,
            "set it to 1 and boot",
            &format!("echo '{KEY} = 1' > /etc/sysctl.d/90-hpcctl-{KEY}.conf && reboot"),
        )),
        _ => Finding::unknown(format!("{PATH} cannot be read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    fn find(scope: Option<&str>) -> &'static str {
        let mut host = Scripted::new();
        if let Some(scope) = scope {
            host = host.file(PATH, scope);
        }
        let site = Site::new(&host);
        judge(&(PROBE.read)(&site), &site).status.as_str()
    }

    #[test]
    fn the_scopes_are_judged() {
        let found = [
            None,
            Some("0\n"),
            Some("1\n"),
            Some("2\n"),
            Some("3\n"),
            Some("x"),
        ]
        .map(find);
        assert_eq!(
            found,
            ["skipped", "pass", "pass", "fail", "fail", "unknown"]
        );
    }
}
