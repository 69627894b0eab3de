//! What the relationships of an SPDX document say (2.3, clause 11).
//!
//! There may be one for each file of an image, so only those between packages keep their words:
//! elements are known here by a number that their ids are hashed to.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;

/// The number of an element.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "String")]
pub(super) struct Id(u64);

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        // Its keys are fixed: the same document is read in the same way each time.
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Self(hasher.finish())
    }
}

impl From<String> for Id {
    fn from(text: String) -> Self {
        Self::from(&*text)
    }
}

/// What two elements have to do with each other.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    related_spdx_element: String,
    relationship_type: String,
    comment: Option<String>,
}

/// A relationship, as it is kept.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(from = "Relationship")]
pub(super) struct Edge {
    from: Id,
    to: Id,
    word: Word,
}

/// What a relationship says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Describes,
    Holds,
    /// How syft says that a package of a distribution brought another one, in a comment.
    Overlaps,
    BuiltFrom,
    Needs,
    /// What the first element holds is not told in full.
    Incomplete,
    Other,
}

impl From<Relationship> for Edge {
    fn from(told: Relationship) -> Self {
        let comment = told.comment.as_deref().unwrap_or_default();
        let edge = Self::new(
            &told.spdx_element_id,
            &told.relationship_type,
            &told.related_spdx_element,
        );
        edge.with_comment(comment)
    }
}

impl Edge {
    /// The relationship of a type.
    pub(super) fn new(from: &str, kind: &str, to: &str) -> Self {
        let (word, is_reverse) = match kind {
            "DESCRIBES" => (Word::Describes, false),
            "DESCRIBED_BY" => (Word::Describes, true),
            "CONTAINS" if to == "NOASSERTION" => (Word::Incomplete, false),
            "CONTAINS" => (Word::Holds, false),
            "CONTAINED_BY" => (Word::Holds, true),
            "GENERATED_FROM" => (Word::BuiltFrom, false),
            "DEPENDS_ON" => (Word::Needs, false),
            kind if kind.ends_with("DEPENDENCY_OF") => (Word::Needs, true),
            _ => (Word::Other, false),
        };
        let (from, to) = if is_reverse { (to, from) } else { (from, to) };
        Self {
            from: from.into(),
            to: to.into(),
            word,
        }
    }

    /// The relationship with its comment.
    pub(super) fn with_comment(mut self, comment: &str) -> Self {
        if self.word == Word::Other && comment.starts_with("ownership-by-file-overlap") {
            self.word = Word::Overlaps;
        }
        self
    }
}

/// What the relationships of a document say.
#[derive(Debug, Default)]
pub(super) struct Edges {
    described: HashSet<Id>,
    needs: Vec<(Id, Id)>,
    holds: Vec<(Id, Id)>,
    built_from: HashMap<Id, Id>,
    /// The elements that something was built from.
    sources: HashSet<Id>,
    /// The elements that hold or need something.
    groups: HashSet<Id>,
    files: HashMap<Id, u64>,
    /// Whether the document says that it is incomplete.
    pub(super) incomplete: bool,
}

impl Edges {
    /// What the relationships say; `described` and `files` are the elements of these kinds.
    pub(super) fn new(list: Vec<Edge>, described: &[Id], files: &HashSet<Id>) -> Self {
        let mut edges = Self {
            described: described.iter().copied().collect(),
            ..Self::default()
        };
        for Edge { from, to, word } in list {
            match word {
                Word::Describes => {
                    edges.described.insert(to);
                }
                Word::Holds if files.contains(&to) => *edges.files.entry(from).or_default() += 1,
                Word::Holds => {
                    edges.groups.insert(from);
                    edges.holds.push((from, to));
                }
                Word::Overlaps => edges.holds.push((from, to)),
                Word::BuiltFrom => {
                    edges.sources.insert(to);
                    edges.built_from.insert(from, to);
                }
                Word::Needs => {
                    edges.groups.insert(from);
                    edges.needs.push((from, to));
                }
                Word::Incomplete => edges.incomplete = true,
                Word::Other => {}
            }
        }
        edges
    }

    /// Whether the document is about this element.
    pub(super) fn describes(&self, id: &str) -> bool {
        self.described.contains(&id.into())
    }

    /// Whether something was built from this element.
    pub(super) fn is_source(&self, id: &str) -> bool {
        self.sources.contains(&id.into())
    }

    /// What an element was built from.
    pub(super) fn built_from(&self, id: &str) -> Option<Id> {
        self.built_from.get(&id.into()).copied()
    }

    /// Whether an element holds or needs others.
    pub(super) fn is_group(&self, id: &str) -> bool {
        self.groups.contains(&id.into())
    }

    /// How many files an element holds.
    pub(super) fn files(&self, id: &str) -> Option<u64> {
        self.files.get(&id.into()).copied()
    }

    /// Who needs whom, and who holds whom, of the elements that are named.
    pub(super) fn among<'a>(&self, ids: impl Iterator<Item = &'a str>) -> [Vec<Pair>; 2] {
        let ids: HashMap<Id, &str> = ids.map(|id| (id.into(), id)).collect();
        let pair = |(from, to): &(Id, Id)| {
            let (from, to) = (ids.get(from)?, ids.get(to)?);
            Some(((*from).to_owned(), (*to).to_owned()))
        };
        [&self.needs, &self.holds].map(|list| list.iter().filter_map(pair).collect())
    }
}

/// Two elements, by their ids.
type Pair = (String, String);
