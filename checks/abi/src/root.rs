//! A tree of files as the loader sees it: that of an image, or that of the host.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use hpcctl_image::{Linkage, LinkedImage};

/// Links that one path may lead through, as in path_resolution(7).
const LINKS: usize = 40;

/// Where a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// In the image.
    Image,
    /// On the host.
    Host,
}

/// A file that can be loaded.
#[derive(Debug, Clone)]
pub struct Object {
    /// Where it is.
    pub side: Side,
    /// Its path there, without links.
    pub real: String,
    /// What it says.
    pub linkage: Arc<Linkage>,
}

/// A tree of files.
pub trait Root {
    /// The ELF file at a path, following links.
    fn find(&self, path: &str) -> Option<Object>;

    /// A setting of the loader.
    fn setting(&self, path: &str) -> Option<Vec<u8>>;

    /// Whether there is a directory.
    fn has_directory(&self, path: &str) -> bool;

    /// The names in a directory, sorted.
    fn list(&self, path: &str) -> Vec<String>;
}

impl Root for LinkedImage {
    fn find(&self, path: &str) -> Option<Object> {
        let file = Self::find(self, path)?;
        Some(Object {
            side: Side::Image,
            real: self.path(file),
            linkage: Arc::clone(self.linkage(file)?),
        })
    }

    fn setting(&self, path: &str) -> Option<Vec<u8>> {
        Self::setting(self, path).map(<[u8]>::to_vec)
    }

    fn has_directory(&self, path: &str) -> bool {
        !Self::list(self, path).is_empty()
    }

    fn list(&self, path: &str) -> Vec<String> {
        let mut names = Self::list(self, path);
        names.sort();
        names
    }
}

/// The tree of the host, or one that stands for it.
pub struct HostRoot {
    prefix: PathBuf,
    known: RefCell<HashMap<PathBuf, Option<Arc<Linkage>>>>,
}

impl HostRoot {
    /// The tree below a directory, `/` for that of this machine.
    pub fn new(prefix: &Path) -> Self {
        Self {
            prefix: prefix.to_owned(),
            known: RefCell::default(),
        }
    }

    /// Whether it is the tree of this machine.
    pub fn is_live(&self) -> bool {
        self.prefix == Path::new("/")
    }

    /// A path of this machine as it is below the root.
    pub fn inside(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.prefix).unwrap_or(path);
        format!("/{}", below.display().to_string().trim_start_matches('/'))
    }

    /// A path below the root as it is on this machine.
    pub fn outside(&self, path: &str) -> PathBuf {
        self.prefix.join(path.trim_start_matches('/'))
    }

    /// The bytes of a file that has no more than `most`.
    pub(crate) fn bytes(&self, path: &str, most: u64) -> Option<Vec<u8>> {
        let place = self.outside(&self.resolve(path)?);
        hpcctl_host::file::bytes_at_most(&place.display().to_string(), most).ok()
    }

    /// Where a path leads, also where its end is not there: that which is, without links.
    pub(crate) fn place(&self, path: &str) -> String {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        match self.resolve(path) {
            Some(real) => real,
            None if above.is_empty() => path.to_owned(),
            None => format!("{}/{name}", self.place(above).trim_end_matches('/')),
        }
    }

    /// Whether a file or a directory is there.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.resolve(path).is_some()
    }

    /// A path without links; none where it is not there, or leads nowhere.
    fn resolve(&self, path: &str) -> Option<String> {
        if self.is_live() {
            let real = Path::new(path).canonicalize().ok()?;
            return Some(real.display().to_string());
        }
        let mut at = PathBuf::new();
        let mut ahead: Vec<String> = parts(path);
        ahead.reverse();
        let mut links = 0;
        while let Some(name) = ahead.pop() {
            if name == ".." {
                at.pop();
                continue;
            }
            let next = at.join(&name);
            match self.prefix.join(&next).read_link() {
                Ok(target) => {
                    links += 1;
                    if links > LINKS {
                        return None;
                    }
                    if target.is_absolute() {
                        at = PathBuf::new();
                    }
                    let mut more = parts(&target.display().to_string());
                    more.reverse();
                    ahead.extend(more);
                }
                Err(_) => at = next,
            }
        }
        self.prefix
            .join(&at)
            .exists()
            .then(|| format!("/{}", at.display()))
    }
}

/// The names in a path.
fn parts(path: &str) -> Vec<String> {
    let parts = Path::new(path).components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        Component::ParentDir => Some("..".to_owned()),
        _ => None,
    });
    parts.collect()
}

impl Root for HostRoot {
    fn find(&self, path: &str) -> Option<Object> {
        let real = self.resolve(path)?;
        let place = self.outside(&real);
        let mut known = self.known.borrow_mut();
        let read = || Linkage::open(&place).ok().flatten().map(Arc::new);
        let linkage = known.entry(place.clone()).or_insert_with(read).clone()?;
        Some(Object {
            side: Side::Host,
            real,
            linkage,
        })
    }

    fn setting(&self, path: &str) -> Option<Vec<u8>> {
        self.bytes(path, MOST_SETTING)
    }

    fn has_directory(&self, path: &str) -> bool {
        self.resolve(path)
            .is_some_and(|real| self.outside(&real).is_dir())
    }

    fn list(&self, path: &str) -> Vec<String> {
        let place = self.resolve(path).map(|real| self.outside(&real));
        let entries = place.and_then(|place| place.read_dir().ok());
        let entries = entries.into_iter().flatten().take(MOST_NAMES).flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// The most names of a directory.
const MOST_NAMES: usize = 1 << 16;

/// The most bytes of a setting.
const MOST_SETTING: u64 = 4 << 20;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_stay_below_the_root() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("usr/lib")).unwrap();
        symlink("usr/lib", dir.path().join("lib")).unwrap();
        std::fs::File::create(dir.path().join("usr/lib/a")).unwrap();
        symlink("/lib/../../usr/lib/a", dir.path().join("b")).unwrap();
        symlink("c", dir.path().join("c")).unwrap();
        let root = HostRoot::new(dir.path());
        assert_eq!(root.resolve("/b").as_deref(), Some("/usr/lib/a"));
        assert_eq!(root.resolve("/lib/a").as_deref(), Some("/usr/lib/a"));
        assert_eq!(root.resolve("/etc/passwd"), None);
        assert_eq!(root.place("/lib/new/file"), "/usr/lib/new/file");
        assert_eq!(root.resolve("/c"), None);
        assert!(root.find("/lib/a").is_none());
        assert_eq!(root.inside(&dir.path().join("usr/lib/a")), "/usr/lib/a");
    }
}
