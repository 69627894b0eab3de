//! `charliecloud.write_fake`: has ch-run an overlay of its own?

use super::{Probe, read_release};
use crate::{Finding, Manual, Reading, Site, version};

/// The row.
pub static PROBE: Probe = Probe {
    id: "charliecloud.write_fake",
    manual: Manual {
        title: "ch-run --write-fake",
        what: "Whether this release of ch-run can lay a writable overlay over an image.",
        why: "Programs that write beside themselves need one; images of Charliecloud are read-only. Releases before 0.36 have no such option.",
        how: "ch-run --version.",
        user: "",
        admin: "Install Charliecloud 0.36 or later.",
        refs: &["ch-run(1)"],
    },
    read: read_release,
    judge,
};

/// The first release with the option.
const SINCE: (u32, u32) = (0, 36);

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some(ran) = reading.ran.first() else {
        return Finding::skipped("Charliecloud is not installed").holding(false);
    };
    match version::printed(ran) {
        Some(release) if release >= SINCE => Finding::pass("ch-run has --write-fake"),
        Some((major, minor)) => Finding::warn(format!(
            "ch-run {major}.{minor} has no --write-fake, which came with 0.36"
        ))
        .holding(false),
        None => Finding::unknown("ch-run does not tell its release"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::find;
    use super::*;

    #[test]
    fn the_release_decides() {
        let find = |text: &str| find(&PROBE, text).holds;
        assert_eq!(find("0.31\n"), Some(false));
        assert_eq!(find("0.36\n"), Some(true));
        assert_eq!(find("unreleased\n"), None);
    }
}
