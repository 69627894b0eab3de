//! `host`: no container at all: outside once more, by which a run shows how far it can be trusted.

use std::path::{Path, PathBuf};

use hpcctl_host::dialogue::Dialogue;

use super::{Executor, Row, Site};
use crate::Error;
use crate::furnish::{StartError, Started};
use crate::launch::Launch;
use crate::workplace::PROGRAM;

/// The row.
pub static EXECUTOR: Row = Row {
    name: "host",
    networks: &["host"],
    tried: true,
    apart: false,
    open,
};

/// A process like that of the other side.
struct Plain {
    argv: Vec<String>,
    environment: Vec<String>,
    place: PathBuf,
}

impl Executor for Plain {
    fn start(&self) -> Result<Started, StartError> {
        let agent = Dialogue::start(&self.argv, &self.environment)?;
        Ok(Started::plain(agent))
    }

    fn agent(&self) -> &[String] {
        &self.argv
    }

    fn rank(&self, _agent: u32) -> Result<Vec<String>, String> {
        Ok(self.argv.clone())
    }

    fn launch(&self) -> Launch {
        Launch::Plain(self.place.join(PROGRAM))
    }

    fn place(&self) -> &Path {
        &self.place
    }

    fn own_libc(&self) -> Result<(), String> {
        Ok(())
    }
}

fn open(site: &Site<'_>) -> Result<Box<dyn Executor>, Error> {
    if site.image.is_some() {
        return Err(Error::Usage("the host runs no image".into()));
    }
    Ok(Box::new(Plain {
        argv: site.outside(),
        environment: site.environment.to_vec(),
        place: site.workplace.shared(),
    }))
}
