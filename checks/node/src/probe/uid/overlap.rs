//! `uid.overlap`: does a range of ids belong to two users?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

const FILES: &[&str] = &["/etc/subuid", "/etc/subgid"];

/// The row.
pub static PROBE: Probe = Probe {
    id: "uid.overlap",
    manual: Manual {
        title: "Overlapping ranges of ids",
        what: "Whether ranges of subordinate ids in /etc/subuid or /etc/subgid overlap.",
        why: "Two users whose ranges overlap can read and write the files of one another's containers.",
        how: "Reads both files; every range against every other.",
        user: "",
        admin: "Give each user a range of its own: usermod --del-subuids and --add-subuids.",
        refs: &["subuid(5)", "subgid(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    FILES
        .iter()
        .fold(Reading::new(), |reading, path| reading.file(site, path))
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let texts = reading
        .files
        .iter()
        .filter_map(|(path, read)| Some((path, read.as_ref().ok()?)));
    let mut any = false;
    for (path, text) in texts {
        any = true;
        if let Some((one, other)) = overlap(text) {
            return Finding::warn(format!("ranges of {one} and {other} overlap in {path}"));
        }
    }
    match any {
        true => Finding::pass("no range of ids belongs to two users"),
        false => Finding::skipped("there are no files of ranges"),
    }
}

/// The first two users whose ranges overlap.
fn overlap(text: &str) -> Option<(&str, &str)> {
    let mut ranges: Vec<(u64, u64, &str)> = text
        .lines()
        .filter_map(|line| {
            let mut parts = line.trim().split(':');
            let (user, start, count) = (parts.next()?, parts.next()?, parts.next()?);
            let start: u64 = start.parse().ok()?;
            Some((start, start.saturating_add(count.parse().ok()?), user))
        })
        .collect();
    ranges.sort_unstable();
    // A range may reach over several that begin later: the furthest end so far counts.
    let mut furthest: Option<(u64, &str)> = None;
    for (start, end, user) in ranges {
        if let Some((_, other)) = furthest.filter(|(reach, other)| start < *reach && *other != user)
        {
            return Some((other, user));
        }
        if furthest.is_none_or(|(reach, _)| end > reach) {
            furthest = Some((end, user));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_do_not_overlap() {
        assert_eq!(overlap("alice:100000:65536\nbob:165536:65536\n"), None);
        assert_eq!(
            overlap("bob:165535:65536\nalice:100000:65536\n"),
            Some(("alice", "bob"))
        );
        assert_eq!(overlap("alice:1:10\nalice:5:10\nnonsense\n"), None);
        assert_eq!(overlap("a:1:100\na:2:3\nb:50:1\n"), Some(("a", "b")));
    }
}
