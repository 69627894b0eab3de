//! `gpu.fabricmanager`: does NVSwitch have its fabric manager?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, process};

const SWITCHES: &str = "/proc/driver/nvidia-nvswitch/devices";
const RUNS: &str = "nv-fabricmanager runs";

/// The row.
pub static PROBE: Probe = Probe {
    id: "gpu.fabricmanager",
    manual: Manual {
        title: "Fabric manager",
        what: "Whether nv-fabricmanager runs where the node has NVSwitches.",
        why: "On nodes with NVSwitches CUDA does not start (error 802, system not yet initialized) until the fabric manager, of exactly the version of the driver, has set the switches up.",
        how: "/proc/driver/nvidia-nvswitch/devices, and the names of the running processes.",
        user: "",
        admin: "systemctl enable --now nvidia-fabricmanager",
        refs: &["https://docs.nvidia.com/datacenter/tesla/fabric-manager-user-guide/"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let switches = site.host.list(SWITCHES).unwrap_or_default();
    if switches.is_empty() {
        return Reading::new();
    }
    let running = process::named(site, "nv-fabricmanage").is_some();
    Reading::new()
        .fact(SWITCHES, switches.len())
        .fact(RUNS, running)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    match reading.facts.as_slice() {
        [(_, switches), (_, running)] if running == "true" => {
            Finding::pass(format!("the fabric manager runs for {switches} NVSwitches"))
        }
        [(_, switches), _] => Finding::fail(format!(
            "the node has {switches} NVSwitches, and the fabric manager does not run"
        ))
        .step(admin(
            Cost::AdminSysctl,
            "start it, now and at each boot",
            "systemctl enable --now nvidia-fabricmanager",
        )),
        _ => Finding::skipped("the node has no NVSwitch"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn only_switches_need_it() {
        let find = |host: &Scripted| {
            let site = Site::new(host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find(&Scripted::new()), "skipped");
        let host = Scripted::new().file(&format!("{SWITCHES}/0000:87:00.0"), "");
        assert_eq!(find(&host), "fail");
        // The kernel cuts names at 15 characters.
        assert_eq!(
            find(&host.file("/proc/77/comm", "nv-fabricmanage\n")),
            "pass"
        );
    }
}
