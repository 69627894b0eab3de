//! The three ways to use MPI with an image: the host's library in the place of the image's, a
//! launcher of the host with the image's library, or all of it in the container.

use std::collections::BTreeMap;

use hpcctl_host::Host;
use hpcctl_image::LinkedImage;
use hpcctl_model::abi::{Abi, AbiVerdict, Launcher, Way};

use crate::Error;
use crate::check;
use crate::closure::{Closure, Injected};
use crate::families::{Family, Kind};
use crate::intel;
use crate::judge::{self, Case, Found};
use crate::launchers;
use crate::libc::Libc;
use crate::measured::{self, Given};
use crate::programs::Using;
use crate::reasons::told;
use crate::root::Root;
use crate::search::{Search, directory};

/// The names of the ways.
/// The host's library in the place of the image's.
pub const HOST_LIBRARY: &str = "host-library";
/// The image's own library under a launcher of the host.
pub const HOST_LAUNCHER: &str = "host-launcher";
pub(crate) const CONTAINER_ONLY: &str = "container-only";

/// What every rank is where it and its launcher do not understand each other.
const ALONE: &str = "each rank would be a world of its own, and nothing would say so";

/// A way of which nothing is said yet.
fn way(name: &str, verdict: AbiVerdict) -> Way {
    Way {
        way: name.to_owned(),
        soname: None,
        verdict,
        launchers: Vec::new(),
        because: Vec::new(),
        measured: Vec::new(),
    }
}

/// Judges the ways for the programs that use MPI, with what was measured of them; none where no
/// program does.
///
/// # Errors
///
/// When what was measured is of none of them.
pub(crate) fn ways(
    case: &Case<'_>,
    host: &dyn Host,
    abi: &Abi,
    given: &[Given],
) -> Result<Vec<Way>, Error> {
    let mut of_host = launchers::of(case.host, &directories(case, host));
    let configuration = host.env("SLURM_CONF").filter(|_| case.host.is_live());
    launchers::unconfigured(&mut of_host, case.host, configuration.as_deref());
    let mut all = Vec::new();
    for (soname, using) in of_each(case.programs) {
        let search = Search::of_image(case.image, &using.object);
        let own = Closure::of(&using.object, &search, &Injected::default());
        let spoken = Family::named(soname).map(|family| launchers::spoken(family, &own));
        let spoken = spoken.unwrap_or_default();
        let lacks = check::lacks(&own, search.libc == Libc::Glibc);
        let alone = judge::of_itself(case, &using.object, &lacks);
        let by_launcher = host_launcher(case, &own, using, soname, &spoken, &of_host);
        let ways = [
            host_library(case, using, soname, abi, &of_host),
            unaided(by_launcher, &alone),
            unaided(container_only(case.image, &own, soname, &spoken), &alone),
        ];
        let own = own.named(soname).map(|loaded| loaded.object.real.clone());
        all.push(OfLibrary {
            soname: Some(soname),
            own,
            ways,
        });
    }
    if all.is_empty() && case.programs.iter().any(|using| using.static_mpi) {
        all.push(OfLibrary {
            soname: None,
            own: None,
            ways: of_static(case, &of_host),
        });
    }
    measured::tell(case, given, &mut all)?;
    let ways = all.into_iter().flat_map(|one| {
        one.ways.map(|way| Way {
            soname: one.soname.map(str::to_owned),
            ..way
        })
    });
    Ok(ways.collect())
}

/// The ways to use one library of MPI.
pub(crate) struct OfLibrary<'a> {
    /// The name by which programs need it; none where it is a part of them.
    pub(crate) soname: Option<&'a str>,
    /// The file of the image.
    pub(crate) own: Option<String>,
    pub(crate) ways: [Way; 3],
}

/// The libraries of MPI that programs need, each with the first that does.
fn of_each(programs: &[Using]) -> BTreeMap<&str, &Using> {
    let is_mpi = |name: &&String| Family::named(name).is_some_and(|it| it.kind == Kind::Mpi);
    let mut first = BTreeMap::new();
    for using in programs {
        for name in using.needs.iter().filter(is_mpi) {
            first.entry(name.as_str()).or_insert(using);
        }
    }
    first
}

/// Where the host may have launchers: its `PATH`, and beside its libraries of MPI.
fn directories(case: &Case<'_>, host: &dyn Host) -> Vec<String> {
    let path = host
        .env("PATH")
        .filter(|_| case.host.is_live())
        .unwrap_or_default();
    let path = path
        .split(':')
        .filter(|dir| dir.starts_with('/'))
        .map(str::to_owned);
    let mpi = case
        .choices
        .iter()
        .filter(|choice| choice.family.kind == Kind::Mpi);
    let beside = mpi.map(|choice| format!("{}/bin", directory(directory(&choice.object.real))));
    beside.chain(path).collect()
}

/// A way that uses what the image has: it goes no further than that starts.
fn unaided(mut way: Way, alone: &Found) -> Way {
    if let Some(verdict) = alone.verdict {
        if verdict > way.verdict {
            // What is true of one that works is no reason.
            way.because.clear();
        }
        way.verdict = way.verdict.max(verdict);
        let because = alone.because.iter().map(|reason| reason.text.clone());
        way.because.splice(0..0, because);
    }
    if way.verdict == AbiVerdict::Fails {
        way.launchers.clear();
    }
    way
}

fn host_library(
    case: &Case<'_>,
    using: &Using,
    soname: &str,
    abi: &Abi,
    of_host: &[launchers::Found],
) -> Way {
    let mut way = way(HOST_LIBRARY, AbiVerdict::Fails);
    let Some(best) = abi.best(&using.object.real, soname) else {
        way.because
            .push(format!("the host has no library for {soname}"));
        return way;
    };
    way.verdict = best.verdict;
    way.because = best
        .because
        .iter()
        .map(|reason| reason.text.clone())
        .collect();
    let mut choices = case.choices.iter();
    let choice = choices.find(|choice| choice.object.real == best.host_path);
    let spoken = choice.map(|choice| launchers::spoken(choice.family, &choice.closure));
    let spoken = spoken.unwrap_or_default();
    if way.verdict <= AbiVerdict::Degraded {
        way.launchers = launchers::able(of_host, &spoken);
        if way.launchers.is_empty() {
            way.verdict = AbiVerdict::Degraded;
            way.because
                .push(no_launcher(&best.host_path, &spoken, of_host));
        } else if choice.is_some_and(|choice| intel::is(&choice.object.linkage)) {
            mislead(case, &mut way);
        }
        doubt(&mut way, &best.host_path, &spoken, of_host);
    }
    way
}

/// Leaves out launchers of which it is not known whether they can start anything, unless there is
/// no other: then it is told why those are none that were found beside.
fn doubt(way: &mut Way, library: &str, spoken: &[&str], of_host: &[launchers::Found]) {
    let doubt = |launcher: &Launcher| launchers::doubt(of_host, &launcher.path);
    if way
        .launchers
        .iter()
        .any(|launcher| doubt(launcher).is_none())
    {
        way.launchers.retain(|launcher| doubt(launcher).is_none());
    } else if let Some(text) = way.launchers.first().and_then(doubt) {
        way.verdict = way.verdict.max(AbiVerdict::Unknown);
        way.because.push(text.to_owned());
        let is_other = |one: &&launchers::Found| !way.launchers.iter().any(|able| one.is(able));
        let others: Vec<_> = of_host.iter().filter(is_other).collect();
        if !others.is_empty() {
            let told = launchers::told(others);
            way.because
                .push(format!("{library} speaks {}, {told}", joined(spoken)));
        }
    }
}

/// Protocols in a sentence.
fn joined(spoken: &[&str]) -> String {
    match spoken.is_empty() {
        true => "no protocol that is known".to_owned(),
        false => spoken.join(" and "),
    }
}

/// Tells launchers of the host how many ranks a node has, where Intel's library would believe them
/// that it has one.
fn mislead(case: &Case<'_>, way: &mut Way) {
    let mut right = 0;
    for launcher in &mut way.launchers {
        let misled = (launcher.kind == "Hydra").then(|| intel::misled(case.host, &launcher.path));
        match misled.flatten() {
            Some(text) => {
                launcher.option = Some(intel::PER_NODE.to_owned());
                way.because.push(text);
            }
            None => right += 1,
        }
    }
    if right == 0 {
        way.verdict = way.verdict.max(AbiVerdict::Degraded);
    }
}

fn no_launcher(library: &str, spoken: &[&str], of_host: &[launchers::Found]) -> String {
    let spoken = joined(spoken);
    match of_host.is_empty() {
        true => format!("{library} speaks {spoken}, and no launcher was found on the host"),
        false => format!(
            "{library} speaks {spoken}, {}: {ALONE}",
            launchers::told(of_host)
        ),
    }
}

fn host_launcher(
    case: &Case<'_>,
    own: &Closure,
    using: &Using,
    soname: &str,
    spoken: &[&str],
    of_host: &[launchers::Found],
) -> Way {
    let mut way = Way {
        launchers: launchers::able(of_host, spoken),
        ..way(HOST_LAUNCHER, AbiVerdict::Works)
    };
    let library = own.named(soname);
    if library.is_none() {
        way.verdict = AbiVerdict::Fails;
        way.launchers.clear();
        way.because.push(format!(
            "the image has no {soname} of its own, which {} needs",
            using.object.real
        ));
    } else if way.launchers.is_empty() {
        way.verdict = AbiVerdict::Fails;
        way.because.push(no_launcher(soname, spoken, of_host));
    } else if library.is_some_and(|library| intel::is(&library.object.linkage)) {
        mislead(case, &mut way);
    }
    doubt(&mut way, soname, spoken, of_host);
    way
}

fn container_only(image: &LinkedImage, own: &Closure, soname: &str, spoken: &[&str]) -> Way {
    let path = image.env.get("PATH").map_or("", String::as_str);
    let library = own
        .named(soname)
        .map(|loaded| directory(directory(&loaded.object.real)));
    let beside = library.map(|prefix| format!("{prefix}/bin"));
    let path = path
        .split(':')
        .filter(|dir| dir.starts_with('/'))
        .map(str::to_owned);
    let dirs: Vec<String> = beside.into_iter().chain(path).collect();
    let root: &dyn Root = image;
    let mut inside = launchers::of(root, &dirs);
    launchers::unstarted(&mut inside, &|path| lacking(image, path));
    // That of a scheduler starts what the host has, not what is in the container.
    let mut able = launchers::able(&inside, spoken);
    let has_library = own.named(soname).is_some();
    able.retain(|launcher| has_library && launcher.kind != "Slurm" && launcher.kind != "PALS");
    let (verdict, because) = match (has_library, able.is_empty()) {
        (false, _) => (
            AbiVerdict::Fails,
            format!("the image has no {soname} of its own"),
        ),
        (true, true) if inside.is_empty() => (
            AbiVerdict::Fails,
            "the image has no launcher for its MPI".to_owned(),
        ),
        (true, true) => (AbiVerdict::Fails, no_launcher(soname, spoken, &inside)),
        (true, false) => (
            AbiVerdict::Works,
            "on one node only, and by the network as far as the image's libraries know it"
                .to_owned(),
        ),
    };
    Way {
        launchers: able,
        because: vec![because],
        ..way(CONTAINER_ONLY, verdict)
    }
}

/// What keeps a launcher of the image from starting itself.
fn lacking(image: &LinkedImage, path: &str) -> Option<String> {
    let launcher = Root::find(image, path)?;
    let search = Search::of_image(image, &launcher);
    let closure = Closure::of(&launcher, &search, &Injected::default());
    let lacks = check::lacks(&closure, search.libc == Libc::Glibc);
    let first = lacks.iter().find(|lack| !lack.is_late())?;
    let text = told(first).0.text;
    Some(format!("{path} does not start: {text}"))
}

/// What is left where MPI is a part of the program.
fn of_static(case: &Case<'_>, of_host: &[launchers::Found]) -> [Way; 3] {
    let inside = launchers::of(case.image, &[]);
    let unknown = |name: &str, found: &[launchers::Found], place: &str| {
        let (verdict, because) = match found.is_empty() {
            true => (AbiVerdict::Fails, format!("no launcher was found {place}")),
            false => (
                AbiVerdict::Unknown,
                format!(
                    "MPI is a part of the program: which protocol it speaks is not told; {}",
                    launchers::told(found)
                ),
            ),
        };
        Way {
            because: vec![because],
            ..way(name, verdict)
        }
    };
    [
        Way {
            because: vec!["MPI is a part of the program: nothing can be bound".into()],
            ..way(HOST_LIBRARY, AbiVerdict::Fails)
        },
        unknown(HOST_LAUNCHER, of_host, "on the host"),
        unknown(CONTAINER_ONLY, &inside, "in the image"),
    ]
}
