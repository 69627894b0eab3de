//! Another node: the agent there is started by a command such as ssh or srun, and listens.

use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};

use hpcctl_host::dialogue::Dialogue;

use crate::Error;
use crate::far::{self, Far};
use crate::pair::greet;

/// The agent on another node.
#[derive(Debug, Clone)]
pub struct Elsewhere<'a> {
    /// The name of the node, or its address.
    pub host: &'a str,
    /// The command that runs our program there as an agent.
    pub command: &'a [String],
}

/// An agent on another node that runs.
pub(crate) struct Peer {
    agent: Dialogue,
    /// The addresses of its node.
    found: Vec<IpAddr>,
}

impl Peer {
    /// Starts it.
    pub(crate) fn open(elsewhere: &Elsewhere<'_>, environment: &[String]) -> Result<Self, Error> {
        let host = elsewhere.host;
        let unreachable = |why: String| Error::Unreachable(format!("cannot use {host}: {why}"));
        let found: Vec<IpAddr> = (host, 0)
            .to_socket_addrs()
            .map_err(|error| unreachable(error.to_string()))?
            .map(|address| address.ip())
            .collect();
        let mut agent = Dialogue::start(elsewhere.command, environment)
            .map_err(|error| unreachable(error.to_string()))?;
        greet(&mut agent).map_err(|error| unreachable(error.to_string()))?;
        Ok(Self { agent, found })
    }

    /// Has it listen on every address of its node.
    pub(crate) fn listen(&mut self, processor: usize) -> Result<Far, String> {
        let port = far::listen(&mut self.agent, Ipv4Addr::UNSPECIFIED.into(), processor)?;
        Ok(Far::Listens {
            found: self.found.clone(),
            port,
        })
    }
}
