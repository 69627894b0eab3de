//! Gems that a `Gemfile.lock` names (Bundler's lock file).

use super::{Found, Source, lock};

/// Reads a lock file: below `specs:` a gem a line, below each what it needs. An empty one is none
/// yet for Bundler.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    if !lock::counts(source.path) {
        return found;
    }
    let text = String::from_utf8_lossy(source.bytes);
    let (mut in_specs, mut is_whole, mut stray) = (false, false, 0);
    for line in text.lines() {
        let content = line.trim_start();
        match line.len() - content.len() {
            0 => {
                in_specs = false;
                is_whole |= content.trim_end() == "DEPENDENCIES";
                stray += usize::from(!is_heading(content.trim_end()));
            }
            2 => in_specs = content.trim_end() == "specs:",
            4 if in_specs => {
                let (name, version) = gem(content);
                // `1.13.10-x86_64-linux`: the platform stands behind the version.
                let (version, platform) = version.split_once('-').unwrap_or((version, ""));
                if let Some(mut package) = lock::candidate(source.path, "gem", name, version) {
                    if !platform.is_empty() {
                        package.qualifiers.push(("platform", platform.to_owned()));
                    }
                    found.add(package);
                }
            }
            6 if in_specs => {
                if let Some(package) = found.packages.last_mut() {
                    package.depends.push(lock::key(source.path, gem(content).0));
                }
            }
            _ => {}
        }
    }
    found.stray_lines(stray);
    if !is_whole && stray == 0 && !text.trim().is_empty() {
        found
            .faults
            .push("it breaks off before its DEPENDENCIES".to_owned());
    }
    found
}

/// Whether a line is empty or begins a section, such as `BUNDLED WITH`.
fn is_heading(line: &str) -> bool {
    line.bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte == b' ')
}

/// `name (version)` or `name (>= 1)`.
fn gem(line: &str) -> (&str, &str) {
    match line.split_once(" (") {
        Some((name, version)) => (name, version.trim_end().trim_end_matches(')')),
        None => (line.trim_end().trim_end_matches('!'), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn gems_and_what_they_need() {
        let text = b"GEM\n  remote: https://example.org/\n  specs:\n    nokogiri (1.13.10-x86_64-linux)\n      racc (~> 1.4)\n    \
            racc (1.6.2)\n\nPLATFORMS\n  x86_64-linux\n\nDEPENDENCIES\n  nokogiri\n";
        let found = parse(&Source::whole("app/Gemfile.lock", text));
        assert_eq!(
            found.versions(),
            [("nokogiri", "1.13.10"), ("racc", "1.6.2")]
        );
        assert_eq!(
            found.packages[0].qualifiers,
            [("platform", "x86_64-linux".to_owned())]
        );
        assert_eq!(found.packages[0].depends, ["app/Gemfile.lock#racc"]);
    }

    proptest! {
        #[test]
        fn any_lock_is_read(text in "(GEM|  specs:|\n|    a \\(1\\)|      b|  |x){0,40}") {
            let _ = parse(&Source::whole("Gemfile.lock", text.as_bytes()));
        }
    }
}
