//! `ovl.disk`: may an overlay have its upper layer where temporary files go?

use hpcctl_host::Errno;
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::{Cause, Finding, Manual, Reading, Site, attribute, filesystem, overlay};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ovl.disk",
    manual: Manual {
        title: "Overlay on TMPDIR",
        what: "Whether an overlay inside a user namespace can have its upper layer on the file system of TMPDIR.",
        why: "Podman keeps containers in native overlays; where the file system cannot hold one it falls back to fuse-overlayfs or to whole copies. NFS, Lustre and another overlay cannot.",
        how: "Makes a private directory in TMPDIR, mounts an overlay of directories in it in a user and mount namespace, and removes it.",
        user: "Point TMPDIR and the storage of containers (graphroot in storage.conf) to a disk of the node.",
        admin: "A local disk with ext4 or xfs for containers; Linux 5.11 or later.",
        refs: &[
            "https://docs.kernel.org/filesystems/overlayfs.html",
            "containers-storage.conf(5)",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    Reading::new()
        .stat(site, &site.temp)
        .trial(site, &overlay::on_disk(site))
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    let Some((step, errno)) = tried.failed().and_then(|step| Some((step, step.errno?))) else {
        return Finding::pass(format!(
            "an overlay with its upper layer in {} can be mounted",
            site.temp
        ));
    };
    let refused = format!("no overlay in {}", site.temp);
    if !step.call.starts_with("mount(overlay") {
        return Finding::fail(format!("{refused}: nothing can be made there ({step})"))
            .step(elsewhere());
    }
    let stat = reading
        .stats
        .first()
        .and_then(|(_, stat)| stat.as_ref().ok());
    let cause = match (errno, stat) {
        (Errno::EINVAL | Errno::EOPNOTSUPP, Some(stat)) => {
            let name = filesystem::name(stat);
            Cause::new(format!(
                "{name} cannot hold an upper layer (mount: {errno})"
            ))
            .shown_by(
                &format!("statfs({}): f_type", site.temp),
                format!("{:#x}", stat.fs_type),
            )
            .step(elsewhere())
        }
        _ => overlay::cause(errno, site),
    };
    Finding::caused(&refused, cause)
}

/// A tmpfs that every node has takes upper layers where the kernel does at all.
fn elsewhere() -> hpcctl_model::doctor::Step {
    user(
        Cost::User,
        "use a local directory for temporary files, and for the storage of containers",
        "export TMPDIR=/dev/shm",
    )
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::Status;

    use super::*;
    use crate::scripted::{Scripted, stat, tried};

    fn find(call: &str, errno: Errno, fs_type: u64) -> Finding {
        let mut on = stat(0o041777);
        on.fs_type = fs_type;
        let reading = Reading {
            tried: vec![tried(&[(call, Err(errno))])],
            stats: vec![("/tmp".into(), Ok(on))],
            ..Reading::new()
        };
        judge(&reading, &Site::new(&Scripted::new()))
    }

    #[test]
    fn the_file_system_is_named_where_it_is_the_cause() {
        let found = find("mount(overlay, merged)", Errno::EINVAL, 0x6969);
        assert_eq!(
            found.summary,
            "no overlay in /tmp: nfs cannot hold an upper layer (mount: EINVAL)"
        );
        assert_eq!(
            found.steps[0].command.as_deref(),
            Some("export TMPDIR=/dev/shm")
        );
        let found = find("mount(overlay, merged)", Errno::ENODEV, 0xEF53);
        assert!(found.summary.contains("module"), "{}", found.summary);
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_not_the_overlay() {
        let found = find("mkdtemp(/tmp/hpcctl-XXXXXX)", Errno::EROFS, 0xEF53);
        assert_eq!(found.status, Status::Fail);
        assert!(
            found.summary.contains("nothing can be made"),
            "{}",
            found.summary
        );
    }
}
