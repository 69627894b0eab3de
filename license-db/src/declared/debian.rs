//! The copyright file of a Debian package: machine-readable (DEP-5, "Machine-readable
//! debian/copyright file 1.0") or free text.

use std::cell::LazyCell;
use std::collections::HashMap;

use super::foreign;
use super::names::Vocabulary;
use super::texts;
use crate::expression;
use crate::identify::{self, vendor};
use crate::policy::{Class, class_of};
use crate::{Identification, Identifier};

/// What the `Format` field holds, whatever the scheme and host; the later ones are drafts.
const FORMATS: &[&str] = &[
    "copyright-format/1",
    "dep.debian.net/deps/dep5",
    "wiki.debian.org/Proposals/CopyrightFormat",
];

/// Copyright files are larger than this only when something is wrong.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The licences of a Debian package by its copyright file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Copyright {
    /// The licence of the software itself, as an SPDX expression.
    pub upstream: Option<String>,
    /// The licence of the packaging, the files under `debian/`, where it is stated apart.
    pub packaging: Option<String>,
    /// What was identified in it, where it is free text.
    pub found: Option<Identification>,
}

/// One statement of a licence in a machine-readable file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The `Files` patterns, empty in the header paragraph.
    pub files: String,
    /// The SPDX expression of the short name.
    pub license: String,
    /// The line of the `License` field, from 1.
    pub line: u32,
}

/// Reads a copyright file of either kind.
pub fn copyright(identifier: &Identifier, bytes: &[u8]) -> Copyright {
    let bytes = bytes.get(..MAX_BYTES).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let statements = machine_readable(identifier, &text);
    let is_empty = statements.as_ref().is_some_and(Vec::is_empty);
    // One that states no licence in its fields may have the text below a field without a name.
    let Some(statements) = statements.filter(|_| !is_empty) else {
        let found = match is_empty {
            true => identifier.identify_prose(&text),
            false => identifier.identify(bytes),
        };
        return Copyright {
            upstream: found.expression.clone(),
            packaging: None,
            found: Some(found),
        };
    };
    let in_files = statements.iter().any(|s| !s.files.is_empty());
    let (packaging, upstream): (Vec<_>, Vec<_>) = statements
        .iter()
        .filter(|s| !in_files || !s.files.is_empty())
        .partition(|s| is_packaging(&s.files));
    Copyright {
        upstream: all(&upstream),
        packaging: all(&packaging),
        found: None,
    }
}

fn all(statements: &[&Statement]) -> Option<String> {
    expression::and(statements.iter().map(|s| s.license.as_str()))
}

fn is_packaging(files: &str) -> bool {
    !files.is_empty()
        && files
            .split_whitespace()
            .all(|f| f.trim_start_matches("./").starts_with("debian/"))
}

/// The statements of a machine-readable file in its order, or none where it is not one.
///
/// The short names count. Where one is not known, or names only a family, the text that stands
/// for it decides, if that is known; also where the name is one of several, as in `own and MIT`.
pub fn machine_readable(identifier: &Identifier, text: &str) -> Option<Vec<Statement>> {
    let paragraphs = paragraphs(text)?;
    let texts = paragraphs.iter().filter(|p| p.kind == Kind::Text);
    let texts: HashMap<&str, &str> = texts.map(|p| (p.name.as_str(), p.body.as_str())).collect();
    // Few files name a text in an expression.
    let by_reference = LazyCell::new(|| by_reference(&texts));
    let mut known: HashMap<(&str, &str), Option<String>> = HashMap::new();
    let mut statements = Vec::new();
    for stated in paragraphs
        .iter()
        .filter(|p| p.kind != Kind::Text && !(p.name.is_empty() && p.body.is_empty()))
    {
        let mut body = stated.body.as_str();
        if body.is_empty() {
            body = texts.get(stated.name.as_str()).copied().unwrap_or_default();
        }
        let read = || {
            let license = license(identifier, &stated.name, body)?;
            Some(match body.is_empty() && license.contains("LicenseRef-") {
                true => with_texts(identifier, license, &by_reference),
                false => license,
            })
        };
        let license = known
            .entry((stated.name.as_str(), body))
            .or_insert_with(read);
        let license = license.clone();
        if let Some(license) = license {
            statements.push(Statement {
                files: stated.files.clone(),
                license,
                line: stated.line,
            });
        }
    }
    Some(statements)
}

fn license(identifier: &Identifier, name: &str, body: &str) -> Option<String> {
    if name.is_empty() {
        return identifier.identify_prose(body).expression;
    }
    let named = foreign::read(name, Vocabulary::Debian)?;
    if !named.starts_with("LicenseRef-") || named.contains(' ') || body.is_empty() {
        return Some(named);
    }
    if let Some(license) = texts::read(body) {
        return Some(license.to_owned());
    }
    // Words such as "Permission to use" are the text, not its name.
    let read = identifier
        .identify_prose(&format!("{name}\n{body}"))
        .expression;
    // A text that is known says more than the short name of the package, on a list or not.
    let known = |license: &str| {
        // Where both the name and the text say that it is dedicated, it is.
        let is_dedicated = class_of(license) == Class::PublicDomain && says_public_domain(name);
        is_dedicated || vendor::is_listed(license) || identify::is_text(license)
    };
    let told = |license: &String| !license.starts_with("LicenseRef-") || known(license);
    let read = read.filter(|read| expression::licenses(read).iter().all(told));
    Some(read.unwrap_or(named))
}

/// Whether a short name is one of the public domain, such as `public-domain-md5`.
fn says_public_domain(name: &str) -> bool {
    let letters = name.chars().filter(char::is_ascii_alphabetic);
    let letters: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    letters.starts_with("publicdomain")
}

/// The short names of a machine-readable file, each with its text, of which neither says what the
/// licence is: what `data/debian.toml` may have a row for.
pub fn unread(identifier: &Identifier, text: &str) -> Vec<(String, String)> {
    let mut unread = Vec::new();
    for paragraph in paragraphs(text).unwrap_or_default() {
        let Paragraph { name, body, .. } = paragraph;
        let read = license(identifier, &name, &body);
        let is_own = |license: &String| class_of(license) == Class::Unknown;
        let is_unread = read.is_some_and(|read| expression::licenses(&read).iter().any(is_own));
        if is_unread && !body.trim().is_empty() {
            unread.push((name, body));
        }
    }
    unread
}

/// The expression with what the texts of its short names say in place of those names.
fn with_texts(
    identifier: &Identifier,
    expression: String,
    texts: &HashMap<String, (&str, &str)>,
) -> String {
    let mut told = expression;
    for named in expression::licenses(&told) {
        let text = texts.get(&named);
        let read = text.and_then(|(name, body)| license(identifier, name, body));
        if let Some(read) = read {
            told = expression::with(&told, &named, &read);
        }
    }
    told
}

/// The texts by the references that their short names become.
fn by_reference<'a>(texts: &HashMap<&'a str, &'a str>) -> HashMap<String, (&'a str, &'a str)> {
    let reference = |name: &str| {
        let named = foreign::read(name, Vocabulary::Debian)?;
        (named.starts_with("LicenseRef-") && !named.contains(' ')).then_some(named)
    };
    let texts = texts.iter();
    texts
        .filter_map(|(name, body)| Some((reference(name)?, (*name, *body))))
        .collect()
}

/// Whether a text is a machine-readable copyright file.
pub(crate) fn is_machine_readable(text: &str) -> bool {
    let first = text.lines().skip_while(|line| line.trim().is_empty());
    let mut header = Paragraph::default();
    first
        .take_while(|line| !line.trim().is_empty())
        .for_each(|line| header.add(line, 0));
    header.is_header()
}

fn paragraphs(text: &str) -> Option<Vec<Paragraph>> {
    if !is_machine_readable(text) {
        return None;
    }
    let mut out = vec![Paragraph::default()];
    for (number, line) in text.lines().enumerate() {
        if !line.trim().is_empty() {
            out.last_mut()?.add(line, number);
        } else if out.last()?.lines > 0 {
            out.push(Paragraph {
                kind: Kind::Text,
                ..Paragraph::default()
            });
        }
    }
    Some(out)
}

/// What a paragraph is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    #[default]
    Header,
    Files,
    Text,
}

/// The fields of one paragraph that count.
#[derive(Debug, Default)]
struct Paragraph {
    kind: Kind,
    format: String,
    files: String,
    /// The short name of the licence.
    name: String,
    /// The line of the short name, from 1.
    line: u32,
    /// The text of the licence.
    body: String,
    lines: usize,
    field: Field,
}

/// The field that a continued line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Field {
    #[default]
    Other,
    Files,
    License,
}

/// The name of a field and its value.
fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let named = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (named && !value.starts_with("//")).then_some((name, value))
}

impl Paragraph {
    fn is_header(&self) -> bool {
        FORMATS.iter().any(|format| self.format.contains(format))
    }

    fn add(&mut self, line: &str, number: usize) {
        self.lines += 1;
        if line.starts_with([' ', '\t']) {
            return self.go_on(line.trim());
        }
        let Some((name, value)) = field(line) else {
            // A text that lost its indent.
            return self.go_on(line.trim());
        };
        let value = value.trim();
        self.field = Field::Other;
        match name.to_ascii_lowercase().as_str() {
            "files" => {
                (self.field, self.kind) = (Field::Files, Kind::Files);
                value.clone_into(&mut self.files);
            }
            "license" => {
                self.field = Field::License;
                value.clone_into(&mut self.name);
                self.line = u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
            }
            "format" | "format-specification" => value.clone_into(&mut self.format),
            _ => {}
        }
    }

    fn go_on(&mut self, line: &str) {
        match self.field {
            Field::Files => {
                self.files.push(' ');
                self.files.push_str(line);
            }
            Field::License => {
                self.body.push_str(if line == "." { "" } else { line });
                self.body.push('\n');
            }
            Field::Other => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: foo

Files: *
Copyright: 2020 Jane
License: GPL-2+ or Expat

Files: lib/*
 src/*
Copyright: 2020 Joe
License: BSD-3-clause
 Redistribution and use …

Files: debian/*
 debian/patches/x
Copyright: 2021 Jim
License: GPL-3

License: GPL-2+
 This package is free software …
";

    #[test]
    fn reads_every_files_paragraph_and_keeps_the_packaging_apart() {
        let read = copyright(Identifier::spdx(), FILE.as_bytes());
        assert_eq!(
            read.upstream.unwrap(),
            "(GPL-2.0-or-later OR MIT) AND BSD-3-Clause"
        );
        assert_eq!(read.packaging.unwrap(), "GPL-3.0-only");
    }

    #[test]
    fn knows_the_lines_of_the_statements() {
        let lines: Vec<u32> = machine_readable(Identifier::spdx(), FILE)
            .unwrap()
            .iter()
            .map(|s| s.line)
            .collect();
        assert_eq!(lines, [6, 11, 17]);
    }

    #[test]
    fn the_header_counts_where_no_files_are_named() {
        let text = "Format: http://www.debian.org/doc/packaging-manuals/copyright-format/1.0\nLicense: MIT\n";
        assert_eq!(
            copyright(Identifier::spdx(), text.as_bytes())
                .upstream
                .unwrap(),
            "MIT"
        );
    }

    #[test]
    fn free_text_is_not_machine_readable() {
        assert_eq!(
            machine_readable(
                Identifier::spdx(),
                "This package was debianized by Jane\n\nLicense: MIT\n"
            ),
            None
        );
        assert_eq!(machine_readable(Identifier::spdx(), ""), None);
    }

    #[test]
    fn unknown_short_names_stay_unknown() {
        let text = "Format: x/copyright-format/1.0/\n\nFiles: *\nLicense: my-own\n";
        assert_eq!(
            copyright(Identifier::spdx(), text.as_bytes())
                .upstream
                .unwrap(),
            "LicenseRef-my-own"
        );
    }

    #[test]
    fn the_text_decides_where_the_name_does_not() {
        let mit = spdx::license_id("MIT")
            .unwrap()
            .text()
            .replace("\n\n", "\n.\n")
            .replace('\n', "\n ");
        let text = format!(
            "Format: x/copyright-format/1.0/\n\nFiles: *\nLicense: own\n\nLicense: own\n {mit}"
        );
        assert_eq!(
            copyright(Identifier::spdx(), text.as_bytes())
                .upstream
                .unwrap(),
            "MIT"
        );
    }

    #[test]
    fn a_known_text_of_no_list_decides_too() {
        let text = spdx::license_id("Unicode-DFS-2015").unwrap().text();
        let before = "above copyright notice(s) and this permission notice appear";
        let text = text
            .replace(
                "(a) this copyright and permission notice appear",
                &format!("(a) the {before}"),
            )
            .replace(
                "(b) this copyright and permission notice appear",
                &format!("(b) both the {before}"),
            )
            .replace("\n\n", "\n.\n")
            .replace('\n', "\n ");
        for (name, expected) in [
            ("Unicode", "LicenseRef-Unicode-DFS-before-2015"),
            ("MIT", "MIT"),
        ] {
            let text =
                format!("Format: x/copyright-format/1.0/\n\nFiles: *\nLicense: {name}\n {text}");
            let upstream = copyright(Identifier::spdx(), text.as_bytes()).upstream;
            assert_eq!(upstream.as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn a_text_without_a_name_or_an_indent_is_read() {
        let mit = spdx::license_id("MIT").unwrap().text();
        let mit = mit.replace("\n\n", "\n.\n");
        let head = "Format: x/copyright-format/1.0/\n\nFiles: *\nLicense: GPL-2+\n\nFiles: a\n";
        for (fields, expected) in [
            (format!("License:\n{mit}"), "GPL-2.0-or-later AND MIT"),
            (format!("License: own\n{mit}"), "GPL-2.0-or-later AND MIT"),
            (
                format!("License:\n {}", mit.replace('\n', "\n ")),
                "GPL-2.0-or-later AND MIT",
            ),
            // Neither another field's text nor an address is one.
            (format!("Comment: x\n{mit}"), "GPL-2.0-or-later"),
            (
                "License: ISC\nhttps://x.org\n".to_owned(),
                "GPL-2.0-or-later AND ISC",
            ),
            ("License:\n".to_owned(), "GPL-2.0-or-later"),
        ] {
            let upstream = copyright(Identifier::spdx(), format!("{head}{fields}").as_bytes());
            assert_eq!(upstream.upstream.as_deref(), Some(expected), "{fields}");
        }
    }

    #[test]
    fn a_text_below_no_files_and_no_name_is_read() {
        let text = "Format: x/copyright-format/1.0/\n\nLicense:\n The whole is released under the GNU General Public License version 2.\n";
        let upstream = copyright(Identifier::spdx(), text.as_bytes()).upstream;
        assert_eq!(upstream.as_deref(), Some("GPL-2.0-only"));
    }

    #[test]
    fn a_text_that_was_read_counts_and_its_name_does_not() {
        let of = |body: &str| {
            let head = "Format: x/copyright-format/1.0/\n\nFiles: *\nLicense: ";
            let text = format!("{head}MIT or GAP\n\nLicense: GAP\n {body}\n");
            copyright(Identifier::spdx(), text.as_bytes()).upstream
        };
        let pd = "This file is placed in the\n Public Domain.";
        assert_eq!(of(pd).as_deref(), Some("MIT OR LicenseRef-public-domain"));
        let other = of("This file is placed in the Public Domain of Utopia.");
        assert_ne!(other, of(pd));
    }

    #[test]
    fn a_dedication_is_told_by_its_name_and_its_text() {
        let of = |name: &str, body: &str| {
            let head = "Format: x/copyright-format/1.0/\n\nFiles: *\nLicense: ";
            let text = format!("{head}{name}\n {body}\n");
            copyright(Identifier::spdx(), text.as_bytes()).upstream
        };
        let placed = "Jane Doe placed this code in the public domain in 2001.";
        for (name, body, license) in [
            ("public-domain-md5", placed, "LicenseRef-public-domain"),
            ("PublicDomain-md5", placed, "LicenseRef-public-domain"),
            ("custom", placed, "LicenseRef-custom"),
            (
                "public-domain-md5",
                "No one may use it.",
                "LicenseRef-public-domain-md5",
            ),
        ] {
            assert_eq!(of(name, body).as_deref(), Some(license), "{name}: {body}");
        }
    }

    #[test]
    fn the_text_decides_for_one_of_several_names() {
        let mit = spdx::license_id("MIT").unwrap().text();
        let mit = mit.replace("\n\n", "\n.\n").replace('\n', "\n ");
        let text = format!(
            "Format: x/copyright-format/1.0/\n\nFiles: *\nLicense: own or GPL-2+ and other\n\nLicense: own\n {mit}"
        );
        let upstream = copyright(Identifier::spdx(), text.as_bytes()).upstream;
        let expected = "MIT OR (GPL-2.0-or-later AND LicenseRef-other)";
        assert_eq!(upstream.as_deref(), Some(expected));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "(Format: copyright-format/1\n|\n|Files: \\*\n|License: \\PC{0,9}\n| \\PC{0,9}\n){0,20}") {
            machine_readable(Identifier::spdx(), &text);
        }
    }
}
