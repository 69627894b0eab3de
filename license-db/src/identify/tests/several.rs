//! Files that state several licences: which of what they name is one more, and which is not.

use super::{expression_of, text_of};

/// Each text, and what it states.
fn states(cases: &[(&str, &str)]) {
    for (text, license) in cases {
        assert_eq!(expression_of(text), *license, "{text}");
    }
}

#[test]
fn code_of_another_origin_keeps_its_missing_version() {
    states(&[
        (
            "The core is licensed under LGPLv3.\n\n* ssh/forward.py is from paramiko, and inherits LGPL\n",
            "LGPL-3.0-only AND LGPL-2.0-or-later",
        ),
        (
            "This program is under the GPL version 3.\n\nThe parser was taken from Foo, which is licensed under the GPL.\n",
            "GPL-3.0-only AND GPL-1.0-or-later",
        ),
        (
            "Licensed under the GPLv2.\n\nIt contains parts of libbar that are distributed under the terms of the LGPL.\n",
            "GPL-2.0-only AND LGPL-2.0-or-later",
        ),
        // The same licence, said once more.
        (
            "This program is under the GPL version 3.\n\nIt is free software and covered by the GPL.\n",
            "GPL-3.0-only",
        ),
        (
            "This library is under the LGPL version 2.1.\n\nIf you change it, share it from then on under the LGPL.\n",
            "LGPL-2.1-only",
        ),
    ]);
}

#[test]
fn the_place_of_a_text_is_no_licence_of_its_own() {
    states(&[
        (
            "Licensed under the Apache License 2.0 (the \"License\"). You can obtain a copy in the file LICENSE or at https://www.openssl.org/source/license.html",
            "Apache-2.0",
        ),
        (
            "This Source Code Form is subject to the terms of the Mozilla Public License, v. 2.0. A copy of it is found at http://www.antlr.org/license.html",
            "MPL-2.0",
        ),
        (
            "Distributed under the Boost Software License, Version 1.0. You may get a copy at https://www.json.org/license.html",
            "BSL-1.0",
        ),
        // A statement of its own, and an address that nothing stands before.
        (
            "Licensed under the Apache License 2.0.\n\nThe parser is licensed under http://www.json.org/license.html",
            "Apache-2.0 AND JSON",
        ),
        (
            "You can obtain a copy of the license at https://www.openssl.org/source/license.html",
            "OpenSSL",
        ),
    ]);
}

#[test]
fn ids_in_the_strings_of_a_program_are_data() {
    states(&[
        (
            "A list of SPDX license ids.\n\nconst old = require('ids/old');\n//=> ['AGPL-3.0', 'GFDL-1.2', 'GFDL-1.3', 'GPL-1.0', ...]\n\n## License\n\nMIT\n",
            "MIT",
        ),
        (
            "COPYLEFT = {\"GPL-2.0\", \"LGPL-2.1\", \"MPL-2.0\"}  # of a license\n",
            "",
        ),
        // Those of a field, and those behind a grant.
        (
            "\"license\": [\"MIT\", \"GPL-2.0\"],\n",
            "MIT AND GPL-2.0-only",
        ),
        (
            "Licensed under 'GPL-2.0', 'MIT' as you like.\n",
            "GPL-2.0-only AND MIT",
        ),
    ]);
}

#[test]
fn a_dual_licence_is_a_choice() {
    states(&[
        (
            "The library is under a dual BSD/GPLv2 license.",
            "BSD-3-Clause OR GPL-2.0-only",
        ),
        (
            "Released under a dual MIT and GPL-2.0 license.",
            "MIT OR GPL-2.0-only",
        ),
        (
            "This module is covered by the dual MIT / Apache-2.0 licence.",
            "MIT OR Apache-2.0",
        ),
        (
            "For dual cores. Licensed under the MIT and GPLv2 licenses.",
            "MIT AND GPL-2.0-only",
        ),
        // Which BSD is meant is said by the tag.
        (
            "SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)\nThis file is provided under a dual BSD/GPLv2 license.",
            "GPL-2.0-only OR BSD-2-Clause",
        ),
        // What is said of a part is more than what may be chosen of the rest.
        (
            "SPDX-License-Identifier: MIT OR GPL-2.0-only\n\nThe file getopt.c is licensed under the GPL.",
            "(MIT OR GPL-2.0-only) AND GPL-1.0-or-later",
        ),
        (
            "Has a dual stack. Parts are under the MIT license, others under the GPLv2 license.",
            "MIT AND GPL-2.0-only",
        ),
    ]);
}

#[test]
fn names_in_parentheses_are_licences_of_parts() {
    states(&[
        (
            "Uses third party software: jQuery (MIT), FFmpeg (LGPL 2.1)",
            "MIT AND LGPL-2.1-only",
        ),
        (
            "Licenses of what is bundled: foo (MIT License), bar (Apache License 2.0)",
            "MIT AND Apache-2.0",
        ),
        (
            "Third-party licences:\n\n * Underscore (MIT)\n * Leaflet maps (BSD)\n * Ruby bits (Apache-2.0)\n",
            "MIT AND BSD-3-Clause AND Apache-2.0",
        ),
        // Short forms, and what is not there.
        (
            "By the Massachusetts Institute of Technology (MIT), who license it.",
            "",
        ),
        (
            "Berkeley Software Distribution (BSD) is no license that we know.",
            "",
        ),
        (
            "Holds no copyleft license, neither here (GPL) nor there (LGPL).",
            "",
        ),
    ]);
}

#[test]
fn a_title_of_a_part_goes_with_the_text() {
    let python = text_of("Python-2.0.1");
    let titled = format!("PSF LICENSE AGREEMENT FOR PYTHON 2.3\n\n{python}");
    assert_eq!(expression_of(&titled), "Python-2.0.1");
}

/// The text of MPL-1.1 under another name.
fn renamed(name: &str) -> String {
    let text = text_of("MPL-1.1").replace("Mozilla Public License", name);
    let text = text.replace("MOZILLA PUBLIC LICENSE", name);
    ["Mozilla", "MOZILLA", "mozilla"]
        .iter()
        .fold(text, |text, old| text.replace(old, "foo"))
}

#[test]
fn a_text_under_another_name_is_another_licence() {
    for name in ["Foo License", "Acme Public License", "the Bar Agreement"] {
        let found = expression_of(&renamed(name));
        assert_eq!(found, "LicenseRef-renamed-MPL-1.1", "{name}");
    }
    // The name is only missing above the text, or stands in it once more.
    let text = text_of("MPL-1.1");
    assert_eq!(expression_of(text.split_once('\n').unwrap().1), "MPL-1.1");
    let bears = renamed("Foo License").replacen("Netscape", "Mozilla", 1);
    assert_eq!(expression_of(&bears), "MPL-1.1");
    let apache = text_of("Apache-2.0");
    let body = apache.split_once("1. Definitions").unwrap().1;
    let body = body.split_once("APPENDIX").map_or(body, |(body, _)| body);
    assert_eq!(expression_of(body), "Apache-2.0");
}

#[test]
fn the_regents_have_a_licence_of_their_own() {
    let text = text_of("BSD-4-Clause-UC");
    let group = "Berkeley and its contributors";
    for other in [
        "Davis",
        "Lawrence Berkeley Laboratory",
        "the Foo Research Group",
    ] {
        let found = expression_of(&text.replace(group, other));
        assert_eq!(found, "BSD-4-Clause-UC", "{other}");
    }
    let text = text_of("BSD-4-Clause");
    for holder in ["THE COPYRIGHT HOLDER", "JANE DOE"] {
        let found = expression_of(&text.replace("THE COPYRIGHT HOLDER", holder));
        assert_eq!(found, "BSD-4-Clause", "{holder}");
    }
}

#[test]
fn the_words_of_a_rich_text_document_are_read() {
    let mit = text_of("MIT").replace('\n', "\\par\n");
    let head = "{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}{\\*\\generator X;}\\f0\\fs22 ";
    assert_eq!(expression_of(&format!("{head}{mit}}}")), "MIT");
    let notice = "Under the GNU\\line General Public License,\\~version\\line 2 or later.";
    let found = expression_of(&format!("{head}{notice}}}"));
    assert_eq!(found, "GPL-2.0-or-later");
    assert_eq!(expression_of("{\\rtf1{\\*\\x under the MIT license}}"), "");
}
