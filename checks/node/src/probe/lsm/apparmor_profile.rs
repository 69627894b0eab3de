//! `lsm.apparmor.profile`: do the installed runtimes have profiles that let them work?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::apparmor::{self, Word};
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "lsm.apparmor.profile",
    manual: Manual {
        title: "AppArmor profiles of the runtimes",
        what: "Where AppArmor restricts user namespaces: whether a profile that allows them attaches to the path of each runtime that is installed.",
        why: "Ubuntu ships profiles for the paths of its own packages. The same program in ~/bin, in a module tree or under /opt has none, and fails at its first mount with an error that does not name AppArmor.",
        how: "The paths of the runtimes and of their helpers, against the attachments of the files in /etc/apparmor.d that have a rule `userns`. Whether the profiles are loaded is root's to see; symbolic links in a path are not followed.",
        user: "Use the runtime at the path for which there is a profile.",
        admin: "A profile with `userns,` for the path, or the sysctl kernel.apparmor_restrict_unprivileged_userns set to 0.",
        refs: &[
            "apparmor.d(5)",
            "https://documentation.ubuntu.com/server/how-to/security/apparmor/",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    if !apparmor::restricts(site) {
        return Reading::new();
    }
    match apparmor::programs(site) {
        Ok(programs) => programs
            .iter()
            .fold(Reading::new(), |reading, (path, word)| {
                reading.fact(path, format!("{word:?}"))
            }),
        Err(errno) => Reading {
            files: vec![(apparmor::DIRECTORY.into(), Err(errno))],
            ..Reading::new()
        },
    }
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if !apparmor::restricts(site) {
        return Finding::skipped("AppArmor does not restrict the caller's user namespaces")
            .holding(true);
    }
    if let Some((path, Err(errno))) = reading.files.first() {
        return Finding::unknown(format!("{path} cannot be listed: {errno}"));
    }
    let with = |word: Word| {
        let word = format!("{word:?}");
        let rows = reading
            .facts
            .iter()
            .filter(move |(_, found)| *found == word);
        rows.map(|(path, _)| path.as_str()).collect::<Vec<_>>()
    };
    let (silent, unclear, allowed) = (with(Word::Silent), with(Word::Unclear), with(Word::Allows));
    if let Some(first) = silent.first() {
        let name = first.rsplit('/').next().unwrap_or(first);
        return Finding::warn(format!(
            "no profile lets {} make user namespaces",
            silent.join(", ")
        ))
        .holding(false)
        .step(admin(
            Cost::AdminSysctl,
            &format!("give {first} a profile"),
            &format!("printf 'abi <abi/4.0>,\\nprofile hpcctl-{name} {first} flags=(unconfined) {{\\n  userns,\\n}}\\n' > /etc/apparmor.d/hpcctl-{name} && apparmor_parser -r /etc/apparmor.d/hpcctl-{name}"),
        ));
    }
    match (unclear.is_empty(), allowed.is_empty()) {
        (false, _) => Finding::unknown(format!(
            "whether a profile attaches to {} is not understood here",
            unclear.join(", ")
        )),
        (true, false) => Finding::pass(format!(
            "profiles let {} make user namespaces",
            allowed.join(", ")
        )),
        (true, true) => Finding::skipped("no runtime is installed that would need a profile"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apparmor::tests::restricted;
    use crate::scripted::Scripted;

    fn find(host: &Scripted) -> Finding {
        let site = Site::new(host);
        judge(&read(&site), &site)
    }

    #[test]
    fn the_path_decides() {
        assert_eq!(find(&restricted("/usr/bin/podman")).status.as_str(), "pass");
        let copy = find(&restricted("/opt/bin/podman"));
        assert!(copy.summary.contains("/opt/bin/podman"), "{copy:?}");
        let command = copy.steps[0].command.as_deref().unwrap_or_default();
        assert!(
            command.contains("profile hpcctl-podman /opt/bin/podman"),
            "{command}"
        );
    }

    #[test]
    fn without_the_restriction_it_does_not_matter() {
        assert_eq!(find(&Scripted::new()).holds, Some(true));
        let root = find(&restricted("/opt/bin/podman").by_root());
        assert_eq!(root.status.as_str(), "skipped");
        let mut unread = restricted("/usr/bin/podman");
        unread.files.remove("/etc/apparmor.d/podman");
        assert_eq!(find(&unread).status.as_str(), "unknown");
    }
}
