//! Terms of a vendor that no text and no wording is known of.
//!
//! Agreements on software that is not free share their subjects: a title, what one may not do, the
//! secrets of the maker, its end, the law that governs it. Several of them in words that nothing
//! else explains make such an agreement, so that what is attached to it is not taken for all.

use hpcctl_model::license::Kind;

use super::super::finding::{Finding, Taken};
use super::super::words::Words;

/// How many of the subjects make an agreement.
const ENOUGH: u32 = 4;

/// How far before a verb its "not" stands, in words.
const BEFORE: usize = 16;

/// A file with fewer words that nothing explains holds no agreement.
const MIN_WORDS: usize = 60;

/// One bit a subject.
const TITLE: u32 = 1;
const SECRETS: u32 = 2;
const REVERSE: u32 = 4;
const TRANSFER: u32 = 8;
const LAW: u32 = 16;
const END: u32 = 32;
const GRANT: u32 = 64;

/// Who is named in the titles of such agreements, as the words stand in a text.
const VENDORS: &[(&str, &str)] = &[
    ("advanced micro devices", "AMD"),
    ("altair", "Altair"),
    ("amd", "AMD"),
    ("anaconda", "Anaconda"),
    ("ansys", "Ansys"),
    ("bright computing", "Bright-Computing"),
    ("broadcom", "Broadcom"),
    ("cadence", "Cadence"),
    ("cornelis networks", "Cornelis"),
    ("cray", "Cray"),
    ("dassault", "Dassault"),
    ("datadirect", "DDN"),
    ("dell", "Dell"),
    ("ddn", "DDN"),
    ("fujitsu", "Fujitsu"),
    ("gaussian", "Gaussian"),
    ("gurobi", "Gurobi"),
    ("hewlett packard enterprise", "HPE"),
    ("hexagon", "Hexagon"),
    ("hpe", "HPE"),
    ("ibm", "IBM"),
    ("intel", "Intel"),
    ("international business machines", "IBM"),
    ("lenovo", "Lenovo"),
    ("mathworks", "MathWorks"),
    ("mellanox", "Mellanox"),
    ("microsoft", "Microsoft"),
    ("mosek", "MOSEK"),
    ("nec", "NEC"),
    ("nvidia", "NVIDIA"),
    ("oracle", "Oracle"),
    ("perforce", "Perforce"),
    ("qlogic", "QLogic"),
    ("qualcomm", "Qualcomm"),
    ("red hat", "RedHat"),
    ("sgi", "SGI"),
    ("siemens", "Siemens"),
    ("silicon graphics", "SGI"),
    ("suse", "SUSE"),
    ("synopsys", "Synopsys"),
    ("totalview", "TotalView"),
    ("vasp", "VASP"),
    ("xilinx", "Xilinx"),
];

/// The agreement in the words that are not taken, or none.
pub(in super::super) fn find(words: &Words, taken: &Taken) -> Option<Finding> {
    let free: Vec<usize> = (0..words.len()).filter(|at| !taken.is(*at)).collect();
    if free.len() < MIN_WORDS {
        return None;
    }
    let mut subjects = 0u32;
    let mut lines = Vec::new();
    for at in &free {
        let subject = subject(words, *at);
        if subject != 0 {
            subjects |= subject;
            lines.push(*at);
        }
    }
    let told = subjects & TITLE != 0 && subjects & (REVERSE | TRANSFER) != 0;
    if !told || subjects.count_ones() < ENOUGH {
        return None;
    }
    let range = *lines.first()?..*lines.last()? + 1;
    let id = match vendor(words, &free) {
        Some(vendor) => agreement(vendor),
        None => "LicenseRef-proprietary".to_owned(),
    };
    let mut finding = Finding::new(range, id, Kind::Notice);
    finding.score = 0.7;
    Some(finding)
}

/// The subject that a place is about, or 0.
fn subject(words: &Words, at: usize) -> u32 {
    let is = |n: usize, list: &[&str]| list.contains(&words.word(at + n));
    let word = words.word(at);
    match word {
        "eula" => TITLE,
        "agreement" if at > 0 && matches!(words.word(at - 1), "license" | "licence" | "this") => {
            TITLE
        }
        "agreement" if is(1, &["is", "between", "governs"]) => TITLE,
        "reverse" if is(1, &["engineer", "engineering", "engineered", "compile"]) => REVERSE,
        "decompile" | "disassemble" | "decompilation" => REVERSE,
        "confidential" | "confidentiality" => SECRETS,
        "trade" if is(1, &["secret", "secrets"]) => SECRETS,
        "governed" if is(1, &["by"]) => LAW,
        "jurisdiction" | "arbitration" => LAW,
        "export"
            if is(
                1,
                &[
                    "control",
                    "controls",
                    "laws",
                    "regulations",
                    "administration",
                ],
            ) =>
        {
            LAW
        }
        "terminate" | "terminates" | "termination" | "terminated" => END,
        "nontransferable" | "nonsublicensable" | "nonassignable" => GRANT,
        "internal" if is(1, &["use", "business", "purposes", "evaluation"]) => GRANT,
        "rent" | "lease" | "lend" | "resell" | "sublicense" | "redistribute" | "distribute"
            if refused(words, at) =>
        {
            TRANSFER
        }
        _ => 0,
    }
}

/// Whether "not" stands before a verb.
fn refused(words: &Words, at: usize) -> bool {
    (at.saturating_sub(BEFORE)..at).rev().any(|i| {
        matches!(
            words.word(i),
            "not" | "neither" | "nor" | "prohibited" | "cannot"
        )
    })
}

/// The names that terms get here.
pub(in crate::identify) fn names() -> impl Iterator<Item = String> {
    VENDORS.iter().map(|(_, vendor)| agreement(vendor))
}

fn agreement(vendor: &str) -> String {
    format!("LicenseRef-{vendor}-EULA")
}

/// The vendor that the words name most.
fn vendor(words: &Words, free: &[usize]) -> Option<&'static str> {
    const FEW: usize = 2;
    let named = |name: &str, at: usize| {
        name.split(' ')
            .enumerate()
            .all(|(n, part)| words.word(at + n) == part)
    };
    let counted = VENDORS.iter().map(|(name, id)| {
        let initial = name.as_bytes().first().copied();
        let begins = |at: usize| words.word(at).as_bytes().first().copied() == initial;
        let count = free
            .iter()
            .filter(|at| begins(**at) && named(name, **at))
            .count();
        (count, *id)
    });
    counted
        .filter(|(count, _)| *count >= FEW)
        .max_by_key(|(count, _)| *count)
        .map(|(_, id)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        let words = Words::of(text);
        find(&words, &Taken::new(words.len())).map(|finding| finding.license)
    }

    /// A stand-in: no vendor wrote these words.
    fn agreement(vendor: &str) -> String {
        format!(
            "{vendor} SOFTWARE LICENSE AGREEMENT. {vendor} lets you run one copy for your internal \
             business only. You shall not, and shall not let others, rent, lease or sublicense it, \
             nor reverse engineer or decompile any part. What is in it is confidential to {vendor}. \
             The right ends, and {vendor} may terminate it, when you break a rule. This agreement \
             is governed by the law of the place where {vendor} has its seat, and nothing else."
        )
    }

    #[test]
    fn an_agreement_is_told_by_its_subjects_and_its_vendor() {
        let cases = [
            ("Altair", "LicenseRef-Altair-EULA"),
            ("MathWorks", "LicenseRef-MathWorks-EULA"),
            ("Hewlett Packard Enterprise", "LicenseRef-HPE-EULA"),
            ("SUSE", "LicenseRef-SUSE-EULA"),
            ("Nobody Known", "LicenseRef-proprietary"),
        ];
        for (vendor, id) in cases {
            assert_eq!(found(&agreement(vendor)).as_deref(), Some(id));
        }
    }

    #[test]
    fn free_licenses_and_prose_are_none() {
        for (id, text) in spdx::text::LICENSE_TEXTS {
            let free = spdx::license_id(id).is_some_and(|l| l.is_osi_approved());
            if free && let Some(found) = found(text) {
                // Their texts are taken before this is asked.
                assert!(
                    crate::Identifier::spdx()
                        .identify(text.as_bytes())
                        .expression
                        .is_some_and(|e| !e.contains(&found)),
                    "{id}"
                );
            }
        }
        let manual = "This tool helps to reverse engineer and to decompile programs. ".repeat(20);
        assert_eq!(found(&manual), None);
        assert_eq!(
            found("EULA: you may not rent, lease; confidential; terminate"),
            None
        );
    }
}
