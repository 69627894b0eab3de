//! Texts of a library of MPI in a program that has it in itself, and no table of symbols that tells.
//!
//! They were read from the libraries of MPICH 3.4 to 5.0, Intel MPI 2021.19 and Open MPI 4.1 to 6.0; a
//! program has to have both of one, so that what only speaks of an MPI is not taken for it.

use memchr::memmem;

use super::dynamic::{Loaded, PT_LOAD, Segment};
use super::texts::{self, has_texts};

/// The MPI, a text, and the beginning and the end of another: whole, it would be in this program, too.
const MARKS: &[(&str, &str, (&str, &str))] = &[
    ("MPICH", "MPICH Version:", ("MPIR_CVAR_", "ALLREDUCE")),
    (
        "Intel MPI",
        "Intel(R) MPI Library",
        ("I_MPI_", "ADJUST_ALLREDUCE"),
    ),
    ("Open MPI", "Open MPI v", ("mpi_", "param_check")),
];

/// The segments that hold the texts of a program: those that are only read, and the first, in which
/// older linkers put them.
pub(super) fn segments(all: &[Segment]) -> impl Iterator<Item = &Segment> {
    let first = all.iter().filter(|one| one.kind == PT_LOAD);
    let first = first.map(|one| one.offset).min();
    all.iter()
        .filter(move |one| has_texts(one) || (one.kind == PT_LOAD && Some(one.offset) == first))
}

/// The MPIs of which there are texts.
pub(super) fn of(loaded: &Loaded<'_>) -> Vec<&'static str> {
    let held = texts::of(loaded, segments(loaded.segments()));
    let has = |text: &str| {
        let mut held = held.iter();
        held.any(|bytes| memmem::find(bytes, text.as_bytes()).is_some())
    };
    let is_there = |(_, text, (begin, end)): &&(&str, &str, (&str, &str))| {
        has(text) && has(&[*begin, *end].concat())
    };
    let found = MARKS.iter().filter(is_there);
    found.map(|(name, _, _)| *name).collect()
}
