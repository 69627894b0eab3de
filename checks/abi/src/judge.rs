//! The verdict on a library of the host in the place of a name that a program of the image needs.

use std::collections::BTreeSet;

use hpcctl_image::LinkedImage;
use hpcctl_model::abi::{AbiVerdict, Bind, Reason};

use crate::check::Lack;
use crate::closure::{Injected, PLACE};
use crate::driver::{self, Mismatch};
use crate::families::Family;
use crate::intel;
use crate::libc::Libc;
use crate::parts;
use crate::plan::{self, HostChoice, Planned};
use crate::programs::Using;
use crate::reasons::{fixes, reason, told};
use crate::root::{HostRoot, Object};
use crate::search::{Search, directory};
use crate::unread::Unread;

/// What the verdicts are made from.
pub(crate) struct Case<'a> {
    pub(crate) image: &'a LinkedImage,
    pub(crate) host: &'a HostRoot,
    pub(crate) library_path: &'a str,
    pub(crate) programs: &'a [Using],
    pub(crate) choices: &'a [HostChoice<'a>],
    /// Files of the image that could not be read.
    pub(crate) unread: &'a Unread,
}

/// The verdict on a library for one program.
pub(crate) fn one(
    case: &Case<'_>,
    choice: &HostChoice<'_>,
    using: &Using,
    name: &str,
    wanted: Option<&Family>,
) -> Found {
    let mut found = Found::default();
    let search = search(case, &using.object);
    let alone = crate::closure::Closure::of(&using.object, &search, &Injected::default());
    found.own = alone.named(name).map(|loaded| loaded.object.real.clone());
    if let Some((reason, fix)) = impossible(case, choice, using, name, wanted) {
        found.add(reason, AbiVerdict::Fails);
        found.fixes.extend(fix);
        return found;
    }
    let planned = plan::plan(&using.object, name, choice, &search);
    judge(case, &planned, choice, &mut found);
    of_itself(case, using, &planned, &mut found);
    if name == driver::DRIVER {
        let host_path = case.host.outside(&choice.object.real).display().to_string();
        of_driver(case, &host_path, &mut found);
    }
    found.binds = binds(case, choice, &planned);
    if !planned.injected.beside.is_empty() {
        let more = if case.library_path.is_empty() {
            ""
        } else {
            ":"
        };
        let path = format!("LD_LIBRARY_PATH={PLACE}{more}{}", case.library_path);
        found.environment = vec![path];
    }
    found
}

pub(crate) fn search<'a>(case: &Case<'a>, object: &Object) -> Search<'a> {
    let libc = Libc::of(&object.linkage).unwrap_or(Libc::Glibc);
    Search::new(case.image, libc, object, case.library_path)
}

/// What was found of a library for a program.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) verdict: Option<AbiVerdict>,
    pub(crate) because: BTreeSet<Reason>,
    pub(crate) fixes: Vec<String>,
    /// The file of the image that it replaces.
    pub(crate) own: Option<String>,
    pub(crate) binds: Vec<Bind>,
    pub(crate) environment: Vec<String>,
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

fn judge(case: &Case<'_>, planned: &Planned, choice: &HostChoice<'_>, found: &mut Found) {
    let (unread, lacks): (Vec<Lack>, Vec<Lack>) = planned
        .lacks
        .iter()
        .cloned()
        .partition(|lack| case.unread.is_why(lack));
    for lack in &unread {
        found.add(case.unread.told(lack), AbiVerdict::Unknown);
    }
    for lack in &lacks {
        let (reason, verdict) = told(lack);
        found.add(reason, verdict);
    }
    found.fixes.extend(fixes(&lacks));
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

/// What the program lacks without the host's library, too. What others load as they run may find
/// it there by then.
fn of_itself(case: &Case<'_>, using: &Using, planned: &Planned, found: &mut Found) {
    if using.object.linkage.interpreter.is_none() {
        return;
    }
    for lack in &planned.own_lacks {
        let Lack::Library { name, .. } = lack else {
            continue;
        };
        let program = &using.object.real;
        if case.unread.is_why(lack) {
            found.add(case.unread.told(lack), AbiVerdict::Unknown);
            continue;
        }
        let mut files = case.image.files().map(|(file, _)| case.image.path(file));
        match files.find(|path| path.rsplit('/').next() == Some(name)) {
            Some(path) => {
                let text = format!(
                    "{program} needs {name}, which lies at {path}, where its loader does not look"
                );
                found.add(reason("path", text), AbiVerdict::Degraded);
                found.fixes.push(format!(
                    "set LD_LIBRARY_PATH={} in the container, too",
                    directory(&path)
                ));
            }
            None => {
                let text = format!(
                    "{program} does not start by itself: it needs {name}, which is not in the image"
                );
                found.add(reason("missing", text), AbiVerdict::Fails);
                found.fixes.push(format!("install {name} in the image"));
            }
        }
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
    let mut add = |host: &str, image: String| {
        binds.push(Bind {
            host: case.host.outside(host).display().to_string(),
            is_new: case.image.find(&image).is_none(),
            image,
        });
    };
    for (image, object) in over.chain(beside) {
        add(&object.real, image.clone());
        for dir in parts::directories(choice.root, object, &image) {
            add(&dir.own, dir.place);
        }
    }
    binds
}
