//! The licences of an SPDX document: expressions, and what the document brings along because the
//! licence list does not have it (2.3, clause 10).
//!
//! A document keeps to one release of the list and names it: by an older list, a reader refuses
//! ids that came later. What is newer than [`LIST`] is written as a reference, with the text, the
//! name and the address that the list has for it now.

use std::collections::BTreeMap;

use hpcctl_model::scan::Package;
use spdx::expression::{ExprNode, Operator};
use spdx::{AdditionItem, LicenseItem, LicenseReq};
use spdx_rs::models::OtherLicensingInformationDetected;

use crate::sbom;

/// The release of the list that documents keep to: the newest that the validator of SPDX knows
/// (spdx-tools 0.8.5, whose ids are those of license-expression 30.4.4).
pub(super) const LIST: &str = "3.27";

/// The ids of the `spdx` crate that this release does not have, sorted: `listVersionAdded` in
/// license-list-XML, and the release notes.
const NEWER: &[&str] = &[
    "ALGLIB-Documentation",
    "Advanced-Cryptics-Dictionary",
    "BOLA-1.1",
    "BSD-2-Clause-pos-unchanged",
    "BSD-3-Clause-OpenWebUI",
    "BSD-3-Clause-Tso",
    "BSD-Mark-Modifications",
    "BSD-Source-Code-no-disclaimer",
    "BSD-Source-alt-GPL",
    "BSD-ask-to-endorse",
    "Brian-Gladman-3-Clause-no-conversion",
    "Buddy",
    "Bugroff",
    "CAPEC-tou",
    "CC-BY-NC-3.0-IGO",
    "Classpath-exception-2.0-short",
    "ESA-PL-permissive-2.4",
    "ESA-PL-strong-copyleft-2.4",
    "ESA-PL-weak-copyleft-2.4",
    "FDK-MPEG-H",
    "Google-Patent-WebM",
    "HPND-SMC",
    "HPND-sell-variant-critical-systems",
    "Hippocratic-3.0-core",
    "ISO-permission",
    "Informatica",
    "MIT-STK",
    "MMPL-1.0.1",
    "MVT-1.1",
    "NIST-PD-TNT",
    "OSC-1.0",
    "OSSP",
    "OpenMDW-1.0",
    "ParaType-Free-Font-1.3",
    "SGMLUG-PM",
    "Simple-Library-Usage-exception",
    "Spelling-Provider-LGPL-exception",
    "TekHVC",
    "UnRAR",
    "Vixie-Cron",
    "WTFNMFPL",
    "WordNet",
    "X11-no-permit-persons",
    "atc-game",
    "hyphen-bulgarian",
    "kvirc-openssl-exception",
    "rsync-linking-exception",
    "sqlitestudio-OpenSSL-exception",
];

/// Names of the `spdx` crate that no release has as ids: by their full names they are what the ids with
/// `-only` are.
const BARE: &[&str] = &[
    "GFDL-1.1-invariants",
    "GFDL-1.1-no-invariants",
    "GFDL-1.2-invariants",
    "GFDL-1.2-no-invariants",
    "GFDL-1.3-invariants",
    "GFDL-1.3-no-invariants",
];

/// An expression as a document has it, and the licences that it brings along for that.
pub(super) struct Written {
    /// The expression.
    pub(super) text: String,
    brought: Vec<OtherLicensingInformationDetected>,
}

impl Written {
    /// What is written for a valid expression; none where the text is not one.
    pub(super) fn of(text: &str) -> Option<Self> {
        let expression = sbom::expression(text)?;
        let mut written = Self {
            text: text.to_owned(),
            brought: Vec::new(),
        };
        let mut is_changed = false;
        // Operands stand in front of their operator.
        let mut stack: Vec<(String, Option<Operator>)> = Vec::new();
        for node in expression.iter() {
            let joined = match node {
                ExprNode::Req(one) => {
                    let exact = exact(&one.req);
                    is_changed |= exact != one.req || is_newer(&exact);
                    (written.word(&exact), None)
                }
                ExprNode::Op(operator) => {
                    let (right, left) = (stack.pop()?, stack.pop()?);
                    (join(*operator, left, right), Some(*operator))
                }
            };
            stack.push(joined);
        }
        if is_changed {
            written.text = stack.pop()?.0;
        }
        Some(written)
    }

    /// A licence as the document has it.
    fn word(&mut self, of: &LicenseReq) -> String {
        let name = of.to_string();
        let license = match of.license {
            LicenseItem::Spdx { .. } if !is_newer(of) => return name,
            LicenseItem::Spdx { .. } => listed(of, name),
            LicenseItem::Other(_) => named(name),
        };
        let id = license.license_identifier.clone();
        self.brought.push(license);
        id
    }
}

/// What the packages of a document need it to bring along, by id.
pub(super) fn brought(packages: &[Package]) -> Vec<OtherLicensingInformationDetected> {
    let used = packages.iter().flat_map(|package| {
        let licenses = &package.licenses;
        [&licenses.declared, &licenses.concluded]
    });
    let written = used.flatten().filter_map(|text| Written::of(text));
    let all: BTreeMap<String, OtherLicensingInformationDetected> = written
        .flat_map(|written| written.brought)
        .map(|license| (license.license_identifier.clone(), license))
        .collect();
    all.into_values().collect()
}

/// The licence by an id that the list has.
fn exact(of: &LicenseReq) -> LicenseReq {
    let mut of = of.clone();
    if let LicenseItem::Spdx { id, .. } = &mut of.license
        && BARE.contains(&id.name)
        && let Some(only) = spdx::gnu_license_id(id.name, false)
    {
        *id = only;
    }
    of
}

/// Whether a licence, or its exception, is newer than the list.
fn is_newer(of: &LicenseReq) -> bool {
    newer(of).next().is_some()
}

/// The ids that a licence is made of, those that are newer than the list.
fn newer(of: &LicenseReq) -> impl Iterator<Item = &'static str> {
    let license = of.license.id().map(|id| id.name);
    let addition = of.addition.as_ref().and_then(AdditionItem::id);
    let ids = license.into_iter().chain(addition.map(|id| id.name));
    ids.filter(|id| NEWER.binary_search(id).is_ok())
}

fn join(
    operator: Operator,
    left: (String, Option<Operator>),
    right: (String, Option<Operator>),
) -> String {
    let side = |(text, of): (String, Option<Operator>)| match of {
        Some(inner) if inner != operator => format!("({text})"),
        _ => text,
    };
    let word = match operator {
        Operator::And => "AND",
        Operator::Or => "OR",
    };
    format!("{} {word} {}", side(left), side(right))
}

/// What later releases of the list have.
fn listed(of: &LicenseReq, name: String) -> OtherLicensingInformationDetected {
    let exception = of.addition.as_ref().and_then(AdditionItem::id);
    let texts = exception.map(|id| id.text()).into_iter();
    let texts = texts.chain(of.license.id().map(|id| id.text()));
    let id = name.replace('+', "-or-later").replace(' ', "-");
    OtherLicensingInformationDetected {
        license_identifier: format!("LicenseRef-{id}"),
        extracted_text: texts.collect::<Vec<_>>().join("\n\n"),
        license_cross_reference: newer(of)
            .map(|id| format!("https://spdx.org/licenses/{id}.html"))
            .collect(),
        license_comment: Some(format!(
            "{name} of the SPDX licence list, which has it in later releases than {LIST}."
        )),
        license_name: name,
    }
}

/// What no list has.
fn named(id: String) -> OtherLicensingInformationDetected {
    OtherLicensingInformationDetected {
        license_name: id.trim_start_matches("LicenseRef-").into(),
        extracted_text: format!(
            "The text of {id} is not part of this document; it is in the packages that bear it."
        ),
        license_identifier: id,
        license_cross_reference: Vec::new(),
        license_comment: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sbom::tests::package;

    fn text(of: &str) -> String {
        Written::of(of).unwrap().text
    }

    #[test]
    fn the_table_is_of_the_list_in_the_crate() {
        assert_eq!(
            spdx::license_version(),
            "3.29.0",
            "add what a newer list has"
        );
        assert!(NEWER.is_sorted());
        for id in NEWER {
            let known = spdx::license_id(id).is_some() || spdx::exception_id(id).is_some();
            assert!(known, "{id}");
        }
        for id in BARE {
            let names = [(*id).to_owned(), format!("{id}-only")];
            let [bare, only] = names.map(|name| spdx::license_id(&name).unwrap().full_name);
            assert_eq!(bare, only);
        }
    }

    #[test]
    fn newer_ids_are_references_and_the_rest_stays_as_it_is() {
        for same in [
            "MIT",
            "(MIT OR Zlib) AND ISC",
            "GPL-2.0-or-later WITH Classpath-exception-2.0",
            "LicenseRef-x OR MPL-1.1+",
            "GFDL-1.3-invariants-or-later",
        ] {
            assert_eq!(text(same), same);
        }
        for (of, expected) in [
            ("TekHVC", "LicenseRef-TekHVC"),
            (
                "(MIT AND (TekHVC OR Zlib)) OR ISC AND HPND-SMC",
                "(MIT AND (LicenseRef-TekHVC OR Zlib)) OR (ISC AND LicenseRef-HPND-SMC)",
            ),
            (
                "GPL-3.0-or-later WITH rsync-linking-exception AND MIT",
                "LicenseRef-GPL-3.0-or-later-WITH-rsync-linking-exception AND MIT",
            ),
            ("MVT-1.1+", "LicenseRef-MVT-1.1-or-later"),
            (
                "MIT AND GFDL-1.3-no-invariants",
                "MIT AND GFDL-1.3-no-invariants-only",
            ),
        ] {
            assert_eq!(text(of), expected);
            assert!(sbom::license_refs(expected).is_some());
        }
        assert!(Written::of("BSD style").is_none());
    }

    #[test]
    fn what_is_brought_along_stands_once_with_its_text() {
        let with = "GPL-3.0-or-later WITH rsync-linking-exception";
        let all = brought(&[
            package("a", Some("TekHVC AND LicenseRef-x"), Some("TekHVC")),
            package("b", Some(with), None),
        ]);
        let ids: Vec<&str> = all.iter().map(|one| &*one.license_identifier).collect();
        assert_eq!(
            ids,
            [
                "LicenseRef-GPL-3.0-or-later-WITH-rsync-linking-exception",
                "LicenseRef-TekHVC",
                "LicenseRef-x"
            ]
        );
        assert_eq!(all[0].license_name, with);
        assert!(all[0].extracted_text.contains("GNU GENERAL PUBLIC LICENSE"));
        assert_eq!(
            all[1].license_cross_reference,
            ["https://spdx.org/licenses/TekHVC.html"]
        );
        assert!(all[1].extracted_text.len() > 200);
        assert!(
            all[2]
                .extracted_text
                .starts_with("The text of LicenseRef-x is not")
        );
    }
}
