//! Which words of a listed text may be missing, and for which others may stand.
//!
//! The rows are `data/marks.toml`, made from the markup of the SPDX templates.

use std::collections::HashMap;

use serde::Deserialize;

use super::mark::Mark;

/// The rows by id: the hash of the words that a row was made for, and its runs.
pub(super) struct Rows(HashMap<String, String>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    marks: Vec<Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    texts: HashMap<String, String>,
    #[expect(dead_code, reason = "every table states its source; a test checks it")]
    source: String,
    #[expect(dead_code, reason = "every table states its date; a test checks it")]
    date: String,
}

impl Rows {
    /// Reads the table.
    pub(super) fn read() -> Self {
        let data: Option<Data> = crate::data::read(include_str!("../../../data/marks.toml"));
        let tables = data.map(|data| data.marks).unwrap_or_default();
        Self(tables.into_iter().flat_map(|table| table.texts).collect())
    }

    /// What each word of a text is; empty where all have to be there.
    pub(super) fn of(&self, id: &str, hash: u32, len: usize) -> Vec<Mark> {
        let row = self.0.get(id).and_then(|row| row.split_once(' '));
        let made = |of: &str| u32::from_str_radix(of, 16) == Ok(hash);
        let Some((_, runs)) = row.filter(|(of, _)| made(of)) else {
            return Vec::new();
        };
        let mut marks = vec![Mark::Own; len];
        for (mark, from, to) in runs.split(' ').filter_map(run) {
            if let Some(run) = marks.get_mut(from..=to) {
                run.fill(mark);
            }
        }
        marks
    }
}

/// `o3` or `r5-9`.
fn run(text: &str) -> Option<(Mark, usize, usize)> {
    let mark = match text.as_bytes().first()? {
        b'o' => Mark::Optional,
        b'r' => Mark::Replaceable,
        _ => return None,
    };
    let range = text.get(1..)?;
    let (from, to) = range.split_once('-').unwrap_or((range, range));
    Some((mark, from.parse().ok()?, to.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mark::{Optional, Own, Replaceable};

    #[test]
    fn runs_are_marked() {
        let rows = Rows(HashMap::from([(
            "X".to_owned(),
            "7 o0 r2-3 o9-99".to_owned(),
        )]));
        assert_eq!(
            rows.of("X", 7, 5),
            [Optional, Own, Replaceable, Replaceable, Own]
        );
        assert!(rows.of("X", 8, 5).is_empty());
        assert!(rows.of("Y", 7, 5).is_empty());
    }

    #[test]
    fn every_row_can_be_read() {
        let rows = Rows::read();
        assert!(rows.0.len() > 400);
        for (id, row) in rows.0 {
            let (hash, runs) = row.split_once(' ').unwrap();
            assert!(u32::from_str_radix(hash, 16).is_ok(), "{id}");
            assert!(runs.split(' ').all(|text| run(text).is_some()), "{id}");
        }
    }
}
