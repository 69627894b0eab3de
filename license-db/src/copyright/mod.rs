//! Copyright statements: who holds the rights in a text, and since when.
//!
//! Forms that are read: `Copyright (c) 2019-2021 A, B`, `© 2020 A`, `Copyright The X Authors`,
//! `SPDX-FileCopyrightText` (REUSE specification 3.3), the `Copyright` field of a machine-readable
//! Debian copyright file, and statements that go on in the next line. Talk about copyright, such
//! as "the above copyright notice", and templates, such as `Copyright (c) <year> <owner>`, are
//! none.

use std::fmt;

mod holder;
mod line;
mod mark;
mod years;

use line::Line;
use mark::Mark;
pub use years::Years;

use crate::identify::text_of;

/// The most statements that are read of one text.
const MAX_STATEMENTS: usize = 4096;

/// The most lines that one statement takes.
const MAX_LINES: usize = 4;

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// The holder, without "by", addresses of mail and what follows; never empty.
    pub holder: String,
    /// The years, in the order of the text; empty where it names none.
    pub years: Vec<Years>,
    /// The line in the text, from 1.
    pub line: u32,
}

impl fmt::Display for Statement {
    /// The statement in one form: `Copyright 2019-2021, 2023 A`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Copyright ")?;
        for (n, years) in self.years.iter().enumerate() {
            let before = if n > 0 { ", " } else { "" };
            write!(f, "{before}{years}")?;
        }
        let before = if self.years.is_empty() { "" } else { " " };
        write!(f, "{before}{}", self.holder)
    }
}

/// The statements of a file in its order; a binary file has none.
pub fn statements(bytes: &[u8]) -> Vec<Statement> {
    if !mark::may_stand_in(bytes) {
        return Vec::new();
    }
    text_of(bytes).map_or_else(Vec::new, |text| read(&text))
}

fn read(text: &str) -> Vec<Statement> {
    let mut out = Vec::new();
    let mut lines = lines(text).zip(1u32..).peekable();
    // Whether the lines of a field `Copyright:` go on.
    let mut field = false;
    while let Some(((raw, marked), number)) = lines.next() {
        if out.len() >= MAX_STATEMENTS {
            break;
        }
        field &= raw.starts_with([' ', '\t']);
        if !marked && !field {
            continue;
        }
        let line = Line::of(raw);
        let (mark, rest) = match mark::find(line.text) {
            Some(found) => found,
            None if field => (Mark::Field, line.text),
            None => continue,
        };
        field |= mark == Mark::Field;
        let mut said = rest.to_owned();
        for _ in 1..MAX_LINES {
            let next = lines.peek().map(|((raw, _), _)| Line::of(raw));
            let Some(next) = next.filter(|next| goes_on(&said, mark, next)) else {
                break;
            };
            if !said.is_empty() {
                said.push(' ');
            }
            said.push_str(next.text);
            lines.next();
        }
        out.extend(statement(&said, mark, number));
    }
    out
}

/// The lines of a text, and whether a mark may stand in each.
fn lines(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut marks = mark::places(text).peekable();
    let mut end = 0;
    text.split_inclusive('\n').map(move |line| {
        end += line.len();
        let mut marked = false;
        while marks.next_if(|at| *at < end).is_some() {
            marked = true;
        }
        let line = line.strip_suffix('\n').unwrap_or(line);
        (line.strip_suffix('\r').unwrap_or(line), marked)
    })
}

/// Whether a statement that stands as it does goes on in the next line.
fn goes_on(said: &str, mark: Mark, next: &Line<'_>) -> bool {
    if next.text.is_empty() || mark::find(next.text).is_some() || holder::ends(next.text) {
        return false;
    }
    let said = said.trim_end();
    let (years, rest) = years::leading(said);
    // A field holds a statement a line.
    if mark == Mark::Field {
        return !years.is_empty() && (rest.is_empty() || holder::is_rest(next.text));
    }
    let open = said.ends_with([',', '&', '-']) || said.ends_with(" and") || said.ends_with(" by");
    // The mark alone, and the years below it.
    let dated_below = said.is_empty() && !years::leading(next.text).0.is_empty();
    // The rest of a name, in the next line.
    let named = !rest.is_empty() && (!years.is_empty() || mark == Mark::Word);
    let goes_on = named && (holder::is_rest(next.text) || holder::is_joined(next.text));
    open || dated_below || goes_on || (rest.is_empty() && (!years.is_empty() || mark == Mark::Sign))
}

fn statement(said: &str, mark: Mark, line: u32) -> Option<Statement> {
    let (mut years, rest) = years::leading(said);
    let (rest, behind) = years::trailing(rest, years.is_empty() && mark != Mark::Within);
    years.extend(behind);
    let dated = !years.is_empty();
    let holder = holder::read(rest, dated || mark == Mark::Field)?;
    // People write prose into the field, too.
    if mark == Mark::Field && !dated && holder::is_prose(&holder) {
        return None;
    }
    (dated || mark.tells(rest)).then_some(Statement {
        holder,
        years,
        line,
    })
}

#[cfg(test)]
mod tests;
