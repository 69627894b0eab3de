//! The verdict on each binding: a library of the host for a name that programs of the image need.

use std::collections::{BTreeMap, BTreeSet};

use hpcctl_image::LinkedImage;
use hpcctl_model::abi::{AbiVerdict, Bind, Binding, Reason};

use crate::closure::{Injected, PLACE};
use crate::driver::{self, Mismatch};
use crate::families::{Family, Kind};
use crate::intel;
use crate::libc::Libc;
use crate::parts;
use crate::plan::{self, HostChoice, Planned};
use crate::programs::Using;
use crate::reasons::{fixes, reason, told};
use crate::root::{HostRoot, Object};
use crate::search::Search;

/// What the verdicts are made from.
pub(crate) struct Case<'a> {
    pub(crate) image: &'a LinkedImage,
    pub(crate) host: &'a HostRoot,
    pub(crate) library_path: &'a str,
    pub(crate) programs: &'a [Using],
    pub(crate) choices: &'a [HostChoice<'a>],
    /// Whether the libraries were named, so that each is judged for each name of its kind.
    pub(crate) named: bool,
}

/// The verdicts, by the names that programs need.
pub(crate) fn bindings(case: &Case<'_>) -> Vec<Binding> {
    let mut needed: BTreeMap<(Kind, &str), Vec<&Using>> = BTreeMap::new();
    for program in case.programs {
        for name in &program.needs {
            if let Some(family) = Family::named(name) {
                needed.entry((family.kind, name)).or_default().push(program);
            }
        }
    }
    let mut bindings = Vec::new();
    for ((kind, name), programs) in &needed {
        let wanted = family_of(name, programs);
        let alike = case
            .choices
            .iter()
            .filter(|choice| choice.family.kind == *kind);
        let (same, others): (Vec<_>, Vec<_>) =
            alike.partition(|choice| Some(choice.family) == wanted);
        // What only others of its kind could replace is said once each, where nothing fits.
        let others = others
            .into_iter()
            .filter(|_| *kind == Kind::Mpi && (case.named || same.is_empty()));
        for choice in same.iter().copied().chain(others) {
            bindings.push(binding(case, choice, name, programs, wanted));
        }
    }
    bindings
}

/// The family that a name is of, for these programs.
fn family_of(name: &str, programs: &[&Using]) -> Option<&'static Family> {
    let named = Family::named(name)?;
    let is_open = |using: &&Using| {
        let symbols = using.object.linkage.symbols.as_ref();
        symbols.is_some_and(|symbols| symbols.imports().any(|one| one.name.starts_with("ompi_")))
    };
    match named.name == "MPICH ABI" && programs.iter().any(is_open) {
        true => Family::named("libmpi.so.20"),
        false => Some(named),
    }
}

fn binding(
    case: &Case<'_>,
    choice: &HostChoice<'_>,
    name: &str,
    programs: &[&Using],
    wanted: Option<&Family>,
) -> Binding {
    let object = &choice.object;
    let mut binding = Binding {
        library: object.linkage.soname.clone().unwrap_or_default(),
        soname: name.to_owned(),
        host_path: case.host.outside(&object.real).display().to_string(),
        image_path: None,
        family: choice.family.name.to_owned(),
        verdict: AbiVerdict::Works,
        because: Vec::new(),
        fix: Vec::new(),
        programs: programs
            .iter()
            .map(|using| using.object.real.clone())
            .collect(),
        binds: Vec::new(),
        environment: Vec::new(),
    };
    let mut found = Found::default();
    for using in programs {
        let search = search(case, &using.object);
        let alone = crate::closure::Closure::of(&using.object, &search, &Injected::default());
        let own = alone.named(name).map(|loaded| loaded.object.real.clone());
        binding.image_path = binding.image_path.or(own);
        if let Some((reason, fix)) = impossible(case, choice, using, name, wanted) {
            found.add(reason, AbiVerdict::Fails);
            found.fixes.extend(fix);
            continue;
        }
        let planned = plan::plan(&using.object, name, choice, &search);
        judge(&planned, choice, &mut found);
        if name == driver::DRIVER {
            of_driver(case, &binding.host_path, &mut found);
        }
        binding.binds.extend(binds(case, choice, &planned));
        if !planned.injected.beside.is_empty() {
            let more = if case.library_path.is_empty() {
                ""
            } else {
                ":"
            };
            let path = format!("LD_LIBRARY_PATH={PLACE}{more}{}", case.library_path);
            binding.environment = vec![path];
        }
    }
    binding.binds.sort();
    binding.binds.dedup();
    binding.verdict = found.verdict.unwrap_or(AbiVerdict::Works);
    binding.because = found.because.into_iter().collect();
    binding.fix = found.fixes;
    let mut seen = BTreeSet::new();
    binding.fix.retain(|fix| seen.insert(fix.clone()));
    binding
}

pub(crate) fn search<'a>(case: &Case<'a>, object: &Object) -> Search<'a> {
    let libc = Libc::of(&object.linkage).unwrap_or(Libc::Glibc);
    Search::new(case.image, libc, object, case.library_path)
}

/// What was found for all programs of a binding.
#[derive(Default)]
struct Found {
    verdict: Option<AbiVerdict>,
    because: BTreeSet<Reason>,
    fixes: Vec<String>,
}

impl Found {
    fn add(&mut self, reason: Reason, verdict: AbiVerdict) {
        self.because.insert(reason);
        self.verdict = self.verdict.max(Some(verdict));
    }
}

/// What no binding can help, with what does.
fn impossible(
    case: &Case<'_>,
    choice: &HostChoice<'_>,
    using: &Using,
    name: &str,
    wanted: Option<&Family>,
) -> Option<(Reason, Vec<String>)> {
    let (program, library) = (&using.object, &choice.object);
    let file = case.host.outside(&library.real).display().to_string();
    if !library.linkage.fits(&program.linkage) {
        let (has, wants) = (
            library.linkage.machine_name(),
            program.linkage.machine_name(),
        );
        let text = format!("{file} is for {has}, {} for {wants}", program.real);
        let fix = format!("name a library for {wants} by --host-lib");
        return Some((reason("machine", text), vec![fix]));
    }
    let libc = Libc::of(&program.linkage).unwrap_or(Libc::Glibc);
    let own = Libc::of(&library.linkage).unwrap_or(Libc::Glibc);
    if libc != own {
        let text = format!(
            "{file} is made for {}, {} for {}",
            own.name(),
            program.real,
            libc.name()
        );
        let fix = format!(
            "build the program in an image with {}: no library of this host can be bound into one with {}",
            own.name(),
            libc.name()
        );
        return Some((reason("libc", text), vec![fix]));
    }
    if wanted != Some(choice.family) {
        let family = wanted.map_or("another family", |family| family.name);
        let text = format!("{name} is of {family}, {file} of {}", choice.family.name);
        let mut fix = vec![format!(
            "load an MPI of the family {family} on the host, or build the program with {}",
            choice.family.name
        )];
        if (choice.family.name, family) == ("Cray MPICH", "MPICH ABI") {
            let module = "module load cray-mpich-abi, and name its libmpi.so.12 by --host-lib";
            fix.insert(0, module.to_owned());
        }
        return Some((reason("family", text), fix));
    }
    if choice.family.name == "MPI 5 ABI" && choice.object.linkage.soname.as_deref() != Some(name) {
        let text = format!("{name} is of another version of the MPI 5 ABI than {file}");
        return Some((reason("family", text), Vec::new()));
    }
    None
}

fn judge(planned: &Planned, choice: &HostChoice<'_>, found: &mut Found) {
    for lack in &planned.lacks {
        let (reason, verdict) = told(lack);
        found.add(reason, verdict);
    }
    found.fixes.extend(fixes(&planned.lacks));
    if planned.closure.cut {
        found.add(
            reason("unread", "more libraries are loaded than were followed"),
            AbiVerdict::Unknown,
        );
    }
    for lack in &planned.own_fabric {
        found.add(reason("fabric", told(lack).0.text), AbiVerdict::Degraded);
    }
    if !planned.own_fabric.is_empty() {
        let text = "what moves the messages on the host does not load in the image: the image's own is used, which may not know the network of this host";
        found.add(reason("fabric", text), AbiVerdict::Degraded);
    }
    for dead in &planned.parts.dead {
        let text = format!(
            "no part of {dead} of {} loads in the image",
            choice.family.name
        );
        found.add(reason("part", text), AbiVerdict::Fails);
    }
    for lame in &planned.parts.lame {
        for lack in &lame.lacks {
            let text = format!(
                "the part {} does not load: {}",
                lame.name,
                told(lack).0.text
            );
            found.add(reason("part", text), AbiVerdict::Degraded);
        }
        found.fixes.extend(fixes(&lame.lacks));
        if lame.name == intel::OPENS {
            let text = "without libfabric Intel's library moves messages within a node only: MPI_Init aborts where ranks are on several";
            found.add(reason("fabric", text), AbiVerdict::Degraded);
        }
    }
    for name in &planned.kept {
        let text = format!(
            "the host has no {name} beside its {}: the image's own is used with it",
            choice.family.name
        );
        found.add(reason("missing", text), AbiVerdict::Degraded);
    }
}

/// Whether the driver is new enough for what the image was built with.
fn of_driver(case: &Case<'_>, host_path: &str, found: &mut Found) {
    match driver::compare(case.image, host_path) {
        None => {}
        Some(Mismatch::TooOld { text, needs }) => {
            found.add(reason("driver", text), AbiVerdict::Fails);
            found.fixes.extend([
                "build the image with an older CUDA toolkit, or with its package cuda-compat (data centre GPUs only)".to_owned(),
                format!("install driver {needs} or newer on the host"),
            ]);
        }
        Some(Mismatch::Compatible { text, dir }) => {
            let text = format!(
                "{text}; the image has its own in {dir}, which works with data centre GPUs only"
            );
            found.add(reason("driver", text), AbiVerdict::Degraded);
            found.fixes.push(format!(
                "do not bind the host's, and set LD_LIBRARY_PATH={dir} in the container"
            ));
        }
    }
}

/// What is bound, and parts that are loaded later from directories.
fn binds(case: &Case<'_>, choice: &HostChoice<'_>, planned: &Planned) -> Vec<Bind> {
    let mut binds = Vec::new();
    let over = planned
        .injected
        .over
        .iter()
        .map(|(path, object)| (path.clone(), object));
    let beside = planned
        .injected
        .beside
        .iter()
        .map(|(name, object)| (format!("{PLACE}/{name}"), object));
    for (image, object) in over.chain(beside) {
        binds.push(Bind {
            host: case.host.outside(&object.real).display().to_string(),
            image: image.clone(),
        });
        for dir in parts::directories(choice.root, object, &image) {
            binds.push(Bind {
                host: case.host.outside(&dir.own).display().to_string(),
                image: dir.place,
            });
        }
    }
    binds
}
