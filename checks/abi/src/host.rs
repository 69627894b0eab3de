//! The libraries of the host: those that are named, or those that its environment and its usual
//! places have.

use std::collections::BTreeSet;
use std::path::PathBuf;

use hpcctl_host::kit::is_of_c_library;
use hpcctl_host::{Host, libraries};

use crate::Error;
use crate::check::Lack;
use crate::closure::{Closure, Injected};
use crate::families::{FAMILIES, Family, Kind};
use crate::libc::Libc;
use crate::parts::{self, Trees};
use crate::plan::HostChoice;
use crate::root::{HostRoot, Object, Root};
use crate::search::{Search, directory};

/// Directories that only matter where libraries are to be bound.
const MORE: &[&str] = &[
    "/usr/lib/powerpc64le-linux-gnu",
    "/opt/cray/pe/lib64/cce",
    "/opt/cray/libfabric/default/lib64",
];

/// The libraries that are named, or all that are found.
pub(crate) fn choices<'h>(
    root: &'h HostRoot,
    host: &dyn Host,
    named: &[PathBuf],
) -> Result<Vec<HostChoice<'h>>, Error> {
    let env = |name: &str| host.env(name).filter(|_| root.is_live());
    let library_path = env("LD_LIBRARY_PATH").unwrap_or_default();
    let mut found: Vec<(Object, &'static Family)> = Vec::new();
    let mut add = |object: Object| {
        let family = Family::of(&object.linkage)?;
        if !found.iter().any(|(known, _)| known.real == object.real) {
            found.push((object, family));
        }
        Some(())
    };
    for path in named {
        let inside = root.inside(path);
        if root.has_directory(&inside) {
            let all = in_directory(root, &inside);
            let count = all.into_iter().filter_map(&mut add).count();
            if count == 0 {
                return Err(Error::NoLibrary(path.clone()));
            }
        } else {
            let object = root
                .find(&inside)
                .ok_or_else(|| Error::Unreadable(path.clone()))?;
            let soname = object.linkage.soname.clone().unwrap_or_default();
            let found = add(object.clone()).or_else(|| {
                let with_it = with(root, &object);
                with_it.into_iter().find_map(&mut add)
            });
            found.ok_or_else(|| Error::NotReplaceable(path.clone(), soname))?;
        }
    }
    if named.is_empty() {
        for dir in libraries::directories(env, MORE) {
            in_directory(root, &dir).into_iter().for_each(|object| {
                add(object);
            });
        }
    }
    let choose = |(object, family)| choice(root, object, family, &library_path);
    let mut choices: Vec<HostChoice<'h>> = found.into_iter().map(choose).collect();
    if !named.is_empty() {
        let brought = brought(&choices);
        choices.extend(brought.into_iter().map(choose));
    }
    Ok(choices)
}

/// What moves the messages of the libraries that are named: it is bound with them, and stands for
/// what programs need of it themselves.
fn brought(choices: &[HostChoice<'_>]) -> Vec<(Object, &'static Family)> {
    let mut brought: Vec<(Object, &'static Family)> = Vec::new();
    let loaded = choices.iter().flat_map(|choice| &choice.closure.objects);
    for object in loaded.map(|loaded| &loaded.object) {
        let family = Family::of(&object.linkage).filter(|family| family.kind == Kind::Fabric);
        let is_named = |of: &Family| choices.iter().any(|choice| choice.family == of);
        let Some(family) = family.filter(|family| !is_named(family)) else {
            continue;
        };
        if !brought.iter().any(|(known, _)| known.real == object.real) {
            brought.push((object.clone(), family));
        }
    }
    brought
}

/// The libraries beside one that comes with them, such as that of MPI beside the one for Fortran.
fn with(root: &HostRoot, companion: &Object) -> Vec<Object> {
    let soname = companion.linkage.soname.as_deref();
    let family = soname.and_then(Family::around);
    let names = family
        .zip(soname)
        .map(|(family, soname)| family.beside(soname));
    let dir = directory(&companion.real);
    let paths = names.into_iter().flatten();
    let paths = paths.map(|name| format!("{dir}/{name}"));
    paths.filter_map(|path| root.find(&path)).collect()
}

fn choice<'h>(
    root: &'h HostRoot,
    object: Object,
    family: &'static Family,
    library_path: &str,
) -> HostChoice<'h> {
    let libc = Libc::of(&object.linkage).unwrap_or(Libc::Glibc);
    // What comes with a library lies beside it.
    let library_path = format!("{}:{library_path}", directory(&object.real));
    let search = Search::new(root, libc, &object, &library_path);
    let mut closure = Closure::of(&object, &search, &Injected::default());
    let trees = Trees {
        search: &search,
        host: root,
        known: &BTreeSet::new(),
    };
    let loaded = parts::load(&mut closure, &trees, &Injected::default());
    let lacks = loaded.lame.iter().flat_map(|lame| &lame.lacks);
    let lost = lacks.filter_map(|lack| match lack {
        Lack::Library { name, .. } if is_of_c_library(name) => Some(name.clone()),
        _ => None,
    });
    HostChoice {
        root,
        object,
        family,
        closure,
        lost: lost.collect(),
        lame: loaded.paths,
    }
}

/// The libraries of a directory; of a file and its copy under another name, the one that is called as
/// programs ask for it.
fn in_directory(root: &HostRoot, dir: &str) -> Vec<Object> {
    let at = |name: &str| root.find(&format!("{dir}/{name}"));
    let names = FAMILIES.iter().flat_map(|family| family.sonames);
    let mut listed = root.list(dir);
    listed.retain(|name| Family::named(name).is_some_and(Family::is_open));
    let names = names.copied().chain(listed.iter().map(String::as_str));
    let named = names.filter_map(|name| {
        let object = at(name)?;
        let soname = object.linkage.soname.as_deref();
        let is_copy = soname.is_some_and(|soname| soname != name && at(soname).is_some());
        (!is_copy).then_some(object)
    });
    named.collect()
}
