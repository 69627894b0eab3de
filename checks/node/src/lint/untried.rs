//! Options of podman under which a container may fail, or do less than asked, though the node can
//! run it: what becomes of them was not tried, so that nothing is promised.

use crate::container_command::ContainerCommand;

/// The options: of the user and the ids, of what must be there on the node or in the image, of
/// limits, which rootless podman may ignore, and of the network.
const OPTIONS: &[&str] = &[
    "blkio-weight",
    "cpu-quota",
    "cpu-shares",
    "cpus",
    "cpuset-cpus",
    "device",
    "gidmap",
    "m",
    "memory",
    "mount",
    "p",
    "pids-limit",
    "privileged",
    "publish",
    "u",
    "uidmap",
    "user",
    "userns",
    "v",
    "volume",
];

/// The networks that need nothing of the node.
const NETWORKS: [&str; 2] = ["host", "none"];

/// Why it is not known whether a command does what it says; none where it is.
pub(super) fn untried(command: &ContainerCommand) -> Option<String> {
    if command.runtime != "podman" || command.op != Some("run") {
        return None;
    }
    let mut given = command.options.iter();
    if let Some(option) = given.find(|given| OPTIONS.contains(&given.name.as_str())) {
        let dashes = if option.name.len() == 1 { "-" } else { "--" };
        return Some(format!(
            "podman runs containers here, but what becomes of {dashes}{} was not tried",
            option.name
        ));
    }
    let network = command.value(&["network", "net"])?;
    (!NETWORKS.contains(&network))
        .then(|| format!("podman runs containers here, but the network {network} was not tried"))
}
