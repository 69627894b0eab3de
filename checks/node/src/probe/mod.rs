//! The checks, one file each. [`PROBES`] is the list that everything else is made from.

use std::time::Instant;

use hpcctl_model::doctor::{Check, Status};

use crate::{Finding, Manual, Reading, Site};

mod cg_crun_hybrid;
mod cg_delegated;
mod cg_mode;
mod cg_own;
mod env_home;
mod env_runtime_dir;
mod env_user;
mod fs_exec;
mod fs_space;
mod fs_type;
mod fuse_fusermount;
mod fuse_open;
mod fuse_userns;
mod kernel_version;
mod lim_conf_over_hard;
mod lim_device_filter;
mod lim_memlock;
mod lim_nofile;
mod lim_nproc;
mod lsm_apparmor_userns;
mod lsm_landlock;
mod lsm_list;
mod lsm_selinux;
mod net_lo;
mod net_pasta;
mod net_slirp;
mod net_tun;
mod ns_bind;
mod ns_cgroup;
mod ns_chroot;
mod ns_devpts;
mod ns_ipc;
mod ns_mnt;
mod ns_mqueue;
mod ns_net;
mod ns_pid;
mod ns_pivot;
mod ns_proc;
mod ns_shared;
mod ns_sysfs;
mod ns_time;
mod ns_tmpfs;
mod ns_user;
mod ns_user_capuse;
mod ns_user_clone3;
mod ns_user_limit;
mod ns_user_map;
mod ns_uts;
mod ovl_disk;
mod ovl_opaque;
mod ovl_tmpfs;
mod ovl_tmpfs_xattr;
mod ovl_whiteout;
mod podman_network;
mod podman_oci;
mod podman_pause;
mod run_builtin;
mod sec_actions;
mod sec_fakechown;
mod sec_filter;
mod sec_inherited;
mod sec_notif;
mod sec_ptrace;
mod sec_yama;
mod uid_newuidmap;
mod uid_subid_file;
mod uid_suid_mount;

/// One check: a row of [`PROBES`].
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

/// Every check, in report order; those of the runtimes themselves follow from
/// [`crate::RUNTIMES`].
pub static PROBES: &[&Probe] = &[
    &ns_user::PROBE,
    &ns_user_clone3::PROBE,
    &ns_user_map::PROBE,
    &ns_user_capuse::PROBE,
    &ns_user_limit::PROBE,
    &ns_chroot::PROBE,
    &ns_mnt::PROBE,
    &ns_pid::PROBE,
    &ns_net::PROBE,
    &ns_ipc::PROBE,
    &ns_uts::PROBE,
    &ns_cgroup::PROBE,
    &ns_time::PROBE,
    &ns_bind::PROBE,
    &ns_pivot::PROBE,
    &ns_proc::PROBE,
    &ns_tmpfs::PROBE,
    &ns_sysfs::PROBE,
    &ns_devpts::PROBE,
    &ns_mqueue::PROBE,
    &ns_shared::PROBE,
    &uid_subid_file::PROBE,
    &uid_newuidmap::PROBE,
    &uid_suid_mount::PROBE,
    &ovl_tmpfs::PROBE,
    &ovl_disk::PROBE,
    &ovl_whiteout::PROBE,
    &ovl_opaque::PROBE,
    &ovl_tmpfs_xattr::PROBE,
    &fs_exec::PROBE,
    &fs_type::PROBE,
    &fs_space::PROBE,
    &fuse_open::PROBE,
    &fuse_userns::PROBE,
    &fuse_fusermount::PROBE,
    &net_lo::PROBE,
    &net_tun::PROBE,
    &net_pasta::PROBE,
    &net_slirp::PROBE,
    &sec_filter::PROBE,
    &sec_actions::PROBE,
    &sec_fakechown::PROBE,
    &sec_notif::PROBE,
    &sec_inherited::PROBE,
    &sec_ptrace::PROBE,
    &sec_yama::PROBE,
    &lsm_list::PROBE,
    &lsm_apparmor_userns::PROBE,
    &lsm_selinux::PROBE,
    &lsm_landlock::PROBE,
    &cg_mode::PROBE,
    &cg_own::PROBE,
    &cg_delegated::PROBE,
    &cg_crun_hybrid::PROBE,
    &lim_memlock::PROBE,
    &lim_nofile::PROBE,
    &lim_nproc::PROBE,
    &lim_conf_over_hard::PROBE,
    &lim_device_filter::PROBE,
    &env_home::PROBE,
    &env_runtime_dir::PROBE,
    &kernel_version::PROBE,
    &podman_oci::PROBE,
    &podman_pause::PROBE,
    &env_user::PROBE,
    &podman_network::PROBE,
    &run_builtin::PROBE,
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

    /// The report of a check that was not asked for.
    pub fn not_asked(&self) -> (Check, Finding) {
        let finding = Finding::skipped("not asked for");
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
