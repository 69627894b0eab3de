//! The simple commands of a shell script, POSIX.1-2017 XCU 2: enough of the language to know
//! which words are commands, and which are quoted, commented, or the text of a here-document.

/// The deepest that commands in commands are followed.
const DEPTH: usize = 8;

/// A simple command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Simple {
    /// The line on which it begins, from 1.
    pub(super) line: usize,
    /// Its words, without quotes and redirections; variables are as they are written.
    pub(super) words: Vec<String>,
    /// The text of its here-documents.
    pub(super) documents: Vec<String>,
}

/// Reads the commands of a text, of which the first line has this number.
pub(super) fn commands(text: &str, first_line: usize) -> Vec<Simple> {
    let mut found = Vec::new();
    read(text, first_line, 0, &mut found);
    found.sort_by_key(|command| command.line);
    found
}

fn read(text: &str, first_line: usize, depth: usize, found: &mut Vec<Simple>) {
    let reader = Reader {
        chars: text.chars().collect(),
        at: 0,
        line: first_line,
        depth,
        word: None,
        skip: false,
        open: Simple::default(),
        awaited: Vec::new(),
        found,
    };
    reader.read();
}

struct Reader<'a> {
    chars: Vec<char>,
    at: usize,
    line: usize,
    depth: usize,
    /// The word that is being read.
    word: Option<String>,
    /// Whether the next word belongs to a redirection.
    skip: bool,
    open: Simple,
    /// Here-documents that begin with the next line: the word that ends each, and the command.
    awaited: Vec<(String, usize)>,
    found: &'a mut Vec<Simple>,
}

impl Reader<'_> {
    fn read(mut self) {
        while let Some(c) = self.next() {
            match c {
                '\'' => self.quoted('\'', false),
                '"' => self.quoted('"', true),
                '\\' => match self.next() {
                    Some('\n') | None => {}
                    Some(c) => self.push(c),
                },
                '`' => {
                    let inner = self.until('`');
                    self.inner(&inner);
                }
                '$' if self.peek() == Some('(') => {
                    self.at += 1;
                    let inner = self.closed();
                    self.inner(&inner);
                }
                '#' if self.word.is_none() => {
                    self.until_line_end();
                }
                ' ' | '\t' | '\r' => self.end_word(),
                '\n' => {
                    self.end_command();
                    self.documents();
                }
                ';' | '&' | '|' | '(' | ')' => self.end_command(),
                '<' | '>' => self.redirection(c),
                _ => self.push(c),
            }
        }
        self.end_command();
    }

    fn next(&mut self) -> Option<char> {
        let c = self.chars.get(self.at).copied()?;
        self.at += 1;
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn push(&mut self, c: char) {
        self.begin();
        self.word.get_or_insert_default().push(c);
    }

    fn begin(&mut self) {
        if self.open.words.is_empty() && self.word.is_none() {
            self.open.line = self.line;
        }
    }

    fn quoted(&mut self, end: char, expands: bool) {
        self.begin();
        let mut word = self.word.take().unwrap_or_default();
        while let Some(c) = self.next().filter(|c| *c != end) {
            match c {
                '\\' if expands => match self.next() {
                    Some('\n') | None => {}
                    Some(c) => word.push(c),
                },
                '$' if expands && self.peek() == Some('(') => {
                    self.at += 1;
                    let inner = self.closed();
                    self.inner(&inner);
                    word.push_str("$()");
                }
                _ => word.push(c),
            }
        }
        self.word = Some(word);
    }

    fn until(&mut self, end: char) -> String {
        let mut text = String::new();
        while let Some(c) = self.next().filter(|c| *c != end) {
            text.push(c);
        }
        text
    }

    fn until_line_end(&mut self) {
        while self.peek().is_some_and(|c| c != '\n') {
            self.at += 1;
        }
    }

    /// What stands before the bracket that closes.
    fn closed(&mut self) -> String {
        let (mut text, mut open) = (String::new(), 1);
        while let Some(c) = self.next() {
            match c {
                '(' => open += 1,
                ')' => open -= 1,
                _ => {}
            }
            if open == 0 {
                break;
            }
            text.push(c);
        }
        text
    }

    /// A command whose output is a part of a word.
    fn inner(&mut self, text: &str) {
        self.begin();
        self.word.get_or_insert_default().push_str("$()");
        if self.depth < DEPTH {
            let begun = self.line - text.matches('\n').count();
            read(text, begun, self.depth + 1, self.found);
        }
    }

    fn redirection(&mut self, c: char) {
        // A number before it is the file descriptor.
        if self
            .word
            .as_ref()
            .is_some_and(|word| word.chars().all(|c| c.is_ascii_digit()))
        {
            self.word = None;
        }
        self.end_word();
        if c == '<' && self.peek() == Some('<') {
            self.at += 1;
            if self.peek() == Some('<') {
                self.at += 1;
                self.skip = true;
                return;
            }
            let end = self.delimiter();
            self.awaited.push((end, self.found.len()));
            return;
        }
        while matches!(self.peek(), Some('>' | '&' | '|')) {
            self.at += 1;
        }
        self.skip = true;
    }

    fn delimiter(&mut self) -> String {
        let mut end = String::new();
        while matches!(self.peek(), Some('-' | ' ')) {
            self.at += 1;
        }
        while let Some(c) = self
            .peek()
            .filter(|c| !c.is_whitespace() && !";&|<>()".contains(*c))
        {
            self.at += 1;
            if !matches!(c, '\'' | '"' | '\\') {
                end.push(c);
            }
        }
        end
    }

    /// The here-documents that begin on this line.
    fn documents(&mut self) {
        for (end, of) in std::mem::take(&mut self.awaited) {
            let mut text = String::new();
            while self.at < self.chars.len() {
                let line = self.until('\n');
                if line.trim() == end {
                    break;
                }
                text.push_str(&line);
                text.push('\n');
            }
            if let Some(command) = self.found.get_mut(of) {
                command.documents.push(text);
            }
        }
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else {
            return;
        };
        if !std::mem::take(&mut self.skip) {
            self.open.words.push(word);
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        self.skip = false;
        let open = std::mem::take(&mut self.open);
        let awaits = self.awaited.iter().any(|(_, of)| *of == self.found.len());
        if !open.words.is_empty() || awaits {
            self.found.push(open);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Vec<(usize, String)> {
        let found = commands(text, 1);
        let rows = found.iter().map(|row| (row.line, row.words.join("|")));
        rows.collect()
    }

    #[test]
    fn commands_end_at_operators_and_lines() {
        assert_eq!(
            seen("a b && c; d | e\nf \\\n  g # h\n(i)\n"),
            [
                (1, "a|b".into()),
                (1, "c".into()),
                (1, "d".into()),
                (1, "e".into()),
                (2, "f|g".into()),
                (4, "i".into())
            ]
        );
    }

    #[test]
    fn what_is_quoted_is_one_word() {
        assert_eq!(
            seen("echo \"apt-get install; x\" 'a b'c d\\ e"),
            [(1, "echo|apt-get install; x|a bc|d e".into())]
        );
    }

    #[test]
    fn commands_in_commands_are_found() {
        let found = seen("x=$(podman run i) y=`ch-run d`\necho \"$(apptainer exec i)\"");
        let words: Vec<&str> = found.iter().map(|row| row.1.as_str()).collect();
        assert_eq!(
            words,
            [
                "podman|run|i",
                "ch-run|d",
                "x=$()|y=$()",
                "apptainer|exec|i",
                "echo|$()"
            ]
        );
    }

    #[test]
    fn redirections_are_no_words() {
        assert_eq!(seen("a >f 2>&1 <g b"), [(1, "a|b".into())]);
        assert_eq!(seen("a <<< 'podman run' b"), [(1, "a|b".into())]);
    }

    #[test]
    fn the_text_of_a_document_is_no_command() {
        let found = commands(
            "cat <<'END' >f\npodman run i\nEND\nb <<-E\n\tx\n\tE\nc\n",
            1,
        );
        let rows: Vec<(usize, String, usize)> = found
            .iter()
            .map(|row| (row.line, row.words.join(" "), row.documents.len()))
            .collect();
        assert_eq!(
            rows,
            [(1, "cat".into(), 1), (4, "b".into(), 1), (7, "c".into(), 0)]
        );
        assert_eq!(found[0].documents, ["podman run i\n"]);
    }

    #[test]
    fn text_that_is_no_script_does_no_harm() {
        for text in [
            "", "'", "\"", "$(", "`", "<<", "a <<E", "\\", "$($($(", ")))", "a <", "é'\u{0}",
        ] {
            commands(text, 1);
        }
        commands(&"$(".repeat(10_000), 1);
    }
}
