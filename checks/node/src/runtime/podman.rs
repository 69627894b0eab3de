//! podman(1), rootless and as root.
//!
//! The rules were tried against podman 4.3.1 with runc 1.1.5 and crun 1.8.1.

use hpcctl_model::doctor::{Cost, Who};

use super::{
    Formula, GPU, HOST_MPI, LAUNCHER, MANY_IDS, RANGE, REGISTRY, Rule, Runtime, USER_NAMESPACE,
    judge_installed, look_for,
};
use crate::package::Package;
use crate::solver::Choice;
use crate::{Manual, Probe};

const PROGRAMS: &[&str] = &["podman"];

/// The row.
pub static RUNTIME: Runtime = Runtime {
    name: "podman",
    programs: PROGRAMS,
    version: &["--version"],
    version_of: None,
    installed: Probe {
        id: "runtime.podman.installed",
        manual: Manual {
            title: "Podman",
            what: "Whether podman is in PATH.",
            why: "Podman runs and builds OCI images without a daemon; rootless it needs the most of all runtimes from the node.",
            how: "Looks for podman in PATH.",
            user: "",
            admin: "Install podman.",
            refs: &["podman(1)", "https://docs.podman.io/"],
        },
        read: |site| look_for(site, PROGRAMS),
        judge: |reading, site| {
            judge_installed(
                reading,
                "podman",
                Package::named("podman").install("podman", site),
            )
        },
    },
    rules: &[
        Rule {
            op: "pull",
            needs: Formula::All(&[START, UNPACK, REGISTRY]),
            wants: &["uid.subid.file"],
            tried: false,
        },
        Rule {
            op: "run",
            needs: RUN,
            wants: &["uid.subid.file", "ovl.disk"],
            tried: true,
        },
        Rule {
            op: "build",
            needs: BUILD,
            wants: &["ovl.disk"],
            tried: true,
        },
        Rule {
            op: "build-multiuid",
            needs: BUILD_MANY,
            wants: &["ovl.disk"],
            tried: true,
        },
        Rule {
            op: "mount-fuse",
            needs: Formula::All(&[
                RUN,
                Formula::Check("ovl.fuse"),
                Formula::AsRoot(&Formula::Check("fuse.open"), &Formula::Check("fuse.userns")),
            ]),
            wants: &[],
            tried: true,
        },
        Rule {
            op: "overlay",
            needs: Formula::All(&[RUN, OVERLAY]),
            wants: &[],
            tried: true,
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
        Rule {
            op: "launch",
            needs: Formula::All(&[RUN, LAUNCHER]),
            wants: &["sch.env"],
            tried: false,
        },
    ],
};

static RUNC: Choice = Choice::option(
    "run with runc, which takes the hybrid cgroup layout",
    "podman --runtime runc …",
);
static RUN_HOST_NETWORK: Choice = Choice::option(
    "share the network of the host",
    "podman run --network=host …",
);
static BUILD_HOST_NETWORK: Choice = Choice::option(
    "share the network of the host",
    "podman build --network=host …",
);
static NO_PIVOT: Choice = Choice::config(
    "set no_pivot_root under [engine] in containers.conf",
    "mkdir -p ~/.config/containers/containers.conf.d && printf '[engine]\\nno_pivot_root=true\\n' > ~/.config/containers/containers.conf.d/91-hpcctl.conf",
);
static ONE_ID: Choice = Choice {
    who: Who::Admin,
    // As dear as a package: images with files of several owners are lost, so that what mends
    // the map comes first.
    cost: Cost::AdminPackage,
    text: "take the user's range of ids away in /etc/subuid and /etc/subgid, so that podman maps one id alone and images with files of several owners cannot be used; the user then runs podman system migrate",
    command: "",
    breaks: &["uid.subid.file"],
};
static CHROOT: Choice = Choice::option(
    "build with chroot isolation",
    "podman build --isolation=chroot …",
);

/// Podman itself starts: it needs the map that the account has, and a broken newuidmap is
/// worse than none, because it does not fall back.
const START: Formula = Formula::All(&[
    Formula::Check("runtime.podman.installed"),
    Formula::Check("podman.conmon"),
    Formula::Check("podman.pause"),
    Formula::AsRoot(
        &Formula::All(&[]),
        &Formula::All(&[
            USER_NAMESPACE,
            Formula::Check("env.home"),
            Formula::Check("env.runtime_dir"),
            Formula::Check("podman.store"),
            Formula::Any(&[
                MANY_IDS,
                Formula::Lacks("uid.subid.file"),
                Formula::Choice(&ONE_ID),
            ]),
        ]),
    ),
]);

/// The image, where one is given, can be unpacked with the ids that there are.
const UNPACK: Formula = Formula::AsRoot(
    &Formula::All(&[]),
    &Formula::Any(&[
        Formula::Check("image.ids"),
        Formula::All(&[MANY_IDS, Formula::Check(RANGE)]),
        Formula::Setting("podman.one_owner"),
    ]),
);

/// The OCI runtime starts a container.
const CONTAINER: Formula = Formula::All(&[
    Formula::Check("podman.oci"),
    Formula::Any(&[
        Formula::Check("cg.crun.hybrid"),
        Formula::All(&[Formula::Check("podman.runc"), Formula::Choice(&RUNC)]),
    ]),
    Formula::Check("lim.device_filter"),
    Formula::AsRoot(
        &Formula::All(&[]),
        &Formula::All(&[
            Formula::Check("ns.pid"),
            Formula::Check("ns.ipc"),
            Formula::Check("ns.uts"),
            Formula::Check("ns.proc"),
            Formula::Check("ns.mqueue"),
            Formula::Any(&[Formula::Check("ns.pivot"), Formula::Choice(&NO_PIVOT)]),
        ]),
    ),
]);

/// The default network: a bridge for root, a program of the user's for others.
const NETWORK: Formula = Formula::AsRoot(
    &Formula::Check("podman.bridge"),
    &Formula::All(&[
        Formula::Check("ns.net"),
        Formula::Check("net.tun"),
        Formula::Check("podman.network"),
    ]),
);
const RUN_NETWORK: Formula = Formula::Any(&[
    NETWORK,
    Formula::Setting("podman.netns"),
    Formula::Choice(&RUN_HOST_NETWORK),
]);
const BUILD_NETWORK: Formula = Formula::Any(&[
    NETWORK,
    Formula::Setting("podman.netns"),
    Formula::Choice(&BUILD_HOST_NETWORK),
]);

/// Only `podman run` sets the default limits of containers.conf; `podman build` does not.
pub(super) const RUN: Formula = Formula::All(&[
    START,
    CONTAINER,
    Formula::Check("lim.conf_over_hard"),
    UNPACK,
    RUN_NETWORK,
]);

/// Each RUN is a container of its own; with chroot isolation it is none, but its groups are
/// set, which takes more than one id.
const STEP: Formula = Formula::Any(&[
    Formula::All(&[CONTAINER, BUILD_NETWORK]),
    Formula::All(&[
        Formula::AsRoot(&Formula::All(&[]), &MANY_IDS),
        Formula::Choice(&CHROOT),
    ]),
]);

pub(super) const BUILD: Formula =
    Formula::All(&[START, Formula::Check("lim.build_over_hard"), STEP]);

/// The files of other ids lie in the storage, whose file system must take them.
pub(super) const BUILD_MANY: Formula = Formula::All(&[
    BUILD,
    Formula::AsRoot(
        &Formula::All(&[]),
        &Formula::All(&[MANY_IDS, Formula::Check("uid.nfs.chown")]),
    ),
]);

pub(super) const OVERLAY: Formula = Formula::AsRoot(
    &Formula::All(&[]),
    &Formula::Any(&[Formula::Check("ovl.disk"), Formula::Check("fuse.userns")]),
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::sysctl;
    use crate::solver::{Fact, Facts, decide};

    #[test]
    fn runc_is_a_way_out_only_where_it_is_there() {
        let told = |is_there: bool| {
            let ids = CONTAINER.checks().into_iter();
            let mut facts = ids.fold(Facts::new(true), |facts, id| {
                let holds = id != "cg.crun.hybrid" && (is_there || id != "podman.runc");
                facts.holding(id, Some(holds))
            });
            let missing = Fact {
                holds: Some(is_there),
                steps: vec![sysctl("install.runc", "1")],
            };
            facts.checks.insert("podman.runc", missing);
            let answer = decide(&CONTAINER, &[], &facts);
            assert_eq!(answer.because[0], "cg.crun.hybrid");
            let steps = answer.fix[0].iter().map(|step| step.text.clone());
            steps.collect::<Vec<_>>()
        };
        assert_eq!(told(true), [RUNC.text]);
        assert_eq!(told(false), ["set install.runc to 1", RUNC.text]);
    }
}
