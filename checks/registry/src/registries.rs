//! registries.conf: where an image is really read from.
//!
//! Source: containers-registries.conf(5): rewriting of locations, mirrors, registries that are
//! blocked or insecure, aliases of short names, and where short names are looked for.

use std::collections::BTreeMap;

use hpcctl_host::{Host, Live};
use serde::Deserialize;

use crate::name::DOCKER;
use crate::{Error, Name};

/// Files of a drop-in directory that are read.
const FILES: usize = 256;

/// What the files say together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registries {
    rows: Vec<(Row, String)>,
    search: Vec<String>,
    aliases: BTreeMap<String, (String, String)>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct File {
    #[serde(default, rename = "unqualified-search-registries")]
    search: Option<Vec<String>>,
    #[serde(default, rename = "registry")]
    rows: Vec<Row>,
    #[serde(default)]
    aliases: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Row {
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    location: String,
    #[serde(default)]
    insecure: bool,
    #[serde(default)]
    blocked: bool,
    #[serde(default, rename = "mirror-by-digest-only")]
    by_digest_only: bool,
    #[serde(default, rename = "mirror")]
    mirrors: Vec<Mirror>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Mirror {
    #[serde(default)]
    location: String,
    #[serde(default)]
    insecure: bool,
    #[serde(default, rename = "pull-from-mirror")]
    pull: String,
}

/// A place that an image is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// `HOST[:PORT]`, as credentials are kept under it.
    pub(crate) registry: String,
    /// The repository there.
    pub(crate) repository: String,
    /// Whether certificates need not be trusted, nor TLS be spoken.
    pub(crate) insecure: bool,
    /// Whether it is a mirror.
    pub(crate) mirror: bool,
}

impl Registries {
    /// Reads the files; `root` stands in front of `/etc` and `/var`.
    pub(crate) fn load(env: &dyn Fn(&str) -> Option<String>, root: &str) -> Result<Self, Error> {
        let home = env("HOME").filter(|home| !home.is_empty());
        let configured = env("XDG_CONFIG_HOME").filter(|dir| !dir.is_empty());
        let own = configured.or(home.as_ref().map(|home| format!("{home}/.config")));
        let own = own.map(|dir| format!("{dir}/containers"));
        let system = format!("{root}/etc/containers");
        let mut all = Self::default();
        match env("CONTAINERS_REGISTRIES_CONF").filter(|path| !path.is_empty()) {
            Some(path) => all.add(&path, &required(&path)?)?,
            None => {
                let own = own.as_ref().map(|dir| format!("{dir}/registries.conf"));
                let both = own.into_iter().chain([format!("{system}/registries.conf")]);
                for path in both {
                    if let Some(text) = optional(&path)? {
                        all.add(&path, &text)?;
                        break;
                    }
                }
            }
        }
        for dir in [Some(system), own].into_iter().flatten() {
            let parts = format!("{dir}/registries.conf.d");
            let names = Live.list(&parts).unwrap_or_default();
            for name in names
                .iter()
                .filter(|name| name.ends_with(".conf"))
                .take(FILES)
            {
                let path = format!("{parts}/{name}");
                if let Some(text) = optional(&path)? {
                    all.add(&path, &text)?;
                }
            }
        }
        let cached = home.map(|home| format!("{home}/.cache/containers"));
        for dir in [Some(format!("{root}/var/cache/containers")), cached]
            .into_iter()
            .flatten()
        {
            let path = format!("{dir}/short-name-aliases.conf");
            // What podman remembers is a help, not a setting: unreadable, it is passed over.
            if let Ok(Some(text)) = optional(&path) {
                all.add(&path, &text)?;
            }
        }
        Ok(all)
    }

    /// Adds a file, which counts more than those before it.
    pub(crate) fn add(&mut self, path: &str, text: &str) -> Result<(), Error> {
        let wrong = |why: String| Error::Configuration {
            path: path.to_owned(),
            why,
        };
        let file: File = toml::from_str(text).map_err(|error| wrong(error.message().to_owned()))?;
        self.search = file.search.unwrap_or(std::mem::take(&mut self.search));
        for (short, full) in file.aliases {
            self.aliases.insert(short, (full, path.to_owned()));
        }
        for mut row in file.rows {
            if row.prefix.is_empty() {
                row.prefix.clone_from(&row.location);
            }
            if row.prefix.is_empty() {
                return Err(wrong(
                    "a registry has neither prefix nor location".to_owned(),
                ));
            }
            if row.location.is_empty() && !row.prefix.starts_with("*.") {
                row.location.clone_from(&row.prefix);
            }
            self.rows.retain(|(known, _)| known.prefix != row.prefix);
            self.rows.push((row, path.to_owned()));
        }
        Ok(())
    }

    /// The full name of an image, and what a short name was taken for.
    pub(crate) fn full_name(&self, name: &Name) -> Result<(Name, Option<String>), Error> {
        if let Some(registry) = &name.registry {
            return Ok((name.within(registry), None));
        }
        if let Some((full, path)) = self.aliases.get(&name.repository) {
            let meant: Name = full.parse().map_err(|error| Error::Configuration {
                path: path.clone(),
                why: format!("the alias {}: {error}", name.repository),
            })?;
            let meant = Name {
                tag: name.tag.clone().or(meant.tag),
                digest: name.digest.clone().or(meant.digest),
                ..meant
            };
            let full = meant.within(meant.registry.as_deref().unwrap_or(DOCKER));
            let note = format!("{name} is {full}, an alias of {path}");
            return Ok((full, Some(note)));
        }
        match self.search.as_slice() {
            [] => {
                let full = name.within(DOCKER);
                let note = format!("{name} names no registry: {full} was taken");
                Ok((full, Some(note)))
            }
            [only] => {
                let full = name.within(only);
                let note = format!(
                    "{name} names no registry: {full} was taken, of the one in unqualified-search-registries"
                );
                Ok((full, Some(note)))
            }
            [first, ..] => Err(Error::ShortName {
                name: name.to_string(),
                why: format!(
                    "unqualified-search-registries has several: {}",
                    self.search.join(", ")
                ),
                likely: name.within(first).to_string(),
            }),
        }
    }

    /// Where an image with a full name is read from, the mirrors first.
    pub(crate) fn endpoints(&self, name: &Name) -> Result<Vec<Endpoint>, Error> {
        let registry = name.registry.as_deref().unwrap_or(DOCKER);
        let base = format!("{registry}/{}", name.repository);
        let rows = self.rows.iter();
        let matching = rows.filter_map(|row| Some((matched(&row.0.prefix, &base)?, row)));
        let Some((length, (row, path))) = matching.max_by_key(|(length, _)| *length) else {
            return Ok(vec![endpoint(&base, false, false, "registries.conf")?]);
        };
        if row.blocked {
            return Err(Error::Blocked {
                name: base,
                path: path.clone(),
            });
        }
        let rest = &base[length..];
        let by_digest = name.digest.is_some();
        let mirrors = row
            .mirrors
            .iter()
            .filter(|mirror| match mirror.pull.as_str() {
                "digest-only" => by_digest,
                "tag-only" => !by_digest,
                _ => by_digest || !row.by_digest_only,
            });
        let mut found = Vec::new();
        for mirror in mirrors {
            let place = format!("{}{rest}", mirror.location);
            found.push(endpoint(&place, mirror.insecure, true, path)?);
        }
        let place = match row.location.as_str() {
            "" => base.clone(),
            location => format!("{location}{rest}"),
        };
        found.push(endpoint(&place, row.insecure, false, path)?);
        Ok(found)
    }
}

/// How much of a name without tag a prefix covers; none where it is not a prefix.
fn matched(prefix: &str, base: &str) -> Option<usize> {
    if let Some(domain) = prefix.strip_prefix('*') {
        let host = base.split('/').next()?;
        let end = host.find(domain)? + domain.len();
        return (end == host.len()).then_some(end);
    }
    let rest = base.strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(prefix.len())
}

fn endpoint(place: &str, insecure: bool, mirror: bool, path: &str) -> Result<Endpoint, Error> {
    let name = format!("{place}:x");
    let read = name.parse::<Name>().ok();
    let read = read.and_then(|name| Some((name.registry?, name.repository)));
    let (registry, repository) = read.ok_or_else(|| Error::Configuration {
        path: path.to_owned(),
        why: format!("the location {place} is not HOST[:PORT]/NAME"),
    })?;
    Ok(Endpoint {
        registry,
        repository,
        insecure,
        mirror,
    })
}

fn required(path: &str) -> Result<String, Error> {
    Live.read(path).map_err(|errno| Error::Configuration {
        path: path.to_owned(),
        why: errno.to_string(),
    })
}

/// A file that need not be there.
fn optional(path: &str) -> Result<Option<String>, Error> {
    match Live.read(path) {
        Ok(text) => Ok(Some(text)),
        Err(hpcctl_host::Errno::ENOENT) => Ok(None),
        Err(errno) => Err(Error::Configuration {
            path: path.to_owned(),
            why: errno.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONF: &str = r#"
        unqualified-search-registries = ["docker.io"]
        [[registry]]
        location = "docker.io"
        [[registry.mirror]]
        location = "mirror.site:5000/hub"
        insecure = true
        [[registry.mirror]]
        location = "exact.site"
        pull-from-mirror = "digest-only"
        [[registry]]
        prefix = "docker.io/secret"
        blocked = true
        [[registry]]
        prefix = "*.old.example"
        location = "new.example/moved"
        [[registry]]
        location = "plain.example:5000"
        insecure = true
    "#;

    fn registries(texts: &[&str]) -> Registries {
        let mut all = Registries::default();
        for (place, text) in texts.iter().enumerate() {
            all.add(&format!("{place}.conf"), text).unwrap();
        }
        all
    }

    fn places(all: &Registries, name: &str) -> Vec<String> {
        let (name, _) = all.full_name(&name.parse().unwrap()).unwrap();
        let places = all.endpoints(&name).unwrap().into_iter().map(|one| {
            let kind = if one.mirror { "mirror " } else { "" };
            let insecure = if one.insecure { " insecure" } else { "" };
            format!("{kind}{}/{}{insecure}", one.registry, one.repository)
        });
        places.collect()
    }

    #[test]
    fn mirrors_come_first() {
        let all = registries(&[CONF]);
        assert_eq!(
            places(&all, "alpine"),
            [
                "mirror mirror.site:5000/hub/library/alpine insecure",
                "docker.io/library/alpine"
            ]
        );
        let exact = format!("docker.io/a/b@sha256:{}", "0".repeat(64));
        assert_eq!(
            places(&all, &exact),
            [
                "mirror mirror.site:5000/hub/a/b insecure",
                "mirror exact.site/a/b",
                "docker.io/a/b"
            ]
        );
    }

    #[test]
    fn the_longest_prefix_decides() {
        let all = registries(&[CONF]);
        let blocked = all.endpoints(&"docker.io/secret/x:1".parse().unwrap());
        assert!(matches!(blocked, Err(Error::Blocked { .. })), "{blocked:?}");
        assert_eq!(
            places(&all, "docker.io/secretive/x")[1],
            "docker.io/secretive/x"
        );
        assert_eq!(places(&all, "a.old.example/x/y"), ["new.example/moved/x/y"]);
        assert_eq!(
            places(&all, "plain.example:5000/x"),
            ["plain.example:5000/x insecure"]
        );
        assert_eq!(places(&all, "plain.example/x"), ["plain.example/x"]);
    }

    #[test]
    fn a_later_file_counts_more() {
        let later = "[[registry]]\nlocation = \"docker.io\"\nprefix = \"docker.io\"\n";
        assert_eq!(
            places(&registries(&[CONF, later]), "alpine"),
            ["docker.io/library/alpine"]
        );
    }

    #[test]
    fn short_names_are_taken_for_one_image_or_none() {
        let full = |texts: &[&str], name: &str| {
            let taken = registries(texts).full_name(&name.parse().unwrap());
            taken.map(|(name, note)| (name.to_string(), note.is_some()))
        };
        let taken = |name: &str| Some((name.to_owned(), true));
        assert_eq!(
            full(&[], "alpine").ok(),
            taken("docker.io/library/alpine:latest")
        );
        assert_eq!(full(&[CONF], "a/b:1").ok(), taken("docker.io/a/b:1"));
        let aliases = "unqualified-search-registries = [\"a.example\", \"b.example\"]\n[aliases]\nubi = \"r.example/ubi9/ubi\"\nbad = \"//\"\n";
        assert_eq!(
            full(&[CONF, aliases], "ubi:9").ok(),
            taken("r.example/ubi9/ubi:9")
        );
        let several = full(&[CONF, aliases], "other").unwrap_err();
        assert!(
            several.to_string().contains("a.example, b.example"),
            "{several}"
        );
        assert!(
            several
                .advice()
                .unwrap()
                .contains("docker://a.example/other:latest")
        );
        assert!(full(&[aliases], "bad").unwrap_err().is_configuration());
    }

    #[test]
    fn a_broken_file_is_named() {
        let mut all = Registries::default();
        for text in ["[[registry]]\n", "x", "[[registry]]\nlocation = 1\n"] {
            let error = all.add("/etc/x.conf", text).unwrap_err();
            assert!(error.to_string().starts_with("/etc/x.conf: "), "{error}");
        }
        all.add(
            "x",
            "[[registry]]\nprefix = \"a.example\"\nlocation = \"no host\"\n",
        )
        .unwrap();
        let error = all.endpoints(&"a.example/b".parse().unwrap()).unwrap_err();
        assert!(error.is_configuration(), "{error}");
    }

    #[test]
    fn the_files_of_the_user_and_the_system_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().to_str().unwrap();
        let put = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::io::Write::write_all(&mut std::fs::File::create(path).unwrap(), text.as_bytes())
                .unwrap();
        };
        put("etc/containers/registries.conf", CONF);
        put(
            "etc/containers/registries.conf.d/a.conf",
            "[aliases]\nx = \"r.example/x\"\n",
        );
        put(
            "home/.config/containers/registries.conf.d/b.conf",
            "[aliases]\nx = \"own.example/x\"\n",
        );
        put("home/.config/containers/registries.conf.d/c.txt", "no TOML");
        let home = format!("{root}/home");
        let load = |extra: Option<String>| {
            Registries::load(
                &|name| match name {
                    "HOME" => Some(home.clone()),
                    "CONTAINERS_REGISTRIES_CONF" => extra.clone(),
                    _ => None,
                },
                root,
            )
        };
        let all = load(None).unwrap();
        assert_eq!(places(&all, "x"), ["own.example/x"]);
        assert_eq!(places(&all, "alpine").len(), 2);
        put("other.conf", "");
        assert_eq!(
            places(&load(Some(format!("{root}/other.conf"))).unwrap(), "alpine").len(),
            1
        );
        assert!(
            load(Some(format!("{root}/gone.conf")))
                .unwrap_err()
                .is_configuration()
        );
    }
}
