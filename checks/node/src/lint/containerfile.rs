//! Which instruction of a Containerfile fails without root or with one id.
//!
//! What a package manager does was seen in builds with one id: apt ends in "setgroups 0
//! failed" and "seteuid 42 failed", rpm in "cpio: chown".

use hpcctl_model::lint::{LintFinding, Outcome};

use super::{Known, because, finding, instead};

/// What a command needs of the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// More than one id, or a filter that pretends.
    ManyIds,
    /// To become another user, which no filter can pretend.
    OtherUser,
    /// Privileges over the node, which no rootless build has.
    Node,
    /// A running init, which no build has.
    Init,
}

/// A command, what it needs, and what it does.
const COMMANDS: &[(&str, Need, &str)] = &[
    (
        "apt-get",
        Need::ManyIds,
        "apt drops to the user _apt (setgroups, seteuid 42) and dpkg changes owners",
    ),
    (
        "apt",
        Need::ManyIds,
        "apt drops to the user _apt (setgroups, seteuid 42) and dpkg changes owners",
    ),
    ("dpkg", Need::ManyIds, "dpkg changes the owners of files"),
    (
        "dnf",
        Need::ManyIds,
        "rpm changes the owners of files (cpio: chown)",
    ),
    (
        "microdnf",
        Need::ManyIds,
        "rpm changes the owners of files (cpio: chown)",
    ),
    (
        "yum",
        Need::ManyIds,
        "rpm changes the owners of files (cpio: chown)",
    ),
    (
        "zypper",
        Need::ManyIds,
        "rpm changes the owners of files (cpio: chown)",
    ),
    (
        "rpm",
        Need::ManyIds,
        "rpm changes the owners of files (cpio: chown)",
    ),
    ("chown", Need::ManyIds, "it gives files to another id"),
    ("chgrp", Need::ManyIds, "it gives files to another group"),
    (
        "useradd",
        Need::ManyIds,
        "it gives the new home to the new user",
    ),
    (
        "adduser",
        Need::ManyIds,
        "it gives the new home to the new user",
    ),
    ("su", Need::OtherUser, "it becomes another user"),
    ("gosu", Need::OtherUser, "it becomes another user"),
    (
        "sudo",
        Need::OtherUser,
        "the build is root already, and sudo wants a set-user-id program",
    ),
    (
        "mknod",
        Need::Node,
        "device files need CAP_MKNOD outside of any user namespace",
    ),
    (
        "modprobe",
        Need::Node,
        "modules belong to the kernel of the node",
    ),
    (
        "insmod",
        Need::Node,
        "modules belong to the kernel of the node",
    ),
    ("losetup", Need::Node, "loop devices belong to the node"),
    ("mount", Need::Node, "a build has no CAP_SYS_ADMIN"),
    ("systemctl", Need::Init, "no init runs in a build"),
    ("service", Need::Init, "no init runs in a build"),
];

const WITHOUT_IDS: &str =
    "ch-image build --force, or podman build with ignore_chown_errors and an image with fakeroot";

/// Judges each RUN, USER, and COPY or ADD that changes owners.
pub(super) fn lint(text: &str, known: &Known<'_>) -> Vec<LintFinding> {
    let mut findings = Vec::new();
    for (at, line) in instructions(text) {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
        match word.to_ascii_uppercase().as_str() {
            "RUN" => findings.extend(run(at, rest, known)),
            "USER" if !is_root(rest.trim()) => {
                findings.push(judge(
                    at,
                    &line,
                    Need::OtherUser,
                    "what follows runs as another user",
                    known,
                ));
            }
            "COPY" | "ADD" if rest.contains("--chown=") => {
                findings.push(judge(
                    at,
                    &line,
                    Need::ManyIds,
                    "it gives files to another id",
                    known,
                ));
            }
            _ => {}
        }
    }
    findings
}

fn is_root(user: &str) -> bool {
    matches!(user.split(':').next().unwrap_or(""), "" | "root" | "0")
}

/// The first command of a RUN that needs most, with its own line.
fn run(at: usize, rest: &str, known: &Known<'_>) -> Option<LintFinding> {
    let words = rest
        .split(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '|' | '(' | '"' | '[' | ','));
    let mut found: Vec<_> = words
        .filter(|word| !word.is_empty())
        .map(|word| word.rsplit('/').next().unwrap_or(word))
        .filter_map(|word| COMMANDS.iter().find(|(name, ..)| *name == word))
        .collect();
    // What can never work matters more than what may.
    found.sort_by_key(|(_, need, _)| match need {
        Need::Node => 0,
        Need::Init => 1,
        Need::OtherUser => 2,
        Need::ManyIds => 3,
    });
    let (name, need, does) = found.first()?;
    let found = judge(at, &format!("RUN {rest}"), *need, does, known);
    Some(LintFinding {
        why: format!("{name}: {}", found.why),
        ..found
    })
}

fn judge(at: usize, line: &str, need: Need, does: &str, known: &Known<'_>) -> LintFinding {
    match need {
        Need::Node => instead(
            finding(
                at,
                line,
                Outcome::Fails,
                format!("{does}; no rootless build may"),
            ),
            "leave it to the node or to the start of the container",
        ),
        Need::Init => instead(
            finding(
                at,
                line,
                Outcome::Fails,
                format!("{does}; nothing is started"),
            ),
            "start the program itself, in CMD",
        ),
        Need::ManyIds | Need::OtherUser if known.maps_many() => because(
            finding(
                at,
                line,
                Outcome::Works,
                format!("{does}; this account maps more than one id"),
            ),
            "uid.newuidmap",
        ),
        Need::OtherUser => because(
            finding(
                at,
                line,
                Outcome::Fails,
                format!(
                    "{does}; only one id is mapped here, and seteuid to another fails with EINVAL"
                ),
            ),
            "uid.subid.file",
        ),
        Need::ManyIds => because(
            instead(
                finding(
                    at,
                    line,
                    Outcome::Fails,
                    format!("{does}; only one id is mapped here"),
                ),
                WITHOUT_IDS,
            ),
            "uid.subid.file",
        ),
    }
}

/// The instructions, each with the number of its first line; continued lines are joined.
pub(super) fn instructions(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        let (body, continued) = match line.strip_suffix('\\') {
            Some(body) => (body, true),
            None => (line, false),
        };
        match found.last_mut().filter(|_| open) {
            Some((_, whole)) => {
                whole.push(' ');
                whole.push_str(body);
            }
            None => found.push((at + 1, body.to_owned())),
        }
        open = continued;
    }
    found
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::Status;

    use super::*;
    use crate::advice::tests::report;

    const FILE: &str = "FROM debian\n# comment\nRUN echo a && \\\n    apt-get update\nUSER app\nRUN [\"/bin/mknod\", \"x\"]\nRUN true\nCOPY --chown=app x /\nUSER root\n";

    fn outcomes(checks: &[(&str, Status)]) -> Vec<(usize, Outcome)> {
        let found = report(checks, &[]);
        lint(FILE, &Known::new(&found))
            .iter()
            .map(|row| (row.line, row.outcome))
            .collect()
    }

    #[test]
    fn one_id_is_not_enough_for_packages() {
        assert_eq!(
            outcomes(&[]),
            [
                (3, Outcome::Fails),
                (5, Outcome::Fails),
                (6, Outcome::Fails),
                (8, Outcome::Fails)
            ]
        );
    }

    #[test]
    fn with_many_ids_only_what_belongs_to_the_node_fails() {
        let many = [
            ("uid.subid.file", Status::Pass),
            ("uid.newuidmap", Status::Pass),
        ];
        assert_eq!(
            outcomes(&many),
            [
                (3, Outcome::Works),
                (5, Outcome::Works),
                (6, Outcome::Fails),
                (8, Outcome::Works)
            ]
        );
    }
}
