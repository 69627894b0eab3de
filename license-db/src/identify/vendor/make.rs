//! Makes the table of vendors' texts from `data/vendor.toml`.

use serde::Deserialize;

use super::super::tables::{Maker, Section, to_u32};
use super::bits::{BITS, bit};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    text: Vec<Row>,
}

/// One text of a vendor.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// The id of this version.
    pub(crate) id: String,
    /// The id that stands for all versions.
    pub(crate) family: String,
    /// What the vendor calls it.
    #[expect(dead_code, reason = "for who reads the table")]
    name: String,
    /// How many words it has.
    words: u32,
    /// Its sample: eight hexadecimal digits a run, in the order of the numbers.
    sample: String,
    #[expect(dead_code, reason = "every row states its source; a test checks it")]
    source: String,
    #[expect(dead_code, reason = "every row states its date; a test checks it")]
    date: String,
}

impl Row {
    /// The numbers of the sample.
    pub(crate) fn runs(&self) -> Vec<u32> {
        let (digits, _) = self.sample.as_bytes().as_chunks::<8>();
        let number = |eight: &[u8; 8]| {
            let text = std::str::from_utf8(eight).ok()?;
            u32::from_str_radix(text, 16).ok()
        };
        digits.iter().filter_map(number).collect()
    }
}

/// All rows of the table.
pub(crate) fn rows() -> Vec<Row> {
    let data: Option<Data> = crate::data::read(include_str!("../../../data/vendor.toml"));
    data.map(|data| data.text).unwrap_or_default()
}

/// Writes the tables.
pub(crate) fn write(maker: &mut Maker) {
    let mut runs: Vec<[u32; 2]> = Vec::new();
    for (row, number) in rows().iter().zip(0u32..) {
        let sample = row.runs();
        let (id, family) = (maker.name(&row.id), maker.name(&row.family));
        maker
            .section(Section::Vendors)
            .extend([id, family, row.words, to_u32(sample.len())]);
        runs.extend(sample.iter().map(|run| [*run, number]));
    }
    runs.sort_unstable();
    let mut bits = vec![0u32; BITS / 32];
    for [run, _] in &runs {
        let at = bit(*run);
        if let Some(word) = bits.get_mut(at / 32) {
            *word |= 1 << (at % 32);
        }
    }
    maker.section(Section::VendorBits).extend(bits);
    maker
        .section(Section::VendorRuns)
        .extend(runs.as_flattened());
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::expression;
    use crate::policy::{Class, class_of};

    #[test]
    fn every_row_has_an_id_of_its_family_and_a_class() {
        let rows = rows();
        assert!(rows.len() >= 40, "{}", rows.len());
        let ids: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(ids.len(), rows.len());
        for row in &rows {
            for id in [&row.id, &row.family] {
                assert_eq!(expression::normalise(id).as_ref(), Some(id));
                let class = class_of(id);
                assert!(class != Class::Unknown && class != Class::Listed, "{id}");
            }
            assert!(row.id.starts_with(&row.family), "{}", row.id);
            assert_eq!(class_of(&row.id), class_of(&row.family), "{}", row.id);
        }
    }

    #[test]
    fn every_sample_is_whole() {
        for row in rows() {
            let runs = row.runs();
            assert_eq!(row.sample.len(), runs.len() * 8, "{}", row.id);
            assert!(
                (16..=super::super::SAMPLE).contains(&runs.len()),
                "{}",
                row.id
            );
            assert!(runs.is_sorted_by(|a, b| a < b), "{}", row.id);
            assert!(row.words > 20, "{}", row.id);
        }
    }
}
