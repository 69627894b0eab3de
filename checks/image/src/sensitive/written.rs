//! What a command writes into a file that a detector is named for, looked at as that file:
//! `echo TEXT > ~/.pgpass`, `printf TEXT >> .cdsapirc`, `echo TEXT | tee FILE`. The words are those of
//! the shell (POSIX, Shell Command Language, 2.2 and 2.7).

use std::rc::Rc;

use super::{DETECTORS, Sightings, Source, TABLE};

/// The most files that one text writes.
const MOST: usize = 64;

/// The most bytes that are looked at in them; a command has them once for each file that it writes.
const MOST_BYTES: usize = 512 * 1024;

/// A part of a command.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    /// `>` or `>>`.
    To,
    Pipe,
    End,
}

/// Tells what the files hold that a text writes, unless it is told by one of these rules.
pub(super) fn look(text: &str, sightings: &mut Sightings, is_told: impl Fn(&str) -> bool) {
    let mut left = MOST_BYTES;
    for (path, content) in writes(&tokens(text)) {
        let Some(less) = left.checked_sub(content.len()) else {
            continue;
        };
        left = less;
        let source = Source {
            path: path.trim_start_matches(['~', '/']),
            mode: 0o600,
            size: content.len() as u64,
            bytes: content.as_bytes(),
        };
        let mut found = Sightings::default();
        for row in TABLE.named(source.name()) {
            if let Some(file) = DETECTORS[row].file {
                file(&source, &mut found);
            }
        }
        for one in found.seen {
            if !one.is_clue && !is_told(one.rule) {
                sightings.file(one.rule, one.text);
            }
        }
    }
}

/// The files that are written, each with its content.
fn writes(tokens: &[Token]) -> Vec<(&str, Rc<str>)> {
    let mut writes = Vec::new();
    let mut piped: Option<Rc<str>> = None;
    for command in tokens.split_inclusive(|token| matches!(token, Token::Pipe | Token::End)) {
        let mut words = Vec::new();
        let mut files = Vec::new();
        let mut is_target = false;
        for token in command {
            match token {
                Token::Word(word) if is_target => files.push(word.as_str()),
                Token::Word(word) => words.push(word.as_str()),
                _ => {}
            }
            is_target = *token == Token::To;
        }
        let is_piped = command.last() == Some(&Token::Pipe);
        // What goes nowhere need not be known.
        let counts = is_piped || !files.is_empty();
        let content = counts.then(|| printed(&words)).flatten().map(Rc::from);
        let content = content.or_else(|| {
            let tee = words.iter().position(|word| *word == "tee")?;
            let named = words[tee + 1..]
                .iter()
                .filter(|word| !word.starts_with('-'));
            files.extend(named);
            piped.take()
        });
        if let Some(content) = &content {
            let room = MOST.saturating_sub(writes.len());
            let files = files.iter().take(room);
            writes.extend(files.map(|file| (*file, Rc::clone(content))));
        }
        piped = content.filter(|_| is_piped);
    }
    writes
}

/// What `echo` or `printf` print.
fn printed(words: &[&str]) -> Option<String> {
    let is_program = |word: &&str| matches!(*word, "echo" | "printf");
    let at = words.iter().position(is_program)?;
    let arguments = &words[at + 1..];
    let is_option = |word: &&&str| matches!(**word, "-n" | "-e" | "-E" | "-ne" | "-en" | "--");
    let options = arguments.iter().take_while(is_option).count();
    let arguments = &arguments[options..];
    let text = match words[at] {
        "echo" => arguments.join(" "),
        _ => {
            let (format, rest) = arguments.split_first()?;
            formatted(format, rest)
        }
    };
    Some(text.replace("\\n", "\n").replace("\\t", "\t"))
}

/// The format of printf with a word for each `%s`, as long as there are words.
fn formatted(format: &str, words: &[&str]) -> String {
    let mut words = words.iter();
    let mut parts = format.split("%s");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(words.next().map_or("%s", |word| word));
        text.push_str(part);
    }
    text
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars().peekable();
    while let Some(one) = chars.next() {
        match (quote, one) {
            (Some(open), _) if one == open => quote = None,
            (Some('"'), '\\') if matches!(chars.peek(), Some('"' | '$' | '`')) => {
                word.get_or_insert_default().extend(chars.next());
            }
            (Some(_), _) => word.get_or_insert_default().push(one),
            (None, '\'' | '"') => {
                quote = Some(one);
                word.get_or_insert_default();
            }
            (None, '\\') => {
                let next = chars.next().filter(|next| *next != '\n');
                word.get_or_insert_default().extend(next);
            }
            (None, ' ' | '\t' | '\r' | '\n' | '|' | '&' | ';' | '(' | ')' | '>') => {
                let is_number = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
                // The number of a descriptor: `2>`.
                let word = word.take().filter(|word| one != '>' || !is_number(word));
                tokens.extend(word.map(Token::Word));
                // What a descriptor is a copy of: `>&1`.
                let is_copy = one == '&' && tokens.last() == Some(&Token::To);
                tokens.extend(match one {
                    _ if is_copy => None,
                    '|' => Some(Token::Pipe),
                    '>' => Some(Token::To),
                    '\n' | '&' | ';' | '(' | ')' => Some(Token::End),
                    _ => None,
                });
            }
            (None, _) => word.get_or_insert_default().push(one),
        }
    }
    tokens.extend(word.map(Token::Word));
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_at_is_bounded_and_the_rest_is_looked_at_all_the_same() {
        let line = "machine data.site.org login bob password Tr0ub4dor3x";
        let long = "x".repeat(MOST_BYTES + 1);
        let text = format!("echo {long} | tee a b; echo {line} > /root/.netrc");
        let mut sightings = Sightings::default();
        look(&text, &mut sightings, |_| false);
        assert_eq!(sightings.into_seen("this text").len(), 1);
    }

    #[test]
    fn what_is_written_where() {
        for (text, expected) in [
            ("/bin/sh -c echo \"a b\" c > ~/.x", &[("~/.x", "a b c")][..]),
            ("printf 'a\\n%s\\n' b >>/x/y && ls", &[("/x/y", "a\nb\n")]),
            ("printf %s-%s-%s %s b > x", &[("x", "%s-b-%s")]),
            ("echo a | echo b | tee x", &[("x", "b")]),
            ("echo a; tee x", &[]),
            (
                "RUN set -e; echo a | sudo tee -a /x y",
                &[("/x", "a"), ("y", "a")],
            ),
            ("echo a > x 2>/dev/null", &[("x", "a"), ("/dev/null", "a")]),
            ("echo a 2>&1 | tee x", &[("1", "a"), ("x", "a")]),
            ("echo a | cat > x", &[]),
            ("echo a; cat b > x", &[]),
            ("echo 'a > b'", &[]),
            ("(echo a; echo b) > x", &[]),
        ] {
            let tokens = tokens(text);
            let found = writes(&tokens);
            let found: Vec<(&str, &str)> = found.iter().map(|(path, it)| (*path, &**it)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
