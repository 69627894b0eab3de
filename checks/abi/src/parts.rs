//! Parts that libraries load themselves as they run: components of Open MPI and PMIx, modules of
//! UCX, providers of libfabric and of rdma-core. No `DT_NEEDED` names them; they lie in directories
//! that the library knows from when it was built, UCX in one beside itself. Intel's MPI opens
//! libfabric by its name, and the driver of a GPU its compilers.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::{Lack, lacks_since};
use crate::closure::{Closure, Injected, Loaded, Mark};
use crate::families::Family;
use crate::gpu;
use crate::intel;
use crate::libc::Libc;
use crate::root::{Object, Root, Side};
use crate::search::{Search, directory};

/// The most parts of one process.
const MOST: usize = 2048;

/// A directory of parts, or of what is read for them.
pub(crate) struct Directory {
    /// Where it is in its own tree.
    pub(crate) own: String,
    /// Where the library looks for it in the container.
    pub(crate) place: String,
}

/// A part that does not load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lame {
    /// Its file name.
    pub(crate) name: String,
    pub(crate) lacks: Vec<Lack>,
}

/// What became of all parts.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) lame: Vec<Lame>,
    /// The frameworks of Open MPI of which no part loads.
    pub(crate) dead: BTreeSet<String>,
    /// Paths of those that do not load, in their own tree.
    pub(crate) paths: BTreeSet<String>,
}

/// The trees that parts are in.
pub(crate) struct Trees<'a> {
    pub(crate) search: &'a Search<'a>,
    pub(crate) host: &'a dyn Root,
    /// Parts of the host that do not load there either.
    pub(crate) known: &'a BTreeSet<String>,
}

/// The directories of a library's parts, `path` being its own in the container.
pub(crate) fn directories(root: &dyn Root, library: &Object, path: &str) -> Vec<Directory> {
    let family = library.linkage.soname.as_deref().and_then(Family::named);
    let plugins = family.map_or(&[][..], |family| family.plugins);
    let found = plugins.iter().filter_map(|below| {
        let own = match below.starts_with('/') {
            true => (*below).to_owned(),
            false => format!("{}/{below}", directory(&library.real)),
        };
        let place = match *below {
            "ucx" => format!("{}/ucx", directory(path)),
            _ => own.clone(),
        };
        let has_parts = || root.list(&own).iter().any(|name| is_part(name));
        let is_there = match own == *below {
            true => root.has_directory(&own),
            false => has_parts(),
        };
        is_there.then_some(Directory { own, place })
    });
    found.collect()
}

/// Loads every part into a process; what does not load is told and left out again.
pub(crate) fn load(closure: &mut Closure, trees: &Trees<'_>, injected: &Injected) -> Parts {
    let mut parts = Parts::default();
    let mut alive: BTreeMap<String, bool> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut at = 0;
    // What a part loads may have parts in its turn.
    while at < closure.objects.len() {
        let library = closure.objects[at].object.clone();
        if intel::is(&library.linkage) {
            parts
                .lame
                .extend(open(closure, intel::OPENS, at, trees, injected));
        }
        for name in gpu::opened(&library, trees.host) {
            parts.lame.extend(open(closure, &name, at, trees, injected));
        }
        let root = match library.side {
            Side::Image => trees.search.root,
            Side::Host => trees.host,
        };
        let mut lying = in_directories(root, &library, &closure.objects[at].path);
        if lying.is_empty() && library.side == Side::Host {
            // Where the host has none, those of the image lie where it looks.
            lying = in_directories(trees.search.root, &library, &closure.objects[at].path);
        }
        for found in lying {
            let key = (found.object.side, found.object.real.clone());
            if trees.known.contains(&key.1) && key.0 == Side::Host || !seen.insert(key) {
                continue;
            }
            if seen.len() > MOST {
                closure.cut = true;
                return parts;
            }
            let lacks = one(closure, found.clone_at(at), trees, injected);
            if let Some(framework) = framework(&found.name) {
                *alive.entry(framework.to_owned()).or_default() |= lacks.is_empty();
            }
            if !lacks.is_empty() {
                parts.paths.insert(found.object.real.clone());
                parts.lame.push(Lame {
                    name: found.name,
                    lacks,
                });
            }
        }
        at += 1;
    }
    let dead = alive.into_iter().filter(|(_, alive)| !alive);
    parts.dead = dead.map(|(framework, _)| framework).collect();
    parts
}

/// A part as it lies there.
struct Found {
    name: String,
    object: Object,
    path: String,
}

impl Found {
    fn clone_at(&self, parent: usize) -> Loaded {
        Loaded {
            object: self.object.clone(),
            path: self.path.clone(),
            parent,
        }
    }
}

fn in_directories(root: &dyn Root, library: &Object, path: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for dir in directories(root, library, path) {
        let names = root.list(&dir.own).into_iter();
        for name in names.filter(|name| is_part(name)) {
            if let Some(object) = root.find(&format!("{}/{name}", dir.own)) {
                let path = format!("{}/{name}", dir.place);
                found.push(Found { name, object, path });
            }
        }
    }
    found
}

/// Parts that another program loads: those of UCX's ucx_perftest lie among its own.
const OF_OTHERS: &str = "libucx_perftest_";

fn is_part(name: &str) -> bool {
    (name.ends_with(".so") || name.contains(".so.")) && !name.starts_with(OF_OTHERS)
}

/// Loads one part; what it lacks where it does not load.
fn one(closure: &mut Closure, part: Loaded, trees: &Trees<'_>, injected: &Injected) -> Vec<Lack> {
    let mark = closure.mark();
    closure.add(part, trees.search, injected);
    lacked(closure, &mark, trees)
}

/// Opens a library by its name for the object at `parent`; what it lacks where it does not load.
fn open(
    closure: &mut Closure,
    name: &str,
    parent: usize,
    trees: &Trees<'_>,
    injected: &Injected,
) -> Option<Lame> {
    if closure.named(name).is_some() {
        return None;
    }
    let mark = closure.mark();
    closure.open(name, parent, trees.search, injected);
    let lacks = lacked(closure, &mark, trees);
    (!lacks.is_empty()).then(|| Lame {
        name: name.to_owned(),
        lacks,
    })
}

/// What was lacking of all that was loaded since, which is left out again then.
fn lacked(closure: &mut Closure, mark: &Mark, trees: &Trees<'_>) -> Vec<Lack> {
    let lacks = lacks_since(closure, mark, trees.search.libc == Libc::Glibc);
    if !lacks.is_empty() {
        closure.back_to(mark);
    }
    lacks
}

/// The framework of a component of Open MPI: `pmix` of `mca_pmix_ext3x.so`. Of each one at least
/// has to load.
fn framework(name: &str) -> Option<&str> {
    name.strip_prefix("mca_")?.split('_').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_of_frameworks() {
        assert_eq!(framework("mca_pmix_ext3x.so"), Some("pmix"));
        assert_eq!(framework("libuct_ib.so.0"), None);
    }
}
