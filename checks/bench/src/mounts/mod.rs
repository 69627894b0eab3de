//! Mounts: what a tree of small files costs by each kind of mount that images come by, against the same tree as a directory
//! of the node; one row a kind.
//!
//! Outside is a process that reads the directory; inside is one in namespaces of its own, in which the mount is made for
//! the figure and is gone with it. Both have read everything once before: the cache is warm.

mod kind;

use std::path::Path;

use hpcctl_host::Host;

use crate::end;
use crate::fs::tree;
use crate::fused::SQUASHFUSE;
use crate::measurement::{Figure, Measurement, Processors};

use kind::{Kind, PACKED};

/// The measurements, in report order.
pub static MEASUREMENTS: &[&Measurement] = &[
    &SQUASHFS_FUSE,
    &SQUASHFS_KERNEL,
    &OVERLAY_FUSE,
    &OVERLAY_KERNEL,
];

static SQUASHFS_FUSE: Measurement = Measurement {
    figures: &[
        Figure::count(
            "mounts.squashfs.fuse.stat",
            "files of a squashfs by FUSE looked at",
        ),
        Figure::count(
            "mounts.squashfs.fuse.read",
            "files of a squashfs by FUSE opened, read and closed",
        ),
        Figure::count(
            "mounts.squashfs.fuse.import",
            "modules of a squashfs by FUSE found and read as Python imports them",
        ),
    ],
    processors: Processors::Shared,
    take: |task, clock| kind::take(Kind::SquashfsFuse, task, clock),
};

static SQUASHFS_KERNEL: Measurement = Measurement {
    figures: &[
        Figure::count(
            "mounts.squashfs.kernel.stat",
            "files of a squashfs by the kernel looked at",
        ),
        Figure::count(
            "mounts.squashfs.kernel.read",
            "files of a squashfs by the kernel opened, read and closed",
        ),
        Figure::count(
            "mounts.squashfs.kernel.import",
            "modules of a squashfs by the kernel found and read as Python imports them",
        ),
    ],
    processors: Processors::Shared,
    take: |task, clock| kind::take(Kind::SquashfsKernel, task, clock),
};

static OVERLAY_FUSE: Measurement = Measurement {
    figures: &[
        Figure::count(
            "mounts.overlay.fuse.stat",
            "files behind fuse-overlayfs looked at",
        ),
        Figure::count(
            "mounts.overlay.fuse.read",
            "files behind fuse-overlayfs opened, read and closed",
        ),
        Figure::count(
            "mounts.overlay.fuse.import",
            "modules behind fuse-overlayfs found and read as Python imports them",
        ),
    ],
    processors: Processors::Shared,
    take: |task, clock| kind::take(Kind::OverlayFuse, task, clock),
};

static OVERLAY_KERNEL: Measurement = Measurement {
    figures: &[
        Figure::count(
            "mounts.overlay.kernel.stat",
            "files behind an overlay of the kernel looked at",
        ),
        Figure::count(
            "mounts.overlay.kernel.read",
            "files behind an overlay of the kernel opened, read and closed",
        ),
        Figure::count(
            "mounts.overlay.kernel.import",
            "modules behind an overlay of the kernel found and read as Python imports them",
        ),
    ],
    processors: Processors::Shared,
    take: |task, clock| kind::take(Kind::OverlayKernel, task, clock),
};

/// Whether a measurement is of a squashfs.
pub(crate) fn is_packed(one: &Measurement) -> bool {
    [SQUASHFS_FUSE.id(), SQUASHFS_KERNEL.id()].contains(&one.id())
}

/// Packs the tree that is in the shared directory into a squashfs beside it, as mksquashfs(1) does of itself.
///
/// # Errors
///
/// When there is no mksquashfs, and what it says.
pub(crate) fn pack(host: &dyn Host, shared: &Path) -> Result<(), String> {
    let program = host
        .which("mksquashfs")
        .ok_or("mksquashfs is not installed, so there is no squashfs to mount")?;
    let paths = tree::PARTS.into_iter().chain([PACKED]);
    let paths = paths.map(|name| shared.join(name).display().to_string());
    let told = ["-no-progress", "-no-xattrs"].map(str::to_owned);
    let argv: Vec<String> = [program].into_iter().chain(paths).chain(told).collect();
    end::run(&argv)
}

/// Says where a squashfs is served one request after the other.
pub(crate) fn doubt(host: &dyn Host) -> Option<String> {
    let [usual, other] = SQUASHFUSE;
    let message = || {
        format!(
            "mounts.squashfs.fuse is by {other}, since {usual}, which most runtimes take, is not installed"
        )
    };
    (host.which(usual).is_none() && host.which(other).is_some()).then(message)
}
