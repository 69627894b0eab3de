//! Lines of nodes, gathered: in any order, any number of times, of each node the latest.
//!
//! What nodes have in common is read once and then recognised by its bytes; of each node only a
//! name, numbers and a time are kept.

use std::collections::HashMap;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use hpcctl_model::fleet::{Fleet, Lines};

use super::fold;
use super::heard::Heard;
use super::line::{self, Found, Shared};
use super::node_set::MOST;
use super::states::Table;
use super::terms::Terms;
use super::values::{Id, Values};

/// The longest line of text that is looked at; the rest of one that is longer is passed over.
const TEXT: u64 = 64 << 10;

/// The most bytes of parts that are kept to be recognised.
const RECOGNISED: usize = 16 << 20;

/// The most bytes of what nodes are folded by: fleets have hundreds of such keys at most.
const KEYS: usize = 64 << 20;

/// Lines of nodes, gathered.
#[derive(Debug, Default)]
pub struct Merge {
    pub(super) lines: Lines,
    pub(super) nodes: HashMap<Box<str>, Node>,
    pub(super) keys: Vec<Rc<Key>>,
    key_ids: HashMap<Rc<Key>, u32>,
    key_bytes: usize,
    pub(super) values: Values,
    /// Nodes of lines that could not be read.
    pub(super) unreadable: HashMap<Box<str>, ()>,
    recognised: HashMap<Box<[u8]>, (u32, Facts)>,
    recognised_bytes: usize,
    /// The checks that there are.
    pub(super) table: Table,
    pub(super) heard: Heard,
    /// Room that is used for each line again.
    json: Vec<u8>,
    said: Vec<Id>,
}

/// Machine, version of hpcctl, kernel and the states of the checks of a node.
type Facts = [Option<Id>; 4];

/// Under what the states of checks are kept; no check has such an id.
pub(super) const STATES: &str = "states";

/// What is kept of a node.
#[derive(Debug)]
pub(super) struct Node {
    pub time: u64,
    /// Decides between lines of the same second, whichever came first.
    sum: [u8; line::SUM],
    pub key: u32,
    pub values: Box<[Id]>,
}

impl Node {
    /// What decides which of two lines of a node counts.
    pub fn later(&self) -> (u64, [u8; line::SUM]) {
        (self.time, self.sum)
    }
}

/// What nodes are folded by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub failed: Vec<String>,
    pub warned: Vec<String>,
    pub unknown: Vec<String>,
    /// The verdicts as JSON.
    pub runtimes: String,
    /// The checks that keep runtimes from running a container, as JSON.
    pub because: String,
    /// How runtimes run images that do not meet a check, as JSON.
    pub images: String,
    /// The machine: what runs on one does not run on another.
    pub arch: String,
    pub cut: bool,
}

impl Key {
    fn of(shared: &Shared) -> Option<Self> {
        let sorted = |ids: &[String]| {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            ids
        };
        Some(Self {
            failed: sorted(&shared.f),
            warned: sorted(&shared.w),
            unknown: sorted(&shared.u),
            runtimes: serde_json::to_string(&shared.r).ok()?,
            because: serde_json::to_string(&shared.b).ok()?,
            images: serde_json::to_string(&shared.i).ok()?,
            arch: shared.h.get(1).cloned().unwrap_or_default(),
            cut: shared.cut,
        })
    }
}

impl Merge {
    /// Nothing yet, of nodes that know this table of checks.
    pub fn new(table: Table) -> Self {
        Self {
            table,
            ..Self::default()
        }
    }

    /// Takes what an engine said beside the lines.
    pub fn hear(&mut self, text: &str) {
        for line in text.lines() {
            self.heard.text(line, |name| self.nodes.contains_key(name));
        }
    }

    /// What is said of missing nodes of which nothing was heard.
    pub fn otherwise(&mut self, why: String) {
        self.heard.otherwise = Some(why);
    }

    /// Reads a stream to its end.
    ///
    /// # Errors
    ///
    /// When the stream breaks off; what came before counts.
    pub fn read(&mut self, mut stream: impl BufRead) -> io::Result<()> {
        let mut text = Vec::new();
        loop {
            text.clear();
            let taken = stream.by_ref().take(TEXT).read_until(b'\n', &mut text)?;
            if taken == 0 {
                return Ok(());
            }
            if text.last() != Some(&b'\n') {
                pass_over(&mut stream)?;
            }
            self.text(&text);
        }
    }

    /// Takes a line of text.
    pub fn text(&mut self, text: &[u8]) {
        self.lines.read += 1;
        let mut noise = true;
        line::find(text, |found| {
            noise = false;
            match found {
                Found::Whole { node, sum, body } => {
                    if self.whole(node, sum, body).is_none() {
                        self.lines.damaged += 1;
                        self.unreadable(Some(node));
                    }
                }
                Found::Truncated(node) => {
                    self.lines.truncated += 1;
                    self.unreadable(node);
                }
                Found::Damaged(node) => {
                    self.lines.damaged += 1;
                    self.unreadable(node);
                }
                Found::OtherVersion(node) => {
                    self.lines.other_version += 1;
                    self.unreadable(node);
                }
            }
        });
        self.lines.noise += u64::from(noise);
        if noise && let Ok(text) = str::from_utf8(text) {
            self.heard.text(text, |name| self.nodes.contains_key(name));
        }
    }

    fn unreadable(&mut self, node: Option<&str>) {
        if let Some(node) = node.filter(|_| self.unreadable.len() < MOST) {
            self.unreadable.insert(node.into(), ());
        }
    }

    /// Takes what a node said; none where it is nothing that is known here.
    fn whole(&mut self, name: &str, sum: [u8; line::SUM], body: &[u8]) -> Option<()> {
        let (part, rest) = line::parts(body)?;
        let (key, facts) = self.recognised(part)?;
        self.json.clear();
        self.json.push(b'{');
        self.json.extend_from_slice(rest.get(1..)?);
        let json = std::mem::take(&mut self.json);
        let node = self.node(name, &json, sum, key, facts);
        self.json = json;
        let node = node?;
        if self.nodes.len() >= MOST && !self.nodes.contains_key(name) {
            return None;
        }
        self.lines.whole += 1;
        self.heard.forget(name);
        match self.nodes.get_mut(name) {
            Some(known) => {
                self.lines.repeated += 1;
                if known.later() < node.later() {
                    *known = node;
                }
            }
            None => {
                self.nodes.insert(name.into(), node);
            }
        }
        Some(())
    }

    fn node(
        &mut self,
        name: &str,
        json: &[u8],
        sum: [u8; line::SUM],
        key: u32,
        facts: Facts,
    ) -> Option<Node> {
        let mut said = std::mem::take(&mut self.said);
        said.clear();
        let values = &mut self.values;
        let time = line::own(json, name, |what, text| said.extend(values.id(what, text)));
        said.extend(facts.into_iter().flatten());
        let node = Node {
            time: time?,
            sum,
            key,
            values: said.as_slice().into(),
        };
        self.said = said;
        Some(node)
    }

    /// The key of a part that nodes share, and what they say of themselves in it.
    fn recognised(&mut self, part: &[u8]) -> Option<(u32, Facts)> {
        if let Some(known) = self.recognised.get(part) {
            return Some(*known);
        }
        let shared = line::shared(part)?;
        let key = Key::of(&shared)?;
        let key = match self.key_ids.get(&key) {
            Some(known) => *known,
            None => {
                let id = u32::try_from(self.keys.len()).ok()?;
                self.key_bytes += part.len();
                if self.key_bytes > KEYS {
                    return None;
                }
                let key = Rc::new(key);
                self.keys.push(Rc::clone(&key));
                self.key_ids.insert(key, id);
                id
            }
        };
        let [kernel, arch] = [0, 1].map(|at| shared.h.get(at).cloned());
        let said = [
            ("arch", arch),
            ("hpcctl", Some(shared.v)),
            ("kernel", kernel),
            (STATES, Some(shared.p).filter(|states| !states.is_empty())),
        ];
        let facts = said.map(|(what, text)| self.values.id(what, text.as_deref()?));
        if self.recognised_bytes + part.len() <= RECOGNISED {
            self.recognised_bytes += part.len();
            self.recognised.insert(part.into(), (key, facts));
        }
        Some((key, facts))
    }

    /// The lines that were read so far.
    pub fn lines(&self) -> &Lines {
        &self.lines
    }

    /// The report of what was gathered.
    pub fn report(&self, terms: &Terms<'_>) -> Fleet {
        fold::report(self, terms)
    }
}

/// Reads to the end of a line that is too long to be looked at.
fn pass_over(stream: &mut impl BufRead) -> io::Result<()> {
    loop {
        let bytes = stream.fill_buf()?;
        let end = memchr::memchr(b'\n', bytes);
        let used = end.map_or(bytes.len(), |at| at + 1);
        let done = end.is_some() || bytes.is_empty();
        stream.consume(used);
        if done {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::NodeSet;
    use crate::fleet::line::tests::line;

    fn merged(texts: &[&str]) -> Fleet {
        let mut merge = Merge::new(Table::default());
        for text in texts {
            merge.read(text.as_bytes()).unwrap();
        }
        merge.report(&Terms {
            expected: Some(&NodeSet::parse("n[1-4]").unwrap()),
            ..Terms::default()
        })
    }

    /// The report without the counts of lines, which tell of the input.
    fn folded(texts: &[&str]) -> Fleet {
        Fleet {
            lines: Lines::default(),
            ..merged(texts)
        }
    }

    #[test]
    fn order_and_repetition_change_nothing() {
        let lines = [
            line("n1", &[], "yes", ""),
            line("n2", &["ns.user"], "no", "it is 0"),
            line("n2", &["ns.user"], "no", "it is 1"),
            line("n3", &["ns.user"], "no", "it is 2"),
            line("x", &["net.mtu"], "no", "1500"),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let once = folded(&lines);
        let reversed: Vec<&str> = lines.iter().rev().copied().collect();
        assert_eq!(folded(&reversed), once);
        assert_eq!(folded(&[&lines[..], &reversed[..]].concat()), once);
        assert_eq!((once.reported, once.groups.len()), (3, 3));
        assert_eq!(once.groups[0].nodes.set, "n[2-3]");
        assert_eq!(once.missing.set, "n4");
        assert_eq!(once.unexpected.set, "x");
    }

    #[test]
    fn of_a_node_the_latest_line_counts() {
        let early = line("n1", &["ns.user"], "no", "");
        let late = line("n1", &[], "yes", "");
        let (head, body) = late.trim_end().split_at(late.find('{').unwrap());
        let body = body.replace("T02:00:00Z", "T03:00:00Z");
        let sum = line::checksum(body.as_bytes());
        let head = &head[..head.len() - 9];
        let late = format!("{head}{} {body}\n", str::from_utf8(&sum).unwrap());
        for order in [[early.as_str(), &late], [&late, &early]] {
            let found = merged(&order);
            assert_eq!(found.groups.len(), 1);
            assert!(found.groups[0].because.is_empty());
            assert_eq!(found.lines.repeated, 1);
            assert_eq!(found.last_at.as_deref(), Some("2026-11-25T03:00:00Z"));
        }
    }

    #[test]
    fn nodes_that_find_the_same_keep_their_own_values() {
        let one = line("n1", &["lim.nofile"], "no", "1024");
        let two = line("n2", &["lim.nofile"], "no", "2048");
        let found = merged(&[&one, &two]);
        assert_eq!(found.groups.len(), 1);
        let values = &found.groups[0].findings[0].values.shown;
        let values: Vec<_> = values
            .iter()
            .map(|raw| (raw.text.as_str(), raw.nodes.as_deref()))
            .collect();
        assert_eq!(values, [("1024", Some("n1")), ("2048", Some("n2"))]);
    }

    #[test]
    fn what_is_cut_or_changed_is_counted_and_its_node_named() {
        let whole = line("n1", &[], "yes", "");
        let cut = &line("n2", &[], "yes", "")[..60];
        let changed = line("n3", &[], "yes", "").replace("false", "true");
        let found = merged(&["Warning: noise\n", &whole, cut, &changed]);
        let lines = found.lines;
        assert_eq!((lines.read, lines.whole, lines.noise), (4, 1, 1));
        assert_eq!((lines.truncated, lines.damaged), (1, 1));
        assert_eq!(found.unreadable.set, "n[2-3]");
        assert_eq!(found.missing.set, "n[2-4]");
    }

    #[test]
    fn long_names_are_those_that_were_expected() {
        let found = merged(&[&line("n1.site.example", &[], "yes", "")]);
        assert_eq!(found.groups[0].nodes.set, "n1");
        assert_eq!(found.unexpected.count, 0);
    }

    #[test]
    fn old_lines_and_clocks_that_are_off_are_told() {
        let at = |node: &str, time: &str| {
            let line = line(node, &[], "yes", "").replace("2026-11-25T02:00:00Z", time);
            let body = line[line.find('{').unwrap()..].trim_end().to_owned();
            line::tests::sealed(node, &serde_json::from_str(&body).unwrap())
        };
        let lines = [
            at("n1", "2026-11-25T02:00:00Z"),
            at("n2", "2026-11-25T02:01:00Z"),
            at("n3", "2026-11-24T02:00:00Z"),
            at("n4", "2026-12-23T02:00:00Z"),
        ];
        let mut merge = Merge::new(Table::default());
        merge.read(lines.concat().as_bytes()).unwrap();
        merge.text(b"n7: HPCCTL2 n7 0123abcd {}");
        let expected = NodeSet::parse("n[1-3,7]").unwrap();
        for expected in [Some(&expected), None] {
            let found = merge.report(&Terms {
                expected,
                now: "2026-11-25T06:00:00Z".parse().ok(),
                within: Some(crate::fleet::WITHIN),
                asked: None,
            });
            assert_eq!(
                (found.stale.set.as_str(), found.clock.set.as_str()),
                ("n3", "n4")
            );
            assert_eq!(found.median_at.as_deref(), Some("2026-11-25T02:01:00Z"));
            let why = "its last line is of 2026-11-24T02:00:00Z";
            assert_eq!(
                (found.silent[0].nodes.set.as_str(), &*found.silent[0].why),
                ("n3", why)
            );
            assert_eq!(found.unreadable.set, "n7");
            assert_eq!((found.lines.other_version, found.lines.noise), (1, 0));
            let (reported, missing) = match expected {
                Some(_) => (2, "n[3,7]"),
                None => (3, "n3"),
            };
            assert_eq!(
                (found.reported, found.missing.set.as_str()),
                (reported, missing)
            );
        }
    }

    #[test]
    fn a_line_without_an_end_is_passed_over() {
        let mut text = vec![b'x'; 3 << 20];
        text.push(b'\n');
        text.extend(line("n1", &[], "yes", "").bytes());
        let mut merge = Merge::new(Table::default());
        merge.read(&text[..]).unwrap();
        assert_eq!((merge.lines.noise, merge.lines.whole), (1, 1));
    }

    #[test]
    fn hostile_bodies_are_damaged_lines() {
        let sealed = |body: &str| {
            let sum = line::checksum(body.as_bytes());
            format!("HPCCTL1 n1 {} {body}\n", str::from_utf8(&sum).unwrap())
        };
        let deep = format!("{}{}", "{\"k\":".repeat(600), "}".repeat(600));
        for body in [
            "{}",
            "{\"k\":\"doctor\",\"t\":5,\"x\":{}}",
            "{\"k\":\"doctor\",\"t\":\"never\",\"x\":{}}",
            "{\"k\":\"other\",\"t\":\"2026-11-25T02:00:00Z\"}",
            "{\"k\":\"doctor\",\"r\":{\"podman\":{\"run\":\"maybe\"}},\"t\":\"2026-11-25T02:00:00Z\"}",
            &deep,
        ] {
            let found = merged(&[&sealed(body)]);
            assert_eq!((found.lines.damaged, found.reported), (1, 0), "{body}");
        }
    }
}
