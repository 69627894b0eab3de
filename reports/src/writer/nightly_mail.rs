//! `mail` of `report`: a message of plain text for `sendmail -t`, 80 columns, with the verdict in
//! the subject (RFC 5322, 2.2.3 for its folding; RFC 2045 for the type).
//!
//! A command that is longer is broken as a shell reads it (POSIX, Shell Command Language, 2.2), so that it
//! can be pasted.

use std::io::Write;

use crate::fix;
use crate::report::{Error, Kind, Options, Report};
use crate::terminal::filled;
use crate::writer::Writer;
use crate::writer::nightly_table::summary::verdict;
use crate::writer::nightly_table::{FIX, TEXT, text};

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "mail",
    versions: &[],
    kinds: &[Kind::Nightly],
    write,
};

/// The columns of a line.
const WIDTH: usize = 80;

/// The most characters of a line of the head (RFC 5322, 2.1.1).
const HEAD: usize = 78;

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let report = report.nightly()?;
    let options = Options {
        verbose: options.verbose,
        width: 80,
        color: false,
    };
    writeln!(out, "{}", subject(&verdict(&report.result)))?;
    writeln!(out, "MIME-Version: 1.0")?;
    writeln!(out, "Content-Type: text/plain; charset=utf-8")?;
    writeln!(out, "Content-Transfer-Encoding: 8bit")?;
    writeln!(out, "Auto-Submitted: auto-generated\n")?;
    for line in text(&report.result, &options, "").lines() {
        let parts = match line.strip_prefix(FIX) {
            Some(told) if line.chars().count() > WIDTH && fix::is_told(told) => fixes(told),
            _ => folded(line, WIDTH),
        };
        for part in parts {
            writeln!(out, "{part}")?;
        }
    }
    Ok(())
}

/// The subject; what does not fit goes on in the next line behind a blank.
fn subject(verdict: &str) -> String {
    let mut lines = vec!["Subject: hpcctl:".to_owned()];
    for word in verdict.split(' ') {
        let line = lines.last().map_or(0, |line| line.chars().count());
        if line + 1 + word.chars().count() > HEAD {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            *line += " ";
            *line += word;
        }
    }
    lines.join("\n")
}

/// The steps of a fix: what is to be done, and the command in lines of its own.
fn fixes(told: &str) -> Vec<String> {
    let indent = " ".repeat(FIX.len());
    let mut lines = Vec::new();
    for (place, (text, command)) in fix::steps(told).into_iter().enumerate() {
        let first = if place == 0 { FIX } else { &indent };
        let end = if command.is_some() { ":" } else { "" };
        let text = filled(first, &format!("{text}{end}"), WIDTH as u16);
        lines.extend(text.lines().map(str::to_owned));
        lines.extend(command.into_iter().flat_map(continued));
    }
    lines
}

/// A command in lines that a shell puts together again.
fn continued(command: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let (mut quote, mut count) = (None, 0);
    let mut before = ' ';
    for c in command.chars() {
        // Behind a blank there is room for a word.
        let is_full =
            count >= WIDTH - 3 || quote.is_none() && before == ' ' && count > 3 * WIDTH / 4;
        if is_full && before != '\\' {
            let (end, begin) = match quote {
                Some('\'') => ("'\\", "'"),
                _ => ("\\", ""),
            };
            if let Some(line) = lines.last_mut() {
                *line += end;
            }
            lines.push(begin.into());
            count = begin.len();
        }
        match quote {
            Some(open) if open == c => quote = None,
            None if matches!(c, '\'' | '"') && before != '\\' => quote = Some(c),
            _ => {}
        }
        if let Some(line) = lines.last_mut() {
            line.push(c);
        }
        (count, before) = (count + 1, c);
    }
    lines
}

/// A line in parts of so many columns, the later ones moved in: a long set of nodes has no blank to break
/// at.
fn folded(line: &str, width: usize) -> Vec<String> {
    let indent = match line.starts_with("  ") {
        true => TEXT,
        false => 4,
    };
    let mut parts = Vec::new();
    let mut rest: Vec<char> = line.chars().collect();
    while rest.len() > width {
        let comma = rest[..width].iter().rposition(|c| matches!(c, ',' | ' '));
        let at = comma
            .filter(|at| *at > width / 2)
            .map_or(width, |at| at + 1);
        let behind = rest.split_off(at);
        parts.push(rest.iter().collect::<String>().trim_end().to_owned());
        rest = vec![' '; indent];
        rest.extend(behind);
    }
    parts.push(rest.into_iter().collect());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::nightly_table::tests::written;

    #[test]
    fn the_subject_has_the_verdict_and_lines_are_short() {
        let text = written(&WRITER, true);
        let (head, body) = text.split_once("\n\n").unwrap();
        let unfolded = head.replace("\n ", " ");
        assert!(
            unfolded.starts_with(
                "Subject: hpcctl: worse: containers no longer run on n[001-002,007] (ns.user); "
            ),
            "{head}"
        );
        assert!(head.is_ascii());
        assert!(head.lines().all(|line| line.len() <= HEAD), "{head}");
        assert!(
            body.lines().all(|line| line.chars().count() <= 80),
            "{body}"
        );
        let quiet = written(&WRITER, false);
        let (head, body) = quiet.split_once("\n\n").unwrap();
        assert!(head.starts_with("Subject: hpcctl: no change on 128 nodes\n"));
        assert_eq!(body.lines().count(), 3, "{body}");
    }

    #[test]
    fn a_long_command_is_broken_as_a_shell_reads_it() {
        let long = "x".repeat(60);
        let command = format!(
            "mkdir -p /etc/containers && printf '[{long}]\\n{long}' > \"/etc/{long} {long}\""
        );
        let lines = continued(&command);
        assert!(
            lines.len() > 3 && lines.iter().all(|line| line.len() <= WIDTH),
            "{lines:#?}"
        );
        // What a shell takes out.
        let text = lines.join("\n").replace("'\\\n'", "").replace("\\\n", "");
        assert_eq!(text, command);
        let told = format!("(admin) set it within the limits: {command}; (user) log in again");
        let lines = fixes(&told);
        assert_eq!(lines[0], format!("{FIX}(admin) set it within the limits:"));
        assert_eq!(lines.last().unwrap().trim_start(), "(user) log in again");
        assert_eq!(continued("modprobe fuse"), ["modprobe fuse"]);
    }

    #[test]
    fn long_sets_are_folded_behind_a_comma() {
        let long = vec!["n001"; 100].join(",");
        let parts = folded(&long, WIDTH);
        assert!(parts.iter().all(|part| part.len() <= WIDTH));
        assert!(parts[0].ends_with(','));
        assert!(parts[1].starts_with("    n001,"), "{}", parts[1]);
        let parts: Vec<&str> = parts.iter().map(|part| part.trim()).collect();
        assert_eq!(parts.concat(), long);
    }
}
