//! `charliecloud.force`: can ch-image fake changes of owners?

use hpcctl_model::doctor::Cost;

use super::{Probe, read_release};
use crate::finding::user;
use crate::{Finding, Manual, Reading, Site, version};

/// The row.
pub static PROBE: Probe = Probe {
    id: "charliecloud.force",
    manual: Manual {
        title: "ch-image --force=seccomp",
        what: "Whether this release of ch-image fakes changes of owners by a seccomp filter, and whether it does so by default.",
        why: "Charliecloud maps one id: chown, useradd and package managers fail in a build unless they are faked. Up to 0.31 only known package managers are helped, by fakeroot in the image.",
        how: "ch-run --version: the filter came with 0.32, and became the default with 0.35.",
        user: "Build a newer Charliecloud in your home directory; with 0.32 to 0.34 say ch-image build --force=seccomp.",
        admin: "Install Charliecloud 0.35 or later.",
        refs: &["ch-image(1)"],
    },
    read: read_release,
    judge,
};

/// The first release with the filter, and the first that sets it by default.
const SINCE: (u32, u32) = (0, 32);
const BY_DEFAULT: (u32, u32) = (0, 35);

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some(ran) = reading.ran.first() else {
        return Finding::skipped("Charliecloud is not installed").holding(false);
    };
    match version::printed(ran) {
        Some(release) if release >= BY_DEFAULT => {
            Finding::pass("ch-image fakes changes of owners by itself")
        }
        Some(release) if release >= SINCE => {
            Finding::warn("ch-image fakes changes of owners only when asked")
                .holding(false)
                .step(user(
                    Cost::User,
                    "let ch-image fake changes of owners",
                    "ch-image build --force=seccomp …",
                ))
        }
        Some((major, minor)) => Finding::warn(format!(
            "ch-image {major}.{minor} cannot fake changes of owners, which came with 0.32"
        ))
        .holding(false)
        .step(user(
            Cost::UserConfig,
            "build Charliecloud 0.35 or later in your home directory",
            "",
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
        let find = |text: &str| {
            let found = find(&PROBE, text);
            let command = found.steps.first().and_then(|step| step.command.clone());
            (found.holds, command.is_some())
        };
        assert_eq!(find("0.31\n"), (Some(false), false));
        assert_eq!(find("0.32\n"), (Some(false), true));
        assert_eq!(find("0.45.2\n"), (Some(true), false));
        assert_eq!(find("unreleased\n"), (None, false));
    }
}
