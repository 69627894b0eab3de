//! What each cataloger says of a file that it takes and can't read: no damage is silent, but where
//! the table gives a reason.
//!
//! The table has every kind of file of every cataloger. Each is read whole, as garbage, empty, and
//! cut in the middle of a line: where one of lines is cut between two, most formats have no mark of
//! their end.

mod cases;

use globset::GlobBuilder;

use self::cases::CASES;
use super::{CATALOGERS, Cataloger, Found, Source};
use crate::selection::types_of;

/// A kind of file.
struct Case {
    /// The cataloger.
    id: &'static str,
    /// The paths at which the file may lie; each is tried.
    paths: &'static [&'static str],
    /// A file without damage, from which something is found.
    whole: fn() -> Vec<u8>,
    /// What cannot be read as its format.
    garbage: &'static [u8],
    /// What is said of garbage, of an empty file, and of one that is cut in the middle.
    said: [Said; 3],
}

/// What a cataloger says of a damaged file.
#[derive(Clone, Copy)]
enum Said {
    /// A fault.
    Fault,
    /// Nothing, for this reason.
    Nothing(&'static str),
}

fn row(id: &str) -> &'static Cataloger {
    let mut rows = CATALOGERS.iter();
    rows.find(|row| row.id == id).unwrap()
}

fn read(case: &Case, path: &str, bytes: &[u8]) -> Found {
    (row(case.id).parse)(&Source::whole(path, bytes))
}

/// A glob for each alternative in braces.
fn expanded(glob: &str) -> Vec<String> {
    let Some((before, rest)) = glob.split_once('{') else {
        return vec![glob.to_owned()];
    };
    let (inside, after) = rest.split_once('}').unwrap();
    let each = inside.split(',');
    each.flat_map(|one| expanded(&format!("{before}{one}{after}")))
        .collect()
}

fn matches(glob: &str, path: &str) -> bool {
    let mut glob = GlobBuilder::new(glob);
    let glob = glob.literal_separator(true).empty_alternates(true).build();
    glob.unwrap().compile_matcher().is_match(path)
}

#[test]
fn every_kind_of_file_is_in_the_table() {
    for row in CATALOGERS {
        let of_row = || CASES.iter().filter(|case| case.id == row.id);
        for glob in row.globs.iter().flat_map(|glob| expanded(glob)) {
            let mut paths = of_row().flat_map(|case| case.paths);
            assert!(paths.any(|path| matches(&glob, path)), "{}: {glob}", row.id);
        }
        for magic in row.magic {
            let is_tried = of_row().any(|case| (case.whole)().starts_with(magic));
            assert!(is_tried, "{}: {magic:?}", row.id);
        }
    }
    for case in CASES {
        let row = row(case.id);
        for path in case.paths {
            let by_path = row.globs.iter().any(|glob| matches(glob, path));
            let by_magic = row
                .magic
                .iter()
                .any(|magic| case.garbage.starts_with(magic));
            assert!(by_path || by_magic, "{}: {path}", case.id);
        }
    }
}

#[test]
fn whole_files_have_no_fault_and_packages_of_types_that_are_told() {
    for case in CASES {
        for path in case.paths {
            let found = read(case, path, &(case.whole)());
            assert_eq!(found.faults, [""; 0], "{path}");
            let types: Vec<&str> = types_of(case.id).collect();
            for package in &found.packages {
                assert!(types.contains(&package.kind), "{path}: {package:?}");
            }
        }
    }
}

#[test]
fn damage_is_told_or_has_a_reason_not_to_be() {
    let mut wrong = Vec::new();
    for case in CASES {
        let whole = (case.whole)();
        let damaged = [case.garbage, b"", &whole[..whole.len() / 2]];
        for path in case.paths {
            for (place, bytes) in damaged.iter().enumerate() {
                let faults = read(case, path, bytes).faults;
                let is_right = match case.said[place] {
                    Said::Fault => !faults.is_empty(),
                    Said::Nothing(reason) => faults.is_empty() && reason.contains(' '),
                };
                if !is_right {
                    let what = ["garbage", "empty", "cut"][place];
                    wrong.push(format!("{} {path} {what}: {faults:?}", case.id));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
