//! Fabric: messages by size between two processes by libfabric, with whatever library there is on either side.
//!
//! The tcp provider is everywhere, shm is the way within a node, and of hardware the first provider counts that
//! fi_getinfo(3) ranks; an MPI picks them in this order, too. A container whose library lacks the provider of the hardware does
//! not fail, it sends by tcp: what that costs is `fabric.sockets`, by the node's own library, and none of the container's doing.
//!
//! What is timed is what fi_pingpong(1) times, half of a round trip, and a window of messages under way at a time.

mod talk;

pub(crate) use hpcctl_host::fabric::About;
use hpcctl_host::fabric::{Endpoint, Library, Provider};
use hpcctl_model::bench::{Difference, FabricLibrary, FabricProvider};

use serde::{Deserialize, Serialize};

pub(crate) use talk::Follow;

use crate::far;
use crate::measurement::{Figure, Measurement, Processors, Task};
use crate::question::Question;
use crate::timing::Clock;

/// The measurements, in report order.
pub static MEASUREMENTS: &[&Measurement] = &[&TCP, &SHM, &NATIVE, &SOCKETS];

/// A figure and the bytes of its messages.
const LATENCY: [usize; 4] = [8, 4 << 10, 64 << 10, 1 << 20];
const BANDWIDTH: [usize; 2] = [64 << 10, 1 << 20];

/// The figures of a way, in the order of the sizes.
macro_rules! figures {
    ($way:literal, $by:literal) => {
        &[
            Figure::time(
                concat!("fabric.", $way, ".latency.8B"),
                concat!("half a round trip of 8 bytes by ", $by),
            ),
            Figure::time(
                concat!("fabric.", $way, ".latency.4KiB"),
                concat!("half a round trip of 4 KiB by ", $by),
            ),
            Figure::time(
                concat!("fabric.", $way, ".latency.64KiB"),
                concat!("half a round trip of 64 KiB by ", $by),
            ),
            Figure::time(
                concat!("fabric.", $way, ".latency.1MiB"),
                concat!("half a round trip of 1 MiB by ", $by),
            ),
            Figure::rate(
                concat!("fabric.", $way, ".bandwidth.64KiB"),
                concat!("messages of 64 KiB by ", $by, ", 16 under way"),
            ),
            Figure::rate(
                concat!("fabric.", $way, ".bandwidth.1MiB"),
                concat!("messages of 1 MiB by ", $by, ", 16 under way"),
            ),
        ]
    };
}

/// The row of sockets.
static TCP: Measurement = Measurement {
    figures: figures!("tcp", "libfabric's tcp"),
    // Whoever waits does so without rest: on one processor each would wait for the other's time to be over.
    processors: Processors::Two,
    take: |task, clock| take(Way::Tcp, task, clock),
};

/// The row of shared memory.
static SHM: Measurement = Measurement {
    figures: figures!("shm", "libfabric's shm"),
    processors: Processors::Two,
    take: |task, clock| take(Way::Shm, task, clock),
};

/// The row of hardware.
pub(crate) static NATIVE: Measurement = Measurement {
    figures: figures!("native", "libfabric's provider of the hardware"),
    processors: Processors::Two,
    take: |task, clock| take(Way::Native, task, clock),
};

/// What the names of its figures begin with.
pub(crate) const SOCKETS_BEGIN: &str = "fabric.sockets.";

/// The row of what a container costs that falls back to sockets: the node's tcp against its native provider.
pub(crate) static SOCKETS: Measurement = Measurement {
    figures: figures!("sockets", "libfabric's tcp, against its native provider"),
    processors: Processors::Two,
    take: |task, clock| {
        let way = match task.inside {
            true => Way::Tcp,
            false => Way::Best,
        };
        take(way, task, clock)
    },
};

/// The providers of shared memory, the likeliest first.
const WITHIN_A_NODE: [&str; 2] = ["shm", "sm2"];

/// A provider by what it is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Way {
    Tcp,
    Shm,
    /// That of the hardware.
    Native,
    /// The same, or shm where there is no such hardware.
    Best,
}

impl Way {
    /// The first provider that is one.
    fn of(self, about: &About) -> Option<&Provider> {
        let mut all = about.providers.iter();
        match self {
            Self::Tcp => all.find(|it| it.is("tcp")),
            Self::Shm => all.find(|it| it.is("shm")),
            Self::Native => {
                let is_within = |it: &Provider| WITHIN_A_NODE.iter().any(|name| it.is(name));
                all.find(|it| !it.is_of_sockets() && !is_within(it))
            }
            Self::Best => Self::Native.of(about).or_else(|| Self::Shm.of(about)),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Shm => "shm",
            Self::Native => "of hardware",
            Self::Best => "but sockets",
        }
    }
}

/// Whether there is hardware that has a provider.
pub(crate) fn is_native(about: &About) -> bool {
    Way::Native.of(about).is_some()
}

fn take(way: Way, task: &Task, clock: Clock) -> Result<Vec<f64>, String> {
    // A library may end its process, or never come back.
    match far::apart(task, &[]) {
        Some(taken) => taken,
        None => talk::lead(way, task, clock),
    }
}

/// Opens an endpoint of that way: it, and its provider.
fn open(way: Way, bytes: usize) -> Result<(Endpoint, String), String> {
    let library = Library::open()?;
    let offers = library.offers()?;
    let about = offers.about();
    let Some(provider) = way.of(&about) else {
        let names: Vec<&str> = about.providers.iter().map(|it| it.name.as_str()).collect();
        return Err(format!(
            "libfabric {} has no provider {}, only {}",
            about.version,
            way.name(),
            names.join(", ")
        ));
    };
    let name = provider.name.clone();
    let endpoint = offers.endpoint(&name, bytes);
    let endpoint = endpoint.map_err(|why| format!("{name}: {why}"))?;
    Ok((endpoint, name))
}

/// The library that a process of its own sees, in JSON.
pub(crate) fn seen(agent: &[String]) -> Result<String, String> {
    far::told(&mut far::alike(agent, &[])?, &Question::OwnFabric)
}

/// The library that this process sees, in JSON.
pub(crate) fn own() -> Result<String, String> {
    let about = Library::open()?.offers()?.about();
    serde_json::to_string(&about).map_err(|error| error.to_string())
}

/// The library as reports tell it.
pub(crate) fn library(about: About) -> FabricLibrary {
    let providers = about.providers.into_iter().map(|it| FabricProvider {
        name: it.name,
        version: it.version,
        networks: it.networks,
    });
    FabricLibrary {
        version: about.version,
        file: about.file,
        providers: providers.collect(),
    }
}

/// What of the library is not the same on both sides.
pub(crate) fn differences(outside: &About, inside: &About) -> Vec<Difference> {
    let row = |what: &str, of: fn(&About) -> String| Difference {
        what: what.into(),
        outside: of(outside),
        inside: of(inside),
    };
    let rows = [
        row("libfabric", |it| it.version.clone()),
        row("providers of libfabric", |it| {
            let names: Vec<&str> = it.providers.iter().map(|it| it.name.as_str()).collect();
            names.join(" ")
        }),
    ];
    let differs = |row: &Difference| row.outside != row.inside;
    rows.into_iter().filter(differs).collect()
}

/// Says what comes of a native provider that inside has not.
pub(crate) fn doubt(outside: &About, inside: &About) -> Option<String> {
    let native = Way::Native.of(outside)?;
    Way::Native.of(inside).is_none().then(|| {
        format!(
            "libfabric inside has no {}: what uses it there sends by sockets, which costs what fabric.sockets says",
            native.name
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(names: &[&str]) -> About {
        let provider = |name: &&str| Provider {
            name: (*name).to_owned(),
            version: "1.0".into(),
            networks: vec!["lo".into()],
        };
        About {
            version: "1.17".into(),
            file: None,
            providers: names.iter().map(provider).collect(),
        }
    }

    #[test]
    fn every_figure_has_its_size() {
        for measurement in MEASUREMENTS {
            assert_eq!(measurement.figures.len(), LATENCY.len() + BANDWIDTH.len());
        }
    }

    #[test]
    fn the_native_provider_is_the_first_of_hardware() {
        let name = |way: Way, about: &About| way.of(about).map(|it| it.name.clone());
        let cluster = about(&["cxi", "verbs;ofi_rxm", "tcp;ofi_rxm", "shm", "udp;ofi_rxd"]);
        assert_eq!(name(Way::Native, &cluster).as_deref(), Some("cxi"));
        assert_eq!(name(Way::Best, &cluster).as_deref(), Some("cxi"));
        assert_eq!(name(Way::Tcp, &cluster).as_deref(), Some("tcp;ofi_rxm"));
        let desk = about(&["tcp;ofi_rxm", "udp;ofi_rxd", "shm", "sm2"]);
        assert_eq!(name(Way::Native, &desk), None);
        assert_eq!(name(Way::Best, &desk).as_deref(), Some("shm"));
        assert_eq!(name(Way::Best, &about(&["tcp"])), None);
    }

    #[test]
    fn a_provider_that_is_lost_inside_is_told() {
        let (outside, inside) = (about(&["cxi", "tcp"]), about(&["tcp"]));
        let differs = differences(&outside, &inside);
        assert_eq!(differs.len(), 1);
        assert_eq!(differs[0].outside, "cxi tcp");
        assert!(doubt(&outside, &inside).unwrap().contains("has no cxi"));
        assert_eq!(doubt(&outside, &outside), None);
        assert_eq!(doubt(&inside, &inside), None);
    }
}
