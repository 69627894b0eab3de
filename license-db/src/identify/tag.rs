//! Machine-readable statements: `SPDX-License-Identifier` (SPDX specification 2.3, annex E),
//! `License:` fields of metadata, and the statements of a DEP-5 file.

use std::sync::LazyLock;

use hpcctl_model::license::{Kind, State};
use memchr::memmem::Finder;

use super::finding::{Finding, MAX_FINDINGS, Vague};
use super::words::Words;
use crate::Identifier;
use crate::declared::{self, debian};
use crate::expression;
use crate::policy::{Class, class_of};

/// The most characters that are read of one value.
const MAX_VALUE: usize = 400;

/// A longer file is not a bare expression.
const MAX_BARE: usize = 200;

/// The rest of the tag behind [`MARK`], in any case.
const TAG: &str = "License-Identifier";

static MARK: LazyLock<[Finder<'static>; 2]> =
    LazyLock::new(|| [Finder::new("SPDX-"), Finder::new("spdx-")]);

/// The line before an SPDX tag and what follows it.
fn split_tag(line: &str) -> Option<(&str, &str)> {
    let found = MARK.iter().filter_map(|mark| mark.find(line.as_bytes()));
    let at = found.min()?;
    let (before, rest) = line.split_at_checked(at)?;
    let (name, rest) = rest.get("SPDX-".len()..)?.split_at_checked(TAG.len())?;
    name.eq_ignore_ascii_case(TAG).then_some((before, rest))
}

/// The statements of a machine-readable copyright file, whose other words are quotations; or
/// none where the text is not one.
pub(crate) fn find_statements(
    identifier: &Identifier,
    text: &str,
    words: &Words,
) -> Option<Vec<Finding>> {
    let statements = debian::machine_readable(identifier, text)?;
    let findings = statements.into_iter().map(|statement| {
        Finding::new(of_line(words, statement.line), statement.license, Kind::Tag)
    });
    Some(findings.take(MAX_FINDINGS).collect())
}

/// A file that holds nothing but an SPDX expression, as some packages have for a LICENSE file.
/// A single bare word could be anything, so an id has to bear a version or an operator.
pub(crate) fn bare_expression(bytes: &[u8]) -> Option<String> {
    if bytes.len() > MAX_BARE {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let told = !text.contains('\n')
        && text.contains(['-', ' '])
        && text.contains(|c: char| c.is_ascii_uppercase());
    if told {
        expression::normalise(text)
    } else {
        None
    }
}

/// The tags of a text, in its order.
pub(crate) fn find(text: &str, words: &Words) -> Vec<Finding> {
    let mut out = Vec::new();
    let recipe = text.contains("\n%description");
    for (number, line) in text.lines().enumerate() {
        let license = if split_tag(line).is_some() {
            spdx(line).map(|license| match is_broken(line) {
                true => (license, State::Likely),
                false => (license, State::Certain),
            })
        } else {
            let old = || {
                line.strip_prefix("Copyright:")
                    .filter(|_| recipe)
                    .and_then(value)
            };
            field(line)
                .or_else(|| badge(line))
                .or_else(old)
                .map(|license| (license, State::Likely))
        };
        if let Some((license, state)) = license {
            let number = u32::try_from(number + 1).unwrap_or(u32::MAX);
            let mut finding = Finding::new(of_line(words, number), license, Kind::Tag);
            finding.state = state;
            if finding.license.starts_with("LicenseRef-") && state != State::Certain {
                finding.vague = Vague::Family;
            }
            if state == State::Likely && split_tag(line).is_some() {
                finding.score = BROKEN;
            }
            out.push(finding);
        }
        if out.len() >= MAX_FINDINGS {
            break;
        }
    }
    out
}

/// The licence in the field `Copyright` of an RPM recipe, as `License` was called before RPM 4.
fn value(field: &str) -> Option<String> {
    declared::free_text(field.trim()).filter(|license| !license.contains("LicenseRef-"))
}

fn of_line(words: &Words, line: u32) -> std::ops::Range<usize> {
    let start = words.words.partition_point(|word| word.line < line);
    let end = words.words.partition_point(|word| word.line <= line);
    start..end
}

/// The value of an SPDX tag: the longest start of the rest of the line that is an expression.
fn spdx(line: &str) -> Option<String> {
    let (before, rest) = split_tag(line)?;
    let value: String = rest
        .trim_start_matches(['"', '\'', '`'])
        .strip_prefix(':')?
        .chars()
        .take(MAX_VALUE)
        .collect();
    if before.trim_end().ends_with(['`', '"', '\'']) && value.trim().is_empty() {
        return None;
    }
    let value = value.trim().trim_start_matches(['"', '\'', '`']);
    let end = value
        .find(|c: char| !is_expression(c))
        .unwrap_or(value.len());
    let mut value = value.get(..end)?.trim();
    let unbalanced = value.matches('(').count() != value.matches(')').count();
    let bare = value.replace(['(', ')'], " ");
    if unbalanced && expression::normalise(&bare).is_some() {
        return expression::normalise(&bare);
    }
    loop {
        if let Some(expression) = expression::normalise(value) {
            return Some(expression);
        }
        match value.rsplit_once(char::is_whitespace) {
            Some((shorter, _)) => value = shorter.trim_end(),
            // Not listed: still a statement, under a name of its own.
            None => {
                let bare = value.trim_matches(['.', '-', '/', '*', '#']);
                let told = bare.starts_with(|c: char| c.is_ascii_alphabetic()) && bare != "NONE";
                return told.then(|| declared::free_text(bare)).flatten();
            }
        }
    }
}

/// How sure a tag is whose expression lacks a part.
const BROKEN: f64 = 0.6;

/// Whether an operator of a tag lacks what it joins: `MIT AND`.
fn is_broken(line: &str) -> bool {
    let value = split_tag(line).map_or("", |(_, rest)| rest);
    let end = value.find(|c: char| !is_expression(c) && !matches!(c, '"' | '\'' | '`'));
    let value = value.get(..end.unwrap_or(value.len())).unwrap_or_default();
    let last = value
        .split_whitespace()
        .rfind(|word| word.contains(char::is_alphanumeric));
    last.is_some_and(|word| matches!(word, "AND" | "OR" | "WITH"))
}

fn is_expression(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, ' ' | '\t' | '.' | '-' | '+' | '(' | ')' | ':' | '/')
}

/// Names of fields whose value is a licence.
const FIELDS: &[&str] = &[
    "license",
    "licence",
    "licenses",
    "licences",
    "module_license",
    // Of Python's metadata (PEP 639).
    "license-expression",
];

/// `License: MIT`, `"license": "MIT"`, `license = "MIT"`, `MODULE_LICENSE("GPL v2")`, where the
/// value is known; other values are left to the later stages.
fn field(line: &str) -> Option<String> {
    let start = line.find(|c: char| c.is_ascii_alphanumeric())?;
    let (before, line) = line.split_at(start);
    // The tag of doc comments.
    let marked = before.chars().next_back();
    if let Some(classifier) = line.strip_prefix("License ::") {
        let classifier = format!(
            "License ::{}",
            classifier.trim_end_matches(['"', '\'', ',', ' '])
        );
        return declared::python::classifier(&classifier).filter(|l| !l.contains("LicenseRef-"));
    }
    let end = line.find(|c: char| !c.is_ascii_alphabetic() && !matches!(c, '_' | '-'))?;
    let (name, rest) = line.split_at(end);
    // `__license__` of Python.
    let name = name.trim_end_matches('_');
    if marked == Some('@') && matches!(name, "license" | "licence") {
        return declared::free_text(rest.trim()).filter(|license| !license.contains("LicenseRef-"));
    }
    if !FIELDS.contains(&name.to_ascii_lowercase().as_str()) {
        return None;
    }
    let rest = rest.trim_start_matches(['"', '\'']).trim_start();
    let value = rest
        .strip_prefix([':', '=', '('])?
        .trim_start_matches(['=', ':', ' ', '\t', '[']);
    let ends = |c: char| c.is_whitespace() || "\"'`,;]}*/".contains(c);
    let value = value.trim_matches(ends);
    let balanced = value.starts_with('(') && value.ends_with(')');
    let value = match balanced {
        true => value,
        false => value.trim_matches(|c| ends(c) || c == ')'),
    };
    if value.is_empty() || value.len() > MAX_VALUE / 4 {
        return None;
    }
    if name == "MODULE_LICENSE" || value.starts_with("Dual ") {
        return module(value);
    }
    declared::free_text(value).filter(|license| is_told(license))
}

/// Whether a value tells licences: listed ones, or families that are known, as in
/// `GPL+ or Artistic`.
fn is_told(license: &str) -> bool {
    let parts = expression::licenses(license);
    let known = |part: &String| class_of(part) != Class::Unknown;
    !license.contains("LicenseRef-") || parts.iter().all(known)
}

/// The licence on a badge of a README, as in `img.shields.io/badge/license-Apache--2.0-blue.svg`.
fn badge(line: &str) -> Option<String> {
    static BADGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("shields.io/badge/"));
    let at = BADGE.find(line.as_bytes())? + "shields.io/badge/".len();
    let rest: String = line.get(at..)?.chars().take(MAX_VALUE / 4).collect();
    let (name, rest) = rest.split_at_checked("license-".len())?;
    if !name.eq_ignore_ascii_case("license-") && !name.eq_ignore_ascii_case("licence-") {
        return None;
    }
    // A hyphen is written twice; one ends the value.
    let value = rest.replace("--", "\u{0}");
    let (value, _) = value.split_once('-')?;
    let value = value.replace('\u{0}', "-").replace('_', " ");
    let value = value.replace("%20", " ").replace("%2F", "/");
    declared::free_text(&value).filter(|license| !license.contains("LicenseRef-"))
}

/// The words of a kernel module (`include/linux/module.h` and "Linux kernel licensing rules" of
/// the kernel's documentation). The kernel itself is under version 2 of the GPL alone.
fn module(value: &str) -> Option<String> {
    let license = match value {
        "GPL" | "GPL and additional rights" => "GPL-2.0-or-later",
        "GPL v2" => "GPL-2.0-only",
        "Dual BSD/GPL" => "LicenseRef-BSD OR GPL-2.0-only",
        "Dual MIT/GPL" => "MIT OR GPL-2.0-only",
        "Dual MPL/GPL" => "MPL-1.1 OR GPL-2.0-only",
        "Proprietary" => "LicenseRef-proprietary",
        _ => return None,
    };
    Some(license.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_spdx_tags() {
        let cases = [
            ("// SPDX-License-Identifier: MIT", "MIT"),
            (
                "/* SPDX-License-Identifier: GPL-2.0+ */",
                "GPL-2.0-or-later",
            ),
            (
                "<!-- SPDX-License-Identifier: MIT OR Apache-2.0 -->",
                "MIT OR Apache-2.0",
            ),
            (
                "# SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note",
                "GPL-2.0-only WITH Linux-syscall-note",
            ),
            (
                "SPDX-License-Identifier: (MIT OR ISC) AND Zlib",
                "(MIT OR ISC) AND Zlib",
            ),
            ("SPDX-License-Identifier: LicenseRef-own", "LicenseRef-own"),
            ("SPDX-License-Identifier: Nonesuch", "LicenseRef-Nonesuch"),
            ("SPDX-License-Identifier: MIT and more words", "MIT"),
            (
                "SPDX-license-identifier: (GPL-2.0-ONLY OR MIT",
                "GPL-2.0-only OR MIT",
            ),
        ];
        for (line, license) in cases {
            assert_eq!(spdx(line).as_deref(), Some(license), "{line}");
        }
        assert!(is_broken("// SPDX-License-Identifier: MIT AND"));
        assert!(is_broken("/* SPDX-License-Identifier: MIT OR */"));
        assert!(!is_broken("/* SPDX-License-Identifier: MIT OR ISC */"));
        assert_eq!(spdx("the SPDX-License-Identifier tag"), None);
        assert_eq!(spdx("SPDX-License-Identifier: <id>"), None);
    }

    #[test]
    fn reads_fields() {
        let cases = [
            ("License: MIT", Some("MIT")),
            ("  \"license\": \"Apache-2.0\",", Some("Apache-2.0")),
            ("license = \"MIT OR Apache-2.0\"", Some("MIT OR Apache-2.0")),
            ("MODULE_LICENSE(\"GPL v2\");", Some("GPL-2.0-only")),
            (
                "MODULE_LICENSE(\"Dual MIT/GPL\");",
                Some("MIT OR GPL-2.0-only"),
            ),
            (" * @license MIT", Some("MIT")),
            (" * license MIT", None),
            ("# License: GPLv2+", Some("GPL-2.0-or-later")),
            ("License :: OSI Approved :: MIT License", Some("MIT")),
            ("license = read_license()", None),
            ("__license__ = 'MIT'", Some("MIT")),
            ("__license__ = \"Apache License 2.0\"", Some("Apache-2.0")),
            ("__license__ = \"GPLv3+\"", Some("GPL-3.0-or-later")),
            ("__license__ = read(\"LICENSE\")", None),
            ("__licensed__ = True", None),
            (
                "#License: GPL+ or Artistic",
                Some("GPL-1.0-or-later OR LicenseRef-Artistic"),
            ),
            (
                "License: (GPL-2.0+ and BSD)",
                Some("GPL-2.0-or-later AND LicenseRef-BSD"),
            ),
            ("License: MIT or Apache", Some("MIT OR LicenseRef-Apache")),
            ("License: BSD", Some("LicenseRef-BSD")),
            ("\" License:      BSD", Some("LicenseRef-BSD")),
            ("License-Expression: MIT", Some("MIT")),
            (
                "License-Expression: (MIT OR Apache-2.0)",
                Some("MIT OR Apache-2.0"),
            ),
            ("License-File: MIT", None),
            ("License-like: MIT", None),
            ("License: MIT and others", None),
            ("License: see COPYING", None),
            ("licensed to Jane", None),
        ];
        for (line, license) in cases {
            assert_eq!(field(line).as_deref(), license, "{line}");
        }
    }

    #[test]
    fn reads_badges() {
        for (address, license) in [
            ("license-MIT-blue.svg", Some("MIT")),
            ("License-Apache%202.0-blue", Some("Apache-2.0")),
            ("license-BSD--3--Clause-green", Some("BSD-3-Clause")),
            ("license-see_file-red", None),
            ("build-passing-green", None),
            ("license-", None),
        ] {
            let line = format!("[![x](https://img.shields.io/badge/{address})](LICENSE)");
            assert_eq!(badge(&line).as_deref(), license, "{address}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "(SPDX-License-Identifier|shields.io/badge/|license-|:| |MIT|License|\\PC|\n){0,30}") {
            find(&text, &Words::of(&text));
        }
    }
}
