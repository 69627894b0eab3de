//! What a program refuses of its own command, whatever the node can do: options that its release does not
//! have, by its --help, and those of podman that do not go together, or not with what podman has here.

use hpcctl_model::doctor::Status;
use hpcctl_model::lint::Outcome;

use super::Node;
use crate::container_command::ContainerCommand;

/// What the program itself refuses, whatever the node can do.
pub(super) fn refused(command: &ContainerCommand, node: &Node<'_>) -> Option<(Outcome, String)> {
    let unknown = command
        .options
        .iter()
        .find(|given| given.known == Some(false));
    if let Some(given) = unknown {
        let dashes = if given.name.chars().count() == 1 {
            "-"
        } else {
            "--"
        };
        let option = format!("{dashes}{}", given.name);
        return Some(match command.program {
            // argp(3) lists each option; others may keep some to themselves.
            "ch-run" => (
                Outcome::Fails,
                format!("this release of ch-run has no {option}: \"unrecognized option\""),
            ),
            // `--net` has been another spelling since the beginning.
            "podman" if given.name == "net" => return podman(command, node),
            program => (
                Outcome::Unknown,
                format!("{program} --help does not tell of {option}"),
            ),
        });
    }
    match command.runtime {
        "podman" => podman(command, node),
        _ => None,
    }
}

/// Isolation by chroot sets the groups of the build, whatever else would have worked.
fn isolated(command: &ContainerCommand, node: &Node<'_>) -> Option<(Outcome, String)> {
    let isolated = command.op == Some("build") && command.value(&["isolation"]) == Some("chroot");
    let many = node.known.is_root() || node.known.maps_many();
    (isolated && !many).then(|| {
        let why = format!(
            "with one id isolation by chroot fails, \"setting supplemental groups list\": {}",
            node.known.summary("uid.subid.file")
        );
        (Outcome::Fails, why)
    })
}

/// Tried with podman 4.3.
fn podman(command: &ContainerCommand, node: &Node<'_>) -> Option<(Outcome, String)> {
    if let Some(found) = isolated(command, node) {
        return Some(found);
    }
    let runtime = command.value(&["runtime"])?;
    let runtime = runtime.rsplit('/').next().unwrap_or(runtime);
    if runtime == "runc" && command.value(&["cgroups"]) == Some("disabled") {
        let why = "podman refuses --cgroups=disabled with runc: \"not compatible with NoCgroups\"";
        return Some((Outcome::Fails, why.into()));
    }
    let chosen = node.known.oci().unwrap_or("");
    match node.known.status("cg.crun.hybrid") {
        _ if runtime == "runc" || runtime == chosen => None,
        Some(Status::Warn) if runtime == "crun" => Some((
            Outcome::Fails,
            node.known.summary("cg.crun.hybrid").to_owned(),
        )),
        _ => Some((
            Outcome::Unknown,
            format!("podman uses {chosen} here: whether {runtime} starts containers was not tried"),
        )),
    }
}
