//! Statements as they are found.

use super::*;

fn found(text: &str) -> Vec<String> {
    statements(text.as_bytes())
        .iter()
        .map(Statement::to_string)
        .collect()
}

/// A line and the statement in it.
const FORMS: &[(&str, &str)] = &[
    (
        "Copyright (c) 2019-2021 Jane Doe",
        "Copyright 2019-2021 Jane Doe",
    ),
    (
        " * Copyright (C) 1998, 1999, 2000 Free Software Foundation, Inc.",
        "Copyright 1998, 1999, 2000 Free Software Foundation, Inc.",
    ),
    (
        "// Copyright 2020 The Rust Project Developers. All rights reserved.",
        "Copyright 2020 The Rust Project Developers",
    ),
    (
        "# Copyright The Kubernetes Authors.",
        "Copyright The Kubernetes Authors",
    ),
    ("\u{a9} 2020 Example Corp.", "Copyright 2020 Example Corp."),
    (
        "/* (C) Copyright IBM Corp. 2001, 2004 */",
        "Copyright 2001, 2004 IBM Corp.",
    ),
    ("(c) 2011 Someone <some@one.org>", "Copyright 2011 Someone"),
    (
        "SPDX-FileCopyrightText: 2021 Jane Doe <jane@example.org>",
        "Copyright 2021 Jane Doe",
    ),
    (
        "# SPDX-FileCopyrightText: \u{a9} Contributors to the Foo project",
        "Copyright Contributors to the Foo project",
    ),
    (
        "Portions Copyright (c) 1996-98 by Internet Software Consortium.",
        "Copyright 1996-1998 Internet Software Consortium",
    ),
    (
        "Copyright (c) 2020-present, Facebook, Inc.",
        "Copyright 2020-present Facebook, Inc.",
    ),
    ("Copyright Jane Doe 2019", "Copyright 2019 Jane Doe"),
    ("&copy; 2003 W3C", "Copyright 2003 W3C"),
    (
        ".\\\" Copyright (c) 1983 The Regents of the University of California.",
        "Copyright 1983 The Regents of the University of California",
    ),
    (
        "Foo is copyright (C) 2001 by A. U. Thor and is free.",
        "Copyright 2001 A. U. Thor and is free",
    ),
    (
        "<!-- Copyright (c) 2020, Oracle and/or its affiliates. Licensed under the UPL -->",
        "Copyright 2020 Oracle and/or its affiliates",
    ),
    (
        "Copyright (c) 2020 Foo Bar, http://foo.example/",
        "Copyright 2020 Foo Bar",
    ),
    (
        "Copyright (c) 2005 me@example.org",
        "Copyright 2005 me@example.org",
    ),
];

#[test]
fn reads_the_common_forms() {
    for (text, statement) in FORMS {
        assert_eq!(found(text), [*statement], "{text}");
    }
}

#[test]
fn statements_go_on_in_the_next_line() {
    let cases = [
        (
            "/* Copyright (C) 1994, 1995,\n   1996 Free Software Foundation\n   All rights reserved. */",
            "Copyright 1994, 1995, 1996 Free Software Foundation",
        ),
        (
            "Copyright (c) 2001-2003\n    The Example Group\n\nPermission is hereby granted",
            "Copyright 2001-2003 The Example Group",
        ),
        (
            "# Copyright 2020 Alice,\n#   Bob and\n#   Carol\n# Licensed under MIT",
            "Copyright 2020 Alice, Bob and Carol",
        ),
    ];
    for (text, statement) in cases {
        assert_eq!(found(text), [statement], "{text}");
    }
    let text = "Copyright (c) 2020 Alice\nThis program is free";
    assert_eq!(found(text), ["Copyright 2020 Alice"]);
}

#[test]
fn a_field_holds_one_a_line() {
    let text = "Files: *\nCopyright: 2001 Alice <a@example.org>\n           2002-2004, Bob\n  Carol\nLicense: MIT\n 2020 is not a statement\n";
    let lines: Vec<(u32, String)> = statements(text.as_bytes())
        .iter()
        .map(|s| (s.line, s.to_string()))
        .collect();
    assert_eq!(
        lines,
        [
            (2, "Copyright 2001 Alice".to_owned()),
            (3, "Copyright 2002-2004 Bob".to_owned()),
            (4, "Copyright Carol".to_owned()),
        ]
    );
    assert_eq!(
        found("Copyright:\n 2001 Alice\n 2002 Bob\n"),
        ["Copyright 2001 Alice", "Copyright 2002 Bob"]
    );
}

#[test]
fn talk_about_copyright_is_no_statement() {
    for text in [
        "the above copyright notice and this permission notice",
        "Copyright notice",
        "COPYRIGHT HOLDERS AND CONTRIBUTORS \"AS IS\"",
        "THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE",
        "Copyright and license",
        "Copyright law",
        "copyright owners",
        "under copyright, patent and trademark law",
        "(c) You must retain, in the Source form",
        "    c) You may not",
        "Copyright (c) <year> <copyright holders>",
        "Copyright [yyyy] [name of copyright owner]",
        "Copyright (C) {{ year }} {{ author }}",
        "Copyright (C) yyyy  name of author",
        "Copyright (c) YEAR NAME",
        "int f(c) int c;",
        "the Copyright Act of 1976",
        "Copyright",
        "Copyright (c)",
        "Copyright 2020",
        "",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn encodings_and_lines() {
    let latin = b"x\n\xa9 2004 Caf\xe9 Ltd.\n";
    let found = statements(latin);
    assert_eq!(found[0].to_string(), "Copyright 2004 Caf\u{e9} Ltd.");
    assert_eq!(found[0].line, 2);
    assert!(statements(b"\x7fELF\0\0 Copyright 2020 A").is_empty());
}

proptest::proptest! {
    #[test]
    fn never_panics(text in "(Copyright|\\(c\\)|\u{a9}|&copy;| |\n|2019|-|,|by|All rights reserved|\\PC|SPDX-FileCopyrightText:|Ab. ){0,40}") {
        for statement in statements(text.as_bytes()) {
            proptest::prop_assert!(!statement.holder.is_empty() && statement.line >= 1);
        }
    }
}

#[test]
fn prose_in_a_field_names_nobody() {
    let text = "\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 1999-2001 Free Software
  Foundation, Inc., 51 Franklin St
 Yann Collet
 ? Andrew Kuchling
 3Dlabs Inc.
 National Center for Supercomputing Applications
 Portions of the packaging are
 All Perl Hackers everywhere
 GNU General Public License for more details
 MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE
 51 Franklin St, Fifth Floor, Boston
 Rights Reserved
 None (public-domain)
License: MIT
";
    let expected = [
        "Copyright 1999-2001 Free Software Foundation, Inc., 51 Franklin St",
        "Copyright Yann Collet",
        "Copyright Andrew Kuchling",
        "Copyright 3Dlabs Inc.",
        "Copyright National Center for Supercomputing Applications",
        "Copyright All Perl Hackers everywhere",
    ];
    assert_eq!(found(text), expected);
}

#[test]
fn a_statement_goes_on_in_the_next_line() {
    for (text, expected) in [
        (
            "Copyright (c)\n2020 Example, Inc.\n",
            "Copyright 2020 Example, Inc.",
        ),
        (
            "COPYRIGHT\n2019-2021 Jane Doe",
            "Copyright 2019-2021 Jane Doe",
        ),
        (
            " * Copyright (C) 1995-2005 Jean Dupont\n * and Mark Doe\n",
            "Copyright 1995-2005 Jean Dupont and Mark Doe",
        ),
        (
            "Copyright 2010, The President and Fellows\n    of Harvard College. All rights reserved.",
            "Copyright 2010 The President and Fellows of Harvard College",
        ),
        (
            "Copyright (C) 2001, 2002 Free Software\nFoundation, Inc.\n",
            "Copyright 2001, 2002 Free Software Foundation, Inc.",
        ),
        (
            "Copyright 2020 Jane Doe\nand distributed freely",
            "Copyright 2020 Jane Doe",
        ),
        (
            "Copyright 2020 Jane Doe\nof which no part",
            "Copyright 2020 Jane Doe",
        ),
        (
            "Copyright 2020 Jane Doe\n\nFoundation",
            "Copyright 2020 Jane Doe",
        ),
        (
            "Copyright 2020 Jane Doe\nMIT License",
            "Copyright 2020 Jane Doe",
        ),
    ] {
        assert_eq!(found(text), [expected], "{text}");
    }
    assert_eq!(found("Copyright\n\n2020 Jane Doe"), [""; 0]);
}
