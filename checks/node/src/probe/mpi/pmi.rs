//! `mpi.pmi`: do ranks learn of one another?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

const VARIABLES: &[&str] = &[
    "PMIX_RANK",
    "PMIX_NAMESPACE",
    "PMIX_SERVER_TMPDIR",
    "PMI_RANK",
    "PMI_FD",
    "PMI_PORT",
    "PMI_CONTROL_PORT",
    "PALS_RANKID",
    "PALS_APID",
];

/// The row.
pub static PROBE: Probe = Probe {
    id: "mpi.pmi",
    manual: Manual {
        title: "Process management (PMI, PMIx)",
        what: "Which way this process would learn of the other ranks, when it is one: the variables of PMI, PMIx or PALS, and whether the directory of the PMIx server is there.",
        why: "A container that does not get them starts each rank in a world of its own, of size 1, without an error.",
        how: "The environment: PMI_*, PMIX_*, PALS_*; the directory that PMIX_SERVER_TMPDIR or the server URI names.",
        user: "Hand the variables over (podman run --env-host, or --env for each) and bind the directory of the PMIx server.",
        admin: "",
        refs: &["https://pmix.github.io/", "srun(1)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let reading =
        VARIABLES
            .iter()
            .fold(Reading::new(), |reading, name| match site.host.env(name) {
                Some(value) => reading.fact(name, value),
                None => reading,
            });
    match site.host.env("PMIX_SERVER_TMPDIR") {
        Some(dir) => reading.stat(site, &dir),
        None => reading,
    }
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let named = |prefix: &str| {
        reading
            .facts
            .iter()
            .any(|(name, _)| name.starts_with(prefix))
    };
    let ways: Vec<&str> = [("PMIX_", "PMIx"), ("PMI_", "PMI"), ("PALS_", "PALS")]
        .iter()
        .filter(|(prefix, _)| named(prefix))
        .map(|(_, way)| *way)
        .collect();
    if ways.is_empty() {
        return Finding::skipped("this process is no rank of a parallel program");
    }
    match reading.stats.first() {
        Some((dir, Err(errno))) => Finding::fail(format!(
            "the directory of the PMIx server, {dir}, is not there ({errno}): each rank would be alone"
        )),
        _ => Finding::pass(format!(
            "this rank learns of the others by {}",
            ways.join(" and ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn a_rank_knows_its_way() {
        let find = |variables: &[(&str, &str)]| {
            let mut host = Scripted::new();
            for (name, value) in variables {
                host.env.insert((*name).into(), (*value).into());
            }
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find(&[]), "skipped");
        assert_eq!(find(&[("PMI_RANK", "0")]), "pass");
        assert_eq!(
            find(&[("PMIX_RANK", "0"), ("PMIX_SERVER_TMPDIR", "/gone")]),
            "fail"
        );
    }
}
