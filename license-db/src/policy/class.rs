//! The class of a licence: what kind of terms it has.
//!
//! The table is `data/classes.toml`. An id of the SPDX list that it does not name is judged by
//! the flags of the list: copyleft, approved by the OSI, free by the FSF. A `LicenseRef-` that
//! it does not name is unknown.

use std::collections::HashMap;
use std::sync::LazyLock;

use hpcctl_model::scan::Outcome;
use serde::Deserialize;

use super::Duty;
use crate::identify::vendor;

/// A kind of terms, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Nobody holds rights in it, or all were given up.
    PublicDomain,
    /// Free to pass on with its notice.
    Permissive,
    /// Changes to its own files are passed on as source.
    WeakCopyleft,
    /// The whole work is passed on as source.
    Copyleft,
    /// As copyleft, and users over a network count as receivers.
    NetworkCopyleft,
    /// Terms of a vendor or of another holder that allow passing on unmodified files.
    Redistributable,
    /// Listed by SPDX, but nothing is known about passing it on.
    Listed,
    /// No class is known.
    Unknown,
    /// A vendor's terms that have to be read for these files.
    VendorTerms,
    /// The source may be read; use or passing on is limited.
    SourceAvailable,
    /// Only for non-commercial use.
    NonCommercial,
    /// Not to be passed on.
    Proprietary,
}

impl Class {
    /// Every class, mildest first.
    pub const ALL: [Self; 12] = [
        Self::PublicDomain,
        Self::Permissive,
        Self::WeakCopyleft,
        Self::Copyleft,
        Self::NetworkCopyleft,
        Self::Redistributable,
        Self::Listed,
        Self::Unknown,
        Self::VendorTerms,
        Self::SourceAvailable,
        Self::NonCommercial,
        Self::Proprietary,
    ];

    /// The name, as policies have it.
    pub fn id(self) -> &'static str {
        match self {
            Self::PublicDomain => "public-domain",
            Self::Permissive => "permissive",
            Self::WeakCopyleft => "weak-copyleft",
            Self::Copyleft => "copyleft",
            Self::NetworkCopyleft => "network-copyleft",
            Self::Redistributable => "redistributable",
            Self::Listed => "listed",
            Self::Unknown => "unknown",
            Self::VendorTerms => "vendor-terms",
            Self::SourceAvailable => "source-available",
            Self::NonCommercial => "non-commercial",
            Self::Proprietary => "proprietary",
        }
    }

    /// What a licence of the class leads to on its own.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::PublicDomain | Self::Permissive => Outcome::Publishable,
            Self::WeakCopyleft | Self::Copyleft | Self::NetworkCopyleft | Self::Redistributable => {
                Outcome::Conditional
            }
            Self::Listed | Self::Unknown | Self::VendorTerms | Self::SourceAvailable => {
                Outcome::Undetermined
            }
            Self::NonCommercial | Self::Proprietary => Outcome::Refused,
        }
    }

    /// What a licence of the class asks for.
    pub fn duties(self) -> &'static [Duty] {
        match self {
            Self::Permissive => &[Duty::Notice],
            Self::WeakCopyleft | Self::Copyleft => {
                &[Duty::Notice, Duty::LicenseText, Duty::SourceOffer]
            }
            Self::NetworkCopyleft => &[
                Duty::Notice,
                Duty::LicenseText,
                Duty::SourceOffer,
                Duty::NetworkSource,
            ],
            Self::Redistributable => &[Duty::Notice, Duty::VendorTerms],
            Self::PublicDomain
            | Self::Listed
            | Self::Unknown
            | Self::VendorTerms
            | Self::SourceAvailable
            | Self::NonCommercial
            | Self::Proprietary => &[],
        }
    }

    /// Why the class leads to its outcome, for a reason of the report.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::PublicDomain | Self::Permissive => "free to pass on.",
            Self::WeakCopyleft | Self::Copyleft => {
                "may be passed on with its text and an offer of the source."
            }
            Self::NetworkCopyleft => {
                "may be passed on with its text and an offer of the source, to users over a network as well."
            }
            Self::Redistributable => "may be passed on unmodified, with its terms.",
            Self::Listed => "listed by SPDX, but its terms are not classified here.",
            Self::Unknown => "the licence is not known.",
            Self::VendorTerms => {
                "a vendor's terms, which allow some files to be passed on and not others; they have to be read."
            }
            Self::SourceAvailable => {
                "limits who may use it or pass it on; the terms have to be read."
            }
            Self::NonCommercial => "forbids commercial use, so a public image may not hold it.",
            Self::Proprietary => "does not allow passing it on.",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    class: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    class: Class,
    ids: Vec<String>,
    #[expect(dead_code, reason = "every row states its source; a test checks it")]
    source: String,
    #[expect(dead_code, reason = "every row states its date; a test checks it")]
    date: String,
}

static CLASSES: LazyLock<HashMap<String, Class>> = LazyLock::new(|| {
    let data = crate::data::read(include_str!("../../data/classes.toml"))
        .unwrap_or(Data { class: Vec::new() });
    let rows = data.class.into_iter();
    rows.flat_map(|row| row.ids.into_iter().map(move |id| (id, row.class)))
        .collect()
});

/// The names of licences of no list that have a class.
pub(crate) fn refs() -> impl Iterator<Item = &'static str> {
    let names = CLASSES.keys().map(String::as_str);
    names.filter(|name| name.starts_with(crate::expression::REF))
}

/// The class of one licence: an SPDX id, with or without an exception, or a `LicenseRef-`.
///
/// An exception only adds permissions, so it does not change the class.
pub fn class_of(license: &str) -> Class {
    let id = license.split(" WITH ").next().unwrap_or(license);
    let id = id.strip_suffix('+').unwrap_or(id);
    let id = vendor::family_of(id).unwrap_or(id);
    if let Some(class) = CLASSES.get(id) {
        return *class;
    }
    // The agreement of a vendor whose text is not known.
    if id.starts_with("LicenseRef-") && id.ends_with("-EULA") {
        return Class::VendorTerms;
    }
    // Debian's short name for it, which packages tell apart by what follows.
    if id.starts_with("LicenseRef-public-domain-") {
        return Class::PublicDomain;
    }
    let Some(listed) = spdx::license_id(id) else {
        return Class::Unknown;
    };
    let family = id.split('-').next().unwrap_or(id);
    match family {
        "AGPL" => Class::NetworkCopyleft,
        "LGPL" => Class::WeakCopyleft,
        "GPL" | "GFDL" => Class::Copyleft,
        _ if id.contains("-NC-") || id.contains("Noncommercial") => Class::NonCommercial,
        "CC" if id.contains("-SA-") => Class::Copyleft,
        _ if listed.is_copyleft() => Class::Copyleft,
        _ if listed.is_osi_approved() || listed.is_fsf_free_libre() => Class::Permissive,
        _ => Class::Listed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression;

    #[test]
    fn every_row_names_a_listed_id_or_a_license_ref() {
        assert!(CLASSES.len() > 100);
        for id in CLASSES.keys() {
            assert_eq!(expression::normalise(id).as_ref(), Some(id));
        }
    }

    #[test]
    fn no_id_stands_in_two_classes() {
        let data: Data = crate::data::read(include_str!("../../data/classes.toml")).unwrap();
        let ids: usize = data.class.iter().map(|row| row.ids.len()).sum();
        assert_eq!(ids, CLASSES.len());
    }

    #[test]
    fn few_listed_ids_are_left_without_a_class() {
        let ids = spdx::identifiers::LICENSES
            .iter()
            .filter(|l| l.name != "NOASSERTION");
        let left: Vec<&str> = ids
            .map(|l| l.name)
            .filter(|id| class_of(id) == Class::Listed)
            .collect();
        assert!(left.len() < 90, "{} {left:?}", left.len());
    }

    #[test]
    fn classes_of_well_known_licenses() {
        let cases = [
            ("MIT", Class::Permissive),
            ("CC0-1.0", Class::PublicDomain),
            ("MPL-2.0", Class::WeakCopyleft),
            ("LGPL-2.1-or-later", Class::WeakCopyleft),
            ("GPL-3.0-only", Class::Copyleft),
            ("GPL-2.0-only WITH Classpath-exception-2.0", Class::Copyleft),
            ("AGPL-3.0-only", Class::NetworkCopyleft),
            ("CC-BY-NC-SA-4.0", Class::NonCommercial),
            ("SSPL-1.0", Class::SourceAvailable),
            ("CC-BY-SA-4.0", Class::Copyleft),
            ("LicenseRef-Intel-Simplified", Class::Redistributable),
            (
                "LicenseRef-Intel-Simplified-2022-10",
                Class::Redistributable,
            ),
            ("LicenseRef-NVIDIA-CUDA-EULA-11.7", Class::VendorTerms),
            ("LicenseRef-Gurobi-EULA-13.0", Class::Proprietary),
            ("LicenseRef-Altair-EULA", Class::VendorTerms),
            ("LicenseRef-public-domain-md5", Class::PublicDomain),
            // Nobody asks that they stay unmodified.
            ("LicenseRef-Debian-probably-PD-xz", Class::Permissive),
            (
                "LicenseRef-Debian-verbatim-license-text",
                Class::Redistributable,
            ),
            ("LicenseRef-anything", Class::Unknown),
            ("Apache-2.0+", Class::Permissive),
        ];
        for (license, class) in cases {
            assert_eq!(class_of(license), class, "{license}");
        }
    }
}
