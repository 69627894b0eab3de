//! What is to be run for one program: with which bind mounts, variables and devices, whatever the
//! runtime; from the verdicts alone.

use std::collections::BTreeSet;

use hpcctl_model::abi::{Abi, AbiVerdict, Bind, Binding, Gpu, Program, Way};

use crate::emit::{Call, EmitError, Mpi};
use crate::families::{Family, Kind};
use crate::gpu;
use crate::ways::HOST_LAUNCHER;

/// What is to be run for one program.
#[derive(Debug, Clone)]
pub(crate) struct Wanted<'a> {
    /// The image, from the root on where it is a file or a directory.
    pub(crate) image: String,
    /// A directory of it that is empty.
    pub(crate) empty: Option<&'a str>,
    /// The program, in front of which something may stand.
    pub(crate) words: Vec<String>,
    pub(crate) program: &'a Program,
    pub(crate) binds: Vec<Bind>,
    /// Variables that are set.
    pub(crate) environment: Vec<String>,
    /// Patterns of variables that cross, and of those that must not.
    pub(crate) crossing: Vec<&'a str>,
    pub(crate) staying: Vec<&'a str>,
    /// The bindings that it is for.
    pub(crate) bindings: Vec<&'a Binding>,
    /// The device files of networks.
    pub(crate) devices: &'a [String],
    /// The GPUs that the program uses.
    pub(crate) gpus: Vec<&'a Gpu>,
    /// Names of libraries of GPUs that it needs, and that none of the host is bound for.
    pub(crate) unserved: Vec<&'a str>,
    /// The way by which the image's own MPI is used; none where that of the host is, or none at all.
    pub(crate) way: Option<&'a Way>,
    /// How the runtime is called.
    pub(crate) call: &'a Call,
    /// The name of a container that is started once, alone, to look into it.
    pub(crate) once: Option<String>,
}

impl<'a> Wanted<'a> {
    /// What is to be run where somebody asked for it.
    pub(crate) fn asked(abi: &'a Abi, call: &'a Call, mpi: Mpi) -> Result<Self, EmitError> {
        if abi.programs.iter().all(|program| program.needs.is_empty()) {
            let opening = abi.programs.iter().find(|one| !one.opens.is_empty());
            return Err(opening.map_or(EmitError::NoNeed, |one| {
                EmitError::Opened(one.path.clone(), one.opens.join(", "))
            }));
        }
        match mpi {
            Mpi::OfImage => Self::launched(abi, call),
            Mpi::OfHost => match Self::of(abi, call) {
                Some(wanted) => Ok(wanted),
                None => Self::with_own(abi, call),
            },
        }
    }

    /// The first program that uses MPI, with the image's own: of the host nothing is bound but what its
    /// GPUs need.
    fn launched(abi: &'a Abi, call: &'a Call) -> Result<Self, EmitError> {
        let way_of = |program: &Program| {
            let is_its = |way: &&Way| way.soname.iter().any(|name| program.needs.contains(name));
            let mut ways = abi.ways.iter().filter(|way| way.way == HOST_LAUNCHER);
            ways.find(is_its)
        };
        let mut programs: Vec<&Program> = abi.programs.iter().collect();
        // What loads a module is not known, so that a program comes before it.
        programs.sort_by_key(|program| program.module);
        let ways = programs.iter().filter_map(|one| Some((*one, way_of(one)?)));
        let ways: Vec<(&Program, &Way)> = ways.collect();
        let works = |(_, way): &&(&Program, &Way)| way.verdict < AbiVerdict::Fails;
        let Some((program, way)) = ways.iter().find(works) else {
            let because = ways.first().map(|(_, way)| way.because.join("; "));
            return Err(because.map_or(EmitError::NoMpi, EmitError::NoLauncher));
        };
        let names = for_gpus(program).into_iter();
        let taken = names.filter_map(|name| abi.best(&program.path, name));
        Ok(Self {
            way: Some(way),
            ..Self::with(abi, program, call, taken.filter(is_good).collect())
        })
    }

    /// A program that needs the device files of a GPU alone: where nothing of the host is bound, its
    /// image has the libraries itself, as is usual but for NVIDIA's.
    fn with_own(abi: &'a Abi, call: &'a Call) -> Result<Self, EmitError> {
        let has = |name: &String| {
            let maker = gpu::maker(name).filter(|maker| *maker != gpu::NVIDIA);
            let mut gpus = abi.gpus.iter().filter(|gpu| !gpu.devices.is_empty());
            maker.is_some_and(|maker| gpus.any(|gpu| gpu.vendor == maker))
        };
        let is_one =
            |program: &&Program| !program.needs.is_empty() && program.needs.iter().all(has);
        let lacks = |program: &'a Program| {
            let mut needs = program.needs.iter();
            needs.find(|name| !program.own.contains(name))
        };
        let programs: Vec<&Program> = abi.programs.iter().filter(is_one).collect();
        match programs.iter().find(|program| lacks(program).is_none()) {
            Some(program) => Ok(Self::bare(abi, program, call)),
            None => {
                let mut lacking = programs.iter().filter_map(|one| Some((one, lacks(one)?)));
                Err(lacking.next().map_or(EmitError::Nothing, |(one, name)| {
                    EmitError::Neither(one.path.clone(), name.clone())
                }))
            }
        }
    }

    /// All bindings that work for the first program that has one; none where none does.
    pub(crate) fn of(abi: &'a Abi, call: &'a Call) -> Option<Self> {
        let first = &abi.bindings.iter().find(is_good)?.programs;
        let named = |path: &String| abi.programs.iter().find(|one| one.path == *path);
        let programs = first.iter().filter_map(named);
        // What loads a module is not known, so that a program comes before it.
        let program = programs.min_by_key(|program| program.module)?;
        let names: BTreeSet<&str> = abi.bindings.iter().map(|row| &*row.soname).collect();
        let taken = names
            .into_iter()
            .filter_map(|name| abi.best(&program.path, name));
        Some(Self::with(
            abi,
            program,
            call,
            taken.filter(is_good).collect(),
        ))
    }

    /// A program with what these bindings bind.
    fn with(abi: &'a Abi, program: &'a Program, call: &'a Call, taken: Vec<&'a Binding>) -> Self {
        let mut binds: Vec<Bind> = Vec::new();
        let mut environment: Vec<String> = Vec::new();
        for binding in &taken {
            binds.extend(binding.binds.iter().cloned());
            environment.extend(binding.environment.iter().cloned());
        }
        binds.sort_by(|a, b| (&a.image, &a.host).cmp(&(&b.image, &b.host)));
        // One library in a place, also where two bindings bring it.
        binds.dedup_by(|a, b| a.image == b.image);
        environment.sort_unstable();
        environment.dedup();
        let environment = joined(environment);
        let patterns = |crosses| {
            let rows = abi
                .environment
                .iter()
                .filter(move |row| row.crosses == crosses);
            rows.map(|row| row.pattern.as_str()).collect()
        };
        let bare = Self::bare(abi, program, call);
        // Of what works without, the image's own is used.
        let is_bound = |name: &&str| {
            let mut rows = taken.iter();
            rows.any(|row| row.soname == *name && !row.binds.is_empty())
        };
        let unserved = bare.unserved.iter().copied();
        Self {
            unserved: unserved.filter(|name| !is_bound(name)).collect(),
            binds,
            environment,
            crossing: patterns(true),
            staying: patterns(false),
            bindings: taken,
            ..bare
        }
    }

    /// A program of an image for which nothing was found to bind.
    pub(crate) fn bare(abi: &'a Abi, program: &'a Program, call: &'a Call) -> Self {
        Self {
            image: from_root(&abi.image.reference),
            empty: abi.image.empty.as_deref(),
            words: words_of(program),
            program,
            binds: Vec::new(),
            environment: Vec::new(),
            crossing: Vec::new(),
            staying: Vec::new(),
            bindings: Vec::new(),
            devices: &abi.devices,
            gpus: gpus_of(abi, program),
            unserved: for_gpus(program),
            way: None,
            call,
            once: None,
        }
    }
}

impl Wanted<'_> {
    /// A library for the GPUs of a maker that the program needs, and of which that of the host was not
    /// accepted, where what hands over all that the host has of the maker would bring it all the same.
    pub(crate) fn refused(&self, maker: &str) -> Option<&str> {
        let mut names = self.unserved.iter().copied();
        names.find(|name| gpu::brings(maker) && gpu::maker(name) == Some(maker))
    }

    /// The family of the MPI that the program uses; none where it uses none.
    pub(crate) fn mpi(&self) -> Option<&'static Family> {
        let own = self
            .way
            .and_then(|way| Family::named(way.soname.as_deref()?));
        let bound = self.bindings.iter();
        let mut bound = bound.filter_map(|row| Family::named(&row.library));
        own.or_else(|| bound.find(|family| family.kind == Kind::Mpi))
    }

    /// The words to be started in the container, with what a user gives the script behind them.
    pub(crate) fn started(&self) -> String {
        let words = self.words.iter().map(|word| hpcctl_host::shell::word(word));
        let mut words: Vec<_> = words.collect();
        if self.once.is_none() {
            words.push("\"$@\"".into());
        }
        words.join(" ")
    }

    /// The directory of the image onto which is bound what it has no place for.
    pub(crate) fn gathered(&self) -> &str {
        let is_plain = |path: &&str| {
            let mut bytes = path.bytes();
            bytes.all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
        };
        self.empty.filter(is_plain).unwrap_or(GATHERED)
    }
}

/// Variables, of which several values that are lists of directories are one: what each begins with, and
/// the end that all have, the image's own.
fn joined(environment: Vec<String>) -> Vec<String> {
    const LIST: &str = "LD_LIBRARY_PATH=";
    let (lists, mut others): (Vec<String>, Vec<String>) = environment
        .into_iter()
        .partition(|pair| pair.starts_with(LIST));
    let lists = lists.iter().map(|pair| pair[LIST.len()..].split(':'));
    let lists: Vec<Vec<&str>> = lists.map(Iterator::collect).collect();
    let Some((first, rest)) = lists.split_first() else {
        return others;
    };
    let is_shared = |length: &usize| {
        let end = &first[first.len() - length..];
        rest.iter().all(|list| list.ends_with(end))
    };
    let shared = (0..=first.len()).rev().find(is_shared).unwrap_or(0);
    let mut dirs: Vec<&str> = Vec::new();
    for dir in lists.iter().flat_map(|list| &list[..list.len() - shared]) {
        if !dirs.contains(dir) {
            dirs.push(dir);
        }
    }
    dirs.extend(&first[first.len() - shared..]);
    others.push(format!("{LIST}{}", dirs.join(":")));
    others
}

/// Whether a binding is one to be made.
fn is_good(binding: &&Binding) -> bool {
    binding.verdict <= AbiVerdict::Degraded
}

/// The directory that most images have for what is mounted for a while: hier(7).
const GATHERED: &str = "/mnt";

/// Transports of images that are files or directories of this machine.
const FILES: &[&str] = &[
    "apptainer-sandbox",
    "dir",
    "docker-archive",
    "ext",
    "oci",
    "oci-archive",
    "sif",
    "squashfs",
];

/// A reference that means the same in every directory.
fn from_root(reference: &str) -> String {
    let parts = reference
        .split_once(':')
        .filter(|(kind, _)| FILES.contains(kind));
    let path = parts.and_then(|(_, path)| std::path::absolute(path).ok());
    match parts.zip(path) {
        Some(((kind, _), path)) => format!("{kind}:{}", path.display()),
        None => reference.to_owned(),
    }
}

/// The names of libraries of GPUs that a program needs.
fn for_gpus(program: &Program) -> Vec<&str> {
    let names = program.needs.iter().map(String::as_str);
    names.filter(|name| gpu::maker(name).is_some()).collect()
}

/// The GPUs that a program uses.
fn gpus_of<'a>(abi: &'a Abi, program: &Program) -> Vec<&'a Gpu> {
    let names = for_gpus(program).into_iter();
    let makers: BTreeSet<&str> = names.filter_map(gpu::maker).collect();
    let used = abi.gpus.iter();
    used.filter(|gpu| makers.contains(gpu.vendor.as_str()))
        .collect()
}

/// What is started for a program. What loads a module of Python is Python; of another the user says
/// it.
fn words_of(program: &Program) -> Vec<String> {
    let path = &program.path;
    let is_python = path.contains("/python3") || path.contains(".cpython-3");
    match (program.module, is_python) {
        (false, _) => vec![path.clone()],
        (true, true) => vec!["python3".to_owned()],
        (true, false) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_of_several_bindings_come_before_the_images_own() {
        let join = |lists: &[&str]| {
            let pairs = lists.iter().map(|list| format!("LD_LIBRARY_PATH={list}"));
            joined(pairs.collect()).join(" ")
        };
        assert_eq!(join(&["/a:/own"]), "LD_LIBRARY_PATH=/a:/own");
        let both = join(&["/a:/x:/own", "/b:/x:/own"]);
        assert_eq!(both, "LD_LIBRARY_PATH=/a:/b:/x:/own");
        assert_eq!(join(&["/a", "/a:/b"]), "LD_LIBRARY_PATH=/a:/b");
        assert_eq!(joined(vec!["A=1".to_owned()]), ["A=1"]);
        assert_eq!(joined(Vec::new()), Vec::<String>::new());
    }
}
