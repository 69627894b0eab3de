//! `/etc/ld.so.cache`: the libraries that ldconfig(8) found. Its layout is that of glibc,
//! `sysdeps/generic/dl-cache.h`; without it the loader takes no notice of `ld.so.conf`.

use std::collections::HashMap;

use crate::hwcaps::{self, Special};

const OLD: &[u8] = b"ld.so-1.7.0";
const NEW: &[u8] = b"glibc-ld.so.cache1.1";

/// Bytes of the head and of an entry, of the old form and of the new one.
const OLD_HEAD: usize = 16;
const OLD_ENTRY: usize = 12;
const NEW_HEAD: usize = 48;
const NEW_ENTRY: usize = 24;

/// The longest path.
const LONGEST: usize = 4096;

/// What an entry of a directory for newer processors begins with, in its upper half and but for the ten
/// bits of a level (`DL_CACHE_HWCAP_EXTENSION`).
const EXTENSION: u32 = 1 << 30;
const LEVEL_BITS: u32 = (1 << 10) - 1;

/// Where the loader finds libraries by their names, those for this processor first; those for others
/// are left out.
pub(crate) fn read(bytes: &[u8], special: &Special) -> HashMap<String, Vec<String>> {
    let start = match bytes.starts_with(OLD) {
        true => {
            let count = number(bytes, OLD_HEAD - 4).unwrap_or(0);
            let end = count.saturating_mul(OLD_ENTRY).saturating_add(OLD_HEAD);
            end.checked_next_multiple_of(8).unwrap_or(usize::MAX)
        }
        false => 0,
    };
    let bytes = bytes.get(start..).unwrap_or_default();
    let mut found: HashMap<String, Vec<(usize, String)>> = HashMap::new();
    if !bytes.starts_with(NEW) {
        return HashMap::new();
    }
    let count = number(bytes, NEW.len()).unwrap_or(0);
    let entries = bytes
        .get(NEW_HEAD..)
        .unwrap_or_default()
        .chunks_exact(NEW_ENTRY);
    for entry in entries.take(count) {
        let is_plain = entry[16..24].iter().all(|byte| *byte == 0);
        let text = |at: usize| text(bytes, number(entry, at)?);
        let (Some(name), Some(path)) = (text(4), text(8)) else {
            continue;
        };
        let upper = number(entry, 20).and_then(|upper| u32::try_from(upper).ok());
        let is_extended = upper.is_some_and(|upper| upper & !LEVEL_BITS == EXTENSION);
        let rank = special.rank(&path);
        let rank = rank.filter(|_| is_extended == hwcaps::is_newer(&path));
        if is_plain || rank.is_some() {
            let rank = rank.filter(|_| !is_plain).unwrap_or(usize::MAX);
            found.entry(name).or_default().push((rank, path));
        }
    }
    let sorted = found.into_iter().map(|(name, mut paths)| {
        paths.sort_by_key(|(rank, _)| *rank);
        (name, paths.into_iter().map(|(_, path)| path).collect())
    });
    sorted.collect()
}

/// Whoever made the cache had the byte order of most machines.
fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_le_bytes(word.try_into().ok()?)).ok()
}

fn text(bytes: &[u8], at: usize) -> Option<String> {
    let rest = bytes.get(at..)?;
    let end = rest.iter().take(LONGEST).position(|byte| *byte == 0)?;
    std::str::from_utf8(&rest[..end]).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(entries: &[(&str, &str, u64)]) -> Vec<u8> {
        let mut bytes = NEW.to_vec();
        bytes.extend((entries.len() as u32).to_le_bytes());
        bytes.resize(NEW_HEAD, 0);
        let mut texts = Vec::new();
        let from = NEW_HEAD + entries.len() * NEW_ENTRY;
        for (name, path, hwcap) in entries {
            bytes.extend(3_u32.to_le_bytes());
            for part in [name, path] {
                bytes.extend(((from + texts.len()) as u32).to_le_bytes());
                texts.extend(part.as_bytes());
                texts.push(0);
            }
            bytes.extend(0_u32.to_le_bytes());
            bytes.extend(hwcap.to_le_bytes());
        }
        bytes.extend(texts);
        bytes
    }

    #[test]
    fn names_lead_to_paths() {
        let none = Special::default();
        let plain = cache(&[
            ("a.so.1", "/x/a.so.1", 0),
            ("a.so.1", "/v3/a.so.1", 1 << 62),
        ]);
        assert_eq!(read(&plain, &none)["a.so.1"], ["/x/a.so.1"]);
        let special = "/x/glibc-hwcaps/x86-64-v3/a.so.1";
        let levels = cache(&[
            ("a.so.1", "/x/a.so.1", 0),
            ("a.so.1", special, (1 << 62) | (3 << 32) | 1),
        ]);
        let [second, third] = ["glibc-hwcaps/x86-64-v2", "glibc-hwcaps/x86-64-v3"];
        let old = Special::with(&[second], &[third]);
        assert_eq!(read(&levels, &old)["a.so.1"], ["/x/a.so.1"]);
        let new = Special::with(&[third, second], &[]);
        assert_eq!(read(&levels, &new)["a.so.1"], [special, "/x/a.so.1"]);
        let mut both = OLD.to_vec();
        both.resize(OLD_HEAD - 4, 0);
        both.extend(1_u32.to_le_bytes());
        both.resize(32, 0);
        both.extend(&plain);
        assert_eq!(read(&both, &none)["a.so.1"], ["/x/a.so.1"]);
    }

    #[test]
    fn libraries_for_older_processors_are_found_where_the_processor_is_one() {
        let special = "/x/haswell/a.so.1";
        let bytes = cache(&[("a.so.1", "/x/a.so.1", 0), ("a.so.1", special, 4 << 48)]);
        let has = Special::with(&["haswell", "x86_64"], &[]);
        assert_eq!(read(&bytes, &has)["a.so.1"], [special, "/x/a.so.1"]);
        let has_not = Special::with(&["x86_64"], &["haswell"]);
        assert_eq!(read(&bytes, &has_not)["a.so.1"], ["/x/a.so.1"]);
        // A directory of that name that ldconfig(8) was told of is like any other.
        let plain = cache(&[("a.so.1", special, 0)]);
        assert_eq!(read(&plain, &has_not)["a.so.1"], [special]);
    }

    #[test]
    fn what_is_damaged_yields_what_is_there() {
        let whole = cache(&[("a", "/a", 0), ("b", "/b", 0)]);
        for end in 0..whole.len() {
            assert!(read(&whole[..end], &Special::default()).len() <= 2);
        }
        let mut wild = whole.clone();
        wild[NEW.len()..NEW.len() + 4].fill(0xff);
        assert!(read(&wild, &Special::default()).len() >= 2);
        let mut old = OLD.to_vec();
        old.resize(OLD_HEAD, 0xff);
        assert!(read(&old, &Special::default()).is_empty());
    }
}
