//! Limits of a process that a runtime may set, getrlimit(2): of what threads, allocations and pinned memory need.
//!
//! Those of open files and of processes are not among them: bench itself has podman set them.

use hpcctl_host::{Op, Trial};
use hpcctl_model::bench::Difference;
use rustix::process::{Resource, getrlimit};

/// What is in front of a name among differences.
pub(crate) const START: &str = "limit of ";

/// No limit, in words and as setrlimit(2) has it.
const NONE: (&str, u64) = ("none", u64::MAX);

/// Each by its name.
const LIMITS: [(&str, Resource); 4] = [
    ("stack", Resource::Stack),
    ("locked memory", Resource::Memlock),
    ("data", Resource::Data),
    ("address space", Resource::As),
];

/// Those of this process, in bytes, as they are named among differences.
pub(crate) fn all() -> impl Iterator<Item = (String, String)> {
    LIMITS.into_iter().map(|(name, resource)| {
        let soft = getrlimit(resource).current;
        let words = soft.map_or_else(|| NONE.0.to_owned(), |bytes| format!("{bytes} bytes"));
        (format!("{START}{name}"), words)
    })
}

/// One that makes a difference, where there is no container to take them from.
pub(crate) fn planted() -> Difference {
    Difference {
        what: format!("{START}stack"),
        outside: NONE.0.into(),
        inside: format!("{} bytes", 1 << 20),
    }
}

/// Sets them as they are inside.
pub(crate) fn set(trial: Trial, differences: &[Difference]) -> Trial {
    let steps = differences.iter().filter_map(step);
    steps.fold(trial, Trial::op)
}

fn step(difference: &Difference) -> Option<Op> {
    let name = difference.what.strip_prefix(START)?;
    let (_, resource) = LIMITS.into_iter().find(|(own, _)| *own == name)?;
    let soft = match difference.inside.split_once(' ') {
        Some((bytes, _)) => bytes.parse().ok()?,
        None => NONE.1,
    };
    let resource = resource as u32;
    Some(Op::Limit { resource, soft })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_set_as_it_is_told() {
        let differs = |what: &str, inside: &str| Difference {
            what: what.into(),
            outside: "1 bytes".into(),
            inside: inside.into(),
        };
        let of = |name: &str, inside: &str| step(&differs(&format!("{START}{name}"), inside));
        let limit = |resource: Resource, soft| {
            let resource = resource as u32;
            Some(Op::Limit { resource, soft })
        };
        assert_eq!(of("stack", "8192 bytes"), limit(Resource::Stack, 8192));
        assert_eq!(of("data", NONE.0), limit(Resource::Data, u64::MAX));
        assert_eq!(step(&planted()), limit(Resource::Stack, 1 << 20));
        assert_eq!(of("stack", "many bytes"), None);
        assert_eq!(step(&differs("Seccomp", "2")), None);
        let told: Vec<(String, String)> = all().collect();
        assert_eq!(told.len(), LIMITS.len());
        for (what, inside) in &told {
            assert!(step(&differs(what, inside)).is_some(), "{what} {inside}");
        }
    }
}
