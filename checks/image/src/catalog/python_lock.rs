//! Python distributions that lock files name: `pylock.toml` ("pylock.toml Specification" of the
//! PyPA), `poetry.lock`, `uv.lock`, `pdm.lock`, `Pipfile.lock`, and the lines of a requirements
//! file that allow one version only ("Requirements File Format" of pip).

use serde::Deserialize;

use super::json::{self, Object, Text};
use super::python::{is_name, normalised};
use super::{Candidate, Found, Source, lock};

/// Reads a lock file by its name.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    if !lock::counts(source.path) {
        return found;
    }
    let name = source.path.rsplit('/').next().unwrap_or(source.path);
    let read = match name {
        "Pipfile.lock" => pipfile(source),
        name if name.ends_with(".txt") => Ok(requirements(source, &mut found)),
        _ => tables(source),
    };
    match read {
        Ok(packages) => packages.into_iter().for_each(|package| found.add(package)),
        Err(fault) => found.faults.push(fault),
    }
    found
}

/// A distribution that the file at hand names.
pub(super) fn candidate(source: &Source<'_>, name: &str, version: &str) -> Option<Candidate> {
    let plain = normalised(name);
    let mut package =
        lock::candidate(source.path, "pypi", name, version).filter(|_| is_name(name))?;
    package.key = Some(lock::key(source.path, &plain));
    package.purl_name = Some(plain);
    Some(package)
}

/// The documents of TOML, whose tables are all of one shape.
#[derive(Deserialize)]
struct Lock {
    /// pylock.toml has `packages`, the others `package`.
    #[serde(default, alias = "packages")]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    version: String,
    /// poetry, before it had groups.
    category: Option<String>,
    /// poetry 2: what asks for it.
    #[serde(default)]
    groups: Vec<String>,
    /// uv: where it comes from.
    source: Option<toml::Value>,
    dependencies: Option<toml::Value>,
}

impl Package {
    /// Whether it is the application itself, or for its development only.
    fn is_aside(&self) -> bool {
        let source = self.source.as_ref().and_then(toml::Value::as_table);
        let is_own = source.is_some_and(|source| {
            source.contains_key("editable") || source.contains_key("virtual")
        });
        let is_dev = self.category.as_deref() == Some("dev")
            || (!self.groups.is_empty()
                && self
                    .groups
                    .iter()
                    .all(|group| matches!(&**group, "dev" | "test" | "docs")));
        is_own || is_dev
    }

    /// What it needs: names, tables with a name, or a table by names.
    fn needs(&self) -> Vec<&str> {
        match &self.dependencies {
            Some(toml::Value::Table(table)) => table.keys().map(String::as_str).collect(),
            Some(toml::Value::Array(list)) => {
                let names = list
                    .iter()
                    .filter_map(|need| need.as_str().or_else(|| need.get("name")?.as_str()));
                names
                    .map(|need| &need[..need.find(is_end).unwrap_or(need.len())])
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What ends a name in a requirement.
fn is_end(character: char) -> bool {
    " [(<>=!~;@,".contains(character)
}

fn tables(source: &Source<'_>) -> Result<Vec<Candidate>, String> {
    let read: Lock = lock::toml(source)?;
    let packages = read.package.iter().filter(|package| !package.is_aside());
    Ok(packages
        .filter_map(|one| {
            let mut package = candidate(source, &one.name, &one.version)?;
            package.depends = one
                .needs()
                .iter()
                .map(|need| lock::key(source.path, &normalised(need)))
                .collect();
            Some(package)
        })
        .collect())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Pipfile {
    default: Object<Pinned>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Pinned {
    version: Text,
}

fn pipfile(source: &Source<'_>) -> Result<Vec<Candidate>, String> {
    let read: Pipfile = json::read(source)?;
    let packages = read.default.0.iter();
    Ok(packages
        .filter_map(|(name, pinned)| candidate(source, name, pinned.version.0.strip_prefix("==")?))
        .collect())
}

/// The lines that allow one version only; those that can be no requirement are told, unless the
/// text is prose: the name is not pip's alone.
fn requirements(source: &Source<'_>, found: &mut Found) -> Vec<Candidate> {
    let text = String::from_utf8_lossy(source.bytes);
    if !text.lines().any(is_prose) {
        found.stray_lines(text.lines().filter(|line| is_stray(line)).count());
    }
    let pins = text.lines().filter_map(pin);
    let packages = pins.filter_map(|(name, version)| candidate(source, name, version));
    packages.collect()
}

/// Whether a line begins with two plain words.
fn is_prose(line: &str) -> bool {
    let is_plain = |word: &str| word.bytes().all(|byte| byte.is_ascii_alphabetic());
    let mut words = line.split_whitespace();
    words.next().is_some_and(is_plain) && words.next().is_some_and(is_plain)
}

/// Whether a line begins with what no name, option, path, address, comment or template does.
fn is_stray(line: &str) -> bool {
    let first = line.trim_start().chars().next();
    let begins =
        |first: char| first.is_alphanumeric() || "_-./\\#\"'{<%$@~\u{feff}".contains(first);
    first.is_some_and(|first| !begins(first))
}

/// The name and the version in `name[extra]==1.0 ; marker --hash=…`; a range, an address or a wild
/// card is no pin.
pub(super) fn pin(line: &str) -> Option<(&str, &str)> {
    let line = line.split(" #").next().unwrap_or(line).trim();
    let (what, _) = line.split_once(';').unwrap_or((line, ""));
    let (name, version) = what.split_once("==")?;
    let name = name.split('[').next().unwrap_or(name).trim();
    let version = version.trim_start_matches('=').split_whitespace().next()?;
    let is_pin = !version.contains([',', '*', '<', '>', '!']);
    is_pin.then_some((name, version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(path: &str, text: &str) -> Vec<(String, String, Vec<String>)> {
        let found = parse(&Source::whole(path, text.as_bytes()));
        assert_eq!(found.faults, [""; 0]);
        found
            .packages
            .into_iter()
            .map(|one| (one.name, one.version, one.depends))
            .collect()
    }

    fn row(name: &str, version: &str, needs: &[&str]) -> (String, String, Vec<String>) {
        (
            name.to_owned(),
            version.to_owned(),
            needs.iter().map(|need| (*need).to_owned()).collect(),
        )
    }

    #[test]
    fn documents_of_toml() {
        let pylock = "lock-version = '1.0'\n\n[[packages]]\nname = 'attrs'\nversion = '25.1.0'\ndependencies = [{name = 'b'}]\n";
        assert_eq!(
            names("app/pylock.toml", pylock),
            [row("attrs", "25.1.0", &["app/pylock.toml#b"])]
        );
        let poetry = "[[package]]\nname = \"A_b\"\nversion = \"1.0\"\n\n[package.dependencies]\n\"Typing.Ext\" = \">=1\"\n\n\
            [[package]]\nname = \"pytest\"\nversion = \"8\"\ngroups = [\"dev\"]\n\n[metadata]\nlock-version = \"2.0\"\n";
        assert_eq!(
            names("poetry.lock", poetry),
            [row("A_b", "1.0", &["poetry.lock#typing-ext"])]
        );
        let uv = "version = 1\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\nsource = { editable = \".\" }\n\n\
            [[package]]\nname = \"numpy\"\nversion = \"2.0.0\"\nsource = { registry = \"https://example.org\" }\n";
        assert_eq!(names("uv.lock", uv), [row("numpy", "2.0.0", &[])]);
        assert_eq!(parse(&Source::whole("uv.lock", b"[[")).faults.len(), 1);
    }

    #[test]
    fn pins() {
        let pipfile = r#"{"_meta":{},"default":{"requests":{"version":"==2.31.0"},"x":{"git":"u"}},"develop":{"y":{"version":"==1"}}}"#;
        assert_eq!(
            names("Pipfile.lock", pipfile),
            [row("requests", "2.31.0", &[])]
        );
        let text = "# comment\nnumpy==1.26.4 \\\n    --hash=sha256:ab\nDjango[argon2]==4.2 ; python_version>'3'\nscipy>=1\nold==1.*\n-r other.txt\na==1,!=2\n";
        assert_eq!(
            names("app/requirements.txt", text),
            [row("numpy", "1.26.4", &[]), row("Django", "4.2", &[])]
        );
    }

    proptest! {
        #[test]
        fn any_lock_is_read(text in "(\\[\\[package\\]\\]|name|version| = |\"a\"|==|1|\n|;|\\{|\\}|:){0,40}") {
            for path in ["uv.lock", "Pipfile.lock", "requirements.txt"] {
                let _ = parse(&Source::whole(path, text.as_bytes()));
            }
        }
    }
}
