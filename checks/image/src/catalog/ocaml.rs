//! Installed OCaml packages: what a switch of opam holds (`.opam-switch/packages`), the opam
//! files that dune installs, and the `META` files of findlib in the library of the system.
//!
//! The format of opam files is that of opam's manual; only strings, lists and filters count.

use hpcctl_license_db::declared;

use super::{Candidate, Found, Owned, Source, TextsIn, is_word};

/// Reads an opam file or a `META`.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    let text = String::from_utf8_lossy(source.bytes);
    let Some((directory, file)) = source.path.rsplit_once('/') else {
        return found;
    };
    let (above, name) = directory.rsplit_once('/').unwrap_or(("", directory));
    let package = if file == "META" {
        // Below a switch opam itself tells what is installed, by the names of its packages.
        (!directory.contains(".opam/") && !above.ends_with("/_opam/lib"))
            .then(|| meta(&text, name))
            .flatten()
    } else if above.ends_with(".opam-switch/packages") {
        if field(&text, "opam-version")
            .and_then(|rest| strings(rest).next())
            .is_none()
        {
            let fault = "it does not say which opam-version it has";
            found.faults.push(fault.to_owned());
        }
        // `NAME.VERSION`
        name.split_once('.')
            .and_then(|(name, version)| opam(&text, name, version))
    } else {
        let version =
            field(&text, "version").and_then(|rest| strings(rest).next().map(|(text, _)| text));
        version.and_then(|version| opam(&text, name, version))
    };
    let Some(mut package) = package else {
        return found;
    };
    package.key = Some(package.name.clone());
    let library = match above.split_once(".opam-switch/packages") {
        Some((switch, _)) => format!("{switch}lib/{}", package.name),
        None => directory.to_owned(),
    };
    package.texts_in = match library.split_once("lib/") {
        Some((root, _)) => vec![
            TextsIn::Named(format!("{root}doc/{}", package.name)),
            TextsIn::Named(library.clone()),
        ],
        None => Vec::new(),
    };
    found.owned.push(Owned {
        of: package.name.clone(),
        paths: format!(
            "{library}/\n{}",
            if directory == library {
                String::new()
            } else {
                format!("{directory}/\n")
            }
        ),
    });
    found.add(package);
    found
}

/// The top of a `META` up to its first package inside; what comes with OCaml has no version.
fn meta(text: &str, name: &str) -> Option<Candidate> {
    let top = text
        .lines()
        .take_while(|line| !line.trim_start().starts_with("package "));
    let value = |name: &str| {
        let mut lines = top.clone().filter_map(|line| line.split_once('='));
        let (_, value) = lines.find(|(key, _)| key.trim() == name)?;
        Some(value.trim().trim_matches('"'))
    };
    let version = value("version").filter(|version| is_word(version))?;
    let needs = value("requires").unwrap_or_default().split([' ', ',']);
    // `re.str` is a part of `re`.
    let needs = needs.map(|need| need.split('.').next().unwrap_or(need));
    let mut package = candidate(name, version)?;
    package.depends = needs
        .filter(|need| is_word(need))
        .map(str::to_owned)
        .collect();
    Some(package)
}

fn opam(text: &str, name: &str, version: &str) -> Option<Candidate> {
    let mut package = candidate(name, version)?;
    let all = |name: &str| field(text, name).map(strings).into_iter().flatten();
    package.declared = declared::all_of(all("license").map(|(text, _)| text));
    package.supplier = all("maintainer")
        .next()
        .or_else(|| all("authors").next())
        .map(|(text, _)| text.to_owned());
    let at_run = all("depends").filter(|(_, filter)| {
        let others = ["with-test", "with-doc", "with-dev-setup", "build"];
        !others.iter().any(|other| filter.contains(other))
    });
    package.depends = at_run
        .map(|(name, _)| name)
        .filter(|name| is_word(name))
        .map(str::to_owned)
        .collect();
    Some(package)
}

fn candidate(name: &str, version: &str) -> Option<Candidate> {
    (is_word(name) && is_word(version)).then(|| Candidate {
        kind: "opam",
        name: name.to_owned(),
        version: version.to_owned(),
        ..Candidate::default()
    })
}

/// What stands behind `NAME:` at the beginning of a line.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        if let Some(value) = line
            .strip_prefix(name)
            .and_then(|rest| rest.trim_start().strip_prefix(':'))
        {
            let start = at - value.len();
            return text.get(start..);
        }
    }
    None
}

/// The string, or those of the list, that stand here, each with the filter behind it.
fn strings(value: &str) -> impl Iterator<Item = (&str, &str)> {
    let value = value.trim_start();
    let is_list = value.starts_with('[');
    let mut rest = value.strip_prefix('[').unwrap_or(value);
    let mut left = if is_list { usize::MAX } else { 1 };
    std::iter::from_fn(move || {
        left = left.checked_sub(1)?;
        loop {
            rest = rest.trim_start();
            if let Some(comment) = rest.strip_prefix('#') {
                rest = &comment[comment.find('\n').unwrap_or(comment.len())..];
                continue;
            }
            let first = rest.chars().next().filter(|first| *first != ']')?;
            if let Some(body) = rest.strip_prefix('"') {
                let end = body.find('"')?;
                rest = body[end + 1..].trim_start();
                let filter = match rest.strip_prefix('{') {
                    Some(inside) => &inside[..inside.find('}').unwrap_or(inside.len())],
                    None => "",
                };
                rest = rest
                    .get(filter.len() + if filter.is_empty() { 0 } else { 2 }..)
                    .unwrap_or("");
                return Some((&body[..end], filter));
            }
            if !is_list {
                return None;
            }
            rest = &rest[first.len_utf8()..];
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(path: &str, text: &str) -> Found {
        parse(&Source::whole(path, text.as_bytes()))
    }

    const OPAM: &str = "opam-version: \"2.0\"\nversion: \"1.10.4\"\nmaintainer: [\"M <m@example.org>\"]\nlicense: \"LGPL-2.0-or-later WITH OCaml-LGPL-linking-exception\"\n\
        depends: [\n  \"ocaml\" {>= \"4.02\"}\n  \"ounit\" {with-test}\n  # \"none\"\n  \"seq\"\n]\nbuild: [\"dune\" \"build\"]\n";

    #[test]
    fn opam_files() {
        let in_switch = read("root/.opam/4.14/.opam-switch/packages/re.1.10.4/opam", OPAM);
        let package = &in_switch.packages[0];
        assert_eq!((&*package.name, &*package.version), ("re", "1.10.4"));
        assert_eq!(package.depends, ["ocaml", "seq"]);
        assert_eq!(
            package.declared.as_deref(),
            Some("LGPL-2.0-or-later WITH OCaml-LGPL-linking-exception")
        );
        assert_eq!(package.supplier.as_deref(), Some("M <m@example.org>"));
        assert_eq!(
            in_switch.owned[0].paths,
            "root/.opam/4.14/lib/re/\nroot/.opam/4.14/.opam-switch/packages/re.1.10.4/\n"
        );
        let by_dune = read("usr/lib/ocaml/re/opam", OPAM);
        assert_eq!(by_dune.packages[0].name, "re");
        assert_eq!(
            read("usr/lib/ocaml/re/opam", "license: \"MIT\"\n"),
            Found::default()
        );
    }

    #[test]
    fn meta_files() {
        let text = "version = \"1.5\"\nrequires = \"seq bytes.x\"\npackage \"a\" (\n  version = \"9\"\n)\n";
        let found = read("usr/lib/ocaml/re/META", text);
        assert_eq!(
            (&*found.packages[0].version, &found.packages[0].depends[..]),
            ("1.5", &["seq".to_owned(), "bytes".to_owned()][..])
        );
        assert_eq!(
            read(
                "usr/lib/ocaml/str/META",
                "version = \"[distributed with Ocaml]\"\n"
            ),
            Found::default()
        );
        assert_eq!(read("root/.opam/4.14/lib/re/META", text), Found::default());
    }

    proptest! {
        #[test]
        fn any_file_is_read(text in "(version|depends|license|:|=| |\n|\"|\\[|\\]|\\{|\\}|#|a){0,40}") {
            let _ = read("usr/lib/ocaml/a/opam", &text);
            let _ = read("usr/lib/ocaml/a/META", &text);
            let _ = read(".opam-switch/packages/a.1/opam", &text);
        }
    }
}
