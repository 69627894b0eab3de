//! The verdict on a library of the host in the place of a name that a program of the image needs.

use std::collections::BTreeSet;

use hpcctl_image::LinkedImage;
use hpcctl_model::abi::{AbiVerdict, Bind, Reason};

use crate::check::Lack;
use crate::closure::{Closure, Injected, PLACE};
use crate::compat;
use crate::driver;
use crate::families::{Among, Family};
use crate::intel;
use crate::libc::Libc;
use crate::parts;
use crate::plan::{self, Choices, HostChoice, Planned};
use crate::programs::Using;
use crate::reasons::{fixes, is_of_host, own_fixes, reason, told};
use crate::root::{HostRoot, Object};
use crate::search::{Search, directory};
use crate::unread::Unread;

/// What the verdicts are made from.
pub(crate) struct Case<'a> {
    pub(crate) image: &'a LinkedImage,
    pub(crate) host: &'a HostRoot,
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
    let search = Search::of_image(case.image, &using.object);
    let alone = Closure::of(&using.object, &search, &Injected::default());
    found.own = alone.named(name).map(|loaded| loaded.object.real.clone());
    if let Some((reason, fix)) = impossible(choice, using, name, wanted) {
        found.add(reason, AbiVerdict::Fails);
        found.fixes.extend(fix);
        return found;
    }
    let choices = Choices {
        choice,
        all: case.choices,
    };
    if choice.family.among == Among::Untold && !choice.is_same(name) {
        untold(choice, name, &mut found);
    }
    let mut planned = plan::plan(&using.object, name, choices, &search, &alone);
    let is_driver = name == driver::DRIVER;
    let driver = match is_driver {
        true => Some(&choice.object),
        false => planned.injected.beside.get(driver::DRIVER),
    };
    let mut of_driver = Found::default();
    let package = driver.and_then(|object| compat::of_driver(case, &object.real, &mut of_driver));
    // What is left out lacks nothing.
    if !is_driver || package.is_none() {
        judge(case, &planned, choice, &mut found);
    }
    let own = of_itself(case, &using.object, &planned.own_lacks);
    if own.verdict == Some(AbiVerdict::Fails) {
        found.fixes.retain(|fix| !is_of_host(fix));
    }
    found.take(own);
    found.take(of_driver);
    let package = package.map(|path| {
        compat::leave_driver(&mut planned.injected, choice, name);
        compat::load(case, using, &search, &path, &mut found)
    });
    found.binds = binds(case, choice, &planned);
    let beside = planned.injected.beside.keys();
    let mut names: Vec<&str> = beside.map(String::as_str).collect();
    let mut dirs = Vec::new();
    if !names.is_empty() {
        dirs.push(PLACE.to_owned());
    }
    if let Some(dir) = package {
        dirs.push(dir);
        names.push(driver::DRIVER);
    }
    if !names.is_empty() {
        found.environment = vec![library_path(case.image, &dirs)];
        privileged(case, using, &names, &mut found);
    }
    found
}

/// The variable by which what these directories have is found before the image's other libraries.
fn library_path(image: &LinkedImage, dirs: &[String]) -> String {
    let own = image.env.get("LD_LIBRARY_PATH");
    let own = own.filter(|own| !own.is_empty()).into_iter();
    let dirs: Vec<&str> = dirs.iter().chain(own).map(String::as_str).collect();
    format!("LD_LIBRARY_PATH={}", dirs.join(":"))
}

/// Of a library nobody says whether it stands for the one of a name.
fn untold(choice: &HostChoice<'_>, name: &str, found: &mut Found) {
    let text = format!(
        "{} is made for another compiler, or another series of it, than {name}: whether the one stands for the other is not known",
        choice.object.real
    );
    found.add(reason("family", text), AbiVerdict::Unknown);
    let fix = format!("name the host's {name} by --host-lib");
    found.fixes.push(fix);
}

/// The loader of a program that runs as another user takes no notice of that variable.
fn privileged(case: &Case<'_>, using: &Using, names: &[&str], found: &mut Found) {
    let program = &using.object.real;
    let file = case.image.find(program);
    if !file.is_some_and(|file| case.image.is_set_id(file)) {
        return;
    }
    let text = format!(
        "{program} is set-user-id or set-group-id: where the runtime honours that, its loader takes no notice of LD_LIBRARY_PATH, by which it finds {}",
        names.join(", ")
    );
    found.add(reason("path", text), AbiVerdict::Degraded);
    let fix = "start it without new privileges, as Charliecloud and Apptainer do, and podman with --security-opt no-new-privileges";
    found.fixes.push(fix.to_owned());
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
    pub(crate) fn add(&mut self, reason: Reason, verdict: AbiVerdict) {
        self.because.insert(reason);
        self.verdict = self.verdict.max(Some(verdict));
    }

    /// Adds what else was found.
    fn take(&mut self, other: Self) {
        self.verdict = self.verdict.max(other.verdict);
        self.because.extend(other.because);
        self.fixes.extend(other.fixes);
    }
}

/// What no binding can help, with what does.
fn impossible(
    choice: &HostChoice<'_>,
    using: &Using,
    name: &str,
    wanted: Option<&Family>,
) -> Option<(Reason, Vec<String>)> {
    let (program, library) = (&using.object, &choice.object);
    let file = &library.real;
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
    // One that needs no C library is made for none.
    let own = Libc::of(&library.linkage).filter(|own| *own != libc);
    if let Some(own) = own {
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
    if let Among::Others(source) = choice.family.among
        && !choice.is_same(name)
    {
        let family = choice.family.name;
        let text = format!(
            "{name} and {file} are of different releases of {family}: the one does not stand for the other ({source})"
        );
        let mut fix = vec![format!(
            "load a release on the host that has {name}, or build the program with that of the host"
        )];
        if using.own.iter().any(|own| own == name) {
            fix.insert(0, format!("leave the image's own {name} in its place"));
        }
        return Some((reason("family", text), fix));
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
    cut(&planned.closure, found);
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
    for left in plan::left(&planned.closure, choice) {
        let text = format!("{} is loaded from the image all the same", left.object.real);
        found.add(reason("path", text), AbiVerdict::Fails);
    }
    for name in &planned.kept {
        let text = format!(
            "the host has no {name} beside its {}: the image's own is used with it",
            choice.family.name
        );
        found.add(reason("missing", text), AbiVerdict::Degraded);
    }
}

/// Tells where more is loaded than was followed.
pub(crate) fn cut(closure: &Closure, found: &mut Found) {
    if closure.cut {
        let text = "more libraries are loaded than were followed";
        found.add(reason("unread", text), AbiVerdict::Unknown);
    }
}

/// What keeps a program from starting with the libraries that it has in the image. What others load
/// as they run may find all by then.
pub(crate) fn of_itself(case: &Case<'_>, program: &Object, lacks: &[Lack]) -> Found {
    let mut found = Found::default();
    if program.linkage.interpreter.is_none() {
        return found;
    }
    let file = case.image.find(&program.real);
    if file.is_some_and(|file| !case.image.is_executable(file)) {
        let text = format!(
            "{} does not start: its mode lets nobody run it",
            program.real
        );
        found.add(reason("path", text), AbiVerdict::Fails);
        found
            .fixes
            .push(format!("chmod +x {} in the image", program.real));
    }
    for lack in lacks.iter().filter(|lack| !lack.is_late()) {
        match lack {
            _ if case.unread.is_why(lack) => {
                found.add(case.unread.told(lack), AbiVerdict::Unknown);
            }
            Lack::Library { name, by, .. } => nowhere(case, program, (name, by), &mut found),
            Lack::Version { .. } | Lack::Symbol { .. } => {
                let (reason, verdict) = told(lack);
                let text = format!("{} does not start by itself: {}", program.real, reason.text);
                found.add(self::reason(&reason.rule, text), verdict);
                found.fixes.extend(own_fixes(lack));
            }
            Lack::Room { .. } | Lack::Unread { .. } => {}
        }
    }
    found
}

/// A library that the loader does not find in the image, and who asks for it.
fn nowhere(case: &Case<'_>, program: &Object, (name, by): (&str, &str), found: &mut Found) {
    // One for another machine is none.
    let files = case.image.files();
    let files = files.filter(|(_, linkage)| linkage.fits(&program.linkage));
    let mut files = files.map(|(file, _)| case.image.path(file));
    let program = &program.real;
    let it = if by == program { "it" } else { by };
    match files.find(|path| path.rsplit('/').next() == Some(name)) {
        Some(path) => {
            let text =
                format!("{by} needs {name}, which lies at {path}, where its loader does not look");
            found.add(reason("path", text), AbiVerdict::Degraded);
            found.fixes.push(format!(
                "set LD_LIBRARY_PATH={} in the container, too",
                directory(&path)
            ));
        }
        None => {
            let text = format!(
                "{program} does not start by itself: {it} needs {name}, which is not in the image"
            );
            found.add(reason("missing", text), AbiVerdict::Fails);
            found.fixes.push(format!("install {name} in the image"));
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
            host: host.to_owned(),
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
