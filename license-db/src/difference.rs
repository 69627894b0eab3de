//! What differs between a file and the text of a licence, word by word, by the SPDX matching
//! guidelines: case, punctuation, markup, comment marks and copyright lines do not count.

use std::time::{Duration, Instant};

use hpcctl_model::license::{Change, Difference};
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

use crate::identify::{self, Counted};
use crate::known;

/// The most words of a file that are compared.
const MAX_WORDS: usize = 200_000;

/// The most words that a change shows.
const MAX_SHOWN: usize = 60;

/// When the comparison stops looking for the best answer.
const TIME: Duration = Duration::from_secs(5);

/// Why there is no difference to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The SPDX list has no text of that id.
    NoText,
    /// The file is binary.
    Binary,
}

/// Compares the bytes of a file with the text of a licence or exception of the SPDX list.
///
/// # Errors
///
/// When the list has no such text, or the file is none.
pub fn between(path: &str, bytes: &[u8], id: &str) -> Result<Difference, Fault> {
    let license = known::find(id).ok_or(Fault::NoText)?;
    let listed = license.text.ok_or(Fault::NoText)?;
    let text = identify::text_of(bytes).ok_or(Fault::Binary)?;
    let (template, file) = (Counted::of(&listed), Counted::of(&text));
    let file_hashes = file.hashes();
    let compared = file_hashes.get(..MAX_WORDS).unwrap_or(&file_hashes);
    let ops = capture_diff_slices_deadline(
        Algorithm::Myers,
        &template.hashes(),
        compared,
        Some(Instant::now() + TIME),
    );
    Ok(report(path, &license.id, &template, &file, &ops))
}

fn report(
    path: &str,
    license: &str,
    template: &Counted,
    file: &Counted,
    ops: &[DiffOp],
) -> Difference {
    let equal = |op: &DiffOp| matches!(op, DiffOp::Equal { .. });
    let agree: usize = ops
        .iter()
        .filter(|op| equal(op))
        .map(|op| op.old_range().len())
        .sum();
    // What the file holds before and behind the text counts for no place in it, and is told.
    let first = ops
        .iter()
        .find(|op| equal(op))
        .map(|op| op.new_range().start);
    let last = ops
        .iter()
        .rfind(|op| equal(op))
        .map(|op| op.new_range().end);
    let (first, end) = (first.unwrap_or(0), last.unwrap_or(0));
    let within = |op: &DiffOp| op.new_range().start.max(first)..op.new_range().end.min(end);
    let beyond = |range: std::ops::Range<usize>| {
        (!range.is_empty()).then(|| Change {
            text: String::new(),
            file: file.shown(range.clone(), MAX_SHOWN),
            line: file.line(range.start),
            allowed: false,
        })
    };
    let (before, behind) = if end == 0 {
        (None, None)
    } else {
        (beyond(0..first), beyond(end..file.len()))
    };
    let changes = ops.iter().filter(|op| !equal(op)).filter_map(|op| {
        let (old, new) = (op.old_range(), within(op));
        if old.is_empty() && new.is_empty() {
            return None;
        }
        Some(Change {
            text: template.shown(old.clone(), MAX_SHOWN),
            file: file.shown(new.clone(), MAX_SHOWN),
            line: file.line(new.start.min(end.saturating_sub(1))),
            allowed: template.may_differ(old, new.len()),
        })
    });
    let both = template.len() + end.saturating_sub(first);
    let share = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    let score = if both == 0 {
        0.0
    } else {
        2.0 * share(agree) / share(both)
    };
    Difference {
        path: path.to_owned(),
        license: license.to_owned(),
        score: (score * 1000.0).round() / 1000.0,
        start_line: (end > 0).then(|| file.line(first)),
        end_line: (end > 0).then(|| file.line(end - 1)),
        changes: before.into_iter().chain(changes).chain(behind).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mit() -> String {
        known::find("MIT").unwrap().text.unwrap()
    }

    #[test]
    fn the_text_itself_does_not_differ() {
        let found = between("x", mit().to_uppercase().as_bytes(), "mit").unwrap();
        assert_eq!((found.score, found.changes.len()), (1.0, 0), "{found:?}");
        assert_eq!(found.license, "MIT");
    }

    #[test]
    fn each_change_has_its_words_and_its_line() {
        let text = mit();
        let file = format!("Some words before.\n\n{text}\nand some behind")
            .replace("without restriction", "with great care")
            .replace("sublicense, ", "");
        let found = between("x", file.as_bytes(), "MIT").unwrap();
        let changes: Vec<(&str, &str)> = found
            .changes
            .iter()
            .map(|change| (change.text.as_str(), change.file.as_str()))
            .collect();
        assert_eq!(
            changes,
            [
                ("", "some words before"),
                ("without restriction", "with great care"),
                ("sublicense", ""),
                ("", "and some behind")
            ]
        );
        let line = file.lines().position(|l| l.contains("great care")).unwrap() + 1;
        assert_eq!(found.changes[1].line as usize, line);
        assert!(found.start_line.unwrap() > 2 && found.score > 0.95);
        assert!(!found.changes[0].allowed);
    }

    #[test]
    fn another_text_and_none() {
        let found = between("x", b"nothing of it", "MIT").unwrap();
        assert!(found.score < 0.1, "{found:?}");
        assert_eq!(between("x", b"\0", "MIT"), Err(Fault::Binary));
        assert_eq!(
            between("x", b"", "LicenseRef-Intel-Simplified-2022-10"),
            Err(Fault::NoText)
        );
        assert_eq!(between("x", b"", "nonesuch"), Err(Fault::NoText));
        assert_eq!(between("x", b"", "MIT").unwrap().start_line, None);
    }
}
