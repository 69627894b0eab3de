//! Why a namespace was refused: the same errno has several causes, told apart here.
//!
//! The rules come from user_namespaces(7), seccomp(2), the kernel's
//! `Documentation/admin-guide/sysctl/user.rst` and faults that were planted and measured.

use hpcctl_host::{Errno, Tried};
use hpcctl_model::doctor::Cost;

use crate::finding::{admin, sysctl, user};
use crate::{Cause, Finding, Site};

/// A generous limit for namespaces, the kernel's own default on a node with 8 GiB.
const LIMIT: i64 = 28_633;

/// Why a user namespace was refused with this errno.
pub fn user_namespace(errno: Errno, site: &Site<'_>) -> Cause {
    match errno {
        Errno::ENOSPC => limit("user", site),
        Errno::EUSERS => {
            Cause::new("user namespaces are nested 32 deep, the kernel's bound").step(user(
                Cost::User,
                "start from a shell that is nested less deep",
                "",
            ))
        }
        Errno::EINVAL => not_built("USER_NS"),
        Errno::EACCES => security_module(site),
        Errno::EPERM => refused(site),
        Errno::ENOSYS => seccomp(site),
        other => Cause::new(format!("unshare(2) ended in {other}")),
    }
}

/// EPERM has the most causes; they are tried in the order in which the kernel checks.
fn refused(site: &Site<'_>) -> Cause {
    if site.seccomp == Some(2) {
        return seccomp(site);
    }
    if site.sysctl_number("kernel.unprivileged_userns_clone") == Some(0) && !site.is_root() {
        return Cause::new("the sysctl kernel.unprivileged_userns_clone is 0")
            .shown_by("/proc/sys/kernel/unprivileged_userns_clone", 0)
            .step(sysctl("kernel.unprivileged_userns_clone", "1"));
    }
    match site.is_chrooted() {
        Some(true) => chroot(site),
        chrooted => {
            let mut cause = Cause::new(match chrooted {
                None => {
                    "refused by policy, or this process is in a chroot, which cannot be told here"
                }
                _ => "refused by a policy that leaves no other trace",
            });
            if let Ok(map) = site.host.read("/proc/self/uid_map") {
                cause = cause.shown_by(
                    "/proc/self/uid_map",
                    map.split_whitespace().collect::<Vec<_>>().join(" "),
                );
            }
            cause
        }
    }
}

/// A process in a chroot may not make user namespaces.
pub fn chroot(site: &Site<'_>) -> Cause {
    let mounted = site
        .mounts
        .iter()
        .any(|mount| mount.mount_point.as_os_str() == "/");
    let shown = if mounted {
        ("/proc/1/root", "another directory than /")
    } else {
        ("/proc/self/mountinfo", "no mount on /")
    };
    Cause::new("this process is in a chroot, where the kernel refuses user namespaces")
        .shown_by(shown.0, shown.1)
        .step(admin(
            Cost::AdminSysctl,
            "move the root into place instead of chroot alone",
            "unshare --mount sh -c 'mount --rbind NEWROOT NEWROOT && cd NEWROOT && mount --move . / && exec chroot . SHELL'",
        ))
}

/// A seccomp filter that this process inherited.
pub fn seccomp(site: &Site<'_>) -> Cause {
    Cause::new("a seccomp filter that this process inherited refuses it; is this a container?")
        .shown_by(
            "/proc/self/status: Seccomp",
            site.seccomp
                .map_or("not read".into(), |mode| mode.to_string()),
        )
        .step(user(
            Cost::User,
            "start the outer container without its filter",
            "podman run --security-opt seccomp=unconfined …",
        ))
        .step(admin(
            Cost::AdminSysctl,
            "allow unshare, clone, mount and pivot_root in the filter's profile",
            "",
        ))
}

/// A security module restricts user namespaces.
pub fn security_module(site: &Site<'_>) -> Cause {
    let restricted = site.sysctl_number("kernel.apparmor_restrict_unprivileged_userns");
    if restricted == Some(1) {
        return Cause::new("AppArmor restricts unprivileged user namespaces (kernel.apparmor_restrict_unprivileged_userns is 1)")
            .shown_by("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1)
            .step(admin(
                Cost::AdminSysctl,
                "give the runtime's binary an AppArmor profile with `userns,` (https://documentation.ubuntu.com/server/how-to/security/apparmor/)",
                "",
            ))
            .step(sysctl("kernel.apparmor_restrict_unprivileged_userns", "0"));
    }
    let modules = site
        .host
        .read("/sys/kernel/security/lsm")
        .unwrap_or_default();
    Cause::new("a security module refuses it")
        .shown_by("/sys/kernel/security/lsm", modules.trim())
        .step(admin(
            Cost::AdminSysctl,
            "look for the denial in the audit log",
            "ausearch -m avc -ts recent",
        ))
}

/// A limit on the number of namespaces of one kind, `user`, `mnt`, `pid` and so on.
pub fn limit(kind: &str, site: &Site<'_>) -> Cause {
    let key = format!("user.max_{kind}_namespaces");
    let path = format!("/proc/sys/user/max_{kind}_namespaces");
    match site.sysctl_number(&key) {
        Some(0) if site.is_nested() => Cause::new(format!(
            "{key} is 0 in the user namespace that this process is in; is this a container?"
        ))
        .shown_by(&path, 0)
        .step(user(
            Cost::User,
            "start outside of that user namespace, such as from a login",
            "",
        ))
        .step(admin(
            Cost::AdminSysctl,
            "raise it in that namespace, which the process PID is in",
            &format!("nsenter --user --target PID sysctl -w {key}={LIMIT}"),
        )),
        Some(0) => Cause::new(format!("the sysctl {key} is 0"))
            .shown_by(&path, 0)
            .step(sysctl(&key, &LIMIT.to_string())),
        Some(value) if site.is_nested() => Cause::new(format!(
            "the {key} of an outer user namespace is used up; here it is {value}"
        ))
        .shown_by(&path, value)
        .step(admin(
            Cost::AdminSysctl,
            &format!("raise {key} in the outer namespace"),
            "",
        )),
        Some(value) => Cause::new(format!("the sysctl {key} is {value} and used up"))
            .shown_by(&path, value)
            .step(sysctl(&key, &raised(value).to_string())),
        None => Cause::new(format!(
            "a limit on {kind} namespaces is used up; {key} cannot be read"
        )),
    }
}

/// More than a limit that is used up.
fn raised(limit: i64) -> i64 {
    limit.saturating_mul(2).clamp(LIMIT, i32::MAX.into())
}

/// Why a fresh proc was refused with EPERM: the kernel wants one that is whole to be seen.
pub fn proc(site: &Site<'_>) -> Cause {
    let covers = covers_of_proc(site);
    match covers.split_first() {
        Some((first, rest)) => {
            let also = match rest.len() {
                0 => "covers".to_owned(),
                more => format!("and {more} more mounts cover"),
            };
            let umount: Vec<String> = covers.iter().map(|path| format!("umount {path}")).collect();
            Cause::new(format!("{first} {also} part of /proc")).step(admin(
                Cost::AdminSysctl,
                "remove the mounts below /proc",
                &umount.join(" && "),
            ))
        }
        None if site.seccomp == Some(2) => seccomp(site),
        None => Cause::new("no mount below /proc is seen here, and no other cause"),
    }
}

/// The mounts below /proc that hide part of it; binfmt_misc is the one that belongs there.
fn covers_of_proc(site: &Site<'_>) -> Vec<String> {
    let mounts = site
        .mounts
        .iter()
        .filter(|mount| mount.fs_type != "binfmt_misc" && mount.fs_type != "autofs");
    let below = mounts.map(|mount| mount.mount_point.to_string_lossy().into_owned());
    below.filter(|path| path.starts_with("/proc/")).collect()
}

/// A kernel without this part.
pub fn not_built(option: &str) -> Cause {
    Cause::new(format!("the kernel is built without CONFIG_{option}")).step(admin(
        Cost::Reboot,
        &format!("boot a kernel with CONFIG_{option}"),
        "",
    ))
}

/// The finding where a trial could not be prepared, or did not end; none where it was.
///
/// What could not be tried for want of a user namespace is skipped: `ns.user` and its kin
/// say why, and a second cause for the same thing would only mislead.
pub fn unprepared(tried: &Tried) -> Option<Finding> {
    use hpcctl_host::trial::End;
    match tried.end {
        End::Deadline => {
            return Some(Finding::unknown(
                "the trial did not end within its deadline",
            ));
        }
        End::Signal(signal) => {
            return Some(Finding::unknown(format!("signal {signal} ended the trial")));
        }
        End::NotStarted(errno) => {
            return Some(Finding::unknown(format!(
                "the trial could not be started: {errno}"
            )));
        }
        End::Finished => {}
    }
    let step = tried.unprepared()?;
    let by = match step.call.as_str() {
        call if call.contains("CLONE_NEWUSER") => "ns.user",
        call if call.contains("_map") || call.contains("setgroups") => "ns.user.map",
        call if call.contains("CLONE_NEWNS") => "ns.mnt",
        call if call.contains("CLONE_NEWNET") => "ns.net",
        call if call.contains("MS_PRIVATE") => "ns.user.capuse",
        call if call.starts_with("mount(tmpfs") => "ns.tmpfs",
        call if call.starts_with("mount(overlay") => "ovl.tmpfs",
        _ => return Some(Finding::unknown(format!("{step}, while it was prepared"))),
    };
    Some(Finding::skipped(format!("needs {by}, which fails")))
}
