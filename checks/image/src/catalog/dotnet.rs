//! Packages of NuGet that a .NET application was built with: its `*.deps.json` ("Runtime
//! configuration files" of the .NET SDK), which the host reads to find them.

use serde::Deserialize;

use super::json::{self, Object, Pairs, Text};
use super::{Candidate, Found, Source, is_word};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Deps {
    targets: Object<Object<Target>>,
    libraries: Object<Library>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Target {
    dependencies: Pairs,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Library {
    #[serde(rename = "type")]
    kind: Text,
}

/// Reads a file of dependencies; projects are the application itself, and no packages.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    let read: Deps = match json::read(source) {
        Ok(read) => read,
        Err(fault) => {
            found.faults.push(fault);
            return found;
        }
    };
    let packages = read
        .libraries
        .0
        .iter()
        .filter(|(_, library)| matches!(&*library.kind.0, "package" | "runtimepack"));
    let mut broken = 0;
    for (word, _) in packages {
        let Some((name, version)) = word
            .split_once('/')
            .filter(|(name, version)| is_word(name) && is_word(version))
        else {
            broken += 1;
            continue;
        };
        let mut package = candidate(name, version);
        package.key = Some(format!("{}#{word}", source.path));
        let mut targets = read.targets.0.iter().flat_map(|(_, target)| &target.0);
        if let Some((_, target)) = targets.find(|(known, _)| known == word) {
            let needs = target.dependencies.0.iter();
            package.depends = needs
                .map(|(name, version)| format!("{}#{name}/{version}", source.path))
                .collect();
        }
        found.add(package);
    }
    found.broken_stanzas(broken);
    found
}

/// A package; the packs of the runtime are marked by a word before their names.
pub(super) fn candidate(name: &str, version: &str) -> Candidate {
    Candidate {
        kind: "nuget",
        name: name.strip_prefix("runtimepack.").unwrap_or(name).to_owned(),
        version: version.to_owned(),
        ..Candidate::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn packages_and_what_they_need() {
        let text = br#"{"runtimeTarget":{"name":".NETCoreApp,Version=v8.0"},
            "targets":{".NETCoreApp,Version=v8.0":{"App/1.0.0":{"dependencies":{"A.B":"2.0.0"}},
              "A.B/2.0.0":{"dependencies":{"C":"3.0.0"},"runtime":{"lib/A.B.dll":{}}},"C/3.0.0":{}}},
            "libraries":{"App/1.0.0":{"type":"project"},"A.B/2.0.0":{"type":"package","path":"a.b/2.0.0"},
              "C/3.0.0":{"type":"package"},"runtimepack.R/8.0.1":{"type":"runtimepack"}}}"#;
        let found = parse(&Source::whole("app/App.deps.json", text));
        assert_eq!(
            found.versions(),
            [("A.B", "2.0.0"), ("C", "3.0.0"), ("R", "8.0.1")]
        );
        assert_eq!(found.packages[0].depends, ["app/App.deps.json#C/3.0.0"]);
        assert_eq!(
            found.packages[1].key.as_deref(),
            Some("app/App.deps.json#C/3.0.0")
        );
        assert_eq!(
            parse(&Source::whole("App.deps.json", b"[1")).faults.len(),
            1
        );
    }

    proptest! {
        #[test]
        fn any_file_is_read(text in "(\\{|\\}|\"libraries\"|\"targets\"|\"a/1\"|:|,|\"type\"|\"package\"){0,40}") {
            let _ = parse(&Source::whole("a.deps.json", text.as_bytes()));
        }
    }
}
