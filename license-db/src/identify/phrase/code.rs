//! The numbers that a wording is written in.

use hpcctl_model::license::Kind;

/// The kinds of steps, in the upper byte of the number before their words.
pub(super) const ONE: u32 = 1;
pub(super) const MAYBE: u32 = 2;
pub(super) const GAP: u32 = 3;

/// What has to stand around a wording for it to count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Needs {
    Nothing,
    /// A grant before it: a name alone says little.
    Grant,
    /// A grant before it and "license" behind it: the name is also a common word.
    GrantAndLicense,
}

/// The kind of a wording, and when it counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Flags {
    pub(super) kind: Kind,
    /// Whether the wording is only a hint.
    pub(super) clue: bool,
    pub(super) needs: Needs,
}

const KINDS: [Kind; 4] = [Kind::Text, Kind::Notice, Kind::Tag, Kind::Reference];
const NEEDS: [Needs; 3] = [Needs::Nothing, Needs::Grant, Needs::GrantAndLicense];

impl Flags {
    /// The number that stands for them.
    pub(super) fn code(self) -> u32 {
        self.kind as u32 | u32::from(self.clue) << 8 | (self.needs as u32) << 16
    }

    /// What a number stands for.
    pub(super) fn decode(code: u32) -> Self {
        let at = |shift: u32| (code >> shift & 0xff) as usize;
        Self {
            kind: KINDS.get(at(0)).copied().unwrap_or(Kind::Reference),
            clue: at(8) != 0,
            needs: NEEDS.get(at(16)).copied().unwrap_or(Needs::Nothing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for kind in KINDS {
            for needs in NEEDS {
                for clue in [false, true] {
                    let flags = Flags { kind, clue, needs };
                    assert_eq!(Flags::decode(flags.code()), flags);
                }
            }
        }
    }
}
