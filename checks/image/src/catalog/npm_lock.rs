//! Packages that the lock files of npm, yarn, pnpm and Bun name: `package-lock.json` of all three
//! versions (npm's package-lock.json(5)), `yarn.lock` of yarn 1 and later, `pnpm-lock.yaml`, `bun.lock`.
//!
//! What is marked as for development only is left out.

mod bun;
mod npm_tree;
mod pnpm;
mod yarn;

use super::npm::{is_name, scope};
use super::{Candidate, Found, Source, lock};

/// Reads a lock file by its name.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    if !lock::counts(source.path) {
        return found;
    }
    let name = source.path.rsplit('/').next().unwrap_or(source.path);
    let read = match name {
        "yarn.lock" => Ok(yarn::read(source, &mut found)),
        "pnpm-lock.yaml" => Ok(pnpm::read(source, &mut found)),
        "bun.lock" => bun::read(source),
        _ => npm_tree::read(source),
    };
    match read {
        Ok(locked) => locked.into_iter().for_each(|locked| {
            if let Some(package) = candidate(source.path, locked) {
                found.add(package);
            }
        }),
        Err(fault) => found.faults.push(fault),
    }
    found
}

/// One entry of a lock file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Locked {
    name: String,
    version: String,
    license: Option<String>,
    /// What the file calls it.
    key: String,
    /// Other words for it.
    also: Vec<String>,
    /// What it needs, in the words of the file; alternatives are divided by `|`.
    needs: Vec<String>,
}

fn candidate(path: &str, locked: Locked) -> Option<Candidate> {
    let Locked { name, version, .. } = &locked;
    if !is_name(name) || !lock::is_locked(name, version) {
        return None;
    }
    let key = |word: &str| lock::key(path, word);
    let keys = |need: &String| need.split('|').map(key).collect::<Vec<_>>().join("|");
    let (namespace, short) = scope(name);
    Some(Candidate {
        kind: "npm",
        name: name.clone(),
        namespace: namespace.map(str::to_owned),
        purl_name: namespace.map(|_| short.to_owned()),
        version: version.clone(),
        declared: locked.license,
        key: Some(key(&locked.key)),
        depends: locked.needs.iter().map(keys).collect(),
        provides: locked.also.iter().map(|word| key(word)).collect(),
        ..Candidate::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_are_of_the_file() {
        let locked = Locked {
            name: "@a/b".into(),
            version: "1".into(),
            key: "k".into(),
            needs: vec!["c|d".into()],
            ..Locked::default()
        };
        let package = candidate("app/yarn.lock", locked).unwrap();
        assert_eq!(package.key.as_deref(), Some("app/yarn.lock#k"));
        assert_eq!(package.depends, ["app/yarn.lock#c|app/yarn.lock#d"]);
        assert_eq!(package.purl_name.as_deref(), Some("b"));
    }

    #[test]
    fn not_in_packages() {
        let found = parse(&Source::whole("node_modules/a/package-lock.json", b"{"));
        assert_eq!(found, Found::default());
        let found = parse(&Source::whole("app/package-lock.json", b"{"));
        assert_eq!(found.faults.len(), 1);
    }

    proptest! {
        #[test]
        fn any_lock_is_read(text in "(@a/b|c|@|:| |\n|  |\"|'|version|packages|snapshots|dependencies|npm|\\(|\\)|1|/){0,60}") {
            for name in ["yarn.lock", "pnpm-lock.yaml", "bun.lock", "package-lock.json"] {
                let _ = parse(&Source::whole(name, text.as_bytes()));
            }
        }
    }
}
