//! The C library: which one a file is made for, and what the versions of glibc's symbols say.

use hpcctl_host::kit::is_loader;
use hpcctl_image::Linkage;

/// A C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Libc {
    /// The GNU C library.
    Glibc,
    /// musl.
    Musl,
}

impl Libc {
    /// The C library that a file is made for; none where it does not tell.
    pub fn of(linkage: &Linkage) -> Option<Self> {
        if let Some(interpreter) = &linkage.interpreter {
            let is_musl = interpreter.contains("ld-musl-");
            return Some(if is_musl { Self::Musl } else { Self::Glibc });
        }
        let needs = |name: &String| name == "libc.so.6" || is_loader(name);
        if linkage.needed.iter().any(needs)
            || linkage.needs.iter().any(|need| need.file == "libc.so.6")
        {
            return Some(Self::Glibc);
        }
        let is_musl = |name: &String| name == "libc.so" || name.starts_with("libc.musl-");
        linkage.needed.iter().any(is_musl).then_some(Self::Musl)
    }

    /// The name that people use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Glibc => "glibc",
            Self::Musl => "musl",
        }
    }
}

/// A release of glibc, such as `GLIBC_2.34`, as numbers that compare.
pub(crate) fn release(version: &str) -> Option<(u32, u32, u32)> {
    let mut parts = version.strip_prefix("GLIBC_")?.split('.');
    let mut next = || parts.next().map_or(Some(0), |part| part.parse().ok());
    Some((next()?, next()?, next()?))
}

/// The newest release of glibc that a file needs.
pub(crate) fn floor(linkage: &Linkage) -> Option<&str> {
    let versions = linkage.needs.iter().flat_map(|need| &need.versions);
    let releases = versions.filter_map(|version| Some((release(&version.name)?, &*version.name)));
    releases.max().map(|(_, name)| name)
}

/// The release of a C library: as it tells itself, or by the versions that it defines.
pub(crate) fn newest(linkage: &Linkage) -> Option<&str> {
    if let Some(release) = &linkage.release {
        return Some(release);
    }
    let releases = linkage
        .defines
        .iter()
        .filter_map(|name| Some((release(name)?, &**name)));
    let newest = releases.max().map(|(_, name)| name);
    newest.map(|name| name.trim_start_matches("GLIBC_"))
}

#[cfg(test)]
mod tests {
    use hpcctl_image::{Need, Version};

    use super::*;

    #[test]
    fn releases_compare_as_numbers() {
        assert!(release("GLIBC_2.4") < release("GLIBC_2.34"));
        assert_eq!(release("GLIBC_2.2.5"), Some((2, 2, 5)));
        assert_eq!(release("GLIBC_PRIVATE"), None);
        let version = |name: &str| Version {
            name: name.into(),
            weak: false,
        };
        let linkage = Linkage {
            needs: vec![Need {
                file: "libc.so.6".into(),
                versions: vec![
                    version("GLIBC_2.4"),
                    version("GLIBC_2.34"),
                    version("GLIBC_2.9"),
                ],
            }],
            ..Linkage::default()
        };
        assert_eq!(floor(&linkage), Some("GLIBC_2.34"));
        assert_eq!(Libc::of(&linkage), Some(Libc::Glibc));
    }

    #[test]
    fn the_interpreter_tells_the_library() {
        let of = |interpreter: &str| {
            Libc::of(&Linkage {
                interpreter: Some(interpreter.into()),
                ..Linkage::default()
            })
        };
        assert_eq!(of("/lib/ld-musl-x86_64.so.1"), Some(Libc::Musl));
        assert_eq!(of("/lib64/ld-linux-x86-64.so.2"), Some(Libc::Glibc));
        assert_eq!(Libc::of(&Linkage::default()), None);
    }
}
