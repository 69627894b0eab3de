//! What surrounds inside otherwise than outside, and what is doubtful by that.

use hpcctl_model::bench::Difference;

use crate::agent::Hello;
use crate::{environs, variables};

/// What is not known of a container without /proc.
const NO_PROC: &str = "inside has no /proc: which namespaces and limits it has is not known; an empty directory /proc in the \
    image is enough";

/// The namespace in which the network is.
pub(super) const NET: &str = "namespace net";

/// What the network host is, where the node's was not handed on.
const NOT_THE_NODES: &str = "the network host is that of the runtime's daemon here, which has a network namespace of its \
    own: loopback is not the node's, and the node is reached as from another machine";

/// What makes a container another one than was asked for; `network` is the one that was.
pub(super) fn doubts(
    differences: &[Difference],
    inside: &Hello,
    network: Option<&str>,
) -> Vec<String> {
    let no_proc = !environs::is_told(&inside.surroundings);
    let apart = network == Some("host") && differences.iter().any(|it| it.what == NET);
    let doubts = [(no_proc, NO_PROC), (apart, NOT_THE_NODES)];
    let doubts = doubts.into_iter().filter(|(holds, _)| *holds);
    doubts.map(|(_, words)| words.to_owned()).collect()
}

/// What is not the same on both sides.
pub(super) fn differences(outside: &Hello, inside: &Hello) -> Vec<Difference> {
    let mut names: Vec<&String> = outside.surroundings.keys().collect();
    names.extend(inside.surroundings.keys());
    names.sort_unstable();
    names.dedup();
    // What could not be read is not another.
    let both = [outside, inside]
        .iter()
        .all(|side| environs::is_told(&side.surroundings));
    names.retain(|name| both || !environs::is_of_proc(name));
    let would_name = |side: &Hello, name: &str| variables::would_name(&side.surroundings, name);
    names.retain(|name| would_name(outside, name) && would_name(inside, name));
    let on = |side: &Hello, name: &str| {
        let value = side.surroundings.get(name);
        value.map_or(Difference::ABSENT, String::as_str).to_owned()
    };
    names
        .into_iter()
        .map(|name| Difference {
            what: name.clone(),
            outside: on(outside, name),
            inside: on(inside, name),
        })
        .filter(|difference| difference.outside != difference.inside)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(said: &[(&str, &str)]) -> Hello {
        let pairs = said
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Hello {
            version: String::new(),
            processors: vec![0],
            surroundings: pairs.collect(),
        }
    }

    #[test]
    fn what_could_not_be_read_is_no_difference() {
        let outside = side(&[
            ("namespace mnt", "1"),
            ("Seccomp", "0"),
            ("C library", "glibc 2.36"),
        ]);
        let inside = side(&[("C library", "glibc 2.41")]);
        let differs = differences(&outside, &inside);
        assert_eq!(differs.len(), 1, "{differs:?}");
        assert_eq!(differs[0].inside, "glibc 2.41");
        assert_eq!(doubts(&differs, &inside, Some("host")), [NO_PROC]);
    }

    #[test]
    fn a_host_that_is_none_is_told() {
        let outside = side(&[("namespace mnt", "1"), (NET, "1")]);
        let inside = side(&[("namespace mnt", "2"), (NET, "2")]);
        let differs = differences(&outside, &inside);
        assert_eq!(doubts(&differs, &inside, Some("host")), [NOT_THE_NODES]);
        assert!(doubts(&differs, &inside, Some("none")).is_empty());
        assert!(doubts(&differs, &inside, None).is_empty());
    }
}
