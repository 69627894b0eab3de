//! `image.coupling`: do the node's MPI, fabric and GPU libraries work in the image?

use std::collections::BTreeMap;

use hpcctl_abi::{Family, Kind};
use hpcctl_model::abi::{Abi, AbiVerdict, Binding, Program};

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "image.coupling",
    manual: Manual {
        title: "Libraries of the node in the image",
        what: "Whether the MPI, the fabric and the driver of the node load in the image, for each name that its programs need.",
        why: "A parallel program is fast with the libraries of the machine. They are bound into the container, and load there only where family, C library, versions and symbols fit.",
        how: "As hpcctl abi does, with the libraries that the node's environment and usual places have: the headers of both sides are compared, nothing is run.",
        user: "`hpcctl abi IMAGE` says every reason, what to bind, and what to do.",
        admin: "",
        refs: &["https://www.mpich.org/abi/", "ld.so(8)"],
    },
    read,
    judge,
};

/// For each name what the program gets of it that gets the worst; none where the node has nothing.
fn worst(abi: &Abi) -> BTreeMap<&str, Option<&Binding>> {
    let mut worst: BTreeMap<&str, Option<&Binding>> = BTreeMap::new();
    for (name, best) in hpcctl_abi::served(abi) {
        let known = worst.entry(name).or_insert(best);
        let is_worse = |known: &Binding| best.is_none_or(|best| best.verdict > known.verdict);
        if known.is_some_and(is_worse) {
            *known = best;
        }
    }
    worst
}

fn read(site: &Site<'_>) -> Reading {
    let abi = site.image.as_ref().and_then(|image| image.abi.as_ref());
    let bindings = abi.map(worst).unwrap_or_default();
    bindings
        .into_values()
        .flatten()
        .fold(Reading::new(), |reading, one| {
            let reason = one
                .because
                .first()
                .map_or("", |reason| reason.text.as_str());
            let text = format!("{} by {} {reason}", one.verdict.as_str(), one.host_path);
            reading.fact(&one.soname, text.trim_end())
        })
}

fn judge(_: &Reading, site: &Site<'_>) -> Finding {
    let Some(image) = &site.image else {
        return Finding::skipped("no image was given").holding(true);
    };
    let Some(abi) = &image.abi else {
        return Finding::unknown(
            "the programs of the image, or the libraries of the node, could not be read",
        );
    };
    let worst = worst(abi);
    let of_mpi = worst.iter();
    let of_mpi = of_mpi.filter(|(name, _)| is_of(name, Kind::Mpi));
    let of_mpi = of_mpi.map(|(name, one)| (*name, *one)).collect();
    Finding {
        // The operation that hangs on it is that of the MPI: a GPU has checks of its own.
        holds: judged(&of_mpi, abi, Some(Kind::Mpi)).holds,
        ..judged(&worst, abi, None)
    }
}

fn is_of(name: &str, kind: Kind) -> bool {
    Family::named(name).is_some_and(|it| it.kind == kind)
}

/// What these names get, and what is opened of a kind; of all where none is given.
fn judged(worst: &BTreeMap<&str, Option<&Binding>>, abi: &Abi, kind: Option<Kind>) -> Finding {
    let names = |wanted: Option<AbiVerdict>| {
        let found = worst.iter();
        let found = found.filter(|(_, one)| one.map(|one| one.verdict) == wanted);
        found.map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    };
    let of = |verdict| Some(names(Some(verdict))).filter(|names| !names.is_empty());
    if let Some(names) = of(AbiVerdict::Fails) {
        return Finding::warn(format!("no library of the node works for {names}")).holding(false);
    }
    if worst.values().any(Option::is_none) {
        let names = names(None);
        return Finding::skipped(format!("the node has no library for {names}")).holding(false);
    }
    if let Some(names) = of(AbiVerdict::Unknown) {
        return Finding::unknown(format!(
            "whether the node's library works for {names} is not known"
        ));
    }
    let counts = |name: &&String| kind.is_none_or(|kind| is_of(name, kind));
    let opens = |one: &Program| {
        let opens: Vec<&str> = one
            .opens
            .iter()
            .filter(counts)
            .map(String::as_str)
            .collect();
        (!opens.is_empty()).then(|| (one.path.clone(), opens.join(", ")))
    };
    if let Some((path, opens)) = abi.programs.iter().find_map(opens) {
        return Finding::unknown(format!(
            "{path} opens {opens} as it runs: whether the node's works is not known"
        ));
    }
    if !abi.complete {
        return Finding::unknown("not all that this hangs on could be read of the image");
    }
    if worst.is_empty() && abi.image.libc.as_deref() == Some("musl") {
        return Finding::skipped("no program of the image needs a library of the node, and none of glibc could be used beside its musl")
            .holding(false);
    }
    if worst.is_empty() {
        return Finding::skipped("no program of the image needs a library of the node")
            .holding(true);
    }
    Finding::pass(match of(AbiVerdict::Degraded) {
        Some(names) => format!("the node's library works in part for {names}"),
        None => format!(
            "the node's library works for {}",
            names(Some(AbiVerdict::Works))
        ),
    })
}

#[cfg(test)]
mod tests {
    use AbiVerdict::{Fails, Works};
    use hpcctl_model::doctor::Status;

    use super::*;
    use crate::image::Image;
    use crate::image::tests::app;
    use crate::scripted::Scripted;

    fn of(program: &str, soname: &str, verdict: AbiVerdict) -> Binding {
        Binding {
            library: soname.into(),
            soname: soname.into(),
            host_path: format!("/opt/{soname}"),
            image_path: None,
            family: "MPICH ABI".into(),
            verdict,
            because: Vec::new(),
            fix: Vec::new(),
            programs: vec![program.into()],
            binds: Vec::new(),
            environment: Vec::new(),
        }
    }

    fn program(path: &str) -> Program {
        Program {
            path: path.into(),
            needs: vec!["libmpi.so.12".into(), "libcuda.so.1".into()],
            static_mpi: false,
            module: false,
            opens: Vec::new(),
            own: Vec::new(),
        }
    }

    fn abi(bindings: Vec<Binding>) -> Abi {
        Abi {
            programs: vec![program("/app")],
            bindings,
            complete: true,
            ..Abi::default()
        }
    }

    fn both(mpi: AbiVerdict, cuda: AbiVerdict) -> Vec<Binding> {
        vec![
            of("/app", "libmpi.so.12", mpi),
            of("/app", "libcuda.so.1", cuda),
        ]
    }

    fn told(abi: Abi) -> Finding {
        let host = Scripted::new();
        let mut site = Site::new(&host);
        site.image = Some(Image {
            abi: Some(abi),
            ..app()
        });
        judge(&read(&site), &site)
    }

    #[test]
    fn the_best_library_for_each_name_of_each_program_counts() {
        let mut better = both(Fails, Works);
        better.push(of("/app", "libmpi.so.12", Works));
        assert_eq!(told(abi(better)).holds, Some(true));
        let found = told(abi(both(Fails, Works)));
        assert_eq!(found.holds, Some(false), "{}", found.summary);
        assert!(found.summary.contains("libmpi.so.12"), "{}", found.summary);
        // What works for one program may not for another.
        let mut other = abi(both(Works, Works));
        other.programs.push(program("/other"));
        other.bindings.push(of("/other", "libmpi.so.12", Fails));
        assert_eq!(told(other).holds, Some(false));
    }

    #[test]
    fn what_nothing_stands_for_is_told() {
        let found = told(abi(vec![of("/app", "libcuda.so.1", Works)]));
        assert_eq!(found.holds, Some(false), "{}", found.summary);
        assert!(found.summary.contains("libmpi.so.12"), "{}", found.summary);
        assert_eq!(told(abi(Vec::new())).holds, Some(false));
        let mut musl = Abi {
            complete: true,
            ..Abi::default()
        };
        assert_eq!(told(musl.clone()).holds, Some(true));
        musl.image.libc = Some("musl".into());
        assert_eq!(told(musl).holds, Some(false));
    }

    #[test]
    fn what_was_not_read_or_is_opened_later_is_not_known() {
        let mut part = abi(both(Works, Works));
        part.complete = false;
        assert_eq!(told(part).holds, None);
        let mut opens = abi(Vec::new());
        opens.programs[0].needs.clear();
        assert_eq!(told(opens.clone()).holds, Some(true));
        opens.programs[0].opens.push("libmpi.so.12".into());
        assert_eq!(told(opens).holds, None);
    }

    #[test]
    fn whether_the_mpi_can_be_used_hangs_on_the_names_of_mpi_alone() {
        let needing = |name: &str| Program {
            needs: vec![name.into()],
            ..program("/other")
        };
        // Libraries of a GPU and of a fabric that do not work, or that the node has not.
        let mut rows = vec![
            ("libcuda.so.1", abi(both(Works, Fails)), Status::Warn),
            (
                "libcuda.so.1",
                abi(vec![of("/app", "libmpi.so.12", Works)]),
                Status::Skipped,
            ),
        ];
        for (name, verdict, status) in [
            ("libucp.so.0", None, Status::Skipped),
            ("libamdhip64.so.6", Some(Fails), Status::Warn),
            ("libucp.so.0", Some(AbiVerdict::Unknown), Status::Unknown),
        ] {
            let mut with = abi(both(Works, Works));
            with.programs.push(needing(name));
            with.bindings
                .extend(verdict.map(|verdict| of("/other", name, verdict)));
            rows.push((name, with, status));
        }
        for (name, row, status) in rows {
            let found = told(row);
            assert_eq!((found.status, found.holds), (status, Some(true)), "{name}");
            assert!(found.summary.contains(name), "{}", found.summary);
        }
        // So does what a program may open as it runs.
        let mut opens = abi(both(Works, Works));
        opens.programs[0].opens.push("libcuda.so.1".into());
        let found = told(opens.clone());
        assert_eq!((found.status, found.holds), (Status::Unknown, Some(true)));
        opens.programs[0].opens.push("libmpi.so.40".into());
        assert_eq!(told(opens).holds, None);
        // Where no program uses MPI, one could be used but in an image without glibc.
        let mut gpu = abi(vec![of("/other", "libamdhip64.so.6", Fails)]);
        gpu.programs = vec![needing("libamdhip64.so.6")];
        assert_eq!(told(gpu.clone()).holds, Some(true));
        gpu.image.libc = Some("musl".into());
        assert_eq!(told(gpu).holds, Some(false));
    }
}
