//! The ways: which namespaces and which commands make them; ip-link(8), nft(8),
//! slirp4netns(1), pasta(1).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hpcctl_host::dialogue::{Dialogue, DialogueError};
use hpcctl_host::trial::namespace;
use hpcctl_host::{Host, Live, Op, Trial};

use crate::end::{self, Order};
use crate::far;
use crate::measurement::Task;
use crate::timing::Clock;

/// The addresses of the two ends of a way of our own.
pub(crate) const ENDS: [&str; 2] = ["10.213.7.1", "10.213.7.2"];

/// The address by which slirp4netns reaches the loopback of the node.
pub(crate) const SLIRP_HOST: &str = "10.0.2.2";

/// What a node with containers has: connections are tracked, and hooks of NAT looked through.
pub(crate) const RULES: &str = "table inet hpcctl { \
    chain in { type filter hook input priority 0; ct state established,related accept; }; \
    chain out { type filter hook output priority 0; ct state established,related accept; }; \
    chain before { type nat hook prerouting priority -100; tcp dport 1 dnat ip to 127.0.0.1; }; \
    chain after { type nat hook postrouting priority 100; ip saddr 10.250.0.0/16 masquerade; }; }";

/// A way between two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Veth,
    Bridge,
    Nft,
    Slirp4netns,
    Pasta,
}

/// Two ends, and what carries what passes between them.
struct Ends {
    near: Dialogue,
    far: Dialogue,
    /// Where the far end listens, and where the near end finds it.
    listens: IpAddr,
    found: IpAddr,
    /// A program that carries it; ended with the ends.
    carrier: Option<Dialogue>,
}

/// Measures a way, or the node's own loopback where the task is outside.
pub(super) fn take(way: Way, task: &Task, clock: Clock) -> Result<Vec<f64>, String> {
    if task.agent.is_empty() {
        return Err("there is no program for the ends".into());
    }
    let ours = matches!(way, Way::Veth | Way::Bridge | Way::Nft);
    if task.inside && ours && !task.nested {
        return nested(task);
    }
    let mut ends = match way {
        _ if !task.inside => outside(task),
        Way::Slirp4netns | Way::Pasta => carried(way, task),
        _ => linked(way, task),
    }?;
    let processor = task.processors.first().copied().unwrap_or(0);
    let port = far::listen(&mut ends.far, ends.listens, processor)?;
    let dial = Order::Dial {
        to: vec![SocketAddr::new(ends.found, port)],
        processor,
        length: clock.length() / 2,
        planted: task.planted,
    };
    let measured = far::tell(&mut ends.near, &dial);
    measured.map_err(|why| match ends.carrier.as_mut().and_then(complaint) {
        Some(said) => format!("{said}; {why}"),
        None => why,
    })
}

/// What a program that should carry everything said when it ended instead.
fn complaint(carrier: &mut Dialogue) -> Option<String> {
    match carrier.ask("", Duration::from_millis(1)) {
        Err(DialogueError::Ended(said)) => said.lines().next().map(str::to_owned),
        _ => None,
    }
}

/// Carries the task out in a user and network namespace, where links may be made.
fn nested(task: &Task) -> Result<Vec<f64>, String> {
    far::carry_out(&mut apart(task)?, task)
}

/// Both on the node.
fn outside(task: &Task) -> Result<Ends, String> {
    let loopback = IpAddr::from([127, 0, 0, 1]);
    Ok(Ends {
        near: far::beside(&task.agent)?,
        far: far::beside(&task.agent)?,
        listens: loopback,
        found: loopback,
        carrier: None,
    })
}

/// Both in namespaces of their own, with links between them.
fn linked(way: Way, task: &Task) -> Result<Ends, String> {
    let mut near = with_network(task)?;
    let mut far = with_network(task)?;
    let links = match way {
        Way::Bridge => bridge(near.id(), far.id()),
        _ => vec![words(&format!(
            "ip link add name end0 netns {} type veth peer name end0 netns {}",
            near.id(),
            far.id()
        ))],
    };
    links.iter().try_for_each(|argv| end::run(argv))?;
    for (end, address) in [&mut near, &mut far].into_iter().zip(ENDS) {
        for command in [
            format!("ip address add {address}/24 dev end0"),
            "ip link set end0 up".into(),
        ] {
            far::tell(end, &Order::Run(words(&command)))?;
        }
        if way == Way::Nft {
            far::tell(end, &Order::Run(vec!["nft".into(), RULES.into()]))?;
        }
    }
    let [_, far_address] = ENDS.map(address);
    Ok(Ends {
        near,
        far,
        listens: far_address,
        found: far_address,
        carrier: None,
    })
}

fn bridge(near: u32, far: u32) -> Vec<Vec<String>> {
    let mut commands = vec![
        words("ip link add name bridge0 type bridge"),
        words("ip link set bridge0 up"),
    ];
    for (port, end) in [("port0", near), ("port1", far)] {
        commands.push(words(&format!(
            "ip link add name {port} type veth peer name end0 netns {end}"
        )));
        commands.push(words(&format!("ip link set {port} master bridge0 up")));
    }
    commands
}

/// The near end in a namespace of its own, the far end on the node, and a program in between.
fn carried(way: Way, task: &Task) -> Result<Ends, String> {
    let near = apart(task)?;
    let (carrier, found) = carrier(way, near.id())?;
    Ok(Ends {
        near,
        far: far::beside(&task.agent)?,
        listens: IpAddr::from([127, 0, 0, 1]),
        found,
        carrier: Some(carrier),
    })
}

/// Starts the program that carries what leaves the network namespace of a process, and where
/// the loopback of the node is found through it.
pub(crate) fn carrier(way: Way, process: u32) -> Result<(Dialogue, IpAddr), String> {
    let (command, found) = match way {
        Way::Pasta => (pasta(process), gateway()?),
        _ => (
            format!("slirp4netns --configure --mtu=65520 {process} tap0"),
            address(SLIRP_HOST),
        ),
    };
    let mut argv = words(&command);
    let program = argv.first().cloned().unwrap_or_default();
    argv[0] = Live
        .which(&program)
        .ok_or_else(|| format!("{program} is not installed"))?;
    let environment: Vec<String> = std::env::vars()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let carrier = Dialogue::start(&argv, &environment).map_err(|error| error.to_string())?;
    Ok((carrier, found))
}

/// As podman starts it: no ports of the namespace are passed on.
fn pasta(near: u32) -> String {
    // It would else become nobody, who may not look into our namespaces.
    let root = match rustix::process::getuid().as_raw() {
        0 => "--runas 0 ",
        _ => "",
    };
    format!("pasta {root}--config-net --foreground --quiet -t none -u none -T none -U none {near}")
}

/// The router of the node, which stands for the node itself behind pasta; proc_net_route.
pub(crate) fn gateway() -> Result<IpAddr, String> {
    let routes = Live.read("/proc/net/route").unwrap_or_default();
    default_route(&routes).ok_or_else(|| "the node has no default route".into())
}

fn default_route(routes: &str) -> Option<IpAddr> {
    let mut rows = routes.lines().map(|line| line.split_whitespace());
    rows.find_map(|mut row| {
        let (destination, gateway) = (row.nth(1)?, row.next()?);
        // Numbers in the order of the machine.
        let bits = u32::from_str_radix(gateway, 16).ok()?;
        (destination == "00000000" && bits != 0).then(|| IpAddr::from(bits.to_ne_bytes()))
    })
}

pub(crate) fn address(text: &str) -> IpAddr {
    text.parse().unwrap_or(IpAddr::from([127, 0, 0, 1]))
}

pub(crate) fn words(command: &str) -> Vec<String> {
    command.split_whitespace().map(str::to_owned).collect()
}

/// An agent in a user and a network namespace of its own.
fn apart(task: &Task) -> Result<Dialogue, String> {
    let steps = Trial::new()
        .map_to_root(
            rustix::process::getuid().as_raw(),
            rustix::process::getgid().as_raw(),
        )
        .op(Op::LoopbackUp);
    far::enter(&task.agent, namespace::USER | namespace::NET, &steps)
}

/// An agent in a network namespace of its own, for whoever may make one.
fn with_network(task: &Task) -> Result<Dialogue, String> {
    let steps = Trial::new().op(Op::LoopbackUp);
    far::enter(&task.agent, namespace::NET, &steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_route_is_found() {
        let routes = "Iface Destination Gateway Flags\n\
            eth0 000200C0 00000000 0001\n\
            eth0 00000000 010200C0 0003\n";
        let expected = u32::from_str_radix("010200C0", 16).unwrap().to_ne_bytes();
        assert_eq!(default_route(routes), Some(IpAddr::from(expected)));
        assert_eq!(default_route("Iface\n"), None);
    }

    #[test]
    fn the_ends_have_addresses() {
        for text in ENDS.into_iter().chain([SLIRP_HOST]) {
            assert_eq!(address(text).to_string(), text);
        }
    }
}
