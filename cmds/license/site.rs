//! The licences of a site and of a user: `licenses.toml` in the directories of the configuration.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use hpcctl_license_db::Identifier;
use hpcctl_license_db::identify::site::MAX_BYTES;

use crate::bounded;
use crate::failure::Failure;

/// What the long help says of the files.
pub const HELP: &str = "\
SITE LICENCES
  /etc/hpcctl/licenses.toml, $XDG_CONFIG_HOME/hpcctl/licenses.toml and the files of --licenses add
  texts and wordings of a site; the later come first. A table [[license]] has an id, such as
  LicenseRef-Example-Terms, and a text; a table [[phrase]] has a license, a kind (text, notice or
  reference) and words, a list of wordings in lower case and without punctuation, in which (a|b) is
  one of two words, [a] may be missing and * is up to six words; a table [[sample]] is a row as in
  hpcctl's own table of vendors' texts.";

/// The identifier with the licences of the files that are there and of those that were asked for.
///
/// # Errors
///
/// When one of them cannot be read or is not valid.
pub fn identifier(asked: &[PathBuf]) -> Result<Identifier, Failure> {
    let mut identifier = Identifier::for_site();
    for (path, wanted) in configured()
        .into_iter()
        .map(|path| (path, false))
        .chain(asked.iter().map(|path| (path.clone(), true)))
    {
        let text = match bounded::text(&path, MAX_BYTES as u64) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && !wanted => continue,
            Err(error) => {
                let path = path.display();
                return Err(Failure::configuration(format!(
                    "cannot read {path}: {error}"
                )));
            }
        };
        identifier.add_site(&text).map_err(|why| {
            let path = path.display();
            Failure::configuration(format!("{path} is not valid: {}", why.trim_end()))
        })?;
    }
    Ok(identifier)
}

/// The files of the configuration, the site's first.
fn configured() -> Vec<PathBuf> {
    let own = std::env::var_os("XDG_CONFIG_HOME")
        .filter(|dir| !dir.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".config")));
    let own = own.map(|dir| dir.join("hpcctl/licenses.toml"));
    [Some(PathBuf::from("/etc/hpcctl/licenses.toml")), own]
        .into_iter()
        .flatten()
        .collect()
}
