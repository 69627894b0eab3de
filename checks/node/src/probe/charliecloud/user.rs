//! `charliecloud.user`: does ch-run do without USER?

use super::{Probe, read_release};
use crate::{Finding, Manual, Reading, Site, version};

/// The row.
pub static PROBE: Probe = Probe {
    id: "charliecloud.user",
    manual: Manual {
        title: "ch-run without USER",
        what: "Whether this release of ch-run starts where the variable USER is not set.",
        why: "Releases up to 0.39 refuse to start without it; 0.45 does. Where in between that changed is not known.",
        how: "ch-run --version, where USER is not set.",
        user: "export USER=$(id -un)",
        admin: "",
        refs: &["ch-run(1)"],
    },
    read,
    judge,
};

/// The last release that is known to want it, and the first that is known not to.
const WANTED: (u32, u32) = (0, 39);
const NOT_WANTED: (u32, u32) = (0, 45);

fn read(site: &Site<'_>) -> Reading {
    let unset = site.host.env("USER").is_none_or(|name| name.is_empty());
    match unset {
        true => read_release(site),
        false => Reading::new(),
    }
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some(ran) = reading.ran.first() else {
        return Finding::skipped("USER is set, or Charliecloud is not installed").holding(false);
    };
    match version::printed(ran) {
        Some(release) if release >= NOT_WANTED => Finding::pass("this ch-run needs no USER"),
        Some((major, minor)) if (major, minor) <= WANTED => Finding::warn(format!(
            "ch-run {major}.{minor} refuses to start without USER"
        ))
        .holding(false),
        Some((major, minor)) => Finding::unknown(format!(
            "whether ch-run {major}.{minor} starts without USER is not known"
        )),
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
        assert_eq!(find("0.41\n"), None);
        assert_eq!(find("0.45.2\n"), Some(true));
    }
}
