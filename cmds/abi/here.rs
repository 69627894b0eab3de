//! What doctor knows of a runtime on this node: options without which it starts no container, and what
//! is against a command that was made for it.

use hpcctl_abi::{Call, Emit};
use hpcctl_host::{Host, Live};
use hpcctl_model::abi::Abi;
use hpcctl_node::advice::{Known, OPTIONS_REST_ON, options};
use hpcctl_node::{Ask, Examined, Helps, lint};

use crate::helps::of_program;

/// What it may have to do for a command: to start a container, and to have its image and its GPU there.
const OPERATIONS: &[&str] = &["run", "mount-fuse", "overlay", "gpu"];

/// A runtime on this node.
pub(super) struct Here<'e> {
    emit: &'e Emit,
    /// None where it is not installed: then the command is for another node.
    examined: Option<Examined>,
}

impl<'e> Here<'e> {
    /// Examines the node for a runtime.
    pub(super) fn examine(emit: &'e Emit) -> Self {
        let ask = Ask {
            runtimes: vec![emit.name.to_owned()],
            operations: OPERATIONS.iter().map(ToString::to_string).collect(),
            checks: OPTIONS_REST_ON.iter().map(ToString::to_string).collect(),
            ..Ask::default()
        };
        let examined = hpcctl_node::examine(&Live, &ask);
        let mut runtimes = examined.report.runtimes.iter();
        let is_installed = runtimes.any(|row| row.installed);
        Self {
            emit,
            examined: is_installed.then_some(examined),
        }
    }

    /// Of a runtime of which nothing is to be found out.
    pub(super) fn elsewhere(emit: &'e Emit) -> Self {
        let examined = None;
        Self { emit, examined }
    }

    /// Whether it is of this runtime.
    pub(super) fn is_of(&self, emit: &Emit) -> bool {
        self.emit.name == emit.name
    }

    /// How it is called, with options without which it starts no container here.
    pub(super) fn call(&self) -> Call {
        let examined = self.examined.as_ref();
        let options = examined.map(|one| options(self.emit.name, &Known::new(&one.report)));
        let options = options.unwrap_or_default();
        Call {
            as_root: Live.caller().uid == 0,
            name: examined.and_then(|_| self.emit.program_on(&Live)),
            program: options.program,
            run: options.run,
            keeps_groups: options.oci.as_deref().and_then(keeps_groups),
        }
    }

    /// Why a command that was made of this does not work here, with what to do.
    pub(super) fn against(&self, command: &str, abi: &Abi) -> Vec<String> {
        let Some(examined) = &self.examined else {
            return Vec::new();
        };
        // What is printed sets it.
        let facts = examined.facts.clone().holding("env.user", Some(true));
        let node = lint::Node {
            known: Known::new(&examined.report),
            facts: &facts,
            host: &Live,
            helps: Helps::new(&of_program),
        };
        let found = lint::file(self.emit.name, command, &node);
        let found = found.into_iter().flat_map(|lint| lint.findings);
        let against = found.filter(|finding| finding.outcome.is_finding());
        let texts = against.map(|finding| match finding.instead {
            Some(instead) => format!("{}; {instead}", finding.why),
            None => finding.why,
        });
        texts.chain(self.closed(abi)).collect()
    }

    /// Why a user cannot open the device files of a GPU in a container that has no groups of the user.
    fn closed(&self, abi: &Abi) -> Option<String> {
        let call = self.call();
        if call.as_root || call.keeps_groups != Some(false) {
            return None;
        }
        let mut devices = abi.gpus.iter().flat_map(|gpu| &gpu.devices);
        let path = devices.find(|path| is_of_group(path, &Live))?;
        Some(format!(
            "{path} is open to a group, of which nothing is left in a container of runc, which podman starts here; crun keeps it"
        ))
    }
}

/// Whether an OCI runtime keeps the groups of a user, as podman-run(1) says of `--group-add keep-groups`;
/// none of one that is not known.
fn keeps_groups(oci: &str) -> Option<bool> {
    match oci {
        "crun" => Some(true),
        "runc" => Some(false),
        _ => None,
    }
}

/// Whether a group may open a file for reading and writing, and neither others nor this user as its owner.
fn is_of_group(path: &str, host: &dyn Host) -> bool {
    const BOTH: u32 = 0o6;
    host.stat(path).is_ok_and(|stat| {
        let mode = stat.permissions();
        mode & BOTH != BOTH && (mode >> 3) & BOTH == BOTH && stat.uid != host.caller().uid
    })
}
