//! Packages that NuGet's `packages.lock.json` names ("Locking dependencies" of NuGet's manual).

use serde::Deserialize;

use super::json::{self, Keys, Object, Text};
use super::{Found, Source, lock};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Lock {
    /// The packages of each target framework.
    dependencies: Object<Object<Entry>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    #[serde(rename = "type")]
    kind: Text,
    resolved: Text,
    dependencies: Keys,
}

/// Reads a lock file; a package that several frameworks share is one.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    if !lock::counts(source.path) {
        return found;
    }
    let read: Lock = match json::read(source) {
        Ok(read) => read,
        Err(fault) => {
            found.faults.push(fault);
            return found;
        }
    };
    for (name, entry) in read
        .dependencies
        .0
        .into_iter()
        .flat_map(|(_, packages)| packages.0)
    {
        if entry.kind.0 == "Project" {
            continue;
        }
        if let Some(mut package) = lock::candidate(source.path, "nuget", &name, &entry.resolved.0) {
            package.depends = entry
                .dependencies
                .0
                .iter()
                .map(|need| lock::key(source.path, need))
                .collect();
            found.add(package);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn packages_of_frameworks() {
        let text = br#"{"version":1,"dependencies":{"net8.0":{"A":{"type":"Direct","resolved":"1.0.0","dependencies":{"B":"2.0.0"}},
            "B":{"type":"Transitive","resolved":"2.0.0"},"own":{"type":"Project"}}}}"#;
        let found = parse(&Source::whole("app/packages.lock.json", text));
        assert_eq!(found.versions(), [("A", "1.0.0"), ("B", "2.0.0")]);
        assert_eq!(found.packages[0].depends, ["app/packages.lock.json#B"]);
    }

    proptest! {
        #[test]
        fn any_lock_is_read(text in "(\\{|\\}|\"dependencies\"|\"a\"|:|,|\"resolved\"|\"1\"){0,40}") {
            let _ = parse(&Source::whole("packages.lock.json", text.as_bytes()));
        }
    }
}
