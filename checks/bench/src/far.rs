//! The other process of a figure that needs two: where it is, and how it is spoken to.
//!
//! It is the same program as the one that measures: a process beside that one, or one that the
//! run started elsewhere, in a container of its own or where a network leads to.

use std::net::IpAddr;
use std::time::Duration;

use hpcctl_host::dialogue::Dialogue;
use hpcctl_host::trial::Entry;
use hpcctl_host::{Host, Live, Trial};
use serde::{Deserialize, Serialize};

use crate::agent::Answer;
use crate::end::Order;
use crate::measurement::Task;
use crate::mpi::Ranks;
use crate::question::Question;

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the other process is, if it is not beside the one that measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Far {
    /// It listens on this port, and one of these addresses leads there.
    Listens {
        /// The addresses, the likeliest first.
        found: Vec<IpAddr>,
        /// The port.
        port: u16,
    },
    /// It is a rank.
    Rank(Rank),
    /// They are ranks of an MPI that the launcher of the node starts.
    Launched(Ranks),
}

/// Another rank: what it told when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rank {
    /// Its process, as it sees itself.
    pub(crate) process: i32,
    /// Where its message lies in its memory.
    pub(crate) address: u64,
    /// The port on which it listens on its loopback.
    pub(crate) port: u16,
    /// What its segment in /dev/shm is named by.
    pub(crate) token: u32,
}

/// Starts one beside this process; `agent` is its command.
pub(crate) fn beside(agent: &[String]) -> Result<Dialogue, String> {
    if agent.is_empty() {
        return Err("there is no program for the other end".into());
    }
    Dialogue::start(agent, &[path()]).map_err(|error| error.to_string())
}

/// Starts one with the environment of this process, and more.
pub(crate) fn alike(agent: &[String], more: &[String]) -> Result<Dialogue, String> {
    let own = std::env::vars().map(|(name, value)| format!("{name}={value}"));
    let environment: Vec<String> = own.chain(more.iter().cloned()).collect();
    Dialogue::start(agent, &environment).map_err(|error| error.to_string())
}

/// Has a process of its own carry the task out, with more in its environment; nothing where this is that one.
pub(crate) fn apart(task: &Task, more: &[String]) -> Option<Result<Vec<f64>, String>> {
    if task.nested {
        return None;
    }
    Some(alike(&task.agent, more).and_then(|mut other| carry_out(&mut other, task)))
}

/// Starts one in namespaces of its own, in which these steps are carried out first.
pub(crate) fn enter(agent: &[String], namespaces: i32, steps: &Trial) -> Result<Dialogue, String> {
    let entry = Entry::new(namespaces, steps, agent, &[path()]);
    let entry = entry.map_err(|error| error.to_string())?;
    Dialogue::enter(&entry).map_err(|error| error.to_string())
}

/// Has it carry the task out in the place of this process.
pub(crate) fn carry_out(other: &mut Dialogue, task: &Task) -> Result<Vec<f64>, String> {
    let task = Task {
        nested: true,
        ..task.clone()
    };
    let line = serde_json::to_string(&task).map_err(|error| error.to_string())?;
    ask(other, &line)
}

/// The one variable that it needs, to find its commands.
pub(crate) fn path() -> String {
    format!("PATH={}", Live.env("PATH").unwrap_or_default())
}

/// Has it carry out an order.
pub(crate) fn tell(end: &mut Dialogue, order: &Order) -> Result<Vec<f64>, String> {
    let line = serde_json::to_string(order).map_err(|error| error.to_string())?;
    ask(end, &line)
}

/// Has it answer a line with figures.
pub(crate) fn ask(agent: &mut Dialogue, line: &str) -> Result<Vec<f64>, String> {
    match answer(agent, line)? {
        Answer::Figures { values, .. } => Ok(values),
        Answer::Told(_) => Err("the answer has no figures".into()),
        Answer::Failed(why) => Err(why),
    }
}

/// Has it answer a question.
pub(crate) fn told(agent: &mut Dialogue, question: &Question) -> Result<String, String> {
    let line = serde_json::to_string(question).map_err(|error| error.to_string())?;
    match answer(agent, &line)? {
        Answer::Told(said) => Ok(said),
        Answer::Figures { .. } => Err("the answer says nothing".into()),
        Answer::Failed(why) => Err(why),
    }
}

fn answer(agent: &mut Dialogue, line: &str) -> Result<Answer, String> {
    let said = agent
        .ask(line, PATIENCE)
        .map_err(|error| error.to_string())?;
    serde_json::from_str(&said).map_err(|error| format!("the answer cannot be read: {error}"))
}

/// Has it listen for whoever dials: the port.
pub(crate) fn listen(end: &mut Dialogue, address: IpAddr, processor: usize) -> Result<u16, String> {
    let port = tell(end, &Order::Listen { address, processor })?;
    match port.first() {
        Some(port) if (1.0..65_536.0).contains(port) => Ok(*port as u16),
        _ => Err("the other end names no port".into()),
    }
}

/// Makes it a rank that sends messages.
pub(crate) fn rank(end: &mut Dialogue, token: u32, processor: usize) -> Result<Rank, String> {
    let told = tell(end, &Order::Rank { token, processor })?;
    match told.as_slice() {
        [process, address, port] => Ok(Rank {
            process: *process as i32,
            address: *address as u64,
            port: *port as u16,
            token,
        }),
        _ => Err("the other rank does not say where it is".into()),
    }
}
