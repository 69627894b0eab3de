//! The words of a Lua program of assignments (the Lua manual, 3.1).

/// A word that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name.
    Name(&'a str),
    /// A name in brackets: `["a"]`.
    Key(&'a str),
    /// A string; what is escaped in it stays so.
    Text(&'a str),
    /// `{`
    Open,
    /// `}`
    Close,
}

/// Reads them one by one.
pub(super) struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// What a long bracket holds, if one begins here: `[[…]]`, `[==[…]==]`.
    fn long(&mut self) -> Option<&'a str> {
        let inside = self.rest.strip_prefix('[')?;
        let level = inside.len() - inside.trim_start_matches('=').len();
        let body = inside[level..].strip_prefix('[')?;
        let close = format!("]{}]", "=".repeat(level));
        let end = body.find(&close).unwrap_or(body.len());
        self.rest = body.get(end + close.len()..).unwrap_or("");
        Some(&body[..end])
    }

    /// What a quoted string holds, if one begins here.
    fn quoted(&mut self) -> Option<&'a str> {
        let quote = self
            .rest
            .chars()
            .next()
            .filter(|first| matches!(first, '"' | '\''))?;
        let body = &self.rest[1..];
        let mut is_escaped = false;
        let end = body.find(|character: char| {
            let ends = (character == quote && !is_escaped) || character == '\n';
            is_escaped = character == '\\' && !is_escaped;
            ends
        });
        let end = end.unwrap_or(body.len());
        self.rest = body.get(end + 1..).unwrap_or("");
        Some(&body[..end])
    }

    /// Passes over a comment, if one begins here.
    fn comment(&mut self) -> bool {
        let Some(body) = self.rest.strip_prefix("--") else {
            return false;
        };
        self.rest = body;
        if self.long().is_none() {
            let end = self.rest.find('\n').unwrap_or(self.rest.len());
            self.rest = &self.rest[end..];
        }
        true
    }

    fn key(&mut self) -> Option<&'a str> {
        let before = self.rest;
        self.rest = self.rest.strip_prefix('[')?.trim_start();
        let key = self.quoted();
        match self.rest.trim_start().strip_prefix(']') {
            Some(rest) if key.is_some() => {
                self.rest = rest;
                key
            }
            _ => {
                self.rest = before;
                None
            }
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            self.rest = self.rest.trim_start();
            let first = self.rest.chars().next()?;
            if self.comment() {
                continue;
            }
            if let Some(text) = self.long() {
                return Some(Token::Text(text));
            }
            if let Some(key) = self.key() {
                return Some(Token::Key(key));
            }
            if let Some(text) = self.quoted() {
                return Some(Token::Text(text));
            }
            let is_word = |character: char| character.is_alphanumeric() || character == '_';
            let end = self
                .rest
                .find(|character| !is_word(character))
                .unwrap_or(self.rest.len());
            let (word, rest) = self.rest.split_at(end.max(first.len_utf8()));
            self.rest = rest;
            match first {
                '{' => return Some(Token::Open),
                '}' => return Some(Token::Close),
                _ if end > 0 => return Some(Token::Name(word)),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let read: Vec<_> = Tokens::new(
            "a = {[\"k\"]='v\\'w', [==[x]]y]==]} -- \"c\"\n--[[ \"d\" ]] e\u{e9} = \"open",
        )
        .collect();
        let all = [
            Token::Name("a"),
            Token::Open,
            Token::Key("k"),
            Token::Text("v\\'w"),
            Token::Text("x]]y"),
            Token::Close,
            Token::Name("e\u{e9}"),
            Token::Text("open"),
        ];
        assert_eq!(read, all);
    }
}
