//! The globs of the table: `*` and `?` inside a name, `[…]` for one of some characters, `**` for
//! any number of directories, `{a,b}` for one of several.

/// A glob of a path, by its parts.
#[derive(Debug)]
pub(super) struct PathGlob {
    parts: Vec<&'static str>,
}

impl PathGlob {
    /// Takes a glob apart; braces are gone already.
    pub(super) fn new(glob: &'static str) -> Self {
        Self {
            parts: glob.split('/').collect(),
        }
    }

    /// Whether it fits the whole path.
    pub(super) fn fits(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        fits_parts(&self.parts, &parts)
    }

    /// Its last part.
    pub(super) fn name(&self) -> &'static str {
        self.parts.last().copied().unwrap_or("")
    }
}

/// As [`fits`], for parts, where `**` stands for any number of them. One star that fails needs
/// no earlier one to be tried again, so the time is bounded by the product of the lengths.
fn fits_parts(globs: &[&str], parts: &[&str]) -> bool {
    let (mut glob, mut part) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while part < parts.len() {
        if globs.get(glob) == Some(&"**") {
            back = Some((glob, part));
            glob += 1;
        } else if globs.get(glob).is_some_and(|one| fits(one, parts[part])) {
            glob += 1;
            part += 1;
        } else if let Some((star, from)) = back {
            back = Some((star, from + 1));
            glob = star + 1;
            part = from + 1;
        } else {
            return false;
        }
    }
    globs[glob..].iter().all(|one| *one == "**")
}

/// Whether a glob of a name fits it; `*` stands for any characters.
pub(super) fn fits(glob: &str, name: &str) -> bool {
    let (glob, name) = (glob.as_bytes(), name.as_bytes());
    let (mut at, mut of) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while of < name.len() {
        if glob.get(at) == Some(&b'*') {
            back = Some((at, of));
            at += 1;
        } else if let Some(next) = one(glob, at, name[of]) {
            at = next;
            of += 1;
        } else if let Some((star, from)) = back {
            back = Some((star, from + 1));
            at = star + 1;
            of = from + 1;
        } else {
            return false;
        }
    }
    glob[at..].iter().all(|byte| *byte == b'*')
}

/// Where the glob goes on when what stands at `at` fits one byte.
fn one(glob: &[u8], at: usize, byte: u8) -> Option<usize> {
    match *glob.get(at)? {
        b'?' => Some(at + 1),
        b'[' => {
            let end = at + glob[at..].iter().position(|byte| *byte == b']')?;
            let set = &glob[at + 1..end];
            let is_in = match set {
                [low, b'-', high] => (*low..=*high).contains(&byte),
                set => set.contains(&byte),
            };
            is_in.then_some(end + 1)
        }
        exact => (exact == byte).then_some(at + 1),
    }
}

/// What a glob begins with before anything is left open.
pub(super) fn literal(glob: &str) -> &str {
    glob.split(['*', '?', '[']).next().unwrap_or("")
}

/// The globs without braces that a glob with them stands for.
pub(super) fn expand(glob: &str) -> Vec<String> {
    let parts = glob.split_once('{').and_then(|(before, rest)| {
        let (choices, after) = rest.split_once('}')?;
        Some((before, choices, after))
    });
    let Some((before, choices, after)) = parts else {
        return vec![glob.to_owned()];
    };
    let choices = choices.split(',');
    choices
        .flat_map(|choice| expand(&format!("{before}{choice}{after}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names() {
        for (glob, name, does) in [
            ("libcudart.so*", "libcudart.so.12", true),
            ("libcudart.so*", "libcudart.so", true),
            ("libcudart.so*", "libcudart_static.a", false),
            ("libocl_svml_??.so", "libocl_svml_z0.so", true),
            ("libgurobi[0-9]*.so*", "libgurobi110.so", true),
            ("libgurobi[0-9]*.so*", "libgurobi_c++.so", false),
            ("vasp.[456].*", "vasp.6.4.2", true),
            ("*a*b*", "xaxbxx", true),
            ("*a*b", "xaxbxx", false),
            ("", "", true),
            ("[", "[", false),
        ] {
            assert_eq!(fits(glob, name), does, "{glob} {name}");
        }
    }

    #[test]
    fn paths() {
        for (glob, path, does) in [
            ("usr/local/cuda-*/**", "usr/local/cuda-12.4/bin/nvcc", true),
            ("usr/local/cuda-*/**", "usr/local/cudax/bin/nvcc", false),
            ("**/REDIST/**", "opt/a/REDIST/lib/x.so", true),
            ("**/a/**/b", "a/b", true),
            ("**/a/**/b", "x/a/c/a/d/b", true),
            ("**/a/**/b", "x/a/c", false),
            ("a/*", "a/b/c", false),
        ] {
            assert_eq!(PathGlob::new(glob).fits(path), does, "{glob} {path}");
        }
    }

    #[test]
    fn braces() {
        assert_eq!(expand("a{b,c}/{d,e}"), ["ab/d", "ab/e", "ac/d", "ac/e"]);
        assert_eq!(expand("a{b"), ["a{b"]);
    }

    proptest! {
        #[test]
        fn any_glob_ends(glob in "[a*?\\[\\]-]{0,30}", name in "[ab]{0,200}") {
            let _ = fits(&glob, &name);
            prop_assert!(fits("*", &name));
            prop_assert!(fits(&name, &name));
        }
    }
}
