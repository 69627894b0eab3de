//! A guest: the agent in a container that the command of a runtime makes.
//!
//! In an image it runs with the image's libraries where it can, else with those it brings along.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hpcctl_host::dialogue::Dialogue;
use hpcctl_host::kit;

use crate::Error;
use crate::agent::Hello;
use crate::environs;
use crate::executor::{Executor, Site};
use crate::fs::tree;
use crate::furnish::{Route, StartError, Started};
use crate::image::{self, Image};
use crate::imported::Imported;
use crate::launch::Launch;
use crate::overlay::way;
use crate::workplace::{Kit, PROGRAM};

/// How long the agent may take to say that it is there; a first start may copy the image.
const FIRST_WORD: Duration = Duration::from_secs(60);

/// The name of the tree in an image of ours.
pub(crate) const TREE: &str = "tree";

/// Why this program does not run with the C library of an image.
const MUSL: &str = "it is musl, and this program is made for glibc";

/// The likeliest reason why this program does not run there.
const OLDER: &str = "it may be older than this program needs";

/// Where podman has pasta find the node.
const PASTA_HOST: &str = "169.254.1.2";

/// An address that nobody has, RFC 5737.
const DOCUMENTATION: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// The agent behind a command.
#[derive(Debug)]
pub(crate) struct Guest {
    /// The runtime with its options; a program inside follows.
    command: Vec<String>,
    /// The same for a rank of an MPI, where a launcher may start it.
    rank: Option<Vec<String>>,
    agent: Vec<String>,
    environment: Vec<String>,
    place: PathBuf,
    tree: PathBuf,
    /// Addresses of the node, where the network is neither the node's nor leads nowhere.
    node: Vec<IpAddr>,
    own_libc: Result<(), String>,
    own_users: bool,
    /// Removed with it.
    _image: Option<Imported>,
}

impl Guest {
    /// Makes it ready: `command` is tried, and `place` is where it has the shared directory.
    pub(crate) fn open(site: &Site<'_>, command: Vec<String>, place: &Path) -> Result<Self, Error> {
        let kit = kit(site, place)?;
        let mut guest = Self {
            command,
            rank: None,
            agent: Vec::new(),
            environment: site.environment.to_vec(),
            place: place.into(),
            tree: match site.image {
                Some(_) => place.into(),
                None => Path::new("/").join(TREE),
            },
            node: Vec::new(),
            own_libc: Ok(()),
            own_users: false,
            _image: None,
        };
        let settled = settle(site, kit, |agent| {
            let argv = [guest.command.clone(), agent.to_vec()].concat();
            Ok(Started::plain(Dialogue::start(&argv, &guest.environment)?))
        })?;
        // The host of a daemon may be a network of its own, too.
        if site.network != "none" && settled.is_apart("net") {
            guest.node = node();
        }
        guest.own_users = settled.is_apart("user");
        guest.agent = settled.agent;
        guest.own_libc = settled.own_libc;
        Ok(guest)
    }

    /// Whether it has a user namespace of its own.
    pub(crate) fn has_own_users(&self) -> bool {
        self.own_users
    }

    /// With the image that was imported for it.
    pub(crate) fn with_image(self, image: Option<Imported>) -> Self {
        Self {
            _image: image,
            ..self
        }
    }

    /// With the command of ranks that a launcher starts.
    pub(crate) fn with_ranks(self, command: Vec<String>) -> Self {
        Self {
            rank: Some(command),
            ..self
        }
    }
}

impl Executor for Guest {
    fn start(&self) -> Result<Started, StartError> {
        let argv = [self.command.clone(), self.agent.clone()].concat();
        let mut started = Started::plain(Dialogue::start(&argv, &self.environment)?);
        started.route = (!self.node.is_empty()).then(|| Route {
            far: None,
            listens: Ipv4Addr::UNSPECIFIED.into(),
            found: self.node.clone(),
        });
        Ok(started)
    }

    fn agent(&self) -> &[String] {
        &self.agent
    }

    fn rank(&self, _agent: u32) -> Result<Vec<String>, String> {
        match &self.rank {
            Some(command) => Ok([command.clone(), self.agent.clone()].concat()),
            None => {
                Err("bench cannot have ranks of this runtime started by the node's launcher".into())
            }
        }
    }

    fn launch(&self) -> Launch {
        let program = self.place.join(PROGRAM).display().to_string();
        Launch::Command([self.command.clone(), vec![program]].concat())
    }

    fn place(&self) -> &Path {
        &self.place
    }

    fn tree(&self) -> &Path {
        &self.tree
    }

    fn own_libc(&self) -> Result<(), String> {
        self.own_libc.clone()
    }
}

/// Addresses by which a container may find its node: that of slirp4netns, the node's own, and
/// those of pasta.
fn node() -> Vec<IpAddr> {
    // Nothing is sent: the kernel only says by which address it would.
    let own = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect((DOCUMENTATION, 9))?;
        socket.local_addr()
    });
    let own = own.ok().map(|address| address.ip());
    let gateway = way::gateway().ok();
    let known = [way::SLIRP_HOST, PASTA_HOST].map(way::address);
    own.into_iter().chain(known).chain(gateway).collect()
}

/// Our program and its libraries, which are at `place` inside.
pub(crate) fn kit(site: &Site<'_>, place: &Path) -> Result<Kit, Error> {
    site.workplace
        .kit(place)
        .map_err(|source| Error::Workplace {
            what: "a copy of this program".into(),
            source,
        })
}

/// How the agent runs in a container.
pub(crate) struct Settled {
    /// Its command line.
    pub(crate) agent: Vec<String>,
    /// Whether it runs with the C library of the image, or of the host where there is no image;
    /// else why not.
    pub(crate) own_libc: Result<(), String>,
    /// What surrounds it.
    surroundings: BTreeMap<String, String>,
}

impl Settled {
    /// Whether it is in a namespace of this kind that is not this process's.
    fn is_apart(&self, kind: &str) -> bool {
        let inside = self.surroundings.get(&format!("namespace {kind}"));
        let sides = inside.zip(environs::namespace(kind));
        sides.is_some_and(|(inside, outside)| *inside != outside)
    }
}

/// Finds out how the agent runs there: as outside, where the libraries are in place, else with those that it brings along.
pub(crate) fn settle(
    site: &Site<'_>,
    kit: Kit,
    start: impl Fn(&[String]) -> Result<Started, StartError>,
) -> Result<Settled, Error> {
    let full = |command: Vec<String>| [command, site.agent.to_vec()].concat();
    let greet = |agent: &[String]| -> Result<Hello, String> {
        let mut started = start(agent).map_err(|error| error.to_string())?;
        let said = started.agent.ask("hello", FIRST_WORD);
        started.end(FIRST_WORD);
        let said = said.map_err(|error| error.to_string())?;
        serde_json::from_str(&said).map_err(|error| format!("{said:.80} is no greeting: {error}"))
    };
    let agent = full(kit.with_theirs);
    let own_libc = match greet(&agent) {
        Ok(Hello { surroundings, .. }) => {
            return Ok(Settled {
                agent,
                own_libc: Ok(()),
                surroundings,
            });
        }
        // Those that it brings along are the host's, which is what is compared where there is no image.
        Err(why) => match site.image {
            Some(reference) => Err(match Image::open(site.host, reference) {
                Ok(image) if image::is_of_musl(&image.root) => MUSL.into(),
                _ => format!("{OLDER}: {why}"),
            }),
            None => Ok(()),
        },
    };
    let agent = full(kit.with_own);
    let Hello { surroundings, .. } =
        greet(&agent).map_err(|why| Error::Unreachable(format!("no agent inside: {why}")))?;
    Ok(Settled {
        agent,
        own_libc,
        surroundings,
    })
}

/// The image, or one with nothing but the host's C library.
pub(crate) fn image(site: &Site<'_>) -> Result<Image, Error> {
    match site.image {
        Some(reference) => Image::open(site.host, reference),
        None => {
            let failed = |what: &str| {
                let what = what.to_owned();
                |source| Error::Workplace { what, source }
            };
            let image = Image::empty(site.workplace.tree()?)?;
            tree::make(&image.root.join(TREE)).map_err(failed("the files to read"))?;
            // A program that its loader is asked to start has its memory elsewhere, and some of it is faster by that.
            kit::install(&image.root, &site.workplace.agent).map_err(failed("a C library"))?;
            Ok(image)
        }
    }
}

/// The path of a runtime's program, the first of these names that there is.
pub(crate) fn program(site: &Site<'_>, names: &[&str]) -> Result<String, Error> {
    let mut found = names.iter().filter_map(|name| site.host.which(name));
    found.next().ok_or_else(|| {
        let names = names.join(" or ");
        Error::Unreachable(format!("{names} is not installed; see hpcctl doctor"))
    })
}
