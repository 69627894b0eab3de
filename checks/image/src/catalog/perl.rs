//! Installed distributions of CPAN: what cpanm keeps of each (`.meta/NAME-VERSION/MYMETA.json`,
//! CPAN::Meta::Spec(3)), the log `perllocal.pod` of MakeMaker, and the lists of files
//! `auto/NAME/.packlist` (ExtUtils::Packlist(3)).
//!
//! A list is named after a module, which need not be what its distribution is called, and has no
//! version: of one that neither of the others tells, the files are nobody's.

use hpcctl_license_db::declared;
use serde::Deserialize;

use super::json::{self, Keys, Names, Text};
use super::{Candidate, Found, Owned, Source, is_word};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    name: Text,
    version: Text,
    license: Names,
    author: Names,
    prereqs: Prereqs,
    provides: Keys,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Prereqs {
    runtime: Phase,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Phase {
    requires: Keys,
}

/// Reads a file by its name.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let name = source.path.rsplit('/').next().unwrap_or(source.path);
    match name {
        "perllocal.pod" => log(&String::from_utf8_lossy(source.bytes)),
        ".packlist" => packlist(source),
        _ => meta(source),
    }
}

fn meta(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    match json::read::<Meta>(source) {
        Ok(meta) => match candidate(&meta.name.0, &meta.version.0) {
            Some(mut package) if !package.version.is_empty() => {
                package.declared =
                    declared::perl::license(meta.license.0.iter().map(String::as_str));
                package.supplier = meta
                    .author
                    .0
                    .into_iter()
                    .find(|name| !name.is_empty() && name != "unknown");
                let needs = meta.prereqs.runtime.requires.0.into_iter();
                package.depends = needs.filter(|need| need != "perl").collect();
                package.provides.extend(meta.provides.0);
                let home = source.path.rsplit_once('/').map_or("", |(head, _)| head);
                found.owned.push(Owned {
                    of: package.name.clone(),
                    paths: format!("{home}/"),
                });
                found.add(package);
            }
            _ => found.faults.push("it has no name or version".to_owned()),
        },
        Err(fault) => found.faults.push(fault),
    }
    found
}

/// A distribution; its main module has its name, and others need it by that.
fn candidate(name: &str, version: &str) -> Option<Candidate> {
    let is_name = |name: &str| is_word(name) && !name.contains(['/', ':']);
    let is_version = version.is_empty() || is_word(version);
    (is_name(name) && is_version).then(|| Candidate {
        kind: "cpan",
        name: name.to_owned(),
        version: version.to_owned(),
        provides: vec![name.replace('-', "::")],
        ..Candidate::default()
    })
}

/// The log: `=head2 DATE: C<Module> L<Foo::Bar|Foo::Bar>`, then an item with the version, which
/// may be none.
fn log(text: &str) -> Found {
    let mut found = Found::default();
    let mut module = None;
    let (mut is_log, mut broken) = (text.trim().is_empty(), 0);
    for line in text.lines() {
        if line.starts_with("=head2 ") {
            is_log = true;
            broken += usize::from(module.is_some());
            let link = line.split_once("C<Module> L<").map(|(_, link)| link);
            broken += usize::from(link.is_none());
            module = link
                .and_then(|link| link.split(['|', '>']).next())
                .map(|name| name.replace("::", "-"));
        } else if let Some((_, rest)) = line.split_once("C<VERSION: ") {
            let version = rest.split('>').next().unwrap_or_default();
            // As MakeMaker writes that there is none.
            let version = if version == "undef" { "" } else { version };
            let Some(name) = module.take() else {
                continue;
            };
            let Some(package) = candidate(&name, version) else {
                broken += 1;
                continue;
            };
            // A newer one took the place of one of the same name.
            found.packages.retain(|other| other.name != package.name);
            found.add(package);
        }
    }
    if !is_log {
        found.faults.push("it has no entry of a log".to_owned());
    }
    found.broken_stanzas(broken + usize::from(module.is_some()));
    found
}

/// The files of the distribution whose directory below `auto` this is.
fn packlist(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    let module = source
        .path
        .rsplit_once("/auto/")
        .and_then(|(_, below)| below.strip_suffix("/.packlist"));
    if let Some(module) = module {
        let text = String::from_utf8_lossy(source.bytes);
        let is_path = |line: &&str| line.starts_with('/');
        found.stray_lines(text.lines().filter(|line| !is_path(line)).count());
        // Behind a path its kind and where it is linked from may stand.
        let paths = text
            .lines()
            .filter(is_path)
            .map(|line| line.split(" type=").next().unwrap_or(line));
        let own = std::iter::once(source.path);
        found.owned.push(Owned {
            of: Owned::provided("cpan", &module.replace('/', "::")),
            paths: paths.chain(own).collect::<Vec<_>>().join("\n"),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(path: &str, text: &str) -> Found {
        parse(&Source::whole(path, text.as_bytes()))
    }

    #[test]
    fn what_cpanm_keeps() {
        let found = read(
            "usr/local/lib/perl5/x/.meta/Try-Tiny-0.31/MYMETA.json",
            r#"{"name":"Try-Tiny","version":"0.31","license":["mit"],"author":["A <a@example.org>"],
                "prereqs":{"runtime":{"requires":{"perl":"5.006","Carp":"0"}},"test":{"requires":{"X":"0"}}}}"#,
        );
        let package = &found.packages[0];
        assert_eq!((&*package.name, &*package.version), ("Try-Tiny", "0.31"));
        assert_eq!(package.declared.as_deref(), Some("MIT"));
        assert_eq!(
            (&package.depends[..], &package.provides[..]),
            (&["Carp".to_owned()][..], &["Try::Tiny".to_owned()][..])
        );
        assert_eq!(read("a/MYMETA.json", "{}").faults.len(), 1);
        assert_eq!(read("a/MYMETA.json", "{").faults.len(), 1);
    }

    #[test]
    fn the_log_and_the_lists() {
        let entry = |version: &str| {
            format!(
                "=head2 Mon: C<Module> L<Foo::Bar|Foo::Bar>\n\n=over 4\n\n=item *\n\nC<VERSION: {version}>\n\n=back\n\n"
            )
        };
        let found = read(
            "usr/local/lib/perl/perllocal.pod",
            &format!("{}{}", entry("1.0"), entry("1.1")),
        );
        assert_eq!(found.versions(), [("Foo-Bar", "1.1")]);
        let list = read(
            "usr/local/lib/perl/auto/Foo/Bar/.packlist",
            "/usr/a.pm\n/usr/b.so type=file\n",
        );
        assert_eq!(
            (&*list.owned[0].of, &*list.owned[0].paths),
            (
                "cpan|Foo::Bar",
                "/usr/a.pm\n/usr/b.so\nusr/local/lib/perl/auto/Foo/Bar/.packlist"
            )
        );
    }

    proptest! {
        #[test]
        fn any_file_is_read(text in "(=head2 |C<Module> L<|C<VERSION: |>|A::B|\n|\\{|\\}|\"name\"|:){0,40}") {
            for path in ["perllocal.pod", "a/auto/B/.packlist", "MYMETA.json"] {
                let _ = read(path, &text);
            }
        }
    }
}
