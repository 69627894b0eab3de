//! Restrictions that were added to a text, and names that only look like those of licences.

use super::super::*;

fn expression(text: &str) -> String {
    let found = Identifier::spdx().identify(text.as_bytes());
    found.expression.unwrap_or_default()
}

fn text_of(id: &str) -> String {
    crate::known::find(id).unwrap().text.unwrap()
}

#[test]
fn a_restriction_added_to_a_text_is_found_beside_it() {
    let clause = "4. You may not use this software for commercial purposes.";
    for (id, added, found) in [
        ("BSD-3-Clause", clause, "LicenseRef-non-commercial-use-only"),
        (
            "MIT",
            "The Software may not be used for military purposes.",
            "LicenseRef-restricted-use",
        ),
        (
            "Apache-2.0",
            "\"Commons Clause\" License Condition v1.0",
            "LicenseRef-Commons-Clause",
        ),
        (
            "ISC",
            "This copy may not be sold.",
            "LicenseRef-restricted-use",
        ),
    ] {
        let text = text_of(id);
        assert_eq!(expression(&text), id);
        let behind = expression(&format!("{text}\n\n{added}\n"));
        assert_eq!(behind, format!("{id} AND {found}"));
        let (first, rest) = text.split_once("\n\n").unwrap();
        let inside = expression(&format!("{first}\n\n{added}\n\n{rest}"));
        assert!(inside.contains(found), "{id}: {inside}");
        let class = crate::policy::class_of(found);
        assert!(class > crate::policy::Class::Unknown, "{found}");
    }
}

#[test]
fn a_text_that_was_turned_around_is_not_the_text() {
    for (id, was, is) in [
        ("MIT", "is hereby granted", "is hereby not granted"),
        (
            "MIT",
            "to deal in the",
            "to evaluate but not to distribute or deal in the",
        ),
        (
            "MIT",
            "The above copyright notice",
            "This software may only be used for non-commercial research.\n\nThe above copyright notice",
        ),
        ("ISC", "Permission to use", "Permission not to use"),
        (
            "BSD-3-Clause",
            "are permitted provided",
            "are not permitted, except for internal evaluation, provided",
        ),
        (
            "BSD-3-Clause",
            "THIS SOFTWARE IS PROVIDED",
            "4. Redistribution of binaries is not permitted without written consent.\n\nTHIS SOFTWARE IS PROVIDED",
        ),
        (
            "Apache-2.0",
            "You may reproduce and distribute",
            "You may not reproduce and distribute",
        ),
        (
            "Zlib",
            "Permission is granted to anyone",
            "Permission is not granted to anyone",
        ),
        (
            "GPL-2.0-only",
            "You may copy and distribute verbatim",
            "You may never copy and distribute verbatim",
        ),
    ] {
        let text = text_of(id);
        assert!(text.contains(was), "{id}: {was}");
        let found = expression(&text.replacen(was, is, 1));
        assert!(
            found.contains(id) && found.contains("LicenseRef-"),
            "{id}, {is}: {found}"
        );
    }
}

#[test]
fn a_negation_that_turns_no_grant_around_changes_nothing() {
    for (id, was, is) in [
        (
            "BSD-3-Clause",
            "Neither the name of the copyright holder nor the names of its contributors may be used",
            "The names of its contributors may not be used",
        ),
        (
            "MIT",
            "THE SOFTWARE IS PROVIDED",
            "We do not promise anything. THE SOFTWARE IS PROVIDED",
        ),
        (
            "BSD-3-Clause",
            "form must reproduce",
            "form may or may not reproduce",
        ),
        (
            "MIT",
            "The above copyright notice",
            "It need not be shown. The above copyright notice",
        ),
    ] {
        let text = text_of(id);
        assert!(text.contains(was), "{id}: {was}");
        assert_eq!(expression(&text.replacen(was, is, 1)), id, "{is}");
    }
}

#[test]
fn a_restriction_alone_is_found() {
    for (text, found) in [
        (
            "This program is free for academic use only.",
            "LicenseRef-non-commercial-use-only",
        ),
        (
            "Freely redistributable for non-commercial research purposes only.",
            "LicenseRef-non-commercial-use-only",
        ),
        (
            "This data may be used only for research purposes.",
            "LicenseRef-non-commercial-use-only",
        ),
        (
            "For research use only.",
            "LicenseRef-non-commercial-use-only",
        ),
        ("Redistribution is forbidden.", "LicenseRef-restricted-use"),
    ] {
        assert_eq!(expression(text), found, "{text}");
    }
}

#[test]
fn a_text_that_restricts_as_much_says_all() {
    for id in ["CC-BY-NC-4.0", "PolyForm-Noncommercial-1.0.0", "Aladdin"] {
        let text = text_of(id) + "\n\nNot for commercial use.\n";
        assert_eq!(expression(&text), id);
    }
}

#[test]
fn mit_that_names_the_next_paragraph_is_not_json() {
    let mit = text_of("MIT");
    let next = mit.replace(
        "this permission notice",
        "this permission notice (including the next paragraph)",
    );
    assert_eq!(expression(&next), "MIT");
    let json = text_of("JSON");
    assert_eq!(expression(&json), "JSON");
    let (before, behind) = json.split_once("The Software shall be used").unwrap();
    let (_, behind) = behind.split_once("Evil.").unwrap();
    assert_eq!(expression(&format!("{before}{behind}")), "MIT");
}

#[test]
fn words_of_programs_and_paths_are_no_names() {
    for text in [
        "0123  usr/share/doc/perl/Copyright.gz\n4567  usr/share/doc/perl/README\n",
        "/* Copyright */\n#define fbm_compile(a,b) Perl_fbm_compile(aTHX_ a,b)\n",
        "# copyright\n### Perl => JSON\nuse JSON perl;\n",
        "my %license = (\n  agpl_3\n  apache_1_1\n  apache_2_0\n);\n# open_source\n",
        "0123  usr/share/doc/perl-openssl-defaults/copyright\n",
    ] {
        assert_eq!(expression(text), "", "{text}");
    }
}

#[test]
fn a_tag_that_lacks_a_part_is_not_certain() {
    let found = Identifier::spdx().identify(b"// SPDX-License-Identifier: MIT AND\n");
    assert_eq!(found.matches[0].state, State::Likely);
    assert!(found.matches[0].score < 0.9);
}

#[test]
fn repeated_texts_are_one_licence_with_the_lines_of_the_file() {
    let text = text_of("MIT") + "\n";
    let many = text.repeat(400);
    let found = Identifier::spdx().identify(many.as_bytes());
    assert_eq!(found.expression.as_deref(), Some("MIT"));
    assert!(found.matches.len() <= 4);
    let lines = u32::try_from(many.lines().count()).unwrap();
    assert!(found.matches.last().unwrap().end_line + 3 > lines);
}

#[test]
fn a_mark_that_may_not_be_used_limits_no_software() {
    for (behind, restricts) in [
        (
            "No commercial use of these trademarks may be made without prior written permission.",
            false,
        ),
        ("Commercial use of the name or logo is prohibited.", false),
        ("No commercial use of this software may be made.", true),
        ("Commercial use of the software is prohibited.", true),
    ] {
        let found = expression(&format!("{}\n\n{behind}\n", text_of("MIT")));
        assert_eq!(found != "MIT", restricts, "{behind}: {found}");
    }
}
