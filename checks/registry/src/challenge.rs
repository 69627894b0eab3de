//! What a registry asks for in `WWW-Authenticate` (RFC 9110, section 11.6.1; the registry token
//! specification).

/// What a registry asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// A user and a password with each request.
    Basic,
    /// A token from somewhere else.
    Bearer {
        /// Where tokens are given out.
        realm: String,
        /// For whom they are.
        service: Option<String>,
        /// For what.
        scope: Option<String>,
    },
}

impl Challenge {
    /// The strongest of the challenges in these headers that is known.
    pub(crate) fn of<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut basic = None;
        for (scheme, parameters) in headers.flat_map(challenges) {
            let find = |name: &str| {
                let mut found = parameters.iter().filter(|(key, _)| key == name);
                found.next().map(|(_, value)| value.clone())
            };
            match (scheme.as_str(), find("realm")) {
                ("bearer", Some(realm)) => {
                    return Some(Self::Bearer {
                        realm,
                        service: find("service"),
                        scope: find("scope"),
                    });
                }
                ("basic", _) => basic = Some(Self::Basic),
                _ => {}
            }
        }
        basic
    }
}

/// Takes a header apart: each scheme, in lower case, with its parameters.
fn challenges(header: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut rest = header.trim_start_matches([' ', ',']);
    while !rest.is_empty() {
        let end = rest.find([' ', '=', ',']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let word = word.to_ascii_lowercase();
        let after = after.trim_start();
        rest = match (after.strip_prefix('='), found.last_mut()) {
            (Some(value), Some((_, parameters))) => {
                let (value, after) = value_of(value);
                parameters.push((word, value));
                after
            }
            (Some(value), None) => value_of(value).1,
            (None, _) => {
                found.push((word, Vec::new()));
                after
            }
        };
        rest = rest.trim_start_matches([' ', ',']);
    }
    found
}

/// A token or a quoted string, and what follows it.
fn value_of(text: &str) -> (String, &str) {
    let text = text.trim_start();
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', ',']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((place, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[place + 1..]),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            _ => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[&str]) -> Option<Challenge> {
        Challenge::of(headers.iter().copied())
    }

    #[test]
    fn a_token_is_preferred() {
        let bearer = |scope: Option<&str>| {
            Some(Challenge::Bearer {
                realm: "https://auth.example/token".into(),
                service: Some("r.example".into()),
                scope: scope.map(ToOwned::to_owned),
            })
        };
        let text = r#"Bearer realm="https://auth.example/token",service="r.example",scope="repository:a:pull,push""#;
        assert_eq!(of(&[text]), bearer(Some("repository:a:pull,push")));
        let both =
            r#"Basic realm="x", bearer Realm = "https://auth.example/token" , service=r.example"#;
        assert_eq!(of(&[both]), bearer(None));
        assert_eq!(of(&["Basic realm=\"a\\\"b\""]), Some(Challenge::Basic));
        assert_eq!(of(&["Negotiate", "Basic"]), Some(Challenge::Basic));
    }

    #[test]
    fn nonsense_asks_for_nothing() {
        for text in [
            "",
            ",",
            "=",
            "realm=x",
            "Bearer",
            "Bearer realm",
            "Digest a=\"",
            "\"",
            "é=é,é",
        ] {
            assert_eq!(of(&[text]), None, "{text}");
        }
    }
}
