//! Which artifact an archive is: by its `pom.properties`, else by its manifest and its name.

use super::manifest::{Coordinates, Manifest};
use crate::catalog::is_word;

/// A name and perhaps a version, taken from the name of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileName {
    pub(super) artifact: String,
    pub(super) version: Option<String>,
}

/// What may follow the number of a version; what else follows is a classifier.
const QUALIFIERS: [&str; 18] = [
    "alpha",
    "android",
    "beta",
    "cr",
    "final",
    "ga",
    "incubating",
    "jbossorg",
    "jdk",
    "jre",
    "m",
    "pre",
    "rc",
    "redhat",
    "release",
    "scala",
    "snapshot",
    "sp",
];

impl FileName {
    /// Reads `ARTIFACT[-VERSION[-CLASSIFIER]].jar`, or a bundle's `NAME_VERSION.jar`.
    pub(super) fn read(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let parts: Vec<&str> = stem.split('-').collect();
        let is_number = |part: &&str| part.starts_with(|first: char| first.is_ascii_digit());
        let last = |is_one: &dyn Fn(&&str) -> bool| {
            let place = parts.iter().rposition(is_one);
            place.filter(|at| *at > 0)
        };
        // `2.19.0` rather than the `1` of `9.9.0-scala-1`.
        let dotted = last(&|part| is_number(part) && part.contains('.'));
        let Some(last) = dotted.or_else(|| last(&|part| is_number(part))) else {
            return Self::bundle(stem);
        };
        let mut first = last;
        while first > 1 && is_number(&parts[first - 1]) {
            first -= 1;
        }
        let is_qualifier = |part: &&&str| {
            let lower = part.to_ascii_lowercase();
            let word = lower.trim_end_matches(|end: char| end.is_ascii_digit() || end == '.');
            is_number(part) || QUALIFIERS.contains(&word)
        };
        let tail = parts[last + 1..].iter().take_while(is_qualifier).count();
        let version = parts[first..=last + tail].join("-");
        Self {
            artifact: parts[..first].join("-"),
            // `3.x` is a name of a series.
            version: Some(version).filter(|version| !version.ends_with(".x")),
        }
    }

    fn bundle(stem: &str) -> Self {
        let split = stem.split_once('_').filter(|(name, version)| {
            name.contains('.') && version.starts_with(|first: char| first.is_ascii_digit())
        });
        let (artifact, version) = split.unwrap_or((stem, ""));
        Self {
            artifact: artifact.to_owned(),
            version: Some(version.to_owned()).filter(|version| !version.is_empty()),
        }
    }
}

/// What an archive itself is, as far as it is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) group: Option<String>,
    pub(super) artifact: String,
    pub(super) version: String,
}

/// The coordinates among those in the archive that are the archive's own; others are of what
/// was put into it.
pub(super) fn own<'a>(
    poms: &'a [Coordinates],
    file: &FileName,
    manifest: &Manifest,
) -> Option<&'a Coordinates> {
    let bundle = bundle_name(manifest);
    let title = manifest.get("Implementation-Title");
    let score = |pom: &&Coordinates| {
        let artifact = &*pom.artifact;
        let is_version = file.version.as_deref() == Some(&*pom.version);
        // Debian's files have hyphens only.
        let is_file = file.artifact.replace('_', "-") == artifact.replace('_', "-");
        let dotted = format!("{}.{artifact}", pom.group);
        let is_bundle = bundle.is_some_and(|bundle| {
            bundle == artifact
                || bundle == pom.group
                || bundle == dotted
                || bundle.replace('.', "-").ends_with(artifact)
        });
        match (is_file, is_version) {
            (true, true) => 5,
            (true, false) => 4,
            _ if title == Some(artifact) || is_bundle => 3,
            (false, true) if related(&file.artifact, artifact) => 2,
            (false, _) if related(&file.artifact, artifact) && poms.len() == 1 => 1,
            _ => 0,
        }
    };
    let best = poms
        .iter()
        .max_by_key(|pom| (score(pom), std::cmp::Reverse(*pom)));
    best.filter(|pom| score(pom) > 0)
}

/// Whether one name begins or ends with the other: `junit4` and `junit`, `asm` and `asm-all`.
fn related(a: &str, b: &str) -> bool {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    short.len() > 2 && (long.starts_with(short) || long.ends_with(short))
}

fn bundle_name(manifest: &Manifest) -> Option<&str> {
    let name = manifest.get("Bundle-SymbolicName")?;
    Some(name.split(';').next().unwrap_or(name).trim()).filter(|name| is_word(name))
}

/// The group of an archive that lies in a repository of Maven or a cache of Gradle:
/// `GROUP/ARTIFACT/VERSION/FILE`, the group with slashes, or `files-2.1/GROUP/ARTIFACT/VERSION/HASH/FILE`.
pub(super) fn group_of_place(path: &str) -> Option<String> {
    const REPOSITORIES: [&str; 2] = ["/maven-repo/", "/.m2/repository/"];
    let parts = |inside: &str| inside.split('/').map(str::to_owned).collect::<Vec<_>>();
    let is_named = |artifact: &str, version: &str, file: &str| {
        file.strip_prefix(artifact)
            .and_then(|rest| rest.strip_prefix('-'))
            .is_some_and(|rest| rest.starts_with(version))
    };
    if let Some((_, inside)) = path.split_once("/files-2.1/") {
        let [group, artifact, version, _, file] = &parts(inside)[..] else {
            return None;
        };
        return is_named(artifact, version, file).then(|| group.clone());
    }
    let inside = REPOSITORIES
        .iter()
        .find_map(|place| Some(path.split_once(place)?.1))?;
    let parts = parts(inside);
    let [group @ .., artifact, version, file] = &parts[..] else {
        return None;
    };
    (!group.is_empty() && is_named(artifact, version, file)).then(|| group.join("."))
}

/// What an archive without coordinates of its own is.
pub(super) fn guessed(file: &FileName, manifest: &Manifest) -> Identity {
    const VERSIONS: [&str; 4] = [
        "Implementation-Version",
        "Bundle-Version",
        "Specification-Version",
        "Plugin-Version",
    ];
    let written = manifest
        .first(&VERSIONS)
        .map(first_word)
        .filter(|version| is_word(version));
    let version = file.version.as_deref().or(written).unwrap_or_default();
    let title = manifest
        .get("Implementation-Title")
        .filter(|title| is_artifact(title));
    let artifact = match (&file.version, title) {
        // A file without a version may have been given any name.
        (None, Some(title))
            if related(
                &file.artifact.replace(['-', '_'], ""),
                &title.replace(['-', '_'], ""),
            ) || is_series(&file.artifact, title) =>
        {
            title
        }
        _ => &file.artifact,
    };
    let (before, artifact) = divided(artifact, manifest);
    let group = before.or_else(|| group(artifact, manifest));
    Identity {
        group: group.map(str::to_owned),
        artifact: artifact.to_owned(),
        version: version.to_owned(),
    }
}

/// The group and the artifact of a file that sbt's packager named `GROUP.ARTIFACT`; a bundle
/// that has its own dotted name is none.
fn divided<'a>(name: &'a str, manifest: &Manifest) -> (Option<&'a str>, &'a str) {
    const DOMAINS: [&str; 9] = ["com", "de", "dev", "edu", "io", "net", "org", "ch", "fr"];
    let bundle = bundle_name(manifest);
    let vendor = manifest.get("Implementation-Vendor-Id");
    if let Some((vendor, artifact)) = vendor.and_then(|vendor| {
        let artifact = name.strip_prefix(vendor)?.strip_prefix('.')?;
        is_word(artifact).then(|| (&name[..vendor.len()], artifact))
    }) {
        return (Some(vendor), artifact);
    }
    let is_domain = name
        .split('.')
        .next()
        .is_some_and(|first| DOMAINS.contains(&first));
    if !is_domain {
        return (None, name);
    }
    if bundle == Some(name) {
        // Gradle's builders of bundles join group and artifact: `org.jspecify.jspecify`.
        let doubled = name.rsplit_once('.').filter(|(before, last)| {
            let (above, end) = before.rsplit_once('.').unwrap_or_default();
            !above.is_empty() && end == *last
        });
        return doubled.map_or((None, name), |(before, last)| (Some(before), last));
    }
    let inside = bundle.and_then(|bundle| name.strip_suffix(bundle)?.strip_suffix('.'));
    let before = inside.or_else(|| name.rsplit_once('.').map(|(before, _)| before));
    match before.filter(|before| before.contains('.')) {
        Some(before) => (Some(before), &name[before.len() + 1..]),
        None => (None, name),
    }
}

/// `spring3-core-3` and `spring-core`: the same words but for their numbers.
fn is_series(file: &str, title: &str) -> bool {
    let letters =
        |text: &str| -> String { text.chars().filter(char::is_ascii_alphabetic).collect() };
    letters(file).trim_end_matches('x') == letters(title)
}

/// Whether a title is written as the ids of artifacts are.
fn is_artifact(title: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    !title.is_empty() && title.bytes().all(allowed)
}

/// `1.2.3 2020-01-01`: builds write dates and revisions behind a version.
fn first_word(version: &str) -> &str {
    version.split_whitespace().next().unwrap_or_default()
}

/// The group, where the manifest names it: as the id of the vendor, or as the name of the bundle
/// without that of the artifact.
fn group<'a>(artifact: &str, manifest: &'a Manifest) -> Option<&'a str> {
    let is_group = |group: &&str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        group.contains('.') && group.bytes().all(allowed)
    };
    if let Some(vendor) = manifest.get("Implementation-Vendor-Id").filter(is_group) {
        return Some(vendor);
    }
    let bundle = bundle_name(manifest)?;
    let plain = bundle.strip_suffix(artifact)?.strip_suffix('.')?;
    Some(plain).filter(is_group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        let cases = [
            ("a/guava-31.1-jre.jar", "guava", Some("31.1-jre")),
            ("log4j-1.2-api-2.19.0.jar", "log4j-1.2-api", Some("2.19.0")),
            (
                "netty-epoll-4.1.0.Final-linux-x86_64.jar",
                "netty-epoll",
                Some("4.1.0.Final"),
            ),
            (
                "x-1.0-20230101.123456-1.jar",
                "x",
                Some("1.0-20230101.123456-1"),
            ),
            ("x-1.0-SNAPSHOT.jar", "x", Some("1.0-SNAPSHOT")),
            ("x-2.0-RC1-sources.jar", "x", Some("2.0-RC1")),
            (
                "org.eclipse.osgi_3.7.1.R37x.jar",
                "org.eclipse.osgi",
                Some("3.7.1.R37x"),
            ),
            ("module_2.12-1.5.jar", "module_2.12", Some("1.5")),
            ("spring3-core-3.x.jar", "spring3-core", None),
            (
                "scala-asm-9.9.0-scala-1.jar",
                "scala-asm",
                Some("9.9.0-scala-1"),
            ),
            ("app.jar", "app", None),
        ];
        for (path, artifact, version) in cases {
            let read = FileName::read(path);
            assert_eq!(
                (&*read.artifact, read.version.as_deref()),
                (artifact, version),
                "{path}"
            );
        }
    }

    fn coordinates(group: &str, artifact: &str, version: &str) -> Coordinates {
        Coordinates {
            group: group.into(),
            artifact: artifact.into(),
            version: version.into(),
        }
    }

    #[test]
    fn which_coordinates_are_its_own() {
        let poms = [
            coordinates("org.a", "core", "1.0"),
            coordinates("com.b", "shaded", "2.0"),
        ];
        let which = |name: &str, manifest: &str, poms| {
            let manifest = Manifest::read(manifest.as_bytes());
            own(poms, &FileName::read(name), &manifest).map(|pom| pom.artifact.clone())
        };
        assert_eq!(which("core-1.0.jar", "", &poms).as_deref(), Some("core"));
        assert_eq!(
            which(
                "x-1.0.jar",
                "Bundle-SymbolicName: org.a.core;singleton:=true\n",
                &poms
            )
            .as_deref(),
            Some("core")
        );
        let spelt = [coordinates("com.e", "error_prone_core", "2.0")];
        let found = which("error-prone-core.jar", "", &spelt);
        assert_eq!(found.as_deref(), Some("error_prone_core"));
        assert_eq!(which("app-3.0.jar", "", &poms), None);
        // One that was shaded into it does not make it that one.
        assert_eq!(which("app.jar", "", &poms[..1]), None);
        assert_eq!(which("app-3.0.jar", "", &poms[..1]), None);
    }

    #[test]
    fn guesses() {
        let guess = |name: &str, manifest: &str| {
            let manifest = Manifest::read(manifest.as_bytes());
            let Identity {
                group,
                artifact,
                version,
            } = guessed(&FileName::read(name), &manifest);
            (group.unwrap_or_default(), artifact, version)
        };
        let parts = |group: &str, artifact: &str, version: &str| {
            (group.to_owned(), artifact.to_owned(), version.to_owned())
        };
        assert_eq!(
            guess(
                "spring3-core-3.x.jar",
                "Implementation-Title: spring-core\nImplementation-Version: 4.3.30.RELEASE\n"
            ),
            parts("", "spring-core", "4.3.30.RELEASE")
        );
        assert_eq!(
            guess(
                "osgi-1.0.jar",
                "Bundle-SymbolicName: org.eclipse.osgi\nBundle-Version: 1.0.0\n"
            ),
            parts("org.eclipse", "osgi", "1.0")
        );
        assert_eq!(
            guess(
                "a.jar",
                "Implementation-Vendor-Id: com.v\nImplementation-Title: The Title\nImplementation-Version: 2 (r1)\n"
            ),
            parts("com.v", "a", "2")
        );
        assert_eq!(guess("a.jar", ""), parts("", "a", ""));
        assert_eq!(
            guess("org.a.b-c_3-1.0.jar", ""),
            parts("org.a", "b-c_3", "1.0")
        );
        let vendor = "Bundle-SymbolicName: com.t.config\nImplementation-Vendor-Id: com.t\n";
        assert_eq!(
            guess("com.t.config-1.4.jar", vendor),
            parts("com.t", "config", "1.4")
        );
        let bundle = "Bundle-SymbolicName: org.e.osgi\n";
        assert_eq!(
            guess("org.e.osgi-1.0.jar", bundle),
            parts("", "org.e.osgi", "1.0")
        );
        assert_eq!(
            guess("org.p.org.e.osgi-1.0.jar", bundle),
            parts("org.p", "org.e.osgi", "1.0")
        );
        let doubled = "Bundle-SymbolicName: org.j.j\n";
        assert_eq!(
            guess("org.j.j-1.0.jar", doubled),
            parts("org.j", "j", "1.0")
        );
    }

    #[test]
    fn groups_of_places() {
        let cases = [
            (
                "usr/share/maven-repo/org/jsr-305/jsr305/0.1/jsr305-0.1.jar",
                Some("org.jsr-305"),
            ),
            (
                "root/.m2/repository/junit/junit/4.13/junit-4.13-tests.jar",
                Some("junit"),
            ),
            (
                "root/.gradle/caches/modules-2/files-2.1/org.a.b/c/1.0/0f/c-1.0.jar",
                Some("org.a.b"),
            ),
            ("root/.m2/repository/c/1.0/c-1.0.jar", None),
            ("usr/share/maven-repo/org/a/b/1/other-1.jar", None),
            ("usr/share/java/c-1.0.jar", None),
        ];
        for (path, group) in cases {
            assert_eq!(group_of_place(path).as_deref(), group, "{path}");
        }
    }
}
