//! The layout: no file that nobody lists, and no folder that the design does not have.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::hpcctl;

/// The most packages that Cargo.lock may hold: each one is built, audited and trusted.
const PACKAGES: usize = 300;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every .rs file below a folder.
fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The file that must declare a module, and the name it must have there.
fn declaration_of(file: &Path, crate_root: &Path) -> (PathBuf, String) {
    let is_mod = file.file_name().is_some_and(|name| name == "mod.rs");
    let module = if is_mod {
        file.parent().unwrap().to_path_buf()
    } else {
        file.with_extension("")
    };
    let above = module.parent().unwrap();
    let candidates = [
        above.join("mod.rs"),
        above.with_extension("rs"),
        crate_root.to_path_buf(),
    ];
    let declared_in = candidates.into_iter().find(|path| path.exists()).unwrap();
    (
        declared_in,
        module.file_name().unwrap().to_string_lossy().into_owned(),
    )
}

#[test]
fn every_source_file_is_declared() {
    let roots = [
        "cmds/main.rs",
        "checks/abi/src/lib.rs",
        "checks/bench/src/lib.rs",
        "checks/gate/src/lib.rs",
        "checks/host/src/lib.rs",
        "checks/image/src/lib.rs",
        "checks/node/src/lib.rs",
        "checks/registry/src/lib.rs",
        "checks/stage/src/lib.rs",
        "license-db/src/lib.rs",
        "reports/src/lib.rs",
        "reports/model/src/lib.rs",
        "tests/main.rs",
    ];
    for crate_root in roots.map(|path| root().join(path)) {
        let mut files = Vec::new();
        sources(crate_root.parent().unwrap(), &mut files);
        for file in files.iter().filter(|file| **file != crate_root) {
            let (declared_in, name) = declaration_of(file, &crate_root);
            let declaration = format!("mod {name};");
            assert!(
                read(&declared_in)
                    .lines()
                    .any(|line| line.trim_end().ends_with(&declaration)),
                "{} has no `{declaration}` in {}",
                file.display(),
                declared_in.display()
            );
        }
    }
}

/// Each file of the folder is a row of the table in its parent, `file::ROW`.
fn every_file_is_a_row(folder: &str, table: &str, row: &str) {
    let dir = root().join(folder);
    let table = read(&root().join(table));
    for entry in fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let listed = table
            .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
            .any(|word| word == format!("{name}::{row}"));
        assert!(listed || name == "mod", "no row for {}", path.display());
    }
}

#[test]
fn every_probe_runtime_and_writer_is_in_its_table() {
    let probes = "checks/node/src/probe";
    every_file_is_a_row(probes, &format!("{probes}/mod.rs"), "PROBES");
    let groups = fs::read_dir(root().join(probes)).unwrap();
    let groups = groups.map(|entry| entry.unwrap().path());
    for group in groups.filter(|path| path.is_dir()) {
        let name = group.file_name().unwrap().to_string_lossy();
        let group = format!("{probes}/{name}");
        every_file_is_a_row(&group, &format!("{group}/mod.rs"), "PROBE");
    }
    for (folder, row) in [
        ("checks/node/src/runtime", "RUNTIME"),
        ("checks/bench/src/executor", "EXECUTOR"),
        ("cmds/fleet/engine", "ENGINE"),
        ("reports/src/writer", "WRITER"),
    ] {
        every_file_is_a_row(folder, &format!("{folder}/mod.rs"), row);
    }
}

#[test]
fn the_top_level_holds_what_the_design_says() {
    let known = [
        "Cargo.toml",
        "Cargo.lock",
        "cmds",
        "checks",
        "license-db",
        "reports",
        "tests",
        "man",
        "target",
    ];
    let documents = [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
    ];
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let expected = name.starts_with('.')
            || known.contains(&name.as_str())
            || documents.contains(&name.as_str());
        assert!(expected, "{name} is not in the layout");
    }
}

/// The command lines that a document shows, each without what stands in front and behind.
fn command_lines(document: &str) -> Vec<Vec<&str>> {
    let shown = document
        .lines()
        .filter_map(|line| line.strip_prefix("$ hpcctl "));
    let shown = shown.filter_map(|line| line.split(" #").next());
    let named = document
        .split('`')
        .filter_map(|part| part.strip_prefix("hpcctl "));
    let named = named.filter(|part| !part.contains('\n'));
    shown
        .chain(named)
        .map(|line| line.split_whitespace().take_while(is_ours).collect())
        .collect()
}

/// Whether a word is hpcctl's own: not of the shell, nor of a command that it is to run.
fn is_ours(word: &&str) -> bool {
    !matches!(*word, "|" | "--") && !word.starts_with('>')
}

#[test]
fn every_command_in_the_readme_is_there() {
    let readme = read(&root().join("README.md"));
    let lines = command_lines(&readme);
    assert!(lines.len() >= 5, "{lines:?}");
    for mut line in lines {
        // Help is given once what stands before it was understood.
        line.push("--help");
        let run = hpcctl(&line);
        assert_eq!(run.code, 0, "{line:?}: {}", run.stderr);
    }
}

#[test]
fn the_lock_file_stays_small() {
    let packages = read(&root().join("Cargo.lock"))
        .matches("[[package]]")
        .count();
    assert!(
        packages <= PACKAGES,
        "{packages} packages in Cargo.lock, over {PACKAGES}"
    );
}
