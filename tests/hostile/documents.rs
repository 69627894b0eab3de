//! The documents of an image: strings of a configuration that are as long as a document may be, made
//! of what the search for secrets follows.

use std::path::Path;

use serde_json::json;

use super::parts::*;
use super::{Case, scaled};

pub const CASES: &[Case] = &[
    Case {
        name: "a history of a printf of 15 MiB with a word each",
        make: |place| history(place, "/bin/sh -c printf ", "%s", " a a a a > .netrc"),
        code: 0,
        says: "",
    },
    Case {
        name: "a history of a printf with words of 15 MiB",
        make: |place| history(place, "/bin/sh -c printf %s", " a", " > .netrc"),
        code: 0,
        says: "",
    },
    Case {
        name: "a history of 15 MiB that tee writes 64 times",
        make: |place| {
            let files = " .netrc .pgpass .env .bashrc".repeat(16);
            history(place, "/bin/sh -c echo ", "x", &format!(" | tee{files}"))
        },
        code: 0,
        says: "",
    },
    Case {
        name: "a history of 15 MiB of printf and tee by turns",
        make: |place| {
            let turn = format!(
                "printf '{}' a | tee .netrc .pgpass .env .bashrc .condarc;",
                "%sx".repeat(400)
            );
            history(place, "/bin/sh -c ", &turn, "")
        },
        code: 0,
        says: "",
    },
    Case {
        name: "a history of 15 MiB of words",
        make: |place| history(place, "docker", " a", ""),
        code: 0,
        says: "",
    },
    Case {
        name: "a history of 15 MiB of random options",
        make: |place| history(place, "wandb login", " -dX9kQ2mZ7vB4nR1sT6wY", ""),
        code: 0,
        says: "",
    },
    Case {
        name: "a history of 15 MiB of commands that take passwords",
        make: |place| history(place, "RUN ", "curl x --password-stdin ", ""),
        code: 0,
        says: "",
    },
    Case {
        name: "a history of 15 MiB of starts of keys in base64",
        make: |place| history(place, "RUN echo ", "LS0tLS1CRUdJTi", ""),
        code: 0,
        says: "",
    },
    Case {
        name: "a history of 15 MiB that ends in passwords",
        make: |place| {
            let passwords: String = (0..64)
                .map(|n| format!(" --password=Tr0ub4dor{n}"))
                .collect();
            history(place, "RUN x", " a", &passwords)
        },
        code: 0,
        says: "",
    },
];

/// An image with one step that is a text of 15 MiB: a part as often as it has place, between two others.
fn history(place: &Path, start: &str, part: &str, end: &str) -> String {
    let text = [start, &part.repeat(scaled(15 * MIB) / part.len()), end].concat();
    configured(place, &json!([{"created_by": text}]))
}
