//! `mpi.pals`: does a rank on a Cray find what its launcher left for it?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

/// Variables that PALS, the launcher of HPE Cray systems, gives to each rank.
const VARIABLES: &[&str] = &[
    "PALS_APID",
    "PALS_RANKID",
    "PALS_NODEID",
    "PALS_SPOOL_DIR",
    "PALS_APINFO",
];

/// Those of them that name a file or a directory.
const PATHS: &[&str] = &["PALS_SPOOL_DIR", "PALS_APINFO"];

/// The row.
pub static PROBE: Probe = Probe {
    id: "mpi.pals",
    manual: Manual {
        title: "Launch by PALS",
        what: "Whether a rank that PALS (HPE Cray) started finds the files that its variables name.",
        why: "Cray PMI reads them when MPI starts. In a container that does not get the directory MPI_Init fails, or each rank is alone in a world of size 1.",
        how: "PALS_APID, PALS_RANKID, PALS_NODEID, PALS_SPOOL_DIR and PALS_APINFO in the environment; stat(2) of the paths that the last two name.",
        user: "Bind the directory (-v of podman run, --bind of apptainer and ch-run), and hand the variables PALS_* and PMI_* over.",
        admin: "A module of podman-hpc, or bind path in apptainer.conf, with the directory.",
        refs: &[
            "palsrun(1)",
            "https://cpe.ext.hpe.com/docs/latest/mpt/mpich/index.html",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let mut reading = Reading::new();
    for name in VARIABLES {
        if let Some(value) = site.host.env(name).filter(|value| !value.is_empty()) {
            reading = reading.fact(name, &value);
            if PATHS.contains(name) && value.starts_with('/') {
                reading = reading.stat(site, &value);
            }
        }
    }
    reading
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    if reading.facts.is_empty() {
        return Finding::skipped("no launcher of PALS started this process");
    }
    let missing = reading
        .stats
        .iter()
        .find_map(|(path, stat)| Some((path, stat.as_ref().err()?)));
    match (missing, reading.stats.is_empty()) {
        (Some((path, errno)), _) => Finding::fail(format!(
            "PALS started this rank, but {path} is not there ({errno}): MPI cannot start"
        )),
        (None, true) => Finding::unknown(
            "PALS started this rank, but its variables name no directory to look for",
        ),
        (None, false) => {
            let paths: Vec<&str> = reading
                .stats
                .iter()
                .map(|(path, _)| path.as_str())
                .collect();
            Finding::pass(format!(
                "PALS started this rank, and its files are there: {}; a container needs them, too",
                paths.join(", ")
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    fn find(variables: &[(&str, &str)]) -> &'static str {
        let mut host = Scripted::new().stat("/var/run/palsd/7", stat(0o040755));
        for (name, value) in variables {
            host.env.insert((*name).into(), (*value).into());
        }
        let site = Site::new(&host);
        judge(&read(&site), &site).status.as_str()
    }

    #[test]
    fn the_files_that_the_variables_name_must_be_there() {
        let rank = ("PALS_RANKID", "0");
        assert_eq!(find(&[]), "skipped");
        assert_eq!(find(&[rank]), "unknown");
        assert_eq!(
            find(&[rank, ("PALS_SPOOL_DIR", "/var/run/palsd/7")]),
            "pass"
        );
        assert_eq!(find(&[rank, ("PALS_SPOOL_DIR", "/gone")]), "fail");
    }
}
