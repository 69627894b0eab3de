//! `fi.providers`: which providers does libfabric have?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, rdma};

/// Providers of fast networks.
const FAST: &[&str] = &["verbs", "cxi", "efa", "psm", "opx", "gni", "usnic", "lnx"];

/// The row.
pub static PROBE: Probe = Probe {
    id: "fi.providers",
    manual: Manual {
        title: "Providers of libfabric",
        what: "The providers that fi_info lists: verbs, cxi, efa, psm, opx, tcp, shm and so on.",
        why: "MPI libraries on libfabric are as fast as the provider that they find. Where the node has a fast network and libfabric knows only tcp, the library was built without its provider.",
        how: "Runs fi_info -l, where it is in PATH.",
        user: "FI_PROVIDER names the provider that must be used, so that a missing one is an error.",
        admin: "Install the libfabric of the network's vendor.",
        refs: &["fi_info(1)", "fabric(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    match site.host.which("fi_info") {
        Some(path) => Reading::new().run(site, &[&path, "-l"]),
        None => Reading::new(),
    }
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(ran) = reading.ran.first() else {
        return Finding::skipped("fi_info is not in PATH").holding(false);
    };
    if !ran.ok() {
        return Finding::unknown(format!(
            "fi_info does not list providers: {}",
            ran.first_line()
        ));
    }
    // A provider is a line "NAME:", followed by its version.
    let names = ran.stdout.lines().filter_map(|line| line.strip_suffix(':'));
    let names: Vec<&str> = names
        .filter(|name| !name.starts_with(char::is_whitespace))
        .collect();
    if names.is_empty() {
        return Finding::fail("libfabric has no provider");
    }
    let fast = names
        .iter()
        .any(|name| FAST.iter().any(|fast| name.starts_with(fast)));
    let listed = names.join(", ");
    if !fast && !rdma::nodes(site).is_empty() {
        return Finding::warn(format!(
            "the node has a fast network, and libfabric has no provider for it: {listed}"
        ))
        .holding(false);
    }
    Finding::pass(format!("libfabric has {listed}"))
}

#[cfg(test)]
mod tests {
    use hpcctl_host::command::End;

    use super::*;
    use crate::scripted::{Scripted, ran, stat};

    fn find(host: &Scripted, stdout: &str) -> Finding {
        let mut ran = ran(&["fi_info", "-l"], End::Exit(0), "");
        ran.stdout = stdout.into();
        let reading = Reading {
            ran: vec![ran],
            ..Reading::new()
        };
        judge(&reading, &Site::new(host))
    }

    #[test]
    fn a_fast_network_wants_its_provider() {
        let slow = "tcp:\n    version: 117.0\nshm:\n    version: 117.0\n";
        assert_eq!(
            find(&Scripted::new(), slow).summary,
            "libfabric has tcp, shm"
        );
        let host = Scripted::new().stat("/dev/infiniband/uverbs0", stat(0o020666));
        assert_eq!(find(&host, slow).status.as_str(), "warn");
        assert_eq!(
            find(&host, "verbs:\n    version: 117.0\n").status.as_str(),
            "pass"
        );
        assert_eq!(find(&host, "").status.as_str(), "fail");
    }
}
