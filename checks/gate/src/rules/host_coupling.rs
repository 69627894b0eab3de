//! `host.coupling`: whether the image works with the libraries of the host that it is run on.

use super::{Raised, Rule};
use crate::case::Context;
use crate::evidence::{ABI, Evidence};

pub(super) static RULE: Rule = Rule {
    id: "host.coupling",
    title: "how the image fits the libraries of a host",
    manual: "\
A parallel program is fast with the MPI, the fabric and the driver of the machine. They are bound
into the container, and work there only where the C library of the image is new enough and the
family of the MPI is the same. With musl none of a host with glibc works.

Judged by the results of `hpcctl abi REF -o json` that --result hands in: each name that programs
need and for which no library of that host works in full is told, and so are a proof that failed, what
a result leaves open, such as programs that it was not asked for, and a result about another image. Without such a result the packages are looked at: an MPI in an image of musl is told.

Do what `hpcctl abi` says of it: mostly, build on a base with a newer C library, or with the MPI of
the family that the host has.",
    fixed: false,
    look,
    clean: |_| "nothing that is known speaks against the libraries of a host".into(),
};

/// Packages of an MPI, as distributions, conda and PyPI name them.
const MPI: &[&str] = &[
    "impi-rt",
    "impi_rt",
    "libmpich12",
    "libopenmpi3",
    "libopenmpi3t64",
    "libopenmpi40",
    "mpich",
    "mvapich2",
    "openmpi",
    "openmpi-libs",
];

fn look(context: &Context<'_>) -> Vec<Raised> {
    let digest = context.case.scan.image.digest.as_deref();
    let results = context.case.results.iter();
    let results: Vec<&Evidence> = results.filter(|result| result.kind == ABI).collect();
    if results.is_empty() {
        return of_packages(context).into_iter().collect();
    }
    let told = results
        .into_iter()
        .flat_map(|result| match result.is_about(digest) {
            true => result
                .against
                .iter()
                .map(|text| told(result, text))
                .collect(),
            false => vec![elsewhere(result)],
        });
    told.collect()
}

/// An MPI beside musl.
fn of_packages(context: &Context<'_>) -> Option<Raised> {
    let packages = &context.case.scan.packages;
    packages.iter().find(|package| package.name == "musl")?;
    let is_glibc = |name: &str| ["libc6", "glibc"].contains(&name);
    if packages.iter().any(|package| is_glibc(&package.name)) {
        return None;
    }
    let mpi = packages
        .iter()
        .find(|package| MPI.contains(&package.name.as_str()))?;
    Some(Raised {
        text: format!(
            "{} is there with musl: no library of a host with glibc works in the image.",
            mpi.name
        ),
        package: Some(mpi.purl.clone()),
        remedy: "Build on a base with glibc, or use the MPI of the image alone.".into(),
        ..Raised::default()
    })
}

fn told(result: &Evidence, text: &str) -> Raised {
    Raised {
        text: format!("{text} ({})", result.file),
        remedy: "`hpcctl abi` on that host says what to do.".into(),
        ..Raised::default()
    }
}

fn elsewhere(result: &Evidence) -> Raised {
    Raised {
        text: format!("{} does not say that it is about this image.", result.file),
        remedy: "Run `hpcctl abi` on this image, and hand in its JSON with --result.".into(),
        ..Raised::default()
    }
}
