//! `mpi.cma.sibling`: may ranks in containers of their own copy from one another?

use hpcctl_host::{Errno, Op, Trial};
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "mpi.cma.sibling",
    manual: Manual {
        title: "Copies between containers (CMA)",
        what: "Whether a process in a user namespace of its own may read the memory of another outside of it by process_vm_readv(2).",
        why: "A launcher that starts a container a rank gives each its own user namespace (ch-run without --join, unprivileged Apptainer, bwrap). The kernel then refuses the copy that MPI uses for messages from about 64 KiB on: small tests pass, the application aborts or crashes.",
        how: "In a new user namespace a forked child reads eight bytes of this process, which is outside. EPERM is what every kernel answers: advice, not a fault.",
        user: "Start the ranks of a node with ch-run --join or in an instance of Apptainer, or choose another way for the copies: export UCX_TLS=^cma OMPI_MCA_btl_vader_single_copy_mechanism=none",
        admin: "Offer a set-user-id Apptainer: it makes no user namespace, so that ranks share theirs.",
        refs: &[
            "process_vm_readv(2)",
            "user_namespaces(7)",
            "https://hpc.github.io/charliecloud/faq.html",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = Trial::in_user_namespace(&site.caller)
        .subject()
        .op(Op::ReadParent);
    Reading::new().trial(site, &trial)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.step(0).map(|step| step.errno) {
        Some(None) => Finding::pass("processes of different user namespaces may copy"),
        Some(Some(Errno::EPERM)) => Finding::warn(
            "ranks in user namespaces of their own cannot copy from one another, which MPI does from about 64 KiB on",
        )
        .holding(false)
        .step(user(
            Cost::User,
            "let the ranks of a node share a user namespace",
            "ch-run --join …",
        ))
        .step(user(
            Cost::User,
            "choose another way for the copies",
            "export UCX_TLS=^cma OMPI_MCA_btl_vader_single_copy_mechanism=none",
        )),
        Some(Some(errno)) => Finding::unknown(format!("process_vm_readv(2) ended in {errno}")),
        None => Finding::unknown("the trial reported nothing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    #[test]
    fn the_expected_refusal_is_advice() {
        let find = |outcome| {
            let reading = Reading {
                tried: vec![tried(&[("process_vm_readv()", outcome)])],
                ..Reading::new()
            };
            judge(&reading, &Site::new(&Scripted::new()))
                .status
                .as_str()
        };
        assert_eq!(find(Ok(8)), "pass");
        assert_eq!(find(Err(Errno::EPERM)), "warn");
        assert_eq!(find(Err(Errno::ENOSYS)), "unknown");
    }
}
