//! `mpi.cma.same`: may the ranks of a node copy from one another?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::finding::sysctl;
use crate::{Finding, Manual, Reading, Site, attribute};

const YAMA: &str = "/proc/sys/kernel/yama/ptrace_scope";

/// The row.
pub static PROBE: Probe = Probe {
    id: "mpi.cma.same",
    manual: Manual {
        title: "Copies between ranks (CMA)",
        what: "Whether a process may read the memory of another one of the same user and user namespace by process_vm_readv(2).",
        why: "MPI libraries move large messages within a node by a single copy from rank to rank. Where that is refused they copy twice through shared memory, or fail.",
        how: "A forked child reads eight bytes of this process.",
        user: "Choose another way for the copies: export UCX_TLS=^cma OMPI_MCA_btl_vader_single_copy_mechanism=none",
        admin: "Allow process_vm_readv in the seccomp profile, and lower the scope of Yama: sysctl -w kernel.yama.ptrace_scope=1",
        refs: &["process_vm_readv(2)", "ptrace(2)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    Reading::new()
        .trial(site, &Trial::new().op(Op::ReadParent))
        .file(site, YAMA)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    let scope = reading
        .text(YAMA)
        .and_then(|text| text.trim().parse::<u32>().ok());
    match (tried.step(0).map(|step| step.errno), scope) {
        (Some(None), _) => Finding::pass("a process may copy from another of the same user"),
        // A process may trace its children only; ranks are siblings, and let one another.
        (Some(Some(Errno::EPERM)), Some(1)) => Finding::pass(
            "a process may copy from another that allows it (Yama 1), as MPI libraries do",
        ),
        (Some(Some(Errno::EPERM)), Some(scope @ 2..)) => Finding::fail(format!(
            "no process may copy from another: kernel.yama.ptrace_scope is {scope}"
        ))
        .step(sysctl("kernel.yama.ptrace_scope", "1")),
        (Some(Some(Errno::EPERM | Errno::ENOSYS)), _) if site.seccomp == Some(2) => {
            Finding::caused(
                "copies between processes are refused",
                attribute::seccomp(site),
            )
        }
        (Some(Some(Errno::ENOSYS)), _) => Finding::caused(
            "copies between processes are refused",
            attribute::not_built("CROSS_MEMORY_ATTACH"),
        ),
        (Some(Some(errno)), _) => Finding::unknown(format!("process_vm_readv(2) ended in {errno}")),
        (None, _) => Finding::unknown("the trial reported nothing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    fn find(outcome: Result<i64, Errno>, scope: Option<&str>) -> &'static str {
        let files = scope.map(|scope| (YAMA.to_owned(), Ok(scope.to_owned())));
        let reading = Reading {
            tried: vec![tried(&[("process_vm_readv()", outcome)])],
            files: files.into_iter().collect(),
            ..Reading::new()
        };
        judge(&reading, &Site::new(&Scripted::new()))
            .status
            .as_str()
    }

    #[test]
    fn yama_is_told_from_other_refusals() {
        assert_eq!(find(Ok(8), None), "pass");
        assert_eq!(find(Err(Errno::EPERM), Some("1\n")), "pass");
        assert_eq!(find(Err(Errno::EPERM), Some("2\n")), "fail");
        assert_eq!(find(Err(Errno::EPERM), None), "unknown");
        assert_eq!(find(Err(Errno::ENOSYS), None), "fail");
    }
}
