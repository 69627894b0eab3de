//! The recipes that Spack keeps beside a spec: `.spack/repos/…/NAME/package.py`.
//!
//! Of a recipe, which is a program in Python, only the directive `license("SPDX", …)` is
//! read, and nothing is run. One that holds for a range of versions says so by `when="@A:B"`;
//! what depends on anything else is left out.

use hpcctl_license_db::declared;

use crate::catalog::{Declared, Found, Source, Versions};

/// Directives of one recipe that are read.
const MOST: usize = 100;

/// Reads the licences that a recipe declares.
pub(super) fn read(source: &Source<'_>, found: &mut Found) {
    let Some((prefix, rest)) = source.path.split_once("/.spack/repos/") else {
        return;
    };
    let Some(name) = rest.rsplit('/').nth(1) else {
        return;
    };
    // Modules of Python cannot be named `py-numpy` or `7zip`.
    let name = name.trim_start_matches('_').replace('_', "-");
    let text = String::from_utf8_lossy(source.bytes);
    let directives = text.match_indices("license(").take(MOST);
    for (at, word) in directives.filter(|(at, _)| begins_line(&text, *at)) {
        let Some((license, when)) = arguments(&text[at + word.len()..]) else {
            continue;
        };
        let versions = match when.as_deref().map(range) {
            None => None,
            Some(Some(versions)) => Some(versions),
            Some(None) => continue,
        };
        if let Some(expression) = declared::free_text(&license) {
            found.declared.push(Declared {
                name: name.clone(),
                prefix: prefix.to_owned(),
                versions,
                expression,
            });
        }
    }
}

/// Whether nothing but space is before a place in its line.
fn begins_line(text: &str, at: usize) -> bool {
    let before = text[..at].rsplit('\n').next().unwrap_or_default();
    before.trim().is_empty()
}

/// The first argument, and that of `when`.
fn arguments(text: &str) -> Option<(String, Option<String>)> {
    let (first, mut rest) = string(text)?;
    let mut when = None;
    loop {
        rest = rest.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(rest) => rest.trim_start(),
            None => break,
        };
        let Some((key, value)) = rest.split_once('=').filter(|(key, _)| key.len() < 40) else {
            break;
        };
        let Some((value, after)) = string(value) else {
            break;
        };
        if key.trim() == "when" {
            when = Some(value);
        }
        rest = after;
    }
    Some((first, when))
}

/// The text of a string literal, and what follows it; adjacent literals are one.
fn string(text: &str) -> Option<(String, &str)> {
    let mut rest = text.trim_start();
    let mut value = String::new();
    let mut any = false;
    while let Some(quote) = rest
        .chars()
        .next()
        .filter(|first| matches!(first, '"' | '\''))
    {
        let (inner, after) = rest[1..].split_once(quote)?;
        value.push_str(inner);
        rest = after.trim_start();
        any = true;
    }
    any.then_some((value, rest))
}

/// The versions of `@A:B`, `@A:`, `@:B` or `@A`.
fn range(when: &str) -> Option<Versions> {
    let range = when.trim().strip_prefix('@')?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:=".contains(&byte);
    if range.is_empty() || !range.bytes().all(allowed) {
        return None;
    }
    let bound =
        |text: &str| Some(text.trim_start_matches('=').to_owned()).filter(|text| !text.is_empty());
    let (from, to) = range.split_once(':').unwrap_or((range, range));
    Some(Versions {
        from: bound(from),
        to: bound(to),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RECIPE: &str = "class PyFoo(Package):\n    \"\"\"Its license(\"X\") is told below.\"\"\"\n\
        \x20   license(\"Apache-2.0 OR MIT\", checked_by=\"me\")\n\
        \x20   license('BSD-3-Clause',\n        when='@:1.2')\n\
        \x20   license(\"GPL-2.0-only\", when=\"+gpl\")\n    # license(\"ISC\")\n";

    fn read_text(text: &str) -> Found {
        let path = "s/py-foo-1-abc/.spack/repos/spack_repo/builtin/packages/py_foo/package.py";
        let mut found = Found::default();
        read(&Source::whole(path, text.as_bytes()), &mut found);
        found
    }

    #[test]
    fn directives_of_the_body() {
        let found = read_text(RECIPE);
        let [all, old] = &found.declared[..] else {
            panic!("{found:?}")
        };
        assert_eq!((&*all.name, &*all.prefix), ("py-foo", "s/py-foo-1-abc"));
        assert_eq!(
            (&*all.expression, &all.versions),
            ("Apache-2.0 OR MIT", &None)
        );
        assert_eq!(old.expression, "BSD-3-Clause");
        let versions = old.versions.as_ref().unwrap();
        assert_eq!(
            (versions.from.as_deref(), versions.to.as_deref()),
            (None, Some("1.2"))
        );
    }

    proptest! {
        #[test]
        fn any_recipe_is_read(at in any::<prop::sample::Index>(), text in ".{0,8}") {
            let mut at = at.index(RECIPE.len());
            while !RECIPE.is_char_boundary(at) {
                at -= 1;
            }
            let _ = read_text(&format!("{}{text}{}", &RECIPE[..at], &RECIPE[at..]));
            let _ = read_text(&format!("{}{text}", &RECIPE[..at]));
        }
    }
}
