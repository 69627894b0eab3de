//! The policies that a decision is made by: where they lie, and how what is wrong is told.

use std::path::Path;
use std::{fs, io};

use hpcctl_gate::Policies;

use crate::bounded;
use crate::failure::Failure;

/// The site's policy.
const SITE: &str = "/etc/hpcctl/policy.toml";

/// No policy is larger.
const LIMIT: u64 = 16 << 20;

/// Reads the site's policy where there is one, and the project's where one was named.
pub fn policies(project: Option<&Path>) -> Result<Policies, Failure> {
    let site = match is_missing(Path::new(SITE)) {
        true => None,
        false => Some(read(Path::new(SITE))?),
    };
    let project = project.map(read).transpose()?;
    let site = site.as_ref().map(|(name, text)| (&**name, &**text));
    let project = project.as_ref().map(|(name, text)| (&**name, &**text));
    Policies::read(site, project).map_err(|error| Failure::configuration(error.to_string()))
}

/// Whether nothing is there at all. A link that leads nowhere, or a directory that may not be looked
/// into, is no answer: the policy that nobody can read may forbid.
fn is_missing(path: &Path) -> bool {
    let is_unnamed = |path: &Path| {
        fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    };
    let above = path.parent().filter(|above| !is_unnamed(above));
    is_unnamed(path) && above.is_none_or(|above| above.exists())
}

/// Reads a policy as the site's own, in place of the one that is there.
pub fn as_site(path: &Path) -> Result<Policies, Failure> {
    let (name, text) = read(path)?;
    Policies::read(Some((&name, &text)), None)
        .map_err(|error| Failure::configuration(error.to_string()))
}

/// Whether a path is that of the site's policy.
pub fn is_site(path: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    real(path).is_some_and(|path| Some(path) == real(Path::new(SITE)))
}

/// The name and the text of a policy.
fn read(path: &Path) -> Result<(String, String), Failure> {
    let name = path.display().to_string();
    let text = bounded::text(path, LIMIT).map_err(|error| unreadable(&name, &error))?;
    Ok((name, text))
}

/// A policy that cannot be read is no policy: nothing is allowed by one that nobody read.
fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::configuration(format!("cannot read the policy {name}: {error}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_what_is_not_there_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        assert!(is_missing(&at("none")));
        assert!(is_missing(&at("none/policy")));
        drop(fs::File::create(at("file")).unwrap());
        symlink("gone", at("dangling")).unwrap();
        symlink("loop", at("loop")).unwrap();
        for there in [
            "file",
            "file/policy",
            "dangling",
            "dangling/policy",
            "loop",
            "loop/policy",
        ] {
            assert!(!is_missing(&at(there)), "{there}");
        }
    }
}
