//! `mpi.families`: which MPI libraries does the node have?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, mpi};

/// The row.
pub static PROBE: Probe = Probe {
    id: "mpi.families",
    manual: Manual {
        title: "MPI libraries of the node",
        what: "Which MPI libraries are there, and of which family: the MPICH ABI (MPICH, Intel MPI, MVAPICH, Cray MPICH), Open MPI, or the common ABI of MPI 5.",
        why: "A library of the node can replace that of an image only within a family: libmpi.so.12 replaces libmpi.so.12, never libmpi.so.40. Debian calls that of MPICH libmpich.so.12.",
        how: "Looks for the sonames in the directories of LD_LIBRARY_PATH, MPI_HOME, MPI_ROOT, I_MPI_ROOT, CRAY_MPICH_DIR and the usual library directories; only names are looked at.",
        user: "Load the module of the MPI of the site, then look again.",
        admin: "",
        refs: &[
            "https://www.mpich.org/abi/",
            "https://docs.open-mpi.org/",
            "https://cpe.ext.hpe.com/docs/",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    mpi::libraries(site)
        .into_iter()
        .fold(Reading::new(), |reading, (path, family)| {
            reading.fact(&path, family.name)
        })
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let mut families: Vec<&str> = reading
        .facts
        .iter()
        .map(|(_, family)| family.as_str())
        .collect();
    families.sort_unstable();
    families.dedup();
    match reading.facts.as_slice() {
        [] => Finding::skipped("no MPI library is in the usual places or in the environment")
            .holding(false),
        [(path, family)] => Finding::pass(format!("{family}: {path}")),
        all => Finding::pass(format!("{} libraries: {}", all.len(), families.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn families_are_told_by_soname() {
        let none = Scripted::new();
        let site = Site::new(&none);
        assert_eq!(judge(&read(&site), &site).holds, Some(false));
        let host = Scripted::new()
            .file("/usr/lib64/mpich/lib/libmpi.so.12", "")
            .file("/usr/lib64/openmpi/lib/libmpi.so.40", "");
        let site = Site::new(&host);
        let found = judge(&read(&site), &site);
        assert!(
            found.summary.contains("MPICH ABI, Open MPI"),
            "{}",
            found.summary
        );
    }
}
