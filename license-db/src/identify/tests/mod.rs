//! The identifier as a whole, over the SPDX texts and over files as they are found.

use super::*;
use crate::expression;

mod notices;
mod restricted;
mod several;
mod twins;

fn identify(text: &str) -> Identification {
    Identifier::spdx().identify(text.as_bytes())
}

fn expression_of(text: &str) -> String {
    identify(text).expression.unwrap_or_default()
}

fn text_of(id: &str) -> &'static str {
    spdx::license_id(id).unwrap().text()
}

/// The id of the first text that was found.
fn found_text(text: &str) -> String {
    let found = identify(text);
    let texts: Vec<&str> = found
        .matches
        .iter()
        .filter(|m| m.kind == Kind::Text)
        .map(|m| m.license.as_str())
        .collect();
    if texts.len() == 1 {
        texts[0].to_owned()
    } else {
        format!("{texts:?}")
    }
}

/// Ids that share their words, by what stands for them.
fn same_text(id: &str, found: &str) -> bool {
    let counting = |id: &str| {
        let text = spdx::license_id(id)
            .map(|l| l.text())
            .or(spdx::exception_id(id).map(|e| e.text()))?;
        let words = Words::of(text);
        Some(
            words
                .counting()
                .iter()
                .map(|i| words.words[*i as usize].hash)
                .collect::<Vec<_>>(),
        )
    };
    id == found || (counting(id).is_some() && counting(id) == counting(found))
}

fn accuracy(edit: impl Fn(&str) -> String) -> (f64, Vec<String>) {
    let licenses = spdx::text::LICENSE_TEXTS.iter().filter(|(id, _)| {
        *id != "NOASSERTION" && !id.ends_with('+') && !spdx::license_id(id).unwrap().is_deprecated()
    });
    let all: Vec<_> = licenses.chain(spdx::text::EXCEPTION_TEXTS).collect();
    let mut wrong = Vec::new();
    for (id, text) in &all {
        let found = found_text(&edit(text));
        if !same_text(id, &found) {
            wrong.push(format!("{id} -> {found}"));
        }
    }
    let share = 1.0 - f64::from(wrong.len() as u32) / f64::from(all.len() as u32);
    (share, wrong)
}

#[test]
fn every_text_identifies_as_itself() {
    let (share, wrong) = accuracy(str::to_owned);
    assert!(share >= 0.99, "{share:.4} {wrong:#?}");
}

#[test]
fn reflowed_comments_identify_alike() {
    let reflow = |text: &str| {
        let mut out = String::from(" * ");
        let mut column = 0;
        for word in text.split_whitespace() {
            if column + word.len() > 66 {
                out.push_str("\n * ");
                column = 0;
            }
            out.push_str(word);
            out.push(' ');
            column += word.len() + 1;
        }
        out
    };
    let (share, wrong) = accuracy(reflow);
    assert!(share >= 0.98, "{share:.4} {wrong:#?}");
}

#[test]
fn one_word_in_a_hundred_may_differ() {
    let edit = |text: &str| {
        let mut out = String::new();
        for (n, line) in text.split(' ').enumerate() {
            out.push_str(if n % 100 == 57 { "zzz" } else { line });
            out.push(' ');
        }
        out
    };
    let (share, wrong) = accuracy(edit);
    assert!(share >= 0.96, "{share:.4} {wrong:#?}");
}

#[test]
fn several_texts_in_one_file_are_found_with_their_lines() {
    let filler = "some words of the program that mean nothing here\n".repeat(30);
    let file = format!(
        "{}\n{filler}{}\n{filler}{}",
        text_of("MIT"),
        text_of("Apache-2.0"),
        text_of("Zlib")
    );
    let found = identify(&file);
    assert_eq!(
        found.expression.as_deref(),
        Some("MIT AND Apache-2.0 AND Zlib")
    );
    let spans: Vec<(u32, u32)> = found
        .matches
        .iter()
        .map(|m| (m.start_line, m.end_line))
        .collect();
    let line_of = |needle: &str| file.lines().position(|l| l.contains(needle)).unwrap() as u32 + 1;
    assert!(
        spans[1].0.abs_diff(line_of("Apache License")) <= 2,
        "{spans:?}"
    );
    assert!(spans.windows(2).all(|w| w[0].1 < w[1].0), "{spans:?}");
}

#[test]
fn the_same_text_twice_is_two_matches() {
    let file = format!(
        "{}\n\nLibrary two\n\n{}",
        text_of("BSD-3-Clause"),
        text_of("BSD-3-Clause")
    );
    let found = identify(&file);
    assert_eq!(found.expression.as_deref(), Some("BSD-3-Clause"));
    assert_eq!(found.matches.len(), 2, "{:?}", found.matches);
}

#[test]
fn a_gnu_text_takes_the_grant_beside_it() {
    let grant = "This program is free software; you can redistribute it and/or modify it under the terms of the GNU General Public License as published by the Free Software Foundation; either version 2 of the License, or (at your option) any later version.\n\n";
    assert_eq!(expression_of(text_of("GPL-2.0-only")), "GPL-2.0-only");
    assert_eq!(
        expression_of(&format!("{grant}{}", text_of("GPL-2.0-only"))),
        "GPL-2.0-or-later"
    );
    assert_eq!(
        identify(text_of("GPL-2.0-only")).matches[0].state,
        State::Likely
    );
}

#[test]
fn the_examples_that_a_text_gives_are_no_statements() {
    for id in ["CAL-1.0", "Community-Spec-1.0", "diffmark"] {
        assert_eq!(expression_of(text_of(id)), id);
    }
    let tagged = format!("SPDX-License-Identifier: MIT\n\n{}", text_of("ISC"));
    assert_eq!(expression_of(&tagged), "MIT AND ISC");
}

#[test]
fn what_is_offered_inside_a_text_is_read() {
    let bsd = text_of("BSD-3-Clause").replace(
        "THIS SOFTWARE IS PROVIDED",
        "Alternatively, this software may be distributed under the terms of the GNU General Public License (\"GPL\") version 2 as published by the Free Software Foundation.\n\nTHIS SOFTWARE IS PROVIDED",
    );
    assert_eq!(expression_of(&bsd), "BSD-3-Clause OR GPL-2.0-only");
    let disclaimer = text_of("BSD-2-Clause");
    let disclaimer = &disclaimer[disclaimer.find("THIS SOFTWARE").unwrap()..];
    assert_eq!(expression_of(disclaimer), "");
}

#[test]
fn notices_tags_and_choices() {
    let cases = [
        (
            "// SPDX-License-Identifier: GPL-2.0 OR MIT\nint x;",
            "GPL-2.0-only OR MIT",
        ),
        (
            "Licensed under either of Apache License, Version 2.0 or MIT license at your option.",
            "Apache-2.0 OR MIT",
        ),
        (
            "This library is free software; you can redistribute it and/or\n# modify it under the terms of the GNU Lesser General Public\n# License as published by the Free Software Foundation; either\n# version 2.1 of the License, or (at your option) any later version.\n#\n# You should have received a copy of the GNU Lesser General Public License",
            "LGPL-2.1-or-later",
        ),
        (
            "This program may be used under the terms of the GNU General Public License version 3, with no warranty.",
            "GPL-3.0-only",
        ),
        (
            "it may be used under the same terms as Perl itself",
            "GPL-1.0-or-later OR Artistic-1.0-Perl",
        ),
        (
            "On Debian systems, see /usr/share/common-licenses/GPL-2 for the license",
            "GPL-2.0-only",
        ),
    ];
    for (text, license) in cases {
        assert_eq!(expression_of(text), license, "{text}");
    }
}

#[test]
fn a_file_may_be_a_bare_expression() {
    assert_eq!(expression_of("MIT OR Apache-2.0\n"), "MIT OR Apache-2.0");
    assert!(Identifier::may_bear(b"MIT OR Apache-2.0"));
    assert_eq!(identify("curl").expression, None);
    assert_eq!(identify("Ruby\n").expression, None);
}

#[test]
fn a_grant_with_a_copyright_of_its_own_keeps_its_missing_version() {
    let grant = "This package is free software; you can redistribute it under the terms of the GNU General Public License, version 2.\n\n";
    let own = "The packaging is (C) 2007, Jane Doe, and is licensed under the GPL.\n";
    assert_eq!(
        expression_of(&format!("{grant}{own}")),
        "GPL-2.0-only AND GPL-1.0-or-later"
    );
    let same = "It is licensed under the GPL.\n";
    assert_eq!(expression_of(&format!("{grant}{same}")), "GPL-2.0-only");
}

#[test]
fn the_terms_of_perl_are_those_of_the_text_beside_them() {
    let file = format!(
        "This may be used under the same terms as Perl itself.\n\n{}",
        text_of("Artistic-1.0-cl8")
    );
    assert!(!expression_of(&file).contains("Artistic-1.0-Perl"));
    assert!(expression_of(&file).contains("Artistic-1.0-cl8"));
}

#[test]
fn the_first_part_of_a_licence_stands_for_it() {
    let text = text_of("Sleepycat");
    let end = text.find("The Regents").unwrap();
    let end = text[..end].rfind("Copyright").unwrap();
    assert_eq!(expression_of(&text[..end]), "Sleepycat");
    let text = text_of("ImageMagick");
    assert_eq!(
        expression_of(&text[text.find("1. Definitions").unwrap()..]),
        "ImageMagick"
    );
}

#[test]
fn a_title_far_before_a_text_is_not_its_own() {
    let mit = text_of("MIT");
    let grant = &mit[mit.find("Permission").unwrap()..];
    let words = "Some words stand between the name and the text, about the place where \
        its sources are and how to ask for them. ";
    let file = format!("JSON is under the MIT license. {words}{words}\n\n{grant}");
    assert_eq!(expression_of(&file), "MIT");
}

#[test]
fn recipes_name_licenses_in_an_old_field() {
    let recipe = "Name: dhcp\nCopyright: ISC\n\n%description\nthis is licensed\n";
    assert_eq!(expression_of(recipe), "ISC");
    assert_eq!(expression_of("Copyright: ISC\nAll rights reserved\n"), "");
}

#[test]
fn a_family_that_accompanies_the_distribution_is_not_the_text() {
    let notice = "This program is made available under the terms of the BSD License that accompanies this distribution.\n\n";
    let file = format!("{notice}{}", text_of("BSD-4-Clause"));
    assert_eq!(expression_of(&file), "BSD-3-Clause AND BSD-4-Clause");
}

#[test]
fn exceptions_join_the_license_that_they_except_from() {
    let llvm = spdx::exception_id("LLVM-exception").unwrap().text();
    let file = format!("{}\n\n{llvm}", text_of("Apache-2.0"));
    assert_eq!(expression_of(&file), "Apache-2.0 WITH LLVM-exception");
}

#[test]
fn an_exception_alone_is_from_an_unstated_license() {
    let bison = spdx::exception_id("Bison-exception-2.2").unwrap().text();
    assert_eq!(
        expression_of(bison),
        "LicenseRef-unstated WITH Bison-exception-2.2"
    );
}

#[test]
fn vendor_agreements_are_never_permissive_only() {
    let file = format!(
        "END USER LICENSE AGREEMENT\nIMPORTANT: read before copying. You may not reverse engineer, decompile or disassemble the software.\n\nAttachment: third-party components\n{}",
        text_of("BSD-3-Clause")
    );
    assert!(
        expression_of(&file).contains("LicenseRef-proprietary"),
        "{}",
        expression_of(&file)
    );
}

#[test]
fn a_machine_readable_copyright_file_is_known_by_its_content() {
    let file = format!(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: Expat\n\nLicense: Expat\n {}",
        text_of("MIT").replace('\n', "\n ")
    );
    let found = identify(&file);
    assert_eq!(found.expression.as_deref(), Some("MIT"));
    assert_eq!(
        (found.matches[0].kind, found.matches[0].start_line),
        (Kind::Tag, 4)
    );
}

#[test]
fn nothing_is_found_where_nothing_is() {
    for text in [
        "",
        "int main(void) { return 0; }",
        "the licensed driver of a car",
        "permission denied",
    ] {
        assert_eq!(identify(text).expression, None, "{text}");
    }
    assert_eq!(
        Identifier::spdx().identify(b"\x7fELF\0\0 MIT License"),
        Identification::default()
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn never_panics_on_any_bytes(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..2000)) {
        Identifier::spdx().identify(&bytes);
    }

    #[test]
    fn any_mixture_of_legal_words_is_survived(text in "(license|gpl|version|2|or|later|under|the|GNU|MIT|\n|copyright|\\(c\\)|general|public|any|software|permission|is|hereby|granted| ){0,200}") {
        let found = identify(&text);
        if let Some(expression) = found.expression {
            proptest::prop_assert_eq!(expression::normalise(&expression), Some(expression));
        }
        proptest::prop_assert!(found.matches.iter().all(|m| m.start_line >= 1 && m.end_line >= m.start_line && (0.0..=1.0).contains(&m.score)));
    }
}

#[test]
fn a_choice_for_some_files_takes_nothing_from_the_others() {
    let text = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n\
        Files: *\nCopyright: a\nLicense: Apache-2.0\n\n\
        Files: debian/*\nCopyright: b\nLicense: GPL-3+\n\n\
        Files: x/*\nCopyright: c\nLicense: GPL-3+ or Apache-2.0\n";
    let found = Identifier::spdx().identify(text.as_bytes());
    assert_eq!(
        found.expression.as_deref(),
        Some("Apache-2.0 AND GPL-3.0-or-later AND (GPL-3.0-or-later OR Apache-2.0)")
    );
}
