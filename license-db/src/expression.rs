//! SPDX licence expressions: read, brought into one form, joined.
//!
//! The grammar is annex D of the SPDX specification 2.3; the ids are those of the licence
//! list in the `spdx` crate. What deprecated ids stand for is `data/deprecated.toml`.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;
use spdx::expression::{ExprNode, Operator};
use spdx::{Expression, ParseMode};

/// Longer input is not an expression that anyone wrote.
const MAX_BYTES: usize = 64 * 1024;

/// Deeper nesting is refused before it reaches the recursive parts.
const MAX_DEPTH: usize = 64;

/// Words are kept as they are, except that deprecated ids and `GPL-2.0+` are read.
const MODE: ParseMode = ParseMode {
    allow_slash_as_or_operator: false,
    allow_imprecise_license_names: false,
    allow_postfix_plus_on_gpl: true,
    allow_deprecated: true,
    allow_unknown: false,
};

/// An expression as a tree; `And` and `Or` hold two nodes or more and never nest in themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// One licence, with its exception where it has one.
    License(String),
    /// All of these apply.
    And(Vec<Node>),
    /// One of these may be chosen.
    Or(Vec<Node>),
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::License(license) => f.write_str(license),
            Self::Or(nodes) => write_joined(f, nodes, " OR "),
            Self::And(nodes) => write_joined(f, nodes, " AND "),
        }
    }
}

fn write_joined(f: &mut fmt::Formatter<'_>, nodes: &[Node], between: &str) -> fmt::Result {
    for (n, node) in nodes.iter().enumerate() {
        if n > 0 {
            f.write_str(between)?;
        }
        match node {
            Node::License(license) => f.write_str(license)?,
            inner => write!(f, "({inner})")?,
        }
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deprecated {
    row: Vec<DeprecatedRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeprecatedRow {
    id: String,
    use_instead: String,
    #[expect(dead_code, reason = "every row states its source; the test checks it")]
    source: String,
    #[expect(dead_code, reason = "every row states its date; the test checks it")]
    date: String,
}

/// Deprecated id to the expression that replaces it.
static DEPRECATED: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let data: Deprecated = crate::data::read(include_str!("../data/deprecated.toml"))
        .unwrap_or(Deprecated { row: Vec::new() });
    data.row
        .into_iter()
        .map(|row| (row.id, row.use_instead))
        .collect()
});

/// Lower-case id to the id as the licence list spells it, licences and exceptions.
static SPELLING: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let licenses = spdx::identifiers::LICENSES.iter().map(|l| l.name);
    let exceptions = spdx::identifiers::EXCEPTIONS.iter().map(|e| e.name);
    licenses
        .chain(exceptions)
        .map(|name| (name.to_ascii_lowercase(), name))
        .collect()
});

/// The id as the licence list spells it, whatever the case it came in.
pub fn known_id(name: &str) -> Option<&'static str> {
    SPELLING.get(name.to_ascii_lowercase().as_str()).copied()
}

/// Reads an expression into its tree, or answers none where it is not valid.
///
/// Ids are matched without regard to case, deprecated ids become what replaced them and
/// repeated terms are dropped.
pub fn parse(text: &str) -> Option<Node> {
    if text.len() > MAX_BYTES || depth(text) > MAX_DEPTH {
        return None;
    }
    let spelled = spell(text);
    let parsed = Expression::parse_mode(&spelled, MODE).ok()?;
    let mut stack: Vec<Node> = Vec::new();
    for node in parsed.iter() {
        match node {
            ExprNode::Req(req) => stack.push(modern(&req.req)),
            ExprNode::Op(op) => {
                let (right, left) = (stack.pop()?, stack.pop()?);
                stack.push(combine(*op, left, right));
            }
        }
    }
    stack.pop()
}

/// Brings an expression into its one form, or answers none where it is not valid.
pub fn normalise(text: &str) -> Option<String> {
    parse(text).map(|node| node.to_string())
}

/// Joins expressions so that all apply; those that are not valid are left out.
pub fn and<'a>(parts: impl IntoIterator<Item = &'a str>) -> Option<String> {
    join(Operator::And, parts)
}

/// Joins expressions so that one may be chosen; those that are not valid are left out.
pub fn or<'a>(parts: impl IntoIterator<Item = &'a str>) -> Option<String> {
    join(Operator::Or, parts)
}

/// The licences of an expression, each once, in order, without operators.
pub fn licenses(text: &str) -> Vec<String> {
    fn walk(node: Node, out: &mut Vec<String>) {
        match node {
            Node::License(license) if !out.contains(&license) => out.push(license),
            Node::License(_) => {}
            Node::And(nodes) | Node::Or(nodes) => nodes.into_iter().for_each(|n| walk(n, out)),
        }
    }
    let mut out = Vec::new();
    if let Some(node) = parse(text) {
        walk(node, &mut out);
    }
    out
}

/// The expression with `new` in place of the licence `old`; as it was where either is not valid.
pub fn with(text: &str, old: &str, new: &str) -> String {
    fn replaced(node: Node, old: &str, new: &Node) -> Node {
        match node {
            Node::License(license) if license == old => new.clone(),
            Node::License(license) => Node::License(license),
            Node::And(nodes) => {
                Node::And(nodes.into_iter().map(|n| replaced(n, old, new)).collect())
            }
            Node::Or(nodes) => Node::Or(nodes.into_iter().map(|n| replaced(n, old, new)).collect()),
        }
    }
    let replaced = parse(text)
        .zip(parse(new))
        .map(|(tree, new)| replaced(tree, old, &new).to_string());
    // Written and read again, because an operator may now stand in itself, or a term twice.
    replaced
        .and_then(|text| normalise(&text))
        .unwrap_or_else(|| text.to_owned())
}

/// What the name of a licence begins with that SPDX does not list.
pub const REF: &str = "LicenseRef-";

/// What becomes of a name of which nothing is left.
pub(crate) const NAMELESS: &str = "LicenseRef-unknown";

/// Makes a `LicenseRef-` out of any name: what the grammar does not allow becomes a hyphen.
pub fn license_ref(name: &str) -> String {
    let name = name.strip_prefix(REF).unwrap_or(name);
    let mut out = String::from(REF);
    let prefix = out.len();
    for c in name.chars() {
        if out.len() >= prefix + 64 {
            break;
        }
        if c.is_ascii_alphanumeric() || c == '.' {
            out.push(c);
        } else if out.len() > prefix && !out.ends_with('-') {
            out.push('-');
        }
    }
    let end = out.trim_end_matches(['-', '.']).len();
    out.truncate(end.max(prefix));
    if out.len() == prefix {
        NAMELESS.to_owned()
    } else {
        out
    }
}

fn join<'a>(op: Operator, parts: impl IntoIterator<Item = &'a str>) -> Option<String> {
    parts
        .into_iter()
        .filter_map(parse)
        .reduce(|left, right| combine(op, left, right))
        .map(|node| node.to_string())
}

fn combine(op: Operator, left: Node, right: Node) -> Node {
    let mut nodes = Vec::new();
    for node in [left, right] {
        let inner = match (op, node) {
            (Operator::And, Node::And(inner)) | (Operator::Or, Node::Or(inner)) => inner,
            (_, other) => vec![other],
        };
        for node in inner {
            if !nodes.contains(&node) {
                nodes.push(node);
            }
        }
    }
    match (nodes.len(), op) {
        (1, _) => nodes.remove(0),
        (_, Operator::And) => Node::And(nodes),
        (_, Operator::Or) => Node::Or(nodes),
    }
}

/// One requirement with its id brought up to date.
fn modern(req: &spdx::LicenseReq) -> Node {
    let text = req.to_string();
    let (id, exception) = match text.split_once(" WITH ") {
        Some((id, exception)) => (id, Some(exception)),
        None => (text.as_str(), None),
    };
    let or_later = matches!(&req.license, spdx::LicenseItem::Spdx { or_later: true, .. })
        && !id.ends_with('+');
    let bare = id.trim_end_matches("-or-later");
    let key = if or_later && !id.ends_with("-or-later") {
        format!("{id}+")
    } else {
        id.to_owned()
    };
    let new = DEPRECATED
        .get(&key)
        .or_else(|| DEPRECATED.get(&format!("{bare}+")));
    let license = new.map_or(id, String::as_str);
    match exception {
        Some(exception) if !license.contains(' ') => {
            Node::License(format!("{license} WITH {exception}"))
        }
        _ if license.contains(" OR ") => parse(license).unwrap_or(Node::License(id.to_owned())),
        _ => Node::License(license.to_owned()),
    }
}

fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    for byte in text.bytes() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Spells operators in capitals and ids as the list does.
fn spell(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_whitespace() || c == '(' || c == ')');
        let (word, tail) = rest.split_at(end.unwrap_or(rest.len()));
        match word.to_ascii_lowercase().as_str() {
            "" => {}
            "and" => out.push_str("AND"),
            "or" => out.push_str("OR"),
            "with" => out.push_str("WITH"),
            _ => match known_id(word) {
                Some(id) => out.push_str(id),
                None => match word.strip_suffix('+').and_then(known_id) {
                    Some(id) => out.extend([id, "+"]),
                    None => out.push_str(word),
                },
            },
        }
        let mut chars = tail.chars();
        match chars.next() {
            Some(c @ ('(' | ')')) => out.push(c),
            Some(_) => out.push(' '),
            None => {}
        }
        rest = chars.as_str();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brings_expressions_into_one_form() {
        let cases = [
            ("mit", "MIT"),
            ("GPL-2.0+", "GPL-2.0-or-later"),
            ("GPL-2.0", "GPL-2.0-only"),
            ("LGPL-2.1+ or MIT", "LGPL-2.1-or-later OR MIT"),
            ("MIT AND MIT", "MIT"),
            ("(MIT AND (ISC AND MIT))", "MIT AND ISC"),
            ("MIT AND (ISC OR Zlib)", "MIT AND (ISC OR Zlib)"),
            (
                "GPL-2.0-with-classpath-exception",
                "GPL-2.0-only WITH Classpath-exception-2.0",
            ),
            (
                "gpl-2.0-or-later with gcc-exception-2.0",
                "GPL-2.0-or-later WITH GCC-exception-2.0",
            ),
            (
                "GPL-2.0+ WITH Bison-exception-2.2",
                "GPL-2.0-or-later WITH Bison-exception-2.2",
            ),
            ("Apache-2.0+", "Apache-2.0+"),
            ("LicenseRef-Foo AND MIT", "LicenseRef-Foo AND MIT"),
            ("BSD-2-Clause-FreeBSD", "BSD-2-Clause"),
            ("GPL-3.0-or-later", "GPL-3.0-or-later"),
        ];
        for (input, output) in cases {
            assert_eq!(normalise(input).as_deref(), Some(output), "{input}");
        }
    }

    #[test]
    fn refuses_what_is_no_expression() {
        for input in [
            "",
            "MIT OR",
            "NOPE",
            "MIT Apache-2.0",
            "((",
            &"(".repeat(100_000),
        ] {
            assert_eq!(parse(input), None);
        }
    }

    #[test]
    fn joins() {
        assert_eq!(
            and(["MIT OR ISC", "Zlib", "nonsense"]).unwrap(),
            "(MIT OR ISC) AND Zlib"
        );
        assert_eq!(or(["MIT", "MIT"]).unwrap(), "MIT");
        assert_eq!(and([]), None);
        assert_eq!(licenses("(MIT OR ISC) AND MIT"), ["MIT", "ISC"]);
    }

    #[test]
    fn license_refs_always_parse() {
        for name in ["BSD", "a b/c", "", "---", "ä", "x.", &"long ".repeat(100)] {
            let license = license_ref(name);
            assert_eq!(
                normalise(&license).as_deref(),
                Some(license.as_str()),
                "{name}"
            );
        }
    }

    #[test]
    fn every_deprecated_row_is_true() {
        assert!(DEPRECATED.len() > 20);
        for (id, new) in DEPRECATED.iter() {
            let known = spdx::license_id(id.trim_end_matches('+')).expect(id);
            assert!(known.is_deprecated() || id.ends_with('+'), "{id}");
            assert_eq!(normalise(new).as_ref(), Some(new), "{id}");
        }
    }

    #[test]
    fn every_listed_id_reads_and_stays() {
        for license in spdx::identifiers::LICENSES {
            if license.name == "NOASSERTION" {
                continue;
            }
            let once = normalise(license.name).expect(license.name);
            assert_eq!(normalise(&once).as_deref(), Some(once.as_str()));
        }
    }
}
