//! What our own launcher makes for a container once it runs: the factors that come from outside
//! of it, which are gone with it.
//!
//! Commands are the node's, run in the network namespace of the container, so that an image needs none of them.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use hpcctl_host::dialogue::{Dialogue, DialogueError};
use hpcctl_host::trial::namespace;
use hpcctl_host::{Op, Trial};

use crate::end;
use crate::factor::Factor;
use crate::far;
use crate::group::{Group, Limit};
use crate::netns;
use crate::overlay::way::{self, ENDS, Way};

/// The rate of a limited network, and the bytes that pass at once: more than loopback's largest
/// packet.
const RATE: &str = "rate 1gbit burst 1mb latency 50ms";

/// How long a program that carries packets may take to fail, if it does at once.
const AT_ONCE: Duration = Duration::from_millis(1);

/// A container with the agent in it, and what was made for it.
pub(crate) struct Started {
    /// The agent; ended first.
    pub(crate) agent: Dialogue,
    /// Where its network leads to.
    pub(crate) route: Option<Route>,
    carrier: Option<Dialogue>,
    groups: Vec<Group>,
}

/// What factors are made with.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    /// The command of an agent on the node.
    pub(crate) outside: Vec<String>,
    /// The rules of the packet filter inside, as nft takes them.
    pub(crate) rules: String,
    /// Those of the node.
    pub(crate) of_node: String,
    /// The most memory, in MiB.
    pub(crate) memory: u64,
}

/// A way out of the network of a container.
pub(crate) struct Route {
    /// The process at its end, once there is one.
    pub(crate) far: Option<Dialogue>,
    /// Where that listens.
    pub(crate) listens: IpAddr,
    /// Addresses by which it may be found, the likeliest first.
    pub(crate) found: Vec<IpAddr>,
}

/// Why a container is not as it should be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// It could not be started, or does not answer.
    #[error(transparent)]
    Dialogue(#[from] DialogueError),
    /// A factor could not be made.
    #[error("cannot add {factor}: {why}")]
    Factor {
        /// The factor, in words.
        factor: &'static str,
        /// Why.
        why: String,
    },
}

impl StartError {
    /// Something that was to be made and could not.
    pub(crate) fn made(factor: &'static str, error: &std::io::Error) -> Self {
        Self::Factor {
            factor,
            why: error.to_string(),
        }
    }
}

impl Started {
    /// An agent for which nothing more is made.
    pub(crate) fn plain(agent: Dialogue) -> Self {
        Self {
            agent,
            route: None,
            carrier: None,
            groups: Vec::new(),
        }
    }

    /// Ends it, and what was made for it.
    pub(crate) fn end(self, deadline: Duration) {
        let Self {
            agent,
            route,
            carrier,
            groups,
        } = self;
        agent.end(deadline);
        drop((route, carrier, groups));
    }

    /// Makes what these factors are.
    pub(crate) fn furnish(mut self, factors: &[Factor], given: &Given) -> Result<Self, StartError> {
        for factor in factors {
            self.add(*factor, given).map_err(|why| StartError::Factor {
                factor: factor.what(""),
                why,
            })?;
        }
        Ok(self)
    }

    fn add(&mut self, factor: Factor, given: &Given) -> Result<(), String> {
        let process = self.agent.id();
        match factor {
            Factor::Nft => within(process, &["nft".into(), given.rules.clone()]),
            Factor::Tbf => {
                let device = if self.route.is_some() { "end0" } else { "lo" };
                let limit = format!("tc qdisc add dev {device} root tbf {RATE}");
                within(process, &way::words(&limit))
            }
            Factor::Veth => {
                self.route = Some(linked(process, &given.outside)?);
                Ok(())
            }
            Factor::Bridge => bridged(self.far()?),
            Factor::NodeRules => within(self.far()?, &["nft".into(), given.of_node.clone()]),
            Factor::Slirp4netns => self.carry(Way::Slirp4netns),
            Factor::Pasta => self.carry(Way::Pasta),
            Factor::CpuMax => self.limit(&Limit::processor()),
            Factor::MemoryMax => self.limit(&Limit::memory(given.memory << 20)),
            _ => Ok(()),
        }
    }

    /// Puts it into a group with a limit, or limits the group that it is in, too.
    fn limit(&mut self, limit: &Limit) -> Result<(), String> {
        let shared = self.groups.iter().find(|group| group.is_of_all());
        match shared {
            Some(group) => group.write(limit)?,
            None => self.groups.push(Group::limit(self.agent.id(), limit)?),
        }
        Ok(())
    }

    /// The process at the other end of a pair of veth.
    fn far(&self) -> Result<u32, String> {
        let far = self.route.as_ref().and_then(|route| route.far.as_ref());
        let far = far.ok_or("there is no pair of veth")?;
        Ok(far.id())
    }

    fn carry(&mut self, way: Way) -> Result<(), String> {
        let (mut carrier, found) = way::carrier(way, self.agent.id())?;
        if let Err(DialogueError::Ended(said)) = carrier.ask("", AT_ONCE) {
            return Err(said.lines().next().unwrap_or("it ended").to_owned());
        }
        self.carrier = Some(carrier);
        self.route = Some(Route {
            far: None,
            listens: Ipv4Addr::LOCALHOST.into(),
            found: vec![found],
        });
        Ok(())
    }
}

/// Links a container with a network namespace in which the other process is.
fn linked(process: u32, outside: &[String]) -> Result<Route, String> {
    let steps = Trial::new().op(Op::LoopbackUp);
    let far = far::enter(outside, namespace::NET, &steps)?;
    let link = format!(
        "ip link add name end0 netns {process} type veth peer name end0 netns {}",
        far.id()
    );
    end::run(&way::words(&link))?;
    for (process, address) in [process, far.id()].into_iter().zip(ENDS) {
        let address = format!("ip address add {address}/24 dev end0");
        within(process, &way::words(&address))?;
        within(process, &way::words("ip link set end0 up"))?;
    }
    let found = way::address(ENDS[1]);
    Ok(Route {
        far: Some(far),
        listens: found,
        found: vec![found],
    })
}

/// Puts a bridge between the other end of a link and the process there, as a runtime does on the node.
fn bridged(far: u32) -> Result<(), String> {
    let address = ENDS[1];
    let commands = [
        "ip address flush dev end0".to_owned(),
        "ip link add name bridge0 type bridge".into(),
        "ip link set end0 master bridge0".into(),
        format!("ip address add {address}/24 dev bridge0"),
        "ip link set bridge0 up".into(),
    ];
    let mut commands = commands.iter();
    commands.try_for_each(|command| within(far, &way::words(command)))
}

fn within(process: u32, command: &[String]) -> Result<(), String> {
    end::run(&netns::command(process, command))
}
