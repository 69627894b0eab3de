//! Notices as they stand at the head of source files, in the words of many projects.

use super::expression_of;

/// Each notice in a comment, and what it grants.
fn bears(cases: &[(&str, &str)]) {
    for (notice, license) in cases {
        let file = format!("/*\n * foo.c - does foo\n *\n * {notice}\n */\nint main(void);\n");
        assert_eq!(expression_of(&file), *license, "{notice}");
    }
}

const GNU: &[(&str, &str)] = &[
    (
        "Dual licensed under the MIT (MIT-LICENSE.txt) and GPL (GPL-LICENSE.txt) licenses.",
        "MIT OR GPL-1.0-or-later",
    ),
    (
        "Licensed under the MIT, BSD, and GPL licenses.",
        "MIT AND BSD-3-Clause AND GPL-1.0-or-later",
    ),
    ("Licensed under GPLv2 or later", "GPL-2.0-or-later"),
    ("License: GPLv2+", "GPL-2.0-or-later"),
    (
        "This file is subject to the terms and conditions of the GNU General Public License.  See the file COPYING in the main directory of this archive for more details.",
        "GPL-1.0-or-later",
    ),
    (
        "This work is licensed under the terms of the GNU GPL, version 2.  See the COPYING file in the top-level directory.",
        "GPL-2.0-only",
    ),
    (
        "This work is licensed under the terms of the GNU GPL, version 2 or later.",
        "GPL-2.0-or-later",
    ),
    (
        "This program is free software: you can redistribute it and/or modify it under the terms of the GNU Affero General Public License as published by the Free Software Foundation, either version 3 of the License, or (at your option) any later version.",
        "AGPL-3.0-or-later",
    ),
    (
        "This library is licensed under the GNU Lesser General Public License version 2.1 or (at your option) version 3.",
        "LGPL-2.1-only OR LGPL-3.0-only",
    ),
    (
        "This library is free software; you can redistribute it and/or modify it under the same terms as Perl itself.",
        "GPL-1.0-or-later OR Artistic-1.0-Perl",
    ),
    (
        "subject to the GNU General Public License with the Classpath exception",
        "GPL-1.0-or-later WITH Classpath-exception-2.0",
    ),
    (
        "GNU General Public License version 2 only, as published by the Free Software Foundation. Oracle designates this particular file as subject to the \"Classpath\" exception as provided by Oracle in the LICENSE file",
        "GPL-2.0-only WITH Classpath-exception-2.0",
    ),
    (
        "This program is dual-licensed under the terms of the GPL version 3 or a commercial license",
        "GPL-3.0-only",
    ),
    (
        "Licensed under the terms of the Affero GPL v3",
        "AGPL-3.0-only",
    ),
    (
        "This code may be freely redistributed under the terms of the GPL",
        "GPL-1.0-or-later",
    ),
    ("License: LGPL-2.1-or-later", "LGPL-2.1-or-later"),
    (
        "License :: OSI Approved :: GNU General Public License v3 or later (GPLv3+)",
        "GPL-3.0-or-later",
    ),
];

#[test]
fn gnu_notices_are_read() {
    bears(GNU);
}

const OTHERS: &[(&str, &str)] = &[
    (
        "Licensed under the Apache License, Version 2.0",
        "Apache-2.0",
    ),
    ("@license Apache-2.0", "Apache-2.0"),
    ("MIT Licensed.", "MIT"),
    ("MIT licensed", "MIT"),
    ("(The MIT License)", "MIT"),
    (
        "Use of this source code is governed by a BSD-style license that can be found in the LICENSE file.",
        "BSD-3-Clause",
    ),
    (
        "Use of this source code is governed by an MIT-style license that can be found in the LICENSE file.",
        "MIT",
    ),
    (
        "This code is released under the 2-clause BSD license.",
        "BSD-2-Clause",
    ),
    (
        "distributed under the terms of the 3-Clause BSD License",
        "BSD-3-Clause",
    ),
    (
        "Distributed under the OSI-approved BSD 3-Clause License.  See accompanying file Copyright.txt",
        "BSD-3-Clause",
    ),
    ("Released to the public domain.", "LicenseRef-public-domain"),
    (
        "Licensed under the Creative Commons Attribution-ShareAlike 3.0 Unported License",
        "CC-BY-SA-3.0",
    ),
    (
        "Except where otherwise noted, this work is licensed under https://creativecommons.org/licenses/by/4.0/",
        "CC-BY-4.0",
    ),
    ("Content is licensed under CC-BY-SA 4.0", "CC-BY-SA-4.0"),
    (
        "This program and the accompanying materials are made available under the terms of the Eclipse Public License v1.0 which accompanies this distribution",
        "EPL-1.0",
    ),
    (
        "This program and the accompanying materials are made available under the terms of the Eclipse Public License 2.0 which is available at https://www.eclipse.org/legal/epl-2.0/ SPDX-License-Identifier: EPL-2.0",
        "EPL-2.0",
    ),
    ("This software is licensed under the ISC license", "ISC"),
    (
        "This software is distributed under the PostgreSQL License",
        "PostgreSQL",
    ),
    (
        "licensed under the Python Software Foundation License Version 2",
        "PSF-2.0",
    ),
    (
        "Part of the LLVM Project, under the Apache License v2.0 with LLVM Exceptions. See https://llvm.org/LICENSE.txt for license information.",
        "Apache-2.0 WITH LLVM-exception",
    ),
    (
        "You may use this under the terms of either the Apache License 2.0 or the MIT license",
        "Apache-2.0 OR MIT",
    ),
    (
        "<license><name>The Apache Software License, Version 2.0</name><url>http://www.apache.org/licenses/LICENSE-2.0.txt</url></license>",
        "Apache-2.0",
    ),
    (
        "License :: OSI Approved :: Apache Software License",
        "Apache-2.0",
    ),
];

#[test]
fn permissive_and_other_notices_are_read() {
    bears(OTHERS);
}

const PRODUCTS: &[(&str, &str)] = &[
    (
        "This program is based on zlib-1.1.3, so all credit should go authors Jean-loup Gailly and Mark Adler and contributors of zlib. Copyright its authors.",
        "Zlib",
    ),
    (
        "it under the terms set out in the LICENSE file, which is included in the bzip2-1.0.5 source distribution.",
        "bzip2-1.0.6",
    ),
    (
        "See the file \"license.terms\" for information on usage and redistribution of this file, and for a DISCLAIMER OF ALL WARRANTIES.",
        "TCL",
    ),
    ("See Copyright Notice in lua.h", "MIT"),
    (
        "modification, are permitted only as authorized by the OpenLDAP Public License.",
        "OLDAP-2.8",
    ),
    (
        "This file is distributed under the terms of the GNU Lesser General Public License version 2.1, with the special exception on linking described in the file LICENSE.",
        "LGPL-2.1-only WITH OCaml-LGPL-linking-exception",
    ),
    ("SAX is in the public domain. See LICENSE.sax.txt", "SAX-PD"),
    (
        "under the terms of \"The BSD License\" a copy of which is available from the Open Source Initiative, see http://www.opensource.org/licenses/bsd-license.php.",
        "BSD-2-Clause",
    ),
];

#[test]
fn notices_that_name_a_product_are_read() {
    bears(PRODUCTS);
}

const WORDINGS: &[(&str, &str)] = &[
    (
        "This software is governed by the CeCILL license under French law",
        "CECILL-2.0",
    ),
    (
        "The classes are released under the terms of the MIT X11",
        "MIT",
    ),
    ("The MIT License (MIT)", "MIT"),
    ("MIT License: http://example.org/license", "MIT"),
    ("@licence MIT", "MIT"),
    ("Licensed under the Zero-Clause BSD", "0BSD"),
    (
        "Version: NPL 1.1/GPL 2.0/LGPL 2.1 of the license",
        "NPL-1.1 OR GPL-2.0-or-later OR LGPL-2.1-or-later",
    ),
    (
        "To the extent possible under law, the author(s) have dedicated all copyright and related and neighboring rights to this software",
        "CC0-1.0",
    ),
    (
        "I hereby place this file in the public domain.",
        "LicenseRef-public-domain",
    ),
    (
        "licensed under the Affero General Public License version 3, the text of which can be found in COPYING, or any later version of the AGPL, unless otherwise noted",
        "AGPL-3.0-or-later",
    ),
];

#[test]
fn more_wordings_are_read() {
    bears(WORDINGS);
}

const PLACES: &[(&str, &str)] = &[
    (
        "The VIM LICENSE (see |copyright|) applies to the files in this package",
        "Vim",
    ),
    ("License: Same as Vim", "Vim"),
    ("License: BSD", "BSD-3-Clause"),
    ("GPL v2 (See COPYING)", "GPL-2.0-only"),
    (
        "Licensed under https://github.com/foo/Bar/blob/master/LICENSE-MIT",
        "MIT",
    ),
    ("See LICENSE-APACHE and LICENSE-MIT.", "MIT OR Apache-2.0"),
    ("foo-polyfill. MIT License. Jane Doe", "MIT"),
    (
        "The library is open-source software using BSD 2-Clause license.",
        "BSD-2-Clause",
    ),
    (
        "This package has the same copyright and license as the perl core.",
        "GPL-1.0-or-later OR Artistic-1.0-Perl",
    ),
    (
        "Copyright (C) 2014, Jane Doe. For conditions of distribution and use, see the accompanying README.ijg file.",
        "IJG",
    ),
    (
        "This file is part of bzip2/libbzip2, a program. Copyright (C) 1996 Jane Doe",
        "bzip2-1.0.6",
    ),
    (
        "argparse is licensed under the Python license",
        "Python-2.0",
    ),
    ("This is built using BSD make and the MIT scheme.", ""),
    ("File::open(\"LICENSE-APACHE\"), then LICENSE-MIT", ""),
    ("It has the same copyright year as the perl port.", ""),
    ("Vim applies colours; see the license of Vim.", ""),
];

#[test]
fn names_beside_places_are_read() {
    bears(PLACES);
}

const PROSE: &[(&str, &str)] = &[
    (
        "The BSD and Apache licenses are vague about patents; AFL, MIT and Apache licenses rely on them.",
        "",
    ),
    (
        "perf examples are (c) iMatix, and others. All rights reserved.",
        "",
    ),
    ("VASP license is required", ""),
    ("This package is not GPL compatible.", ""),
    ("The driver's license must be shown", ""),
    ("AUTHORS: people at MIT and Apache", ""),
    ("# This script checks whether license headers exist", ""),
    ("def license(self): return self._license", ""),
    (
        "GPL is a viral licence, some people say; the MIT License is not.",
        "",
    ),
    ("See LICENSE for details", ""),
    ("All rights reserved. Do not copy.", ""),
    ("you must accept the license agreement", ""),
];

#[test]
fn prose_grants_nothing() {
    bears(PROSE);
}

#[test]
fn every_listed_name_is_read_behind_a_grant() {
    let listed = spdx::identifiers::LICENSES
        .iter()
        .filter(|license| license.name != "NOASSERTION")
        .filter(|license| !spdx::license_id(license.name).unwrap().is_deprecated());
    // The names of GNU licences do not say whether later versions are granted.
    let gnu = |name: &str| name.contains("GPL-") || name.starts_with("GFDL-");
    let listed = listed.filter(|license| !gnu(license.name));
    let mut missed = Vec::new();
    let mut all = 0;
    for license in listed {
        let notice = format!("# This file is licensed under the {}.\n", license.full_name);
        all += 1;
        if expression_of(&notice) != license.name {
            missed.push(license.name);
        }
    }
    assert!(
        missed.len() * 100 < all * 2,
        "{} of {all}: {missed:?}",
        missed.len()
    );
}
