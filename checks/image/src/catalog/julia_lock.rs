//! Julia packages that a `Manifest.toml` names (Pkg's manual), of both formats.

use super::{Found, Source, is_word, julia, lock};

/// Reads a manifest: in format 1 the packages are at the top, in format 2 below `deps`.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    if !lock::counts(source.path) {
        return found;
    }
    let read: toml::Table = match lock::toml(source) {
        Ok(read) => read,
        Err(fault) => {
            found.faults.push(fault);
            return found;
        }
    };
    let inside = read.get("deps").and_then(toml::Value::as_table);
    for (name, entries) in inside.unwrap_or(&read) {
        for entry in entries.as_array().into_iter().flatten() {
            let text = |field: &str| entry.get(field).and_then(toml::Value::as_str);
            let Some(version) = text("version").filter(|version| lock::is_locked(name, version))
            else {
                // A part of Julia itself, or a directory: the manifest gives no version.
                continue;
            };
            let mut package = julia::candidate(name, version, text("uuid"));
            package.key = Some(lock::key(source.path, name));
            package.depends = needs(entry)
                .filter(|name| is_word(name))
                .map(|name| lock::key(source.path, name))
                .collect();
            found.add(package);
        }
    }
    found
}

/// The names of what a package needs: a list, or a table with their UUIDs.
fn needs(entry: &toml::Value) -> impl Iterator<Item = &str> {
    let needs = entry.get("deps");
    let list = needs.and_then(toml::Value::as_array).into_iter().flatten();
    let table = needs
        .and_then(toml::Value::as_table)
        .into_iter()
        .flat_map(toml::Table::keys);
    list.filter_map(toml::Value::as_str)
        .chain(table.map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Found {
        parse(&Source::whole("app/Manifest.toml", text.as_bytes()))
    }

    #[test]
    fn both_formats() {
        let body = |prefix: &str| {
            format!(
                "[[{prefix}JSON]]\ndeps = [\"Dates\", \"Parsers\"]\nuuid = \"682c\"\nversion = \"0.21.4\"\n\n\
                [[{prefix}Dates]]\nuuid = \"ade2\"\n\n[[{prefix}Parsers]]\nuuid = \"69de\"\nversion = \"2.8.1\"\n\n\
                [{prefix}Parsers.deps]\nDates = \"ade2\"\n"
            )
        };
        let first = read(&body(""));
        assert_eq!(first.versions(), [("JSON", "0.21.4"), ("Parsers", "2.8.1")]);
        assert_eq!(
            first.packages[0].depends,
            ["app/Manifest.toml#Dates", "app/Manifest.toml#Parsers"]
        );
        assert_eq!(first.packages[1].depends, ["app/Manifest.toml#Dates"]);
        let second = format!(
            "julia_version = \"1.10.0\"\nmanifest_format = \"2.0\"\n\n{}",
            body("deps.")
        );
        assert_eq!(read(&second), first);
        assert_eq!(read("[").faults.len(), 1);
    }

    proptest! {
        #[test]
        fn any_manifest_is_read(text in "(\\[\\[|\\]\\]|deps\\.|A|version| = |\"1\"|\n|deps){0,30}") {
            let _ = read(&text);
        }
    }
}
