//! An image that the daemon of Docker is given for a run, and that goes with it; docker-import(1).

use std::path::Path;
use std::time::Duration;

use hpcctl_host::{Host, Live};

use crate::Error;
use crate::workplace::Workplace;

/// How long the daemon may take to import the image, or to remove it.
const DEADLINE: Duration = Duration::from_secs(60);

/// An image of the daemon, removed with this.
#[derive(Debug)]
pub(crate) struct Imported {
    /// The client, with the options by which it finds its daemon.
    docker: Vec<String>,
    /// What the daemon calls it.
    pub(crate) id: String,
}

impl Imported {
    /// Gives the daemon a directory as an image.
    pub(crate) fn new(
        host: &dyn Host,
        docker: &[String],
        workplace: &Workplace,
        root: &Path,
    ) -> Result<Self, Error> {
        let archive = workplace.tree()?.join("image.tar").display().to_string();
        let root = root.display().to_string();
        run(host, &["tar", "-C", &root, "-cf", &archive, "."])?;
        let id = run(host, &with(docker, &["import", &archive]))?;
        Ok(Self {
            docker: docker.to_vec(),
            id,
        })
    }
}

impl Drop for Imported {
    fn drop(&mut self) {
        // A daemon that is gone keeps it; what docker images then shows has no name.
        let _ = Live.run(&with(&self.docker, &["rmi", "--force", &self.id]), DEADLINE);
    }
}

fn with<'a>(docker: &'a [String], words: &[&'a str]) -> Vec<&'a str> {
    let docker = docker.iter().map(String::as_str);
    docker.chain(words.iter().copied()).collect()
}

/// Runs a command: what it prints.
fn run(host: &dyn Host, argv: &[&str]) -> Result<String, Error> {
    let ran = host.run(argv, DEADLINE);
    if ran.ok() {
        Ok(ran.stdout.trim().to_owned())
    } else {
        let why = format!("{}: {}", argv[0], ran.first_line());
        Err(Error::Unreachable(format!(
            "cannot make an image for docker: {why}"
        )))
    }
}
