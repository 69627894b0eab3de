//! Where the loader looks for a library: ld.so(8) of glibc, and `ldso/dynlink.c` of musl.

use std::collections::HashMap;

use crate::cache;
use crate::libc::Libc;
use crate::root::{Object, Root};

/// Directories that every loader looks into, after those of the distribution's own.
const DEFAULTS: &[&str] = &["/lib64", "/usr/lib64", "/lib", "/usr/lib"];

/// Those of musl, where no file names others.
const MUSL: &str = "/lib:/usr/local/lib:/usr/lib";

/// The most directories of one list.
const MOST: usize = 256;

/// How one tree is searched.
pub(crate) struct Search<'r> {
    pub(crate) root: &'r dyn Root,
    pub(crate) libc: Libc,
    /// `LD_LIBRARY_PATH`.
    library_path: Vec<String>,
    cache: HashMap<String, Vec<String>>,
    defaults: Vec<String>,
    lib: String,
    platform: String,
}

/// Whoever asks for a library.
pub(crate) struct Asking<'a> {
    pub(crate) object: &'a Object,
    /// The directory that its path names, for `$ORIGIN`.
    pub(crate) origin: &'a str,
    /// Those through which it was loaded, the nearest first, with their directories.
    pub(crate) chain: &'a [(&'a Object, &'a str)],
}

impl<'r> Search<'r> {
    pub(crate) fn new(root: &'r dyn Root, libc: Libc, like: &Object, library_path: &str) -> Self {
        let platform = like.linkage.machine_name();
        let triplet = match platform.as_str() {
            "ppc64le" => "powerpc64le-linux-gnu".to_owned(),
            other => format!("{other}-linux-gnu"),
        };
        let has_triplet = root.has_directory(&format!("/usr/lib/{triplet}"));
        let cache = root
            .setting("/etc/ld.so.cache")
            .filter(|_| libc == Libc::Glibc);
        let mut defaults = Vec::new();
        let lib = match (libc, has_triplet) {
            (Libc::Musl, _) => {
                let path = root.setting(&format!("/etc/ld-musl-{platform}.path"));
                let path = path.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                let path = path.unwrap_or_else(|| MUSL.to_owned());
                defaults = path.split([':', '\n']).map(str::to_owned).collect();
                "lib".to_owned()
            }
            (Libc::Glibc, true) => {
                defaults = vec![format!("/lib/{triplet}"), format!("/usr/lib/{triplet}")];
                format!("lib/{triplet}")
            }
            (Libc::Glibc, false) => "lib64".to_owned(),
        };
        if libc == Libc::Glibc {
            defaults.extend(DEFAULTS.iter().map(ToString::to_string));
        }
        let library_path = library_path.split([':', ';']).filter(|dir| !dir.is_empty());
        Self {
            root,
            libc,
            library_path: library_path.take(MOST).map(str::to_owned).collect(),
            cache: cache.map(|bytes| cache::read(&bytes)).unwrap_or_default(),
            defaults,
            lib,
            platform,
        }
    }

    /// The directories that come before `LD_LIBRARY_PATH`.
    fn before(&self, asking: &Asking<'_>) -> Vec<String> {
        let mut dirs = Vec::new();
        if asking.object.linkage.runpath.is_some() && self.libc == Libc::Glibc {
            return dirs;
        }
        let own = (asking.object, asking.origin);
        for (object, origin) in std::iter::once(&own).chain(asking.chain) {
            let linkage = &object.linkage;
            let path = match self.libc {
                Libc::Glibc if linkage.runpath.is_some() => None,
                Libc::Glibc => linkage.rpath.as_ref(),
                Libc::Musl => linkage.runpath.as_ref().or(linkage.rpath.as_ref()),
            };
            dirs.extend(
                path.map(|path| self.expand(path, origin))
                    .unwrap_or_default(),
            );
        }
        dirs
    }

    /// The paths at which a library may be, in order, those of `LD_LIBRARY_PATH` apart.
    pub(crate) fn places(&self, name: &str, asking: &Asking<'_>) -> (Vec<String>, Vec<String>) {
        let at = |dirs: &[String]| -> Vec<String> {
            dirs.iter()
                .map(|dir| format!("{}/{name}", dir.trim_end_matches('/')))
                .collect()
        };
        if name.contains('/') {
            let expanded = self.expand(name, asking.origin);
            return (expanded, Vec::new());
        }
        let mut after = at(&self.library_path);
        if self.libc == Libc::Glibc
            && let Some(path) = &asking.object.linkage.runpath
        {
            after.extend(at(&self.expand(path, asking.origin)));
        }
        after.extend(self.cache.get(name).cloned().unwrap_or_default());
        after.extend(at(&self.defaults));
        let before = at(&self.before(asking));
        // musl looks at its variable first.
        match self.libc {
            Libc::Glibc => (before, after),
            Libc::Musl => {
                let rest = after.split_off(self.library_path.len().min(after.len()));
                (Vec::new(), [after, before, rest].concat())
            }
        }
    }

    /// The directories of a list, its tokens replaced.
    fn expand(&self, list: &str, origin: &str) -> Vec<String> {
        let dirs = list.split(':').filter(|dir| !dir.is_empty()).take(MOST);
        let dirs = dirs.map(|dir| {
            let mut dir = dir.to_owned();
            for (token, value) in [
                ("ORIGIN", origin),
                ("LIB", &self.lib),
                ("PLATFORM", &self.platform),
            ] {
                dir = dir
                    .replace(&format!("${{{token}}}"), value)
                    .replace(&format!("${token}"), value);
            }
            dir
        });
        dirs.collect()
    }
}

/// The directory of a path.
pub(crate) fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}
