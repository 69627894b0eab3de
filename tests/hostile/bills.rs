//! Bills of materials.

use super::parts::*;
use super::{Case, scaled};

pub const CASES: &[Case] = &[
    Case {
        name: "a CycloneDX 100000 deep",
        make: |place| {
            let text = [
                r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":"#.to_owned(),
                r#"[{"components":"#.repeat(100_000),
            ];
            put(place, "deep.json", text.concat().as_bytes())
        },
        code: 5,
        says: "no bill",
    },
    Case {
        name: "a CycloneDX of a million components",
        make: |place| {
            let row = |n: usize| {
                format!(
                    r#"{{"type":"library","name":"a{n}","version":"1","purl":"pkg:npm/a{n}@1","licenses":[{{"license":{{"id":"MIT"}}}}]}}"#
                )
            };
            let rows: Vec<String> = (0..scaled(1_000_000)).map(row).collect();
            let text = format!(
                r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{}]}}"#,
                rows.join(",")
            );
            put(place, "million.json", text.as_bytes())
        },
        code: 3,
        says: "more than 50000",
    },
    Case {
        name: "a JSON of 200 MB",
        make: |place| {
            let text = format!(
                r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","x":[{}0]}}"#,
                "0,".repeat(scaled(100 * MIB))
            );
            put(place, "large.json", text.as_bytes())
        },
        code: 3,
        says: "no package",
    },
    Case {
        name: "an SPDX of a million files and edges",
        make: |place| {
            let file = |n: usize| format!(r#"{{"SPDXID":"SPDXRef-{n}","fileName":"./{n}"}}"#);
            let edge = |n: usize| {
                format!(
                    r#"{{"spdxElementId":"SPDXRef-p","relationshipType":"CONTAINS","relatedSpdxElement":"SPDXRef-{n}"}}"#
                )
            };
            let files: Vec<String> = (0..scaled(1_000_000)).map(file).collect();
            let edges: Vec<String> = (0..scaled(1_000_000)).map(edge).collect();
            let text = format!(
                r#"{{"spdxVersion":"SPDX-2.3","packages":[{{"SPDXID":"SPDXRef-p","name":"p"}}],"files":[{}],"relationships":[{}]}}"#,
                files.join(","),
                edges.join(",")
            );
            put(place, "files.spdx.json", text.as_bytes())
        },
        code: 0,
        says: "",
    },
    Case {
        name: "an SPDX tag-value of a million packages",
        make: |place| {
            let row = |n: usize| {
                format!(
                    "PackageName: a{n}\nSPDXID: SPDXRef-{n}\nPackageVersion: 1\nPackageLicenseDeclared: MIT\n\n"
                )
            };
            let text = "SPDXVersion: SPDX-2.3\n".to_owned()
                + &(0..scaled(1_000_000)).map(row).collect::<String>();
            put(place, "million.spdx", text.as_bytes())
        },
        code: 3,
        says: "more than 50000",
    },
    Case {
        name: "an XML of a million components",
        make: |place| {
            let row = |n: usize| {
                format!(
                    "<component type=\"library\"><name>a{n}</name><version>1</version></component>"
                )
            };
            let text = format!(
                "<?xml version=\"1.0\"?>\n<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\"><components>{}</components></bom>",
                (0..scaled(1_000_000)).map(row).collect::<String>()
            );
            put(place, "million.xml", text.as_bytes())
        },
        code: 5,
        says: "elements",
    },
    Case {
        name: "an XML of entities",
        make: |place| {
            let mut text =
                "<?xml version=\"1.0\"?><!DOCTYPE bom [<!ENTITY e0 \"xxxxxxxxxx\">".to_owned();
            for n in 1..12 {
                text += &format!("<!ENTITY e{n} \"{}\">", format!("&e{};", n - 1).repeat(10));
            }
            text += "]><bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\">&e11;</bom>";
            put(place, "bomb.xml", text.as_bytes())
        },
        code: 5,
        says: "bill of materials",
    },
];
