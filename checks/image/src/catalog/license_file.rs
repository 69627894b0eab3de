//! Which files bear licences, by their names and places alone.

/// Whether a file is named after a licence: `LICENSE`, `COPYING`, `NOTICE` and their like.
pub(crate) fn is_license_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    const STEMS: [&str; 7] = [
        "license",
        "licence",
        "copying",
        "notice",
        "copyright",
        "unlicense",
        "copyleft",
    ];
    STEMS.iter().any(|stem| {
        let Some((head, rest)) = name.split_at_checked(stem.len()) else {
            return false;
        };
        // `LICENSE.txt`, `COPYING-2.0`, `LICENSES`, but not `licensed.py` or `notices.json`.
        let ends = rest.strip_prefix(['s', 'S']).unwrap_or(rest);
        let text = ["", ".txt", ".md", ".rst", ".html"]
            .iter()
            .any(|tail| ends.eq_ignore_ascii_case(tail));
        let marked = ends.starts_with(['-', '_', '.']) && !is_code(name);
        head.eq_ignore_ascii_case(stem) && (text || marked)
    })
}

/// Whether a licence file is a `NOTICE`, which goes along whatever it bears (Apache License 2.0, 4(d)).
pub(crate) fn is_notice(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let head = name.get(.."NOTICE".len());
    is_license_file(path) && head.is_some_and(|head| head.eq_ignore_ascii_case("NOTICE"))
}

/// Whether a file is a README, which often has the copyright line that no licence file has.
pub(crate) fn is_readme(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let head = name.split_at_checked("README".len());
    head.is_some_and(|(head, rest)| {
        let ends = rest.is_empty() || rest.starts_with(['.', '-', '_']);
        head.eq_ignore_ascii_case("README") && ends && !is_code(name)
    })
}

/// Whether a name ends as source code and compiled files do.
fn is_code(name: &str) -> bool {
    const ENDS: [&str; 12] = [
        "py", "pyc", "js", "ts", "c", "h", "so", "go", "rs", "pl", "pm", "json",
    ];
    name.rsplit_once('.')
        .is_some_and(|(_, end)| ENDS.contains(&end))
}

/// Whether a file is the copyright file of a Debian package (Debian Policy, 12.5).
pub(crate) fn is_debian_copyright(path: &str) -> bool {
    let inner = path
        .strip_prefix("usr/share/doc/")
        .and_then(|path| path.strip_suffix("/copyright"));
    inner.is_some_and(|package| !package.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licence_files_are_known_by_name() {
        for name in [
            "LICENSE",
            "a/LICENSE.txt",
            "COPYING",
            "COPYING.LESSER",
            "LICENSE-MIT",
            "NOTICE",
            "LICENSES",
            "usr/share/doc/bash/copyright",
            "licence.md",
            "LICENSE.APACHE",
        ] {
            assert!(is_license_file(name), "{name}");
        }
        for name in [
            "licensed",
            "license.py",
            "noticeboard.txt",
            "LICENSE.so",
            "license.json",
            "c",
        ] {
            assert!(!is_license_file(name), "{name}");
        }
        for name in ["NOTICE", "a/notice.txt", "NOTICES", "NOTICE-other"] {
            assert!(is_notice(name), "{name}");
        }
        for name in ["LICENSE", "NOTICE/LICENSE", "notice.py", "noticeboard"] {
            assert!(!is_notice(name), "{name}");
        }
        for name in ["README", "a/readme.md", "README-de.txt"] {
            assert!(is_readme(name) && !is_license_file(name), "{name}");
        }
        for name in ["READMES", "README.py", "a/README/b"] {
            assert!(!is_readme(name), "{name}");
        }
    }

    #[test]
    fn copyright_files_are_known_by_place() {
        assert!(is_debian_copyright("usr/share/doc/bash/copyright"));
        assert!(!is_debian_copyright("usr/share/doc/a/b/copyright"));
        assert!(!is_debian_copyright("opt/copyright"));
    }
}
