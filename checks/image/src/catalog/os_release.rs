//! The distribution, by os-release(5), and by the files that releases before 2012 have in its
//! place: `/etc/redhat-release` and its like.

use serde::{Deserialize, Serialize};

use super::{Found, Source};

/// A distribution.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Distro {
    /// `ID`, such as `debian`.
    pub(crate) id: String,
    /// `VERSION_ID`, where there is one.
    pub(crate) version: Option<String>,
}

impl Distro {
    /// The vendor, as package URLs name it; mostly the `ID`.
    pub(crate) fn vendor(&self) -> &str {
        match &*self.id {
            "rhel" => "redhat",
            id if id.starts_with("opensuse") => "opensuse",
            id => id,
        }
    }
}

/// Reads `ID` and `VERSION_ID`, or what an older file of another form says; of an `os-release` that
/// says nothing, each field may be missing.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let text = String::from_utf8_lossy(source.bytes);
    let name = source.path.rsplit('/').next().unwrap_or("");
    let distro = match name {
        "os-release" => by_keys(&text, "ID", "VERSION_ID"),
        "lsb-release" => by_keys(&text, "DISTRIB_ID", "DISTRIB_RELEASE"),
        "alpine-release" => text.split_ascii_whitespace().next().map(|version| Distro {
            id: "alpine".to_owned(),
            version: plain(version),
        }),
        _ => by_sentence(&text),
    };
    let mut found = Found::default();
    if name == "os-release" && distro.is_none() {
        let is_idle = |line: &str| line.is_empty() || line.starts_with('#') || line.contains('=');
        found.stray_lines(text.lines().filter(|line| !is_idle(line.trim())).count());
        if text.lines().any(|line| line.trim().starts_with("ID=")) {
            found
                .faults
                .push("its ID is none that may be one".to_owned());
        }
    }
    found.distro = distro;
    found
}

/// The distribution of a file of `KEY=VALUE` lines.
fn by_keys(text: &str, id: &str, version: &str) -> Option<Distro> {
    let value = |key: &str| {
        let mut values = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
        plain(values.next()?)
    };
    value(id).map(|id| Distro {
        id,
        version: value(version),
    })
}

/// The distribution of a file such as `/etc/redhat-release`: `CentOS release 6.10 (Final)`.
fn by_sentence(text: &str) -> Option<Distro> {
    /// How such a sentence begins, and the `ID` that later releases have.
    const NAMES: [(&str, &str); 9] = [
        ("AlmaLinux", "almalinux"),
        ("Amazon Linux", "amzn"),
        ("CentOS", "centos"),
        ("Fedora", "fedora"),
        ("Oracle Linux", "ol"),
        ("Red Hat Enterprise Linux", "rhel"),
        ("Rocky Linux", "rocky"),
        ("SUSE Linux Enterprise Server", "sles"),
        ("Scientific Linux", "scientific"),
    ];
    let line = text.lines().next()?;
    let (name, id) = NAMES.iter().find(|(name, _)| line.starts_with(name))?;
    let is_version = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit());
    Some(Distro {
        id: (*id).to_owned(),
        version: line[name.len()..]
            .split_ascii_whitespace()
            .find(is_version)
            .and_then(plain),
    })
}

/// A value that may go into a purl.
fn plain(value: &str) -> Option<String> {
    let value = value.trim().trim_matches(['"', '\'']);
    let plain = value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    (plain && !value.is_empty() && value.len() <= 64).then(|| value.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distro(text: &str) -> Option<(String, Option<String>)> {
        let source = Source::whole("etc/os-release", text.as_bytes());
        parse(&source)
            .distro
            .map(|distro| (distro.id, distro.version))
    }

    #[test]
    fn id_and_version() {
        let text = "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n";
        assert_eq!(distro(text), Some(("debian".into(), Some("12".into()))));
        assert_eq!(distro("ID='arch'\n"), Some(("arch".into(), None)));
        assert_eq!(distro("ID=a b\n"), None);
        assert_eq!(distro(""), None);
    }

    #[test]
    fn older_files() {
        let of = |name: &str, text: &str| {
            let path = format!("etc/{name}");
            let found = parse(&Source::whole(&path, text.as_bytes()));
            found.distro.map(|distro| (distro.id, distro.version))
        };
        let known = |id: &str, version: &str| Some((id.to_owned(), Some(version.to_owned())));
        assert_eq!(
            of("centos-release", "CentOS release 6.10 (Final)\n"),
            known("centos", "6.10")
        );
        let rhel = "Red Hat Enterprise Linux Server release 6.9 (Santiago)\n";
        assert_eq!(of("redhat-release", rhel), known("rhel", "6.9"));
        assert_eq!(of("alpine-release", "3.4.6\n"), known("alpine", "3.4.6"));
        let lsb = "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=10.04\n";
        assert_eq!(of("lsb-release", lsb), known("ubuntu", "10.04"));
        assert_eq!(of("some-release", "Something 1\n"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read(
            bytes in proptest::collection::vec(proptest::arbitrary::any::<u8>(), 0..100),
            name in "os|lsb|alpine|redhat",
        ) {
            let _ = parse(&Source::whole(&format!("etc/{name}-release"), &bytes));
        }
    }
}
