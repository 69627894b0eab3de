//! The texts of `data/vendor.toml`.

use serde::Deserialize;

use super::make::Row;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    text: Vec<Row>,
}

/// All rows of the table.
pub(crate) fn rows() -> Vec<Row> {
    let data: Option<Data> = crate::data::read(include_str!("../../../data/vendor.toml"));
    data.map(|data| data.text).unwrap_or_default()
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
