//! `ucx.tls`: which transports does UCX have?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, rdma};

/// Transports of fast networks.
const FAST: &[&str] = &["rc_", "dc_", "ud_", "srd"];

/// The row.
pub static PROBE: Probe = Probe {
    id: "ucx.tls",
    manual: Manual {
        title: "Transports of UCX",
        what: "The transports that ucx_info lists: rc, dc, ud, cma, xpmem, posix, sysv, tcp and so on.",
        why: "MPICH and Open MPI on UCX are as fast as the transports that it finds on the node.",
        how: "Runs ucx_info -d, where it is in PATH.",
        user: "Choose among them by UCX_TLS.",
        admin: "Install the UCX of the network's vendor.",
        refs: &["https://openucx.readthedocs.io/"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    match site.host.which("ucx_info") {
        Some(path) => Reading::new().run(site, &[&path, "-d"]),
        None => Reading::new(),
    }
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(ran) = reading.ran.first() else {
        return Finding::skipped("ucx_info is not in PATH").holding(false);
    };
    if !ran.ok() {
        return Finding::unknown(format!(
            "ucx_info does not list transports: {}",
            ran.first_line()
        ));
    }
    let lines = ran
        .stdout
        .lines()
        .filter_map(|line| line.split_once("Transport:"));
    let mut names: Vec<&str> = lines.map(|(_, name)| name.trim()).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Finding::fail("UCX has no transport");
    }
    let fast = names
        .iter()
        .any(|name| FAST.iter().any(|fast| name.starts_with(fast)));
    let listed = names.join(", ");
    match !fast && !rdma::nodes(site).is_empty() {
        true => Finding::warn(format!(
            "the node has a fast network, and UCX has no transport for it: {listed}"
        ))
        .holding(false),
        false => Finding::pass(format!("UCX has {listed}")),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::command::End;

    use super::*;
    use crate::scripted::{Scripted, ran, stat};

    #[test]
    fn the_transports_are_listed_once() {
        let mut run = ran(&["ucx_info", "-d"], End::Exit(0), "");
        run.stdout = "#      Transport: tcp\n#      Transport: tcp\n#      Transport: cma\n".into();
        let reading = Reading {
            ran: vec![run],
            ..Reading::new()
        };
        let plain = Scripted::new();
        assert_eq!(
            judge(&reading, &Site::new(&plain)).summary,
            "UCX has cma, tcp"
        );
        let fast = plain.stat("/dev/infiniband/uverbs0", stat(0o020666));
        assert_eq!(judge(&reading, &Site::new(&fast)).status.as_str(), "warn");
    }
}
