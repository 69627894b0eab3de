//! Drivers of the kernel: there, loadable, or missing.
//!
//! Sources: proc_filesystems(5), modules.builtin and modules.dep(5) of the running kernel.

use hpcctl_model::doctor::Cost;

use crate::finding::admin;
use crate::{Finding, Reading, Site, attribute};

const FILESYSTEMS: &str = "/proc/filesystems";

/// A file system driver.
#[derive(Debug, Clone, Copy)]
pub struct Driver {
    /// The name of the file system and of the module.
    pub name: &'static str,
    /// The option that builds it, without CONFIG_.
    pub option: &'static str,
}

/// Looks for it among the file systems that the kernel has now, else among its modules.
pub fn read(site: &Site<'_>, driver: Driver) -> Reading {
    let known = site.host.read(FILESYSTEMS).unwrap_or_default();
    let has = known
        .lines()
        .any(|line| line.split_whitespace().last() == Some(driver.name));
    let reading = Reading::new().fact(FILESYSTEMS, if has { driver.name } else { "not there" });
    if has {
        return reading;
    }
    let release = site.sysctl("kernel.osrelease").unwrap_or_default();
    let tree = format!("/lib/modules/{release}");
    let mut listed = None;
    for list in ["modules.builtin", "modules.dep"] {
        if let Ok(text) = site.host.read(&format!("{tree}/{list}")) {
            let file = format!("/{}.ko", driver.name);
            let found = text
                .lines()
                .any(|line| line.split(':').next().unwrap_or("").contains(&file));
            listed = Some(listed.unwrap_or(false) || found);
        }
    }
    reading.fact(
        &tree,
        match listed {
            Some(true) => "loadable",
            Some(false) => "no such module",
            None => "cannot be read",
        },
    )
}

/// Judges it.
pub fn judge(reading: &Reading, _: &Site<'_>, driver: Driver) -> Finding {
    let Driver { name, option } = driver;
    match reading.facts.as_slice() {
        [(_, found)] if found == name => Finding::pass(format!("the kernel has {name}")),
        [_, (_, found)] if found == "loadable" => {
            Finding::warn(format!("{name} is a module that is not loaded"))
                .holding(false)
                .step(admin(
                    Cost::AdminSysctl,
                    &format!("load {name}, now and at each boot"),
                    &format!("modprobe {name} && echo {name} > /etc/modules-load.d/{name}.conf"),
                ))
        }
        [_, (_, found)] if found == "no such module" => Finding::caused(
            &format!("the kernel has no {name}"),
            attribute::not_built(option),
        ),
        _ => Finding::unknown(format!(
            "{name} is not loaded, and whether it can be is not known: the kernel's modules cannot be read"
        )),
    }
}
