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
    let site = match read(Path::new(SITE)) {
        Err(_) if !Path::new(SITE).exists() => None,
        site => Some(site?),
    };
    let project = project.map(read).transpose()?;
    let site = site.as_ref().map(|(name, text)| (&**name, &**text));
    let project = project.as_ref().map(|(name, text)| (&**name, &**text));
    Policies::read(site, project).map_err(|error| Failure::configuration(error.to_string()))
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
