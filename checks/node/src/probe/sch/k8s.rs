//! `sch.k8s`: is the connector of PBS and Kubernetes in use?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, pbs, process};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sch.k8s",
    manual: Manual {
        title: "Kubernetes connector of PBS",
        what: "Whether the PBS server has the hook of the Kubernetes connector, or the node a kubelet.",
        why: "The connector is not maintained since 2020: Python 2, a proxy of root, the API server by plain HTTP.",
        how: "qmgr -c \"list hook\", and the names of the running processes.",
        user: "",
        admin: "Remove the hook; run pods beside PBS by other means.",
        refs: &["https://github.com/PBSPro/kubernetes-pbspro-connector"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let reading = pbs::list_hooks(site);
    match process::named(site, "kubelet") {
        Some(pid) => reading.fact("kubelet", pid),
        None => reading,
    }
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let hooks = reading
        .ran
        .first()
        .map(|ran| pbs::hooks(&ran.stdout))
        .unwrap_or_default();
    let connector = hooks
        .iter()
        .find(|(name, _)| name.to_lowercase().contains("kubernetes"));
    match (connector, reading.facts.first()) {
        (Some((name, _)), _) => Finding::warn(format!(
            "the hook {name} is of a connector that is not maintained since 2020 (Python 2, plain HTTP)"
        )),
        (None, Some((_, pid))) => Finding::warn(format!(
            "a kubelet runs here (process {pid}): what its pods use, jobs do not see"
        ))
        .holding(false),
        (None, None) => {
            Finding::skipped("neither the connector nor a kubelet is here").holding(false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn a_kubelet_is_named() {
        let find = |host: &Scripted| {
            let site = Site::new(host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find(&Scripted::new()), "skipped");
        assert_eq!(
            find(&Scripted::new().file("/proc/9/comm", "kubelet\n")),
            "warn"
        );
    }
}
