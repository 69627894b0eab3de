//! The checks: a folder a group, a file a check. [`GROUPS`] is the list that everything else is made
//! from.

use std::time::Instant;

use hpcctl_model::doctor::{Check, Status};

use crate::{Finding, Manual, Reading, Site};

mod apptainer;
mod cg;
mod charliecloud;
mod docker;
mod env;
mod fi;
mod fs;
mod fuse;
mod gpu;
mod image;
mod img;
mod kernel;
mod lim;
mod lsm;
mod mpi;
mod net;
mod ns;
mod ovl;
mod podman;
mod rdma;
mod reg;
mod run;
mod sch;
mod sec;
mod sys;
mod time;
mod ucx;
mod uid;

/// One check: a row in its group.
#[derive(Debug, Clone, Copy)]
pub struct Probe {
    /// The stable id, lower case and dotted.
    pub id: &'static str,
    /// The manual.
    pub manual: Manual,
    /// Asks the node.
    pub read: fn(&Site<'_>) -> Reading,
    /// Judges the answers; asks nothing but what the site knows or the cause of a refusal.
    pub judge: fn(&Reading, &Site<'_>) -> Finding,
}

/// Every group of checks, in report order; those of the runtimes themselves follow from
/// [`crate::RUNTIMES`].
pub static GROUPS: &[&[&Probe]] = &[
    ns::PROBES,
    uid::PROBES,
    ovl::PROBES,
    fs::PROBES,
    fuse::PROBES,
    net::PROBES,
    sec::PROBES,
    lsm::PROBES,
    cg::PROBES,
    lim::PROBES,
    env::PROBES,
    kernel::PROBES,
    time::PROBES,
    gpu::PROBES,
    mpi::PROBES,
    rdma::PROBES,
    fi::PROBES,
    ucx::PROBES,
    sch::PROBES,
    image::PROBES,
    img::PROBES,
    apptainer::PROBES,
    charliecloud::PROBES,
    reg::PROBES,
    sys::PROBES,
    docker::PROBES,
    podman::PROBES,
    run::PROBES,
];

/// The ids of the checks that judge an image.
pub(crate) fn of_images() -> impl Iterator<Item = &'static str> {
    image::PROBES.iter().map(|probe| probe.id)
}

pub(crate) use image::UNMET_WITH;

/// The checks that start programs of others, which cost more than all other checks together;
/// `--fast` leaves them out. Those that ask newuidmap and getsubids cost little, and so do the versions of
/// ch-run and conmon.
pub static SLOW: &[&str] = &[
    "charliecloud.force",
    "charliecloud.write_fake",
    "fi.providers",
    "fs.quota",
    "gpu.ctk",
    "gpu.nvcli",
    "img.git",
    "net.netavark",
    "net.pasta",
    "net.slirp",
    "podman.network",
    "runtime.k8s-pbs.installed",
    "runtime.pbs-container.installed",
    "sch.k8s",
    "sch.pbs.engine",
    "sch.pbs.hook",
    "sch.pbs.image",
    "sch.slurm.mpi",
    "sch.slurm.ociconf",
    "sch.slurm.pyxis",
    "ucx.tls",
];

impl Probe {
    /// Reads and judges.
    pub fn run(&self, site: &Site<'_>) -> (Check, Finding) {
        let begun = Instant::now();
        let reading = (self.read)(site);
        let finding = (self.judge)(&reading, site);
        let mut evidence = reading.evidence();
        evidence.extend(finding.evidence.iter().cloned());
        let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        (self.check(&finding, evidence, took), finding)
    }

    /// The report of a check that was left out.
    pub fn left_out(&self, why: &str) -> (Check, Finding) {
        let finding = Finding::skipped(why);
        (self.check(&finding, Vec::new(), 0), finding)
    }

    fn check(
        &self,
        finding: &Finding,
        evidence: Vec<hpcctl_model::doctor::Evidence>,
        took_us: u64,
    ) -> Check {
        let manual = &self.manual;
        Check {
            id: self.id.into(),
            status: finding.status,
            summary: finding.summary.clone(),
            evidence,
            remedy: finding.remedy(manual.user, manual.admin),
            refs: manual.refs.iter().map(ToString::to_string).collect(),
            took_us,
        }
    }
}

/// Whether a check says that something is not known.
pub(crate) fn is_unknown(check: &Check) -> bool {
    check.status == Status::Unknown
}
