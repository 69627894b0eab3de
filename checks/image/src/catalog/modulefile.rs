//! Module files: Tcl files that begin with `#%Module` (modulefile(4)) and Lua files of Lmod.
//!
//! A module file says where software is, not what it is made of: it counts where nothing else
//! knows of that directory. Only literal texts and variables that hold them are followed.

use std::collections::HashMap;

use super::{Candidate, Found, Owned, Source};

/// What Tcl module files begin with.
pub(super) const MAGIC: &[u8] = b"#%Module";

/// Lines that are read.
const MOST_LINES: usize = 5000;

/// The longest text that variables may be put together to.
const LONGEST: usize = 4096;

/// Directories in which an installation has its parts.
const PARTS: [&str; 16] = [
    "bin",
    "sbin",
    "lib",
    "lib64",
    "lib32",
    "libexec",
    "include",
    "share",
    "man",
    "etc",
    "pkgconfig",
    "cmake",
    "info",
    "aclocal",
    "site-packages",
    "intel64",
];

/// Directories that hold many installations, or the system's own.
const SHARED: [&str; 9] = [
    "usr/local",
    "opt/local",
    "usr/share",
    "usr/lib",
    "usr/lib64",
    "usr/bin",
    "opt/intel",
    "opt/nvidia",
    "opt/cray",
];

/// Reads a module file.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    let is_tcl = source.bytes.starts_with(MAGIC);
    if !is_tcl && !source.path.ends_with(".lua") {
        return found;
    }
    let text = String::from_utf8_lossy(source.bytes);
    let mut module = Module::default();
    for line in text.lines().take(MOST_LINES) {
        if is_tcl {
            module.read(&tcl(line), line);
        } else {
            module.read(&lua(line), line);
        }
    }
    if let Some(package) = module.package(source.path) {
        let paths = package.prefix.iter().map(|prefix| format!("{prefix}/"));
        found.owned.push(Owned {
            of: source.path.to_owned(),
            paths: paths.collect(),
        });
        found.add(package);
    }
    found
}

/// What a module file says.
#[derive(Debug, Default)]
struct Module {
    variables: HashMap<String, String>,
    name: Option<String>,
    version: Option<String>,
    /// The directories that it points to, with how often.
    places: Vec<(String, usize)>,
}

/// A statement: what it does, and the literal parts of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Statement<'l> {
    verb: &'l str,
    parts: Vec<Part<'l>>,
}

/// A part of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'l> {
    /// A text; in Tcl with variables inside.
    Text(&'l str),
    /// The name of a variable, or of a function.
    Name(&'l str),
}

impl Module {
    fn read(&mut self, statement: &Statement<'_>, line: &str) {
        let is_lua = !matches!(
            statement.verb,
            "set" | "module-whatis" | "append-path" | "prepend-path"
        );
        match (statement.verb, &statement.parts[..]) {
            ("set", [Part::Text(name), value @ ..]) => {
                let value = self.joined(value);
                self.variables.insert((*name).to_owned(), value);
            }
            ("local", [Part::Name(name), value @ ..]) => {
                let value = self.joined(value);
                self.variables.insert((*name).to_owned(), value);
            }
            ("whatis" | "module-whatis", parts) => self.whatis(&self.joined(parts)),
            (
                "setenv" | "prepend_path" | "append_path" | "prepend-path" | "append-path",
                [_, value @ ..],
            ) => {
                let value = if is_lua && line.contains("pathJoin") {
                    self.path(value)
                } else {
                    self.joined(value)
                };
                self.point(&value);
            }
            _ => {}
        }
    }

    /// The parts as one text.
    fn joined(&self, parts: &[Part<'_>]) -> String {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Text(literal) => self.substitute(literal, &mut text),
                Part::Name(name) => text.extend(self.variables.get(*name).map(String::as_str)),
            }
        }
        if text.len() > LONGEST {
            String::new()
        } else {
            text
        }
    }

    /// The parts as names of a path.
    fn path(&self, parts: &[Part<'_>]) -> String {
        let names = parts.iter().map(|part| self.joined(&[*part]));
        let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
        names.join("/")
    }

    /// Writes a text with the values of the variables in it, `$root` or `${root}`.
    fn substitute(&self, literal: &str, out: &mut String) {
        let mut rest = literal;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let (name, tail) = match after
                .strip_prefix('{')
                .and_then(|inner| inner.split_once('}'))
            {
                Some(braced) => braced,
                None => {
                    let is_end = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
                    after.split_at(after.find(is_end).unwrap_or(after.len()))
                }
            };
            out.extend(self.variables.get(name).map(String::as_str));
            rest = tail;
            if out.len() > LONGEST {
                return;
            }
        }
        out.push_str(rest);
    }

    fn whatis(&mut self, text: &str) {
        let Some((key, value)) = text.split_once(':') else {
            return;
        };
        let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        match &*key.trim().to_ascii_lowercase() {
            "name" => self.name = value,
            "version" => self.version = value,
            _ => {}
        }
    }

    /// Notes the installation that a path is in.
    fn point(&mut self, path: &str) {
        let first = path.split(':').next().unwrap_or_default();
        let Some(prefix) = prefix(first) else {
            return;
        };
        match self.places.iter_mut().find(|(known, _)| *known == prefix) {
            Some((_, count)) => *count += 1,
            None => self.places.push((prefix, 1)),
        }
    }

    fn package(self, path: &str) -> Option<Candidate> {
        let most = self.places.iter().map(|(_, count)| *count).max()?;
        let (prefix, _) = self.places.into_iter().find(|(_, count)| *count == most)?;
        let (directory, file) = path.rsplit_once('/')?;
        let file = file.strip_suffix(".lua").unwrap_or(file);
        let parent = directory.rsplit('/').next().unwrap_or(directory);
        // A file directly in the folder of modules has no version of its own.
        let is_alone = matches!(parent, "modulefiles" | "modules" | "Core" | "all");
        let (name, version) = if is_alone { (file, "") } else { (parent, file) };
        let module = if is_alone {
            file.to_owned()
        } else {
            format!("{parent}/{file}")
        };
        Some(Candidate {
            kind: "generic",
            name: self.name.unwrap_or_else(|| name.to_owned()),
            version: self.version.unwrap_or_else(|| version.to_owned()),
            qualifiers: vec![("module", module)],
            key: Some(path.to_owned()),
            prefix: Some(prefix),
            yields: true,
            ..Candidate::default()
        })
    }
}

/// The directory of an installation, of which a path is a part; none for what is shared.
fn prefix(path: &str) -> Option<String> {
    let inside = path.trim().strip_prefix('/')?;
    let mut names: Vec<&str> = inside.split('/').filter(|name| !name.is_empty()).collect();
    if names.iter().any(|name| matches!(*name, "." | "..")) {
        return None;
    }
    if let Some(at) = names.iter().rposition(|name| PARTS.contains(name)) {
        names.truncate(at);
    }
    while names.last().is_some_and(|name| PARTS.contains(name)) {
        names.pop();
    }
    let prefix = names.join("/");
    (names.len() >= 2 && !SHARED.contains(&&*prefix)).then_some(prefix)
}

/// A line of Tcl.
fn tcl(line: &str) -> Statement<'_> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '"' => rest[1..].split_once('"').unwrap_or((&rest[1..], "")),
            '{' => rest[1..].split_once('}').unwrap_or((&rest[1..], "")),
            '#' | ';' => break,
            _ => rest.split_once([' ', '\t']).unwrap_or((rest, "")),
        };
        words.push(word);
        rest = after.trim_start();
    }
    let mut words = words.into_iter();
    let verb = words.next().unwrap_or_default();
    let options = ["-d", "--delim", "-delim", "--append", "--prepend"];
    Statement {
        verb,
        parts: words
            .filter(|word| !options.contains(word))
            .map(Part::Text)
            .collect(),
    }
}

/// A line of Lua: a call of a function, or an assignment.
fn lua(line: &str) -> Statement<'_> {
    let line = line.trim();
    if line.starts_with("--") {
        return Statement::default();
    }
    let is_end = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let (verb, mut rest) = line.split_at(line.find(is_end).unwrap_or(line.len()));
    let mut parts = Vec::new();
    while let Some(first) = rest.chars().next() {
        match first {
            '"' | '\'' => {
                let (text, after) = rest[1..].split_once(first).unwrap_or((&rest[1..], ""));
                parts.push(Part::Text(text));
                rest = after;
            }
            '[' if rest.starts_with("[[") => {
                let (text, after) = rest[2..].split_once("]]").unwrap_or((&rest[2..], ""));
                parts.push(Part::Text(text));
                rest = after;
            }
            _ if !is_end(first) => {
                let (name, after) = rest.split_at(rest.find(is_end).unwrap_or(rest.len()));
                if name != "pathJoin" {
                    parts.push(Part::Name(name));
                }
                rest = after;
            }
            _ => rest = &rest[first.len_utf8()..],
        }
    }
    // `root = "…"` is an assignment, too.
    if !matches!(verb, "local" | "") && line[verb.len()..].trim_start().starts_with('=') {
        parts.insert(0, Part::Name(verb));
        return Statement {
            verb: "local",
            parts,
        };
    }
    Statement { verb, parts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TCL: &str = "#%Module1.0\n# a comment\nmodule-whatis \"Name: foo\"\nset version 2.1\n\
        set root /opt/apps/foo/$version\nsetenv FOO_DIR $root\nprepend-path PATH ${root}/bin\n\
        prepend-path LD_LIBRARY_PATH {/opt/apps/foo/2.1/lib}\nconflict foo\n";

    const LUA: &str = "help([[Bar]])\nwhatis(\"Version: 1.5\")\nlocal base = \"/sw/bar\"\n\
        root = pathJoin(base, \"1.5\")\nlocal full = \"/sw/bar/1.5\"\n\
        prepend_path(\"PATH\", pathJoin(full, \"bin\"))\nsetenv('BAR_ROOT', full)\n-- prepend_path(\"X\", \"/y/z\")\n";

    fn read(path: &str, text: &str) -> Option<Candidate> {
        parse(&Source::whole(path, text.as_bytes())).packages.pop()
    }

    #[test]
    fn tcl_files() {
        let package = read("opt/modulefiles/foo/2.1", TCL).unwrap();
        assert_eq!((&*package.name, &*package.version), ("foo", "2.1"));
        assert_eq!(package.prefix.as_deref(), Some("opt/apps/foo/2.1"));
        assert_eq!(package.qualifiers, [("module", "foo/2.1".to_owned())]);
        assert!(package.yields);
    }

    #[test]
    fn lua_files() {
        let package = read("opt/modulefiles/bar/1.5-gcc.lua", LUA).unwrap();
        assert_eq!((&*package.name, &*package.version), ("bar", "1.5"));
        assert_eq!(package.prefix.as_deref(), Some("sw/bar/1.5"));
        assert_eq!(package.qualifiers, [("module", "bar/1.5-gcc".to_owned())]);
    }

    #[test]
    fn what_points_nowhere_of_its_own_is_none() {
        for text in [
            "#%Module\nprepend-path PATH /usr/bin\n",
            "#%Module\nprepend-path PATH /usr/local/bin\n",
            "#%Module\nprepend-path PATH $unknown/bin\n",
            "#%Module\nprepend-path PATH /opt/../etc/x/bin\n",
            "#%Module\nmodule load x\n",
        ] {
            assert_eq!(read("m/x/1", text), None, "{text}");
        }
        assert_eq!(
            read("modulefiles/notes.txt", "prepend-path PATH /a/b/bin"),
            None
        );
    }

    #[test]
    fn variables_that_grow_are_not_followed() {
        let text =
            "#%Module\nset a xxxxxxxxxxxxxxxx\n".to_owned() + &"set a $a$a$a$a\n".repeat(500);
        assert_eq!(read("m/x/1", &text), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read(at in any::<prop::sample::Index>(), text in ".{0,8}") {
            for (path, whole) in [("modulefiles/a/1", TCL), ("modulefiles/a/1.lua", LUA)] {
                let at = at.index(whole.len());
                let _ = read(path, &format!("{}{text}{}", &whole[..at], &whole[at..]));
                let _ = read(path, &format!("{}{text}", &whole[..at]));
            }
        }
    }
}
