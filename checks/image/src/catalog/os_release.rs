//! The distribution, by os-release(5).

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

/// Reads `ID` and `VERSION_ID`.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let text = String::from_utf8_lossy(source.bytes);
    let value = |key: &str| {
        let mut values = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
        let value = values.next()?.trim().trim_matches(['"', '\'']);
        let plain = value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        (plain && !value.is_empty() && value.len() <= 64).then(|| value.to_lowercase())
    };
    let distro = value("ID").map(|id| Distro {
        id,
        version: value("VERSION_ID"),
    });
    Found {
        distro,
        ..Found::default()
    }
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
}
