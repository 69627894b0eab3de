//! Packages of Portage, the package manager of Gentoo: `/var/db/pkg/CATEGORY/NAME-VERSION`.
//!
//! A directory a package, with a file a variable (portage(5)); the forms of names, versions
//! and dependencies are those of the Package Manager Specification (3 and 8). Each file is
//! read by itself: `PF` and `CONTENTS` tell the package, whichever is there, `LICENSE` and
//! `RDEPEND` what else is known of it.

use hpcctl_license_db::declared;

use super::{Candidate, Found, Needs, Owned, Source, TextsIn};

/// Groups in a list of dependencies are not nested deeper.
const MAX_DEPTH: usize = 32;

/// Reads one of the files of a package.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    let Some((directory, file)) = source.path.rsplit_once('/') else {
        return found;
    };
    let text = String::from_utf8_lossy(source.bytes);
    match file {
        "LICENSE" => found.license = declared::gentoo::license(&text),
        "RDEPEND" => {
            let (names, fault) = needs(&text);
            found.faults.extend(fault.map(str::to_owned));
            let of = directory.to_owned();
            found.needs.push(Needs { of, names });
        }
        _ => match package(directory) {
            Some(package) => found.add(package),
            // Portage puts what it is about to install under a name that begins so.
            None if directory.contains("/-MERGING-") => {}
            None => found
                .faults
                .push("its directory is not named after a package".to_owned()),
        },
    }
    let full = directory.rsplit('/').next().unwrap_or(directory);
    if file == "PF" && text.trim() != full && !found.packages.is_empty() {
        let fault = "it names another package than its directory";
        found.faults.push(fault.to_owned());
    }
    if file == "CONTENTS" {
        let entries: Vec<Option<Entry<'_>>> = text.lines().map(Entry::of).collect();
        found.stray_lines(entries.iter().filter(|entry| entry.is_none()).count());
        let paths = entries.iter().flatten().filter_map(|entry| entry.file);
        let mut paths: String = paths.flat_map(|path| [path, "\n"]).collect();
        paths.push_str(directory);
        paths.push('/');
        let of = directory.to_owned();
        found.owned.push(Owned { of, paths });
    }
    found
}

fn package(directory: &str) -> Option<Candidate> {
    let mut names = directory.rsplit('/');
    let (full, category) = (names.next()?, names.next()?);
    let (name, version) = split(full)?;
    Some(Candidate {
        kind: "ebuild",
        name: format!("{category}/{name}"),
        purl_name: Some(name.to_owned()),
        namespace: Some(category.to_owned()),
        version: version.to_owned(),
        declared_in: Some(format!("{directory}/LICENSE")),
        texts_in: vec![TextsIn::Named(format!("usr/share/doc/{full}"))],
        key: Some(directory.to_owned()),
        ..Candidate::default()
    })
}

/// Splits `NAME-VERSION`, where the version may end in a revision such as `-r1`.
fn split(full: &str) -> Option<(&str, &str)> {
    let is_revision = |end: &str| {
        let digits = end.strip_prefix('r').unwrap_or("");
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let (mut name, last) = full.rsplit_once('-')?;
    if is_revision(last) {
        name = name.rsplit_once('-')?.0;
    }
    let version = full.get(name.len() + 1..)?;
    let is_name = name.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_');
    (is_name && version.starts_with(|first: char| first.is_ascii_digit()))
        .then_some((name, version))
}

/// A line of a `CONTENTS`: `obj PATH MD5 TIME`, `sym PATH -> TARGET TIME`, or another kind with
/// its path (portage(5)).
struct Entry<'t> {
    /// The path of a file or a link.
    file: Option<&'t str>,
}

impl<'t> Entry<'t> {
    fn of(line: &'t str) -> Option<Self> {
        let (kind, rest) = line.split_once(' ')?;
        let is_time = |time: &str| time.bytes().all(|byte| byte.is_ascii_digit());
        let timed = || rest.rsplit_once(' ').filter(|(_, time)| is_time(time));
        let file = match kind {
            "obj" => Some(timed()?.0.rsplit_once(' ')?.0),
            "sym" => Some(timed()?.0.split_once(" -> ")?.0),
            "dir" | "fif" | "dev" => None,
            _ => return None,
        };
        Some(Self { file })
    }
}

/// What a list of dependencies asks for; of a group that depends on a flag nothing, since
/// Portage resolves those when it installs; and what is wrong with the list.
fn needs(text: &str) -> (Vec<String>, Option<&'static str>) {
    let mut needs = Vec::new();
    let mut fault = None;
    // What each open group does: gather alternatives, leave out, or neither.
    let mut groups: Vec<Group> = Vec::new();
    let mut next = Group::All;
    for word in text.split_ascii_whitespace() {
        match word {
            "||" => next = Group::Any(Vec::new()),
            "(" if groups.len() >= MAX_DEPTH => {
                return (needs, Some("its groups are nested too deep"));
            }
            "(" => groups.push(std::mem::replace(&mut next, Group::All)),
            ")" => {
                if let Some(Group::Any(names)) = groups.pop() {
                    take(&mut needs, &mut groups, names.join("|"));
                }
            }
            _ if word.ends_with('?') => next = Group::None,
            _ if !word.contains('/') => fault = Some("it asks for what is no package"),
            _ => {
                if let Some(name) = atom(word) {
                    take(&mut needs, &mut groups, name.to_owned());
                }
            }
        }
    }
    if !groups.is_empty() {
        fault = Some("a group in it is not closed");
    }
    (needs, fault)
}

enum Group {
    All,
    Any(Vec<String>),
    None,
}

/// Puts a name into the innermost group of alternatives, or into the list.
fn take(needs: &mut Vec<String>, groups: &mut [Group], name: String) {
    if name.is_empty() || groups.iter().any(|group| matches!(group, Group::None)) {
        return;
    }
    let innermost = groups.iter_mut().rev().find_map(|group| match group {
        Group::Any(names) => Some(names),
        _ => None,
    });
    innermost.unwrap_or(needs).push(name);
}

/// The category and name that an atom asks for; none for one that blocks.
fn atom(word: &str) -> Option<&str> {
    let bare = word.trim_start_matches(['<', '>', '=', '~']);
    let bare_end = bare.find([':', '[']).unwrap_or(bare.len());
    let name = &bare[..bare_end];
    let is_versioned = word.len() > bare.len();
    let (category, full) = name.split_once('/').filter(|_| !word.starts_with('!'))?;
    if !is_versioned {
        return Some(name);
    }
    let (package, _) = split(full.trim_end_matches('*'))?;
    name.get(..category.len() + 1 + package.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AT: &str = "var/db/pkg/dev-libs/openssl-3.0.13-r2";

    fn read(file: &str, text: &str) -> Found {
        parse(&Source::whole(&format!("{AT}/{file}"), text.as_bytes()))
    }

    #[test]
    fn a_package_is_named_by_its_directory() {
        for file in ["PF", "CONTENTS"] {
            let found = read(file, "");
            let [openssl] = &found.packages[..] else {
                panic!("{found:?}")
            };
            assert_eq!(
                (&*openssl.name, &*openssl.version),
                ("dev-libs/openssl", "3.0.13-r2")
            );
            assert_eq!(openssl.namespace.as_deref(), Some("dev-libs"));
            assert_eq!(openssl.key.as_deref(), Some(AT));
        }
        let merging = parse(&Source::whole("var/db/pkg/a/-MERGING-b-1/PF", b""));
        assert_eq!(merging, Found::default());
        let odd = parse(&Source::whole("var/db/pkg/a/b/PF", b""));
        assert_eq!((odd.packages.len(), odd.faults.len()), (0, 1));
    }

    #[test]
    fn names_and_versions() {
        for (full, parts) in [
            ("gtk+-2.24.33-r3", Some(("gtk+", "2.24.33-r3"))),
            ("font-misc-misc-1.1.3", Some(("font-misc-misc", "1.1.3"))),
            ("pkg-1.0_rc2_p3", Some(("pkg", "1.0_rc2_p3"))),
            ("x-r1-2", Some(("x-r1", "2"))),
            ("x-r1", None),
            ("x", None),
            ("-1", None),
        ] {
            assert_eq!(split(full), parts, "{full}");
        }
    }

    #[test]
    fn files_licence_and_needs() {
        let contents = "dir /usr\nobj /usr/a b 0123 17\nsym /usr/l -> a b 17\nfif /x\nobj /short\n";
        let found = read("CONTENTS", contents);
        assert_eq!(found.owned[0].paths, format!("/usr/a b\n/usr/l\n{AT}/"));
        // The last line is cut.
        assert_eq!(found.faults.len(), 1);
        assert_eq!(
            read("LICENSE", "|| ( MIT BSD )\n").license.as_deref(),
            Some("MIT OR BSD-3-Clause")
        );
        let needs = read(
            "RDEPEND",
            ">=sys-libs/zlib-1.2:0=[static] || ( a/b-c ( =d/e-1* f/g ) ) !h/i flag? ( j/k ) ~l/m-2-r1 n/o:=",
        );
        assert_eq!(needs.faults, [""; 0]);
        assert_eq!(needs.needs[0].of, AT);
        assert_eq!(
            needs.needs[0].names,
            ["sys-libs/zlib", "a/b-c|d/e|f/g", "l/m", "n/o"]
        );
    }

    proptest! {
        #[test]
        fn any_list_is_read(text in "(\\|\\||\\(|\\)|x\\?|[a-z<>=!~:\\[/-]{0,5}| |1){0,60}") {
            let _ = (needs(&text), Entry::of(&text).is_some(), split(&text));
        }

        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200), file in "PF|CONTENTS|LICENSE|RDEPEND") {
            let _ = parse(&Source::whole(&format!("{AT}/{file}"), &bytes));
        }
    }
}
