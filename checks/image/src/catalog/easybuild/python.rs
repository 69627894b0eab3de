//! Simple assignments in Python: literals of texts, lists, tuples and dictionaries.
//!
//! What is computed is not known, but for texts that are joined. Nothing is run.

/// Deeper nesting is not known.
const DEEPEST: u8 = 8;

/// Assignments of one file that are read.
const MOST: usize = 1000;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'t> {
    /// A text.
    Text(String),
    /// A list or a tuple.
    List(Vec<Value<'t>>),
    /// A dictionary.
    Map(Vec<(Value<'t>, Value<'t>)>),
    /// A number, or a name of something.
    Word(&'t str),
    /// Something that is computed.
    Unknown,
}

impl Value<'_> {
    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list; none of anything else.
    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// What a dictionary has for a text.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(pairs) = self else {
            return None;
        };
        let mut pairs = pairs.iter();
        pairs
            .find(|(known, _)| known.text() == Some(key))
            .map(|(_, value)| value)
    }
}

/// The assignments at the beginnings of lines, in their order.
pub(super) fn assignments(text: &str) -> Vec<(&str, Value<'_>)> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() && found.len() < MOST {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let is_name = |name: &str| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            !name.is_empty() && name.bytes().all(allowed)
        };
        let assigned = line.split_once('=').map(|(name, _)| name);
        let Some(name) = assigned.filter(|name| is_name(name.trim_end())) else {
            rest = after;
            continue;
        };
        let mut reader = Reader {
            rest: &rest[name.len() + 1..],
            depth: 0,
        };
        let value = reader.expression();
        found.push((name.trim_end(), value));
        let ahead = reader.rest.split_once('\n').map_or("", |(_, ahead)| ahead);
        // A value that is not understood ends with its line.
        rest = if ahead.len() < after.len() {
            ahead
        } else {
            after
        };
    }
    found
}

struct Reader<'t> {
    rest: &'t str,
    depth: u8,
}

impl<'t> Reader<'t> {
    /// A value, or texts that are joined.
    fn expression(&mut self) -> Value<'t> {
        let mut value = self.value();
        loop {
            self.blanks();
            let is_joined = self.take('+');
            let follows = matches!(self.rest.chars().next(), Some('"' | '\''));
            match &mut value {
                Value::Text(text) if is_joined || follows => match self.value() {
                    Value::Text(more) => text.push_str(&more),
                    _ => return Value::Unknown,
                },
                _ if is_joined => {
                    self.value();
                    return Value::Unknown;
                }
                _ => break,
            }
        }
        match self.rest.chars().next() {
            None | Some(',' | ')' | ']' | '}' | ':' | '\n' | '#' | ';') => value,
            _ => Value::Unknown,
        }
    }

    fn value(&mut self) -> Value<'t> {
        self.space();
        match self.rest.chars().next() {
            Some('"' | '\'') => self.string().map_or(Value::Unknown, Value::Text),
            Some('[') => self.within(']'),
            Some('(') => self.within(')'),
            Some('{') => self.within('}'),
            _ => self.word(),
        }
    }

    /// What is between brackets.
    fn within(&mut self, close: char) -> Value<'t> {
        if self.depth >= DEEPEST {
            return Value::Unknown;
        }
        self.depth += 1;
        let value = self.items(close);
        self.depth -= 1;
        value
    }

    fn items(&mut self, close: char) -> Value<'t> {
        self.rest = &self.rest[1..];
        let (mut items, mut pairs) = (Vec::new(), Vec::new());
        let mut commas = 0;
        loop {
            self.space();
            if self.take(close) {
                break;
            }
            let before = self.rest.len();
            let item = self.expression();
            self.space();
            if self.take(':') {
                let value = self.expression();
                pairs.push((item, value));
                self.space();
            } else {
                items.push(item);
            }
            if self.take(',') {
                commas += 1;
            } else if !self.rest.starts_with(close) {
                self.pass_to(close);
            }
            if self.rest.len() == before {
                return Value::Unknown;
            }
        }
        match close {
            '}' => Value::Map(pairs),
            // Brackets around one value do not make a tuple.
            ')' if commas == 0 && items.len() == 1 => items.remove(0),
            _ => Value::List(items),
        }
    }

    /// Passes over what is not understood, up to a comma or the end of the brackets.
    fn pass_to(&mut self, close: char) {
        let mut depth = 0_usize;
        while let Some(next) = self.rest.chars().next() {
            match next {
                ',' if depth == 0 => {
                    self.rest = &self.rest[1..];
                    return;
                }
                '"' | '\'' => {
                    if self.string().is_none() {
                        self.rest = "";
                    }
                    continue;
                }
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' if depth > 0 => depth -= 1,
                _ if next == close => return,
                _ => {}
            }
            self.rest = &self.rest[next.len_utf8()..];
        }
    }

    /// A string literal.
    fn string(&mut self) -> Option<String> {
        let quote = &self.rest[..1];
        let triple = [quote; 3].concat();
        let (fence, inner) = match self.rest.strip_prefix(&*triple) {
            Some(inner) => (&*triple, inner),
            None => (quote, &self.rest[1..]),
        };
        let mut text = String::new();
        let mut chars = inner.char_indices();
        while let Some((at, next)) = chars.next() {
            if inner[at..].starts_with(fence) {
                self.rest = &inner[at + fence.len()..];
                return Some(text);
            }
            match next {
                '\\' => text.extend(chars.next().map(|(_, escaped)| escaped)),
                '\n' if fence.len() == 1 => break,
                _ => text.push(next),
            }
        }
        None
    }

    fn word(&mut self) -> Value<'t> {
        let is_end = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.'));
        let end = self.rest.find(is_end).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        if word.is_empty() {
            Value::Unknown
        } else {
            Value::Word(word)
        }
    }

    fn take(&mut self, wanted: char) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Passes over space and comments; between brackets also over the ends of lines.
    fn space(&mut self) {
        loop {
            self.blanks();
            if self.depth == 0 {
                return;
            }
            if self.rest.starts_with('#') {
                self.rest = self.rest.find('\n').map_or("", |end| &self.rest[end..]);
            } else if !self.take('\n') {
                return;
            }
        }
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r']);
        while let Some(rest) = self.rest.strip_prefix("\\\n") {
            self.rest = rest.trim_start_matches([' ', '\t']);
        }
        if self.depth > 0 {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value<'_> {
        let source = assignments(text).into_iter().next();
        source.unwrap().1
    }

    fn text(text: &str) -> Value<'static> {
        Value::Text(text.to_owned())
    }

    #[test]
    fn literals() {
        assert_eq!(value("a = 'x'"), text("x"));
        assert_eq!(value("a = \"\"\"x\n'y'\"\"\"\nb = 1"), text("x\n'y'"));
        assert_eq!(value("a = 'x' + \"y\" 'z'"), text("xyz"));
        assert_eq!(value("a = 'x' % b"), Value::Unknown);
        assert_eq!(value("a = SYSTEM  # c"), Value::Word("SYSTEM"));
        assert_eq!(value("a = ('x')"), text("x"));
        assert_eq!(value("a = ('x',)"), Value::List(vec![text("x")]));
        assert_eq!(
            value("a = {'k': ['v']}").get("k"),
            Some(&Value::List(vec![text("v")]))
        );
    }

    #[test]
    fn what_is_not_understood_ends_where_it_ends() {
        let found = assignments(
            "a = f('x', [1])\nb = ['x', g(1, 'y'), 'z']\nif c == 'd':\n  e = 'f'\ng = 'h'\n",
        );
        let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["a", "b", "g"]);
        assert_eq!(found[1].1.items().first(), Some(&text("x")));
        assert_eq!(found[1].1.items().last(), Some(&text("z")));
        assert_eq!(found[2].1, text("h"));
    }

    #[test]
    fn deep_nesting_is_not_followed() {
        let deep = format!("a = {}\nb = 'x'", "[".repeat(100_000));
        assert!(!assignments(&deep).is_empty());
    }
}
