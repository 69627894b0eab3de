//! The instructions of a Containerfile, Containerfile(5): continued lines, comments,
//! here-documents, and the exec form of RUN.

use super::super::shell::{self, Simple};

/// An instruction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Instruction {
    /// Its first line, from 1.
    pub(super) line: usize,
    /// The word, in capitals.
    pub(super) word: String,
    /// What follows it, with continued lines joined.
    pub(super) rest: String,
    /// The here-document that belongs to it.
    pub(super) document: Option<String>,
}

/// Reads the instructions.
pub(in super::super) fn instructions(text: &str) -> Vec<Instruction> {
    let mut found: Vec<Instruction> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let line = line.trim();
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        let mut whole = line.to_owned();
        while let Some(body) = whole.strip_suffix('\\') {
            let mut more = lines.by_ref().map(|(_, line)| line.trim());
            let Some(more) = more.find(|line| !line.starts_with('#') && !line.is_empty()) else {
                break;
            };
            whole = format!("{body} {more}");
        }
        let (word, rest) = whole
            .split_once(char::is_whitespace)
            .unwrap_or((&whole, ""));
        let word = word.to_ascii_uppercase();
        let end = delimiter(&word, rest);
        let document = end.map(|end| {
            let body = lines.by_ref().map(|(_, line)| line);
            let body = body.take_while(|line| line.trim() != end);
            body.collect::<Vec<_>>().join("\n")
        });
        found.push(Instruction {
            line: at + 1,
            word,
            rest: rest.trim().to_owned(),
            document,
        });
    }
    found
}

/// The word that ends a here-document.
fn delimiter(word: &str, rest: &str) -> Option<String> {
    if !matches!(word, "RUN" | "COPY" | "ADD") {
        return None;
    }
    let (_, after) = rest.split_once("<<")?;
    let after = after.trim_start_matches('-');
    let end = after
        .split(|c: char| c.is_whitespace() || ";&|<>".contains(c))
        .next()?;
    let end = end.trim_matches(['"', '\'']);
    let is_word = end.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    is_word.then(|| end.to_owned())
}

impl Instruction {
    /// Its options, `--name=value`, and what follows them.
    pub(super) fn options(&self) -> (Vec<&str>, &str) {
        let mut rest = self.rest.as_str();
        let mut options = Vec::new();
        while rest.starts_with("--") {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            options.push(&rest[..end]);
            rest = rest[end..].trim_start();
        }
        (options, rest)
    }

    /// The commands of a RUN.
    pub(super) fn commands(&self) -> Vec<Simple> {
        let (_, rest) = self.options();
        if let Some(words) = exec_form(rest) {
            return vec![Simple {
                line: self.line,
                words,
                documents: Vec::new(),
            }];
        }
        let mut found = shell::commands(rest, self.line);
        if let Some(document) = &self.document
            && is_script(&found)
        {
            found.extend(shell::commands(document, self.line + 1));
        }
        found
    }
}

/// The words of a JSON list of strings, which TOML writes alike.
fn exec_form(text: &str) -> Option<Vec<String>> {
    let list = text.starts_with('[').then(|| format!("words = {text}"))?;
    let mut table: toml::Table = list.parse().ok()?;
    table.remove("words")?.try_into().ok()
}

/// Whether a here-document is read by a shell: by that of RUN itself, or by one that is named.
fn is_script(commands: &[Simple]) -> bool {
    match commands.last().and_then(|command| command.words.first()) {
        None => true,
        Some(first) => matches!(
            first.rsplit('/').next(),
            Some("sh" | "bash" | "dash" | "ash")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(text: &str) -> Vec<String> {
        let found = instructions(text);
        let runs = found.iter().filter(|row| row.word == "RUN");
        let commands = runs.flat_map(Instruction::commands);
        commands
            .map(|command| command.words.join(" "))
            .filter(|words| !words.is_empty())
            .collect()
    }

    #[test]
    fn continued_lines_and_comments() {
        let found = instructions("# syntax=x\nfrom debian\nRUN a && \\\n  # no\n\n  b\nUSER x");
        let rows: Vec<(usize, &str, &str)> = found
            .iter()
            .map(|row| (row.line, row.word.as_str(), row.rest.as_str()))
            .collect();
        assert_eq!(
            rows,
            [
                (2, "FROM", "debian"),
                (3, "RUN", "a &&  b"),
                (7, "USER", "x")
            ]
        );
    }

    #[test]
    fn here_documents_are_commands_where_a_shell_reads_them() {
        assert_eq!(
            commands("RUN <<EOF\nchown a b\nEOF\nUSER x\n"),
            ["chown a b"]
        );
        assert_eq!(
            commands("RUN bash -e <<'EOF'\nc d\nEOF\n"),
            ["bash -e", "c d"]
        );
        assert_eq!(
            commands("RUN cat <<EOF >/x\nchown a b\nEOF\nRUN t\n"),
            ["cat", "t"]
        );
        let found = instructions("COPY <<EOF /f\nRUN x\nEOF\nRUN y\n");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].document.as_deref(), Some("RUN x"));
    }

    #[test]
    fn the_exec_form_and_options() {
        assert_eq!(
            commands("RUN [\"/bin/chown\", \"a\", \"b c\"]"),
            ["/bin/chown a b c"]
        );
        assert_eq!(
            commands("RUN --mount=type=cache,target=/c [ -e x ] && y"),
            ["[ -e x ]", "y"]
        );
        let found = instructions("COPY --chown=1:2 --chmod=755 a b");
        assert_eq!(
            found[0].options(),
            (vec!["--chown=1:2", "--chmod=755"], "a b")
        );
    }

    #[test]
    fn text_that_is_no_containerfile_does_no_harm() {
        for text in [
            "",
            "\\",
            "RUN",
            "RUN <<",
            "RUN <<E",
            "RUN [",
            "RUN --",
            "\\\n\\\n",
            "COPY <<-\"E",
        ] {
            for found in instructions(text) {
                found.commands();
            }
        }
    }
}
