//! Packages that a `composer.lock` names; those for development only are left out.

use serde::Deserialize;

use super::php::Package;
use super::{Found, Source, json, lock};

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    packages: Vec<Package>,
}

/// Reads a lock file.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    if !lock::counts(source.path) {
        return found;
    }
    match json::read::<Lock>(source) {
        Ok(read) => {
            let packages = read.packages.iter().map(|one| one.candidate(None));
            found.broken_stanzas(packages.clone().filter(Option::is_none).count());
            for mut package in packages.flatten() {
                package.key = Some(lock::key(source.path, &package.name));
                found.add(package);
            }
        }
        Err(fault) => found.faults.push(fault),
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_for_development() {
        let text = br#"{"packages":[{"name":"a/b","version":"1.0"}],"packages-dev":[{"name":"c/d","version":"2.0"}]}"#;
        let found = parse(&Source::whole("app/composer.lock", text));
        assert_eq!((found.packages.len(), &*found.packages[0].name), (1, "a/b"));
        assert_eq!(
            parse(&Source::whole("app/composer.lock", b"["))
                .faults
                .len(),
            1
        );
    }

    proptest! {
        #[test]
        fn any_lock_is_read(text in "[\\[\\]{}\":,a/1]{0,40}") {
            let _ = parse(&Source::whole("composer.lock", text.as_bytes()));
        }
    }
}
