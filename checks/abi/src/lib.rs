//! Will the host's MPI, fabric and GPU libraries work in an image?
//!
//! Both sides are read, nothing is run: the programs of the image that use such a library, all
//! that the loader would load for them with the host's library in the place of their own, and
//! what it would compare then: machines, versions, symbols. The loader stops at the first thing
//! that is missing; here all are told.

mod builtin;
mod cache;
mod check;
mod closure;
mod comments;
mod compat;
mod devices;
mod driver;
mod emit;
mod environment;
mod families;
mod gpu;
mod host;
mod hwcaps;
mod intel;
mod judge;
mod launchers;
mod libc;
mod measured;
mod parts;
mod plan;
mod programs;
mod prove;
mod reasons;
mod root;
mod rows;
mod search;
mod served;
mod unread;
mod wanted;
mod ways;

use std::path::{Path, PathBuf};

use hpcctl_host::Host;
use hpcctl_image::LinkedImage;
use hpcctl_model::Unknown;
use hpcctl_model::abi::{Abi, AbiImage, AbiVerdict, Binding, HostLibrary, Program, Variable};

pub use emit::{Call, EMITS, Emit, EmitError, Mpi};
pub use families::{FAMILIES, Family, Kind};
pub use measured::Given;
pub use prove::{BUILTIN, Proving, look, prove, runtimes};
pub use served::served;
pub use ways::{HOST_LAUNCHER, HOST_LIBRARY};

use crate::libc::Libc;
use crate::root::{HostRoot, Root};
use crate::unread::Unread;

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A library of the host cannot be read.
    #[error("{0} cannot be read, or is no library")]
    Unreadable(PathBuf),
    /// A file is no library that stands for one of an image.
    #[error("{0} is no library that is bound into images: its name is {1:?}")]
    NotReplaceable(PathBuf, String),
    /// A program is not there, or uses nothing that is judged.
    #[error("nothing is said of {0} in the image: {1}")]
    NoProgram(String, String),
    /// The host's files are not there.
    #[error("{0} is no directory that a host's files could be in")]
    NoRoot(PathBuf),
    /// A directory has none.
    #[error("no library of an MPI, a fabric or a GPU is in {0}")]
    NoLibrary(PathBuf),
    /// A report says nothing of the image.
    #[error("{0} says nothing of this image: {1}")]
    NoMeasurement(String, String),
}

/// What is asked.
pub struct Question<'q> {
    /// The image.
    pub image: &'q LinkedImage,
    /// The host.
    pub host: &'q dyn Host,
    /// The root of the host's files.
    pub host_root: &'q Path,
    /// Libraries of the host, or directories with them; all that are found where none is named.
    pub libraries: &'q [PathBuf],
    /// The programs of the image that are judged; all that use such a library where none is named.
    pub programs: &'q [String],
    /// What was measured of the ways to use MPI.
    pub measured: &'q [Given],
}

/// What was found, and what could not be found out.
#[derive(Debug)]
pub struct Judged {
    /// The report's result.
    pub abi: Abi,
    /// What could not be read, and why.
    pub unknowns: Vec<Unknown>,
}

/// Judges what can be bound.
///
/// # Errors
///
/// When a library that is named cannot be read, or is none; when a report is of another MPI.
pub fn judge(question: &Question<'_>) -> Result<Judged, Error> {
    let image = question.image;
    if !question.host_root.is_dir() {
        return Err(Error::NoRoot(question.host_root.to_owned()));
    }
    let root = HostRoot::new(question.host_root);
    let choices = host::choices(&root, question.host, question.libraries)?;
    let asked = asked_for(question)?;
    let programs = asked.programs;
    let mut unknowns = image.unknowns.clone();
    let mut doubtful = programs::doubtful(image, &programs);
    if !question.programs.is_empty() {
        let is_asked = |path: &str| programs.iter().any(|using| using.object.real == path);
        doubtful.retain(|one| is_asked(&one.what));
    }
    let unread = Unread::of(image);
    if asked.is_cut {
        unknowns.push(Unknown::new(
            "programs",
            format!("only the first {} were judged", programs.len()),
        ));
    }
    let case = judge::Case {
        image,
        host: &root,
        programs: &programs,
        choices: &choices,
        unread: &unread,
    };
    let bindings = rows::bindings(&case);
    let environment = variables(&programs, &choices, &bindings);
    let of_gpus = gpu::of(&root, &programs, &bindings);
    let partial = partial(&choices, &bindings);
    let is_known = of_gpus.unknowns.is_empty() && doubtful.is_empty();
    let is_whole = !asked.is_cut && partial.is_none() && is_known;
    let mut abi = Abi {
        image: about(image, &programs),
        programs: programs.iter().map(listed).collect(),
        left_out: asked.left_out,
        complete: is_whole && !unread.touches(&case),
        host: choices.iter().map(of_host).collect(),
        devices: devices::of_networks(&root, &programs),
        gpus: of_gpus.gpus,
        bindings,
        ways: Vec::new(),
        environment,
        proof: None,
    };
    let partial = partial.into_iter().chain(doubtful);
    unknowns.extend(partial.chain(of_gpus.unknowns));
    abi.ways = ways::ways(&case, question.host, &abi, question.measured)?;
    Ok(Judged { abi, unknowns })
}

/// A library of the host in the report.
fn of_host(choice: &plan::HostChoice<'_>) -> HostLibrary {
    HostLibrary {
        path: choice.object.real.clone(),
        soname: choice.object.linkage.soname.clone().unwrap_or_default(),
        family: choice.family.name.to_owned(),
        libc: libc::floor(&choice.object.linkage).map(str::to_owned),
    }
}

/// A program in the report.
fn listed(using: &programs::Using) -> Program {
    Program {
        path: using.object.real.clone(),
        needs: using.needs.clone(),
        static_mpi: using.static_mpi,
        module: using.is_module(),
        opens: using.opens.clone(),
        own: using.own.clone(),
    }
}

/// What the host's files lack of its C library, so that parts of what can be bound do not load there.
fn partial(choices: &[plan::HostChoice<'_>], bindings: &[Binding]) -> Option<Unknown> {
    let is_judged = |choice: &&plan::HostChoice<'_>| {
        let mut rows = bindings.iter();
        rows.any(|row| row.host_path == choice.object.real)
    };
    let mut judged = choices.iter().filter(is_judged);
    let choice = judged.find(|choice| !choice.lost.is_empty())?;
    let lost: Vec<&str> = choice.lost.iter().map(String::as_str).collect();
    let why = format!(
        "not among the host's files, and parts of {} need it: they are left out, with all that they would bring along",
        choice.object.real
    );
    Some(Unknown::new(lost.join(", "), why))
}

/// The programs that are judged.
struct AskedFor {
    programs: Vec<programs::Using>,
    /// Those that are not, though they use such a library.
    left_out: Vec<String>,
    /// Whether there are more than were looked at.
    is_cut: bool,
}

fn asked_for(question: &Question<'_>) -> Result<AskedFor, Error> {
    let image = question.image;
    let (mut programs, is_cut) = programs::using(image);
    let mut left_out = Vec::new();
    if !question.programs.is_empty() {
        let mut asked = Vec::new();
        for path in question.programs {
            let object = Root::find(image, path).map(|object| object.real);
            let is_using = |real: &String| programs.iter().any(|using| using.object.real == *real);
            let real = object.filter(is_using);
            asked.push(real.ok_or_else(|| Error::NoProgram(path.clone(), why_not(image, path)))?);
        }
        let is_asked = |using: &programs::Using| asked.contains(&using.object.real);
        let others = programs.iter().filter(|using| !is_asked(using));
        left_out = others.map(|using| using.object.real.clone()).collect();
        programs.retain(is_asked);
    }
    Ok(AskedFor {
        programs,
        left_out,
        is_cut,
    })
}

/// Why a program is none that is judged.
fn why_not(image: &LinkedImage, path: &str) -> String {
    let Some(file) = image.find(path) else {
        return "it is not there, or a link that leads nowhere".to_owned();
    };
    let real = image.path(file);
    let unread = image.unknowns.iter().find(|unknown| unknown.what == real);
    match (unread, image.linkage(file)) {
        (Some(unknown), _) => format!("it could not be read: {}", unknown.why),
        (None, Some(linkage)) if !linkage.marks.is_empty() => programs::has_texts(linkage),
        (None, None) => "it is no ELF file; of a script, name the program that runs it".to_owned(),
        (None, Some(_)) => "it needs no library of MPI, of a fabric or of a GPU".to_owned(),
    }
}

/// The variables that matter for what the programs need, and for what can be bound.
fn variables(
    programs: &[programs::Using],
    choices: &[plan::HostChoice<'_>],
    bindings: &[Binding],
) -> Vec<Variable> {
    let asked = programs.iter().flat_map(|using| &using.needs);
    let mut families: Vec<&Family> = asked.filter_map(|name| Family::named(name)).collect();
    let is_bound = |choice: &&plan::HostChoice<'_>| {
        bindings.iter().any(|binding| {
            binding.host_path == choice.object.real && binding.verdict <= AbiVerdict::Degraded
        })
    };
    for choice in choices.iter().filter(is_bound) {
        families.push(choice.family);
        if launchers::is_mpt(choice.family, &choice.closure) {
            families.extend(Family::named(families::MPT));
        }
    }
    environment::crossing(&families)
}

fn about(image: &LinkedImage, programs: &[programs::Using]) -> AbiImage {
    let first = programs.first().map(|using| using.object.clone());
    let any = || {
        let mut files = image
            .files()
            .filter(|(_, linkage)| linkage.interpreter.is_some());
        files.find_map(|(file, _)| Root::find(image, &image.path(file)))
    };
    let program = first.or_else(any);
    let libc = program.as_ref().map(|object| {
        let libc = Libc::of(&object.linkage).unwrap_or(Libc::Glibc);
        let search = search::Search::new(image, libc, object, "");
        let asking = search::Asking {
            object,
            origin: "",
            chain: &[],
        };
        // Also a program that does without has it beside.
        let (before, after) = search.places("libc.so.6", &asking);
        let mut places = before.iter().chain(&after);
        let found = places.find_map(|path| Root::find(image, path));
        let found = found.filter(|_| libc == Libc::Glibc);
        let newest = found
            .as_ref()
            .and_then(|found| libc::newest(&found.linkage));
        newest.map_or_else(
            || libc.name().to_owned(),
            |version| format!("glibc {version}"),
        )
    });
    AbiImage {
        reference: image.reference.clone(),
        digest: image.digest.clone(),
        libc,
        machine: program.map(|object| object.linkage.machine_name()),
        empty: image.empty_directory(),
    }
}
