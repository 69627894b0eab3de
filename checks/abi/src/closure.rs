//! All that the loader loads for a program, in its order: breadth first over `DT_NEEDED`.

use std::collections::{BTreeMap, HashMap};

use crate::root::{Object, Side};
use crate::search::{Asking, Search, directory};

/// The most objects of one process.
const MOST: usize = 4096;

/// Where libraries of the host are put that take no other's place.
pub(crate) const PLACE: &str = "/opt/hpcctl/lib";

/// Libraries of the host in an image.
#[derive(Debug, Clone, Default)]
pub(crate) struct Injected {
    /// Over files of the image, by their paths without links.
    pub(crate) over: BTreeMap<String, Object>,
    /// Beside them, by the names that are asked for, found by `LD_LIBRARY_PATH`.
    pub(crate) beside: BTreeMap<String, Object>,
}

/// An object of the process.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) object: Object,
    /// The path by which it was found in the container.
    pub(crate) path: String,
    /// Which object asked for it, by its place.
    pub(crate) parent: usize,
}

/// How much of a closure was there at one time.
#[derive(Debug, Default)]
pub(crate) struct Mark {
    pub(crate) objects: usize,
    pub(crate) missing: usize,
}

/// All that is loaded.
#[derive(Debug, Default)]
pub(crate) struct Closure {
    pub(crate) objects: Vec<Loaded>,
    /// Each name by which something was asked for, and its place.
    pub(crate) by_name: HashMap<String, usize>,
    /// Names that are nowhere, and who asks for each.
    pub(crate) missing: Vec<(String, usize)>,
    /// Whether there is more than was followed.
    pub(crate) cut: bool,
}

impl Closure {
    /// Follows what a program needs.
    pub(crate) fn of(program: &Object, search: &Search<'_>, injected: &Injected) -> Self {
        let mut closure = Self::default();
        closure.objects.push(Loaded {
            object: program.clone(),
            path: program.real.clone(),
            parent: 0,
        });
        if program.linkage.interpreter.is_some() {
            for name in &search.preloaded {
                // The loader passes over what is not there.
                if closure.look(name, 0, search, injected).is_some() {
                    closure.load(name, 0, search, injected);
                }
            }
        }
        closure.follow(0, search, injected);
        closure
    }

    /// Loads a part as the process runs, as dlopen(3) does for the object at `parent`.
    pub(crate) fn add(&mut self, part: Loaded, search: &Search<'_>, injected: &Injected) {
        let at = self.objects.len();
        if let Some(soname) = &part.object.linkage.soname {
            self.by_name.entry(soname.clone()).or_insert(at);
        }
        self.objects.push(part);
        self.follow(at, search, injected);
    }

    /// Opens a library by its name as the process runs, as dlopen(3) does for the object at
    /// `parent`.
    pub(crate) fn open(
        &mut self,
        name: &str,
        parent: usize,
        search: &Search<'_>,
        injected: &Injected,
    ) {
        let at = self.objects.len();
        self.load(name, parent, search, injected);
        self.follow(at, search, injected);
    }

    /// How much is loaded by now.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            objects: self.objects.len(),
            missing: self.missing.len(),
        }
    }

    /// Drops what was loaded since.
    pub(crate) fn back_to(&mut self, mark: &Mark) {
        self.objects.truncate(mark.objects);
        self.missing.truncate(mark.missing);
        self.by_name.retain(|_, place| *place < mark.objects);
    }

    /// Loads what the objects from `at` on need.
    fn follow(&mut self, mut at: usize, search: &Search<'_>, injected: &Injected) {
        while at < self.objects.len() {
            let linkage = std::sync::Arc::clone(&self.objects[at].object.linkage);
            for name in &linkage.needed {
                if self.by_name.contains_key(name) {
                    continue;
                }
                if self.objects.len() >= MOST {
                    self.cut = true;
                    return;
                }
                self.load(name, at, search, injected);
            }
            at += 1;
        }
    }

    fn load(&mut self, name: &str, parent: usize, search: &Search<'_>, injected: &Injected) {
        match self.look(name, parent, search, injected) {
            Some((object, path)) => {
                // The same file under another name is loaded once.
                let same = self.objects.iter().position(|known| {
                    (known.object.side, &known.object.real) == (object.side, &object.real)
                });
                let place = same.unwrap_or(self.objects.len());
                if same.is_none() {
                    if let Some(soname) = &object.linkage.soname {
                        self.by_name.entry(soname.clone()).or_insert(place);
                    }
                    self.objects.push(Loaded {
                        object,
                        path,
                        parent,
                    });
                }
                self.by_name.insert(name.to_owned(), place);
            }
            None if self.missing.iter().any(|(known, _)| known == name) => {}
            None => self.missing.push((name.to_owned(), parent)),
        }
    }

    fn look(
        &self,
        name: &str,
        parent: usize,
        search: &Search<'_>,
        injected: &Injected,
    ) -> Option<(Object, String)> {
        let mut chain = Vec::new();
        let mut at = parent;
        while at != 0 {
            at = self.objects[at].parent;
            let loaded = &self.objects[at];
            chain.push((&loaded.object, directory(&loaded.path)));
        }
        let asking = &self.objects[parent];
        let asking = Asking {
            object: &asking.object,
            origin: directory(&asking.path),
            chain: &chain,
        };
        let program = &self.objects[0].object.linkage;
        let at = |path: &String| {
            let found = search.root.find(path)?;
            let object = match injected.over.get(&found.real) {
                Some(host) if found.side == Side::Image => host.clone(),
                _ => found,
            };
            // The loader passes over what is made for another machine.
            object.linkage.fits(program).then(|| (object, path.clone()))
        };
        let (before, after) = search.places(name, &asking);
        before.iter().find_map(at).or_else(|| {
            let beside = injected.beside.get(name).cloned();
            let beside = beside.map(|object| (object, format!("{PLACE}/{name}")));
            beside.or_else(|| after.iter().find_map(at))
        })
    }

    /// Whether a library is there by a name: loaded, or where the program would find it.
    pub(crate) fn finds(&self, name: &str, search: &Search<'_>) -> bool {
        let look = || self.look(name, 0, search, &Injected::default());
        self.named(name).is_some() || look().is_some()
    }

    /// The object that a name stands for.
    pub(crate) fn named(&self, name: &str) -> Option<&Loaded> {
        self.objects.get(*self.by_name.get(name)?)
    }
}
