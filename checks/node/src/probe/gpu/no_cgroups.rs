//! `gpu.no_cgroups`: may the legacy hook run rootless?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, cgroup};

const PATH: &str = "/etc/nvidia-container-runtime/config.toml";

/// The row.
pub static PROBE: Probe = Probe {
    id: "gpu.no_cgroups",
    manual: Manual {
        title: "no-cgroups of the NVIDIA runtime",
        what: "Whether no-cgroups = true is set in /etc/nvidia-container-runtime/config.toml.",
        why: "Where cgroup v1 is in use the legacy NVIDIA hook writes to the device cgroup, which an ordinary user may not: rootless containers with a GPU fail unless the hook is told not to.",
        how: "Reads the file, where there is one.",
        user: "Use CDI instead: podman run --device nvidia.com/gpu=all …",
        admin: "sed -i \"s/^#*no-cgroups = .*/no-cgroups = true/\" /etc/nvidia-container-runtime/config.toml",
        refs: &["https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    Reading::new().file(site, PATH)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let text = match reading.files.first() {
        Some((_, Ok(text))) => text,
        Some((_, Err(hpcctl_host::Errno::ENOENT))) => {
            return Finding::skipped("the legacy NVIDIA runtime is not configured here");
        }
        _ => return Finding::unknown(format!("{PATH} cannot be read")),
    };
    let Ok(table) = text.parse::<toml::Table>() else {
        return Finding::fail(format!("{PATH} is not valid TOML"));
    };
    let section = table
        .get("nvidia-container-cli")
        .and_then(toml::Value::as_table);
    let set = section.and_then(|section| section.get("no-cgroups")?.as_bool());
    if set == Some(true) || site.is_root() {
        return Finding::pass("the legacy NVIDIA hook leaves control groups alone, or root asks");
    }
    if cgroup::layout(&cgroup::read(site)) == cgroup::Layout::V2 {
        return Finding::pass("cgroup v2 alone is mounted, where the hook needs no such setting");
    }
    Finding::warn("the legacy NVIDIA hook writes to the device cgroup, which fails rootless")
        .holding(false)
        .step(admin(
            Cost::AdminSysctl,
            "let it leave control groups alone",
            "nvidia-ctk config --set nvidia-container-cli.no-cgroups=true --in-place",
        ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn the_setting_is_read() {
        let find = |text: &str| {
            let host = Scripted::new().file(PATH, text);
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find("[nvidia-container-cli]\nno-cgroups = true\n"), "pass");
        assert_eq!(find("[nvidia-container-cli]\n"), "warn");
        assert_eq!(find("[nvidia"), "fail");
    }
}
