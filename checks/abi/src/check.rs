//! What the loader compares once all is there: versions and symbols. It stops at the first thing
//! that it lacks; here all are told.

use std::collections::{BTreeMap, BTreeSet};

use crate::closure::{Closure, Loaded, Mark};
use crate::libc;
use crate::root::Side;

/// Something that a process lacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lack {
    /// A library is nowhere.
    Library {
        /// The name.
        name: String,
        /// Who asks for it.
        by: String,
        /// Where that one is.
        side: Side,
    },
    /// A library does not define versions.
    Version {
        /// The name of the library.
        file: String,
        /// Where that one is.
        of: Side,
        /// The versions, the newest last.
        versions: Vec<String>,
        /// What it has of the kind, at most.
        has: Option<String>,
        /// Who asks for them.
        by: String,
        /// Where that one is.
        side: Side,
    },
    /// Symbols are defined nowhere.
    Symbol {
        /// Their names.
        names: Vec<String>,
        /// The version that they are asked for with.
        version: Option<String>,
        /// The library that should have them, where the version tells.
        file: Option<String>,
        /// Whether each is looked for only as a library calls it.
        lazy: bool,
        /// Who asks for them.
        by: String,
        /// Where that one is.
        side: Side,
    },
    /// More data is copied from a library than a program has room for.
    Room {
        /// The symbol.
        name: String,
        /// Bytes of the room, and of the data.
        bytes: (u64, u64),
        /// Who has the room.
        by: String,
        /// The library that has the data.
        of: String,
        /// Where that one is.
        side: Side,
    },
    /// The symbols of a library are not known.
    Unread {
        /// The path.
        path: String,
    },
}

impl Lack {
    /// The library that lacks it, by its name.
    pub(crate) fn library(&self) -> Option<&str> {
        match self {
            Self::Library { name, .. } => Some(name),
            Self::Version { file, .. } => Some(file),
            Self::Symbol { file, .. } => file.as_deref(),
            Self::Room { .. } | Self::Unread { .. } => None,
        }
    }

    /// Whether a process starts without it.
    pub(crate) fn is_late(&self) -> bool {
        matches!(self, Self::Symbol { lazy: true, .. } | Self::Room { .. })
    }
}

/// Whether a process starts without these.
pub(crate) fn starts_without(lacks: &[Lack]) -> bool {
    lacks.iter().all(Lack::is_late)
}

/// All that a process lacks.
pub(crate) fn lacks(closure: &Closure, has_versions: bool) -> Vec<Lack> {
    lacks_since(closure, &Mark::default(), has_versions)
}

/// What the objects lack that were loaded since.
pub(crate) fn lacks_since(closure: &Closure, mark: &Mark, has_versions: bool) -> Vec<Lack> {
    let mut lacks: Vec<Lack> = closure
        .missing
        .iter()
        .skip(mark.missing)
        .map(|(name, parent)| {
            let by = &closure.objects[*parent];
            Lack::Library {
                name: name.clone(),
                by: name_of(by),
                side: by.object.side,
            }
        })
        .collect();
    for loaded in closure.objects.iter().skip(mark.objects) {
        if has_versions {
            versions(closure, loaded, &mut lacks);
        }
        symbols(closure, loaded, has_versions, &mut lacks);
        rooms(closure, loaded, &mut lacks);
    }
    lacks
}

/// What a program has too little room for: the loader copies as much as fits, and says so.
fn rooms(closure: &Closure, loaded: &Loaded, lacks: &mut Vec<Lack>) {
    let copies = loaded.object.linkage.symbols.iter();
    for (name, room) in copies.flat_map(|symbols| symbols.copies()) {
        let mut others = closure.objects.iter().skip(1).filter_map(|other| {
            let symbols = other.object.linkage.symbols.as_ref()?;
            Some((other, symbols.size_of(name)?))
        });
        if let Some((other, size)) = others.next().filter(|(_, size)| *size > room) {
            lacks.push(Lack::Room {
                name: name.to_owned(),
                bytes: (room, size),
                by: name_of(loaded),
                of: name_of(other),
                side: other.object.side,
            });
        }
    }
}

fn versions(closure: &Closure, loaded: &Loaded, lacks: &mut Vec<Lack>) {
    for need in &loaded.object.linkage.needs {
        // What is missing is told already; what has no versions at all is taken as it is.
        let Some(given) = closure.named(&need.file) else {
            continue;
        };
        let defines = &given.object.linkage.defines;
        if defines.is_empty() {
            continue;
        }
        let wanted = need.versions.iter().filter(|version| !version.weak);
        let mut versions: Vec<String> = wanted
            .filter(|version| !defines.contains(&version.name))
            .map(|version| version.name.clone())
            .collect();
        if versions.is_empty() {
            continue;
        }
        versions.sort_by_cached_key(|version| numbers(version));
        let stem = stem(&versions[0]);
        let alike = defines.iter().filter(|known| self::stem(known) == stem);
        let has = alike
            .filter(|known| !numbers(known).is_empty())
            .max_by_key(|known| numbers(known));
        lacks.push(Lack::Version {
            file: need.file.clone(),
            of: given.object.side,
            has: has.cloned(),
            versions,
            by: name_of(loaded),
            side: loaded.object.side,
        });
    }
}

fn symbols(closure: &Closure, loaded: &Loaded, has_versions: bool, lacks: &mut Vec<Lack>) {
    let Some(asked) = &loaded.object.linkage.symbols else {
        if !loaded.object.linkage.needed.is_empty() {
            let path = loaded.path.clone();
            lacks.push(Lack::Unread { path });
        }
        return;
    };
    let given: Vec<_> = closure
        .objects
        .iter()
        .filter_map(|one| one.object.linkage.symbols.as_ref())
        .collect();
    let mut missing: BTreeMap<(Option<&str>, bool), BTreeSet<&str>> = BTreeMap::new();
    for import in asked.imports().filter(|import| !import.weak) {
        let version = import.version.filter(|_| has_versions);
        if !given
            .iter()
            .any(|symbols| symbols.gives(import.name, version))
        {
            missing
                .entry((version, import.lazy))
                .or_default()
                .insert(import.name);
        }
    }
    let needs = &loaded.object.linkage.needs;
    for ((version, lazy), names) in missing {
        let of = |version: &str| {
            let mut needs = needs.iter();
            needs.find(|need| need.versions.iter().any(|known| known.name == version))
        };
        let file = version.and_then(of).map(|need| need.file.clone());
        // Where a whole version is missing, or the library, that is told already.
        let is_told = |lack: &Lack| match lack {
            Lack::Version {
                file: known,
                versions,
                ..
            } => Some(known) == file.as_ref() && versions.iter().any(|one| Some(&**one) == version),
            Lack::Library { name, .. } => Some(name) == file.as_ref(),
            _ => false,
        };
        if lacks.iter().any(is_told) {
            continue;
        }
        lacks.push(Lack::Symbol {
            names: names.into_iter().map(str::to_owned).collect(),
            version: version.map(str::to_owned),
            file,
            lazy,
            by: name_of(loaded),
            side: loaded.object.side,
        });
    }
}

/// What an object is called: by its name, or a program by its path.
pub(crate) fn name_of(loaded: &Loaded) -> String {
    match &loaded.object.linkage.soname {
        Some(soname) => soname.clone(),
        None => loaded.path.clone(),
    }
}

/// What a version is of: `GLIBC` of `GLIBC_2.34`.
fn stem(version: &str) -> &str {
    version.rsplit_once('_').map_or(version, |(stem, _)| stem)
}

/// The numbers at the end of a version.
fn numbers(version: &str) -> Vec<u32> {
    if let Some((major, minor, patch)) = libc::release(version) {
        return vec![major, minor, patch];
    }
    let end = version.rsplit('_').next().unwrap_or(version);
    end.split('.').map_while(|part| part.parse().ok()).collect()
}
