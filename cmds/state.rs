//! Where results are kept: the state directory.

use std::env;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::Failure;

/// Where results are kept, as an option.
#[derive(Debug, Args)]
pub struct Kept {
    /// Where results are kept [default: HPCCTL_STATE, or hpcctl in the user's state directory, as
    /// root /var/lib/hpcctl]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

impl Kept {
    /// The state directory.
    pub fn directory(&self) -> Result<PathBuf, Failure> {
        directory(self.state.as_deref())
    }
}

/// The state directory of root.
const OF_ROOT: &str = "/var/lib/hpcctl";

/// The state directory: what was given, `HPCCTL_STATE`, that of root, or the user's
/// (XDG Base Directory Specification).
pub fn directory(given: Option<&Path>) -> Result<PathBuf, Failure> {
    let variable = |name: &str| {
        let value = env::var_os(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    if let Some(directory) = given
        .map(Path::to_path_buf)
        .or_else(|| variable("HPCCTL_STATE"))
    {
        return Ok(directory);
    }
    if rustix::process::geteuid().is_root() {
        return Ok(OF_ROOT.into());
    }
    let absolute = |path: &PathBuf| path.is_absolute();
    let state = variable("XDG_STATE_HOME").filter(absolute);
    let state = state.or_else(|| Some(variable("HOME")?.join(".local/state")));
    let state = state.ok_or_else(|| {
        Failure::usage("neither XDG_STATE_HOME nor HOME says where results are kept")
            .hint("name a directory: --state DIR")
    })?;
    Ok(state.join("hpcctl"))
}

/// Whether something is not there; what may not be looked at is not known to be absent.
pub fn is_absent(path: &Path) -> bool {
    fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Makes a directory, which others may not enter, where it is missing.
pub fn make(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(directory)
}

/// Writes a file below the state directory whole or not at all, also where the power fails; others
/// may not read it.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let above = path.parent().unwrap_or(Path::new("."));
    make(above)?;
    let mut file = tempfile::NamedTempFile::new_in(above)?;
    io::Write::write_all(&mut file, bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // Where the file system cannot do that for a directory, its own order has to do.
    let _ = fs::File::open(above).and_then(|above| above.sync_all());
    Ok(())
}
