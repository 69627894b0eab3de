//! The copyright file of a Debian package: machine-readable (DEP-5, "Machine-readable
//! debian/copyright file 1.0") or free text.

use super::foreign;
use super::names::Vocabulary;
use crate::Identifier;
use crate::expression;

/// The start of the value of the `Format` field, whatever the scheme and host.
const FORMAT: &str = "copyright-format/1";

/// Copyright files are larger than this only when something is wrong.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The licences of a Debian package by its copyright file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copyright {
    /// The licence of the software itself, as an SPDX expression.
    pub upstream: Option<String>,
    /// The licence of the packaging, the files under `debian/`, where it is stated apart.
    pub packaging: Option<String>,
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
    let Some(statements) = machine_readable(&String::from_utf8_lossy(bytes)) else {
        return Copyright {
            upstream: identifier.identify(bytes).expression,
            packaging: None,
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
/// Only the short names count; paragraphs with a `License` but no `Files` hold the texts that
/// the names stand for.
pub fn machine_readable(text: &str) -> Option<Vec<Statement>> {
    let mut statements = Vec::new();
    let mut header = true;
    let mut paragraph = Paragraph::default();
    let lines = text.lines().map(Some).chain([None]);
    for (number, line) in lines.enumerate() {
        let blank = line.is_none_or(|line| line.trim().is_empty());
        if !blank {
            paragraph.add(line.unwrap_or_default(), number);
            continue;
        }
        if paragraph.empty() {
            continue;
        }
        let done = std::mem::take(&mut paragraph);
        if header && !done.is_header() {
            return None;
        }
        if header || !done.files.is_empty() {
            statements.extend(done.statement());
        }
        header = false;
    }
    (!header).then_some(statements)
}

/// The fields of one paragraph that count.
#[derive(Default)]
struct Paragraph {
    format: String,
    files: String,
    license: Option<(String, u32)>,
    lines: usize,
    in_files: bool,
}

impl Paragraph {
    fn empty(&self) -> bool {
        self.lines == 0
    }

    fn is_header(&self) -> bool {
        self.format.contains(FORMAT)
            || self.format.contains("dep.debian.net/deps/dep5")
            || self
                .format
                .contains("wiki.debian.org/Proposals/CopyrightFormat")
    }

    fn add(&mut self, line: &str, number: usize) {
        self.lines += 1;
        if line.starts_with([' ', '\t']) {
            if self.in_files {
                self.files.push(' ');
                self.files.push_str(line.trim());
            }
            return;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.trim();
        self.in_files = name.eq_ignore_ascii_case("Files");
        if self.in_files {
            value.clone_into(&mut self.files);
        } else if name.eq_ignore_ascii_case("Format")
            || name.eq_ignore_ascii_case("Format-Specification")
        {
            value.clone_into(&mut self.format);
        } else if name.eq_ignore_ascii_case("License") && !value.is_empty() {
            let number = u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
            self.license = Some((value.to_owned(), number));
        }
    }

    fn statement(self) -> Option<Statement> {
        let (name, line) = self.license?;
        let license = foreign::read(&name, Vocabulary::Debian)?;
        Some(Statement {
            files: self.files,
            license,
            line,
        })
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
        let lines: Vec<u32> = machine_readable(FILE)
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
            machine_readable("This package was debianized by Jane\n\nLicense: MIT\n"),
            None
        );
        assert_eq!(machine_readable(""), None);
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

    proptest::proptest! {
        #[test]
        fn never_panics(text in "(Format: copyright-format/1\n|\n|Files: \\*\n|License: \\PC{0,9}\n| \\PC{0,9}\n){0,20}") {
            machine_readable(&text);
        }
    }
}
