//! Where the images of Podman, Buildah, CRI-O and Skopeo are: containers-storage.conf(5).

use std::env;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::blob::Blob;

/// The most bytes of a configuration.
const MOST: u64 = 1024 * 1024;

/// The storage of this user.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// Its directory.
    pub(crate) root: PathBuf,
    /// The driver, where one is set.
    pub(crate) driver: Option<String>,
    /// Further storages, which are read only.
    pub(crate) additional: Vec<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
struct File {
    #[serde(default)]
    storage: Storage,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Storage {
    driver: Option<String>,
    graphroot: Option<String>,
    rootless_storage_path: Option<String>,
    options: StorageOptions,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StorageOptions {
    additionalimagestores: Vec<String>,
}

/// What the environment says.
struct Env<'a> {
    is_root: bool,
    var: &'a dyn Fn(&str) -> Option<String>,
}

/// The storage of this user, by the configuration and the environment.
pub(crate) fn of_this_user() -> Places {
    let is_root = rustix::process::geteuid().is_root();
    let var = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let env = Env { is_root, var: &var };
    let mut files = vec![PathBuf::from("/usr/share/containers/storage.conf")];
    files.push("/etc/containers/storage.conf".into());
    if !is_root {
        let config = var("XDG_CONFIG_HOME").map(PathBuf::from);
        let config = config.unwrap_or_else(|| env.home().join(".config"));
        files.push(config.join("containers/storage.conf"));
    }
    if let Some(file) = var("CONTAINERS_STORAGE_CONF") {
        files = vec![file.into()];
    }
    let found = files.iter().rev().find_map(|path| {
        let is_own = path.starts_with(env.home());
        read(path).map(|file| (file, is_own || is_root))
    });
    let (file, is_for_us) = found.unwrap_or_default();
    env.places(file.storage, is_for_us)
}

fn read(path: &Path) -> Option<File> {
    let bytes = Blob::open(path).ok()?.bytes(MOST).ok()?;
    toml::from_str(std::str::from_utf8(&bytes).ok()?).ok()
}

impl Env<'_> {
    fn home(&self) -> PathBuf {
        (self.var)("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from)
    }

    /// The places of a configuration; the `graphroot` of one for the whole system is root's.
    fn places(&self, storage: Storage, is_for_us: bool) -> Places {
        let data = (self.var)("XDG_DATA_HOME").map(PathBuf::from);
        let default = match self.is_root {
            true => PathBuf::from("/var/lib/containers/storage"),
            false => data
                .unwrap_or_else(|| self.home().join(".local/share"))
                .join("containers/storage"),
        };
        let set = match (is_for_us, self.is_root) {
            (true, _) => storage.graphroot,
            (false, _) => storage.rootless_storage_path,
        };
        let set = set.filter(|path| !path.is_empty());
        Places {
            root: set.map_or(default, |path| self.expanded(&path)),
            driver: storage.driver.filter(|driver| !driver.is_empty()),
            additional: storage
                .options
                .additionalimagestores
                .iter()
                .map(|path| self.expanded(path))
                .collect(),
        }
    }

    /// A path with `$HOME`, `$USER` and `$UID` in it.
    fn expanded(&self, path: &str) -> PathBuf {
        let mut path = path.to_owned();
        for name in ["HOME", "USER", "UID"] {
            let value = match name {
                "UID" => Some(rustix::process::geteuid().as_raw().to_string()),
                _ => (self.var)(name),
            };
            if let Some(value) = value {
                path = path.replace(&format!("${name}"), &value);
            }
        }
        path.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(is_root: bool, is_for_us: bool, text: &str) -> Places {
        let var = |name: &str| match name {
            "HOME" => Some("/home/u".to_owned()),
            "USER" => Some("u".to_owned()),
            _ => None,
        };
        let file: File = toml::from_str(text).unwrap();
        let env = Env { is_root, var: &var };
        env.places(file.storage, is_for_us)
    }

    #[test]
    fn the_storage_of_a_user_is_at_home() {
        let text = "[storage]\ndriver = \"overlay\"\ngraphroot = \"/scratch/$USER\"\n\
            [storage.options]\nadditionalimagestores = [\"/shared\"]\n";
        let own = places(false, true, text);
        assert_eq!(own.root, Path::new("/scratch/u"));
        assert_eq!(own.additional, [PathBuf::from("/shared")]);
        let of_system = places(false, false, text);
        let home = Path::new("/home/u/.local/share/containers/storage");
        assert_eq!(of_system.root, home);
        let text = "[storage]\nrootless_storage_path = \"/local/$USER/store\"\n";
        assert_eq!(places(false, false, text).root, Path::new("/local/u/store"));
        assert_eq!(
            places(true, true, "").root,
            Path::new("/var/lib/containers/storage")
        );
    }
}
