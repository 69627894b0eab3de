//! Packages that an `environment.yml` asks for in one version (conda's manual, "Managing
//! environments"), and those of pip in it.
//!
//! The names of such files are those of many others, too: what is none is passed over. Only this
//! shape of YAML is read: lists in blocks, an item a line.

use super::{Candidate, Found, Source, lock, python_lock};

/// Reads the list of dependencies.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    if !lock::counts(source.path) {
        return found;
    }
    let text = String::from_utf8_lossy(source.bytes);
    let mut is_list = false;
    // How far the item is indented below which those of pip stand.
    let mut pip = None;
    for line in text.lines() {
        let line = line.split(" #").next().unwrap_or(line).trim_end();
        let content = line.trim_start();
        let indent = line.len() - content.len();
        let Some(item) = content.strip_prefix("- ") else {
            // A key at the margin begins something else.
            if indent == 0 && !content.is_empty() && !content.starts_with('#') {
                (is_list, pip) = (content == "dependencies:", None);
            }
            continue;
        };
        let item = item.trim().trim_matches(['"', '\'']);
        if !is_list {
            continue;
        }
        if pip.is_some_and(|at| indent > at) {
            let pin = python_lock::pin(item);
            let package =
                pin.and_then(|(name, version)| python_lock::candidate(source, name, version));
            package.into_iter().for_each(|package| found.add(package));
            continue;
        }
        pip = (item == "pip:").then_some(indent);
        if let Some(package) = candidate(source.path, item) {
            found.add(package);
        }
    }
    found
}

/// `channel::name=version=build` or `name==version`; a range or a wild card is no version, and
/// neither is `name=version`, by which conda takes all that begins so.
fn candidate(path: &str, item: &str) -> Option<Candidate> {
    let spec = item.rsplit("::").next().unwrap_or(item);
    let (name, rest) = spec.split_once('=')?;
    let version = match rest.strip_prefix('=') {
        Some(version) => version.split('=').next().unwrap_or(version),
        None => rest.split_once('=')?.0,
    };
    // An epoch stands before a `!`.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+!".contains(&byte);
    let is_pin = [name, version]
        .iter()
        .all(|text| text.bytes().all(is_plain));
    lock::candidate(path, "conda", name, version).filter(|_| is_pin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(text: &str) -> Vec<String> {
        let found = parse(&Source::whole("srv/environment.yml", text.as_bytes()));
        assert_eq!(found.faults, [""; 0]);
        let packages = found.packages.iter();
        packages
            .map(|one| format!("{} {} {}", one.kind, one.name, one.version))
            .collect()
    }

    #[test]
    fn what_is_asked_for_in_one_version() {
        let text = "name: x\nchannels:\n  - conda-forge\ndependencies:\n  - python==3.10.13  # it\n  \
            - conda-forge::numpy=1.26.4=py310hb13e2d6_0\n  - \"scipy==1.11.4\"\n  - zlib>=1.2\n  - hdf5=1.14.*\n  \
            - mpich\n  - pip\n  - pip:\n    - requests[socks]==2.31.0\n    - -r more.txt\n  - xz=5.4=h1\n  - bzip2=1.0\nprefix: /opt/x\n\
            variables:\n  - a=1\n";
        let all = [
            "conda python 3.10.13",
            "conda numpy 1.26.4",
            "conda scipy 1.11.4",
            "pypi requests 2.31.0",
            "conda xz 5.4",
        ];
        assert_eq!(names(text), all);
        assert_eq!(
            names("dependencies:\n- a==1\n- b==2|3\n- c=1\n"),
            ["conda a 1"]
        );
        assert_eq!(names("environment:\n  - KEY=value\n"), [""; 0]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(dependencies:|\n|- |  |a|=|==|1|::|pip:|#|\"){0,40}") {
            names(&text);
        }
    }
}
