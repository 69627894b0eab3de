//! From the text of a policy to what is written in it: every place that TOML or the format does
//! not allow is told, not the first alone.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer, Error};

use super::file::File;
use super::text::{MOST, Remark, Text};

/// What does not begin with this says what is wrong with the thing that it points at.
const LACKS: &str = "missing field ";

/// Where what stands for something lies: behind every text.
const NOWHERE: Range<usize> = usize::MAX..usize::MAX;

/// What stands for a text that a table lacks; it is a level, too.
const STAND_IN: &str = "deny";

/// The keys that a table may lack whose value is a list.
const LISTS: [&str; 2] = ["diff-ids", "evidence"];

/// What is in a policy, without the places that are wrong, and what is wrong there.
pub(super) fn parse(text: &Text) -> (Option<File>, Vec<Remark>) {
    let (table, errors) = DeTable::parse_recoverable(&text.text);
    if !errors.is_empty() {
        // What follows a mistake of spelling is a guess of the parser's, and nothing is said of it.
        let remarks = errors.iter().take(MOST).map(|error| remark(text, error));
        return (None, remarks.collect());
    }
    let mut reading = Reading {
        span: table.span(),
        root: DeValue::Table(table.into_inner()),
        lame: Vec::new(),
        taken: Vec::new(),
    };
    let mut remarks = Vec::new();
    for _ in 0..4 * MOST {
        if remarks.len() >= MOST {
            break;
        }
        match reading.read() {
            Ok(file) if reading.lame.is_empty() => return (Some(file), remarks),
            Ok(_) => reading.drop_lame(),
            Err(error) => {
                if !reading.is_told(&error) {
                    remarks.push(remark(text, &error));
                }
                if !reading.go_on(&error) {
                    break;
                }
            }
        }
    }
    (None, remarks)
}

/// A policy that is read again without what was wrong.
struct Reading<'t> {
    root: DeValue<'t>,
    span: Range<usize>,
    /// The tables that lack something, in which something stands for it.
    lame: Vec<Range<usize>>,
    /// The keys that were taken out, each with its table.
    taken: Vec<(String, Range<usize>)>,
}

impl Reading<'_> {
    fn read(&self) -> Result<File, Error> {
        let DeValue::Table(table) = &self.root else {
            return Ok(File::default());
        };
        let table = Spanned::new(self.span.clone(), table.clone());
        serde::Deserialize::deserialize(Deserializer::from(table))
    }

    /// Whether something lacks only because it was wrong, which has been told.
    fn is_told(&self, error: &Error) -> bool {
        let lacks = lacking(error).zip(error.span());
        lacks.is_some_and(|(key, at)| {
            let mut taken = self.taken.iter();
            taken.any(|(one, table)| one == key && *table == at)
        })
    }

    /// Mends what an error is about, so that what follows is read; false where that cannot be done.
    fn go_on(&mut self, error: &Error) -> bool {
        let Some(at) = error.span().filter(|at| *at != NOWHERE) else {
            return false;
        };
        let lacks = lacking(error);
        if let Some(key) = lacks
            && let Some(table) = table_at(&mut self.root, &at)
        {
            stand_in(table, key);
            self.lame.push(at);
            return true;
        }
        match take_out(&mut self.root, &self.span, &at) {
            Taken::Key(key, table) => self.taken.push((key, table)),
            Taken::Element => {}
            // It lies nowhere: the whole of it is of no use.
            Taken::Nothing => return false,
        }
        true
    }

    fn drop_lame(&mut self) {
        for at in std::mem::take(&mut self.lame) {
            take_out(&mut self.root, &self.span, &at);
        }
    }
}

/// The table that begins at a place.
fn table_at<'v, 't>(value: &'v mut DeValue<'t>, at: &Range<usize>) -> Option<&'v mut DeTable<'t>> {
    // What lies further in begins there; what it is in only because of it has the same place.
    let is_there = |inner: &Spanned<DeValue<'_>>| inner.span() == *at;
    match value {
        DeValue::Table(table) => table.iter_mut().find_map(|(_, inner)| {
            let is_there = is_there(inner);
            within_table(inner.get_mut(), at, is_there)
        }),
        DeValue::Array(array) => array.iter_mut().find_map(|inner| {
            let is_there = is_there(inner);
            within_table(inner.get_mut(), at, is_there)
        }),
        _ => None,
    }
}

fn within_table<'v, 't>(
    value: &'v mut DeValue<'t>,
    at: &Range<usize>,
    is_there: bool,
) -> Option<&'v mut DeTable<'t>> {
    if !is_there || has_table_at(value, at) {
        return table_at(value, at);
    }
    match value {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

fn has_table_at(value: &DeValue<'_>, at: &Range<usize>) -> bool {
    let is = |inner: &Spanned<DeValue<'_>>| {
        let is_table = matches!(inner.get_ref(), DeValue::Table(_));
        is_table && inner.span() == *at || has_table_at(inner.get_ref(), at)
    };
    match value {
        DeValue::Table(table) => table.iter().any(|(_, inner)| is(inner)),
        DeValue::Array(array) => array.iter().any(is),
        _ => false,
    }
}

/// Puts something in place of what a table lacks.
fn stand_in(table: &mut DeTable<'_>, key: &str) {
    let value = match LISTS.contains(&key) {
        true => DeValue::Array(DeArray::default()),
        false => DeValue::String(STAND_IN.into()),
    };
    let key = Spanned::new(NOWHERE, key.to_owned().into());
    table.insert(key, Spanned::new(NOWHERE, value));
}

fn remark(text: &Text, error: &Error) -> Remark {
    let message = error.message().trim_end_matches('\n').replace('\n', ", ");
    let hint = HINTS.iter().find(|(said, _)| message.contains(said));
    let hint = hint.map_or(String::new(), |(_, hint)| format!(": {hint}"));
    text.remark(&error.span().unwrap_or(0..0), message + &hint)
}

/// What the reader of TOML says of common slips, and what to do.
const HINTS: [(&str, &str); 3] = [
    (
        "wanted exactly 1 element",
        "the name of a rule has a dot: put quotes around it, such as \"license.terms\"",
    ),
    (
        "invalid type: map, expected",
        "where a name has a dot or a colon, put quotes around it, such as \"license.terms\"",
    ),
    (
        "invalid type: string, expected a sequence",
        "put it in brackets: [\"…\"]",
    ),
];

/// The key that an error says is missing.
fn lacking(error: &Error) -> Option<&str> {
    let key = error.message().strip_prefix(LACKS)?;
    Some(key.trim().trim_matches('`'))
}

/// What was taken out.
enum Taken {
    /// A key, and the table that it was in.
    Key(String, Range<usize>),
    Element,
    Nothing,
}

/// Takes the smallest thing out that a place lies in; `own` is where the value itself begins.
fn take_out(value: &mut DeValue<'_>, own: &Range<usize>, at: &Range<usize>) -> Taken {
    match value {
        DeValue::Table(table) => {
            for (_, inner) in table.iter_mut() {
                let own = inner.span();
                let taken = take_out(inner.get_mut(), &own, at);
                if !matches!(taken, Taken::Nothing) {
                    return taken;
                }
            }
            let mut entries = table.iter();
            let found =
                entries.find(|(key, value)| within(at, &key.span()) || within(at, &value.span()));
            let Some(key) = found.map(|(key, _)| key.clone()) else {
                return Taken::Nothing;
            };
            table.remove(&key);
            Taken::Key(key.into_inner().into_owned(), own.clone())
        }
        DeValue::Array(array) => {
            for inner in array.iter_mut() {
                let own = inner.span();
                let taken = take_out(inner.get_mut(), &own, at);
                if !matches!(taken, Taken::Nothing) {
                    return taken;
                }
            }
            let Some(place) = array.iter().position(|inner| within(at, &inner.span())) else {
                return Taken::Nothing;
            };
            let left = array.clone().into_iter().enumerate();
            let left = left.filter(|(other, _)| *other != place);
            *array = left.map(|(_, inner)| inner).collect();
            Taken::Element
        }
        _ => Taken::Nothing,
    }
}

fn within(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}
