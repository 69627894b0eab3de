//! What is judged, and how it is told: a row for each library of the host in the place of a name,
//! one for all programs of which the same is true.

use std::collections::{BTreeMap, BTreeSet};

use hpcctl_model::abi::{AbiVerdict, Bind, Binding, Reason};

use crate::families::{Family, Kind};
use crate::judge::{self, Case, Found};
use crate::plan::HostChoice;
use crate::programs::Using;
use crate::reasons::reason;

/// The verdicts, by the names that programs need.
pub(crate) fn bindings(case: &Case<'_>) -> Vec<Binding> {
    let mut needed: BTreeMap<(Kind, &str), Vec<&Using>> = BTreeMap::new();
    for program in case.programs {
        for name in &program.needs {
            if let Some(family) = Family::named(name) {
                needed.entry((family.kind, name)).or_default().push(program);
            }
        }
    }
    let of_family = |family: Option<&'static Family>| {
        let mut choices = case.choices.iter();
        choices.any(|choice| Some(choice.family) == family)
    };
    let needed = needed.into_iter().map(|((kind, name), programs)| {
        let wanted = family_of(name, &programs);
        (kind, name, programs, wanted)
    });
    let needed: Vec<_> = needed.collect();
    // What no MPI of the host is of the family of is told as such, where one is of another's.
    let has_mpi = needed
        .iter()
        .any(|(kind, _, _, wanted)| *kind == Kind::Mpi && of_family(*wanted));
    let mut bindings = Vec::new();
    for (kind, name, programs, wanted) in &needed {
        let is_judged = |choice: &&HostChoice<'_>| {
            let is_other = *kind == Kind::Mpi && choice.family.kind == Kind::Mpi && !has_mpi;
            Some(choice.family) == *wanted || is_other
        };
        for choice in case.choices.iter().filter(is_judged) {
            bindings.extend(rows(case, choice, name, programs, *wanted));
        }
    }
    together(&mut bindings);
    bindings
}

/// The family that a name is of, for these programs.
fn family_of(name: &str, programs: &[&Using]) -> Option<&'static Family> {
    let named = Family::named(name)?;
    let is_open = |using: &&Using| {
        let symbols = using.object.linkage.symbols.as_ref();
        symbols.is_some_and(|symbols| symbols.imports().any(|one| one.name.starts_with("ompi_")))
    };
    match named.name == "MPICH ABI" && programs.iter().any(is_open) {
        true => Family::named("libmpi.so.20"),
        false => Some(named),
    }
}

/// Programs of which the same is true.
#[derive(Default)]
struct Alike {
    programs: Vec<String>,
    found: Vec<Found>,
}

/// The rows of a library for a name, those that work first.
fn rows(
    case: &Case<'_>,
    choice: &HostChoice<'_>,
    name: &str,
    programs: &[&Using],
    wanted: Option<&Family>,
) -> Vec<Binding> {
    let mut rows: BTreeMap<(AbiVerdict, Vec<Reason>), Alike> = BTreeMap::new();
    for using in programs {
        let found = judge::one(case, choice, using, name, wanted);
        let verdict = found.verdict.unwrap_or(AbiVerdict::Works);
        // What is the same but for the program's own path is the same.
        let own = &using.object.real;
        let same = |one: &Reason| reason(&one.rule, one.text.replace(own, "the program"));
        let because = found.because.iter().map(same).collect();
        let alike = rows.entry((verdict, because)).or_default();
        alike.programs.push(using.object.real.clone());
        alike.found.push(found);
    }
    let rows = rows.into_iter().map(|((verdict, because), alike)| {
        let one = match &alike.found[..] {
            [one] => Some(one.because.iter().cloned().collect()),
            _ => None,
        };
        Binding {
            verdict,
            because: one.unwrap_or(because),
            ..row(choice, name, alike)
        }
    });
    rows.collect()
}

/// What all of these programs want bound.
fn row(choice: &HostChoice<'_>, name: &str, alike: Alike) -> Binding {
    let mut row = Binding {
        library: choice.object.linkage.soname.clone().unwrap_or_default(),
        soname: name.to_owned(),
        host_path: choice.object.real.clone(),
        image_path: None,
        family: choice.family.name.to_owned(),
        verdict: AbiVerdict::Works,
        because: Vec::new(),
        fix: Vec::new(),
        programs: alike.programs,
        binds: Vec::new(),
        environment: Vec::new(),
    };
    let mut seen = BTreeSet::new();
    for found in alike.found {
        row.image_path = row.image_path.or(found.own);
        let fixes = found.fixes.into_iter();
        row.fix.extend(fixes.filter(|fix| seen.insert(fix.clone())));
        row.binds.extend(found.binds);
        row.environment.extend(found.environment);
    }
    row.binds.sort();
    row.binds.dedup();
    row.environment.sort();
    row.environment.dedup();
    row
}

/// A library that does not work alone, but does as it is bound together with another that these
/// programs need: libibverbs with the libfabric of the same host.
fn together(bindings: &mut [Binding]) {
    for at in 0..bindings.len() {
        let row = &bindings[at];
        if row.verdict <= AbiVerdict::Degraded {
            continue;
        }
        let brings = |other: &&Binding| {
            other.verdict <= AbiVerdict::Degraded
                && row
                    .programs
                    .iter()
                    .all(|program| other.programs.contains(program))
                && other
                    .binds
                    .iter()
                    .any(|bind: &Bind| bind.host == row.host_path)
        };
        let other = bindings.iter().find(brings).cloned();
        let Some(other) = other else {
            continue;
        };
        let text = format!(
            "it does not work alone, and does as it is bound together with {}",
            other.soname
        );
        let row = &mut bindings[at];
        row.verdict = other.verdict;
        row.because = vec![reason("together", text)];
        row.fix.clear();
        row.binds = other.binds;
        row.environment = other.environment;
    }
}
