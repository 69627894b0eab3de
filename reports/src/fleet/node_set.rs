//! Sets of nodes in bracket syntax, `n[001-128,130],login1`: the hostlists of Slurm and pdsh
//! (scontrol(1), "hostlist"; pdsh(1), "HOSTLIST EXPRESSIONS").
//!
//! The last number of the first label of a name is what is folded; what stands before and behind
//! it is kept. Numbers with leading zeros are folded with those of the same width only, so that
//! what is written expands to the same names everywhere.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

use hpcctl_model::fleet::Nodes;

/// The most nodes of a set.
pub const MOST: usize = 1 << 20;

/// The longest name of a node.
pub const NAME: usize = 255;

/// The most digits of a number that is folded.
const DIGITS: usize = 18;

/// Why a set cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// A bracket without its other half, or one within another.
    #[error("a bracket in {0:?} is not closed, or closes nothing")]
    Bracket(String),
    /// Between brackets stands no range.
    #[error("{0:?} is no range of numbers, such as 001-128")]
    Range(String),
    /// No name of a node.
    #[error("{0:?} is no name of a node")]
    Name(String),
    /// Too many nodes.
    #[error("the set has more than {MOST} nodes")]
    Large,
}

/// A set of nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeSet {
    names: BTreeSet<String>,
}

impl NodeSet {
    /// Reads a set: names, with ranges in brackets, separated by commas or white space.
    ///
    /// # Errors
    ///
    /// When it is none, or has more than [`MOST`] nodes.
    pub fn parse(text: &str) -> Result<Self, SetError> {
        let mut names = BTreeSet::new();
        for term in terms(text)? {
            expand(term, &mut names)?;
        }
        Ok(Self { names })
    }

    /// Whether a node is in it.
    pub fn contains(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether a node is in it under this name, or it by its long name and this is the short one, or the other
    /// way round.
    pub fn knows(&self, name: &str) -> bool {
        let is_long = |label: &str| {
            let begin = format!("{label}.");
            let mut names = self.names.range(begin.clone()..);
            names.next().is_some_and(|name| name.starts_with(&begin))
        };
        self.contains(name)
            || match name.split_once('.') {
                Some((label, _)) => self.contains(label),
                None => is_long(name),
            }
    }

    /// The names, sorted as text.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// How many nodes it has.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The set in bracket syntax.
    pub fn folded(&self) -> String {
        let mut names: Vec<Name<'_>> = self.names().map(Name::of).collect();
        names.sort_unstable();
        folded(names.into_iter())
    }
}

/// Whether this is a name as nodes have them: no character that a set or a shell gives a meaning.
pub fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    // A name that begins with a hyphen would be an option of whatever is given the set.
    (1..=NAME).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('-')
}

/// A name, taken apart; the order is that of the sets that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name<'a> {
    before: &'a str,
    behind: &'a str,
    /// How wide numbers are where they have leading zeros, else 0.
    width: usize,
    number: u64,
    /// Whether there is a number.
    numbered: bool,
}

impl<'a> Name<'a> {
    /// Takes a name apart.
    pub fn of(name: &'a str) -> Self {
        let label = name.find('.').unwrap_or(name.len());
        let bytes = name.as_bytes();
        let end = (0..label).rev().find(|at| bytes[*at].is_ascii_digit());
        let end = end.map_or(0, |last| last + 1);
        let start = (0..end).rev().find(|at| !bytes[*at].is_ascii_digit());
        let start = start.map_or(0, |before| before + 1);
        let digits = &name[start..end];
        let number = digits.parse().ok().filter(|_| digits.len() <= DIGITS);
        match number {
            None => Self {
                before: name,
                behind: "",
                width: 0,
                number: 0,
                numbered: false,
            },
            Some(number) => Self {
                before: &name[..start],
                behind: &name[end..],
                width: match digits.starts_with('0') && digits.len() > 1 {
                    true => digits.len(),
                    false => 0,
                },
                number,
                numbered: true,
            },
        }
    }

    /// Whether this number is written with so many digits, zeros in front where it is short.
    fn has_width(&self, width: usize) -> bool {
        self.width == width || (self.width == 0 && digits(self.number) == width)
    }
}

/// How many digits a number has.
fn digits(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// Names that were sorted, in bracket syntax.
pub fn folded<'a>(names: impl Iterator<Item = Name<'a>>) -> String {
    let mut text = String::new();
    let mut same: Vec<Name<'_>> = Vec::new();
    for name in names {
        let follows = same.last().is_some_and(|last| {
            last.numbered
                && name.numbered
                && (last.before, last.behind) == (name.before, name.behind)
        });
        if !follows {
            term(&same, &mut text);
            same.clear();
        }
        same.push(name);
    }
    term(&same, &mut text);
    text
}

/// Appends names that differ in their number only.
fn term(names: &[Name<'_>], text: &mut String) {
    let Some(first) = names.first() else { return };
    if !first.numbered {
        separated(text, first.before);
        return;
    }
    let widths: BTreeSet<usize> = names.iter().map(|name| name.width).collect();
    let padded: Vec<usize> = widths.into_iter().filter(|width| *width > 0).collect();
    for width in padded.iter().copied().chain([0]) {
        let of_width = |name: &&Name<'_>| match width {
            0 => name.width == 0 && !padded.iter().any(|width| name.has_width(*width)),
            width => name.has_width(width),
        };
        let mut numbers: Vec<u64> = names
            .iter()
            .filter(of_width)
            .map(|name| name.number)
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        match numbers.as_slice() {
            [] => {}
            [one] => separated(
                text,
                &format!("{}{one:0width$}{}", first.before, first.behind),
            ),
            many => {
                separated(text, first.before);
                text.push('[');
                ranges(many, width, text);
                text.push(']');
                text.push_str(first.behind);
            }
        }
    }
}

fn separated(text: &mut String, more: &str) {
    if !text.is_empty() {
        text.push(',');
    }
    text.push_str(more);
}

/// Appends sorted numbers as ranges.
fn ranges(numbers: &[u64], width: usize, text: &mut String) {
    let runs = numbers.chunk_by(|one, next| one.checked_add(1) == Some(*next));
    for (place, run) in runs.enumerate() {
        let comma = if place > 0 { "," } else { "" };
        // Writing to a string does not fail.
        let _ = match run {
            [one] => write!(text, "{comma}{one:0width$}"),
            [one, .., last] => write!(text, "{comma}{one:0width$}-{last:0width$}"),
            [] => Ok(()),
        };
    }
}

/// The parts of a set between commas and white space that stand outside brackets.
fn terms(text: &str) -> Result<Vec<&str>, SetError> {
    let (mut terms, mut start, mut within) = (Vec::new(), 0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' if !within => within = true,
            b']' if within => within = false,
            b'[' | b']' => return Err(SetError::Bracket(text.into())),
            b',' | b' ' | b'\t' | b'\n' | b'\r' if !within => {
                terms.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if within {
        return Err(SetError::Bracket(text.into()));
    }
    terms.push(&text[start..]);
    Ok(terms.into_iter().filter(|term| !term.is_empty()).collect())
}

/// Adds the nodes of a term.
fn expand(term: &str, names: &mut BTreeSet<String>) -> Result<(), SetError> {
    // What is left to expand; each bracket is one step.
    let mut left = vec![term.to_owned()];
    while let Some(term) = left.pop() {
        let Some((before, rest)) = term.split_once('[') else {
            if !is_name(&term) {
                return Err(SetError::Name(term));
            }
            if names.len() >= MOST && !names.contains(&term) {
                return Err(SetError::Large);
            }
            names.insert(term);
            continue;
        };
        let (within, behind) = rest
            .split_once(']')
            .ok_or_else(|| SetError::Bracket(term.clone()))?;
        for part in within.split(',') {
            let (range, width) = range(part)?;
            if left.len().saturating_add(len(&range)) > MOST {
                return Err(SetError::Large);
            }
            left.extend(range.map(|number| format!("{before}{number:0width$}{behind}")));
        }
        if before.len() + behind.len() > NAME * 4 {
            return Err(SetError::Name(term.clone()));
        }
    }
    Ok(())
}

fn len(range: &RangeInclusive<u64>) -> usize {
    usize::try_from(range.end() - range.start()).map_or(MOST, |less| less.min(MOST) + 1)
}

/// `001-128` or `130`, and how wide its numbers are.
fn range(part: &str) -> Result<(RangeInclusive<u64>, usize), SetError> {
    let wrong = || SetError::Range(part.into());
    let (low, high) = part.split_once('-').unwrap_or((part, part));
    let number = |text: &str| {
        let plain = (1..=DIGITS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse::<u64>().ok()).flatten()
    };
    let (first, last) = (
        number(low).ok_or_else(wrong)?,
        number(high).ok_or_else(wrong)?,
    );
    if first > last {
        return Err(wrong());
    }
    let padded = low.starts_with('0') && low.len() > 1;
    Ok((first..=last, if padded { low.len() } else { 0 }))
}

/// Two sets of a report as one.
pub(crate) fn union(one: &Nodes, other: &Nodes) -> Nodes {
    let both = format!("{},{}", one.set, other.set);
    match NodeSet::parse(&both) {
        Ok(set) => Nodes {
            count: set.len() as u64,
            set: set.folded(),
        },
        Err(_) => Nodes {
            count: one.count + other.count,
            set: both,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        NodeSet::parse(text).unwrap().folded()
    }

    #[test]
    fn sets_are_written_in_brackets() {
        assert_eq!(folded("n003,n001 n002,n005"), "n[001-003,005]");
        assert_eq!(folded("n9,n10,n11"), "n[9-11]");
        assert_eq!(folded("login,n1"), "login,n1");
        assert_eq!(folded("n1.site,n2.site,n3.other"), "n3.other,n[1-2].site");
        assert_eq!(folded("r1n1,r1n2,r2n1"), "r1n[1-2],r2n1");
        assert_eq!(folded(""), "");
    }

    #[test]
    fn widths_are_kept() {
        assert_eq!(folded("n[098-101]"), "n[098-101]");
        assert_eq!(folded("n[08-11],n8"), "n[08-11],n8");
        assert_eq!(folded("n[0998-1001],n[7-9]"), "n[0998-1001],n[7-9]");
        assert_eq!(folded("n0,n00,n000"), "n00,n000,n0");
    }

    #[test]
    fn what_is_written_expands_to_the_same_nodes() {
        let sets = [
            "n[001-128,130]",
            "r[1-3]n[08-11].x",
            "a,b,c1,c01,c001",
            "n[9-10],n[009-010],n[99-101]",
            "n99999999999999999999,n[1-2]-ib0",
        ];
        for set in sets {
            let set = NodeSet::parse(set).unwrap();
            assert_eq!(
                NodeSet::parse(&set.folded()).unwrap(),
                set,
                "{}",
                set.folded()
            );
        }
    }

    #[test]
    fn several_brackets_are_expanded() {
        let set = NodeSet::parse("r[1-2]n[1-2]").unwrap();
        let names: Vec<&str> = set.names().collect();
        assert_eq!(names, ["r1n1", "r1n2", "r2n1", "r2n2"]);
    }

    #[test]
    fn what_is_no_set_is_told() {
        let error = |text| NodeSet::parse(text).unwrap_err();
        assert!(matches!(error("n[1"), SetError::Bracket(_)));
        assert!(matches!(error("n1]"), SetError::Bracket(_)));
        assert!(matches!(error("n[[1]]"), SetError::Bracket(_)));
        assert!(matches!(error("n[a]"), SetError::Range(_)));
        assert!(matches!(error("n[2-1]"), SetError::Range(_)));
        assert!(matches!(error("n[]"), SetError::Range(_)));
        assert!(matches!(error("-w"), SetError::Name(_)));
        assert!(matches!(error("a;b"), SetError::Name(_)));
        assert_eq!(error("n[1-99999999999]"), SetError::Large);
        assert_eq!(error("n[1-9999]x[1-9999]"), SetError::Large);
    }
}
