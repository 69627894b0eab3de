//! The main section of `META-INF/MANIFEST.MF` (the JAR File Specification), and
//! `pom.properties` as Maven's archiver writes it.

use hpcctl_license_db::declared;

/// The attributes of the main section.
#[derive(Debug, Default)]
pub(super) struct Manifest(Vec<(String, String)>);

impl Manifest {
    /// Reads the main section; a line that begins with a blank goes on from the one before.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut attributes: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            if line.is_empty() {
                break;
            }
            if let Some(rest) = line.strip_prefix(' ') {
                if let Some((_, value)) = attributes.last_mut() {
                    value.push_str(rest);
                }
            } else if let Some((name, value)) = line.split_once(':') {
                attributes.push((name.to_owned(), value.trim_start().to_owned()));
            }
        }
        Self(attributes)
    }

    /// The value of an attribute, where it says something.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut found = self
            .0
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let value = found.next()?.1.trim();
        (!value.is_empty() && !value.contains("${")).then_some(value)
    }

    /// The first of the attributes that says something.
    pub(super) fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }

    /// The licences of a bundle (OSGi Core, 3.2.1.10): names or addresses with attributes behind,
    /// divided by commas, which a name may have as well.
    pub(super) fn bundle_license(&self) -> Option<String> {
        let header = self.get("Bundle-License")?;
        if !header.contains([';', '"']) && !header.contains("://") {
            return declared::any_of([header]);
        }
        let mut is_quoted = false;
        let parts = header.split(|character: char| {
            is_quoted ^= character == '"';
            character == ',' && !is_quoted
        });
        let bare = parts.map(|part| {
            part.split(';')
                .next()
                .unwrap_or(part)
                .trim_matches([' ', '"'])
        });
        declared::all_of(bare)
    }

    /// Whether there is any attribute.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The coordinates of a Maven artifact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Coordinates {
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) version: String,
}

/// Reads a `pom.properties`; none where a coordinate is missing or was never filled in.
pub(super) fn properties(bytes: &[u8]) -> Option<Coordinates> {
    let text = String::from_utf8_lossy(bytes);
    let value = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once('='));
        let (_, value) = lines.find(|(key, _)| key.trim() == name)?;
        let value = value.trim();
        crate::catalog::is_word(value)
            .then(|| value.to_owned())
            .filter(|value| !value.contains("${"))
    };
    Some(Coordinates {
        group: value("groupId")?,
        artifact: value("artifactId")?,
        version: value("version")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_attributes_of_the_main_section() {
        let manifest = Manifest::read(
            b"Manifest-Version: 1.0\r\nBundle-Name: a long\r\n er name\r\nX: ${y}\r\n\r\nName: a\r\nZ: 1\r\n",
        );
        assert_eq!(manifest.get("bundle-name"), Some("a longer name"));
        assert_eq!((manifest.get("X"), manifest.get("Z")), (None, None));
    }

    #[test]
    fn coordinates() {
        let read = properties(b"#comment\nversion=1.0\r\ngroupId = org.a\nartifactId=b\n").unwrap();
        assert_eq!(
            (&*read.group, &*read.artifact, &*read.version),
            ("org.a", "b", "1.0")
        );
        assert_eq!(properties(b"version=${v}\ngroupId=a\nartifactId=b\n"), None);
        assert_eq!(properties(b"groupId=a\n"), None);
    }

    #[test]
    fn licences_of_bundles() {
        let read = |header: &str| {
            let text = format!("Bundle-License: {header}\n");
            Manifest::read(text.as_bytes()).bundle_license()
        };
        let apache = "The Apache Software License, Version 2.0";
        assert_eq!(read(apache).as_deref(), Some("Apache-2.0"));
        let two = "https://opensource.org/licenses/MIT;description=MIT,\"Apache-2.0\";link=x";
        assert_eq!(read(two).as_deref(), Some("MIT AND Apache-2.0"));
        assert_eq!(read("LICENSE.txt"), None);
    }
}
