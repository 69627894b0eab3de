//! Makes the table of texts that are known by samples, from rows of TOML.

use serde::Deserialize;

use super::super::tables::{Maker, Section, to_u32};
use super::bits::{BITS, bit};

/// One text of a vendor.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// The id of this version.
    pub(crate) id: String,
    /// The id that stands for all versions.
    pub(crate) family: String,
    /// What the vendor calls it, for who reads the table.
    #[serde(default, rename = "name")]
    _name: String,
    /// How many words it has.
    pub(crate) words: u32,
    /// Its sample: eight hexadecimal digits a run, in the order of the numbers.
    pub(crate) sample: String,
    /// Every row of the built-in table states its source and date; a test checks it.
    #[serde(default, rename = "source")]
    _source: String,
    #[serde(default, rename = "date")]
    _date: String,
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

/// Writes the tables.
pub(crate) fn write(rows: &[Row], maker: &mut Maker) {
    let mut runs: Vec<[u32; 2]> = Vec::new();
    for (row, number) in rows.iter().zip(0u32..) {
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
