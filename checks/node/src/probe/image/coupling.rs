//! `image.coupling`: do the node's MPI, fabric and GPU libraries work in the image?

use std::collections::BTreeMap;

use hpcctl_model::abi::{Abi, AbiVerdict, Binding};

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

/// For each name what the program gets of it that gets the worst.
fn best(abi: &Abi) -> BTreeMap<&str, &Binding> {
    let mut best: BTreeMap<&str, &Binding> = BTreeMap::new();
    for program in &abi.programs {
        let needs = program.needs.iter();
        for binding in needs.filter_map(|name| abi.best(&program.path, name)) {
            let known = best.entry(&binding.soname).or_insert(binding);
            if binding.verdict > known.verdict {
                *known = binding;
            }
        }
    }
    best
}

fn read(site: &Site<'_>) -> Reading {
    let abi = site.image.as_ref().and_then(|image| image.abi.as_ref());
    let bindings = abi.map(best).unwrap_or_default();
    bindings.into_values().fold(Reading::new(), |reading, one| {
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
    if abi.programs.iter().all(|program| program.needs.is_empty()) {
        return Finding::skipped("no program of the image needs a library of the node")
            .holding(true);
    }
    let best = best(abi);
    let names = |verdict: AbiVerdict| {
        let found = best.values().filter(|one| one.verdict == verdict);
        found
            .map(|one| one.soname.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    match best.values().map(|one| one.verdict).max() {
        None => {
            Finding::skipped("the node has no library for what the programs need").holding(false)
        }
        Some(AbiVerdict::Works) => Finding::pass(format!(
            "the node's library works for {}",
            names(AbiVerdict::Works)
        )),
        Some(AbiVerdict::Degraded) => Finding::pass(format!(
            "the node's library works in part for {}",
            names(AbiVerdict::Degraded)
        )),
        Some(AbiVerdict::Unknown) => Finding::unknown(format!(
            "whether the node's library works for {} is not known",
            names(AbiVerdict::Unknown)
        )),
        Some(AbiVerdict::Fails) => Finding::warn(format!(
            "no library of the node works for {}",
            names(AbiVerdict::Fails)
        ))
        .holding(false),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_model::abi::Program;

    use super::*;
    use crate::image::Image;
    use crate::scripted::Scripted;

    #[test]
    fn the_best_library_for_each_name_counts() {
        let host = Scripted::new();
        let of = |program: &str, soname: &str, verdict| Binding {
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
        };
        let binding = |soname: &str, verdict| of("/app", soname, verdict);
        let program = |path: &str| Program {
            path: path.into(),
            needs: vec!["libmpi.so.12".into(), "libcuda.so.1".into()],
            static_mpi: false,
            module: false,
            opens: Vec::new(),
        };
        let find = |bindings: Vec<Binding>| {
            let mut site = Site::new(&host);
            site.image = Some(Image {
                name: "oci:app".into(),
                complete: true,
                owners: Vec::new(),
                privileged: Vec::new(),
                libc: None,
                abi: Some(Abi {
                    programs: vec![program("/app"), program("/other")],
                    bindings,
                    ..Abi::default()
                }),
            });
            judge(&read(&site), &site)
        };
        let (works, fails) = (AbiVerdict::Works, AbiVerdict::Fails);
        let found = find(vec![
            binding("libmpi.so.12", fails),
            binding("libmpi.so.12", works),
        ]);
        assert_eq!(found.holds, Some(true), "{}", found.summary);
        let found = find(vec![
            binding("libmpi.so.12", works),
            binding("libcuda.so.1", fails),
        ]);
        assert_eq!(found.holds, Some(false), "{}", found.summary);
        assert!(found.summary.contains("libcuda.so.1"), "{}", found.summary);
        // What works for one program may not for another.
        let found = find(vec![
            binding("libmpi.so.12", works),
            of("/other", "libmpi.so.12", fails),
        ]);
        assert_eq!(found.holds, Some(false), "{}", found.summary);
        assert_eq!(find(Vec::new()).holds, Some(false));
    }
}
