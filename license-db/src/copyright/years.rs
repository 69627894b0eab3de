//! The years of a statement: `2019`, `2019-2021`, `1998-99`, `2001, 2003 and 2005`,
//! `2019-present`.

use std::fmt;

/// A year, or years in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Years {
    /// The first year.
    pub first: u16,
    /// The last year, the same for a single one; none where it says "to the present".
    pub last: Option<u16>,
}

impl fmt::Display for Years {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.last {
            Some(last) if last == self.first => write!(f, "{last}"),
            Some(last) => write!(f, "{}-{last}", self.first),
            None => write!(f, "{}-present", self.first),
        }
    }
}

/// The most years that one statement lists.
const MAX_YEARS: usize = 64;

/// What stands between years.
const BETWEEN: &[char] = &[' ', '\t', ',', ';', '&', '/', '.', ':', '+'];

/// The years at the start of a text, and the rest of it.
pub(super) fn leading(text: &str) -> (Vec<Years>, &str) {
    let mut out: Vec<Years> = Vec::new();
    let mut rest = text.trim_start();
    while out.len() < MAX_YEARS {
        let mut from = rest.trim_start_matches(BETWEEN);
        if !out.is_empty() {
            from = from.strip_prefix("and ").map_or(from, str::trim_start);
        }
        let from = from.trim_start_matches(['(', '[']);
        let Some((years, behind)) = span(from, out.last()) else {
            break;
        };
        out.push(years);
        rest = behind.trim_start_matches([')', ']']);
    }
    (out, rest)
}

/// The years at the end of a text, as in `A 2019-2021`, and what stands before them.
pub(super) fn trailing(text: &str, wanted: bool) -> (&str, Vec<Years>) {
    if !wanted {
        return (text, Vec::new());
    }
    let starts = text
        .char_indices()
        .filter(|(at, c)| c.is_ascii_digit() && before_is_free(text, *at));
    for (at, _) in starts {
        let (before, behind) = text.split_at(at);
        let (years, _) = leading(behind);
        if !years.is_empty() && !before.trim().is_empty() {
            return (before.trim_end_matches(['(', '[', ' ', ',']), years);
        }
    }
    (text, Vec::new())
}

fn before_is_free(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    before.is_none_or(|c| matches!(c, ' ' | ',' | '(' | '[' | '\t'))
}

/// One year or range.
fn span<'a>(text: &'a str, before: Option<&Years>) -> Option<(Years, &'a str)> {
    let (first, rest) = year(text, before.and_then(|years| years.last))?;
    let trimmed = rest.trim_start();
    let dashed = trimmed
        .strip_prefix(['-', '\u{2013}', '\u{2014}', '\u{2010}', '\u{2212}', '~'])
        .map(|rest| rest.trim_start_matches(['-', '\u{2013}']))
        .or_else(|| trimmed.strip_prefix("to "));
    let Some(behind) = dashed.map(str::trim_start) else {
        let last = Some(first);
        return Some((Years { first, last }, rest));
    };
    if let Some((last, rest)) = year(behind, Some(first)).filter(|(last, _)| *last >= first) {
        let last = Some(last);
        return Some((Years { first, last }, rest));
    }
    for word in ["present", "now", "today", "current"] {
        let open = behind
            .get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word));
        if open {
            let rest = behind.get(word.len()..).unwrap_or_default();
            return Some((Years { first, last: None }, rest));
        }
    }
    // "2019- A": the year alone.
    let last = Some(first);
    Some((Years { first, last }, behind))
}

/// A year of four digits, or the last two behind another year.
fn year(text: &str, near: Option<u16>) -> Option<(u16, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    let free = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '@' || c == '_');
    let number: u16 = number.parse().ok().filter(|_| free)?;
    let year = match (digits, near) {
        (4, _) => number,
        (2, Some(near)) => near - near % 100 + number,
        _ => return None,
    };
    ((1900..=2100).contains(&year)).then_some((year, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, &str) {
        let (years, rest) = leading(text);
        let years: Vec<String> = years.iter().map(Years::to_string).collect();
        (years.join(" "), rest)
    }

    #[test]
    fn reads_years() {
        let cases = [
            ("2020 A", "2020", " A"),
            ("2019-2021 A", "2019-2021", " A"),
            ("2019 \u{2013} 2021, A", "2019-2021", ", A"),
            ("1998-99 A", "1998-1999", " A"),
            ("2001, 2003 and 2005 A", "2001 2003 2005", " A"),
            ("2001,02,03 A", "2001 2002 2003", " A"),
            ("2019-present A", "2019-present", " A"),
            ("(2019) A", "2019", " A"),
            ("2019- A", "2019", "A"),
            ("3Com Corporation", "", "3Com Corporation"),
            ("2600 Magazine", "", "2600 Magazine"),
            ("2020A", "", "2020A"),
            ("99 A", "", "99 A"),
        ];
        for (text, years, rest) in cases {
            assert_eq!(read(text), (years.to_owned(), rest), "{text}");
        }
    }

    #[test]
    fn years_may_stand_behind() {
        let (before, years) = trailing("Free Software Foundation, Inc. 1991, 1999", true);
        assert_eq!(before, "Free Software Foundation, Inc.");
        assert_eq!(years.len(), 2);
        assert_eq!(trailing("A 2019", false), ("A 2019", vec![]));
        assert_eq!(trailing("2019", true), ("2019", vec![]));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "([0-9]{0,5}|[-, ()]|and |to |present|\\PC){0,20}") {
            let (_, rest) = leading(&text);
            trailing(rest, true);
        }
    }
}
