//! `builtin`: our own launcher: namespaces, a new root and the program; namespaces(7),
//! pivot_root(2). It needs nothing but the kernel, so it is there on every node.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hpcctl_host::dialogue::{Dialogue, DialogueError};
use hpcctl_host::trial::{EnterError, Entry, Map, namespace};
use hpcctl_host::{Caller, Op, Trial};
use serde::{Deserialize, Serialize};

use super::{Executor, Row, Site};
use crate::Error;
use crate::agent::Answer;
use crate::factor::{self, Factor};
use crate::guest;
use crate::image::{self, Image};
use crate::launch::Launch;
use crate::overlay::end::Order;
use crate::overlay::way::RULES;
use crate::workplace::PROGRAM;

/// The row.
pub static EXECUTOR: Row = Row {
    name: "builtin",
    networks: &["host", "none"],
    open,
};

/// `MOUNT_ATTR_RDONLY` of linux/mount.h.
const READ_ONLY: u64 = 1;

/// How long the rules of a network may take to be made.
const FURNISHED: Duration = Duration::from_secs(10);

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
    /// What makes it a container.
    factors: Vec<Factor>,
    /// The user and group outside that are root inside.
    ids: (u32, u32),
}

impl Room {
    /// Prepares the start of a program in it.
    pub(crate) fn entry(&self, argv: &[String], env: &[String]) -> Result<Entry, EnterError> {
        let flags = self.factors.iter().map(|factor| factor.flag());
        let namespaces = flags.fold(0, |all, flag| all | flag);
        Entry::new(namespaces, &self.steps(), argv, env)
    }

    fn has(&self, factor: Factor) -> bool {
        self.factors.contains(&factor)
    }

    /// The steps that make it what it is.
    fn steps(&self) -> Trial {
        let mut trial = Trial::new();
        if self.has(Factor::User) {
            trial = trial
                .op(Op::WriteFile {
                    path: "/proc/self/setgroups".into(),
                    data: "deny".into(),
                })
                .op(Op::Map(Map::Uid, self.ids.0))
                .op(Op::Map(Map::Gid, self.ids.1));
        }
        if self.has(Factor::Mount) {
            trial = self.with_root(trial);
        }
        if self.has(Factor::Net) {
            trial = trial.op(Op::LoopbackUp);
        }
        if self.has(Factor::Seccomp) {
            trial = factor::filter(trial);
        }
        trial
    }

    /// The steps that mount the root and enter it.
    fn with_root(&self, trial: Trial) -> Trial {
        let mount = text(&self.mount);
        let mut trial = trial
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
        trial
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
            .op(Op::DetachOldRoot)
    }

    /// Gives an agent that has started what only it can make.
    fn furnish(&self, mut agent: Dialogue) -> Result<Dialogue, DialogueError> {
        if self.has(Factor::Nft) {
            let order = Order::Run(vec!["nft".into(), RULES.into()]);
            let line = serde_json::to_string(&order).unwrap_or_default();
            let said = agent.ask(&line, FURNISHED)?;
            if let Ok(Answer::Failed(why)) = serde_json::from_str(&said) {
                return Err(DialogueError::Ended(why));
            }
        }
        Ok(agent)
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
        self.room.furnish(Dialogue::enter(&self.entry)?)
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
    let own_root = factors(site).contains(&Factor::Mount);
    match site.image {
        Some(reference) if own_root => in_an_image(site, reference),
        _ => on_the_host(site),
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
        room.furnish(Dialogue::enter(&room.entry(agent, site.environment)?)?)
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

/// The factors that are asked for, or those of a container of ours.
fn factors(site: &Site<'_>) -> Vec<Factor> {
    if let Some(factors) = site.factors {
        return factors.to_vec();
    }
    own_factors(site.network)
}

/// The factors of a container of ours.
pub(crate) fn own_factors(network: &str) -> Vec<Factor> {
    let own = [
        Factor::User,
        Factor::Mount,
        Factor::Pid,
        Factor::Ipc,
        Factor::Uts,
    ];
    let network = (network == "none").then_some(Factor::Net);
    own.into_iter().chain(network).collect()
}

fn room(site: &Site<'_>, root: PathBuf, binds: Vec<(PathBuf, PathBuf)>) -> Room {
    let Caller { uid, gid, .. } = site.host.caller();
    Room {
        root,
        mount: site.workplace.root(),
        binds,
        factors: factors(site),
        ids: (uid, gid),
    }
}
