//! Where the loader looks for a library: ld.so(8) of glibc, and `ldso/dynlink.c` of musl.

use std::cell::RefCell;
use std::collections::HashMap;

use hpcctl_host::preload;
use hpcctl_image::LinkedImage;

use crate::cache;
use crate::hwcaps::{self, Special};
use crate::libc::{self, Libc};
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
    /// Names of what is loaded before all that a program needs.
    pub(crate) preloaded: Vec<String>,
    /// Directories for special processors.
    special: Special,
    /// The names that begin those that a directory has.
    has_special: RefCell<HashMap<String, Vec<String>>>,
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
    /// How an image is searched for what a program or a library of it asks for, with the variables
    /// that the image sets.
    pub(crate) fn of_image(image: &'r LinkedImage, object: &Object) -> Self {
        let variable = |name: &str| image.env.get(name).map_or("", String::as_str);
        let libc = Libc::of(&object.linkage).unwrap_or(Libc::Glibc);
        let mut search = Self::new(image, libc, object, variable("LD_LIBRARY_PATH"));
        let file = Root::setting(image, preload::FILE).filter(|_| libc == Libc::Glibc);
        let file = file.map(|bytes| preload::uncommented(&String::from_utf8_lossy(&bytes)));
        let names = [variable("LD_PRELOAD"), file.as_deref().unwrap_or_default()];
        let names = names
            .iter()
            .flat_map(|list| list.split([':', ' ', '\t', '\n']));
        let names = names.filter(|name| !name.is_empty()).take(MOST);
        search.preloaded = names.map(str::to_owned).collect();
        search
    }

    pub(crate) fn new(root: &'r dyn Root, libc: Libc, like: &Object, library_path: &str) -> Self {
        let platform = like.linkage.machine_name();
        let triplet = match platform.as_str() {
            "ppc64le" => "powerpc64le-linux-gnu".to_owned(),
            other => format!("{other}-linux-gnu"),
        };
        // Debian's loader looks into both, whichever of them there is.
        let mut above = ["/usr/lib", "/lib"].into_iter();
        let has_triplet = above.any(|dir| root.has_directory(&format!("{dir}/{triplet}")));
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
        let special = match libc {
            Libc::Glibc => Special::of(&platform, release(root, &defaults)),
            Libc::Musl => Special::default(),
        };
        let library_path = library_path.split([':', ';']).filter(|dir| !dir.is_empty());
        Self {
            root,
            libc,
            library_path: library_path.take(MOST).map(str::to_owned).collect(),
            cache: cache
                .map(|bytes| cache::read(&bytes, &special))
                .unwrap_or_default(),
            defaults,
            lib,
            platform,
            preloaded: Vec::new(),
            special,
            has_special: RefCell::default(),
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
            let dirs = dirs.iter().map(|dir| dir.trim_end_matches('/'));
            dirs.flat_map(|dir| self.in_directory(dir, name)).collect()
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
                // It has no directories for special processors.
                let rest = after.split_off(self.library_path.len().min(after.len()));
                (Vec::new(), [after, before, rest].concat())
            }
        }
    }

    /// Where a library may be in a directory.
    fn in_directory(&self, dir: &str, name: &str) -> Vec<String> {
        let mut known = self.has_special.borrow_mut();
        let look = || {
            let names = self.special.beginnings().into_iter();
            let there = names.filter(|name| self.root.has_directory(&format!("{dir}/{name}")));
            there.map(str::to_owned).collect()
        };
        let there = known.entry(dir.to_owned()).or_insert_with(look);
        let is_there = |path: &&String| there.iter().any(|name| name == hwcaps::beginning(path));
        let special = self.special.here.iter().filter(is_there);
        let mut places: Vec<String> = special.map(|path| format!("{dir}/{path}/{name}")).collect();
        places.push(format!("{dir}/{name}"));
        places
    }

    /// The files that another processor would have loaded in the place of the one at a path.
    pub(crate) fn of_others(&self, path: &str) -> Vec<Object> {
        let places = self.special.alike(path, &|dir| self.looks_into(dir));
        let places = places.into_iter();
        places.filter_map(|path| self.root.find(&path)).collect()
    }

    /// Whether it looked into a directory for libraries, or ldconfig(8) did.
    fn looks_into(&self, dir: &str) -> bool {
        let mut cached = self.cache.values().flatten();
        self.has_special.borrow().contains_key(dir) || cached.any(|path| directory(path) == dir)
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

/// The release of glibc in a tree.
fn release(root: &dyn Root, dirs: &[String]) -> Option<(u32, u32, u32)> {
    let mut places = dirs.iter().map(|dir| format!("{dir}/libc.so.6"));
    let found = places.find_map(|path| root.find(&path))?;
    libc::release(&format!("GLIBC_{}", libc::newest(&found.linkage)?))
}

/// The directory of a path.
pub(crate) fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}
