//! GPUs of the host: the device files that a container needs beside the libraries, and the libraries
//! that those of a driver open as they run.
//!
//! The device files are those that `nvidia-container-cli list` and the kernel's drivers amdgpu and xe
//! have; that a driver's library opens others is what Apptainer's `nvliblist.conf` lists them for. Whose
//! GPU is behind a device file of the kernel's DRM, its number on the PCI bus tells in sysfs.

use hpcctl_host::cdi;
use hpcctl_model::Unknown;
use hpcctl_model::abi::{AbiVerdict, Binding, Gpu};

use crate::devices;
use crate::families::Family;
use crate::programs::Using;
use crate::root::{HostRoot, Object, Root, Side};

/// Whoever makes GPUs.
struct Maker {
    name: &'static str,
    /// The families of what programs use them by.
    families: &'static [&'static str],
    /// The device files; `#` at the end is any number.
    devices: &'static [&'static str],
    /// The number on the PCI bus, pci.ids.
    vendor: &'static str,
    /// What kind of device the specifications of CDI call them.
    kind: &'static str,
    /// Whether they hand over the driver's libraries, too.
    brings: bool,
}

/// NVIDIA, whose driver has libraries for every program on the host.
pub(crate) const NVIDIA: &str = "NVIDIA";

/// AMD, of whose libraries images have their own.
pub(crate) const AMD: &str = "AMD";

static MAKERS: &[Maker] = &[
    Maker {
        name: NVIDIA,
        families: &["CUDA driver", "NVML"],
        devices: &[
            "/dev/nvidiactl",
            "/dev/nvidia-uvm",
            "/dev/nvidia-uvm-tools",
            "/dev/nvidia#",
            "/dev/nvidia-caps/nvidia-cap#",
        ],
        vendor: "0x10de",
        kind: "nvidia.com/gpu",
        brings: true,
    },
    Maker {
        name: AMD,
        families: &["HIP", "HSA"],
        devices: &["/dev/kfd", "/dev/dri/renderD#"],
        vendor: "0x1002",
        kind: "amd.com/gpu",
        brings: false,
    },
    Maker {
        name: "Intel",
        families: &["Level Zero"],
        devices: &["/dev/dri/renderD#"],
        vendor: "0x8086",
        kind: "intel.com/gpu",
        brings: false,
    },
];

/// The device of a specification that stands for every GPU of a node.
const EVERY: &str = "all";

/// The most bytes of a specification.
const MOST: u64 = 1 << 20;

/// What a library opens as it runs, by the names without numbers.
static OPENED: &[(&str, &[&str])] = &[(
    crate::driver::DRIVER,
    &[
        "libnvidia-ptxjitcompiler",
        "libnvidia-nvvm",
        "libnvidia-nvvm70",
        "libnvidia-gpucomp",
    ],
)];

/// The maker of what a library is for.
pub(crate) fn maker(soname: &str) -> Option<&'static str> {
    let family = Family::named(soname)?;
    let mut makers = MAKERS.iter();
    let found = makers.find(|maker| maker.families.contains(&family.name));
    found.map(|maker| maker.name)
}

/// Whether what hands over the GPUs of a maker hands over the driver's libraries, too.
pub(crate) fn brings(maker: &str) -> bool {
    let mut makers = MAKERS.iter();
    makers.any(|row| row.name == maker && row.brings)
}

/// The GPUs of the host.
#[derive(Default)]
pub(crate) struct OfHost {
    pub(crate) gpus: Vec<Gpu>,
    /// Device files of which it is not known who made the GPU, so that they are nobody's.
    pub(crate) unknowns: Vec<Unknown>,
}

/// What containers of these programs need of the host's GPUs; of a maker of whom the host has nothing
/// there is no word.
pub(crate) fn of(root: &HostRoot, programs: &[Using], bindings: &[Binding]) -> OfHost {
    let mut found = OfHost::default();
    let needs = |maker: &Maker| {
        let mut names = programs.iter().flat_map(|using| &using.needs);
        names.any(|name| self::maker(name) == Some(maker.name))
    };
    for maker in MAKERS.iter().filter(|maker| needs(maker)) {
        let works = |row: &&Binding| row.verdict <= AbiVerdict::Degraded;
        let own = |row: &&Binding| maker.families.contains(&row.family.as_str());
        let libraries = bindings.iter().filter(own).filter(works);
        let libraries: Vec<&str> = libraries.map(|row| row.host_path.as_str()).collect();
        let mut devices = devices::there(root, maker.devices);
        devices.retain(|device| match is_of(root, device, maker.vendor) {
            Some(is_own) => is_own,
            None => {
                let why =
                    "who made its GPU cannot be read in /sys/class/drm: it is not handed over";
                let unknown = Unknown::new(device, why);
                if !found.unknowns.contains(&unknown) {
                    found.unknowns.push(unknown);
                }
                false
            }
        });
        if !devices.is_empty() || !libraries.is_empty() {
            found.gpus.push(Gpu {
                vendor: maker.name.to_owned(),
                devices,
                cdi: specified(root, maker, &libraries),
            });
        }
    }
    found
}

/// The device files that the GPUs of each maker have.
const OF_EACH: &str = "/dev/dri/";

/// The most bytes of a number on the PCI bus.
const MOST_NUMBER: u64 = 64;

/// Whether a device file is of a GPU of a maker; none where that cannot be read.
fn is_of(root: &HostRoot, device: &str, vendor: &str) -> Option<bool> {
    let Some(name) = device.strip_prefix(OF_EACH) else {
        return Some(true);
    };
    let dir = format!("/sys/class/drm/{name}/device");
    match root.bytes(&format!("{dir}/vendor"), MOST_NUMBER) {
        Some(number) => Some(number.trim_ascii() == vendor.as_bytes()),
        None => {
            let names = root.list(&dir);
            // What is on no PCI bus is of none of them.
            let is_elsewhere = !names.is_empty() && !names.iter().any(|name| name == "vendor");
            is_elsewhere.then_some(false)
        }
    }
}

/// The name by which a specification of CDI hands over every GPU of a maker, together with the very
/// libraries that were judged where it brings such; none where one is of another driver.
fn specified(root: &HostRoot, maker: &Maker, libraries: &[&str]) -> Option<String> {
    let fits = |path: &String| {
        let bytes = root.bytes(path, MOST).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        if cdi::kind(&text).as_deref() != Some(maker.kind) || !cdi::has_device(&text, EVERY) {
            return false;
        }
        let paths = cdi::host_paths(&text);
        if !maker.brings {
            // What it would bind was not judged.
            return paths.iter().all(|path| path.starts_with("/dev/"));
        }
        let brings = |library: &&str| paths.iter().any(|path| root.place(path) == **library);
        let is_whole = paths.iter().all(|path| root.has(path));
        is_whole && !libraries.is_empty() && libraries.iter().all(brings)
    };
    let files = cdi::DIRECTORIES.iter().flat_map(|dir| {
        let names = root.list(dir).into_iter();
        let names = names.filter(|name| cdi::is_specification(name));
        names
            .take(cdi::FILES)
            .map(move |name| format!("{dir}/{name}"))
    });
    let mut files = files.filter(fits);
    files.next().map(|_| format!("{}={EVERY}", maker.kind))
}

/// The names by which a library of the host opens others that lie beside it.
pub(crate) fn opened(library: &Object, root: &dyn Root) -> Vec<String> {
    let soname = library.linkage.soname.as_deref();
    let row = OPENED.iter().find(|(name, _)| Some(*name) == soname);
    let Some((_, stems)) = row.filter(|_| library.side == Side::Host) else {
        return Vec::new();
    };
    let dir = crate::search::directory(&library.real);
    let is_one = |name: &String| {
        let stem = name.split_once(".so.").map(|(stem, _)| stem);
        stem.is_some_and(|stem| stems.contains(&stem))
    };
    let names = root.list(dir).into_iter().filter(is_one);
    let objects = names.filter_map(|name| root.find(&format!("{dir}/{name}")));
    let mut sonames: Vec<String> = objects
        .filter_map(|object| object.linkage.soname.clone())
        .collect();
    sonames.sort_unstable();
    sonames.dedup();
    sonames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_of_a_gpu_is_of_a_maker() {
        for family in crate::families::FAMILIES {
            let is_gpu = family.kind == crate::families::Kind::Gpu;
            for soname in family.sonames {
                assert_eq!(maker(soname).is_some(), is_gpu, "{soname}");
            }
        }
    }
}
