//! How many files a file system of some size may claim to have.
//!
//! The listings of a file system that was tampered with can lead to the same names over and
//! over; in a tar each name costs stored bytes.

/// Entries and bytes of paths that even the smallest file system may have.
const ENTRIES: u64 = 200_000;
const NAMES: u64 = 64 * 1024 * 1024;

/// Bytes of paths for each stored byte.
const NAMES_RATIO: u64 = 32;

/// What may still be taken in.
#[derive(Debug)]
pub(crate) struct Room {
    entries: u64,
    names: u64,
}

impl Room {
    /// The room of a file system that needs at least `least` bytes for each of its files.
    pub(crate) fn of(size: u64, least: u64) -> Self {
        Self {
            entries: ENTRIES + size / least,
            names: size.saturating_mul(NAMES_RATIO).saturating_add(NAMES),
        }
    }

    /// Takes room for an entry whose names have so many bytes; false when there is none.
    pub(crate) fn take(&mut self, names: usize) -> bool {
        let left = self.entries.checked_sub(1);
        match left.zip(self.names.checked_sub(names as u64)) {
            Some((entries, names)) => {
                (self.entries, self.names) = (entries, names);
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_and_names_end() {
        let mut room = Room::of(10, 2);
        assert!((0..ENTRIES + 5).all(|_| room.take(1)));
        assert!(!room.take(1));
        let mut room = Room::of(0, 1);
        assert!(room.take(NAMES as usize));
        assert!(!room.take(1));
    }
}
