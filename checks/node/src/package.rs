//! How a program is installed, by distribution.

use hpcctl_model::doctor::{Cost, Step};

use crate::Site;
use crate::finding::admin;

/// The names of a package, where they differ.
#[derive(Debug, Clone, Copy)]
pub struct Package {
    /// Debian, Ubuntu and their kin.
    pub debian: &'static str,
    /// Fedora, Red Hat Enterprise Linux and their kin.
    pub fedora: &'static str,
    /// SUSE.
    pub suse: &'static str,
}

impl Package {
    /// A package that has the same name everywhere.
    pub const fn named(name: &'static str) -> Self {
        Self {
            debian: name,
            fedora: name,
            suse: name,
        }
    }

    /// The step that installs it: one command where the distribution is known, else all.
    pub fn install(&self, program: &str, site: &Site<'_>) -> Step {
        let apt = format!("apt-get install -y {}", self.debian);
        let dnf = format!("dnf install -y {}", self.fedora);
        let zypper = format!("zypper install -y {}", self.suse);
        let command = match site.distribution().as_str() {
            "debian" | "ubuntu" | "linuxmint" | "raspbian" => apt,
            "fedora" | "rhel" | "rocky" | "almalinux" | "centos" | "ol" | "amzn" => dnf,
            name if name.starts_with("sle") || name.starts_with("opensuse") => zypper,
            _ => format!("{apt} || {dnf} || {zypper}"),
        };
        admin(Cost::AdminPackage, &format!("install {program}"), &command)
    }
}
