//! Lines of nodes, gathered: in any order, any number of times, of each node the latest.
//!
//! What nodes have in common is read once and then recognised by its bytes; of each node only a
//! name, numbers and a time are kept.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use hpcctl_model::fleet::{Fleet, Lines};

use super::fold;
use super::heard::Heard;
use super::line::{self, Found, Shared};
use super::node_set::MOST;
use super::pieces::{self, Pieces};
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
    /// The nodes by name, as [`named`] writes it where an engine has another for it.
    pub(super) nodes: HashMap<Box<str>, Node>,
    pub(super) keys: Vec<Rc<Key>>,
    key_ids: HashMap<Rc<Key>, u32>,
    key_bytes: usize,
    pub(super) values: Values,
    /// Nodes of lines that could not be read.
    pub(super) unreadable: HashMap<Box<str>, ()>,
    recognised: HashMap<Box<[u8]>, (u32, Facts)>,
    recognised_bytes: usize,
    pieces: Pieces,
    /// The checks that there are.
    pub(super) table: Table,
    pub(super) heard: Heard,
    /// Room that is used for each line again.
    json: Vec<u8>,
    said: Vec<Id>,
}

/// Machine, version of hpcctl, kernel, who asked and the states of the checks of a node.
type Facts = [Option<Id>; 5];

/// Under what is kept who asked.
pub const USER: &str = "user";

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
        self.heard.begin();
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
        self.heard.begin();
        loop {
            text.clear();
            let taken = stream.by_ref().take(TEXT).read_until(b'\n', &mut text);
            if !matches!(taken, Ok(1..)) {
                self.end();
                return taken.map(|_| ());
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
        match self.pieces.joined(text) {
            Some(joined) => self.line(&joined),
            None => self.line(text),
        }
    }

    /// The stream has ended: of what is not whole no more comes.
    fn end(&mut self) {
        for text in self.pieces.rest() {
            line::find(&text, |found| self.found(found, None));
        }
    }

    /// Takes a line of text, or what is known of one that came in pieces.
    fn line(&mut self, text: &[u8]) {
        let label = pieces::label(text);
        let (mut last, mut more) = (None, false);
        line::find(text, |found| more = last.replace(found).is_some());
        match last {
            Some(Found::Truncated(_) | Found::Damaged(_)) if self.pieces.keep(text) => {}
            Some(_) if more => line::find(text, |found| self.found(found, label)),
            Some(found) => self.found(found, label),
            None => {
                self.lines.noise += 1;
                if let Ok(text) = str::from_utf8(text) {
                    self.heard.text(text, |name| self.nodes.contains_key(name));
                }
            }
        }
    }

    /// Takes a line of a node, with the label that an engine put in front.
    fn found(&mut self, found: Found<'_>, label: Option<&str>) {
        let (count, node) = match found {
            Found::Whole { node, sum, body } => match self.whole(node, label, sum, body) {
                Some(()) => return,
                None => (&mut self.lines.damaged, Some(node)),
            },
            Found::Truncated(node) => (&mut self.lines.truncated, node),
            Found::Damaged(node) => (&mut self.lines.damaged, node),
            Found::OtherVersion(node) => (&mut self.lines.other_version, node),
        };
        *count += 1;
        self.unreadable(node);
    }

    fn unreadable(&mut self, node: Option<&str>) {
        if let Some(node) = node.filter(|_| self.unreadable.len() < MOST) {
            self.unreadable.insert(node.into(), ());
        }
    }

    /// Takes what a node said; none where it is nothing that is known here.
    fn whole(
        &mut self,
        name: &str,
        label: Option<&str>,
        sum: [u8; line::SUM],
        body: &[u8],
    ) -> Option<()> {
        let (part, rest) = line::parts(body)?;
        let (key, facts) = self.recognised(part)?;
        self.json.clear();
        self.json.push(b'{');
        self.json.extend_from_slice(rest.get(1..)?);
        let json = std::mem::take(&mut self.json);
        let node = self.node(name, &json, sum, key, facts);
        self.json = json;
        let node = node?;
        let key = named(name, label);
        if self.nodes.len() >= MOST && !self.nodes.contains_key(&*key) {
            return None;
        }
        self.lines.whole += 1;
        self.heard.forget(name);
        match self.nodes.get_mut(&*key) {
            Some(known) => {
                self.lines.repeated += 1;
                if known.later() < node.later() {
                    *known = node;
                }
            }
            None => {
                self.nodes.insert(key.into(), node);
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
            (USER, shared.c),
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

/// The name of a node, and behind a space what an engine calls it where that is something else: nodes
/// that call themselves the same are told apart by it.
fn named<'a>(name: &'a str, label: Option<&str>) -> Cow<'a, str> {
    let host = name.split('.').next();
    match label.filter(|label| host != label.split('.').next()) {
        Some(label) => format!("{name} {label}").into(),
        None => name.into(),
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
mod tests;
