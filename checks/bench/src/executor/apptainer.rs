//! `apptainer`: `apptainer exec`, as an ordinary user with a user and a mount namespace.
//!
//! Options as in its manual, "Bind Paths and Mounts" and "Network virtualization".

use std::path::Path;
use std::time::Duration;

use super::{Executor, Row, Site};
use crate::Error;
use crate::guest::{self, Guest};

/// The row.
pub static EXECUTOR: Row = Row {
    name: "apptainer",
    networks: &["host", "none"],
    tried: true,
    apart: false,
    open,
};

/// How long it may take to say what options it has.
const HELP: Duration = Duration::from_secs(10);

fn open(site: &Site<'_>) -> Result<Box<dyn Executor>, Error> {
    let program = guest::program(site, &["apptainer", "singularity"])?;
    // It mounts its own format itself, and makes the mount point where there is none.
    let sif = site
        .image
        .filter(|it| it.starts_with("sif:") || is_file(it));
    let (root, place) = match sif {
        Some(reference) => {
            let path = reference.strip_prefix("sif:").unwrap_or(reference);
            (path.to_owned(), Path::new("/mnt").to_path_buf())
        }
        None => {
            let image = guest::image(site)?;
            (image.root.display().to_string(), image.place)
        }
    };
    let mut command = vec![
        program,
        "--silent".into(),
        "exec".into(),
        "--contain".into(),
    ];
    for bind in site.workplace.binds(&place) {
        command.extend(["--bind".into(), bind.words()]);
    }
    if site.network == "none" {
        command.extend(["--net", "--network", "none"].map(str::to_owned));
    }
    command.push(root);
    let guest = Guest::open(site, command.clone(), &place)?;
    // Ranks of one node share a container, or they cannot read each other's memory.
    if guest.has_own_users() && shares(site, &command[0]) {
        command.insert(command.len() - 1, "--sharens".into());
    }
    Ok(Box::new(guest.with_ranks(command)))
}

/// Whether it has the option by which what one process starts shares a container: since 1.3.
fn shares(site: &Site<'_>, program: &str) -> bool {
    let help = site.host.run(&[program, "exec", "--help"], HELP);
    help.stdout.contains("--sharens")
}

fn is_file(reference: &str) -> bool {
    Path::new(reference)
        .extension()
        .is_some_and(|it| it == "sif")
}
