//! `Packages.db`, the database ndb of rpm, which SUSE uses.
//!
//! The layout is that of rpm's `lib/backend/ndb/rpmpkg.c`, all numbers little-endian: pages of
//! slots at the start, the first two slots being the file's header, and blobs of whole blocks
//! behind them. A slot that points to no block is free.

use super::Headers;

/// Bytes of a slot, and of a block.
const UNIT: usize = 16;

/// Bytes of a page of slots.
const PAGE: usize = 4096;

/// Bytes in front of the header in a blob, and behind it.
const HEAD: usize = 16;
const TAIL: usize = 12;

/// Reads a database; what is wrong with single packages is counted.
pub(super) fn read(bytes: &[u8], headers: &mut Headers<'_>) -> Result<(), String> {
    if !bytes.starts_with(b"RpmP") {
        return Err("it is no RPM database of the kind ndb".to_owned());
    }
    let pages = match (word(bytes, 4), word(bytes, 12)) {
        (Some(0), Some(pages)) => pages,
        (version, _) => return Err(format!("its version {version:?} of ndb is not known")),
    };
    let slots = pages.saturating_mul(PAGE).min(bytes.len());
    if slots < pages.saturating_mul(PAGE) {
        headers.fault("its end is missing");
    }
    // Blobs do not overlap, so together they are no larger than the file.
    let mut left = bytes.len();
    for slot in bytes[..slots].chunks_exact(UNIT).skip(2) {
        if word(slot, 8) == Some(0) && slot.starts_with(b"Slot") {
            continue;
        }
        let header = blob(bytes, slot).filter(|header| header.len() <= left);
        left -= header.map_or(0, <[u8]>::len);
        if !headers.take(header) {
            break;
        }
    }
    Ok(())
}

/// The header that a slot points to; none where slot and blob do not agree.
fn blob<'a>(bytes: &'a [u8], slot: &[u8]) -> Option<&'a [u8]> {
    let start = word(slot, 8)?.checked_mul(UNIT)?;
    let size = word(slot, 12)?.checked_mul(UNIT)?;
    let blob = bytes.get(start..start.checked_add(size)?)?;
    let length = word(blob, 12)?;
    let tail = blob.get(blob.len().checked_sub(TAIL)?..)?;
    let agrees = slot.starts_with(b"Slot")
        && blob.starts_with(b"BlbS")
        && slot.get(4..8) == blob.get(4..8)
        && word(tail, 4) == Some(length)
        && tail.ends_with(b"BlbE");
    let header = blob.get(HEAD..HEAD.checked_add(length)?)?;
    (agrees && HEAD + length + TAIL <= blob.len()).then_some(header)
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    let word = word.try_into().ok().map(u32::from_le_bytes)?;
    usize::try_from(word).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::named;
    use super::super::{parse, tests::packages};
    use super::*;
    use crate::catalog::Source;
    use proptest::prelude::*;

    const PATH: &str = "usr/lib/sysimage/rpm/Packages.db";

    /// Writes a database with one page of slots and a free slot after each header.
    pub(in crate::catalog::rpm) fn database(headers: &[Vec<u8>]) -> Vec<u8> {
        let mut slots = b"RpmP\0\0\0\0".to_vec();
        for number in [1_u32, 1, 99, 0, 0, 0] {
            slots.extend(number.to_le_bytes());
        }
        let mut blobs = Vec::new();
        for (place, header) in headers.iter().enumerate() {
            let size = (HEAD + header.len() + TAIL).next_multiple_of(UNIT);
            let length = (header.len() as u32).to_le_bytes();
            let index = (place as u32 + 1).to_le_bytes();
            slots.extend(b"Slot");
            slots.extend(index);
            slots.extend(((PAGE + blobs.len()) as u32 / 16).to_le_bytes());
            slots.extend((size as u32 / 16).to_le_bytes());
            slots.extend(b"Slot\0\0\0\0\0\0\0\0\0\0\0\0");
            let start = blobs.len();
            blobs.extend([&b"BlbS"[..], &index, &[0; 4], &length, header].concat());
            blobs.resize(start + size - TAIL, 0);
            blobs.extend([&[0; 4], &length[..], b"BlbE"].concat());
        }
        while slots.len() < PAGE {
            slots.extend(b"Slot\0\0\0\0\0\0\0\0\0\0\0\0");
        }
        slots.extend(blobs);
        slots
    }

    #[test]
    fn packages_of_a_database() {
        let bytes = database(&[named("one"), named("two"), b"junk".to_vec()]);
        let found = parse(&Source::whole(PATH, &bytes));
        assert_eq!(packages(&found), ["one", "two"]);
        assert_eq!(found.faults, ["1 headers cannot be read"]);
    }

    #[test]
    fn a_slot_and_its_blob_agree() {
        let mut bytes = database(&[named("one"), named("two")]);
        // The second package's slot says that it is another one.
        bytes[4 * UNIT + 4] = 9;
        let found = parse(&Source::whole(PATH, &bytes));
        assert_eq!(packages(&found), ["one"]);
        assert_eq!(found.faults, ["1 headers cannot be read"]);
    }

    #[test]
    fn blobs_that_overlap_are_read_once() {
        let mut bytes = database(&[named("one")]);
        let slot = bytes[2 * UNIT..3 * UNIT].to_vec();
        for at in 3..PAGE / UNIT {
            bytes[at * UNIT..(at + 1) * UNIT].copy_from_slice(&slot);
        }
        let found = parse(&Source::whole(PATH, &bytes));
        assert!(found.packages.len() < 20, "{}", found.packages.len());
        assert_eq!(found.faults.len(), 1);
    }

    #[test]
    fn what_is_no_database_is_a_fault() {
        for bytes in [&b"x"[..], b"RpmP", b"RpmP\x01\0\0\0\0\0\0\0\0\0\0\0"] {
            assert_eq!(parse(&Source::whole(PATH, bytes)).faults.len(), 1);
        }
        let whole = database(&[named("one")]);
        let cut = parse(&Source::whole(PATH, &whole[..2048]));
        assert_eq!(
            cut.faults,
            ["its end is missing", "1 headers cannot be read"]
        );
    }

    proptest! {
        #[test]
        fn any_change_is_read_or_refused(at in 0_usize..4800, byte: u8, cut in 0_usize..5000) {
            let mut bytes = database(&[named("one"), named("two")]);
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(length - cut % length);
            let found = parse(&Source::whole(PATH, &bytes));
            prop_assert!(found.packages.len() <= 2);
        }
    }
}
