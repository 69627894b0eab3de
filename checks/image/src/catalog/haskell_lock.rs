//! Haskell packages that lock files name: `cabal.project.freeze` (Cabal's user guide) and
//! `stack.yaml.lock` (Stack's manual, "Lock files").

use super::{Found, Source, is_word, lock};

/// Reads a name and a version from a part of a line.
type Read = fn(&str) -> Option<(&str, &str)>;

/// Reads a lock file by its name.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    if !lock::counts(source.path) {
        return found;
    }
    let text = String::from_utf8_lossy(source.bytes);
    let is_stack = source.path.ends_with(".lock");
    let (read, fields): (Read, &[&str]) = if is_stack {
        (stack, &["packages:", "snapshots:"])
    } else {
        (
            cabal,
            &["active-repositories:", "constraints:", "index-state:"],
        )
    };
    let has_field = |line: &str| fields.iter().any(|field| line.starts_with(field));
    let is_idle = |line: &str| {
        let line = line.trim_start();
        line.is_empty() || line.starts_with('#') || line.starts_with("--")
    };
    if !text.lines().all(is_idle) && !text.lines().any(has_field) {
        let fault = format!("it has none of the fields {}", fields.join(" "));
        found.faults.push(fault);
    }
    for line in text.lines() {
        for part in line.split(',') {
            let Some((name, version)) = read(part.trim()) else {
                continue;
            };
            if let Some(package) = lock::candidate(source.path, "hackage", name, version) {
                // What stack.yaml asked for is repeated beside what it came to.
                if found.packages.last() != Some(&package) {
                    found.add(package);
                }
            }
        }
    }
    found
}

/// `constraints: any.aeson ==2.0.3.0`
fn cabal(part: &str) -> Option<(&str, &str)> {
    let part = part
        .strip_prefix("constraints:")
        .unwrap_or(part)
        .trim_start();
    let (name, version) = part.split_once("==")?;
    let name = name.trim();
    Some((name.strip_prefix("any.").unwrap_or(name), version.trim()))
}

/// `hackage: aeson-2.0.3.0@sha256:…,1234`
fn stack(part: &str) -> Option<(&str, &str)> {
    let (_, package) = part.split_once("hackage:")?;
    let package = package.trim().split('@').next()?;
    package.rsplit_once('-').filter(|(name, _)| is_word(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(path: &str, text: &str) -> Vec<(String, String)> {
        let found = parse(&Source::whole(path, text.as_bytes()));
        found
            .packages
            .into_iter()
            .map(|one| (one.name, one.version))
            .collect()
    }

    #[test]
    fn both_kinds() {
        let cabal = "active-repositories: hackage\nconstraints: any.aeson ==2.0.3.0,\n             aeson -cffi,\n             any.text-short ==0.1\n";
        let both = [
            ("aeson".to_owned(), "2.0.3.0".to_owned()),
            ("text-short".to_owned(), "0.1".to_owned()),
        ];
        assert_eq!(names("app/cabal.project.freeze", cabal), both);
        let stack = "packages:\n- completed:\n    hackage: aeson-2.0.3.0@sha256:ab,12\n  original:\n    hackage: aeson-2.0.3.0\n\
            - completed:\n    hackage: text-short-0.1@sha256:cd,34\n";
        assert_eq!(names("app/stack.yaml.lock", stack), both);
    }

    proptest! {
        #[test]
        fn any_lock_is_read(text in "(any\\.|==|hackage:|a-1|@|,| |\n){0,40}") {
            names("cabal.project.freeze", &text);
            names("stack.yaml.lock", &text);
        }
    }
}
