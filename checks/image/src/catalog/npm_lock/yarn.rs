//! `yarn.lock`: blocks that begin with the wanted ranges, of yarn 1 in a form of its own
//! (`version "1.0"`), of later yarns in YAML (`version: 1.0`), which has long keys on a line of
//! their own (`? KEY`). An empty one only marks where a project begins.

use super::Locked;
use crate::catalog::{Found, Source};

/// Reads the file; what is none of its lines, or has no version, is told.
pub(super) fn read(source: &Source<'_>, found: &mut Found) -> Vec<Locked> {
    let text = String::from_utf8_lossy(source.bytes);
    let mut out: Vec<Locked> = Vec::new();
    let mut section = "";
    let mut is_local = false;
    let (mut stray, mut broken) = (0, 0);
    for line in text.lines() {
        let content = line.trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        match line.len() - content.len() {
            // The rest of a long key.
            0 if content == ":" => {}
            0 => {
                broken += close(&mut out, is_local);
                (section, is_local) = ("", false);
                let key = content.strip_prefix("? ").or(content.strip_suffix(':'));
                stray += usize::from(key.is_none());
                out.extend(key.and_then(header));
            }
            2 => {
                let (key, value) = pair(content);
                section = if value.is_empty() { key } else { "" };
                let Some(block) = out.last_mut() else {
                    continue;
                };
                match key {
                    "version" => block.version = value.to_owned(),
                    // The real name, where a range is an alias of it.
                    "resolution" => {
                        block.name = name_of(value).to_owned();
                        is_local = value.contains("@workspace:");
                    }
                    _ => {}
                }
            }
            _ => {
                if let ("dependencies" | "optionalDependencies", Some(block)) =
                    (section, out.last_mut())
                {
                    let (name, range) = pair(content);
                    block.needs.push(need(name, range));
                }
            }
        }
    }
    broken += close(&mut out, is_local);
    found.stray_lines(stray);
    if broken > 0 {
        found
            .faults
            .push(format!("{broken} blocks of it have no version"));
    }
    out
}

/// Takes back the last block, if it is no package of elsewhere; 1 where it should be one.
fn close(out: &mut Vec<Locked>, is_local: bool) -> usize {
    let is_broken = out.last().is_some_and(|block| block.version.is_empty());
    if is_local || is_broken {
        out.pop();
    }
    usize::from(is_broken)
}

/// `a@^1, "@b/c@^2"`
fn header(line: &str) -> Option<Locked> {
    let ranges = line.trim_matches('"').split(", ");
    let ranges: Vec<String> = ranges
        .map(|range| range.trim_matches('"').to_owned())
        .collect();
    let first = ranges.first()?;
    if first == "__metadata" {
        return None;
    }
    // Yarn 1 writes an alias as `name@npm:real@range`.
    let real = first.split_once("@npm:").map(|(_, real)| real);
    let real = real.filter(|real| name_of(real).len() < real.len());
    Some(Locked {
        name: name_of(real.unwrap_or(first)).to_owned(),
        key: first.clone(),
        also: ranges[1..].to_vec(),
        ..Locked::default()
    })
}

/// The name in `NAME@RANGE`; all of it where there is no range.
fn name_of(range: &str) -> &str {
    match range.get(1..).and_then(|rest| rest.find('@')) {
        Some(at) => &range[..=at],
        None => range,
    }
}

/// `key "value"`, `key value`, `key: value`, `"key": "value"`.
fn pair(content: &str) -> (&str, &str) {
    let (key, value) = match content
        .strip_prefix('"')
        .and_then(|rest| rest.split_once('"'))
    {
        Some((key, value)) => (key, value),
        None => content.split_once(' ').unwrap_or((content, "")),
    };
    let value = value.trim_start_matches(':').trim().trim_matches('"');
    (key.trim_end_matches(':'), value)
}

/// The range as the header has it: later yarns put `npm:` before it there, and at times here.
fn need(name: &str, range: &str) -> String {
    format!("{name}@{range}|{name}@npm:{range}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(text: &str) -> Vec<Locked> {
        let mut found = Found::default();
        let read = read(&Source::whole("yarn.lock", text.as_bytes()), &mut found);
        assert_eq!(found.faults, [""; 0]);
        read
    }

    #[test]
    fn yarn_1() {
        let read = locked(
            "# yarn lockfile v1\n\n\"@a/b@^1.0.0\", \"@a/b@^1.2.0\":\n  version \"1.2.3\"\n  resolved \"x\"\n  \
             dependencies:\n    c \"^2\"\n    \"@d/e\" \"~3.0\"\n\nc@^2:\n  version \"2.5.0\"\n\n\
             alias@npm:real@^1:\n  version \"1.0.0\"\n",
        );
        let names: Vec<_> = read.iter().map(|one| (&*one.name, &*one.version)).collect();
        assert_eq!(
            names,
            [("@a/b", "1.2.3"), ("c", "2.5.0"), ("real", "1.0.0")]
        );
        assert_eq!(
            (&*read[0].key, &read[0].also[..]),
            ("@a/b@^1.0.0", &["@a/b@^1.2.0".to_owned()][..])
        );
        assert_eq!(read[0].needs, ["c@^2|c@npm:^2", "@d/e@~3.0|@d/e@npm:~3.0"]);
    }

    #[test]
    fn later_yarns() {
        let read = locked(
            "__metadata:\n  version: 8\n\n\"a@npm:^1, a@npm:^1.1\":\n  version: 1.1.0\n  \
             resolution: \"a@npm:1.1.0\"\n  dependencies:\n    b: \"npm:^2\"\n  bin:\n    a: bin/a\n\n\
             \"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n",
        );
        let [a] = &read[..] else { panic!("{read:?}") };
        assert_eq!((&*a.name, &*a.version, &*a.key), ("a", "1.1.0", "a@npm:^1"));
        assert_eq!(a.also, ["a@npm:^1.1"]);
        assert_eq!(a.needs, ["b@npm:^2|b@npm:npm:^2"]);
        let long = locked("? \"a@npm:^1, a@npm:^1.1\"\n:\n  version: 1.1.0\n");
        assert_eq!((&*long[0].name, &*long[0].version), ("a", "1.1.0"));
    }
}
