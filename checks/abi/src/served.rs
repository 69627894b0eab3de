//! What the host has for each name that a program of an image needs.

use hpcctl_model::abi::{Abi, Binding};

use crate::families::{Family, Kind};

/// Each name that a program needs, with the best of the host for it; none where no library of the host
/// stands for it. With an MPI of the host comes what moves its messages: what it leaves to the image
/// is no lack.
pub fn served(abi: &Abi) -> Vec<(&str, Option<&Binding>)> {
    let mut all = Vec::new();
    for program in &abi.programs {
        let needs = program.needs.iter();
        let needs = needs.map(|name| (name.as_str(), abi.best(&program.path, name)));
        let needs: Vec<_> = needs.collect();
        let is = |name: &str, kind| Family::named(name).is_some_and(|family| family.kind == kind);
        let has_mpi = needs
            .iter()
            .any(|(name, best)| best.is_some() && is(name, Kind::Mpi));
        let counts = |(name, best): &(&str, Option<_>)| {
            best.is_some() || !has_mpi || !is(name, Kind::Fabric)
        };
        all.extend(needs.into_iter().filter(counts));
    }
    all
}
