//! AppArmor's profiles: which programs it lets make user namespaces where it restricts them.
//!
//! Source: apparmor.d(5). A profile attaches to a program by its path. The files are read, not
//! what is loaded: that is root's to see.

use hpcctl_host::Errno;

use crate::runtime::RUNTIMES;
use crate::{Finding, Site, apptainer};

/// Where the profiles are, and the names of those that are turned off.
pub const DIRECTORY: &str = "/etc/apparmor.d";
const DISABLED: &str = "/etc/apparmor.d/disable";

/// Programs beside those of the runtimes that make user namespaces for them.
const HELPERS: &[&str] = &["buildah", "crun", "runc", "rootlesskit", "bwrap"];

/// The most files of profiles, and patterns of one attachment, that are looked at.
const FILES: usize = 1024;
const PATTERNS: usize = 64;

/// What the profiles say of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// One lets it make user namespaces.
    Allows,
    /// None attaches to it, or one without `userns`.
    Silent,
    /// One may attach to it: its attachment holds a variable or the like.
    Unclear,
}

/// Whether AppArmor restricts the user namespaces of the caller.
pub fn restricts(site: &Site<'_>) -> bool {
    let key = "kernel.apparmor_restrict_unprivileged_userns";
    !site.is_root() && site.sysctl_number(key).is_some_and(|value| value != 0)
}

/// The programs that make user namespaces, by path, with what the profiles say of each.
pub fn programs(site: &Site<'_>) -> Result<Vec<(String, Word)>, Errno> {
    let texts = texts(site)?;
    let named = RUNTIMES.iter().flat_map(|runtime| runtime.programs);
    let named = named
        .chain(HELPERS)
        .filter_map(|name| site.host.which(name));
    let mut paths: Vec<String> = named.chain(apptainer::unprivileged_starter(site)).collect();
    paths.sort_unstable();
    paths.dedup();
    // A script is run by its interpreter, to which the profile attaches.
    paths.retain(|path| !path.ends_with(".sh"));
    let word = |path: String| {
        let words = texts.iter().map(|text| word(text, &path));
        let word = words.max_by_key(|word| match word {
            Word::Silent => 0,
            Word::Unclear => 1,
            Word::Allows => 2,
        });
        (path, word.unwrap_or(Word::Silent))
    };
    Ok(paths.into_iter().map(word).collect())
}

/// A refusal that AppArmor made is one of this program: a runtime with a profile of its own may
/// do what this one may not, so that nothing follows for it.
pub fn of_this_program(mut finding: Finding, site: &Site<'_>) -> Finding {
    if finding.holds != Some(false) || !restricts(site) {
        return finding;
    }
    let programs = match programs(site) {
        Ok(programs) => programs,
        Err(Errno::ENOENT) => return finding,
        Err(_) => {
            finding.holds = None;
            return finding;
        }
    };
    let spared = programs.iter().filter(|(_, word)| *word != Word::Silent);
    let spared: Vec<&str> = spared.map(|(path, _)| path.as_str()).collect();
    if !spared.is_empty() {
        finding.holds = None;
        finding.summary = format!(
            "{}; so it is for this program, while profiles spare {}",
            finding.summary,
            spared.join(", ")
        );
    }
    finding
}

fn texts(site: &Site<'_>) -> Result<Vec<String>, Errno> {
    let disabled = site.host.list(DISABLED).unwrap_or_default();
    let names = site.host.list(DIRECTORY)?.into_iter();
    let names = names.filter(|name| !disabled.contains(name)).take(FILES);
    names
        .map(|name| site.host.read(&format!("{DIRECTORY}/{name}")))
        .filter(|read| *read != Err(Errno::EISDIR))
        .collect()
}

/// What one file of profiles says of a program.
fn word(text: &str, path: &str) -> Word {
    let mut found = Word::Silent;
    let mut lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or("").trim());
    while let Some(line) = lines.next() {
        let Some(attached) = attachment(line).map(|pattern| attaches(pattern, path)) else {
            continue;
        };
        let allows = allows(&mut lines);
        match attached {
            Some(true) if allows => return Word::Allows,
            None if allows => found = Word::Unclear,
            _ => {}
        }
    }
    found
}

/// The pattern of the paths in the first line of a profile.
fn attachment(line: &str) -> Option<&str> {
    let head = line.strip_suffix('{')?;
    let mut words = head.split_whitespace();
    let first = words.next()?;
    let pattern = match first {
        "profile" => words.find(|word| word.starts_with(['/', '@', '"']))?,
        path => path,
    };
    let pattern = pattern.trim_matches('"');
    pattern.starts_with(['/', '@']).then_some(pattern)
}

/// Whether the body of a profile, up to its last brace, has a rule that allows user namespaces.
fn allows<'t>(lines: &mut impl Iterator<Item = &'t str>) -> bool {
    let (mut depth, mut allows) = (1_usize, false);
    for line in lines {
        let rule = line.trim_end_matches(',').trim();
        let rule = rule.strip_prefix("audit ").unwrap_or(rule);
        let rule = rule.strip_prefix("allow ").unwrap_or(rule);
        if depth == 1 && (rule == "userns" || rule == "userns create") {
            allows = true;
        }
        if line.ends_with('{') {
            depth += 1;
        } else if line.starts_with('}') {
            depth -= 1;
        }
        if depth == 0 {
            break;
        }
    }
    allows
}

/// Whether a pattern matches a path; none where it holds what is not understood here.
fn attaches(pattern: &str, path: &str) -> Option<bool> {
    if pattern.contains(['@', '[', '\\', '^']) {
        return None;
    }
    let mut open = vec![pattern.to_owned()];
    let mut plain = Vec::new();
    while let Some(next) = open.pop() {
        if open.len() + plain.len() > PATTERNS {
            return None;
        }
        // The innermost braces come first.
        let Some(end) = next.find('}') else {
            plain.push(next);
            continue;
        };
        let start = next[..end].rfind('{')?;
        for choice in next[start + 1..end].split(',') {
            open.push(format!("{}{choice}{}", &next[..start], &next[end + 1..]));
        }
    }
    Some(
        plain
            .iter()
            .any(|pattern| matches(pattern.as_bytes(), path.as_bytes())),
    )
}

/// `*` and `?` match within a directory, `**` over several.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    match (pattern, path) {
        ([], rest) => rest.is_empty(),
        ([b'*', b'*', after @ ..], rest) => {
            (0..=rest.len()).any(|skipped| matches(after, &rest[skipped..]))
        }
        ([b'*', after @ ..], rest) => {
            let end = rest.iter().position(|byte| *byte == b'/');
            (0..=end.unwrap_or(rest.len())).any(|skipped| matches(after, &rest[skipped..]))
        }
        ([b'?', after @ ..], [byte, rest @ ..]) => *byte != b'/' && matches(after, rest),
        ([wanted, after @ ..], [byte, rest @ ..]) => wanted == byte && matches(after, rest),
        (_, []) => false,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::scripted::Scripted;

    /// A profile as Ubuntu ships it.
    pub(crate) const PODMAN: &str = "abi <abi/4.0>,\ninclude <tunables/global>\n\nprofile podman /usr/bin/podman flags=(unconfined) {\n  userns,\n\n  include if exists <local/podman>\n}\n";

    /// A node on which AppArmor restricts user namespaces, with podman at this path.
    pub(crate) fn restricted(podman: &str) -> Scripted {
        Scripted::new()
            .file(
                "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
                "1\n",
            )
            .file("/etc/apparmor.d/podman", PODMAN)
            .program("podman", podman)
    }

    #[test]
    fn a_profile_attaches_by_path() {
        let of = |text: &str, path| word(text, path);
        assert_eq!(of(PODMAN, "/usr/bin/podman"), Word::Allows);
        assert_eq!(of(PODMAN, "/home/alice/bin/podman"), Word::Silent);
        let plain = "/usr/bin/x {\n  /etc/** r,\n}\n";
        assert_eq!(of(plain, "/usr/bin/x"), Word::Silent);
        let variable = "profile x @{bin}/x {\n  allow userns create,\n}\n";
        assert_eq!(of(variable, "/usr/bin/x"), Word::Unclear);
        let second =
            "profile a /a {\n  profile b /b {\n    userns,\n  }\n}\nprofile c /c {\n userns,\n}\n";
        assert_eq!(of(second, "/a"), Word::Silent);
        assert_eq!(of(second, "/c"), Word::Allows);
    }

    #[test]
    fn patterns_are_matched_as_apparmor_does() {
        let of = |pattern, path| attaches(pattern, path);
        let starter = "/usr/libexec/{apptainer,singularity}/bin/starter{,-suid}";
        assert_eq!(
            of(starter, "/usr/libexec/apptainer/bin/starter"),
            Some(true)
        );
        assert_eq!(of(starter, "/usr/libexec/apptainer/bin/other"), Some(false));
        assert_eq!(of("/opt/*/podman", "/opt/a/podman"), Some(true));
        assert_eq!(of("/opt/*/podman", "/opt/a/b/podman"), Some(false));
        assert_eq!(of("/opt/**/podman", "/opt/a/b/podman"), Some(true));
        assert_eq!(of("/opt/[ab]", "/opt/a"), None);
        assert_eq!(of("/opt/}", "/opt/"), None);
        let many = "/{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}";
        assert_eq!(of(many, "/x"), None);
    }

    #[test]
    fn nothing_follows_for_a_runtime_that_has_a_profile() {
        let holds = |host: &Scripted| {
            let site = Site::new(host);
            of_this_program(Finding::fail("refused"), &site).holds
        };
        assert_eq!(holds(&restricted("/usr/bin/podman")), None);
        assert_eq!(holds(&restricted("/home/alice/podman")), Some(false));
        assert_eq!(holds(&Scripted::new()), Some(false));
    }
}
