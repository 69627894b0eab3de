//! The packages whose metadata and texts name licences that disagree, for a terminal.

use hpcctl_model::scan::{Conflict, Scan};

use crate::report::Options;
use crate::terminal::{columns, counted, heading, left_out, lines, visible};

/// How many rows are shown where not every detail is wanted.
const ROWS: usize = 8;

/// Each with what is declared, what its texts bear, and the first file that bears it.
pub fn conflicts(scan: &Scan, options: &Options) -> String {
    let all = &scan.conflicts;
    if all.is_empty() {
        return String::new();
    }
    let wanted = if options.verbose { all.len() } else { ROWS };
    let header = ["PACKAGE", "DECLARES", "ITS TEXTS BEAR", "WHERE"];
    let mut table = columns(options.width, Some(header));
    for conflict in all.iter().take(wanted) {
        table.add_row(row(conflict));
    }
    let title = format!(
        "{} of metadata and texts; both have to be met",
        counted(all.len(), "conflict")
    );
    let shown = wanted.min(all.len());
    heading(&title, options.color) + &lines(&mut table, 0) + &left_out(all.len(), shown, "conflict")
}

fn row(conflict: &Conflict) -> [String; 4] {
    let file = conflict.files.first().map_or("inside it", String::as_str);
    let cells = [
        &*conflict.package,
        &*conflict.declared,
        &*conflict.detected,
        file,
    ];
    cells.map(|cell| visible(cell).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sbom::tests::report;

    #[test]
    fn a_conflict_is_told_with_both_sides() {
        let options = Options {
            verbose: false,
            width: 120,
            color: false,
        };
        let mut scan = report(Vec::new()).result;
        assert_eq!(conflicts(&scan, &options), "");
        let conflict = Conflict {
            package: "pkg:pypi/a@1".into(),
            declared: "MIT".into(),
            detected: "GPL-3.0-only".into(),
            files: vec!["/a/LICENSE".into()],
        };
        scan.conflicts = vec![conflict; ROWS + 1];
        let text = conflicts(&scan, &options);
        for told in ["9 conflicts", "pkg:pypi/a@1", "GPL-3.0-only", "/a/LICENSE"] {
            assert!(text.contains(told), "{told}: {text}");
        }
        assert_eq!(text.matches("pkg:pypi").count(), ROWS);
    }
}
