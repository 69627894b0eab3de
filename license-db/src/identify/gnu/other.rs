//! A notice that grants the GPL and then speaks of the LGPL: "See the GNU Lesser General Public
//! License for more details". One of the two is a slip, and which one the file does not say, so
//! both are told. The LGPL builds on the GPL, so that the reverse is none.

use hpcctl_model::license::{Kind, State};

use super::super::finding::{Finding, Vague};
use super::super::words::Words;

/// How far behind the grant its notice may go on, in words.
const NOTICE: usize = 110;

/// How sure it is that the other licence is meant.
const SLIP: f64 = 0.5;

/// Turns what such a notice only mentions into a finding; the findings are in the text's order.
pub(super) fn tell(words: &Words, findings: &mut [Finding]) {
    let told = |f: &Finding| f.state != State::Clue && f.license.starts_with("LGPL-");
    if findings.iter().any(told) {
        return;
    }
    let mut granted = None;
    for finding in findings {
        let (start, end) = (finding.words.start, finding.words.end);
        if finding.state != State::Clue && finding.kind == Kind::Notice {
            granted = finding.license.starts_with("GPL-").then_some(end);
            continue;
        }
        let near = granted.is_some_and(|grant| start < grant + NOTICE);
        if near && finding.license.starts_with("LGPL-") && in_boilerplate(words, start, end) {
            (finding.state, finding.score) = (State::Likely, SLIP);
            finding.vague = Vague::Family;
            finding.license = first_of_its_name(words, start).to_owned();
        }
    }
}

/// "See the … for more details", "You should have received a copy of the … along with".
fn in_boilerplate(words: &Words, start: usize, end: usize) -> bool {
    let details = words.word(end) == "for" && words.word(end + 1) == "more";
    let received = words.word(end) == "along" && words.word(end + 1) == "with";
    let copy = (start.saturating_sub(4)..start).any(|at| words.word(at) == "copy");
    details || received && copy
}

/// The first version under the name that the text has: "Lesser" since 2.1.
fn first_of_its_name(words: &Words, start: usize) -> &'static str {
    match (start..start + 2).any(|at| words.word(at) == "lesser") {
        true => "LGPL-2.1-or-later",
        false => "LGPL-2.0-or-later",
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Taken;
    use super::super::find;
    use super::*;

    const GRANT: &str = "it under the terms of the GNU General Public License as published by the Free Software Foundation; either version 2 of the License, or (at your option) any later version. ";

    fn licenses(text: &str) -> Vec<String> {
        let words = Words::of(text);
        let found = find(&words, &Taken::new(words.len()));
        let told = found.into_iter().filter(|f| f.state != State::Clue);
        told.map(|f| f.license).collect()
    }

    #[test]
    fn a_slip_tells_both() {
        let details = format!("{GRANT}See the GNU Lesser General Public License for more details.");
        assert_eq!(
            licenses(&details),
            ["GPL-2.0-or-later", "LGPL-2.1-or-later"]
        );
        let copy = format!(
            "{GRANT}You should have received a copy of the GNU Library Public License along with this program"
        );
        assert_eq!(licenses(&copy), ["GPL-2.0-or-later", "LGPL-2.0-or-later"]);
    }

    #[test]
    fn other_mentions_are_none() {
        let right = format!("{GRANT}See the GNU General Public License for more details.");
        assert_eq!(licenses(&right), ["GPL-2.0-or-later"]);
        let apart = format!("{GRANT}Unlike the GNU Lesser General Public License it says so.");
        assert_eq!(licenses(&apart), ["GPL-2.0-or-later"]);
        let lesser = GRANT.replace("General", "Lesser General");
        let reverse = format!("{lesser}See the GNU General Public License for more details.");
        assert_eq!(licenses(&reverse), ["LGPL-2.0-or-later"]);
    }
}
