//! `gpu.cdi`: do the CDI specifications fit the node?

use hpcctl_host::cdi;
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, gpu};

const DRIVER: &str = "the loaded driver";

/// What podman is asked for; there are others of NVIDIA's, such as `management.nvidia.com/gpu`.
const KIND: &str = "nvidia.com/gpu";

/// The row.
pub static PROBE: Probe = Probe {
    id: "gpu.cdi",
    manual: Manual {
        title: "CDI specifications",
        what: "Whether there is a CDI specification for the GPUs, every file it names exists, and it is of the loaded driver.",
        why: "Podman and Docker hand GPUs to containers by the Container Device Interface. The specification lists files by name and version: after an update of the driver it is stale, and containers fail to start or miss libraries.",
        how: "Reads the specifications in /etc/cdi and /var/run/cdi, looks for every hostPath in them, and compares the version in the names of the driver libraries with the loaded driver.",
        user: "",
        admin: "After each update of the driver, unless nvidia-cdi-refresh.service does it: nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml",
        refs: &[
            "https://github.com/cncf-tags/container-device-interface",
            "nvidia-ctk cdi generate",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let Some(driver) = gpu::driver(site, gpu::Vendor::Nvidia) else {
        return Reading::new();
    };
    let mut reading = Reading::new().fact(DRIVER, driver);
    for dir in cdi::DIRECTORIES {
        let names = site.host.list(dir).unwrap_or_default();
        let specifications = names.iter().filter(|name| cdi::is_specification(name));
        for name in specifications.take(cdi::FILES) {
            reading = reading.file(site, &format!("{dir}/{name}"));
        }
    }
    reading
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some((_, driver)) = reading.facts.first() else {
        // Other GPUs are handed over by their device files.
        let others = !gpu::vendors(site).is_empty();
        return Finding::skipped("no driver of NVIDIA is loaded").holding(others);
    };
    let texts = reading
        .files
        .iter()
        .filter_map(|(path, read)| Some((path, read.as_ref().ok()?)));
    let ours: Vec<_> = texts
        .filter(|(_, text)| cdi::kind(text).as_deref() == Some(KIND))
        .collect();
    let Some((path, text)) = ours.first() else {
        return Finding::warn("there is no CDI specification for the GPUs")
            .holding(false)
            .step(generate());
    };
    let paths = cdi::host_paths(text);
    if let Some(stale) = paths
        .iter()
        .find_map(|path| version(path).filter(|found| found != driver))
    {
        return Finding::fail(format!(
            "{path} is of driver {stale}, the loaded one is {driver}"
        ))
        .step(generate());
    }
    match paths.iter().find(|path| site.host.stat(path).is_err()) {
        Some(missing) => {
            Finding::fail(format!("{path} names {missing}, which is not there")).step(generate())
        }
        None => Finding::pass(format!("{path} fits the loaded driver {driver}")),
    }
}

/// The version in the name of a library of the driver.
fn version(path: &str) -> Option<&str> {
    let (_, version) = path.split_once("libcuda.so.")?;
    version.contains('.').then_some(version)
}

fn generate() -> hpcctl_model::doctor::Step {
    admin(
        Cost::AdminSysctl,
        "write the specification for the loaded driver",
        "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::tests::nvidia;

    fn find(specification: &str) -> Finding {
        let host = nvidia("535.129.03")
            .file("/etc/cdi/nvidia.yaml", specification)
            .stat(
                "/usr/lib64/libcuda.so.535.129.03",
                crate::scripted::stat(0o100644),
            );
        let site = Site::new(&host);
        judge(&read(&site), &site)
    }

    #[test]
    fn a_specification_is_fresh_stale_or_names_what_is_gone() {
        let fresh = "kind: nvidia.com/gpu\n  - hostPath: /usr/lib64/libcuda.so.535.129.03\n";
        assert_eq!(find(fresh).status.as_str(), "pass");
        let json =
            r#"{"kind":"nvidia.com/gpu","hostPath": "/usr/lib64/libcuda.so.535.129.03","x":1}"#;
        assert_eq!(find(json).status.as_str(), "pass");
        let stale = find("kind: nvidia.com/gpu\nhostPath: /usr/lib64/libcuda.so.525.60.13\n");
        assert!(stale.summary.contains("525.60.13"), "{}", stale.summary);
        let gone = find("kind: nvidia.com/gpu\nhostPath: /usr/bin/nvidia-smi\n");
        assert!(gone.summary.contains("not there"), "{}", gone.summary);
        for other in ["vendor.com/net", "management.nvidia.com/gpu"] {
            assert_eq!(
                find(&format!("kind: {other}\n")).holds,
                Some(false),
                "{other}"
            );
        }
    }
}
