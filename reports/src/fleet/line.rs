//! Lines of nodes, found in whatever stands around them: `HPCCTL1 NODE SUM BODY`, as
//! [`crate::writer`]'s `line` writes them.
//!
//! An engine may put the name of a node in front, and nodes may print other things before, behind
//! and between. A line is whole when the sum is that of its body; nothing else decides. One that has no end
//! is truncated, one with an end and another sum is damaged.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use hpcctl_model::doctor::Verdict;
use hpcctl_model::fleet::Unmet;
use memchr::memmem;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};

use super::node_set::is_name;

/// What every line begins with.
pub const MAGIC: &str = "HPCCTL1 ";

/// The part of it that every version begins with; a number follows.
const ANY: &[u8] = b"HPCCTL";

/// The most bytes of a line, its end included.
pub const MOST: usize = 4096;

/// What stands between the part of a body that nodes share and the part that they seldom do.
const SEAM: &[u8] = b",\"t\":";

/// The digits of a sum.
pub const SUM: usize = 8;

/// The first eight hexadecimal digits of the SHA-256 of a body.
pub fn checksum(body: &[u8]) -> [u8; SUM] {
    let digest = Sha256::digest(body);
    let mut sum = [0; SUM];
    for (pair, byte) in sum.chunks_exact_mut(2).zip(digest) {
        for (digit, value) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
            *digit = b"0123456789abcdef"[usize::from(value)];
        }
    }
    sum
}

/// What a piece of text is.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A whole line.
    Whole {
        /// The node.
        node: &'a str,
        /// The sum of what it says.
        sum: [u8; SUM],
        /// What it says.
        body: &'a [u8],
    },
    /// A line that breaks off, with the node where its name is whole.
    Truncated(Option<&'a str>),
    /// A line whose sum is not that of its body.
    Damaged(Option<&'a str>),
    /// A line with another number in the magic word.
    OtherVersion(Option<&'a str>),
}

/// The lines of nodes in a line of text; none where it is something else.
pub fn find<'a>(text: &'a [u8], mut each: impl FnMut(Found<'a>)) {
    let mut rest = text;
    while let Some(at) = memmem::find(rest, MAGIC.as_bytes()) {
        let line = &rest[at + MAGIC.len()..];
        let found = read(line.trim_ascii_end());
        // What is whole may hold the magic word in what it says.
        if let Found::Whole { node, body, .. } = found {
            rest = &line[node.len() + SUM + 2 + body.len()..];
            each(found);
            continue;
        }
        each(match memmem::find(line, MAGIC.as_bytes()) {
            // Two lines have run into one another.
            Some(next) => read(line[..next].trim_ascii_end()),
            None => found,
        });
        rest = line;
    }
    // None had our mark.
    if rest.len() == text.len()
        && let Some(node) = of_other_version(text)
    {
        each(Found::OtherVersion(node));
    }
}

/// The node of a line of another version, where this is one: `HPCCTL2 NODE ...`.
fn of_other_version(text: &[u8]) -> Option<Option<&str>> {
    let at = memmem::find(text, ANY)?;
    let rest = &text[at + ANY.len()..];
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, line) = rest.split_at(digits);
    let line = line
        .strip_prefix(b" ")
        .filter(|_| digits > 0 && number != b"1")?;
    let node = line.split(|byte| *byte == b' ').next();
    let node = node.and_then(|name| str::from_utf8(name).ok());
    Some(node.filter(|name| is_name(name)))
}

/// What follows the magic word.
fn read(line: &[u8]) -> Found<'_> {
    let mut words = line.splitn(3, |byte| *byte == b' ');
    let node = words.next().and_then(|name| str::from_utf8(name).ok());
    let node = node.filter(|name| is_name(name));
    let (Some(sum), Some(body)) = (words.next(), words.next()) else {
        return Found::Truncated(None);
    };
    let is_said = |body: &[u8]| body.len() <= MOST && checksum(body)[..] == *sum;
    // What an engine or a terminal puts behind is not the node's, and seldom has a brace.
    let last = memchr::memrchr(b'}', body).map(|at| &body[..=at]);
    let last = last.filter(|body| is_said(body));
    let end = last.or_else(|| object(body));
    let whole = last.or_else(|| end.filter(|body| is_said(body)));
    match (node, whole, sum.try_into()) {
        (Some(node), Some(body), Ok(sum)) => Found::Whole { node, sum, body },
        _ if end.is_some() => Found::Damaged(node),
        _ => Found::Truncated(node),
    }
}

/// The object that a text begins with, which ends where its braces balance outside of strings; none where
/// it does not end within the most bytes of a line.
fn object(text: &[u8]) -> Option<&[u8]> {
    let (mut depth, mut is_string, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().take(MOST).enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_string => is_escaped = true,
            b'"' => is_string = !is_string,
            b'{' if !is_string => depth += 1,
            b'}' if !is_string => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(&text[..=at]);
                }
            }
            _ => {}
        }
    }
    None
}

/// A body in two parts: what nodes that find the same have in common, to be recognised without
/// being read, and the rest from its comma on.
pub fn parts(body: &[u8]) -> Option<(&[u8], &[u8])> {
    // A quotation mark within a string is written with a backslash: this is no part of one.
    let seam = memmem::find(body, SEAM)?;
    Some(body.split_at(seam))
}

/// The part of a body that nodes share.
#[derive(Debug, Deserialize)]
pub struct Shared {
    /// The kind of report.
    pub k: String,
    /// The version of hpcctl.
    #[serde(default)]
    pub v: String,
    /// The kernel and the machine.
    #[serde(default)]
    pub h: Vec<String>,
    /// Who asked.
    #[serde(default)]
    pub c: Option<String>,
    /// The checks that fail.
    #[serde(default)]
    pub f: Vec<String>,
    /// The checks that warn.
    #[serde(default)]
    pub w: Vec<String>,
    /// The checks that are unknown.
    #[serde(default)]
    pub u: Vec<String>,
    /// The verdicts by installed runtime and operation.
    #[serde(default)]
    pub r: BTreeMap<String, BTreeMap<String, Verdict>>,
    /// The checks that keep a runtime from running a container.
    #[serde(default)]
    pub b: BTreeMap<String, Vec<String>>,
    /// How runtimes run images that do not meet a check, by runtime and check.
    pub i: Option<BTreeMap<String, BTreeMap<String, Unmet>>>,
    /// What became of every check, as [`super::states`] writes it.
    #[serde(default)]
    pub p: String,
    /// Whether ids were left out.
    #[serde(default)]
    pub cut: bool,
}

/// Reads the rest of a body: hands over what the node says of each check or fix, and answers when it
/// reported; none where the body has another name than the line. Nothing is kept here: of a hundred
/// thousand nodes a map each would cost more than all else.
pub fn own(json: &[u8], node: &str, mut each: impl FnMut(&str, &str)) -> Option<u64> {
    let mut json = serde_json::Deserializer::from_slice(json);
    let own = Own {
        node,
        each: &mut each,
    };
    let time = json.deserialize_map(own).ok()?;
    json.end().ok()?;
    time
}

/// A text that is borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads `t`, `n` and `x`.
struct Own<'f, F> {
    node: &'f str,
    each: &'f mut F,
}

impl<'de, F: FnMut(&str, &str)> Visitor<'de> for Own<'_, F> {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time and what a node says")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut at = None;
        while let Some(Text(key)) = map.next_key()? {
            match key.as_ref() {
                "t" => at = time(&map.next_value::<Text<'_>>()?.0),
                // Lines of earlier versions have no name under their sum.
                "n" if map.next_value::<Text<'_>>()?.0 != self.node => return Ok(None),
                "n" => {}
                "x" => map.next_value_seed(Said(&mut *self.each))?,
                _ => map.next_value::<IgnoredAny>().map(|_| ())?,
            }
        }
        Ok(at)
    }
}

/// Reads what stands in `x`.
struct Said<'f, F>(&'f mut F);

impl<'de, F: FnMut(&str, &str)> DeserializeSeed<'de> for Said<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, said: D) -> Result<(), D::Error> {
        said.deserialize_map(self)
    }
}

impl<'de, F: FnMut(&str, &str)> Visitor<'de> for Said<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("texts by what they are of")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((Text(what), Text(text))) = map.next_entry()? {
            (self.0)(&what, &text);
        }
        Ok(())
    }
}

/// Reads the part that nodes share.
pub fn shared(part: &[u8]) -> Option<Shared> {
    let json = [part, b"}"].concat();
    let shared: Shared = serde_json::from_slice(&json).ok()?;
    (shared.k == "doctor").then_some(shared)
}

/// A time as a number whose digits are those of RFC 3339, to the second, in UTC.
pub fn time(text: &str) -> Option<u64> {
    let shape = b"0000-00-00T00:00:00";
    let bytes = text.as_bytes();
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        other => byte == other,
    };
    let whole = bytes.len() > shape.len() && bytes.iter().zip(shape).all(fits);
    let digits = bytes
        .iter()
        .take(shape.len())
        .filter(|b| b.is_ascii_digit());
    whole.then(|| digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

/// The text of [`time`].
pub fn time_text(time: u64) -> String {
    let part = |by: u64, modulo: u64| time / by % modulo;
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        part(10_000_000_000, 10_000),
        part(100_000_000, 100),
        part(1_000_000, 100),
        part(10_000, 100),
        part(100, 100),
        part(1, 100)
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A line of a node with this body.
    pub fn sealed(node: &str, body: &serde_json::Value) -> String {
        let body = body.to_string();
        let sum = checksum(body.as_bytes());
        format!("HPCCTL1 {node} {} {body}\n", str::from_utf8(&sum).unwrap())
    }

    /// A line of a node on which these checks fail.
    pub fn line(node: &str, failed: &[&str], run: &str, said: &str) -> String {
        let of: serde_json::Map<_, _> = failed
            .iter()
            .map(|id| ((*id).to_owned(), said.into()))
            .collect();
        let because = match failed {
            [] => serde_json::json!({}),
            failed => serde_json::json!({"podman": failed}),
        };
        let body = serde_json::json!({"k": "doctor", "v": "0.1.0", "h": ["6.1.0", "x86_64"],
            "f": failed, "w": ["net.mtu"], "u": [], "b": because,
            "r": {"builtin": {"run": "yes"}, "podman": {"run": run}}, "cut": false,
            "t": "2026-11-25T02:00:00Z", "x": of});
        sealed(node, &body)
    }

    fn of(body: &str) -> String {
        let sum = checksum(body.as_bytes());
        format!("HPCCTL1 n1 {} {body}", str::from_utf8(&sum).unwrap())
    }

    fn all(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        find(text.as_bytes(), |found| {
            all.push(match found {
                Found::Whole { node, body, .. } => {
                    format!("{node} {}", String::from_utf8_lossy(body))
                }
                other => format!("{other:?}"),
            });
        });
        all
    }

    #[test]
    fn a_line_is_found_within_noise() {
        let line = of("{\"a\":1}");
        assert_eq!(all(&line), ["n1 {\"a\":1}"]);
        assert_eq!(all(&format!("n1: {line}\r")), ["n1 {\"a\":1}"]);
        assert_eq!(all(&format!("\u{1b}[0m{line}\u{1b}[0m")), ["n1 {\"a\":1}"]);
        assert!(all("Warning: HPCCTL is here").is_empty());
    }

    #[test]
    fn lines_that_ran_into_one_another_are_told_apart() {
        let line = of("{\"a\":1}");
        let text = format!("{}{line}", &line[..line.len() - 3]);
        assert_eq!(all(&text), ["Truncated(Some(\"n1\"))", "n1 {\"a\":1}"]);
        let quoting = of("{\"a\":\"HPCCTL1 n2 x\"}");
        assert_eq!(all(&quoting).len(), 1);
        assert_eq!(all(&format!("{quoting}{line}")).len(), 2);
        assert_eq!(all(&format!("{line} }} {quoting} }}")).len(), 2);
    }

    #[test]
    fn what_stands_behind_a_line_may_have_braces() {
        let line = of("{\"a\":{\"b\":\"}\\\"{\"}}");
        let whole = all(&line);
        assert!(whole[0].starts_with("n1 {"), "{whole:?}");
        let long = format!(" {{{}}}", "x".repeat(MOST));
        for noise in [" # {x}", "}", "}}", " }{", "\"}", "{}", &long] {
            assert_eq!(all(&format!("{line}{noise}")), whole, "{noise}");
        }
    }

    /// Of a text with thousands of magic words each is a beginning, and is not read to the end.
    #[test]
    fn no_more_is_read_than_a_line_may_have() {
        let text = format!("{{{}}}", "x".repeat(MOST - 2));
        assert_eq!(object(text.as_bytes()), Some(text.as_bytes()));
        assert_eq!(object(text.replacen('x', "xx", 1).as_bytes()), None);
        let hostile = "HPCCTL1 n1 00000000 {".repeat(3000);
        let all = all(&hostile);
        assert_eq!(all.len(), 3000);
        let is_truncated = |found: &String| found == "Truncated(Some(\"n1\"))";
        assert!(all.iter().all(is_truncated));
    }

    #[test]
    fn a_line_that_is_cut_is_truncated_wherever_that_is() {
        let line = of("{\"a\":{\"b\":\"}\\\"\"},\"c\":{\"d\":{}}}");
        for cut in MAGIC.len()..line.len() {
            let found = all(&line[..cut]);
            assert!(found[0].starts_with("Truncated"), "{cut}: {found:?}");
        }
        // With an end it is another line than the sum is of.
        let changed = line.replace("\"d\"", "\"e\"");
        assert_eq!(all(&changed), ["Damaged(Some(\"n1\"))"]);
    }

    #[test]
    fn no_line_that_is_cut_or_changed_is_taken_for_whole() {
        let line = of("{\"a\":{\"b\":1}}");
        for cut in MAGIC.len()..line.len() {
            let found = all(&line[..cut]);
            assert_eq!(found.len(), 1);
            assert!(!found[0].starts_with("n1"), "{cut}: {found:?}");
        }
        let start = line.find('{').unwrap();
        for at in start..line.len() {
            let mut changed = line.clone().into_bytes();
            changed[at] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            assert!(!all(&changed)[0].starts_with("n1"), "{changed}");
        }
        assert_eq!(all("HPCCTL1 n1"), ["Truncated(None)"]);
        assert_eq!(all("HPCCTL1 a,b 00000000 {}"), ["Damaged(None)"]);
    }

    #[test]
    fn times_are_read_and_written() {
        assert_eq!(time("2026-11-25T02:03:04.5Z"), Some(20_261_125_020_304));
        assert_eq!(time_text(20_261_125_020_304), "2026-11-25T02:03:04Z");
        assert_eq!(time("2026-11-25"), None);
        assert_eq!(time("2026-11-25 02:03:04Z"), None);
    }
}
