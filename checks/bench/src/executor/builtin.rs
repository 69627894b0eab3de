//! `builtin`: our own launcher: namespaces, a new root and the program; namespaces(7),
//! pivot_root(2). It needs nothing but the kernel, so it is there on every node.

use std::fs;
use std::path::{Path, PathBuf};

use hpcctl_host::dialogue::{Dialogue, DialogueError};
use hpcctl_host::trial::{EnterError, Entry};
use hpcctl_host::{Caller, Op, Trial};
use hpcctl_model::bench::Difference;
use serde::{Deserialize, Serialize};

use super::{Executor, Row, Site};
use crate::factor::{self, Factor};
use crate::furnish::{Given, StartError, Started};
use crate::fused::Fused;
use crate::guest;
use crate::image::{self, Image};
use crate::launch::Launch;
use crate::original::Original;
use crate::overlay::way::RULES;
use crate::ruleset::Ruleset;
use crate::workplace::{Bind, PROGRAM};
use crate::{Error, limits, variables};

/// The row.
pub static EXECUTOR: Row = Row {
    name: "builtin",
    networks: &["host", "none"],
    tried: true,
    apart: false,
    open,
};

/// `MOUNT_ATTR_RDONLY` of linux/mount.h.
const READ_ONLY: u64 = 1;

/// Where segments of memory are shared.
const SHM: &str = "/dev/shm";

/// The directories that an overlay needs beside the one below it.
pub(crate) const OF_AN_OVERLAY: [&str; 2] = ["upper", "work"];

/// The most memory of a container that has a limit of ours, in MiB.
const MEMORY: u64 = 256;

/// What of the host an image is given, where it has the directory.
const OF_THE_HOST: [&str; 2] = ["dev", "sys"];

/// A container of our own: what is mounted where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// The tree that becomes the root.
    root: PathBuf,
    /// Where it is mounted until then.
    mount: PathBuf,
    /// What is mounted in it.
    binds: Vec<Bind>,
    /// Where an overlay keeps what is written; it is on the root of an image, else on the first of them.
    aside: Option<PathBuf>,
    /// What makes it a container.
    factors: Vec<Factor>,
    /// The limits of its processes that are not the node's.
    limits: Vec<Difference>,
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
            trial = trial.map_to_root(self.ids.0, self.ids.1);
        }
        if self.has(Factor::Mount) {
            trial = self.with_root(trial);
        }
        if self.has(Factor::Net) {
            trial = trial.op(Op::LoopbackUp);
        }
        if self.has(Factor::Limits) {
            trial = limits::set(trial, &self.limits);
        }
        if self.has(Factor::Seccomp) {
            trial = factor::filter(trial);
        }
        trial
    }

    /// The steps that mount the root and enter it.
    fn with_root(&self, trial: Trial) -> Trial {
        let mount = text(&self.mount);
        let has_image = self.has(Factor::Image);
        let mut trial = trial
            .op(Op::mount_private("/"))
            .op(match &self.aside {
                Some(aside) if has_image => overlay(&self.root, aside, &mount),
                _ => Op::bind(&text(&self.root), &mount),
            })
            .maybe(read_only(&mount));
        for (n, bind) in self.binds.iter().enumerate() {
            let target = format!("{mount}{}", text(&bind.inside));
            trial = trial.op(match &self.aside {
                Some(aside) if n == 0 && !has_image => overlay(&bind.outside, aside, &target),
                _ => Op::bind(&text(&bind.outside), &target),
            });
            if bind.read_only {
                trial = trial.maybe(read_only(&target));
            }
        }
        if self.has(Factor::Shm) {
            trial = trial.op(Op::tmpfs(&format!("{mount}{SHM}")));
        }
        trial
            .op(Op::Chdir(mount))
            .op(Op::PivotRoot)
            // An image may have no place for it.
            .maybe(Op::proc())
            .op(Op::DetachOldRoot)
    }
}

/// Makes a mount and those below it read-only; before Linux 5.12 they stay as they are for the user.
fn read_only(target: &str) -> Op {
    Op::SetAttributes {
        target: target.into(),
        flags: READ_ONLY,
    }
}

/// An overlay on a directory, as a user may mount it since Linux 5.11; `aside` has its directories.
pub(crate) fn overlay(lower: &Path, aside: &Path, target: &str) -> Op {
    let [upper, work] = OF_AN_OVERLAY.map(|name| text(&aside.join(name)));
    let options = format!(
        "lowerdir={},upperdir={upper},workdir={work},userxattr",
        text(lower)
    );
    Op::mount("overlay", target, "overlay", 0, &options)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// A room with the agent that runs in it.
struct Builtin {
    room: Room,
    entry: Entry,
    agent: Vec<String>,
    place: PathBuf,
    own_libc: Result<(), String>,
    given: Given,
    /// What the root of the image comes through, or the shared directory.
    _fused: Option<Fused>,
}

impl Executor for Builtin {
    fn start(&self) -> Result<Started, StartError> {
        let started = Started::plain(Dialogue::enter(&self.entry)?);
        started.furnish(&self.room.factors, &self.given)
    }

    fn agent(&self) -> &[String] {
        &self.agent
    }

    /// Ranks join the container that the agent is in.
    fn rank(&self, agent: u32) -> Result<Vec<String>, String> {
        let names = self.room.factors.iter();
        let names = names.filter_map(|factor| factor.namespace());
        let mut command = vec!["nsenter".to_owned(), "--preserve-credentials".into()];
        command.extend(names.map(|name| {
            let option = if name == "mnt" { "mount" } else { name };
            format!("--{option}=/proc/{agent}/ns/{name}")
        }));
        Ok([command, self.agent.clone()].concat())
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
    let in_it = factors(site).contains(&Factor::Image);
    match site.image {
        Some(reference) if in_it => in_an_image(site, reference),
        _ => on_the_host(site),
    }
}

/// The host's own tree, where everything is where it was.
fn on_the_host(site: &Site<'_>) -> Result<Box<dyn Executor>, Error> {
    let shared = site.workplace.shared();
    let mut binds = site.workplace.binds(&shared).to_vec();
    let factors = factors(site);
    let mut fused = None;
    // What is written passes through these, too, and none of it reaches what is below.
    if [Factor::Fuse, Factor::Overlay]
        .iter()
        .any(|one| factors.contains(one))
    {
        binds = vec![writable(&shared)];
    }
    if factors.contains(&Factor::Fuse) {
        (binds[0].outside, fused) = by_fuse(site, &shared)?;
    }
    // All of the tree is read-only, and this is written to.
    if Path::new(SHM).is_dir() {
        binds.push(writable(Path::new(SHM)));
    }
    let room = room(site, PathBuf::from("/"), binds)?;
    let agent = site.outside();
    ready(site, room, agent, shared, Ok(()), fused)
}

/// A directory of the node where it is there, too.
fn writable(path: &Path) -> Bind {
    Bind {
        outside: path.into(),
        inside: path.into(),
        read_only: false,
    }
}

/// A directory that holds an image.
fn in_an_image(site: &Site<'_>, reference: &str) -> Result<Box<dyn Executor>, Error> {
    let Image {
        root,
        place,
        is_fused,
    } = Image::open(site.host, reference)?;
    let of_the_host = OF_THE_HOST
        .iter()
        .filter(|name| image::is_in(&root, name))
        .map(|name| writable(&Path::new("/").join(name)));
    let kit = guest::kit(site, &place)?;
    let mut binds = site.workplace.binds(&place).to_vec();
    binds.extend(of_the_host);
    // One that lies on it already is taken as it is.
    let (root, fused) = match factors(site).contains(&Factor::Fuse) && !is_fused {
        true => by_fuse(site, &root)?,
        false => (root, None),
    };
    let room = room(site, root, binds)?;
    let settled = guest::settle(site, kit, |agent| {
        let entry = room.entry(agent, &environment(site));
        let entered = entry
            .map_err(DialogueError::from)
            .and_then(|entry| Dialogue::enter(&entry))?;
        Ok(Started::plain(entered))
    })?;
    ready(site, room, settled.agent, place, settled.own_libc, fused)
}

/// A directory as it comes through a file system by FUSE.
fn by_fuse(site: &Site<'_>, dir: &Path) -> Result<(PathBuf, Option<Fused>), Error> {
    let (aside, place) = (aside(site)?, site.workplace.tree()?);
    let fused = Fused::overlay(site.host, dir, &aside, &place)
        .map_err(|why| Error::Unreachable(format!("cannot add a file system by FUSE: {why}")))?;
    Ok((fused.place.clone(), Some(fused)))
}

fn ready(
    site: &Site<'_>,
    room: Room,
    agent: Vec<String>,
    place: PathBuf,
    own_libc: Result<(), String>,
    fused: Option<Fused>,
) -> Result<Box<dyn Executor>, Error> {
    let entry = room
        .entry(&agent, &environment(site))
        .map_err(|error| Error::Unreachable(error.to_string()))?;
    Ok(Box::new(Builtin {
        room,
        entry,
        agent,
        place,
        own_libc,
        given: given(site),
        _fused: fused,
    }))
}

/// The environment inside: that of the node, that of the container that is built once more, or one that is planted.
fn environment(site: &Site<'_>) -> Vec<String> {
    if !factors(site).contains(&Factor::Environment) {
        return site.environment.to_vec();
    }
    match site.original {
        Some(original) => variables::as_inside(site.environment, original.differences),
        None => variables::as_inside(site.environment, &[variables::planted()]),
    }
}

/// What factors are made with: the rules are those of the container that is built once more.
fn given(site: &Site<'_>) -> Given {
    let text =
        |rules: Option<&Ruleset>| rules.map_or_else(|| RULES.to_owned(), |it| it.text.clone());
    Given {
        outside: site.outside(),
        rules: text(site.original.and_then(Original::rules_inside)),
        of_node: text(site.original.and_then(Original::rules_outside)),
        memory: site.original.and_then(Original::memory).unwrap_or(MEMORY),
    }
}

/// The factors that are asked for, or those of a container of ours.
fn factors(site: &Site<'_>) -> Vec<Factor> {
    if let Some(factors) = site.factors {
        return factors.to_vec();
    }
    let image = site.image.map(|_| Factor::Image);
    own_factors(site.network).into_iter().chain(image).collect()
}

/// The factors of a container of ours, but for its image.
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

fn room(site: &Site<'_>, root: PathBuf, binds: Vec<Bind>) -> Result<Room, Error> {
    let Caller { uid, gid, .. } = site.host.caller();
    let factors = factors(site);
    let aside = match factors.contains(&Factor::Overlay) {
        true => Some(aside(site)?),
        false => None,
    };
    Ok(Room {
        root,
        mount: site.workplace.root(),
        binds,
        aside,
        factors,
        limits: site
            .original
            .map_or_else(|| vec![limits::planted()], Original::limits),
        ids: (uid, gid),
    })
}

/// A directory for what an overlay needs.
fn aside(site: &Site<'_>) -> Result<PathBuf, Error> {
    let dir = site.workplace.tree()?;
    let made = OF_AN_OVERLAY
        .iter()
        .try_for_each(|name| fs::create_dir(dir.join(name)));
    made.map_err(|source| Error::Workplace {
        what: "the directories of an overlay".into(),
        source,
    })?;
    Ok(dir)
}
