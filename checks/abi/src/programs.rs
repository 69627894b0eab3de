//! Which programs of an image use MPI, a fabric or a GPU: those whose closure asks for one of
//! their libraries, and libraries that others load as they run, such as a module of Python.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use hpcctl_image::{Linkage, LinkedImage, PARTS};
use hpcctl_model::Unknown;

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
        let mut opens = opens(linkage);
        let using = using.or_else(|| (static_mpi || !opens.is_empty()).then(alone));
        found.extend(using.map(|using| {
            opens.extend(using.opens);
            opens.sort_unstable();
            opens.dedup();
            opens.retain(|name| !using.needs.contains(name));
            Using {
                static_mpi,
                opens,
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
    let (mut needs, mut opening) = (BTreeSet::new(), BTreeSet::new());
    for (at, loaded) in closure.objects.iter().enumerate() {
        seen.insert(loaded.object.real.clone());
        let linkage = &loaded.object.linkage;
        let soname = linkage.soname.as_deref();
        if at > 0 && !is_part(&closure, at) {
            opening.extend(opens_for_a_program(linkage));
        }
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
    // It may be where only a variable leads that somebody sets.
    let mut missing = closure.missing.iter().map(|(name, _)| name);
    if missing.any(|name| driver::is_opened_by(name)) {
        needs.insert(driver::DRIVER.to_owned());
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
    opening.retain(|name| !needs.contains(name));
    (!needs.is_empty() || !opening.is_empty()).then(|| Using {
        object,
        needs: needs.into_iter().collect(),
        static_mpi: false,
        opens: opening.into_iter().collect(),
        own,
    })
}

/// Whether a library is one of MPI, of a fabric or of a GPU, or came with one: what that opens is its
/// own affair.
fn is_part(closure: &Closure, mut at: usize) -> bool {
    while at != 0 {
        let loaded = &closure.objects[at];
        let soname = loaded.object.linkage.soname.as_deref();
        if soname.is_some_and(|soname| Family::around(soname).is_some()) {
            return true;
        }
        at = loaded.parent;
    }
    false
}

/// Programs that have texts of an MPI in them, no symbols that tell, and no library that is one.
pub(crate) fn doubtful(image: &LinkedImage, programs: &[Using]) -> Vec<Unknown> {
    let files = image
        .files()
        .filter(|(_, linkage)| !linkage.marks.is_empty());
    let unknowns = files.filter_map(|(file, linkage)| {
        let path = image.path(file);
        let mut known = programs.iter().filter(|using| using.object.real == path);
        let is_mpi = |name: &String| Family::named(name).is_some_and(|it| it.kind == Kind::Mpi);
        if known.any(|using| using.needs.iter().any(is_mpi)) {
            return None;
        }
        Some(Unknown::new(path, has_texts(linkage)))
    });
    unknowns.collect()
}

/// What is told of such a program.
pub(crate) fn has_texts(linkage: &Linkage) -> String {
    format!(
        "it has texts of {}, and no table of symbols: whether it has that MPI in it, so that nothing can be bound, is not known",
        linkage.marks.join(" and ")
    )
}

/// Libraries of a family of which the name stands in what opens some as it runs.
fn opens(linkage: &Linkage) -> Vec<String> {
    let names = linkage.opens.iter();
    names
        .filter(|name| Family::named(name).is_some())
        .cloned()
        .collect()
}

/// Those of them that matter to a program whose library opens them: an MPI, and what computes on a GPU.
/// Libraries that tell of the machine, such as hwloc, open what tells of fabrics and GPUs where there are.
fn opens_for_a_program(linkage: &Linkage) -> Vec<String> {
    let mut names = opens(linkage);
    names.retain(|name| {
        let family = Family::named(name);
        family.is_some_and(|family| match family.kind {
            Kind::Mpi => true,
            Kind::Fabric => false,
            Kind::Gpu => family.name != "NVML",
        })
    });
    names
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
    let needed = files.iter().flat_map(|(_, linkage)| &linkage.needed);
    let needed = needed.map(String::as_str);
    let is_one = |name: &&str| Family::around(name).is_some() || driver::is_opened_by(name);
    let mut leading: HashSet<&str> = needed.filter(is_one).collect();
    for (path, linkage) in files {
        if !opens_for_a_program(linkage).is_empty() {
            leading.extend(linkage.soname.as_deref());
            leading.extend(path.rsplit('/').next());
        }
    }
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
