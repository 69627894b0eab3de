//! `fs.smallfiles`: how fast are small files?

use hpcctl_host::Op;

use super::Probe;
use crate::{Finding, Manual, Reading, Site, place};

/// How many rounds are timed in each place, how many files one has at most, and how long it
/// may take (ms): a slow file system ends a round early.
const ROUNDS: usize = 3;
const FILES: u32 = 32;
const MILLISECONDS: u32 = 4;

/// How many times slower than the fastest place is worth a word.
const SLOW: i64 = 20;

/// And below which rate, in files a second: slower than that, images take minutes to unpack.
const FEW: i64 = 2000;

/// The row.
pub static PROBE: Probe = Probe {
    id: "fs.smallfiles",
    manual: Manual {
        title: "Small files",
        what: "How many small files a second can be made, looked at and removed in TMPDIR, in the home, in podman's storage and in the caches.",
        why: "An image unpacked is tens of thousands of small files. On a parallel file system each costs a round trip to a server of metadata that everybody shares; one large file (squashfs, SIF) costs a few.",
        how: "In a private directory of each file system: three rounds of up to 32 files, each at most 4 ms, creat(2), stat(2) and unlink(2); the median counts. A short look that a busy server or a cache can distort: it compares, it does not measure.",
        user: "Keep caches and unpacked images on the node; keep images on shared storage as one file.",
        admin: "A local disk or a tmpfs for temporary files on every node.",
        refs: &["unlink(2)", "statfs(2)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let round = Op::SmallFiles {
        most: FILES,
        milliseconds: MILLISECONDS,
    };
    place::try_each(site, &[], &vec![round; ROUNDS])
}

/// What a place was found to do, in files a second.
struct Rate<'r> {
    place: &'r str,
    least: i64,
    median: i64,
    most: i64,
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let tried = match place::outcomes(reading) {
        Ok(tried) => tried,
        Err(finding) => return finding,
    };
    let mut rates = Vec::new();
    for (place, tried) in tried {
        if let Some(step) = tried.failed() {
            return Finding::unknown(format!("{place}: {step}"));
        }
        let mut found: Vec<i64> = tried.steps[tried.subject.min(tried.steps.len())..]
            .iter()
            .map(|step| 1_000_000_000 / step.value.max(1))
            .collect();
        found.sort_unstable();
        let (Some(least), Some(most)) = (found.first(), found.last()) else {
            return Finding::unknown(format!("{place}: the trial reported nothing"));
        };
        rates.push(Rate {
            place,
            least: *least,
            median: found[found.len() / 2],
            most: *most,
        });
    }
    let best = rates.iter().map(|rate| rate.median).max().unwrap_or(0);
    let is_slow = |rate: &&Rate<'_>| rate.median < FEW && rate.median.saturating_mul(SLOW) < best;
    let slow: Vec<&str> = rates
        .iter()
        .filter(is_slow)
        .map(|rate| rate.place)
        .collect();
    let all: Vec<String> = rates.iter().map(shown).collect();
    let summary = format!(
        "small files a second, median of {ROUNDS}: {}",
        all.join("; ")
    );
    match slow.is_empty() {
        true => Finding::pass(summary),
        false => Finding::warn(format!(
            "{} is more than {SLOW} times slower than the fastest; {summary}",
            slow.join(" and ")
        )),
    }
}

fn shown(rate: &Rate<'_>) -> String {
    let Rate {
        place,
        least,
        median,
        most,
    } = rate;
    format!("{place} {median} ({least} to {most})")
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Errno;

    use super::*;
    use crate::scripted::{Scripted, tried};

    fn find(nanoseconds: &[i64]) -> Finding {
        let mut reading = Reading::new();
        for (at, value) in nanoseconds.iter().enumerate() {
            reading = reading.fact("tried in", format!("/{at} (nfs)"));
            let steps = [("creat", Ok(*value)), ("creat", Ok(value * 2))];
            reading.tried.push(tried(&steps));
        }
        judge(&reading, &Site::new(&Scripted::new()))
    }

    #[test]
    fn only_a_place_that_is_much_slower_is_named() {
        assert_eq!(find(&[40_000, 80_000]).status.as_str(), "pass");
        let slow = find(&[40_000, 3_000_000]);
        assert!(
            slow.summary.starts_with("/1 (nfs) is more than"),
            "{slow:?}"
        );
        // Where all is slow none is slower.
        assert_eq!(find(&[3_000_000]).status.as_str(), "pass");
    }

    #[test]
    fn what_failed_is_unknown() {
        let mut reading = Reading::new().fact("tried in", "/tmp (ext4)");
        reading.tried.push(tried(&[("creat", Err(Errno::EDQUOT))]));
        let found = judge(&reading, &Site::new(&Scripted::new()));
        assert_eq!(found.status.as_str(), "unknown");
    }
}
