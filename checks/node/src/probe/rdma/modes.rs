//! `rdma.modes`: may everybody open the devices of the fast network?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, rdma};

/// Read and write for others.
const FOR_ALL: u32 = 0o006;

/// The row.
pub static PROBE: Probe = Probe {
    id: "rdma.modes",
    manual: Manual {
        title: "Modes of the devices of the fast network",
        what: "Whether the modes of the device files of the fast network let every user open them.",
        why: "rdma.nodes tells what the caller can open; root can open all of them. A node where udev gave them mode 0600, or to a group that only some users are in, runs the job of one user at full speed and that of the next over TCP.",
        how: "stat(2) of /dev/infiniband/uverbs*, rdma_cm, /dev/cxi*, /dev/hfi1_* and /dev/kgni*. An access control list is not looked at.",
        user: "",
        admin: "udev rules with MODE=\"0666\"; rdma-core brings them in 60-rdma-*.rules.",
        refs: &[
            "udev(7)",
            "https://docs.kernel.org/infiniband/user_verbs.html",
        ],
    },
    read: |site| {
        rdma::nodes(site)
            .iter()
            .fold(Reading::new(), |reading, path| reading.stat(site, path))
    },
    judge,
};

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    if reading.stats.is_empty() {
        return Finding::skipped("the node has no device file of a fast network");
    }
    let mut closed = Vec::new();
    for (path, stat) in &reading.stats {
        match stat {
            Ok(stat) if stat.mode & FOR_ALL == FOR_ALL => {}
            Ok(stat) => closed.push(format!(
                "{path} (mode {:04o}, uid {}, gid {})",
                stat.permissions(),
                stat.uid,
                stat.gid
            )),
            Err(errno) => {
                return Finding::unknown(format!("{path} cannot be looked at: {errno}"));
            }
        }
    }
    match closed.first() {
        None => Finding::pass(format!(
            "{} device files of the fast network are open to everybody",
            reading.stats.len()
        )),
        Some(first) => Finding::warn(format!(
            "{} of {} device files of the fast network are not open to everybody: {first}",
            closed.len(),
            reading.stats.len()
        ))
        .step(admin(
            Cost::AdminSysctl,
            "let everybody open them, now and at each boot",
            "chmod 0666 /dev/infiniband/uverbs* /dev/infiniband/rdma_cm; printf 'KERNEL==\"uverbs*\", MODE=\"0666\"\\nKERNEL==\"rdma_cm\", MODE=\"0666\"\\n' > /etc/udev/rules.d/99-rdma.rules",
        )),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Errno;

    use super::*;
    use crate::scripted::{Scripted, stat};

    #[test]
    fn one_that_is_closed_to_others_is_named() {
        let find = |mode: u32| {
            let host = Scripted::new()
                .stat("/dev/infiniband/uverbs0", stat(mode))
                .stat("/dev/infiniband/rdma_cm", stat(0o020666));
            let site = Site::new(&host);
            judge(&(PROBE.read)(&site), &site)
        };
        assert_eq!(find(0o020666).status.as_str(), "pass");
        let group = find(0o020660);
        assert!(group.summary.starts_with("1 of 2"), "{group:?}");
        assert!(group.summary.contains("uverbs0 (mode 0660"), "{group:?}");
    }

    #[test]
    fn what_is_not_there_is_skipped_and_what_is_lost_is_unknown() {
        let host = Scripted::new();
        let site = Site::new(&host);
        let status = |reading: &Reading| judge(reading, &site).status.as_str();
        assert_eq!(status(&Reading::new()), "skipped");
        let lost = Reading {
            stats: vec![("/dev/cxi0".into(), Err(Errno::EIO))],
            ..Reading::new()
        };
        assert_eq!(status(&lost), "unknown");
    }
}
