//! Set-user-id programs and file capabilities: what keeps a program from its privileges.
//!
//! Sources: execve(2), capabilities(7), `Documentation/userspace-api/no_new_privs.rst`.

use hpcctl_host::Stat;
use hpcctl_model::doctor::Cost;

use crate::finding::{admin, user};
use crate::{Cause, Site, filesystem};

/// The uid that stands for every user that is not mapped, user_namespaces(7).
const OVERFLOW: u32 = 65_534;

/// Why a program gains no privileges when this caller starts it; none where nothing is seen
/// that keeps it from them. A file capability, by its number, is as good as set-user-id root.
pub fn obstacle(site: &Site<'_>, path: &str, stat: &Stat, capability: u32) -> Option<Cause> {
    if site.no_new_privs {
        return Some(no_new_privs());
    }
    if stat.nosuid {
        return Some(nosuid(site, path, stat));
    }
    if capable(site, path, capability) {
        return None;
    }
    let shown = format!("mode {:04o} uid {}", stat.permissions(), stat.uid);
    if stat.setuid() && stat.uid == OVERFLOW && site.is_nested() {
        return Some(
            Cause::new(format!(
                "{path} belongs to a user that this user namespace does not map, so it gains nothing here"
            ))
            .shown_by(path, shown)
            .step(user(Cost::User, "start outside of this user namespace", "")),
        );
    }
    let text = match (stat.setuid(), stat.uid) {
        (true, 0) => return None,
        (true, uid) => format!("{path} is set-user-id, but of uid {uid} instead of root"),
        (false, _) => format!("{path} is neither set-user-id nor has a file capability"),
    };
    Some(Cause::new(text).shown_by(path, shown).step(admin(
        Cost::AdminSysctl,
        &format!("make {path} set-user-id root"),
        &format!("chown root {path} && chmod u+s {path}"),
    )))
}

/// no_new_privs is set, which no process can undo.
pub fn no_new_privs() -> Cause {
    Cause::new("no_new_privs is set on this process, so that no program gains privileges")
        .shown_by("/proc/self/status: NoNewPrivs", 1)
        .step(user(
            Cost::User,
            "start from a session without no_new_privs, such as a login over ssh",
            "",
        ))
        .step(admin(
            Cost::AdminSysctl,
            "drop NoNewPrivileges= from the unit, or no_new_privs from the launcher, that starts the session or the job",
            "",
        ))
}

/// The file system that holds the program is mounted nosuid.
pub fn nosuid(site: &Site<'_>, path: &str, stat: &Stat) -> Cause {
    match filesystem::mount_point(site, path, stat) {
        Some(mount) => {
            Cause::new(format!("{path} lies on {mount}, which is mounted nosuid")).step(admin(
                Cost::AdminSysctl,
                &format!("mount {mount} without nosuid, here and in /etc/fstab"),
                &format!("mount -o remount,suid {mount}"),
            ))
        }
        None => Cause::new(format!(
            "{path} lies on a file system that is mounted nosuid"
        ))
        .step(admin(
            Cost::AdminSysctl,
            "mount it without nosuid, here and in /etc/fstab",
            &format!("mount -o remount,suid $(findmnt -n -o TARGET -T {path})"),
        )),
    }
}

/// Whether the file grants this capability, `struct vfs_cap_data` of linux/capability.h.
fn capable(site: &Site<'_>, path: &str, capability: u32) -> bool {
    let Ok(value) = site.host.xattr(path, "security.capability") else {
        return false;
    };
    // After the version come the permitted and the inheritable set, 32 bits at a time.
    let at = if capability < 32 { 4 } else { 12 };
    let word = value
        .get(at..at + 4)
        .and_then(|bytes| bytes.try_into().ok());
    word.is_some_and(|word| u32::from_le_bytes(word) & (1 << (capability % 32)) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    const CAP_SETUID: u32 = 7;

    fn text(host: &Scripted, stat: &Stat) -> Option<String> {
        obstacle(&Site::new(host), "/usr/bin/newuidmap", stat, CAP_SETUID).map(|cause| cause.text)
    }

    #[test]
    fn the_causes_are_told_apart() {
        let host = Scripted::new();
        assert_eq!(text(&host, &stat(0o104755)), None);
        let plain = text(&host, &stat(0o100755)).unwrap();
        assert!(plain.contains("neither set-user-id"), "{plain}");
        let mut nosuid = stat(0o104755);
        nosuid.nosuid = true;
        let nosuid = text(&host, &nosuid).unwrap();
        assert!(nosuid.contains("nosuid"), "{nosuid}");
        let mut owned = stat(0o104755);
        owned.uid = 65534;
        let owned = text(&host, &owned).unwrap();
        assert!(owned.contains("uid 65534"), "{owned}");
    }

    #[test]
    fn inside_a_user_namespace_the_owner_is_not_to_be_changed() {
        let host = Scripted::new().file("/proc/self/uid_map", "1001 1001 1\n");
        let mut unmapped = stat(0o104755);
        unmapped.uid = OVERFLOW;
        let unmapped = text(&host, &unmapped).unwrap();
        assert!(unmapped.contains("does not map"), "{unmapped}");
    }

    #[test]
    fn a_file_capability_is_as_good() {
        let path = "/usr/bin/newuidmap";
        let setuid = [1, 0, 0, 2, 0x80, 0, 0, 0, 0, 0, 0, 0];
        let other = [1, 0, 0, 2, 0x40, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(
            text(&Scripted::new().xattr(path, &setuid), &stat(0o755)),
            None
        );
        assert!(text(&Scripted::new().xattr(path, &other), &stat(0o755)).is_some());
        assert!(text(&Scripted::new().xattr(path, &[1, 0]), &stat(0o755)).is_some());
    }

    #[test]
    fn no_new_privs_comes_first() {
        let host = Scripted::new();
        let mut site = Site::new(&host);
        site.no_new_privs = true;
        let found = obstacle(&site, "/usr/bin/newuidmap", &stat(0o104755), CAP_SETUID).unwrap();
        assert!(found.text.contains("no_new_privs"), "{found:?}");
    }
}
