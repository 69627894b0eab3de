//! What `bench mpi` found of a way to use MPI. A report is of a way where the library that its ranks
//! used inside is the one of that way: by its digest, or by its path in an image of that name. Whose
//! launcher started them the report says itself.

use hpcctl_image::{LinkedImage, Reference, file_digest};
use hpcctl_model::Envelope;
use hpcctl_model::abi::{Measured, MeasuredFigure};
use hpcctl_model::bench::{Bench, MpiLibrary};

use crate::Error;
use crate::families::{Family, Kind};
use crate::judge::Case;
use crate::ways::{CONTAINER_ONLY, HOST_LAUNCHER, HOST_LIBRARY, OfLibrary};

/// A report that was handed in.
#[derive(Debug)]
pub struct Given {
    /// The file that it was read from.
    pub file: String,
    /// What it says.
    pub report: Envelope<Bench>,
}

/// What the names of MPI's figures begin with.
const FIGURES: &str = "mpi.";

/// Tells of each way what was found of it.
///
/// # Errors
///
/// When a report is not of MPI, or of another one than those of the ways.
pub(crate) fn tell(
    case: &Case<'_>,
    given: &[Given],
    all: &mut [OfLibrary<'_>],
) -> Result<(), Error> {
    for one in given {
        let of_none = |what: &str| Error::NoMeasurement(one.file.clone(), what.to_owned());
        let measured = measured(one).ok_or_else(|| of_none("it has no figures of MPI"))?;
        let used = one.report.result.mpi.as_ref();
        let inside = &used
            .ok_or_else(|| of_none("it does not tell which library was used"))?
            .inside;
        let is_own = |of: &OfLibrary<'_>| is_of_image(case.image, one, inside, of.own.as_deref());
        let of_host = of_host(case, inside);
        let is_swapped =
            |of: &OfLibrary<'_>| of_host.is_some() && of_host == of.soname.and_then(Family::named);
        let by_launcher = one.report.result.plan.mpi.as_deref() == Some(HOST_LAUNCHER);
        let (at, name) = match (all.iter().position(is_own), of_host) {
            (Some(at), _) if by_launcher => (Some(at), HOST_LAUNCHER),
            (Some(at), _) => (Some(at), CONTAINER_ONLY),
            (None, Some(_)) => (all.iter().position(is_swapped), HOST_LIBRARY),
            (None, None) => {
                let what = format!(
                    "its ranks used {} inside, which is neither the image's own library nor one of the host's that were judged",
                    inside.says
                );
                return Err(of_none(&what));
            }
        };
        let of = at.and_then(|at| all.get_mut(at));
        let way = of.and_then(|of| of.ways.iter_mut().find(|way| way.way == name));
        way.ok_or_else(|| of_none("no program of the image uses such an MPI"))?
            .measured
            .push(measured);
    }
    Ok(())
}

fn measured(one: &Given) -> Option<Measured> {
    let bench = &one.report.result;
    let rows = bench.comparisons.iter();
    let rows = rows.filter(|row| row.metric.starts_with(FIGURES));
    let figures: Vec<MeasuredFigure> = rows
        .map(|row| MeasuredFigure {
            metric: row.metric.clone(),
            ratio: row.ratio,
            verdict: row.verdict,
        })
        .collect();
    let says = |library: &MpiLibrary| library.says.clone();
    let mpi = bench.mpi.as_ref();
    (!figures.is_empty()).then(|| Measured {
        file: one.file.clone(),
        started_at: one.report.started_at.clone(),
        node: one.report.host.name.clone(),
        runtime: format!("{}, network {}", bench.plan.runtime, bench.plan.network),
        inside: mpi.map(|mpi| says(&mpi.inside)).unwrap_or_default(),
        outside: mpi.map(|mpi| says(&mpi.outside)).unwrap_or_default(),
        figures,
    })
}

/// Whether the library is the image's own.
fn is_of_image(image: &LinkedImage, one: &Given, used: &MpiLibrary, own: Option<&str>) -> bool {
    let Some(real) = own else { return false };
    let in_directory = image.reference.split_once(':').and_then(|(kind, root)| {
        let is_directory = kind == "dir" || kind == "apptainer-sandbox";
        is_directory.then(|| format!("{root}{real}"))
    });
    match in_directory.and_then(|file| file_digest(file.as_ref()).ok()) {
        Some(digest) => used.digest.as_ref() == Some(&digest),
        None => {
            let measured = one.report.result.plan.image.as_deref();
            let is_named = measured.is_some_and(|name| {
                let read = name.parse::<Reference>();
                name == image.reference || read.is_ok_and(|it| it.to_string() == image.reference)
            });
            is_named && used.file.as_deref() == Some(real)
        }
    }
}

/// The family of the library of the host that it is; none where it is none of those.
fn of_host(case: &Case<'_>, used: &MpiLibrary) -> Option<&'static Family> {
    let mut choices = case.choices.iter();
    let found = choices.find(|choice| {
        let file = case.host.outside(&choice.object.real);
        choice.family.kind == Kind::Mpi
            && file_digest(&file).ok() == used.digest
            && used.digest.is_some()
    });
    found.map(|choice| choice.family)
}
