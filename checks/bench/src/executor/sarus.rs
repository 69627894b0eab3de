//! `sarus`: `sarus run`, sarus' user guide, "Running a container" and "Mounting custom files".
//!
//! No distribution has it, so that no test runs it; what its repository held in October 2024 was tried by hand.
//! It knows images by name only, so that there must be one: `sarus:NAME`.

use std::path::Path;

use super::{Executor, Row, Site};
use crate::Error;
use crate::guest::{self, Guest};

/// The row.
pub static EXECUTOR: Row = Row {
    name: "sarus",
    networks: &["host"],
    tried: false,
    apart: true,
    open,
};

/// Where ours is inside.
const PLACE: &str = "/mnt";

fn open(site: &Site<'_>) -> Result<Box<dyn Executor>, Error> {
    let program = guest::program(site, &["sarus"])?;
    let Some(name) = site.image.and_then(|it| it.strip_prefix("sarus:")) else {
        let message = "sarus runs what it has pulled: --image sarus:NAME, see sarus images";
        return Err(Error::Usage(message.into()));
    };
    let shared = site.workplace.shared();
    let command = vec![
        program,
        "run".into(),
        // Two words: as one it is no value.
        "--entrypoint".into(),
        String::new(),
        format!(
            "--mount=type=bind,source={},destination={PLACE}",
            shared.display()
        ),
        name.to_owned(),
    ];
    let guest = Guest::open(site, command.clone(), Path::new(PLACE))?;
    Ok(Box::new(guest.with_ranks(command)))
}
