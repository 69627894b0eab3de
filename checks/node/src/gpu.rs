//! GPUs: what the probes of them share.
//!
//! Sources: sysfs-pci of the kernel, /proc/driver/nvidia, pci.ids for the vendors' numbers.

use hpcctl_model::doctor::{Cost, Step};

use crate::finding::admin;
use crate::package::Package;
use crate::{Finding, Reading, Site, helper};

const DEVICES: &str = "/sys/bus/pci/devices";

/// The most PCI devices that are looked at.
const CARDS: usize = 4096;

/// Where the libraries of the driver are, by the habits of the distributions.
const LIBRARIES: &[&str] = &[
    "/usr/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib",
    "/lib64",
];

/// Who made a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vendor {
    /// NVIDIA.
    Nvidia,
    /// AMD.
    Amd,
    /// Intel, data centre GPUs alone.
    Intel,
}

impl Vendor {
    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nvidia => "NVIDIA",
            Self::Amd => "AMD",
            Self::Intel => "Intel",
        }
    }

    /// The number on the PCI bus, as sysfs writes it.
    fn id(self) -> &'static str {
        match self {
            Self::Nvidia => "0x10de",
            Self::Amd => "0x1002",
            Self::Intel => "0x8086",
        }
    }
}

/// A GPU on the PCI bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The address, such as `0000:1b:00.0`.
    pub address: String,
    /// Who made it.
    pub vendor: Vendor,
}

/// The GPUs of the node, by address.
pub fn cards(site: &Site<'_>) -> Vec<Card> {
    let addresses = site.host.list(DEVICES).unwrap_or_default();
    let found = addresses.into_iter().take(CARDS).filter_map(|address| {
        let of = |name: &str| site.host.read(&format!("{DEVICES}/{address}/{name}")).ok();
        let vendor = vendor(of("vendor")?.trim(), of("class")?.trim())?;
        Some(Card { address, vendor })
    });
    found.collect()
}

/// The maker of a GPU: classes 03 (display) and 12 (processing accelerator). Intel's that
/// draw pictures are in nearly every desktop; only its "other display controller" computes.
fn vendor(vendor: &str, class: &str) -> Option<Vendor> {
    let display = class.starts_with("0x03") || class.starts_with("0x12");
    let mut all = [Vendor::Nvidia, Vendor::Amd, Vendor::Intel].into_iter();
    match all.find(|known| known.id() == vendor)? {
        Vendor::Intel if class.starts_with("0x0380") || class.starts_with("0x12") => {
            Some(Vendor::Intel)
        }
        Vendor::Intel => None,
        other => display.then_some(other),
    }
}

/// The vendors of the GPUs of the node, each once.
pub fn vendors(site: &Site<'_>) -> Vec<Vendor> {
    let mut vendors: Vec<Vendor> = cards(site).into_iter().map(|card| card.vendor).collect();
    // In a virtual machine or a container the driver may be there without the bus.
    if driver(site, Vendor::Nvidia).is_some() {
        vendors.push(Vendor::Nvidia);
    }
    vendors.sort_unstable();
    vendors.dedup();
    vendors
}

/// The version of a loaded driver, or its name where it has none; none where it is not loaded.
pub fn driver(site: &Site<'_>, vendor: Vendor) -> Option<String> {
    let there = |module: &str| site.host.stat(&format!("/sys/module/{module}")).is_ok();
    match vendor {
        Vendor::Nvidia => {
            let text = site.host.read("/proc/driver/nvidia/version");
            let text = text.or_else(|_| site.host.read("/sys/module/nvidia/version"));
            text.ok().as_deref().and_then(version)
        }
        Vendor::Amd => there("amdgpu").then(|| "amdgpu".into()),
        Vendor::Intel => ["xe", "i915"]
            .into_iter()
            .find(|name| there(name))
            .map(Into::into),
    }
}

/// The first word that is a version: digits and dots.
fn version(text: &str) -> Option<String> {
    let is_version = |word: &&str| {
        word.contains('.')
            && word.starts_with(|c: char| c.is_ascii_digit())
            && word.chars().all(|c| c.is_ascii_digit() || c == '.')
    };
    text.split_whitespace()
        .find(is_version)
        .map(ToOwned::to_owned)
}

/// The device files that a program needs to use the GPUs whose driver is loaded.
pub fn nodes(site: &Site<'_>) -> Vec<String> {
    let mut nodes = Vec::new();
    for vendor in vendors(site) {
        if driver(site, vendor).is_none() {
            continue;
        }
        match vendor {
            Vendor::Nvidia => {
                nodes.push("/dev/nvidiactl".into());
                let cards = site
                    .host
                    .list("/proc/driver/nvidia/gpus")
                    .unwrap_or_default();
                nodes.extend((0..cards.len().min(CARDS)).map(|n| format!("/dev/nvidia{n}")));
            }
            Vendor::Amd => {
                nodes.push("/dev/kfd".into());
                nodes.extend(render(site, vendor));
            }
            Vendor::Intel => nodes.extend(render(site, vendor)),
        }
    }
    nodes
}

/// The device files by which GPUs compute, but for those of which it is known that another made the GPU.
fn render(site: &Site<'_>, vendor: Vendor) -> Vec<String> {
    let names = site.host.list("/dev/dri").unwrap_or_default();
    let names = names.into_iter().filter(|name| name.starts_with("renderD"));
    let may_be = |name: &String| {
        let id = site
            .host
            .read(&format!("/sys/class/drm/{name}/device/vendor"));
        id.map_or(true, |id| id.trim() == vendor.id())
    };
    let names = names.filter(may_be);
    names.map(|name| format!("/dev/dri/{name}")).collect()
}

/// Libraries of the driver whose file name ends in their version: path and version.
pub fn libraries(site: &Site<'_>, stem: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for dir in LIBRARIES {
        for name in site.host.list(dir).unwrap_or_default() {
            let version = name
                .strip_prefix(stem)
                .filter(|version| version.contains('.'));
            if let Some(version) = version {
                found.push((format!("{dir}/{name}"), version.to_owned()));
            }
        }
    }
    found
}

/// Looks for a helper of NVIDIA's, where its driver is loaded, and asks for its version.
pub fn read_helper(site: &Site<'_>, program: &str) -> Reading {
    match driver(site, Vendor::Nvidia) {
        Some(driver) => {
            let mut reading = helper::read(site, program);
            reading.facts.push(("the loaded driver".into(), driver));
            reading
        }
        None => Reading::new(),
    }
}

/// Judges whether that helper is there and starts; other GPUs are handed over without it.
pub fn judge_helper(
    reading: &Reading,
    site: &Site<'_>,
    program: &str,
    package: Package,
) -> Finding {
    if reading.facts.is_empty() {
        let others = !vendors(site).is_empty();
        return Finding::skipped("no driver of NVIDIA is loaded").holding(others);
    }
    helper::judge(reading, site, program, package)
}

/// Loads a driver.
pub fn load(vendor: Vendor) -> Step {
    let module = match vendor {
        Vendor::Nvidia => "nvidia",
        Vendor::Amd => "amdgpu",
        Vendor::Intel => "i915",
    };
    admin(
        Cost::AdminSysctl,
        &format!("load the driver {module}"),
        &format!("modprobe {module}"),
    )
}

/// Makes a missing device file of NVIDIA's.
pub fn make(path: &str) -> Step {
    let option = if path.contains("uvm") {
        "-u -c 0"
    } else {
        "-c 0"
    };
    admin(
        Cost::AdminSysctl,
        "make the device files",
        &format!("nvidia-modprobe {option}"),
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::scripted::Scripted;

    /// A node with a card of this vendor on its bus.
    pub(crate) fn card(vendor: &str) -> Scripted {
        Scripted::new()
            .file(&format!("{DEVICES}/0000:1b:00.0/vendor"), vendor)
            .file(&format!("{DEVICES}/0000:1b:00.0/class"), "0x030200")
    }

    /// A node with a GPU of NVIDIA's and its driver loaded.
    pub(crate) fn nvidia(version: &str) -> Scripted {
        let text = format!(
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  {version}  Thu Oct 19\nGCC version: gcc 12.2.0\n"
        );
        card("0x10de").file("/proc/driver/nvidia/version", &text)
    }

    #[test]
    fn the_version_of_the_driver_is_found_in_its_banner() {
        let host = nvidia("535.129.03");
        let found = driver(&Site::new(&host), Vendor::Nvidia);
        assert_eq!(found.as_deref(), Some("535.129.03"));
    }

    #[test]
    fn desktop_graphics_is_no_gpu_that_computes() {
        assert_eq!(vendor("0x8086", "0x030000"), None);
        assert_eq!(vendor("0x8086", "0x038000"), Some(Vendor::Intel));
        assert_eq!(vendor("0x10de", "0x040300"), None);
    }

    #[test]
    fn the_device_files_follow_the_driver() {
        let host = nvidia("535.1").file("/proc/driver/nvidia/gpus/0000:1b:00.0/information", "");
        assert_eq!(nodes(&Site::new(&host)), ["/dev/nvidiactl", "/dev/nvidia0"]);
        assert!(nodes(&Site::new(&card("0x10de"))).is_empty());
        let drm = |number: u32| format!("/sys/class/drm/renderD{number}/device/vendor");
        let device = |host: Scripted, number: u32| {
            let path = format!("/dev/dri/renderD{number}");
            host.stat(&path, crate::scripted::stat(0o020666))
        };
        let host = card("0x1002").stat("/sys/module/amdgpu", crate::scripted::stat(0o040755));
        let host = (128..131).fold(host, device);
        let host = host.file(&drm(128), "0x1002\n").file(&drm(129), "0x8086\n");
        let wanted = ["/dev/kfd", "/dev/dri/renderD128", "/dev/dri/renderD130"];
        assert_eq!(nodes(&Site::new(&host)), wanted);
    }
}
