//! `sch.slurm.mpi`: which ways does srun offer ranks to find one another?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sch.slurm.mpi",
    manual: Manual {
        title: "Slurm's MPI plugins",
        what: "The plugins that srun --mpi offers: pmi2, pmix and so on.",
        why: "The MPI in an image must find one that it speaks; else each rank is alone in a world of size 1, without an error.",
        how: "srun --mpi=list, where srun is in PATH.",
        user: "Name what the MPI of the image wants, pmix or pmi2: srun --mpi=pmix …",
        admin: "Install the pmix plugin of Slurm.",
        refs: &["srun(1)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    match site.host.which("srun") {
        Some(srun) => Reading::new().run(site, &[&srun, "--mpi=list"]),
        None => Reading::new(),
    }
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some(ran) = reading.ran.first() else {
        return Finding::skipped("srun is not in PATH").holding(false);
    };
    // Releases differ in the stream and in the words around the names.
    let said = format!("{}\n{}", ran.stdout, ran.stderr);
    let names = said
        .split_whitespace()
        .filter(|word| word.starts_with("pmi") || *word == "cray_shasta");
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    match (names.is_empty(), ran.ok()) {
        (false, _) => Finding::pass(format!("srun offers {}", names.join(", "))),
        (true, true) => {
            Finding::warn("srun offers neither PMI nor PMIx: ranks would be alone").holding(false)
        }
        (true, false) => Finding::unknown(format!("srun --mpi=list fails: {}", ran.first_line())),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::command::End;

    use super::*;
    use crate::scripted::{Scripted, ran};

    #[test]
    fn the_plugins_are_found_on_either_stream() {
        let find = |status: i32, stderr: &str| {
            let reading = Reading {
                ran: vec![ran(&["srun"], End::Exit(status), stderr)],
                ..Reading::new()
            };
            judge(&reading, &Site::new(&Scripted::new())).summary
        };
        assert_eq!(
            find(0, "MPI plugin types are...\n\tpmix_v4\n\tpmi2\n\tnone\n"),
            "srun offers pmi2, pmix_v4"
        );
        assert!(find(0, "none\n").contains("alone"));
        assert!(find(1, "srun: error: resolve_ctls_from_dns_srv\n").contains("fails"));
    }
}
