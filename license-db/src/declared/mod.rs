//! What a package's own metadata say about its licence, as an SPDX expression.
//!
//! One file a source. The answer always parses: a name that no table knows becomes a
//! `LicenseRef-…` of its own, and a name that says only a family, such as `BSD`, is not made
//! more precise than it is.

pub mod apk;
pub mod arch;
pub mod debian;
mod foreign;
pub mod gentoo;
pub mod haskell;
mod lists;
pub(crate) mod names;
pub mod perl;
pub mod python;
pub mod r;
pub mod rpm;
pub mod texts;

pub use foreign::free_text;
pub use lists::{all_of, any_of};
pub(crate) use names::gnu as gnu_id;
pub use names::{addresses, general as general_names};

#[cfg(test)]
mod tests {

    #[test]
    fn every_source_file_is_listed() {
        let listed = [
            "apk", "arch", "debian", "foreign", "gentoo", "haskell", "lists", "mod", "names",
            "perl", "python", "r", "rpm", "texts",
        ];
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/declared");
        let mut found: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                entry
                    .unwrap()
                    .path()
                    .file_stem()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        found.sort();
        assert_eq!(found, listed);
    }

    #[test]
    fn every_data_file_reads_and_states_source_and_date() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data");
        let mut rows = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::io::read_to_string(std::fs::File::open(&path).unwrap()).unwrap();
            let table: toml::Table = toml::from_str(&bytes).expect("valid TOML");
            for (name, list) in &table {
                for row in list
                    .as_array()
                    .unwrap_or_else(|| panic!("{path:?}: {name}"))
                {
                    let get = |key: &str| row.get(key).and_then(|v| v.as_str()).unwrap_or_default();
                    assert!(get("source").len() > 5, "{path:?}: {row:?}");
                    let date = get("date");
                    assert!(
                        date.len() == 10 && date.starts_with("20"),
                        "{path:?}: {row:?}"
                    );
                    rows += 1;
                }
            }
        }
        assert!(rows > 40);
    }
}
