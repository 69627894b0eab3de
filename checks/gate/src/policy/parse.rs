//! From the text of a policy to what is written in it: every place that TOML or the format does
//! not allow is told, not the first alone.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

use super::file::File;
use super::text::{MOST, Remark, Text};

/// What does not begin with this says what is wrong with the thing that it points at.
const LACKS: &str = "missing field ";

/// What is in a policy, without the places that are wrong, and what is wrong there.
pub(super) fn parse(text: &Text) -> (Option<File>, Vec<Remark>) {
    let (table, errors) = DeTable::parse_recoverable(&text.text);
    if !errors.is_empty() {
        // What follows a mistake of spelling is a guess of the parser's, and nothing is said of it.
        let remarks = errors.iter().take(MOST).map(|error| remark(text, error));
        return (None, remarks.collect());
    }
    let span = table.span();
    let mut root = DeValue::Table(table.into_inner());
    let (mut remarks, mut taken) = (Vec::new(), Vec::new());
    for _ in 0..2 * MOST {
        if remarks.len() >= MOST {
            break;
        }
        let error = match read(&root, &span) {
            Ok(file) => return (Some(file), remarks),
            Err(error) => error,
        };
        // What lacks only because it was wrong has been told.
        let is_told = lacking(&error).is_some_and(|key| taken.iter().any(|one| one == key));
        if !is_told {
            remarks.push(remark(text, &error));
        }
        let out = error.span().map(|at| take_out(&mut root, &at));
        match out {
            Some(Taken::Key(key)) => taken.push(key),
            Some(Taken::Element) => {}
            // It lies nowhere: the whole of it is of no use.
            Some(Taken::Nothing) | None => break,
        }
    }
    (None, remarks)
}

fn read(root: &DeValue<'_>, span: &Range<usize>) -> Result<File, Error> {
    let DeValue::Table(table) = root else {
        return Ok(File::default());
    };
    let table = Spanned::new(span.clone(), table.clone());
    serde::Deserialize::deserialize(Deserializer::from(table))
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
    Key(String),
    Element,
    Nothing,
}

/// Takes the smallest thing out that a place lies in.
fn take_out(value: &mut DeValue<'_>, at: &Range<usize>) -> Taken {
    match value {
        DeValue::Table(table) => {
            for (_, inner) in table.iter_mut() {
                let taken = take_out(inner.get_mut(), at);
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
            Taken::Key(key.into_inner().into_owned())
        }
        DeValue::Array(array) => {
            for inner in array.iter_mut() {
                let taken = take_out(inner.get_mut(), at);
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
