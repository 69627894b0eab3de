//! Installed gems: the specifications that RubyGems writes (`Gem::Specification#to_ruby`).
//!
//! They are Ruby programs, but of one shape: an assignment or a call a line.

use hpcctl_license_db::declared;

use super::{Candidate, Found, Owned, Source, TextsIn, is_word};

/// Reads a specification.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let text = String::from_utf8_lossy(source.bytes);
    let mut found = Found::default();
    let gem = Gem::read(&text);
    if !is_word(&gem.name) || !is_word(&gem.version) || gem.name.contains('/') {
        found.faults.push("it has no name or version".to_owned());
        return found;
    }
    // They end as the block does that they are (`Gem::Specification.new do |s|`).
    if !text.trim_end().ends_with("end") {
        found.faults.push("it breaks off before its end".to_owned());
    }
    // `specifications/NAME-VERSION.gemspec` describes `gems/NAME-VERSION`.
    let (directory, file) = source.path.rsplit_once('/').unwrap_or(("", source.path));
    let home = directory.strip_suffix("/default").unwrap_or(directory);
    let home = home.strip_suffix("specifications").unwrap_or(home);
    let full = file.strip_suffix(".gemspec").unwrap_or(file);
    found.owned.push(Owned {
        of: source.path.to_owned(),
        paths: format!("{home}gems/{full}/\n{home}doc/{full}/\n{home}cache/{full}.gem"),
    });
    found.add(Candidate {
        kind: "gem",
        name: gem.name,
        version: gem.version,
        qualifiers: gem
            .platform
            .map(|platform| ("platform", platform))
            .into_iter()
            .collect(),
        declared: declared::all_of(gem.licenses.iter().map(String::as_str)),
        texts_in: vec![TextsIn::Named(format!("{home}gems/{full}"))],
        supplier: gem.authors.into_iter().next(),
        key: Some(source.path.to_owned()),
        depends: gem.needs,
        ..Candidate::default()
    });
    found
}

#[derive(Debug, Default)]
struct Gem {
    name: String,
    version: String,
    platform: Option<String>,
    licenses: Vec<String>,
    authors: Vec<String>,
    needs: Vec<String>,
}

impl Gem {
    fn read(text: &str) -> Self {
        let mut gem = Self::default();
        // The names in the other branch are for a RubyGems that cannot tell what is for tests.
        let is_divided = text.contains("respond_to? :add_runtime_dependency");
        for line in text.lines().map(str::trim) {
            // A second line of this form names what is to be built.
            if let Some(stub) = line
                .strip_prefix("# stub: ")
                .filter(|_| gem.name.is_empty())
            {
                let mut words = stub.split(' ');
                gem.name = words.next().unwrap_or_default().to_owned();
                gem.version = words.next().unwrap_or_default().to_owned();
                gem.platform = words
                    .next()
                    .filter(|word| *word != "ruby")
                    .map(str::to_owned);
                continue;
            }
            let Some((_, rest)) = line.split_once('.') else {
                continue;
            };
            if let Some((field, value)) = rest.split_once(" = ") {
                match field {
                    "name" if gem.name.is_empty() => {
                        gem.name = strings(value).next().unwrap_or_default().to_owned()
                    }
                    "version" if gem.version.is_empty() => {
                        gem.version = strings(value).next().unwrap_or_default().to_owned();
                    }
                    "license" | "licenses" => {
                        gem.licenses = strings(value).map(str::to_owned).collect()
                    }
                    "author" | "authors" => {
                        gem.authors = strings(value).map(str::to_owned).collect()
                    }
                    _ => {}
                }
            } else if rest.starts_with("add_runtime_dependency")
                || (!is_divided && rest.starts_with("add_dependency"))
            {
                gem.needs.extend(strings(rest).next().map(str::to_owned));
            }
        }
        gem
    }
}

/// The strings of a line: `"a"`, `'a'`, `%q<a>`.
fn strings(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let at = text.find(['"', '\'', '%'])?;
        let (open, close) = match text.as_bytes().get(at)? {
            b'"' => (1, '"'),
            b'\'' => (1, '\''),
            _ if text[at..].starts_with("%q<") => (3, '>'),
            _ => (1, '%'),
        };
        let rest = &text[at + open..];
        let end = rest.find(close)?;
        text = &rest[end + 1..];
        Some(&rest[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Found {
        parse(&Source::whole(
            "usr/lib/ruby/gems/3.1.0/specifications/a-b-1.2.3.gemspec",
            text.as_bytes(),
        ))
    }

    #[test]
    fn a_specification() {
        let found = read(
            "# -*- encoding: utf-8 -*-\n# stub: a-b 1.2.3 x86_64-linux lib\n# stub: ext/a/extconf.rb\n\nGem::Specification.new do |s|\n  \
             s.name = \"a-b\".freeze\n  s.version = \"1.2.3\"\n  s.authors = [\"A One\".freeze, \"B\".freeze]\n  \
             s.licenses = [\"Ruby\".freeze, \"BSD-2-Clause\".freeze]\n  if s.respond_to? :add_runtime_dependency then\n    \
             s.add_runtime_dependency(%q<rack>.freeze, [\">= 1\"])\n    s.add_development_dependency(%q<rake>.freeze, [\">= 0\"])\n  \
             else\n    s.add_dependency(%q<rake>.freeze, [\">= 0\"])\n  end\nend\n",
        );
        let gem = &found.packages[0];
        assert_eq!((&*gem.name, &*gem.version), ("a-b", "1.2.3"));
        assert_eq!(gem.qualifiers, [("platform", "x86_64-linux".to_owned())]);
        assert_eq!(gem.declared.as_deref(), Some("Ruby AND BSD-2-Clause"));
        assert_eq!(gem.supplier.as_deref(), Some("A One"));
        assert_eq!(gem.depends, ["rack"]);
        assert!(
            found.owned[0]
                .paths
                .starts_with("usr/lib/ruby/gems/3.1.0/gems/a-b-1.2.3/\n")
        );
    }

    #[test]
    fn one_without_a_stub_line() {
        let found = read(
            "Gem::Specification.new do |spec|\n  spec.name = 'x'\n  spec.version = Gem::Version.new(\"2\")\n  spec.add_dependency 'y', '~> 1'\nend\n",
        );
        let gem = &found.packages[0];
        assert_eq!(
            (&*gem.name, &*gem.version, &gem.depends[..]),
            ("x", "2", &["y".to_owned()][..])
        );
        assert_eq!(read("nothing").faults.len(), 1);
    }

    proptest! {
        #[test]
        fn any_specification_is_read(text in "(s\\.|name|version| = |\"|'|%q<|>|%|\n|# stub: |a| |add_dependency){0,40}") {
            let _ = read(&text);
        }
    }
}
