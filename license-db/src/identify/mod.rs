//! From the bytes of a file to the licences that it bears.
//!
//! The stages run in order and each takes the words that it explains from the next: reject
//! (`prefilter`), decode, words, tags, texts, notices and names, GNU grants, and the
//! resolution to one expression. Nothing here opens a file or allocates without bound.

use std::ops::Range;
use std::sync::LazyLock;

use hpcctl_model::license::{Kind, Match, State};

mod align;
mod cc;
mod chain;
mod counted;
mod decode;
mod finding;
mod gnu;
mod index;
mod listed;
mod markup;
mod phrase;
mod prefilter;
pub(crate) mod renamed;
mod repeats;
mod resolve;
mod restrict;
mod rtf;
pub mod site;
mod spelling;
mod tables;
mod tag;
mod text;
pub mod vendor;
mod weigh;
mod words;

pub(crate) use counted::Counted;
pub use decode::text as text_of;
use finding::{Finding, Taken};
use index::Index;
use phrase::Phrases;
use tables::Tables;
use words::Words;

use crate::declared::debian;
use crate::expression;

/// The names that are given to licences of no list: those of the tables, and those that a reader
/// makes itself.
pub(crate) fn refs() -> Vec<String> {
    let tables = &Identifier::spdx().tables;
    let of_tables = tables.names().flat_map(expression::licenses);
    let own = restrict::NAMES.into_iter().chain([resolve::UNSTATED]);
    let own = own.map(str::to_owned).chain(vendor::terms::names());
    let own = own.chain(cc::names());
    of_tables
        .filter(|name| name.starts_with(expression::REF))
        .chain(own)
        .collect()
}

/// Whether a name is that of a text that is known, though no list has it.
pub(crate) fn is_text(name: &str) -> bool {
    let index = Index::new(&Identifier::spdx().tables);
    let mut ids = (0u16..)
        .map_while(|number| index.template(number))
        .map(|text| text.id);
    ids.any(|id| id == name)
}

/// What a file bears.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Identification {
    /// The SPDX expression, or none where nothing was found that is more than a clue.
    pub expression: Option<String>,
    /// Everything found, clues included, in the order of the file.
    pub matches: Vec<Match>,
}

/// Knows the licences and finds them.
#[derive(Debug)]
pub struct Identifier {
    tables: Tables,
    /// The licences of a site, which come first.
    sites: Vec<Tables>,
}

impl Identifier {
    /// The identifier of the SPDX licence list, which lies ready in the program.
    pub fn spdx() -> &'static Self {
        static SPDX: LazyLock<Identifier> = LazyLock::new(|| Identifier {
            tables: listed::tables(),
            sites: Vec::new(),
        });
        &SPDX
    }

    /// The same, to which [`Self::add_site`] adds.
    pub fn for_site() -> Self {
        Self {
            tables: listed::tables(),
            sites: Vec::new(),
        }
    }

    /// Adds the licences of a site, as [`site`] describes them; they come before what was there.
    ///
    /// # Errors
    ///
    /// When they are not valid: what is wrong, with its line where that is known.
    pub fn add_site(&mut self, toml: &str) -> Result<(), String> {
        self.sites.insert(0, site::tables(toml)?);
        Ok(())
    }

    /// The version of the SPDX licence list.
    pub fn list_version() -> &'static str {
        spdx::identifiers::VERSION
    }

    /// Whether a file may bear a licence at all; cheap, and needs no identifier.
    ///
    /// False means that [`Self::identify`] finds nothing.
    pub fn may_bear(bytes: &[u8]) -> bool {
        let wide = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
        let bare = || tag::bare_expression(bytes).is_some();
        wide || (!decode::is_binary(bytes) && (prefilter::may_bear(bytes) || bare()))
    }

    /// Finds the licences of a file. Binary files bear none. Of a text that a large file repeats
    /// end to end the first copy and the last are read.
    pub fn identify(&self, bytes: &[u8]) -> Identification {
        if let Some(license) = tag::bare_expression(bytes) {
            let text = String::from_utf8_lossy(bytes);
            let words = Words::of(&text);
            let finding = Finding::new(0..words.len(), license, Kind::Tag);
            return self.finish(&words, &Taken::new(words.len()), vec![finding]);
        }
        if !Self::may_bear(bytes) {
            return Identification::default();
        }
        let Some(text) = decode::text(bytes) else {
            return Identification::default();
        };
        if debian::is_machine_readable(&text) {
            let words = Words::of(&text);
            if let Some(findings) = tag::find_statements(self, &text, &words) {
                return self.finish(&words, &Taken::new(words.len()), findings);
            }
        }
        self.identify_prose(&text)
    }

    /// Finds the licences of a text that is not a machine-readable copyright file.
    pub(crate) fn identify_prose(&self, text: &str) -> Identification {
        let text = &*repeats::cut(text);
        let windows = prefilter::windows(text);
        let words = Words::of_windows(text, &windows);
        let mut taken = Taken::new(words.len());
        let mut findings = tag::find(text, &words);
        findings
            .iter()
            .for_each(|finding| taken.take(&finding.words));
        let known = self.sites.iter().chain([&self.tables]);
        let vendors: Vec<Finding> = known
            .flat_map(|tables| vendor::findings(tables, text, &windows, &words))
            .collect();
        self.read_words(&words, &vendors, &mut taken, &mut findings);
        findings.extend(vendor::terms::find(&words, &taken));
        vendor::settle(&vendors, &mut findings);
        findings.extend(restrict::find(&words, &taken, &findings));
        self.finish(&words, &taken, findings)
    }

    fn read_words(
        &self,
        words: &Words,
        vendors: &[Finding],
        taken: &mut Taken,
        findings: &mut Vec<Finding>,
    ) {
        let known = || self.sites.iter().chain([&self.tables]);
        let mut add = |found: Vec<Finding>, taken: &mut Taken| {
            found.iter().for_each(|finding| taken.take_parts(finding));
            findings.extend(found);
        };
        let texts = known().flat_map(|tables| texts(Index::new(tables), words));
        add(apart(words.len(), texts.collect()), taken);
        add(vendors.to_vec(), taken);
        for tables in known() {
            add(Phrases::new(tables).find(words, taken), taken);
        }
        add(cc::find(words, taken), taken);
        add(gnu::find(words, taken), taken);
    }

    fn finish(&self, words: &Words, taken: &Taken, mut found: Vec<Finding>) -> Identification {
        let expression = resolve::resolve(Phrases::new(&self.tables), words, taken, &mut found);
        let matches = found.iter().map(|finding| finding.report(words)).collect();
        Identification {
            expression,
            matches,
        }
    }
}

/// The licence texts among the words.
fn texts(index: Index<'_>, words: &Words) -> Vec<Finding> {
    let counting = words.counting();
    let hashes: Vec<u32> = counting
        .iter()
        .filter_map(|at| Some(words.words.get(*at as usize)?.hash))
        .collect();
    let place = |at: usize| counting.get(at).map_or(0, |at| *at as usize);
    let found = text::find(index, &hashes).into_iter().filter_map(|found| {
        let template = index.template(found.template)?;
        let range = place(found.at.start)..place(found.at.end.saturating_sub(1)) + 1;
        let here = hashes.get(found.at.start..found.at.end).unwrap_or_default();
        let license = renamed::license(template.id, index.marked(found.template), here);
        let mut finding = Finding::new(range, license, Kind::Text);
        finding.score = found.at.score();
        let whole = finding.score >= text::CERTAIN && found.at.coverage() >= text::CERTAIN;
        finding.state = if whole { State::Certain } else { State::Likely };
        // What a long text that is whole holds beside its words are links and headings.
        let long = whole && found.at.agree >= text::LONG;
        let free = if long { FREE_IN_LONG } else { FREE };
        let swallowed = |gap: Range<usize>| {
            gap.len() < free
                && (gap.len() < FREE || !gnu::named(words, gap.clone()))
                && !restrict::within(words, gap)
        };
        finding.parts = parts(&found.at.parts, swallowed, place);
        Some(finding)
    });
    found.collect()
}

/// Drops a text that lies for the most part in others that came before it.
fn apart(len: usize, mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut seen = Taken::new(len);
    findings.retain(|finding| {
        let known = finding.words.clone().filter(|at| seen.is(*at)).count();
        let apart = known * 2 <= finding.words.len();
        if apart {
            seen.take(&finding.words);
        }
        apart
    });
    findings
}

/// The parts of a file that a text explains, as places among all words. What stands between two
/// parts and is short belongs to them.
fn parts(
    counting: &[Range<usize>],
    swallowed: impl Fn(Range<usize>) -> bool,
    place: impl Fn(usize) -> usize,
) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for part in counting {
        let range = place(part.start)..place(part.end.saturating_sub(1)) + 1;
        match out.last_mut() {
            Some(last) if swallowed(last.end.min(range.start)..range.start) => last.end = range.end,
            _ => out.push(range),
        }
    }
    out
}

/// So many words inside a text that are not its own are read by the later stages.
const FREE: usize = 8;

/// The same for a long text that is there as a whole.
const FREE_IN_LONG: usize = 30;

#[cfg(test)]
mod tests;
