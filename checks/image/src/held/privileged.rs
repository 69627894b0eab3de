//! Files that give rights: programs that run as their owner or with capabilities, devices, and
//! places where everybody may put programs.

use hpcctl_model::scan::{PrivilegeKind, Privileged};

use super::{Item, Merged};
use crate::tarball::Kind;
use crate::tree::{Entry, Mark};

/// A right that a file gives.
#[derive(Debug)]
pub(super) struct Grant {
    kind: PrivilegeKind,
    mode: u16,
    detail: Option<String>,
    sha256: Option<String>,
    /// Whether only what is still there counts.
    only_visible: bool,
}

/// The directories that programs are looked for in, without a slash in front: those of the image's
/// variable PATH, and the usual ones.
pub(super) fn path_of(env: &[String]) -> Vec<String> {
    const USUAL: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let own = env
        .iter()
        .find_map(|variable| variable.strip_prefix("PATH="));
    let all = USUAL.split(':').chain(own.unwrap_or("").split(':'));
    let all = all.map(|directory| directory.trim_matches('/').to_owned());
    all.filter(|directory| !directory.is_empty()).collect()
}

/// The rights that an entry of a layer gives.
pub(super) fn grants(entry: &Entry<'_>, marks: &[&Mark], directories: &[String]) -> Vec<Grant> {
    let digest = marks.iter().find_map(|mark| match mark {
        Mark::Digest(digest) => Some(digest.clone()),
        _ => None,
    });
    let grant = |kind, detail| Grant {
        kind,
        mode: entry.mode,
        detail,
        sha256: digest.clone(),
        only_visible: false,
    };
    let mut grants = Vec::new();
    if entry.kind == Kind::File {
        for (bit, kind) in [
            (0o4000, PrivilegeKind::Setuid),
            (0o2000, PrivilegeKind::Setgid),
        ] {
            let runs = entry.mode & 0o111 != 0;
            grants.extend((runs && entry.mode & bit != 0).then(|| grant(kind, None)));
        }
    }
    for mark in marks {
        match mark {
            Mark::Device(device) => {
                let kind = if device.is_block {
                    "block"
                } else {
                    "character"
                };
                let detail = format!("{kind} {}:{}", device.major, device.minor);
                // What overlayfs hides a file with is no device.
                let is_whiteout = (device.major, device.minor) == (0, 0);
                grants.extend((!is_whiteout).then(|| grant(PrivilegeKind::Device, Some(detail))));
            }
            Mark::Capabilities(bits) => {
                grants.push(grant(PrivilegeKind::Capabilities, Some(names(*bits))));
            }
            _ => {}
        }
    }
    let parent = entry.path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let is_in_path = |path: &str| directories.iter().any(|directory| directory == path);
    let is_open = match entry.kind {
        Kind::Directory => is_in_path(entry.path),
        Kind::File => is_in_path(parent) || parent == "etc",
        _ => false,
    };
    if is_open && entry.mode & 0o002 != 0 {
        grants.push(Grant {
            only_visible: true,
            ..grant(PrivilegeKind::WorldWritable, None)
        });
    }
    grants
}

/// The names of capabilities, by their bits (linux/capability.h).
fn names(bits: u64) -> String {
    const NAMES: [&str; 41] = [
        "chown",
        "dac_override",
        "dac_read_search",
        "fowner",
        "fsetid",
        "kill",
        "setgid",
        "setuid",
        "setpcap",
        "linux_immutable",
        "net_bind_service",
        "net_broadcast",
        "net_admin",
        "net_raw",
        "ipc_lock",
        "ipc_owner",
        "sys_module",
        "sys_rawio",
        "sys_chroot",
        "sys_ptrace",
        "sys_pacct",
        "sys_admin",
        "sys_boot",
        "sys_nice",
        "sys_resource",
        "sys_time",
        "sys_tty_config",
        "mknod",
        "lease",
        "audit_write",
        "audit_control",
        "setfcap",
        "mac_override",
        "mac_admin",
        "syslog",
        "wake_alarm",
        "block_suspend",
        "audit_read",
        "perfmon",
        "bpf",
        "checkpoint_restore",
    ];
    let known = NAMES
        .iter()
        .enumerate()
        .filter(|(bit, _)| bits >> bit & 1 != 0);
    let mut names: Vec<String> = known.map(|(_, name)| format!("cap_{name}")).collect();
    if bits >> NAMES.len() != 0 {
        names.push("others".to_owned());
    }
    names.join(",")
}

/// What the report says.
pub(super) fn report(items: Vec<Item<Grant>>, merged: &Merged<'_>) -> Vec<Privileged> {
    let mut report = Vec::new();
    for item in items {
        let deleted = merged.visible(&item).is_none();
        if deleted && item.what.only_visible {
            continue;
        }
        report.push(Privileged {
            path: format!("/{}", item.path),
            layer: merged.layer(item.layer),
            kind: item.what.kind,
            mode: format!("{:04o}", item.what.mode),
            detail: item.what.detail,
            sha256: item.what.sha256,
            deleted,
        });
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_have_names() {
        assert_eq!(names(1 << 13), "cap_net_raw");
        assert_eq!(
            names(1 << 7 | 1 << 40 | 1 << 50),
            "cap_setuid,cap_checkpoint_restore,others"
        );
    }

    #[test]
    fn directories_of_programs() {
        let path = path_of(&[
            "HOME=/root".to_owned(),
            "PATH=/opt/app/bin:/usr/bin".to_owned(),
        ]);
        assert!(path.contains(&"opt/app/bin".to_owned()) && path.contains(&"bin".to_owned()));
    }
}
