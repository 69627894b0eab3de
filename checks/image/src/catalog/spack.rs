//! Software that Spack installed: `.spack/spec.json` in the directory of each installation,
//! and the database `.spack-db/index.json` of the store.
//!
//! The formats are those of Spack's `spec.py` and `database.py`: specs of version 1 name their
//! nodes by a key, later ones list them with their names. The recipe that Spack keeps beside a
//! spec declares the licence. Of what lies outside the store, only the database knows.

mod recipe;

use serde_json::{Map, Value};

use super::{Candidate, Found, Owned, Source, TextsIn};

/// Reads a spec, a database or a recipe.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    if source.path.ends_with("/package.py") {
        recipe::read(source, &mut found);
        return found;
    }
    let document: Value = match serde_json::from_slice(source.bytes) {
        Ok(document) => document,
        Err(error) => {
            found
                .faults
                .push(format!("it is no JSON document: {error}"));
            return found;
        }
    };
    let read = match source.path.strip_suffix("/.spack/spec.json") {
        Some(prefix) => spec(&document, prefix, &mut found),
        None => database(&document, source.path, &mut found),
    };
    if read.is_none() {
        let fault = "it has not the form that Spack gives it".to_owned();
        found.faults.push(fault);
    }
    found
}

/// Adds the package whose spec this is, which is the first of its nodes.
fn spec(document: &Value, prefix: &str, found: &mut Found) -> Option<()> {
    let spec = document.get("spec")?;
    // The nodes are in the list itself up to version 1, and below a word of their own after.
    let nodes = spec.get("nodes").unwrap_or(spec).as_array()?;
    let node = Node::of(nodes.first()?.as_object()?)?;
    let package = node.package(Some(prefix));
    found.owned.push(Owned {
        of: package.key.clone().unwrap_or(package.name.clone()),
        paths: format!("{prefix}/"),
    });
    found.add(package);
    Some(())
}

/// Adds what a database says is installed.
fn database(document: &Value, path: &str, found: &mut Found) -> Option<()> {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let store = directory.rsplit_once('/').map_or("", |(store, _)| store);
    let installs = document.get("database")?.get("installs")?.as_object()?;
    for (hash, record) in installs {
        if record.get("installed").and_then(Value::as_bool) == Some(false) {
            continue;
        }
        let node = record.get("spec").and_then(Value::as_object);
        let Some(mut node) = node.and_then(Node::of) else {
            found
                .faults
                .push(format!("the record {hash} has no name or version"));
            continue;
        };
        if node.hash.is_empty() {
            node.hash = hash;
        }
        let place = record.get("path").and_then(Value::as_str);
        // What lies outside the store belongs to whoever put it there.
        let inside = place.filter(|_| !node.is_external);
        let inside = inside.map(|place| in_store(store, place));
        let mut package = node.package(inside.as_deref());
        if let Some(place) = place.filter(|_| node.is_external) {
            package.qualifiers.push(("external", place.to_owned()));
        }
        found.add(package);
    }
    Some(())
}

/// The path of an installation, in the words of the image.
///
/// A database names it as it was on the machine that installed it: the store may be elsewhere.
fn in_store(store: &str, place: &str) -> String {
    let place = place.trim_start_matches('/');
    let name = store.rsplit('/').next().unwrap_or(store);
    if place.starts_with(store) || name.is_empty() {
        return place.to_owned();
    }
    match place.split_once(&format!("/{name}/")) {
        Some((_, inside)) => format!("{store}/{inside}"),
        None => place.to_owned(),
    }
}

/// A node of a spec.
#[derive(Debug)]
struct Node<'v> {
    name: &'v str,
    version: String,
    hash: &'v str,
    is_external: bool,
    needs: Vec<&'v str>,
}

impl<'v> Node<'v> {
    fn of(object: &'v Map<String, Value>) -> Option<Self> {
        // Up to version 1 a node is an object whose only key is the name.
        if let Some((name, inner)) = object.iter().next().filter(|_| object.len() == 1) {
            return Self::named(name, inner.as_object()?);
        }
        Self::named(object.get("name")?.as_str()?, object)
    }

    fn named(name: &'v str, object: &'v Map<String, Value>) -> Option<Self> {
        let text = |key: &str| object.get(key).and_then(Value::as_str);
        let version = text("version").or_else(|| {
            let versions = object.get("versions")?.as_array()?;
            versions.first()?.as_str()
        });
        let version = version?.trim_start_matches('=').to_owned();
        let is_external = object
            .get("external")
            .is_some_and(|external| !external.is_null());
        (!name.is_empty()).then(|| Self {
            name,
            version,
            hash: text("hash").unwrap_or_default(),
            is_external,
            needs: needs(object.get("dependencies")),
        })
    }

    /// The package, as it is installed in `prefix`.
    fn package(&self, prefix: Option<&str>) -> Candidate {
        // Two versions of the format write the same installation differently, but for its hash.
        let hash = Some(self.hash.to_owned()).filter(|hash| !hash.is_empty());
        let qualifiers = hash.iter().map(|hash| ("spack", hash.clone()));
        let share = |prefix: &str| {
            let share = format!("{prefix}/share/doc/{}", self.name);
            [TextsIn::Named(prefix.to_owned()), TextsIn::Named(share)]
        };
        Candidate {
            kind: "generic",
            name: self.name.to_owned(),
            version: self.version.clone(),
            qualifiers: qualifiers.collect(),
            key: hash,
            depends: self.needs.iter().map(|hash| (*hash).to_owned()).collect(),
            texts_in: prefix.map(share).into_iter().flatten().collect(),
            prefix: prefix.map(str::to_owned),
            ..Candidate::default()
        }
    }
}

/// The hashes of what a node needs to be used, not only to be built.
fn needs(dependencies: Option<&Value>) -> Vec<&str> {
    match dependencies {
        Some(Value::Array(edges)) => edges.iter().filter_map(needed).collect(),
        Some(Value::Object(edges)) => edges.values().filter_map(needed).collect(),
        _ => Vec::new(),
    }
}

/// The hash at the end of an edge, unless it is there for building or testing only.
fn needed(edge: &Value) -> Option<&str> {
    let types = edge
        .get("type")
        .or_else(|| edge.get("parameters")?.get("deptypes"));
    let mut types = types
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .peekable();
    let is_tool = |kind: &Value| matches!(kind.as_str(), Some("build" | "test"));
    if types.peek().is_some() && types.all(is_tool) {
        return None;
    }
    // Version 1 calls the hash so, too; nodes of other hashes name the kind in its key.
    let hash = edge
        .get("hash")
        .or_else(|| edge.get("full_hash"))
        .or_else(|| edge.get("build_hash"));
    hash.and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SPEC: &str = r#"{"spec":{"_meta":{"version":4},"nodes":[
        {"name":"hdf5","version":"1.14.3","hash":"aaa","arch":{"platform":"linux"},
         "compiler":{"name":"gcc","version":"12.2.0"},
         "dependencies":[
            {"name":"cmake","hash":"bbb","parameters":{"deptypes":["build"],"virtuals":[]}},
            {"name":"mpich","hash":"ccc","parameters":{"deptypes":["build","link"],"virtuals":["mpi"]}},
            {"name":"zlib","hash":"ddd","type":["link"]}]},
        {"name":"mpich","version":"4.1","hash":"ccc"}]}}"#;

    const DATABASE: &str = r#"{"database":{"version":"7","installs":{
        "aaa":{"spec":{"name":"hdf5","version":"1.14.3","hash":"aaa"},
               "path":"/opt/store/linux/hdf5-1.14.3-aaa","installed":true,"explicit":true},
        "eee":{"spec":{"name":"cray-mpich","version":"8.1.25","hash":"eee",
                       "external":{"path":"/opt/cray/pe/mpich/8.1.25","module":null}},
               "path":"/opt/cray/pe/mpich/8.1.25","installed":true},
        "fff":{"spec":{"name":"gone","version":"1"},"path":null,"installed":false},
        "ggg":{"spec":{"hash":"ggg"}}}}}"#;

    fn read(path: &str, text: &str) -> Found {
        parse(&Source::whole(path, text.as_bytes()))
    }

    #[test]
    fn the_first_node_is_the_package() {
        let found = read("opt/store/linux/hdf5-1.14.3-aaa/.spack/spec.json", SPEC);
        let [package] = &found.packages[..] else {
            panic!("{found:?}")
        };
        assert_eq!((&*package.name, &*package.version), ("hdf5", "1.14.3"));
        assert_eq!(package.qualifiers, [("spack", "aaa".to_owned())]);
        assert_eq!(package.depends, ["ccc", "ddd"]);
        assert_eq!(found.owned[0].of, "aaa");
        assert_eq!(found.owned[0].paths, "opt/store/linux/hdf5-1.14.3-aaa/");
    }

    #[test]
    fn nodes_of_the_first_version() {
        let spec = r#"{"spec":[{"zlib":{"version":"1.2.11","hash":"ddd",
            "dependencies":{"pkgconf":{"hash":"x","type":["build"]},"libc":{"hash":"y","type":["link"]}}}}]}"#;
        let found = read("s/zlib/.spack/spec.json", spec);
        let package = &found.packages[0];
        assert_eq!((&*package.name, &*package.version), ("zlib", "1.2.11"));
        assert_eq!(package.depends, ["y"]);
    }

    #[test]
    fn a_database_knows_externals_and_says_the_same_of_the_others() {
        let found = read("opt/store/.spack-db/index.json", DATABASE);
        let of_spec = read("opt/store/linux/hdf5-1.14.3-aaa/.spack/spec.json", SPEC);
        let [hdf5, cray] = &found.packages[..] else {
            panic!("{found:?}")
        };
        let same = &of_spec.packages[0];
        assert_eq!(
            (&hdf5.qualifiers, &hdf5.prefix),
            (&same.qualifiers, &same.prefix)
        );
        assert_eq!(cray.prefix, None);
        let place = ("external", "/opt/cray/pe/mpich/8.1.25".to_owned());
        assert!(cray.qualifiers.contains(&place));
        assert_eq!(found.faults, ["the record ggg has no name or version"]);
    }

    #[test]
    fn a_store_that_was_moved() {
        assert_eq!(in_store("a/store", "/x/store/linux/z"), "a/store/linux/z");
        assert_eq!(in_store("x/store", "/x/store/linux/z"), "x/store/linux/z");
        assert_eq!(in_store("", "/x/store/linux/z"), "x/store/linux/z");
    }

    #[test]
    fn other_documents_are_faults() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"spec":{"nodes":[]}}"#,
            r#"{"spec":[{"a":1}]}"#,
        ] {
            let found = read("a/.spack/spec.json", text);
            assert_eq!((found.packages.len(), found.faults.len()), (0, 1), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_document_is_read(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            for (path, text) in [("a/.spack/spec.json", SPEC), ("a/.spack-db/index.json", DATABASE)] {
                let mut bytes = text.as_bytes().to_vec();
                let at = at.index(bytes.len());
                bytes[at] = byte;
                let _ = parse(&Source::whole(path, &bytes));
                let _ = parse(&Source::whole(path, &bytes[..at]));
            }
        }
    }
}
