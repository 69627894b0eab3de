//! Proving a binding: a container is started as it is told to a runtime, and what the loader has
//! mapped for the program is compared with the host's files.
//!
//! Inside, our own program starts that of the image, stops it at its entry point, reads what is
//! mapped, and ends it: nothing of it runs. It brings its own libraries along, so that it works in
//! any image.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hpcctl_host::command::End;
use hpcctl_host::{Host, kit, trace};
use hpcctl_image::Linkage;
use hpcctl_model::abi::{Abi, Bind, InUse, Proof, ProofOutcome};
use serde::{Deserialize, Serialize};

use crate::builtin;
use crate::closure::PLACE;
use crate::emit::{Call, EMITS, Emit};
use crate::families::{Family, Kind};
use crate::root::HostRoot;
use crate::wanted::Wanted;

/// How long the loader may take at most.
const LOADING: Duration = Duration::from_secs(30);

/// How long it may take to remove one.
const REMOVING: Duration = Duration::from_secs(30);

/// Our own launcher, which needs nothing but the kernel.
pub const BUILTIN: &str = "builtin";

/// What stands in front of the line that the look inside prints.
const MARK: &str = "hpcctl-mapped ";

/// The largest library that is compared.
const LARGEST: u64 = 2 << 30;

/// What is to be proved.
#[derive(Debug)]
pub struct Proving<'p> {
    /// The verdicts with what is to be bound.
    pub abi: &'p Abi,
    /// The runtime, one of [`runtimes`].
    pub runtime: &'p str,
    /// Where the host's files are on this machine.
    pub host_root: &'p Path,
    /// What is bound in the place of what was found out.
    pub binds: &'p [Bind],
    /// How the runtime is called.
    pub call: &'p Call,
    /// Our own program, and the words that make it look from inside; a program follows.
    pub agent: &'p Path,
    /// Those words.
    pub words: &'p [String],
    /// How long a container may take, the loader in it half of that: a first start may unpack the
    /// image.
    pub deadline: Duration,
}

/// The names of the runtimes by which something can be proved.
pub fn runtimes() -> impl Iterator<Item = &'static str> {
    let starting = EMITS.iter().filter(|emit| emit.starts);
    [BUILTIN].into_iter().chain(starting.map(|emit| emit.name))
}

/// A library that is mapped, as it is told from inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mapped {
    pub(crate) soname: String,
    pub(crate) path: String,
    digest: String,
}

/// What is told from inside.
#[derive(Debug, Serialize, Deserialize)]
enum Told {
    Mapped(Vec<Mapped>),
    /// The loader did not load all of it.
    GaveUp(String),
    Failed(String),
}

/// Looks from inside, with a deadline for all of it: the line to print.
pub fn look(program: &str, deadline: Duration) -> String {
    let told = match trace::mapped(&[program.to_owned()], LOADING.min(deadline / 2)) {
        Ok(files) => {
            let libraries = files.into_iter().filter_map(|path| {
                let linkage = Linkage::open(Path::new(&path)).ok().flatten()?;
                let soname = linkage.soname?;
                Family::around(&soname)?;
                let digest = digest(Path::new(&path))?;
                Some(Mapped {
                    soname,
                    path,
                    digest,
                })
            });
            Told::Mapped(libraries.collect())
        }
        Err(error @ trace::MapError::Ended(_)) => Told::GaveUp(error.to_string()),
        Err(error) => Told::Failed(error.to_string()),
    };
    format!("{MARK}{}", serde_json::to_string(&told).unwrap_or_default())
}

fn digest(path: &Path) -> Option<String> {
    let small = fs::metadata(path).ok()?.len() <= LARGEST;
    small
        .then(|| hpcctl_image::file_digest(path).ok())
        .flatten()
}

/// Starts a container and compares.
pub fn prove(proving: &Proving<'_>, host: &dyn Host) -> Proof {
    let mut proof = Proof {
        runtime: proving.runtime.to_owned(),
        program: String::new(),
        outcome: ProofOutcome::Unknown,
        loaded: Vec::new(),
        because: Vec::new(),
    };
    let abi = here(proving.abi.clone(), &HostRoot::new(proving.host_root));
    let Some(mut wanted) = wanted(&abi, proving.binds, proving.call) else {
        proof
            .because
            .push("no library of the host works in the image, so that none is bound".into());
        return proof;
    };
    proof.program = wanted.program.path.clone();
    if wanted.program.module {
        let why = "programs load it as they run, and it is none: --program names one that needs the library itself";
        proof.because.push(why.to_owned());
        return proof;
    }
    if wanted.binds.is_empty() {
        let why = "nothing of the host is bound for it: the image's own is used, of which this proves nothing";
        proof.because.push(why.to_owned());
        return proof;
    }
    match started(proving, &mut wanted, host) {
        Ok(Told::Mapped(mapped)) => compare(&mut proof, &wanted, mapped),
        Ok(Told::GaveUp(why)) => {
            proof.outcome = ProofOutcome::Disproved;
            proof.because.push(why);
        }
        Ok(Told::Failed(why)) | Err(why) => proof.because.push(why),
    }
    proof
}

/// The host's files by their paths on this machine.
fn here(mut abi: Abi, root: &HostRoot) -> Abi {
    for row in &mut abi.bindings {
        let binds = row.binds.iter_mut().map(|bind| &mut bind.host);
        for path in binds.chain([&mut row.host_path]) {
            *path = root.outside(path).display().to_string();
        }
    }
    if !root.is_live() {
        // Devices of another node are not here.
        abi.gpus.clear();
        abi.devices.clear();
    }
    abi
}

fn wanted<'a>(abi: &'a Abi, binds: &[Bind], call: &'a Call) -> Option<Wanted<'a>> {
    if binds.is_empty() {
        return Wanted::of(abi, call);
    }
    let mut wanted = Wanted::of(abi, call).or_else(|| {
        let program = abi.programs.iter().find(|program| !program.static_mpi)?;
        Some(Wanted::bare(abi, program, call))
    })?;
    wanted.binds = binds.to_vec();
    wanted.environment = Vec::new();
    Some(wanted)
}

/// Starts the container with our own program beside; what that tells.
fn started(
    proving: &Proving<'_>,
    wanted: &mut Wanted<'_>,
    host: &dyn Host,
) -> Result<Told, String> {
    let failed = |error: std::io::Error| format!("cannot make a copy of this program: {error}");
    // Removed at the end, also where a runtime was killed.
    let temporary = tempfile::Builder::new()
        .prefix("hpcctl-abi-")
        .tempdir()
        .map_err(failed)?;
    let dir = fs::canonicalize(temporary.path()).map_err(failed)?;
    let own = dir.join("kit");
    kit::make(&own, proving.agent).map_err(failed)?;
    let inside = PathBuf::from(PLACE).join(".hpcctl");
    let mut words = kit::command(&own, &inside).map_err(failed)?;
    words.extend(proving.words.iter().cloned());
    words.push(wanted.program.path.clone());
    wanted.words = words;
    wanted.binds.push(Bind {
        host: own.display().to_string(),
        image: inside.display().to_string(),
        is_new: true,
    });
    let said = match Emit::named(proving.runtime) {
        Some(emit) => by_command(emit, wanted, &dir, host, proving.deadline)?,
        None => builtin::run(wanted, &dir, host, proving.deadline.min(LOADING * 2))?,
    };
    let line = said.lines().find_map(|line| line.split_once(MARK));
    let told = line.and_then(|(_, json)| serde_json::from_str(json).ok());
    told.ok_or_else(|| format!("{} said nothing of it: {}", proving.runtime, last(&said)))
}

/// What was said last, behind any warnings.
fn last(said: &str) -> &str {
    let mut lines = said.lines().rev().filter(|line| !line.trim().is_empty());
    lines.next().unwrap_or("no word").trim()
}

/// By what is printed for the runtime, given to a shell.
fn by_command(
    emit: &Emit,
    wanted: &mut Wanted<'_>,
    dir: &Path,
    host: &dyn Host,
    deadline: Duration,
) -> Result<String, String> {
    if emit.program_on(host).is_none() {
        return Err(format!("{} is not installed", emit.programs.join(" or ")));
    }
    let name = format!("hpcctl-abi-{}", std::process::id());
    wanted.once = Some(name.clone());
    let text = emit.render(wanted)?;
    // What it makes is removed with the rest, also where it is killed.
    let dir = hpcctl_host::shell::quoted(&dir.display().to_string());
    let script =
        format!("gathered={dir}; mktemp() {{ command mktemp -d \"$gathered/XXXXXX\"; }}\n{text}");
    let ran = host.run(&["sh", "-euc", &script], deadline);
    if emit.name == "podman" && ran.end == End::Deadline {
        host.run(&["podman", "rm", "--force", "--time=0", &name], REMOVING);
    }
    if ran.stdout.contains(MARK) {
        return Ok(ran.stdout);
    }
    Err(match ran.end {
        End::Deadline => format!("{} took longer than {} s", emit.name, deadline.as_secs()),
        _ => format!("{} failed: {}", emit.name, last(&ran.stderr)),
    })
}

/// Whether what is bound is what is mapped, for each name of the bindings.
fn compare(proof: &mut Proof, wanted: &Wanted<'_>, mapped: Vec<Mapped>) {
    let mut of_host: BTreeMap<String, &str> = BTreeMap::new();
    for bind in &wanted.binds {
        if let Some(digest) = digest(Path::new(&bind.host)) {
            of_host.insert(digest, &bind.host);
        }
    }
    proof.loaded = mapped
        .into_iter()
        .map(|one| InUse {
            host_path: of_host.get(&one.digest).map(|path| (*path).to_owned()),
            soname: one.soname,
            path: one.path,
        })
        .collect();
    let (mut because, late) = unused(wanted, &proof.loaded);
    for one in proof.loaded.iter().filter(|one| one.host_path.is_none()) {
        let family = Family::named(&one.soname).filter(|family| family.kind == Kind::Mpi);
        if family.is_some() {
            because.push(format!(
                "{} of the image is in use, at {}",
                one.soname, one.path
            ));
        }
    }
    if proof.loaded.is_empty() && late.is_empty() {
        because.push("no library of MPI, of a fabric or of a GPU was loaded".into());
    }
    because.sort();
    because.dedup();
    proof.outcome = match (because.is_empty(), late.is_empty()) {
        (true, true) => ProofOutcome::Proved,
        (true, false) => ProofOutcome::Unknown,
        (false, _) => ProofOutcome::Disproved,
    };
    because.extend(late);
    proof.because = because;
}

/// What is bound and was not loaded: what should have been by now, and what may be as the program runs,
/// which it did not.
fn unused(wanted: &Wanted<'_>, loaded: &[InUse]) -> (Vec<String>, Vec<String>) {
    let in_use = |path: &str| {
        let mut loaded = loaded.iter();
        loaded.any(|one| one.host_path.as_deref() == Some(path))
    };
    let is_own = |one: &InUse| {
        let family = Family::named(&one.soname).map(|family| family.kind);
        one.host_path.is_none() && family == Some(Kind::Gpu)
    };
    // The runtime library of CUDA opens that of the driver.
    let may_come = !loaded.iter().any(is_own);
    let (mut because, mut late) = (Vec::new(), Vec::new());
    for bind in &wanted.binds {
        let linkage = Linkage::open(Path::new(&bind.host)).ok().flatten();
        let kind = linkage.and_then(|linkage| Family::of(&linkage).map(|family| family.kind));
        let mut rows = wanted.bindings.iter();
        let counts = kind == Some(Kind::Mpi) || rows.any(|row| row.host_path == bind.host);
        let (host, image) = (&bind.host, &bind.image);
        match kind {
            _ if !counts || in_use(host) => {}
            Some(Kind::Gpu) if may_come => late.push(format!(
                "{host} is bound at {image}, and is loaded as the program runs at the earliest"
            )),
            _ => because.push(format!("{host} is bound at {image}, and was not loaded")),
        }
    }
    (because, late)
}
