//! The policies that a decision is made by: where they lie, and how what is wrong is told.

use std::io;
use std::path::Path;

use hpcctl_gate::Policies;

use crate::bounded;
use crate::failure::Failure;

/// The site's policy.
const SITE: &str = "/etc/hpcctl/policy.toml";

/// No policy is larger.
const LIMIT: u64 = 16 << 20;

/// Reads the site's policy where there is one, and the project's where one was named.
pub fn policies(project: Option<&Path>) -> Result<Policies, Failure> {
    let site = bounded::text(Path::new(SITE), LIMIT).map_err(|error| unreadable(SITE, &error));
    let site = match site {
        Err(_) if !Path::new(SITE).exists() => None,
        site => Some(site?),
    };
    let project = match project {
        None => None,
        Some(path) => {
            let name = path.display().to_string();
            let text = bounded::text(path, LIMIT).map_err(|error| unreadable(&name, &error))?;
            Some((name, text))
        }
    };
    let site = site.as_deref().map(|text| (SITE, text));
    let project = project.as_ref().map(|(name, text)| (&**name, &**text));
    Policies::read(site, project).map_err(|error| Failure::configuration(error.to_string()))
}

/// A policy that cannot be read is no policy: nothing is allowed by one that nobody read.
fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::configuration(format!("cannot read the policy {name}: {error}"))
}
