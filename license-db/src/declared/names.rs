//! One licence name, as a distribution or an author writes it, to an SPDX expression.
//!
//! The tables are `data/names.toml`: one a vocabulary, each with its source and date. What no
//! table lists is tried as a GNU or versioned short name (`GPL-2+`, `LGPLv2.1+`, `MPL-1.1`).

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::expression;

/// The vocabulary that a name comes from; the same word differs between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Vocabulary {
    /// Names that mean the same everywhere.
    General,
    /// The names of Arch Linux before SPDX.
    Arch,
    /// Debian's short names.
    Debian,
    /// Fedora's short names before SPDX.
    Fedora,
    /// The licence files of Gentoo.
    Gentoo,
    /// The trove classifiers of the Python package index.
    Python,
    /// The names of R's licence database.
    R,
    /// The words of CPAN's metadata.
    Cpan,
    /// Cabal's words before SPDX.
    Cabal,
    /// Addresses of licence texts, without scheme, `www.` and the ending of a file.
    Address,
    /// Exceptions, by the name of what they except.
    Exception,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    table: Vec<Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    vocabulary: Vocabulary,
    #[expect(dead_code, reason = "every table states its source; a test checks it")]
    source: String,
    #[expect(dead_code, reason = "every table states its date; a test checks it")]
    date: String,
    names: HashMap<String, String>,
}

static TABLES: LazyLock<HashMap<Vocabulary, HashMap<String, String>>> = LazyLock::new(|| {
    let data =
        crate::data::read(include_str!("../../data/names.toml")).unwrap_or(Data { table: vec![] });
    data.table
        .into_iter()
        .map(|table| (table.vocabulary, table.names))
        .collect()
});

/// The expression of a name, or none where no table and no pattern knows it.
pub(crate) fn lookup(name: &str, vocabulary: Vocabulary) -> Option<String> {
    let key = key(name);
    let in_table = |v: Vocabulary| TABLES.get(&v).and_then(|table| table.get(&key)).cloned();
    in_table(vocabulary)
        .or_else(|| expression::normalise(name.trim()))
        .or_else(|| in_table(Vocabulary::General))
        .or_else(|| versioned(&key))
}

/// The licence whose text has this address, or none where it is no address that is listed.
pub(crate) fn address(text: &str) -> Option<String> {
    let lower = text.trim().to_ascii_lowercase();
    let rest = lower
        .strip_prefix("https://")
        .or_else(|| lower.strip_prefix("http://"))?;
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let mut rest = rest.trim_end_matches('/');
    for ending in [".txt", ".html", ".htm", ".php", ".en", ".md"] {
        rest = rest.strip_suffix(ending).unwrap_or(rest);
    }
    if let Some(id) = rest.strip_prefix("spdx.org/licenses/") {
        return expression::normalise(id);
    }
    TABLES.get(&Vocabulary::Address)?.get(rest).cloned()
}

/// The exception of a name such as `OpenSSL` or `Classpath`, or none where it is not listed.
pub(crate) fn exception(name: &str) -> Option<&'static str> {
    let key = key(name);
    let bare = key
        .trim_end_matches('s')
        .trim_end_matches("exception")
        .trim_matches([' ', '-']);
    let listed = TABLES.get(&Vocabulary::Exception)?;
    let id = listed.get(bare).map_or(name.trim(), String::as_str);
    spdx::exception_id(id)
        .or_else(|| spdx::exception_id(expression::known_id(&key)?))
        .map(|e| e.name)
}

/// The names of licences of no list that stand in the tables.
pub(crate) fn refs() -> impl Iterator<Item = String> {
    let values = TABLES.values().flat_map(HashMap::values);
    let names = values.flat_map(|value| expression::licenses(value));
    names.filter(|name| name.starts_with(expression::REF))
}

/// The addresses of texts and what stands there, in no order.
pub fn addresses() -> impl Iterator<Item = (&'static str, &'static str)> {
    let table = TABLES.get(&Vocabulary::Address).into_iter().flatten();
    table.map(|(address, license)| (address.as_str(), license.as_str()))
}

/// The names in common use and what they stand for, in no order.
pub fn general() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLES
        .get(&Vocabulary::General)
        .into_iter()
        .flat_map(|table| table.iter().map(|(name, id)| (name.as_str(), id.as_str())))
}

fn key(name: &str) -> String {
    let words: Vec<&str> = name
        .trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '.' | ',' | ';'))
        .split_whitespace()
        .collect();
    words.join(" ").to_lowercase()
}

/// Short names with a version at the end: `gpl-2+`, `lgplv2.1+`, `gfdl-niv-1.3+`, `mpl-1.1`.
fn versioned(key: &str) -> Option<String> {
    let (body, later) = match key.strip_suffix('+') {
        Some(body) => (body, true),
        None => (key.strip_suffix("-only").unwrap_or(key), false),
    };
    let digits = body
        .trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
        .len();
    let (stem, version) = body.split_at(digits);
    let stem = stem.trim_end_matches([' ', '-']);
    let stem = stem
        .strip_suffix('v')
        .filter(|stem| !stem.ends_with("ni"))
        .unwrap_or(stem)
        .trim_end_matches([' ', '-', ',']);
    let version = match version.trim_matches('.') {
        "" => None,
        major if !major.contains('.') => Some(format!("{major}.0")),
        full => Some(
            full.strip_suffix(".0")
                .filter(|v| v.contains('.'))
                .unwrap_or(full)
                .to_owned(),
        ),
    };
    if let Some(gnu) = gnu(stem, version.as_deref(), later) {
        return Some(gnu);
    }
    let id = format!("{}-{}", stem.replace(' ', "-"), version?);
    let known = expression::known_id(&id)?;
    expression::normalise(&if later {
        format!("{known}+")
    } else {
        known.to_owned()
    })
}

/// A GNU licence by its short stem; without a version any version may be chosen.
pub(crate) fn gnu(stem: &str, version: Option<&str>, later: bool) -> Option<String> {
    let (family, first, variant) = match stem {
        "gpl" | "gnu gpl" => ("GPL", "1.0", ""),
        "lgpl" | "gnu lgpl" => ("LGPL", "2.0", ""),
        "agpl" | "gnu agpl" => ("AGPL", "3.0", ""),
        "gfdl" | "fdl" | "gnu fdl" => ("GFDL", "1.1", ""),
        "gfdl-niv" | "fdl-niv" => ("GFDL", "1.1", "-no-invariants"),
        _ => return None,
    };
    let grant = if later || version.is_none() {
        "or-later"
    } else {
        "only"
    };
    let version = version.unwrap_or(first);
    let id = format!("{family}-{version}{variant}-{grant}");
    spdx::license_id(&id).map(|id| id.name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_an_expression_or_a_listed_exception() {
        let mut rows = 0;
        for (vocabulary, table) in TABLES.iter() {
            for (name, id) in table {
                assert_eq!(&key(name), name, "the key is not in its one form");
                if *vocabulary == Vocabulary::Exception {
                    assert!(spdx::exception_id(id).is_some(), "{name}: {id}");
                } else {
                    assert_eq!(expression::normalise(id).as_ref(), Some(id), "{name}");
                }
                rows += 1;
            }
        }
        assert!(rows > 150, "{rows} rows");
        assert_eq!(TABLES.len(), 11);
    }

    #[test]
    fn reads_versioned_short_names() {
        let cases = [
            ("GPL-2+", "GPL-2.0-or-later"),
            ("GPL-2", "GPL-2.0-only"),
            ("GPLv3", "GPL-3.0-only"),
            ("LGPLv2+", "LGPL-2.0-or-later"),
            ("LGPL-2.1", "LGPL-2.1-only"),
            ("LGPLv2.1+", "LGPL-2.1-or-later"),
            ("GFDL-NIV-1.3+", "GFDL-1.3-no-invariants-or-later"),
            ("GPL", "GPL-1.0-or-later"),
            ("GPL+", "GPL-1.0-or-later"),
            ("AGPL-3", "AGPL-3.0-only"),
            ("Apache-2", "Apache-2.0"),
            ("MPLv2.0", "MPL-2.0"),
            ("MPL 1.1", "MPL-1.1"),
            ("EPL-2", "EPL-2.0"),
            ("CC-BY-SA-3", "CC-BY-SA-3.0"),
            ("GPL-2.0.0", "GPL-2.0-only"),
        ];
        for (name, id) in cases {
            assert_eq!(
                lookup(name, Vocabulary::General).as_deref(),
                Some(id),
                "{name}"
            );
        }
        assert_eq!(lookup("GPL-9", Vocabulary::General), None);
        assert_eq!(lookup("", Vocabulary::General), None);
    }

    #[test]
    fn finds_exceptions_by_name() {
        assert_eq!(
            exception("Autoconf exception"),
            Some("Autoconf-exception-generic")
        );
        assert_eq!(
            exception("Classpath-exception-2.0"),
            Some("Classpath-exception-2.0")
        );
        assert_eq!(exception("something else"), None);
    }
}
