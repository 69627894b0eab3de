//! Which programs of an image use MPI, a fabric or a GPU: those whose closure asks for one of
//! their libraries, and libraries that others load as they run, such as a module of Python.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use hpcctl_image::{Linkage, LinkedImage, PARTS};

use crate::closure::{Closure, Injected};
use crate::driver;
use crate::families::{Family, Kind};
use crate::root::{Object, Side};
use crate::search::Search;

/// The most programs that are judged.
const MOST: usize = 1000;

/// Directories of parts that a library of MPI or of a fabric loads itself.
const PLUGINS: &[&str] = &[
    "/openmpi/",
    "/pmix",
    "/ucx/",
    "/libfabric/",
    "/libibverbs/",
    "/prrte",
];

/// Whether a file is a part that something loads as it runs.
pub(crate) fn is_plugin(path: &str) -> bool {
    PLUGINS.iter().any(|part| path.contains(part))
}

/// A program.
pub(crate) struct Using {
    pub(crate) object: Object,
    /// The names that it, or a library that is no part of MPI itself, asks for.
    pub(crate) needs: Vec<String>,
    pub(crate) static_mpi: bool,
    /// Names that it may open as it runs, of which it is not known what it looks for in them.
    pub(crate) opens: Vec<String>,
    /// Those of the names that it needs which its loader finds in the image.
    pub(crate) own: Vec<String>,
}

impl Using {
    /// Whether programs load it as they run.
    pub(crate) fn is_module(&self) -> bool {
        !is_program(&self.object.linkage)
    }
}

/// All programs that matter, and whether there are more.
pub(crate) fn using(image: &LinkedImage) -> (Vec<Using>, bool) {
    let files: Vec<(String, Arc<Linkage>)> = image
        .files()
        .map(|(file, linkage)| (image.path(file), Arc::clone(linkage)))
        .collect();
    let leading = leading(&files);
    let is_leading = |linkage: &Linkage| {
        linkage
            .needed
            .iter()
            .any(|name| leading.contains(name.as_str()))
    };
    let (programs, others): (Vec<_>, Vec<_>) =
        files.iter().partition(|(_, linkage)| is_program(linkage));
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    for (path, linkage) in programs {
        if found.len() >= MOST {
            break;
        }
        let using = match is_leading(linkage) {
            true => follow(image, path, linkage, &mut seen),
            false => None,
        };
        let static_mpi = PARTS.iter().all(|part| linkage.parts.contains(part));
        let alone = || Using {
            object: object(path, linkage),
            needs: Vec::new(),
            static_mpi,
            opens: Vec::new(),
            own: Vec::new(),
        };
        let opens = opens(linkage);
        let using = using.or_else(|| (static_mpi || !opens.is_empty()).then(alone));
        found.extend(using.map(|using| {
            Using {
                static_mpi,
                opens: opens
                    .into_iter()
                    .filter(|name| !using.needs.contains(name))
                    .collect(),
                ..using
            }
        }));
    }
    for (path, linkage) in others {
        let is_plugin = is_plugin(path);
        let is_own = linkage
            .soname
            .as_deref()
            .is_some_and(|soname| Family::around(soname).is_some());
        let is_direct = linkage
            .needed
            .iter()
            .any(|name| Family::named(name).is_some());
        if is_direct && !is_own && !is_plugin && !seen.contains(path) && found.len() < MOST {
            found.extend(follow(image, path, linkage, &mut seen));
        }
    }
    let is_cut = found.len() >= MOST;
    (found, is_cut)
}

/// Follows what a program loads; none where nothing of it can be replaced.
fn follow(
    image: &LinkedImage,
    path: &str,
    linkage: &Arc<Linkage>,
    seen: &mut HashSet<String>,
) -> Option<Using> {
    let object = object(path, linkage);
    let search = Search::of_image(image, &object);
    let closure = Closure::of(&object, &search, &Injected::default());
    let mut needs = BTreeSet::new();
    for loaded in &closure.objects {
        seen.insert(loaded.object.real.clone());
        let linkage = &loaded.object.linkage;
        let soname = linkage.soname.as_deref();
        if soname.is_none_or(|soname| Family::around(soname).is_none()) {
            let asked = linkage
                .needed
                .iter()
                .filter(|name| Family::named(name).is_some());
            needs.extend(asked.cloned());
        }
        if soname.is_some_and(driver::is_opened_by) {
            needs.insert(driver::DRIVER.to_owned());
        }
    }
    // A part of a family that is asked for stands for the family.
    if needs
        .iter()
        .all(|name| Family::named(name).is_none_or(|family| family.kind != Kind::Mpi))
    {
        let names = closure.by_name.keys();
        let mpi =
            names.filter(|name| Family::named(name).is_some_and(|family| family.kind == Kind::Mpi));
        needs.extend(mpi.cloned());
    }
    let own = needs.iter().filter(|name| closure.finds(name, &search));
    let own = own.cloned().collect();
    (!needs.is_empty()).then(|| Using {
        object,
        needs: needs.into_iter().collect(),
        static_mpi: false,
        opens: Vec::new(),
        own,
    })
}

/// Libraries of a family of which a program has the name, and opens some as it runs.
fn opens(linkage: &Linkage) -> Vec<String> {
    let names = linkage.opens.iter();
    names
        .filter(|name| Family::named(name).is_some())
        .cloned()
        .collect()
}

fn object(path: &str, linkage: &Arc<Linkage>) -> Object {
    Object {
        side: Side::Image,
        real: path.to_owned(),
        linkage: Arc::clone(linkage),
    }
}

fn is_program(linkage: &Linkage) -> bool {
    linkage.soname.is_none() && (linkage.interpreter.is_some() || linkage.is_static())
}

/// The names of libraries through which one that can be replaced is reached.
fn leading(files: &[(String, Arc<Linkage>)]) -> HashSet<&str> {
    let mut leading: HashSet<&str> = HashSet::new();
    for family in crate::families::FAMILIES {
        leading.extend(family.sonames);
        leading.extend(family.companions.iter().copied().flatten());
    }
    let sonames = files
        .iter()
        .filter_map(|(_, linkage)| linkage.soname.as_deref());
    leading.extend(sonames.filter(|soname| driver::is_opened_by(soname)));
    loop {
        let before = leading.len();
        for (path, linkage) in files {
            if linkage
                .needed
                .iter()
                .any(|name| leading.contains(name.as_str()))
            {
                leading.extend(linkage.soname.as_deref());
                leading.extend(path.rsplit('/').next());
            }
        }
        if leading.len() == before {
            return leading;
        }
    }
}
