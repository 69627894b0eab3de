//! Software that EasyBuild installed: `easybuild/*.eb` in the directory of each installation.
//!
//! The parameters are those of the EasyBuild documentation ("Writing easyconfig files"). Such
//! a file is a program in Python, of which only simple assignments are read.

mod python;

use std::collections::HashMap;

use self::python::{Value, assignments};
use super::{Candidate, Found, Owned, Source, TextsIn};

/// The toolchains that stand for the system's own compiler.
const SYSTEM: [&str; 2] = ["system", "dummy"];

/// Reads the easyconfig that EasyBuild keeps with an installation.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    let text = String::from_utf8_lossy(source.bytes);
    let values: HashMap<&str, Value<'_>> = assignments(&text).into_iter().collect();
    let Some((prefix, _)) = source.path.rsplit_once("/easybuild/") else {
        return found;
    };
    match package(&values, prefix) {
        Some(package) => {
            found.owned.push(Owned {
                of: prefix.to_owned(),
                paths: format!("{prefix}/"),
            });
            found.add(package);
        }
        None => found.faults.push("it has no name or version".to_owned()),
    }
    found
}

fn package(values: &HashMap<&str, Value<'_>>, prefix: &str) -> Option<Candidate> {
    let text = |key: &str| {
        values
            .get(key)
            .and_then(Value::text)
            .filter(|text| !text.is_empty())
    };
    let (name, version) = (text("name")?, text("version")?);
    let fill = |text: &str| {
        let filled = text
            .replace("%(version)s", version)
            .replace("%(name)s", name);
        filled.replace("%(versionsuffix)s", "")
    };
    let suffix = fill(text("versionsuffix").unwrap_or_default());
    let toolchain = values
        .get("toolchain")
        .and_then(toolchain)
        .unwrap_or_default();
    let needs = values.get("dependencies").map_or(&[][..], Value::items);
    let needs = needs.iter().filter_map(|need| {
        let mut parts = need.items().iter().map(Value::text);
        let (name, version) = (parts.next()??, parts.next()??);
        let suffix = parts.next().flatten().unwrap_or_default();
        Some(named(name, &format!("{}{}", fill(version), fill(suffix))))
    });
    Some(Candidate {
        kind: "generic",
        name: name.to_owned(),
        version: version.to_owned(),
        qualifiers: vec![("easybuild", format!("{version}{toolchain}{suffix}"))],
        key: Some(prefix.to_owned()),
        depends: needs.collect(),
        provides: vec![named(name, &format!("{version}{suffix}"))],
        texts_in: vec![
            TextsIn::Named(prefix.to_owned()),
            TextsIn::Named(format!("{prefix}/share/doc/{name}")),
        ],
        prefix: Some(prefix.to_owned()),
        ..Candidate::default()
    })
}

/// The word by which those who need a package know it.
fn named(name: &str, version: &str) -> String {
    format!("easybuild {name}/{version}")
}

/// The part of a version that names the toolchain; none for that of the system.
fn toolchain(value: &Value<'_>) -> Option<String> {
    let part = |key: &str| value.get(key).and_then(Value::text);
    let name = part("name")?;
    (!SYSTEM.contains(&name)).then(|| format!("-{name}-{}", part("version").unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONFIG: &str = "easyblock = 'ConfigureMake'\n\nname = 'HDF5'\nversion = \"1.14.0\"\n\
        versionsuffix = '-%(name)s-x'\nhomepage = 'https://example.org'\n\
        toolchain = {'name': 'gompi', 'version': '2023a'}\n\
        toolchainopts = {'pic': True, 'usempi': True}\n\
        local_v = '1.2' + '.13'\nsources = [SOURCE_TAR_GZ]\n\
        dependencies = [\n    ('zlib', '1.2.13'),  # of GCCcore\n    ('Szip', '2.1.1', '-y', SYSTEM),\n]\n\
        builddependencies = [('CMake', '3.26')]\nmoduleclass = 'data'\n";

    fn read(text: &str) -> Found {
        let path = "opt/eb/software/HDF5/1.14.0-gompi-2023a/easybuild/HDF5-1.14.0.eb";
        parse(&Source::whole(path, text.as_bytes()))
    }

    #[test]
    fn a_package_its_directory_and_its_needs() {
        let found = read(CONFIG);
        let package = &found.packages[0];
        assert_eq!((&*package.name, &*package.version), ("HDF5", "1.14.0"));
        let full = ("easybuild", "1.14.0-gompi-2023a-HDF5-x".to_owned());
        assert_eq!(package.qualifiers, [full]);
        assert_eq!(
            package.depends,
            ["easybuild zlib/1.2.13", "easybuild Szip/2.1.1-y"]
        );
        assert_eq!(package.provides, ["easybuild HDF5/1.14.0-HDF5-x"]);
        assert_eq!(
            found.owned[0].paths,
            "opt/eb/software/HDF5/1.14.0-gompi-2023a/"
        );
    }

    #[test]
    fn the_toolchain_of_the_system_is_not_named() {
        for toolchain in ["SYSTEM", "{'name': 'system', 'version': 'system'}"] {
            let found = read(&format!(
                "name = 'a'\nversion = '1'\ntoolchain = {toolchain}\n"
            ));
            assert_eq!(
                found.packages[0].qualifiers,
                [("easybuild", "1".to_owned())]
            );
        }
    }

    #[test]
    fn one_without_a_name_is_a_fault() {
        assert_eq!(read("version = '1'\n").faults.len(), 1);
        assert_eq!(read("name = f()\nversion = '1'\n").faults.len(), 1);
    }

    proptest! {
        #[test]
        fn any_text_is_read(at in any::<prop::sample::Index>(), text in ".{0,8}") {
            let at = at.index(CONFIG.len());
            let _ = read(&format!("{}{text}{}", &CONFIG[..at], &CONFIG[at..]));
            let _ = read(&format!("{}{text}", &CONFIG[..at]));
        }
    }
}
