//! `builtin`: our own launcher: namespaces, a new root and the program; namespaces(7),
//! pivot_root(2). It needs nothing but the kernel, so it is there on every node.

use std::path::{Path, PathBuf};

use hpcctl_host::dialogue::{Dialogue, DialogueError};
use hpcctl_host::trial::{EnterError, Entry, Map, namespace};
use hpcctl_host::{Caller, Op, Trial};
use serde::{Deserialize, Serialize};

use super::{Executor, Row, Site};
use crate::Error;
use crate::guest;
use crate::image::{self, Image};
use crate::launch::Launch;
use crate::workplace::PROGRAM;

/// The row.
pub static EXECUTOR: Row = Row {
    name: "builtin",
    networks: &["host", "none"],
    open,
};

/// `MOUNT_ATTR_RDONLY` of linux/mount.h.
const READ_ONLY: u64 = 1;

/// What of the host an image is given, where it has the directory.
const OF_THE_HOST: [&str; 2] = ["dev", "sys"];

/// A container of our own: what is mounted where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// The tree that becomes the root.
    root: PathBuf,
    /// Where it is mounted until then.
    mount: PathBuf,
    /// What is mounted in it: a path outside, and the path inside.
    binds: Vec<(PathBuf, PathBuf)>,
    /// Whether it has a network of its own, with loopback alone.
    own_network: bool,
    /// The user and group outside that are root inside.
    ids: (u32, u32),
}

impl Room {
    /// Prepares the start of a program in it.
    pub(crate) fn entry(&self, argv: &[String], env: &[String]) -> Result<Entry, EnterError> {
        let namespaces = namespace::USER
            | namespace::MOUNT
            | namespace::PID
            | namespace::IPC
            | namespace::UTS
            | if self.own_network { namespace::NET } else { 0 };
        Entry::new(namespaces, &self.steps(), argv, env)
    }

    /// The steps that mount the root and enter it.
    fn steps(&self) -> Trial {
        let mount = text(&self.mount);
        let mut trial = Trial::new()
            .op(Op::WriteFile {
                path: "/proc/self/setgroups".into(),
                data: "deny".into(),
            })
            .op(Op::Map(Map::Uid, self.ids.0))
            .op(Op::Map(Map::Gid, self.ids.1))
            .op(Op::mount_private("/"))
            .op(Op::bind(&text(&self.root), &mount))
            // Before Linux 5.12 it stays as it is for the user.
            .maybe(Op::SetAttributes {
                target: mount.clone(),
                flags: READ_ONLY,
            });
        for (outside, inside) in &self.binds {
            let target = format!("{mount}{}", text(inside));
            trial = trial.op(Op::bind(&text(outside), &target));
        }
        trial = trial
            .op(Op::Chdir(mount))
            .op(Op::PivotRoot)
            // An image may have no place for it.
            .maybe(Op::mount(
                "proc",
                "/proc",
                "proc",
                namespace::PROC_FLAGS,
                "",
            ))
            .op(Op::DetachOldRoot);
        if self.own_network {
            trial = trial.op(Op::LoopbackUp);
        }
        trial
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// A room with the agent that runs in it.
struct Builtin {
    room: Room,
    entry: Entry,
    place: PathBuf,
    own_libc: Result<(), String>,
}

impl Executor for Builtin {
    fn start(&self) -> Result<Dialogue, DialogueError> {
        Dialogue::enter(&self.entry)
    }

    fn launch(&self) -> Launch {
        Launch::Room(Box::new(self.room.clone()), self.place.join(PROGRAM))
    }

    fn place(&self) -> &Path {
        &self.place
    }

    fn own_libc(&self) -> Result<(), String> {
        self.own_libc.clone()
    }
}

fn open(site: &Site<'_>) -> Result<Box<dyn Executor>, Error> {
    match site.image {
        None => on_the_host(site),
        Some(reference) => in_an_image(site, reference),
    }
}

/// The host's own tree, where everything is where it was.
fn on_the_host(site: &Site<'_>) -> Result<Box<dyn Executor>, Error> {
    let shared = site.workplace.shared();
    let room = room(
        site,
        PathBuf::from("/"),
        vec![(shared.clone(), shared.clone())],
    );
    let argv = [vec![text(&site.workplace.agent)], site.agent.to_vec()].concat();
    let entry = room
        .entry(&argv, site.environment)
        .map_err(|error| Error::Unreachable(error.to_string()))?;
    Ok(Box::new(Builtin {
        room,
        entry,
        place: shared,
        own_libc: Ok(()),
    }))
}

/// A directory that holds an image.
fn in_an_image(site: &Site<'_>, reference: &str) -> Result<Box<dyn Executor>, Error> {
    let Image { root, place } = Image::open(site.host, reference)?;
    let mut binds: Vec<(PathBuf, PathBuf)> = OF_THE_HOST
        .iter()
        .filter(|name| image::is_in(&root, name))
        .map(|name| (Path::new("/").join(name), Path::new("/").join(name)))
        .collect();
    binds.push((site.workplace.shared(), place.clone()));
    let kit = guest::kit(site, &place)?;
    let room = room(site, root, binds);
    let (agent, own_libc) = guest::settle(site, kit, |agent| {
        Dialogue::enter(&room.entry(agent, site.environment)?)
    })?;
    let entry = room
        .entry(&agent, site.environment)
        .map_err(|error| Error::Unreachable(error.to_string()))?;
    Ok(Box::new(Builtin {
        room,
        entry,
        place,
        own_libc,
    }))
}

fn room(site: &Site<'_>, root: PathBuf, binds: Vec<(PathBuf, PathBuf)>) -> Room {
    let Caller { uid, gid, .. } = site.host.caller();
    Room {
        root,
        mount: site.workplace.root(),
        binds,
        own_network: site.network == "none",
        ids: (uid, gid),
    }
}
