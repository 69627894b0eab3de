//! The kinds of mount: which namespaces and which programs make them; squashfuse(1), fuse-overlayfs(1), mount(8), and
//! of the kernel's documentation filesystems/overlayfs.rst.
//!
//! They are made in a mount namespace with a pid namespace: when the process that measures ends, however it does, so do the
//! programs that serve them, the mounts and the loop device. What an overlay writes is on a tmpfs there.

use std::fs;
use std::path::{Path, PathBuf};

use hpcctl_host::dialogue::Dialogue;
use hpcctl_host::trial::namespace;
use hpcctl_host::{Live, Op, Trial};
use rustix::process::{getgid, getuid};

use crate::end;
use crate::executor::{OF_AN_OVERLAY, overlay};
use crate::far;
use crate::fs::{python, read, tree, walk};
use crate::fused::Fused;
use crate::measurement::Task;
use crate::timing::Clock;

/// In the shared directory: the squashfs, and where everything is mounted.
pub(super) const PACKED: &str = "tree.squashfs";
const PLACE: &str = "mounts";

/// In the latter: where the tree is.
const TREE: &str = "tree";

/// A kind of mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    SquashfsFuse,
    SquashfsKernel,
    OverlayFuse,
    OverlayKernel,
}

/// Takes one figure of a tree, a count a second.
type Figure = fn(&Path, Clock) -> Result<f64, String>;

/// What is measured of a tree.
static FIGURES: [Figure; 3] = [walk::look, read::read, python::import];

/// Measures the tree by a kind of mount, or as the directory that it is where the task is outside.
pub(super) fn take(kind: Kind, task: &Task, clock: Clock) -> Result<Vec<f64>, String> {
    if task.inside && !task.nested {
        return far::carry_out(&mut enter(kind, task)?, task);
    }
    if let Some(taken) = far::apart(task, &[]) {
        return taken;
    }
    if !task.inside {
        return tree::within(&task.tree, |tree| measure(tree, clock));
    }
    let served = mount(kind, task)?;
    let measured = tree::within(&task.place.join(PLACE).join(TREE), |tree| {
        measure(tree, clock)
    });
    drop(served);
    measured
}

fn measure(tree: &Path, clock: Clock) -> Result<Vec<f64>, String> {
    let clock = clock.share(FIGURES.len() as u32);
    let figures = FIGURES.iter().map(|take| {
        // The first time everything is read from a disk, or unpacked.
        take(tree, clock.share(u32::MAX))?;
        take(tree, clock)
    });
    figures.collect()
}

/// An agent in namespaces in which it may mount, with a place for it.
fn enter(kind: Kind, task: &Task) -> Result<Dialogue, String> {
    let mut namespaces = namespace::MOUNT | namespace::PID;
    let mut steps = Trial::new();
    if kind != Kind::SquashfsKernel {
        namespaces |= namespace::USER;
        steps = steps.map_to_root(getuid().as_raw(), getgid().as_raw());
    } else if !getuid().is_root() {
        return Err("the kernel mounts a squashfs for root alone".into());
    }
    let place = task.place.join(PLACE);
    fs::create_dir_all(&place)
        .map_err(|error| format!("cannot make {}: {error}", place.display()))?;
    let text = |path: PathBuf| path.display().to_string();
    steps = steps
        .op(Op::mount_private("/"))
        .op(Op::tmpfs(&text(place.clone())));
    for name in OF_AN_OVERLAY.into_iter().chain([TREE]) {
        steps = steps.op(Op::Mkdir(text(place.join(name))));
    }
    if kind == Kind::OverlayKernel {
        steps = steps.op(overlay(&task.tree, &place, &text(place.join(TREE))));
    }
    far::enter(&task.agent, namespaces, &steps)
}

/// Mounts what is not mounted yet: the program that serves it, where there is one.
fn mount(kind: Kind, task: &Task) -> Result<Option<Fused>, String> {
    let (place, file) = (task.place.join(PLACE), task.place.join(PACKED));
    let tree = place.join(TREE);
    match kind {
        Kind::SquashfsFuse => Fused::squashfs(&Live, &file, &tree).map(Some),
        Kind::OverlayFuse => Fused::overlay(&Live, &task.tree, &place, &tree).map(Some),
        Kind::SquashfsKernel => {
            let [file, tree] = [file, tree].map(|path| path.display().to_string());
            let command = [
                "mount", "-n", "-t", "squashfs", "-o", "loop,ro", &file, &tree,
            ];
            end::run(&command.map(str::to_owned)).map(|()| None)
        }
        Kind::OverlayKernel => Ok(None),
    }
}
