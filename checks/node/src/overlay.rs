//! Overlays inside a user namespace: what the probes of one share.
//!
//! Sources: `Documentation/filesystems/overlayfs.rst`, and five kernels from 5.10 to 7.2 on
//! which these trials were measured.

use hpcctl_host::{Errno, Op, Trial};
use hpcctl_model::doctor::Cost;

use crate::finding::admin;
use crate::{Cause, Site, attribute};

/// The first kernel that lets a user namespace mount overlays.
const IN_NAMESPACES: (u32, u32) = (5, 11);

/// The first kernel whose tmpfs has user.* attributes.
pub const TMPFS_ATTRIBUTES: (u32, u32) = (6, 6);

/// Where the tmpfs of a trial goes, in a mount namespace of its own: every node has it.
pub const TMPFS: &str = "/tmp";

/// A trial that stands in an empty tmpfs, seen by nobody else.
pub fn in_tmpfs(site: &Site<'_>) -> Trial {
    Trial::in_mount_namespace(&site.caller)
        .op(Op::tmpfs(TMPFS))
        .op(Op::Chdir(TMPFS.into()))
}

/// A trial that mounts an overlay in a directory of its own where temporary files go.
pub fn on_disk(site: &Site<'_>) -> Trial {
    let trial = Trial::in_mount_namespace(&site.caller).subject();
    layers(trial.op(Op::Scratch(site.temp.clone()))).op(mounted())
}

/// Makes the four directories, with a file `file` and one below `dir` in the lower one.
pub fn layers(trial: Trial) -> Trial {
    let trial = ["lower", "upper", "work", "merged", "lower/dir"]
        .iter()
        .fold(trial, |trial, dir| trial.op(Op::Mkdir((*dir).into())));
    ["lower/file", "lower/dir/file"]
        .iter()
        .fold(trial, |trial, path| {
            trial.op(Op::Create {
                path: (*path).into(),
                data: "x".into(),
            })
        })
}

/// Mounts them, the way that rootless runtimes do. Relative paths, because a colon or a
/// comma in an absolute one would end the option.
pub fn mounted() -> Op {
    Op::mount(
        "overlay",
        "merged",
        "overlay",
        0,
        "lowerdir=lower,upperdir=upper,workdir=work,userxattr",
    )
}

/// Why an overlay was refused; what its upper directory lies on is not looked at.
pub fn cause(errno: Errno, site: &Site<'_>) -> Cause {
    let kernel = release(site);
    match errno {
        Errno::ENODEV => Cause::new("the kernel has no overlay, or its module is not loaded")
            .shown_by("/proc/filesystems", "no overlay")
            .step(admin(
                Cost::AdminSysctl,
                "load the module overlay",
                "modprobe overlay && echo overlay > /etc/modules-load.d/overlay.conf",
            )),
        Errno::EPERM if kernel.is_some_and(|kernel| kernel < IN_NAMESPACES) => too_old(
            site,
            IN_NAMESPACES,
            "does not mount overlays in user namespaces",
        ),
        Errno::EPERM | Errno::ENOSYS if site.seccomp == Some(2) => attribute::seccomp(site),
        Errno::EACCES => attribute::security_module(site),
        other => Cause::new(format!(
            "mount(overlay) ended in {other}, for a cause that is not known"
        )),
    }
}

/// A kernel that is too old for something.
pub fn too_old(site: &Site<'_>, (major, minor): (u32, u32), what: &str) -> Cause {
    let release = site.sysctl("kernel.osrelease").unwrap_or_default();
    Cause::new(format!("Linux {release} {what}; {major}.{minor} does"))
        .shown_by("/proc/sys/kernel/osrelease", release)
        .step(admin(
            Cost::Reboot,
            &format!("boot a kernel from {major}.{minor} on"),
            "",
        ))
}

/// The kernel's version, major and minor. Distributions backport: it explains a failure,
/// it never foretells one.
pub fn release(site: &Site<'_>) -> Option<(u32, u32)> {
    let release = site.sysctl("kernel.osrelease")?;
    let mut parts = release.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    const RELEASE: &str = "/proc/sys/kernel/osrelease";

    #[test]
    fn the_release_is_read_whatever_follows_it() {
        let read = |text| release(&Site::new(&Scripted::new().file(RELEASE, text)));
        assert_eq!(read("5.10.0-32-cloud-amd64\n"), Some((5, 10)));
        assert_eq!(read("6.18.44-custom\n"), Some((6, 18)));
        assert_eq!(read("nonsense\n"), None);
    }

    #[test]
    fn an_old_kernel_a_missing_module_and_the_rest_are_told_apart() {
        let text = |release: &str, errno| {
            cause(errno, &Site::new(&Scripted::new().file(RELEASE, release))).text
        };
        assert!(text("5.10.0", Errno::EPERM).contains("5.11 does"));
        assert!(text("6.1.0", Errno::EPERM).contains("not known"));
        assert!(text("6.1.0", Errno::EACCES).contains("security module"));
        assert!(text("6.1.0", Errno::ENODEV).contains("module is not loaded"));
        assert!(text("6.1.0", Errno::EINVAL).contains("not known"));
    }
}
