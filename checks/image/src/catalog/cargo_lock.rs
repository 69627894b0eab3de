//! Crates that a `Cargo.lock` names (the Cargo book, "Cargo.toml vs Cargo.lock").

use serde::Deserialize;

use super::{Found, Source, lock};

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    #[serde(default)]
    dependencies: Vec<String>,
}

/// Reads a lock file.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    if !lock::counts(source.path) {
        return found;
    }
    let read: Lock = match lock::toml(source) {
        Ok(read) => read,
        Err(fault) => {
            found.faults.push(fault);
            return found;
        }
    };
    let mut broken = 0;
    for one in read.package {
        let Some(mut package) = lock::candidate(source.path, "cargo", &one.name, &one.version)
        else {
            broken += 1;
            continue;
        };
        // A name stands alone where there is one version of it, else the version follows.
        let word = format!("{} {}", one.name, one.version);
        package.key = Some(lock::key(source.path, &word));
        package.provides = vec![lock::key(source.path, &one.name)];
        let bare = |need: &String| need.split(" (").next().unwrap_or(need).to_owned();
        let needs = one.dependencies.iter().map(bare);
        package.depends = needs.map(|need| lock::key(source.path, &need)).collect();
        found.add(package);
    }
    found.broken_stanzas(broken);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn crates_and_what_they_need() {
        let text = b"version = 4\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\ndependencies = [\"b 1.0.0\", \"c\"]\n\n\
            [[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\nchecksum = \"y\"\n";
        let found = parse(&Source::whole("app/Cargo.lock", text));
        let [a, b] = &found.packages[..] else {
            panic!("{found:?}")
        };
        assert_eq!((&*a.name, &*b.version), ("a", "1.0.0"));
        assert_eq!(a.depends, ["app/Cargo.lock#b 1.0.0", "app/Cargo.lock#c"]);
        assert_eq!(b.key.as_deref(), Some("app/Cargo.lock#b 1.0.0"));
        assert_eq!(
            parse(&Source::whole("app/Cargo.lock", b"[[package"))
                .faults
                .len(),
            1
        );
        assert_eq!(
            parse(&Source::whole(
                "root/.cargo/registry/src/x/Cargo.lock",
                text
            )),
            Found::default()
        );
    }

    #[test]
    fn deep_documents_end() {
        let deep = format!("a = {}", "[".repeat(100_000));
        assert_eq!(
            parse(&Source::whole("Cargo.lock", deep.as_bytes()))
                .faults
                .len(),
            1
        );
    }

    proptest! {
        #[test]
        fn any_lock_is_read(text in "(\\[\\[package\\]\\]|name|version| = |\"a\"|\\[|\\]|\n|\\{){0,30}") {
            let _ = parse(&Source::whole("Cargo.lock", text.as_bytes()));
        }
    }
}
