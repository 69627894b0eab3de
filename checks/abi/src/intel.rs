//! Intel's library, whose name and symbols are those of MPICH: what it does that no header tells.
//!
//! Tried with Intel MPI 2021.19 over MPICH, with and without libfabric in the image, and with Hydra
//! 3.4.1, 4.0.2, 4.2.1 and 5.0.2. Hydra hands on how ranks lie on nodes as `PMI_process_mapping`; that
//! of MPICH 4.1 was written anew (its file CHANGES, "Hydra now uses libpmi").

use hpcctl_image::Linkage;

use crate::root::HostRoot;

/// A function that no other MPI exports.
const MARK: &str = "I_MPI_Check_image_status";

/// What it opens in MPI_Init to reach other nodes.
pub(crate) const OPENS: &str = "libfabric.so.1";

/// The first Hydra that tells how many ranks of a run are on one node, without being told.
const TELLS: (u32, u32) = (4, 1);

/// How an older one is told.
pub(crate) const PER_NODE: &str = "-ppn N";

/// The most bytes of a launcher that are looked at.
const MOST: u64 = 16 << 20;

/// The longest version.
const LONGEST: usize = 16;

/// Whether a library is Intel's.
pub(crate) fn is(linkage: &Linkage) -> bool {
    let symbols = linkage.symbols.as_ref();
    symbols.is_some_and(|symbols| symbols.gives(MARK, None))
}

/// What is wrong with ranks of this library that a Hydra of MPICH starts; none where nothing is.
pub(crate) fn misled(host: &HostRoot, launcher: &str) -> Option<String> {
    let version = old(&host.bytes(launcher, MOST)?)?;
    Some(format!(
        "{launcher} is Hydra {version}, which says that a node has one rank unless it is given {PER_NODE} \
         (N ranks a node), and Intel's library believes it: MPI_Init aborts where a node has more; \
         Intel's own mpiexec.hydra need not be told"
    ))
}

/// The version of a Hydra of before 4.1, by the text that it prints for `--version`.
fn old(program: &[u8]) -> Option<String> {
    let texts = program.split(|byte| *byte == 0);
    let texts = texts.filter(|text| (3..=LONGEST).contains(&text.len()));
    let versions = texts.filter_map(|text| {
        let text = std::str::from_utf8(text).ok()?;
        Some((release(text)?, text))
    });
    let (release, text) = versions.max()?;
    (release < TELLS).then(|| text.to_owned())
}

/// The first two numbers of a version such as `4.0.2` or `4.1a1`, or `2021.19.0` of Intel's own;
/// addresses of networks and numbers of standards are none.
fn release(text: &str) -> Option<(u32, u32)> {
    let parts: Vec<&str> = text.split('.').collect();
    let (major, minor) = match parts[..] {
        [major, minor] | [major, minor, _] => (major.parse().ok()?, minor),
        _ => return None,
    };
    let is_major = (1..100).contains(&major) || (2000..2100).contains(&major);
    let digits = minor.find(|c: char| !c.is_ascii_digit());
    let (minor, rest) = minor.split_at(digits.unwrap_or(minor.len()));
    let mut rest = rest
        .chars()
        .chain(parts.into_iter().skip(2).flat_map(str::chars));
    let is_rest = rest.all(|c| c.is_ascii_digit() || "abrcp".contains(c));
    Some((major, minor.parse().ok()?)).filter(|_| is_major && is_rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_hydra_is_known_by_the_version_that_it_prints() {
        let of = |versions: &[&str]| old(versions.join("\0").as_bytes());
        assert_eq!(
            of(&["HYDRA build details:", "4.0.2", "4.0 GiB", ".5", "1"]).as_deref(),
            Some("4.0.2")
        );
        assert_eq!(of(&["4.0rc1"]).as_deref(), Some("4.0rc1"));
        for newer in ["4.1", "4.1a1", "4.2.1", "2021.19.0"] {
            assert_eq!(of(&[newer, "3.2"]), None, "{newer}");
        }
        // What else looks like one is in programs of both.
        let others = ["127.0.0.1", "802.1a", "2.0", "0.5"];
        assert_eq!(
            of(&[&["3.4.1"], &others[..]].concat()).as_deref(),
            Some("3.4.1")
        );
        assert_eq!(of(&[&["2021.19.0", "3.4a2"], &others[..]].concat()), None);
        assert_eq!(of(&["Intel"]), None);
        assert_eq!(old(&[]), None);
    }
}
