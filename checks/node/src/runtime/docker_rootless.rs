//! Docker without root: dockerd inside RootlessKit.
//!
//! The rules follow runs of Docker 20.10 with RootlessKit 1.1, and of Docker 28 with 2.0.

use super::{
    Formula, GPU, HOST_MPI, MANY_IDS, REGISTRY, Rule, Runtime, USER_NAMESPACE, judge_installed,
    look_for,
};
use crate::package::Package;
use crate::{Finding, Manual, Probe, Reading, Site};

/// The second is where Debian puts it.
const PROGRAMS: &[&str] = &[
    "dockerd-rootless.sh",
    "/usr/share/docker.io/contrib/dockerd-rootless.sh",
];

/// The row.
pub static RUNTIME: Runtime = Runtime {
    name: "docker-rootless",
    programs: PROGRAMS,
    version: &["--version"],
    version_of: Some("dockerd"),
    installed: Probe {
        id: "runtime.docker-rootless.installed",
        manual: Manual {
            title: "Rootless Docker",
            what: "Whether dockerd-rootless.sh is there.",
            why: "Tools that want the Docker API get it without root: a daemon a user, in a user namespace. It takes --memory and ignores it where no control group is delegated.",
            how: "Looks for dockerd-rootless.sh in PATH, then in /usr/share/docker.io/contrib, where every Docker of Debian has it: there it counts only beside rootlesskit.",
            user: "Install it in your home directory: curl -fsSL https://get.docker.com/rootless | sh",
            admin: "Install docker-ce-rootless-extras, rootlesskit and slirp4netns.",
            refs: &["https://docs.docker.com/engine/security/rootless/"],
        },
        read: |site| look_for(site, PROGRAMS),
        judge,
    },
    rules: &[
        Rule {
            op: "pull",
            needs: Formula::All(&[RUN, REGISTRY]),
            wants: &[],
            tried: false,
        },
        Rule {
            op: "run",
            needs: RUN,
            wants: &["cg.delegated"],
            tried: true,
        },
        Rule {
            op: "build",
            needs: RUN,
            wants: &["cg.delegated"],
            tried: true,
        },
        Rule {
            op: "build-multiuid",
            needs: RUN,
            wants: &[],
            tried: false,
        },
        Rule {
            op: "overlay",
            needs: Formula::All(&[
                RUN,
                Formula::Any(&[
                    Formula::Check("ovl.disk"),
                    Formula::All(&[Formula::Check("ovl.fuse"), Formula::Check("fuse.userns")]),
                ]),
            ]),
            wants: &[],
            tried: false,
        },
        Rule {
            op: "gpu",
            needs: Formula::All(&[RUN, GPU, Formula::Check("gpu.cdi")]),
            wants: &[],
            tried: false,
        },
        Rule {
            op: "mpi-host",
            needs: Formula::All(&[RUN, HOST_MPI]),
            wants: &["mpi.shm_size"],
            tried: false,
        },
    ],
};

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let package = PACKAGE.install("rootless Docker", site);
    let found = judge_installed(reading, "docker-rootless", package.clone());
    let in_path = site.host.which(PROGRAMS[0]).is_some();
    if found.holds == Some(true) && !in_path && site.host.which("rootlesskit").is_none() {
        return Finding::skipped("the script of docker-rootless is there, but no rootlesskit")
            .holding(false)
            .step(package);
    }
    found
}

const PACKAGE: Package = Package {
    debian: "rootlesskit docker.io",
    fedora: "docker-ce-rootless-extras",
    suse: "docker-rootless-extras",
};

/// Several ids are mandatory: RootlessKit does not start with one. Its script refuses the network
/// of the host.
const RUN: Formula = Formula::All(&[
    Formula::Check("runtime.docker-rootless.installed"),
    Formula::Check("docker.rootlesskit"),
    Formula::Check("docker.cli"),
    Formula::Check("docker.home"),
    Formula::Check("docker.session"),
    USER_NAMESPACE,
    MANY_IDS,
    Formula::Check("ns.pid"),
    Formula::Check("ns.ipc"),
    Formula::Check("ns.uts"),
    Formula::Check("ns.proc"),
    Formula::Check("env.home"),
    Formula::Check("ns.net"),
    Formula::Check("net.tun"),
    Formula::Any(&[Formula::Check("net.slirp"), Formula::Check("net.pasta")]),
]);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn the_script_of_debian_counts_beside_rootlesskit_alone() {
        let find = |host: &Scripted| {
            let site = Site::new(host);
            judge(&look_for(&site, PROGRAMS), &site).holds
        };
        let debian = Scripted::new().program(PROGRAMS[1], PROGRAMS[1]);
        assert_eq!(find(&debian), Some(false));
        assert_eq!(
            find(&debian.program("rootlesskit", "/usr/bin/rootlesskit")),
            Some(true)
        );
        let own = Scripted::new().program(PROGRAMS[0], "/opt/dockerd-rootless.sh");
        assert_eq!(find(&own), Some(true));
    }
}
