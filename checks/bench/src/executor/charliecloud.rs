//! `charliecloud`: ch-run(1), which makes a user and a mount namespace, and shares all others; what it binds may be written to.

use super::{Executor, Row, Site};
use crate::Error;
use crate::guest::{self, Guest};

/// The row.
pub static EXECUTOR: Row = Row {
    name: "charliecloud",
    networks: &["host"],
    tried: true,
    apart: false,
    open,
};

fn open(site: &Site<'_>) -> Result<Box<dyn Executor>, Error> {
    let program = guest::program(site, &["ch-run"])?;
    let image = guest::image(site)?;
    let shared = site.workplace.shared();
    // An image kept by ch-image is refused by path and run by name.
    let named = site
        .image
        .and_then(|reference| reference.strip_prefix("charliecloud:"));
    let root = named.map_or_else(|| image.root.display().to_string(), str::to_owned);
    let command = vec![
        program,
        // The image may have no such files to mount them on.
        "--no-passwd".into(),
        format!("--bind={}:{}", shared.display(), image.place.display()),
        root,
        "--".into(),
    ];
    // Ranks of one node share a container, or they cannot read each other's memory.
    let mut rank = command.clone();
    rank.insert(1, "--join-ct=2".into());
    let guest = Guest::open(site, command, &image.place)?;
    Ok(Box::new(guest.with_ranks(rank)))
}
