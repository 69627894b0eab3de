//! Programs that start ranks, and the protocols by which they and the library of a rank find each
//! other: without a common one each rank is a world of its own, and nothing says so.
//!
//! Sources: Slurm's "MPI Users Guide" and its plugins `mpi_*.so`; MPICH's Hydra; the documents of
//! Open MPI, whose launchers speak PMIx from 2.0 on; tried with Slurm 22.05 and both launchers.

use hpcctl_model::abi::Launcher;

use crate::closure::{Closure, Loaded};
use crate::families::{Family, Kind, MPT};
use crate::root::{HostRoot, Object, Root};
use crate::search::directory;

/// Names of launchers, those of schedulers first.
const NAMES: &[&str] = &[
    "srun",
    "palsrun",
    "mpiexec_mpt",
    "mpiexec.hydra",
    "mpiexec.mpich",
    "mpiexec.openmpi",
    "mpiexec",
    PRTERUN,
    "orterun",
    "mpirun",
];

/// The launcher of PRRTE.
const PRTERUN: &str = "prterun";

/// What Hydra starts the ranks of a node by.
const PROXY: &str = "hydra_pmi_proxy";

/// What PMIx's launchers speak, and those of PRRTE: to the libraries of Open MPI 4 and before, which
/// bring their own runtime (ORTE), only the former. Tried with each of 4.1.0, 4.1.4, 5.0.7 and 6.0.0rc2
/// under the launcher of each.
const PMIX: &str = "PMIx";
const PRRTE: &str = "PMIx of PRRTE";

/// The runtime of an Open MPI of before 5.
const ORTE: &str = "libopen-rte.so.40";

/// Where programs are, behind those of `PATH`.
const DIRECTORIES: &[&str] = &[
    "/usr/bin",
    "/usr/local/bin",
    "/bin",
    "/opt/cray/pals/default/bin",
    "/opt/slurm/bin",
    "/usr/lib64/openmpi/bin",
    "/usr/lib64/mpich/bin",
];

/// The plugins of Slurm, by where distributions and sites put them.
const PLUGINS: &[&str] = &[
    "/usr/lib64/slurm",
    "/usr/lib/slurm",
    "/usr/lib/x86_64-linux-gnu/slurm-wlm",
    "/usr/lib/aarch64-linux-gnu/slurm-wlm",
];

/// What a plugin of Slurm speaks: its name begins so, `--mpi=` is followed by the second.
const SLURM: &[(&str, &str, &[&str])] = &[
    ("mpi_pmix", "pmix", &["PMIx"]),
    // It serves both, the older one for libraries that speak no other.
    ("mpi_pmi2", "pmi2", &["PMI-2", "PMI-1"]),
    ("mpi_cray_shasta", "cray_shasta", &["Cray PMI"]),
];

/// A launcher, with what it speaks and how it is told to.
#[derive(Debug)]
pub(crate) struct Found {
    path: String,
    kind: &'static str,
    speaks: Vec<(&'static str, Option<String>)>,
    /// Why it starts nothing.
    broken: Option<String>,
    /// Why it is not known whether it can start anything.
    doubt: Option<String>,
}

impl Found {
    /// Whether it is one that can start ranks.
    pub(crate) fn is(&self, able: &Launcher) -> bool {
        self.path == able.path
    }
}

/// Where Slurm's configuration is, that which a node is given by its controller among it:
/// slurm.conf(5), and the packages of distributions.
const CONFIGURATIONS: &[&str] = &[
    "/etc/slurm/slurm.conf",
    "/etc/slurm-llnl/slurm.conf",
    "/run/slurm/conf/slurm.conf",
    "/var/spool/slurmd/conf-cache/slurm.conf",
    "/var/spool/slurm/d/conf-cache/slurm.conf",
];

/// The launchers of a tree; `dirs` are looked at first.
pub(crate) fn of(root: &dyn Root, dirs: &[String]) -> Vec<Found> {
    let mut found: Vec<(String, Found)> = Vec::new();
    let dirs = dirs
        .iter()
        .map(String::as_str)
        .chain(DIRECTORIES.iter().copied());
    for dir in dirs {
        for name in NAMES {
            let Some(object) = root.find(&format!("{dir}/{name}")) else {
                continue;
            };
            if found.iter().any(|(real, _)| *real == object.real) {
                continue;
            }
            if let Some(launcher) = known(root, &object, format!("{dir}/{name}")) {
                found.push((object.real, launcher));
            }
        }
    }
    found.into_iter().map(|(_, launcher)| launcher).collect()
}

fn known(root: &dyn Root, object: &Object, path: String) -> Option<Found> {
    let base = object.real.rsplit('/').next().unwrap_or_default();
    let dir = directory(&object.real);
    let needs = |start: &str| {
        object
            .linkage
            .needed
            .iter()
            .any(|name| name.starts_with(start))
    };
    let plain = |names: &[&'static str]| names.iter().map(|name| (*name, None)).collect();
    let is_open = ["orterun", "prte", "openmpi"]
        .iter()
        .any(|part| base.contains(part))
        || ["libopen-rte", "libopen-pal", "libprrte"]
            .into_iter()
            .any(needs);
    // What people call in an Open MPI of 5 or later only starts another program beside it.
    let is_caller = || {
        ["mpiexec", "mpirun"].contains(&base) && root.find(&format!("{dir}/{PRTERUN}")).is_some()
    };
    let is_hydra = || base.contains("hydra") || root.find(&format!("{dir}/{PROXY}")).is_some();
    // Of Open MPI 5 and later it is PRRTE's, what has that name only calls it.
    let open = match needs("libopen-rte") || base == "orterun" {
        true => PMIX,
        false => PRRTE,
    };
    let (kind, speaks): (_, Vec<_>) = match base {
        "srun" => ("Slurm", slurm(root, dir)),
        "mpiexec_mpt" => ("MPT", plain(&["MPT"])),
        _ if base == "palsrun" || dir.contains("/pals/") => ("PALS", plain(&["Cray PMI"])),
        _ if is_open => ("Open MPI", plain(&[open])),
        _ if is_hydra() => ("Hydra", plain(&["PMI-1", "PMI-2"])),
        _ if is_caller() => ("Open MPI", plain(&[PRRTE])),
        _ => return None,
    };
    let starts = root.find(&format!("{dir}/{PROXY}")).is_some();
    let broken = (kind == "Hydra" && !starts).then(|| format!("{PROXY} is not beside {path}"));
    Some(Found {
        path,
        kind,
        speaks,
        broken,
        doubt: None,
    })
}

fn slurm(root: &dyn Root, bin: &str) -> Vec<(&'static str, Option<String>)> {
    let prefix = directory(bin);
    let beside = ["lib64/slurm", "lib/slurm"].map(|below| format!("{prefix}/{below}"));
    let dirs = beside
        .iter()
        .map(String::as_str)
        .chain(PLUGINS.iter().copied());
    let mut names: Vec<String> = dirs.flat_map(|dir| root.list(dir)).collect();
    names.sort();
    let mut speaks: Vec<(&'static str, Option<String>)> = Vec::new();
    for (start, option, protocols) in SLURM {
        if names
            .iter()
            .any(|name| name.starts_with(start) && name.ends_with(".so"))
        {
            let told = Some(format!("--mpi={option}"));
            speaks.extend(protocols.iter().map(|protocol| (*protocol, told.clone())));
        }
    }
    speaks
}

/// The protocols that a library of MPI speaks, the one that it prefers first.
pub(crate) fn spoken(family: &Family, closure: &Closure) -> Vec<&'static str> {
    let has = |name: &str| closure.named(name);
    let is_cray =
        |name: &str| has(name).is_some_and(|loaded| loaded.object.real.contains("/cray/"));
    match family.name {
        "Open MPI" if has(ORTE).is_some() => vec![PMIX],
        "Open MPI" => vec![PMIX, PRRTE],
        _ if is_mpt(family, closure) => vec!["MPT", "PMI-2"],
        "Cray MPICH" => vec!["Cray PMI"],
        _ if is_cray("libpmi.so.0") || is_cray("libpmi2.so.0") => vec!["Cray PMI"],
        "MPICH ABI" | "MPI 5 ABI" => {
            let by_library = [
                ("libpmix.so.2", PMIX),
                ("libpmix.so.2", PRRTE),
                ("libpmi2.so.0", "PMI-2"),
            ];
            let mut spoken: Vec<&str> = by_library
                .into_iter()
                .filter(|(name, _)| has(name).is_some())
                .map(|(_, protocol)| protocol)
                .collect();
            let is_open = has("libopen-pal.so.80").or_else(|| has("libopen_mpi.so.40"));
            // What MPICH has built in.
            spoken.extend(is_open.is_none().then_some("PMI-1"));
            spoken
        }
        _ => Vec::new(),
    }
}

/// Whether a library is MPT's, or stands for MPICH's and needs it: a wrapper.
pub(crate) fn is_mpt(family: &Family, closure: &Closure) -> bool {
    let is_own = |loaded: &Loaded| loaded.object.linkage.soname.as_deref() == Some(MPT);
    family.has(MPT) || (family.kind == Kind::Mpi && closure.named(MPT).is_some_and(is_own))
}

/// Which launchers can start ranks that speak one of these protocols; each by the first of them.
pub(crate) fn able(launchers: &[Found], spoken: &[&str]) -> Vec<Launcher> {
    let whole = launchers.iter().filter(|one| one.broken.is_none());
    let able = whole.filter_map(|launcher| {
        let mut wanted = spoken.iter();
        let (protocol, option) =
            wanted.find_map(|name| launcher.speaks.iter().find(|(known, _)| known == name))?;
        Some(Launcher {
            path: launcher.path.clone(),
            kind: launcher.kind.to_owned(),
            protocol: (if *protocol == PRRTE { PMIX } else { protocol }).to_owned(),
            option: option.clone(),
        })
    });
    able.collect()
}

/// Doubts that Slurm's launcher of the host can start anything where it has no configuration;
/// `named` is one that its environment names.
pub(crate) fn unconfigured(launchers: &mut [Found], host: &HostRoot, named: Option<&str>) {
    for launcher in launchers.iter_mut().filter(|one| one.kind == "Slurm") {
        let prefix = directory(directory(&launcher.path)).to_owned();
        let beside = format!("{prefix}/etc/slurm.conf");
        let places = named.into_iter().chain([beside.as_str()]);
        let mut places = places.chain(CONFIGURATIONS.iter().copied());
        if !places.any(|path| host.has(path)) {
            launcher.doubt = Some(format!(
                "{} finds no slurm.conf: whether it can start anything here is not known",
                launcher.path
            ));
        }
    }
}

/// Why it is not known whether a launcher can start anything.
pub(crate) fn doubt<'f>(launchers: &'f [Found], path: &str) -> Option<&'f str> {
    let found = launchers.iter().find(|launcher| launcher.path == path);
    found.and_then(|launcher| launcher.doubt.as_deref())
}

/// Marks those that do not start themselves, of which `lack` tells what they lack.
pub(crate) fn unstarted(launchers: &mut [Found], lack: &dyn Fn(&str) -> Option<String>) {
    for launcher in launchers.iter_mut() {
        launcher.broken = launcher.broken.take().or_else(|| lack(&launcher.path));
    }
}

/// The launchers with what each speaks, in a sentence.
pub(crate) fn told<'f>(launchers: impl IntoIterator<Item = &'f Found>) -> String {
    let told = launchers.into_iter().map(|launcher| {
        if let Some(broken) = &launcher.broken {
            return broken.clone();
        }
        let mut names: Vec<&str> = launcher.speaks.iter().map(|(name, _)| *name).collect();
        names.dedup();
        let names = match names.is_empty() {
            true => "nothing that is known".to_owned(),
            false => names.join(" and "),
        };
        format!("{} speaks {names}", launcher.path)
    });
    told.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launcher(kind: &'static str, speaks: &[(&'static str, Option<&str>)]) -> Found {
        let speaks = speaks.iter();
        Found {
            path: format!("/usr/bin/{kind}"),
            kind,
            speaks: speaks
                .map(|(name, option)| (*name, option.map(str::to_owned)))
                .collect(),
            broken: None,
            doubt: None,
        }
    }

    #[test]
    fn a_common_protocol_is_found_with_its_option() {
        let all = [
            launcher(
                "Slurm",
                &[("PMIx", Some("--mpi=pmix")), ("PMI-1", Some("--mpi=pmi2"))],
            ),
            launcher("Hydra", &[("PMI-1", None), ("PMI-2", None)]),
        ];
        let names = |spoken: &[&str]| {
            let able = able(&all, spoken).into_iter();
            let text = able.map(|one| format!("{} {}", one.kind, one.option.unwrap_or_default()));
            text.collect::<Vec<_>>().join(",")
        };
        assert_eq!(names(&["PMIx"]), "Slurm --mpi=pmix");
        assert_eq!(names(&["PMI-1"]), "Slurm --mpi=pmi2,Hydra ");
        assert_eq!(names(&["MPT"]), "");
    }

    #[test]
    fn mpich_speaks_what_is_built_in_and_open_mpi_does_not() {
        let none = Closure::default();
        assert_eq!(
            spoken(Family::named("libmpich.so.12").unwrap(), &none),
            ["PMI-1"]
        );
        assert_eq!(
            spoken(Family::named("libmpi.so.40").unwrap(), &none),
            [PMIX, PRRTE]
        );
        assert_eq!(
            spoken(Family::named("libmpi_gnu_123.so.12").unwrap(), &none),
            ["Cray PMI"]
        );
    }
}
