//! Device nodes that rootless runtimes open: why one cannot be opened.
//!
//! Sources: open(2), `Documentation/admin-guide/devices.txt`, and faults that were planted
//! and measured.

use hpcctl_host::{Errno, Stat};
use hpcctl_model::doctor::{Cost, Step};

use crate::finding::{admin, user};
use crate::{Cause, Site};

/// A device of the misc class, major number 10.
#[derive(Debug, Clone, Copy)]
pub struct Device {
    /// The node.
    pub path: &'static str,
    /// The name in /proc/misc, and what udev calls it.
    pub name: &'static str,
    /// The minor number.
    pub minor: u32,
}

/// FUSE file systems.
pub const FUSE: Device = Device {
    path: "/dev/fuse",
    name: "fuse",
    minor: 229,
};

/// TUN/TAP interfaces.
pub const TUN: Device = Device {
    path: "/dev/net/tun",
    name: "tun",
    minor: 200,
};

impl Device {
    /// Why it cannot be opened for reading and writing.
    pub fn cause(&self, errno: Errno, site: &Site<'_>) -> Cause {
        match errno {
            Errno::ENOENT => self.absent(site),
            Errno::ENODEV | Errno::ENXIO => Cause::new(format!(
                "{} is there, but the module {} is not loaded (open: {errno})",
                self.path, self.name
            ))
            .step(self.load()),
            Errno::EACCES => self.denied(site),
            Errno::EPERM => self.barred(site),
            other => Cause::new(format!("{} cannot be opened: {other}", self.path)),
        }
    }

    /// There is no such node.
    fn absent(&self, site: &Site<'_>) -> Cause {
        let Device { path, name, minor } = self;
        let misc = site.host.read("/proc/misc");
        let registered = misc.map(|text| {
            text.lines()
                .any(|line| line.split_whitespace().nth(1) == Some(name))
        });
        let mut cause = match registered {
            Ok(true) => Cause::new(format!(
                "there is no {path}, though the kernel has the driver"
            ))
            .shown_by("/proc/misc", format!("{minor} {name}")),
            Ok(false) => Cause::new(format!(
                "there is no {path}: the module {name} is not loaded"
            ))
            .shown_by("/proc/misc", format!("no {name}")),
            Err(_) => Cause::new(format!("there is no {path}")),
        };
        if let Some(step) = self.pass_in(site) {
            cause = cause.step(step);
        }
        cause.step(if registered == Ok(true) {
            // Of the two only /dev/net/tun lies in a directory that may be missing.
            let make = match path.rsplit_once('/') {
                Some((dir, _)) if dir != "/dev" => format!("mkdir -p {dir} && "),
                _ => String::new(),
            };
            admin(
                Cost::AdminSysctl,
                &format!("make {path}"),
                &format!("{make}mknod -m 0666 {path} c 10 {minor}"),
            )
        } else {
            self.load()
        })
    }

    /// EACCES: the mode, the mount or a security module.
    fn denied(&self, site: &Site<'_>) -> Cause {
        let path = self.path;
        let Ok(stat) = site.host.stat(path) else {
            return Cause::new(format!("{path} may not be opened (EACCES)"));
        };
        let shown = shown(&stat);
        let nodev = site
            .mount_of(path)
            .filter(|mount| mount.mount_options.contains_key("nodev"));
        if !permits(site, &stat) {
            let cause = Cause::new(format!(
                "{path} may not be opened (EACCES): {shown} does not let the caller read and write"
            ))
            .step(self.open_up());
            return if stat.gid != 0 && stat.mode & 0o060 == 0o060 {
                cause.step(self.join_group(site, stat.gid))
            } else {
                cause
            };
        }
        match nodev.map(|mount| mount.mount_point.to_string_lossy().into_owned()) {
            Some(mount) => Cause::new(format!(
                "{path} may not be opened (EACCES): {mount} is mounted nodev"
            ))
            .step(admin(
                Cost::AdminSysctl,
                &format!("mount {mount} without nodev"),
                &format!("mount -o remount,dev {mount}"),
            )),
            None => Cause::new(format!(
                "{path} may not be opened (EACCES) though its mode allows it: {shown}; a security module refuses it"
            ))
            .step(admin(
                Cost::AdminSysctl,
                "look for the denial in the audit log",
                "ausearch -m avc -ts recent",
            )),
        }
    }

    /// EPERM is how a device cgroup answers.
    fn barred(&self, site: &Site<'_>) -> Cause {
        let Device { path, minor, .. } = self;
        let mode = site
            .host
            .stat(path)
            .map_or(String::new(), |stat| format!(" ({})", shown(&stat)));
        let cause = Cause::new(format!(
            "{path}{mode} is refused with EPERM, as by the device cgroup of a job or a container"
        ));
        let cause = match site.host.read("/proc/self/cgroup") {
            Ok(groups) => cause.shown_by("/proc/self/cgroup", groups.lines().next().unwrap_or("")),
            Err(_) => cause,
        };
        let cause = match self.pass_in(site) {
            Some(step) => cause.step(step),
            None => cause,
        };
        cause.step(admin(
            Cost::AdminSysctl,
            &format!(
                "allow {path} in the device cgroup: DeviceAllow= of the systemd unit, or the scheduler's list of allowed devices (c 10:{minor} rw)"
            ),
            "",
        ))
    }

    /// Loads the module, now and at each boot.
    fn load(&self) -> Step {
        let name = self.name;
        admin(
            Cost::AdminSysctl,
            &format!("load the module {name}"),
            &format!("modprobe {name} && echo {name} > /etc/modules-load.d/{name}.conf"),
        )
    }

    /// Opens the node to everybody, now and at each boot.
    fn open_up(&self) -> Step {
        let Device { path, name, .. } = self;
        admin(
            Cost::AdminSysctl,
            &format!("let everybody open {path}"),
            &format!(
                "chmod 0666 {path} && mkdir -p /etc/udev/rules.d && echo 'KERNEL==\"{name}\", MODE=\"0666\"' > /etc/udev/rules.d/99-{name}.rules"
            ),
        )
    }

    fn join_group(&self, site: &Site<'_>, gid: u32) -> Step {
        admin(
            Cost::AdminSysctl,
            "add the user to the group of the device; the user logs in again",
            &format!(
                "usermod -aG $(stat -c %G {}) {} # gid {gid}",
                self.path, site.caller.name
            ),
        )
    }

    /// Inside a container the one outside decides; none where this does not look like one.
    fn pass_in(&self, site: &Site<'_>) -> Option<Step> {
        let marks = ["/run/.containerenv", "/.dockerenv"];
        marks
            .iter()
            .any(|mark| site.host.stat(mark).is_ok())
            .then(|| {
                user(
                    Cost::User,
                    "start the outer container with the device",
                    &format!("podman run --device {} …", self.path),
                )
            })
    }
}

fn shown(stat: &Stat) -> String {
    format!(
        "mode {:04o}, uid {}, gid {}",
        stat.permissions(),
        stat.uid,
        stat.gid
    )
}

/// Whether the mode lets the caller read and write; an access control list is not looked at.
fn permits(site: &Site<'_>, stat: &Stat) -> bool {
    let status = site.host.read("/proc/self/status").unwrap_or_default();
    let groups = status.lines().find_map(|line| line.strip_prefix("Groups:"));
    let gid = stat.gid.to_string();
    let member = site.caller.gid == stat.gid
        || groups.is_some_and(|groups| groups.split_whitespace().any(|group| group == gid));
    let bits = if site.caller.uid == stat.uid {
        stat.mode >> 6
    } else if member {
        stat.mode >> 3
    } else {
        stat.mode
    };
    bits & 0o6 == 0o6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    fn cause(host: &Scripted, errno: Errno) -> Cause {
        FUSE.cause(errno, &Site::new(host))
    }

    #[test]
    fn a_closed_mode_is_named_with_the_command_that_opens_it() {
        let host = Scripted::new().stat("/dev/fuse", stat(0o020600));
        let cause = cause(&host, Errno::EACCES);
        assert_eq!(
            cause.text,
            "/dev/fuse may not be opened (EACCES): mode 0600, uid 0, gid 0 does not let the caller read and write"
        );
        assert_eq!(cause.steps.len(), 1);
        let command = cause.steps[0].command.as_deref().unwrap();
        assert!(command.starts_with("chmod 0666 /dev/fuse && "), "{command}");
    }

    #[test]
    fn a_group_that_may_is_offered() {
        let mut node = stat(0o020660);
        node.gid = 44;
        let host = Scripted::new().stat("/dev/fuse", node.clone());
        assert_eq!(cause(&host, Errno::EACCES).steps.len(), 2);
        let member = host.file("/proc/self/status", "Groups:\t4 44 \n");
        assert!(
            cause(&member, Errno::EACCES)
                .text
                .contains("security module")
        );
    }

    #[test]
    fn a_node_that_is_not_there_is_loaded_or_made() {
        let absent = cause(
            &Scripted::new().file("/proc/misc", "200 tun\n"),
            Errno::ENOENT,
        );
        assert!(absent.text.contains("not loaded"), "{absent:?}");
        let host = Scripted::new().file("/proc/misc", "200 tun\n229 fuse\n");
        let unmade = cause(&host, Errno::ENOENT);
        let command = unmade.steps[0].command.as_deref().unwrap();
        assert!(
            command.starts_with("mknod -m 0666 /dev/fuse c 10 229"),
            "{command}"
        );
        let inside = host.stat("/.dockerenv", stat(0o100644));
        assert_eq!(cause(&inside, Errno::ENOENT).steps.len(), 2);
    }

    #[test]
    fn the_device_cgroup_and_nodev_are_told_from_the_mode() {
        let open = Scripted::new().stat("/dev/fuse", stat(0o020666));
        assert!(cause(&open, Errno::EPERM).text.contains("device cgroup"));
        let nodev = open.file(
            "/proc/self/mountinfo",
            "22 21 0:5 / /dev rw,nodev - tmpfs dev rw\n",
        );
        assert!(
            cause(&nodev, Errno::EACCES)
                .text
                .contains("/dev is mounted nodev")
        );
        assert!(cause(&nodev, Errno::ENXIO).text.contains("not loaded"));
    }
}
