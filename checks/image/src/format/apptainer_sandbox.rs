//! An unpacked image of Apptainer or Singularity: a root file system with a `.singularity.d`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{Opened, Session, dir};
use crate::{Error, Source};

/// The folder by which a sandbox is known.
pub(super) const MARK: &str = ".singularity.d";

/// Bytes of the definition file that are looked at.
const DEFINITION: u64 = 64 * 1024;

/// Opens a sandbox.
pub(super) fn open(source: &Source, _session: &Session<'_>) -> Result<Opened, Error> {
    let path = source.path();
    let mut opened = dir::open_at(path)?;
    opened.layers[0].created_by = definition(path);
    Ok(opened)
}

fn definition(path: &Path) -> Option<String> {
    let path = path.join(MARK).join("Singularity");
    // A link could lead out of the sandbox, and a FIFO would never end.
    if !path.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    let file = File::open(path).ok()?;
    file.take(DEFINITION).read_to_end(&mut bytes).ok()?;
    bootstrap(&String::from_utf8_lossy(&bytes))
}

/// What a definition file begins from: its `bootstrap:` and `from:` headers, which come before
/// the first section.
pub(super) fn bootstrap(definition: &str) -> Option<String> {
    let lines = definition.lines().map(str::trim);
    let headers = lines.take_while(|line| !line.starts_with('%'));
    let wanted = headers.filter(|line| {
        let key = line.split(':').next().unwrap_or_default().trim_end();
        key.eq_ignore_ascii_case("bootstrap") || key.eq_ignore_ascii_case("from")
    });
    let made = wanted.collect::<Vec<_>>().join(" ");
    (!made.is_empty()).then_some(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_of_a_definition_are_read() {
        let text =
            "BootStrap: docker\n# a comment\nFrom: debian:12\nInclude: x\n\n%post\nFrom: y\n";
        let expected = "BootStrap: docker From: debian:12";
        assert_eq!(bootstrap(text).as_deref(), Some(expected));
        assert_eq!(bootstrap("%post\nbootstrap: z"), None);
    }
}
