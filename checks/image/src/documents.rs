//! The texts of the documents of an image: every string of its manifest, of the indexes above it and
//! of its configuration, each with its place.
//!
//! Whatever a document has, whoever can pull the image reads it: the names of the fields do not
//! matter, those that no specification knows included. A place is the document and the JSON Pointer
//! (RFC 6901) in it; what is well known has a name: `config:env/NAME`, `config:label/KEY`,
//! `config:command`, `history:STEP` from 1.

use serde_json::Value;

/// The most characters of a place.
const MOST: usize = 200;

/// A string of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DocumentText {
    /// Where it stands.
    pub(crate) place: String,
    /// The string, behind its key and `=` where it has one.
    pub(crate) text: String,
}

/// The texts of a document of this name; none where it is no JSON, which whoever reads it tells.
pub(crate) fn texts(document: &str, bytes: &[u8]) -> Vec<DocumentText> {
    let mut texts = Vec::new();
    if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
        gather(document, &value, &mut Vec::new(), &mut texts);
    }
    texts
}

fn gather<'v>(
    document: &str,
    value: &'v Value,
    path: &mut Vec<(String, Option<&'v str>)>,
    texts: &mut Vec<DocumentText>,
) {
    match value {
        Value::String(text) => texts.push(told(document, path, text)),
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                path.push((place.to_string(), None));
                gather(document, item, path, texts);
                path.pop();
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                path.push((key.clone(), Some(key)));
                gather(document, member, path, texts);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn told(document: &str, path: &[(String, Option<&str>)], text: &str) -> DocumentText {
    let words: Vec<&str> = path.iter().map(|(word, _)| word.as_str()).collect();
    let of_config = |place: String| match document {
        "config" => Some(place),
        _ => None,
    };
    let known = match words[..] {
        ["config", "Env", _] => {
            let name = text.split('=').next().unwrap_or("");
            of_config(format!("config:env/{name}"))
        }
        ["config", "Labels", key] => of_config(format!("config:label/{key}")),
        ["config", "Entrypoint" | "Cmd", _] => of_config("config:command".to_owned()),
        ["history", step, "created_by"] => {
            let step = step.parse().map_or(0, |step: usize| step + 1);
            of_config(format!("history:{step}"))
        }
        _ => None,
    };
    let place = known.unwrap_or_else(|| {
        let escaped = words
            .iter()
            .map(|word| word.replace('~', "~0").replace('/', "~1"));
        escaped.fold(format!("{document}:"), |place, word| {
            format!("{place}/{word}")
        })
    });
    let shown = place.chars().filter(|one| !one.is_control());
    // A value tells more with its name, but a command is not to begin with one.
    let key = path.last().and_then(|(_, key)| *key);
    let key = key.filter(|key| *key != "created_by" && !text.contains(char::is_whitespace));
    DocumentText {
        place: shown.take(MOST).collect(),
        text: key.map_or_else(|| text.to_owned(), |key| format!("{key}={text}")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_string_has_its_place() {
        let config = br#"{"author":"a","config":{"Env":["B=c","no"],"Labels":{"d/e":"f"},"Cmd":["g"],
            "Healthcheck":{"Test":["CMD","h i"],"Interval":3}},"history":[{"created_by":"j","comment":"k l"}],
            "x~y":{"z\u0007/":"m"}}"#;
        let texts = texts("config", config);
        let found: BTreeSet<(&str, &str)> = texts
            .iter()
            .map(|it| (it.place.as_str(), it.text.as_str()))
            .collect();
        let expected = [
            ("config:/author", "author=a"),
            ("config:env/B", "B=c"),
            ("config:env/no", "no"),
            ("config:label/d/e", "d/e=f"),
            ("config:command", "g"),
            ("config:/config/Healthcheck/Test/0", "CMD"),
            ("config:/config/Healthcheck/Test/1", "h i"),
            ("history:1", "j"),
            ("config:/history/0/comment", "k l"),
            ("config:/x~0y/z~1", "z\u{7}/=m"),
        ];
        assert_eq!(found, expected.into());
    }

    #[test]
    fn what_is_no_document_has_no_texts() {
        let deep = "[".repeat(100_000);
        for bytes in [&b""[..], b"{", b"3", deep.as_bytes()] {
            assert_eq!(texts("manifest", bytes), []);
        }
    }
}
