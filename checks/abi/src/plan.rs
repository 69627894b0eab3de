//! What must be bound so that a program uses a library of the host: as little as does it.
//!
//! The library itself and what moves its messages come from the host. All else is the image's,
//! unless the image lacks it or has it too old; the C library is always the image's.

use std::collections::{BTreeMap, BTreeSet};

use hpcctl_host::kit;

use crate::check::{Lack, lacks, starts_without};
use crate::closure::{Closure, Injected, Loaded, PLACE};
use crate::families::{Family, Kind};
use crate::libc::Libc;
use crate::parts::{self, Parts, Trees};
use crate::root::{Object, Root, Side};
use crate::search::{Search, directory};

/// Rounds in which libraries are added; each adds one at least.
const ROUNDS: usize = 256;

/// A library of the host with all that it loads there.
pub(crate) struct HostChoice<'h> {
    pub(crate) root: &'h dyn Root,
    pub(crate) object: Object,
    pub(crate) family: &'static Family,
    /// All that it loads on the host, its parts among that.
    pub(crate) closure: Closure,
    /// Paths of parts that do not load there either.
    pub(crate) lame: BTreeSet<String>,
    /// Libraries of the host's C library that parts need, and that are not there.
    pub(crate) lost: BTreeSet<String>,
}

impl HostChoice<'_> {
    /// Whether it is known to be the same library as the one of a name.
    pub(crate) fn is_same(&self, name: &str) -> bool {
        let soname = self.object.linkage.soname.as_deref();
        soname.is_some_and(|soname| self.family.is_same(soname, name))
    }
}

/// How a program ends up with a library of the host.
pub(crate) struct Planned {
    pub(crate) injected: Injected,
    pub(crate) lacks: Vec<Lack>,
    /// What the program lacks without the host's library, too.
    pub(crate) own_lacks: Vec<Lack>,
    /// What the process would lack with what moves the messages on the host, so that it was left
    /// to the image.
    pub(crate) own_fabric: Vec<Lack>,
    /// Libraries of the family that the host has no counterpart of.
    pub(crate) kept: Vec<String>,
    /// What became of the parts that are loaded as the program runs.
    pub(crate) parts: Parts,
    pub(crate) closure: Closure,
}

/// The libraries of a host, of which one is put in the place of what a program needs.
#[derive(Clone, Copy)]
pub(crate) struct Choices<'a, 'h> {
    pub(crate) choice: &'a HostChoice<'h>,
    /// All of them: what the program needs of others, and the image lacks, goes with it.
    pub(crate) all: &'a [HostChoice<'h>],
}

/// Plans for one program that needs a library by one of its names; `alone` is what it loads without
/// the host.
pub(crate) fn plan(
    program: &Object,
    soname: &str,
    choices: Choices<'_, '_>,
    search: &Search<'_>,
    alone: &Closure,
) -> Planned {
    let whole = attempt(program, soname, choices, search, alone, true);
    if starts_without(&whole.lacks) {
        return whole;
    }
    let mut less = attempt(program, soname, choices, search, alone, false);
    if starts_without(&less.lacks) {
        less.own_fabric = whole.lacks;
        return less;
    }
    whole
}

fn attempt(
    program: &Object,
    soname: &str,
    choices: Choices<'_, '_>,
    search: &Search<'_>,
    alone: &Closure,
    with_fabric: bool,
) -> Planned {
    let choice = choices.choice;
    let (mut injecting, mut kept) = begin(soname, choices, search, alone, with_fabric);
    let has_versions = search.libc == Libc::Glibc;
    let before = lacks(alone, has_versions);
    for _ in 0..ROUNDS {
        let mut closure = Closure::of(program, search, &injecting.injected);
        if closure.named(soname).is_none() {
            // Nothing asks for it before the program runs: a library opens it then.
            closure.add(opened(soname, choice), search, &injecting.injected);
        }
        let now = lacks(&closure, has_versions);
        let (own_lacks, now): (Vec<Lack>, Vec<Lack>) =
            now.into_iter().partition(|lack| is_old(lack, &before));
        let mut grew = injecting.displace(&closure);
        for lack in &now {
            grew |= injecting.mend(lack);
        }
        let mut parts = Parts::default();
        if !grew && starts_without(&now) {
            let trees = Trees {
                search,
                host: choice.root,
                known: &choice.lame,
            };
            parts = parts::load(&mut closure, &trees, &injecting.injected);
            for lack in parts.lame.iter().flat_map(|lame| &lame.lacks) {
                grew |= injecting.mend(lack);
            }
        }
        if !grew {
            // What nothing asks for any more is no loss.
            kept.retain(|name| closure.by_name.contains_key(name));
            return Planned {
                injected: injecting.injected,
                lacks: now,
                own_lacks,
                own_fabric: Vec::new(),
                kept,
                parts,
                closure,
            };
        }
    }
    Planned {
        injected: injecting.injected,
        lacks: Vec::new(),
        own_lacks: Vec::new(),
        own_fabric: Vec::new(),
        kept,
        parts: Parts::default(),
        closure: Closure {
            cut: true,
            ..Closure::default()
        },
    }
}

/// The library as one that is opened by its name as the program runs.
fn opened(soname: &str, choice: &HostChoice<'_>) -> Loaded {
    Loaded {
        object: choice.object.clone(),
        path: format!("{PLACE}/{soname}"),
        parent: 0,
    }
}

/// What is put in whatever is lacking: the library, its family, and what moves its messages; with
/// the libraries of the family that the host does not have.
fn begin<'a, 'h>(
    soname: &str,
    choices: Choices<'a, 'h>,
    search: &'a Search<'a>,
    alone: &'a Closure,
    with_fabric: bool,
) -> (Injecting<'a, 'h>, Vec<String>) {
    let choice = choices.choice;
    let mut injecting = Injecting {
        injected: Injected::default(),
        search,
        alone,
        choice,
        all: choices.all,
        along: Vec::new(),
    };
    let mut kept = Vec::new();
    injecting.put(soname, choice.object.clone());
    for name in alone.by_name.keys() {
        let is_own = Family::around(name) == Some(choice.family) && name != soname;
        if !is_own || choice.family.has(name) {
            continue;
        }
        match injecting.counterpart(name) {
            Some(object) => {
                injecting.put(name, object);
            }
            None => kept.push(name.clone()),
        }
    }
    let mut names: Vec<&String> = choice.closure.by_name.keys().collect();
    names.sort();
    for name in names {
        let family = Family::around(name);
        let moves = family.is_some_and(|family| family.kind == Kind::Fabric) && with_fabric;
        if moves || family == Some(choice.family) {
            injecting.put_named(name);
        }
    }
    kept.sort();
    (injecting, kept)
}

/// What is loaded of the image's own that is the same library as the host's.
pub(crate) fn left<'c>(
    closure: &'c Closure,
    choice: &HostChoice<'_>,
) -> impl Iterator<Item = &'c Loaded> {
    let own = closure.objects.iter().skip(1);
    own.filter(move |loaded| {
        let soname = loaded.object.linkage.soname.as_deref();
        let is_of = soname.is_some_and(|soname| choice.is_same(soname));
        loaded.object.side == Side::Image && is_of
    })
}

/// Whether the program lacks it without the host's library, too.
fn is_old(lack: &Lack, before: &[Lack]) -> bool {
    match lack {
        Lack::Symbol { names, by, .. } => {
            let is_known = |name: &String| {
                before.iter().any(|old| match old {
                    Lack::Symbol { names, by: of, .. } => of == by && names.contains(name),
                    _ => false,
                })
            };
            names
                .iter()
                .all(|name| is_known(name) && !crate::families::is_mpi_symbol(name))
        }
        Lack::Library { name, .. } => Family::around(name).is_none() && before.contains(lack),
        _ => before.contains(lack),
    }
}

struct Injecting<'a, 'h> {
    injected: Injected,
    search: &'a Search<'a>,
    /// What the program loads without the host.
    alone: &'a Closure,
    choice: &'a HostChoice<'h>,
    all: &'a [HostChoice<'h>],
    /// Those of the others that go with it.
    along: Vec<&'a HostChoice<'h>>,
}

impl Injecting<'_, '_> {
    /// Puts a library where the program looks for that name, also on another processor; false where
    /// it is there already.
    fn put(&mut self, name: &str, object: Object) -> bool {
        let own = self.alone.named(name);
        let Some(own) = own.filter(|own| own.object.side == Side::Image) else {
            return self
                .injected
                .beside
                .insert(name.to_owned(), object)
                .is_none();
        };
        let mut places = vec![own.object.real.clone()];
        let others = self.search.of_others(&own.path).into_iter();
        places.extend(others.map(|other| other.real));
        let mut grew = false;
        for place in places {
            let old = self.injected.over.insert(place, object.clone());
            grew |= old.is_none();
        }
        grew
    }

    /// Takes the place of what the image still has loaded of the same library, under another name;
    /// false where there is none.
    fn displace(&mut self, closure: &Closure) -> bool {
        let mut grew = false;
        for left in left(closure, self.choice) {
            let (place, object) = (left.object.real.clone(), self.choice.object.clone());
            grew |= self.injected.over.insert(place, object).is_none();
        }
        grew
    }

    /// Puts the host's library of a name; false where there is none, or it is there already, or
    /// belongs to the C library.
    fn put_named(&mut self, name: &str) -> bool {
        let along = self.along.iter().copied();
        let mut choices = std::iter::once(self.choice).chain(along);
        let found = choices.find_map(|choice| choice.closure.named(name));
        let found = found.map(|loaded| loaded.object.clone());
        match found.filter(|_| !kit::is_of_c_library(name)) {
            // The library itself is there under the name that the program asks for.
            Some(object) if object.real == self.choice.object.real => false,
            Some(object) => self.put(name, object),
            None => false,
        }
    }

    /// Whether the host's library of a name is put.
    fn is_put(&self, name: &str) -> bool {
        let own = self.alone.named(name);
        let over = own.is_some_and(|own| self.injected.over.contains_key(&own.object.real));
        over || self.injected.beside.contains_key(name)
    }

    /// Puts the library itself by its own name, too, where another of the host asks for that; false
    /// where it is there already, or none does.
    fn put_itself(&mut self, lack: &Lack) -> bool {
        match lack {
            Lack::Library { name, .. }
                if self.choice.object.linkage.soname.as_ref() == Some(name) =>
            {
                self.put(name, self.choice.object.clone())
            }
            _ => false,
        }
    }

    /// Puts a library of a fabric or of a GPU that nothing of this one asks for, but the program does; false
    /// where the host has none, or it is there already.
    fn put_along(&mut self, lack: &Lack) -> bool {
        let Lack::Library { name, .. } = lack else {
            return false;
        };
        let is_it = |one: &&HostChoice<'_>| {
            one.family.kind != Kind::Mpi && one.object.linkage.soname.as_ref() == Some(name)
        };
        let Some(choice) = self.all.iter().find(is_it) else {
            return false;
        };
        self.along.push(choice);
        self.put(name, choice.object.clone())
    }

    /// The host's library that is the same as one of the image's family, beside the one chosen.
    fn counterpart(&self, name: &str) -> Option<Object> {
        let dir = directory(&self.choice.object.real);
        let mut aliases = self.choice.family.aliases(name).into_iter();
        aliases.find_map(|alias| self.choice.root.find(&format!("{dir}/{alias}")))
    }

    /// Adds what mends a lack; false where nothing was added.
    fn mend(&mut self, lack: &Lack) -> bool {
        if let Some(name) = lack.library() {
            // A library of the image that fits only the one whose place was taken goes with it.
            let goes_along = match lack {
                Lack::Version { by, side, of, .. } => {
                    (*side, *of) == (Side::Image, Side::Host) && self.put_named(by)
                }
                Lack::Symbol { by, side, .. } => {
                    *side == Side::Image && self.is_put(name) && self.put_named(by)
                }
                _ => false,
            };
            let is_put = self.put_named(name) || self.put_itself(lack) || goes_along;
            return is_put || self.put_along(lack);
        }
        let Lack::Symbol { names, .. } = lack else {
            return false;
        };
        let closure = &self.choice.closure;
        let mut of: BTreeMap<&str, ()> = BTreeMap::new();
        for name in names {
            let mut objects = closure.objects.iter().skip(1);
            let giver = objects.find(|one| {
                let symbols = one.object.linkage.symbols.as_ref();
                symbols.is_some_and(|symbols| symbols.gives(name, None))
            });
            let soname = giver.and_then(|one| one.object.linkage.soname.as_deref());
            of.extend(soname.map(|soname| (soname, ())));
        }
        let sonames: Vec<String> = of.into_keys().map(str::to_owned).collect();
        let mut grew = false;
        for soname in sonames {
            grew |= self.put_named(&soname);
        }
        grew
    }
}
