//! Apptainer as it is installed: its set-user-id starter and its configuration.

use crate::Site;

/// The configuration of the distributions' packages.
pub const CONFIGURATION: &str = "/etc/apptainer/apptainer.conf";

const STARTERS: &[&str] = &[
    "/usr/libexec/apptainer/bin/starter-suid",
    "/usr/lib/x86_64-linux-gnu/apptainer/bin/starter-suid",
    "/usr/local/libexec/apptainer/bin/starter-suid",
    "/usr/libexec/singularity/bin/starter-suid",
];

/// The set-user-id starter, where there is one.
pub fn starter(site: &Site<'_>) -> Option<String> {
    let found = STARTERS.iter().find(|path| site.host.stat(path).is_ok());
    found.map(|path| (*path).to_owned())
}

/// The starter that is not set-user-id, which makes user namespaces; it lies beside the other.
pub fn unprivileged_starter(site: &Site<'_>) -> Option<String> {
    let mut paths = STARTERS
        .iter()
        .filter_map(|path| path.strip_suffix("-suid"));
    let found = paths.find(|path| site.host.stat(path).is_ok());
    found.map(ToOwned::to_owned)
}

/// Whether a directive is not set to `no`: all that are asked for here are `yes` by default.
pub fn allows(text: &str, directive: &str) -> bool {
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let mut set = lines
        .map(|(key, value)| (key.trim(), value.trim()))
        .filter(|(key, _)| *key == directive);
    set.next_back().is_none_or(|(_, value)| value != "no")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_yes_unless_they_say_no() {
        assert!(allows("", "allow setuid"));
        assert!(allows("# allow setuid = no\n", "allow setuid"));
        assert!(!allows("allow setuid = no\n", "allow setuid"));
    }
}
