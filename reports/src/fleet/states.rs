//! What became of each check of a node, in about a hundred characters: two bits a check, in the
//! order of the table of checks, behind a sum of that table.
//!
//! A line names the checks that fail, warn or are unknown; of all others it has to tell whether
//! they pass, do not apply or were not made, or nothing could ever be called repaired. Who reads
//! it needs the same table: where the sum is another, nothing is told.

use sha2::{Digest, Sha256};

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was left out, or not asked for.
    LeftOut,
    /// It does not apply, or needs what fails.
    Idle,
    /// It passes.
    Passes,
    /// It fails, warns or is unknown.
    Named,
}

const STATES: [State; 4] = [State::LeftOut, State::Idle, State::Passes, State::Named];

/// A digit holds three checks.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// How many checks a digit holds.
const IN_DIGIT: usize = 3;

/// The states of all checks as a text.
pub fn written<'a>(checks: impl Iterator<Item = (&'a str, State)>) -> String {
    let (ids, states): (Vec<&str>, Vec<State>) = checks.unzip();
    let digit = |three: &[State]| {
        let bits = three.iter().rev();
        let bits = bits.fold(0, |bits, state| bits << 2 | *state as usize);
        char::from(DIGITS[bits])
    };
    let mut text = sum(ids.into_iter());
    text.extend(states.chunks(IN_DIGIT).map(digit));
    text
}

/// Tells tables apart.
fn sum<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    let mut digest = Sha256::new();
    for id in ids {
        digest.update(id);
        digest.update("\0");
    }
    hpcctl_model::hex(&digest.finalize()[..4])
}

/// The table of checks.
#[derive(Debug, Default)]
pub struct Table {
    ids: Vec<&'static str>,
    sum: String,
}

impl Table {
    /// The table of these checks.
    pub fn of(ids: impl Iterator<Item = &'static str>) -> Self {
        let ids: Vec<&str> = ids.collect();
        let sum = sum(ids.iter().copied());
        Self { ids, sum }
    }

    /// What became of each check; none where the text is of another table.
    pub fn read(&self, text: &str) -> Option<Vec<(&'static str, State)>> {
        let digits = text.strip_prefix(&self.sum)?;
        if self.ids.is_empty() || digits.len() != self.ids.len().div_ceil(IN_DIGIT) {
            return None;
        }
        let mut all = Vec::with_capacity(self.ids.len());
        for (ids, digit) in self.ids.chunks(IN_DIGIT).zip(digits.bytes()) {
            let bits = DIGITS.iter().position(|one| *one == digit)?;
            let state = |at: usize| STATES[bits >> (2 * at) & 3];
            all.extend(ids.iter().enumerate().map(|(at, id)| (*id, state(at))));
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_with_the_same_table_only() {
        let ids = ["ns.user", "fuse.open", "gpu.pci", "net.mtu"];
        let all: Vec<_> = ids.into_iter().zip(STATES).collect();
        let text = written(all.iter().copied());
        assert_eq!(text.len(), 8 + 2);
        assert_eq!(Table::of(ids.into_iter()).read(&text), Some(all));
        assert_eq!(Table::of(ids[..3].iter().copied()).read(&text), None);
        let table = Table::of(ids.into_iter());
        assert_eq!(table.read(&text[..text.len() - 1]), None);
        assert_eq!(table.read(&text.replace(&text[8..], "!!")), None);
        assert_eq!(Table::default().read(""), None);
    }
}
