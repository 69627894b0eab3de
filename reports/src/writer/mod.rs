//! The formats, one file each. [`WRITERS`] is the list that everything else is made from.

use std::fmt;
use std::io;

use crate::report::{Error, Kind, Options, Report};

pub(crate) mod abi_table;
mod answers_html;
mod answers_junit;
mod answers_markdown;
mod answers_openmetrics;
mod answers_sarif;
pub(crate) mod bench_html;
pub(crate) mod bench_table;
mod checks_table;
mod cyclonedx_json;
mod cyclonedx_xml;
pub(crate) mod doctor_table;
mod fleet_markdown;
pub(crate) mod fleet_table;
pub(crate) mod gate_table;
mod json;
mod junit;
mod license_diff_table;
mod license_jsonl;
mod license_table;
mod licenses_table;
mod line;
mod lint_table;
mod markdown;
pub(crate) mod match_table;
mod nhc;
mod nightly_html;
mod nightly_junit;
mod nightly_mail;
mod nightly_markdown;
mod nightly_openmetrics;
mod nightly_sarif;
mod nightly_table;
mod notice;
mod publish_table;
mod sarif;
mod scan_jsonl;
pub(crate) mod scan_table;
mod source_index;
mod spdx_json;
mod spdx_tag_value;
mod stage_table;
mod verify_table;
mod why_table;

/// Writes a report in a version of its format; none is the newest.
pub type Write = fn(&Report<'_>, Option<&str>, &Options, &mut dyn io::Write) -> Result<(), Error>;

/// One format: a row of [`WRITERS`].
#[derive(Clone, Copy)]
pub struct Writer {
    /// The name, as `-o` takes it.
    pub name: &'static str,
    /// The versions of the format that it writes, newest first; empty where it has none.
    pub versions: &'static [&'static str],
    /// The kinds of reports that it writes.
    pub kinds: &'static [Kind],
    /// What writes it.
    pub write: Write,
}

/// Every format, in the order in which they are offered; a name has one row a kind at most.
pub static WRITERS: &[&Writer] = &[
    &doctor_table::WRITER,
    &checks_table::WRITER,
    &scan_table::WRITER,
    &license_table::WRITER,
    &licenses_table::WRITER,
    &license_diff_table::WRITER,
    &lint_table::WRITER,
    &why_table::WRITER,
    &gate_table::WRITER,
    &publish_table::WRITER,
    &verify_table::WRITER,
    &stage_table::WRITER,
    &abi_table::WRITER,
    &bench_table::WRITER,
    &fleet_table::WRITER,
    &match_table::WRITER,
    &nightly_table::WRITER,
    &json::WRITER,
    &license_jsonl::WRITER,
    &line::WRITER,
    &nhc::WRITER,
    &sarif::WRITER,
    &junit::WRITER,
    &markdown::WRITER,
    &fleet_markdown::WRITER,
    &nightly_markdown::WRITER,
    &answers_markdown::WRITER,
    &nightly_mail::WRITER,
    &bench_html::WRITER,
    &nightly_html::WRITER,
    &answers_html::WRITER,
    &nightly_openmetrics::WRITER,
    &answers_openmetrics::WRITER,
    &nightly_junit::WRITER,
    &answers_junit::WRITER,
    &nightly_sarif::WRITER,
    &answers_sarif::WRITER,
    &scan_jsonl::WRITER,
    &cyclonedx_json::WRITER,
    &cyclonedx_xml::WRITER,
    &spdx_json::WRITER,
    &spdx_tag_value::WRITER,
    &notice::WRITER,
    &source_index::WRITER,
];

/// The formats of a scan that tell of packages and their licences alone: neither keys nor passwords.
pub static INVENTORIES: &[&Writer] = &[
    &cyclonedx_json::WRITER,
    &cyclonedx_xml::WRITER,
    &spdx_json::WRITER,
    &spdx_tag_value::WRITER,
    &notice::WRITER,
    &source_index::WRITER,
];

/// The formats of a kind of report.
pub fn of_kind(kind: Kind) -> impl Iterator<Item = &'static Writer> {
    WRITERS
        .iter()
        .copied()
        .filter(move |writer| writer.kinds.contains(&kind))
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Writer").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_one_writer_a_kind() {
        for kind in [
            Kind::Doctor,
            Kind::Checks,
            Kind::Scan,
            Kind::License,
            Kind::Licenses,
            Kind::LicenseDiff,
            Kind::Lint,
            Kind::Why,
            Kind::Gate,
            Kind::Publish,
            Kind::Verify,
            Kind::Stage,
            Kind::Abi,
            Kind::Bench,
            Kind::Fleet,
            Kind::Match,
            Kind::Nightly,
        ] {
            let mut names: Vec<&str> = of_kind(kind).map(|writer| writer.name).collect();
            assert_eq!(
                names.first(),
                Some(&"table"),
                "the table is the default of {kind:?}"
            );
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{kind:?}");
        }
    }
}
