//! `pnpm-lock.yaml`: the keys of `packages` name what is locked, with the version behind a
//! slash (format 5) or an `@` (6 and 9); what each needs stands there, or in `snapshots` (9).
//!
//! Only this shape of YAML is read: block mappings, two blanks a level, plain or quoted keys. For
//! pnpm an empty file is none.

use std::collections::HashMap;

use super::Locked;
use crate::catalog::{Found, Source};

/// Reads the file; that it does not say which format it has is told.
pub(super) fn read(source: &Source<'_>, found: &mut Found) -> Vec<Locked> {
    let text = String::from_utf8_lossy(source.bytes);
    let mut out: Vec<Locked> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let (mut top, mut section) = ("", "");
    let mut at = None;
    let (mut format, mut is_empty) = (None, true);
    for line in text.lines() {
        let content = line.trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        is_empty = false;
        let (key, value) = pair(content);
        if line == content && key == "lockfileVersion" {
            // `5.4-inlineSpecifiers` is one, too.
            let number = value.split('-').next().unwrap_or(value);
            format = number.parse::<f64>().ok();
        }
        match line.len() - content.len() {
            0 => (top, section, at) = (key, "", None),
            2 if matches!(top, "packages" | "snapshots") => {
                section = "";
                let locked = entry(key).unwrap_or_else(|| Locked {
                    key: key.to_owned(),
                    ..Locked::default()
                });
                let known = places.entry(locked.key.clone());
                at = Some(*known.or_insert_with(|| {
                    out.push(locked);
                    out.len() - 1
                }));
            }
            4 => {
                section = if value.is_empty() { key } else { "" };
                if let Some(locked) = at.and_then(|at| out.get_mut(at)) {
                    settle(locked, key, value);
                }
            }
            6 if matches!(section, "dependencies" | "optionalDependencies") => {
                if let Some(locked) = at.and_then(|at| out.get_mut(at)) {
                    locked.needs.push(need(key, value));
                }
            }
            _ => {}
        }
    }
    if format.is_none() && !is_empty {
        let fault = "it does not say which lockfileVersion it has";
        found.faults.push(fault.to_owned());
    }
    out
}

/// What an entry says of itself: packages that come from elsewhere than a registry have their
/// names and versions here.
fn settle(locked: &mut Locked, key: &str, value: &str) {
    match key {
        "name" => locked.name = value.to_owned(),
        "version" => locked.version = value.to_owned(),
        // What has no version is not taken.
        "dev" if value == "true" => locked.version.clear(),
        _ => {}
    }
}

/// `/@a/b/1.0.0_peer`, `/@a/b@1.0.0(peer@2)`, `@a/b@1.0.0(peer@2)`.
fn entry(key: &str) -> Option<Locked> {
    let bare = key.split('(').next().unwrap_or(key);
    let path = bare.strip_prefix('/').unwrap_or(bare);
    let scope = path.strip_prefix('@').and_then(|rest| rest.find('/'));
    let from = scope.map_or(0, |at| at + 2);
    let at = from + path.get(from..)?.find(['@', '/'])?;
    let (name, version) = (&path[..at], &path[at + 1..]);
    let version = match path.as_bytes().get(at) {
        Some(b'/') if !bare.starts_with('/') => return None,
        Some(b'/') => version.split('_').next().unwrap_or(version),
        _ => version,
    };
    // An address in place of a version: the entry itself may name one.
    let version = if version.contains(['/', ':']) {
        ""
    } else {
        version
    };
    Some(Locked {
        key: word(name, version),
        name: name.to_owned(),
        version: version.to_owned(),
        ..Locked::default()
    })
}

/// What a dependency `name: version` is called; the version may be the key of another package.
fn need(name: &str, value: &str) -> String {
    let bare = value.split('(').next().unwrap_or(value);
    let other =
        entry(bare).filter(|_| bare.trim_start_matches('/').contains('@') || bare.starts_with('/'));
    match other {
        Some(other) => other.key,
        None => word(name, bare.split('_').next().unwrap_or(bare)),
    }
}

fn word(name: &str, version: &str) -> String {
    format!("{name}@{version}")
}

/// A key and its value, without quotes.
fn pair(content: &str) -> (&str, &str) {
    for quote in ['\'', '"'] {
        if let Some((key, rest)) = content
            .strip_prefix(quote)
            .and_then(|rest| rest.split_once(quote))
        {
            return (key, unquoted(rest.trim_start_matches(':')));
        }
    }
    match content.split_once(": ") {
        Some((key, value)) => (key, unquoted(value)),
        None => (content.strip_suffix(':').unwrap_or(content), ""),
    }
}

fn unquoted(value: &str) -> &str {
    value.trim().trim_matches(['\'', '"'])
}

#[cfg(test)]
mod tests {
    use super::*;

    type Parts = (String, String, Vec<String>);

    fn read_all(text: &str) -> (Vec<Parts>, Vec<String>) {
        let mut found = Found::default();
        let read = read(
            &Source::whole("pnpm-lock.yaml", text.as_bytes()),
            &mut found,
        );
        let parts = read
            .into_iter()
            .map(|one| (one.name, one.version, one.needs));
        (parts.collect(), found.faults)
    }

    fn locked(text: &str) -> Vec<Parts> {
        let (read, faults) = read_all(text);
        assert_eq!(faults, [""; 0]);
        read
    }

    #[test]
    fn what_is_named_counts_though_the_format_is_not_known() {
        let packages = "\npackages:\n\n  /d@3.0.0:\n    dev: false\n";
        let all = [("d".to_owned(), "3.0.0".to_owned(), vec![])];
        for format in ["5.4-inlineSpecifiers", "'6.1-x'"] {
            assert_eq!(
                locked(&format!("lockfileVersion: {format}\n{packages}")),
                all
            );
        }
        for format in ["", "lockfileVersion: next\n"] {
            let (read, faults) = read_all(&format!("{format}{packages}"));
            assert_eq!(read, all);
            assert_eq!(faults, ["it does not say which lockfileVersion it has"]);
        }
    }

    #[test]
    fn format_9() {
        let read = locked(
            "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      a:\n        version: 1.0.0\n\n\
             packages:\n\n  '@a/b@1.0.0':\n    resolution: {integrity: x}\n\n  c@2.0.0:\n    engines: {node: '>=6'}\n\n\
             snapshots:\n\n  '@a/b@1.0.0(c@2.0.0)':\n    dependencies:\n      c: 2.0.0\n      d: e@3.0.0\n\n  c@2.0.0: {}\n",
        );
        assert_eq!(
            read[0],
            (
                "@a/b".into(),
                "1.0.0".into(),
                vec!["c@2.0.0".into(), "e@3.0.0".into()]
            )
        );
        assert_eq!((read[1].0.as_str(), read.len()), ("c", 2));
    }

    #[test]
    fn formats_5_and_6() {
        let read = locked(
            "lockfileVersion: 5.4\n\npackages:\n\n  /@a/b/1.0.0_c@2.0.0:\n    dependencies:\n      c: 2.0.0_x\n    dev: false\n\n\
             \x20 /d@3.0.0(c@2.0.0):\n    dev: false\n\n  github.com/x/y/abc:\n    name: y\n    version: 4.0.0\n",
        );
        assert_eq!(read[0].0, "@a/b");
        assert_eq!(read[1], ("d".into(), "3.0.0".into(), vec![]));
        assert_eq!(read[2], ("y".into(), "4.0.0".into(), vec![]));
    }
}
