//! `--record DIR` and `--host-root DIR`: which node answers, and keeping its answers.

use std::fs;
use std::path::{Path, PathBuf};

use hpcctl_host::{Host, Live, Recorder, Recording, file};
use hpcctl_model::HostInfo;

use crate::emit;
use crate::failure::{Failure, chain};

/// The file in the directory.
const FILE: &str = "node.json";

/// The most bytes of a recording that are read.
const MOST: u64 = 64 << 20;

/// The node that is examined.
pub enum Node {
    /// This one.
    Here,
    /// This one, whose answers are kept in a file.
    Recorded(Recorder<'static>, PathBuf),
    /// One that was recorded.
    Elsewhere(Box<Recording>),
}

impl Node {
    /// The node that the options name.
    pub fn open(record: Option<&Path>, root: Option<&Path>) -> Result<Self, Failure> {
        match (record, root) {
            (Some(dir), _) => {
                fs::create_dir_all(dir)
                    .map_err(|error| Failure::writing(&dir.display().to_string(), &error))?;
                Ok(Self::Recorded(Recorder::new(&Live), dir.join(FILE)))
            }
            (None, Some(dir)) => {
                // The file itself will do.
                let file = match dir.is_file() {
                    true => dir.to_owned(),
                    false => dir.join(FILE),
                };
                read(&file).map(|found| Self::Elsewhere(Box::new(found)))
            }
            (None, None) => Ok(Self::Here),
        }
    }

    /// What answers.
    pub fn host(&self) -> &dyn Host {
        match self {
            Self::Here => &Live,
            Self::Recorded(recorder, _) => recorder,
            Self::Elsewhere(recording) => recording.as_ref(),
        }
    }

    /// Writes the recording that was made; the machine that was judged, where it is another.
    pub fn finish(self) -> Result<Option<HostInfo>, Failure> {
        match self {
            Self::Here => Ok(None),
            Self::Elsewhere(recording) => Ok(Some(recording.host)),
            Self::Recorded(recorder, file) => {
                let text = recorder.recording().text();
                let text = text.map_err(|error| Failure::fault(chain(&error)))?;
                emit::to_file(&file, text.as_bytes())?;
                Ok(None)
            }
        }
    }
}

fn read(path: &Path) -> Result<Recording, Failure> {
    let name = path.display();
    let failed = |why: String| {
        Failure::unreachable(format!("cannot read {name}: {why}"))
            .hint("hpcctl doctor --record DIR writes one")
    };
    let text =
        file::read_at_most(&name.to_string(), MOST).map_err(|errno| failed(errno.to_string()))?;
    Recording::parse(&text).map_err(|error| failed(chain(&error)))
}
