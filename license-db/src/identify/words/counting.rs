//! The words that count when a text is compared with a template: without copyright lines, list
//! markers and single letters (SPDX matching guidelines, annex B of the specification 2.3).

use super::Words;

/// The most words that one copyright line takes out.
const MAX_COPYRIGHT: usize = 24;

/// Words with which a grant begins on the line of the copyright statement.
const GRANTS: &[&str] = &["permission", "redistribution", "licensed"];

impl Words {
    /// The places of the words that count when compared with a template.
    pub(crate) fn counting(&self) -> Vec<u32> {
        let mut out = Vec::with_capacity(self.words.len());
        let mut at = 0;
        while at < self.words.len() {
            // Both begin with one of two letters, which most words do not.
            let may = self.word(at).starts_with(['c', 'a']);
            let statement = || self.copyright(at).or_else(|| self.reserved(at));
            if let Some(skip) = may.then(statement).flatten() {
                at += skip;
                continue;
            }
            if self.counts(at) {
                out.push(u32::try_from(at).unwrap_or(u32::MAX));
            }
            at += 1;
        }
        out
    }

    fn counts(&self, at: usize) -> bool {
        let word = self.word(at);
        match word {
            _ if word.len() > 4 => true,
            "" => true,
            "dnl" | "rem" if self.starts_line(at) => false,
            "ii" | "iii" | "iv" | "vi" | "vii" | "viii" | "br" => false,
            _ => word.len() > 1 || !word.is_ascii(),
        }
    }

    /// How many words a copyright statement at this place takes: to the end of its line.
    fn copyright(&self, at: usize) -> Option<usize> {
        let (word, next) = (self.word(at), self.word(at + 1));
        let dated = |word: &str| {
            word.len() >= 4
                && word.starts_with(['1', '2'])
                && word.bytes().all(|b| b.is_ascii_digit())
        };
        let placeholder = matches!(
            next,
            "year" | "yyyy" | "date" | "years" | "name" | "19xx" | "20xx"
        );
        let begins = match word {
            "copyright" | "copyrighted" => {
                next == "c" || dated(next) || (placeholder && self.line(at) == self.line(at + 1))
            }
            "c" => dated(next) || next == "copyright",
            _ => false,
        };
        if !begins {
            return None;
        }
        let line = self.line(at);
        let rest = (at..self.len().min(at + MAX_COPYRIGHT))
            .take_while(|i| self.line(*i) == line && !GRANTS.contains(&self.word(*i)));
        Some(rest.count().max(1))
    }

    /// "All rights reserved" belongs to the copyright statement.
    fn reserved(&self, at: usize) -> Option<usize> {
        let said = self.word(at) == "all"
            && self.word(at + 1) == "rights"
            && self.word(at + 2) == "reserved";
        said.then_some(3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(text: &str) -> String {
        let words = Words::of(text);
        let kept: Vec<&str> = words
            .counting()
            .iter()
            .map(|i| words.word(*i as usize))
            .collect();
        kept.join(" ")
    }

    #[test]
    fn copyright_lines_and_list_markers_do_not_count() {
        let text = "Copyright (c) 2020 Jane Doe\nAll rights reserved.\n1. You (a) may copy\nthe copyright notice";
        assert_eq!(counting(text), "you may copy the copyright notice");
        assert_eq!(counting("Copyright <year> <owner>\ntext here"), "text here");
    }
}
