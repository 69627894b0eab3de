//! Databases of SQLite, opened from memory and read-only, and their write-ahead logs ("Database
//! File Format", 1.3 and 4).

use std::io::Read;

use rusqlite::limits::Limit;
use rusqlite::{Connection, MAIN_DB};

/// Opens the bytes of a database; no value may be larger than `most`.
pub(super) fn open(bytes: &[u8], most: i32) -> rusqlite::Result<Connection> {
    // Bytes 18 and 19 say that the database has a write-ahead log, which one in memory cannot
    // have (1.3.3).
    let (head, rest) = bytes.split_at(bytes.len().min(20));
    let mut head = head.to_vec();
    if let Some(versions) = head.get_mut(18..20) {
        versions.fill(1);
    }
    let mut connection = Connection::open_in_memory()?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, most)?;
    connection.deserialize_read_exact(MAIN_DB, head.as_slice().chain(rest), bytes.len(), true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

/// Whether a name is that of a table: a view could compute for ever.
pub(super) fn is_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT type FROM sqlite_schema WHERE name = ?1";
    let kind: String = connection.query_row(sql, [name], |row| row.get(0))?;
    Ok(kind == "table")
}

/// Bytes of the header of a log, and of a frame in front of its page.
const LOG_HEAD: usize = 32;
const FRAME_HEAD: usize = 24;

/// How many pages a write-ahead log holds that were committed.
///
/// Frames count up to the last commit, as long as their salts and checksums are right (4.2):
/// what follows is left over from before, or was never finished.
pub(super) fn committed(log: &[u8]) -> usize {
    let Some((head, frames)) = log.split_at_checked(LOG_HEAD) else {
        return 0;
    };
    let is_big = match word(head, 0) {
        0x377f_0682 => false,
        0x377f_0683 => true,
        _ => return 0,
    };
    let page = usize::try_from(word(head, 8)).unwrap_or(0);
    let mut sums = checksum((0, 0), &head[..24], is_big);
    if !(512..=65536).contains(&page) || sums != (word(head, 24), word(head, 28)) {
        return 0;
    }
    let mut committed = 0;
    for (place, frame) in frames.chunks_exact(FRAME_HEAD + page).enumerate() {
        sums = checksum(sums, &frame[..8], is_big);
        sums = checksum(sums, &frame[FRAME_HEAD..], is_big);
        if frame[8..16] != head[16..24] || sums != (word(frame, 16), word(frame, 20)) {
            break;
        }
        if word(frame, 4) != 0 {
            committed = place + 1;
        }
    }
    committed
}

/// The checksum of 4.2, carried on over pairs of words.
fn checksum(sums: (u32, u32), bytes: &[u8], is_big: bool) -> (u32, u32) {
    let word = |bytes: &[u8], at| {
        let word = word(bytes, at);
        if is_big { word } else { word.swap_bytes() }
    };
    bytes.chunks_exact(8).fold(sums, |(a, b), pair| {
        let a = a.wrapping_add(word(pair, 0)).wrapping_add(b);
        (a, b.wrapping_add(word(pair, 4)).wrapping_add(a))
    })
}

/// A big-endian number; its place is known to be there.
fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
    word.map_or(0, u32::from_be_bytes)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Writes a log of commits of one page each.
    pub(in crate::catalog) fn log(commits: u32, is_big: bool) -> Vec<u8> {
        let mut head = Vec::new();
        for number in [0x377f_0682 + u32::from(is_big), 3_007_000, 512, 0, 5, 6] {
            head.extend(number.to_be_bytes());
        }
        let mut sums = checksum((0, 0), &head, is_big);
        let mut log = head;
        let add = |log: &mut Vec<u8>, (a, b): (u32, u32)| {
            log.extend(a.to_be_bytes());
            log.extend(b.to_be_bytes());
        };
        add(&mut log, sums);
        for number in 1..=commits {
            let frame = [number.to_be_bytes(), number.to_be_bytes()].concat();
            let page = [number as u8; 512];
            sums = checksum(checksum(sums, &frame, is_big), &page, is_big);
            log.extend(frame);
            add(&mut log, (5, 6));
            add(&mut log, sums);
            log.extend(page);
        }
        log
    }

    #[test]
    fn committed_pages_are_counted() {
        for is_big in [false, true] {
            let mut bytes = log(3, is_big);
            assert_eq!(committed(&bytes), 3);
            // A page that was written in part.
            let third = bytes.len() - 9;
            bytes[third] ^= 1;
            assert_eq!(committed(&bytes), 2);
            bytes.truncate(600);
            assert_eq!(committed(&bytes), 1);
            // One of another generation.
            bytes[LOG_HEAD + 8] ^= 1;
            assert_eq!(committed(&bytes), 0);
        }
    }

    proptest! {
        #[test]
        fn any_change_is_read_or_refused(at in 0_usize..1200, byte: u8, cut in 0_usize..1200) {
            let mut bytes = log(2, false);
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(length - cut % length);
            prop_assert!(committed(&bytes) <= 2);
        }
    }
}
