//! Modules that a `go.mod` asks for (the Go Modules Reference, "go.mod files").

use std::collections::HashMap;

use super::{Candidate, Found, Source, lock};

/// Reads a module file: what it requires, with what replaces that. An empty one only keeps a
/// directory out of the module around it.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    if !lock::counts(source.path) {
        return found;
    }
    let text = String::from_utf8_lossy(source.bytes);
    let mut required: Vec<(&str, &str)> = Vec::new();
    let mut replaced: HashMap<&str, (&str, &str)> = HashMap::new();
    let (mut block, mut is_module, mut is_empty) = ("", false, true);
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or(line).trim();
        is_empty &= line.is_empty();
        let (directive, rest) = match block {
            "" => line.split_once([' ', '\t']).unwrap_or((line, "")),
            block => (block, line),
        };
        is_module |= directive == "module";
        match (line, rest.trim()) {
            (")", _) => block = "",
            (_, "(") => block = directive,
            (_, rest) if directive == "require" => required.extend(words(rest)),
            (_, rest) if directive == "replace" => {
                if let Some((old, new)) = rest.split_once("=>") {
                    let old = old.split_whitespace().next().unwrap_or_default();
                    // What lies in a directory has no version.
                    replaced.insert(old, words(new).unwrap_or(("", "")));
                }
            }
            _ => {}
        }
    }
    if !is_module && !is_empty {
        found.faults.push("it names no module".to_owned());
    }
    if !block.is_empty() {
        found
            .faults
            .push(format!("its block {block} is not closed"));
    }
    for (path, version) in required {
        let (path, version) = replaced.get(path).copied().unwrap_or((path, version));
        if let Some(module) = lock::candidate(source.path, "golang", path, version) {
            found.add(divided(module));
        }
    }
    found
}

/// A path and a version.
fn words(text: &str) -> Option<(&str, &str)> {
    let mut words = text.split_whitespace();
    Some((words.next()?.trim_matches('"'), words.next()?))
}

/// The purl has all of a path but its last name as the namespace.
fn divided(mut module: Candidate) -> Candidate {
    let path = module.name.to_lowercase();
    match path.rsplit_once('/') {
        Some((namespace, name)) => {
            module.namespace = Some(namespace.to_owned());
            module.purl_name = Some(name.to_owned());
        }
        None => module.purl_name = Some(path),
    }
    module
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn required_and_replaced() {
        let text = b"module example.org/app\n\ngo 1.21\n\nrequire github.com/A/b v1.2.3\n\nrequire (\n\tgolang.org/x/sys v0.1.0 // indirect\n\
            \texample.org/old v1.0.0\n\texample.org/local v1.0.0\n)\n\nreplace example.org/old => example.org/new v2.0.0\nreplace example.org/local => ../local\n";
        let found = parse(&Source::whole("app/go.mod", text));
        let all = [
            ("github.com/A/b", "v1.2.3"),
            ("golang.org/x/sys", "v0.1.0"),
            ("example.org/new", "v2.0.0"),
        ];
        assert_eq!(found.versions(), all);
        assert_eq!(found.packages[0].namespace.as_deref(), Some("github.com/a"));
        assert_eq!(found.packages[0].purl_name.as_deref(), Some("b"));
    }

    proptest! {
        #[test]
        fn any_module_file_is_read(text in "(require|replace|\\(|\\)|=>| |\n|a/b|v1|//|\"){0,40}") {
            let _ = parse(&Source::whole("go.mod", text.as_bytes()));
        }
    }
}
