//! Subordinate ids: the ranges of /etc/subuid and /etc/subgid, subuid(5), and those that
//! getsubids(1) answers with, which a directory may hold.

use hpcctl_host::Caller;
use hpcctl_model::doctor::{Cost, Ids, Step};

use crate::finding::admin;
use crate::{Reading, Site};

/// As many ids as images use: 0 to 65534, and one to spare.
pub const ENOUGH: u64 = 65_536;

/// The ranges of uids.
pub const UIDS: &str = "/etc/subuid";

/// The ranges of gids.
pub const GIDS: &str = "/etc/subgid";

/// One line of such a file: an owner and ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The name or the number of the owner.
    pub owner: String,
    /// The first id.
    pub start: u32,
    /// How many ids.
    pub count: u32,
}

impl Range {
    /// Whether an id is in both.
    pub fn overlaps(&self, other: &Range) -> bool {
        u64::from(self.start) < other.end() && u64::from(other.start) < self.end()
    }

    /// The first id behind it.
    fn end(&self) -> u64 {
        u64::from(self.start) + u64::from(self.count)
    }

    /// Whether it is the caller's, by name or by number.
    pub fn is_of(&self, caller: &Caller) -> bool {
        self.owner == caller.name || self.owner == caller.uid.to_string()
    }
}

/// Where the ranges of the caller come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The files; getsubids is not installed or says the same.
    Files,
    /// getsubids alone: a directory, by way of nsswitch.conf(5).
    Directory,
    /// The files alone: getsubids, and so newuidmap, does not see them.
    Unseen,
}

/// The ranges of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// Of uids.
    pub uids: Vec<Range>,
    /// Of gids.
    pub gids: Vec<Range>,
    /// Where they come from.
    pub source: Source,
}

impl Granted {
    /// The highest uid and gid that can be mapped: 0 is the caller, 1 onwards are the ranges.
    pub fn most(&self) -> Ids {
        Ids {
            uid: count(&self.uids),
            gid: count(&self.gids),
        }
    }
}

/// How many ids are in ranges; one that is in several, such as those by name and by number, is one.
fn count(ranges: &[Range]) -> u32 {
    let bounds = |range: &Range| (u64::from(range.start), range.end());
    let mut bounds: Vec<(u64, u64)> = ranges.iter().map(bounds).collect();
    bounds.sort_unstable();
    let (mut all, mut passed) = (0, 0);
    for (start, end) in bounds {
        all += end.saturating_sub(start.max(passed));
        passed = end.max(passed);
    }
    u32::try_from(all).unwrap_or(u32::MAX)
}

/// Reads the files and, where it is installed, asks getsubids.
pub fn read(site: &Site<'_>) -> Reading {
    let reading = Reading::new().file(site, UIDS).file(site, GIDS);
    match site.host.which("getsubids") {
        Some(program) => reading
            .run(site, &[&program, &site.caller.name])
            .run(site, &[&program, "-g", &site.caller.name]),
        None => reading,
    }
}

/// All ranges of one of the files that [`read`] read.
pub fn all(reading: &Reading, path: &str) -> Vec<Range> {
    ranges(reading.text(path).unwrap_or_default())
}

/// The ranges of a file; a line that is none is passed over, as newuidmap(1) does.
fn ranges(text: &str) -> Vec<Range> {
    let range = |line: &str| {
        let mut parts = line.split(':');
        let owner = parts.next()?.trim();
        let start = parts.next()?.trim().parse().ok()?;
        let count = parts.next()?.trim().parse().ok()?;
        (parts.next().is_none() && !owner.is_empty()).then(|| Range {
            owner: owner.to_owned(),
            start,
            count,
        })
    };
    text.lines().filter_map(range).collect()
}

/// The ranges of the caller from what [`read`] read.
pub fn granted(reading: &Reading, caller: &Caller) -> Granted {
    let filed = |path| {
        all(reading, path)
            .into_iter()
            .filter(|range| range.is_of(caller) && range.count > 0)
            .collect::<Vec<_>>()
    };
    let (uids, gids) = (filed(UIDS), filed(GIDS));
    let filed = Granted {
        uids,
        gids,
        source: Source::Files,
    };
    let [of_uids, of_gids, ..] = reading.ran.as_slice() else {
        return filed;
    };
    let answered = Granted {
        uids: answers(&of_uids.stdout),
        gids: answers(&of_gids.stdout),
        source: Source::Directory,
    };
    // An old getsubids compares names only; what it does not answer may still be granted.
    let empty = |granted: &Granted| granted.uids.is_empty() && granted.gids.is_empty();
    match (empty(&filed), empty(&answered)) {
        (false, true) => Granted {
            source: Source::Unseen,
            ..filed
        },
        (true, false) => answered,
        _ => filed,
    }
}

/// Grants as many ids as images use in each of these files, the same ones, behind the last that is taken in
/// either.
pub fn grant(reading: &Reading, site: &Site<'_>, files: &[&str]) -> Step {
    let name = &site.caller.name;
    let taken = [UIDS, GIDS].into_iter().flat_map(|path| all(reading, path));
    let end = taken.map(|range| range.end()).max();
    let start = end.unwrap_or(0).max(100_000);
    let files = files.join(" ");
    admin(
        Cost::AdminSysctl,
        &format!("grant {ENOUGH} subordinate ids to {name}"),
        &format!("echo '{name}:{start}:{ENOUGH}' | tee -a {files}"),
    )
}

/// Grants as many ids as images use where a directory has them.
pub fn grant_in(directory: &str, site: &Site<'_>) -> Step {
    let name = &site.caller.name;
    let text = format!("grant {ENOUGH} subordinate ids to {name} in {directory}");
    admin(Cost::AdminSysctl, &text, "")
}

/// The commands that map the first ranges into the user namespace of `{pid}`: 0 is the caller,
/// 1 onwards are the range; none where no range of both kinds is granted.
pub fn commands(caller: &Caller, granted: &Granted) -> Option<Vec<Vec<String>>> {
    let (uids, gids) = (granted.uids.first()?, granted.gids.first()?);
    Some(vec![
        command("newuidmap", caller.uid, uids),
        command("newgidmap", caller.gid, gids),
    ])
}

fn command(program: &str, own: u32, range: &Range) -> Vec<String> {
    let count = range.count.min(65_536);
    let numbers = [0, own, 1, 1, range.start, count].map(|n| n.to_string());
    let words = [program.to_owned(), "{pid}".to_owned()];
    words.into_iter().chain(numbers).collect()
}

/// The answers of getsubids, `0: alice 100000 65536` a line.
fn answers(stdout: &str) -> Vec<Range> {
    let range = |line: &str| {
        let (_, rest) = line.split_once(':')?;
        let mut words = rest.split_whitespace();
        Some(Range {
            owner: words.next()?.to_owned(),
            start: words.next()?.parse().ok()?,
            count: words.next()?.parse().ok()?,
        })
    };
    stdout.lines().filter_map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, ran};
    use hpcctl_host::command::End;

    fn reading(uids: &str, gids: &str) -> Reading {
        let host = Scripted::new().file(UIDS, uids).file(GIDS, gids);
        read(&Site::new(&host))
    }

    fn caller() -> Caller {
        Scripted::new().caller
    }

    #[test]
    fn lines_that_are_no_ranges_are_passed_over() {
        let text = "# a comment\nalice:100000:65536\n\nbob:x:1\n:1:1\na:1:2:3\n1000:1:4294967295\n";
        let owners: Vec<_> = ranges(text).into_iter().map(|range| range.owner).collect();
        assert_eq!(owners, ["alice", "1000"]);
    }

    #[test]
    fn the_caller_is_found_by_name_and_by_number() {
        let granted = granted(
            &reading("bob:1:2\nalice:100000:65536\n", "1000:5:6\n"),
            &caller(),
        );
        assert_eq!((granted.uids.len(), granted.gids.len()), (1, 1));
        assert_eq!(granted.source, Source::Files);
    }

    #[test]
    fn a_directory_answers_where_the_files_do_not() {
        let answer = |text: &str| {
            let mut ran = ran(&["getsubids", "alice"], End::Exit(0), "");
            ran.stdout = text.into();
            ran
        };
        let mut asked = reading("", "");
        asked.ran = vec![
            answer("0: alice 200000 65536\n"),
            answer("0: alice 200000 65536\n"),
        ];
        let found = granted(&asked, &caller());
        assert_eq!(
            (found.uids[0].start, found.source),
            (200_000, Source::Directory)
        );
        let mut unseen = reading("alice:1:2\n", "alice:1:2\n");
        unseen.ran = vec![answer(""), answer("")];
        assert_eq!(granted(&unseen, &caller()).source, Source::Unseen);
    }

    #[test]
    fn an_id_that_is_granted_twice_is_one() {
        let most = |uids: &str| granted(&reading(uids, "alice:5:6\n"), &caller()).most();
        let twice = most("alice:100000:30000\n1000:100000:30000\n");
        assert_eq!((twice.uid, twice.gid), (30_000, 6));
        assert_eq!(most("alice:10:20\nalice:0:15\n1000:12:2\n").uid, 30);
        assert_eq!(most("alice:10:20\nalice:40:15\n").uid, 35);
        let all = "alice:4294967295:4294967295\nalice:0:4294967295\n";
        assert_eq!(most(all).uid, u32::MAX);
    }

    #[test]
    fn ranges_overlap_up_to_the_last_id() {
        let range = |start, count| Range {
            owner: String::new(),
            start,
            count,
        };
        assert!(range(0, 10).overlaps(&range(9, 1)));
        assert!(!range(0, 10).overlaps(&range(10, 10)));
        assert!(range(u32::MAX, 1).overlaps(&range(1, u32::MAX)));
    }
}
