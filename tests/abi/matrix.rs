//! A matrix of images and hosts of Debian suites, in which each verdict is tried with the image's own
//! loader, and with a launcher wherever it loads.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{LOADER, abi, here, library, program, source};
use crate::real::{figure, real};

/// A suite of the matrix.
pub fn tree(suite: &str) -> PathBuf {
    let suites = std::env::var("HPCCTL_SUITES").expect("tests/run sets it");
    Path::new(&suites).join(suite).join("tree")
}

/// What the image's own loader and launcher make of a binding: whether it loads, and what is printed.
pub fn attempt(tree: &Path, program: &str, how: &str, binding: Option<&Value>) -> (bool, String) {
    let list =
        |name: &str| binding.map_or_else(Vec::new, |one| one[name].as_array().unwrap().clone());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut child = Command::new(source("try"))
        .arg(tree)
        .args([program, how])
        .args(list("environment").iter().map(text))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut binds = child.stdin.take().unwrap();
    for bind in list("binds") {
        writeln!(binds, "{}\t{}", text(&bind["host"]), text(&bind["image"])).unwrap();
    }
    // Where nothing is to be bound, the library is forced upon the program.
    if let Some(binding) = binding.filter(|_| list("binds").is_empty()) {
        let (host, image) = (&binding["host_path"], &binding["image_path"]);
        writeln!(binds, "{}\t{}", text(host), text(image)).unwrap();
    }
    drop(binds);
    let output = child.wait_with_output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        printed.starts_with("load: "),
        "{}: {printed}{}",
        tree.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    (printed.starts_with("load: yes"), printed)
}

/// The first line that a library of MPI says of its version.
fn version(printed: &str) -> &str {
    let mut lines = printed.lines();
    lines
        .find(|line| line.contains("Version:") || line.contains("Open MPI v"))
        .unwrap_or_default()
}

/// How a family is tried: the library of each suite, the program, how it is started, what it prints.
struct Tried {
    soname: &'static str,
    program: &'static str,
    how: &'static str,
    prints: &'static str,
}

const TRIED: &[Tried] = &[
    Tried {
        soname: "libmpich.so.12",
        program: "/opt/app/mpich",
        how: "mpich",
        prints: "sum 2 of 2",
    },
    Tried {
        soname: "libmpi.so.40",
        program: "/opt/app/openmpi",
        how: "under",
        prints: "sum 2 of 2",
    },
];

impl Tried {
    /// How it is started, with the library of a suite.
    fn start(&self, host: &str) -> String {
        match self.how {
            "under" => format!("under:{}", tree(host).display()),
            how => how.to_owned(),
        }
    }
}

/// The parts that Open MPI says it could not load.
fn lame(printed: &str) -> impl Iterator<Item = &str> {
    let lines = printed
        .lines()
        .filter_map(|line| line.split_once("unable to open "));
    lines.map(|(_, part)| part.split(':').next().unwrap_or_default())
}

/// Whether a verdict has a reason of a rule.
fn tells(verdict: &Value, rule: &str) -> bool {
    let mut because = verdict["because"].as_array().unwrap().iter();
    because.any(|reason| reason["rule"] == rule)
}

pub const SUITES: &[&str] = &["bullseye", "bookworm", "trixie", "sid"];

/// Puts the programs of the matrix into an image.
pub fn equip(tree: &Path, musl: bool) {
    let dir = tempfile::tempdir().unwrap();
    let interpreter = match musl {
        true => "-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1".to_owned(),
        false => format!("-Wl,--dynamic-linker={LOADER}"),
    };
    for (tried, flag) in TRIED.iter().zip(["-DMPICH", "-DOPEN"]) {
        let stub = dir.path().join("stub.so");
        library(&stub, tried.soname, &[flag]);
        let path = tree.join(tried.program.trim_start_matches('/'));
        program(&path, &stub, &[flag, &interpreter]);
        if musl {
            // It has no MPI of its own but one that needs no C library.
            let own = tree.join("usr/lib/x86_64-linux-musl").join(tried.soname);
            fs::copy(&stub, own).unwrap();
        }
    }
}

#[test]
fn the_matrix_of_suites_is_as_it_is_foretold() {
    if !real("abi: the matrix of suites") {
        return;
    }
    let images: Vec<&str> = SUITES.iter().copied().chain(["musl"]).collect();
    images
        .iter()
        .for_each(|suite| equip(&tree(suite), *suite == "musl"));
    let (mut agreed, mut wrong, mut started, mut degraded) = (0, Vec::new(), 0, 0);
    for tried in TRIED {
        let own = |suite: &str| attempt(&tree(suite), tried.program, &tried.start(suite), None).1;
        let mut of_suites: HashMap<&str, String> = HashMap::new();
        for image in &images {
            for host in SUITES {
                let cell = format!("{} of {host} in {image}", tried.soname);
                let verdict = foretold(image, host, tried);
                let foretold = verdict["verdict"].as_str().unwrap();
                let how = tried.start(host);
                let (loads, printed) = attempt(&tree(image), tried.program, &how, Some(&verdict));
                if loads != matches!(foretold, "works" | "degraded") {
                    wrong.push(format!("{cell}: {foretold}, but {printed}"));
                    continue;
                }
                agreed += 1;
                if !loads {
                    continue;
                }
                let own = of_suites.entry(host).or_insert_with(|| own(host));
                let of_host: BTreeSet<&str> = lame(own).collect();
                let lame: BTreeSet<&str> = lame(&printed).collect();
                let more: Vec<&&str> = lame.difference(&of_host).collect();
                // That a part is not there is told of each cell, or no cell has it.
                if foretold == "degraded" && tells(&verdict, "part") {
                    degraded += 1;
                } else if more.is_empty()
                    && printed.contains(tried.prints)
                    && version(&printed) == version(own)
                {
                    started += 1;
                } else {
                    agreed -= 1;
                    wrong.push(format!("{cell}: {foretold}, but {more:?} {printed}"));
                }
            }
        }
    }
    figure(&format!(
        "abi: {} cells, {agreed} agreed, {} wrong, {started} run, {degraded} with parts missing",
        agreed + wrong.len(),
        wrong.len()
    ));
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(
        started >= 17 && agreed - started > 10,
        "{started} of {agreed} run"
    );
}

/// Whether this is the run that tries everything.
pub fn nightly() -> bool {
    std::env::var_os("HPCCTL_NIGHTLY").is_some_and(|value| value == "1")
}

/// What is foretold of the library of one suite in an image of another.
fn foretold(image: &str, host: &str, tried: &Tried) -> Value {
    let root = tree(host);
    let library = root.join("usr/lib/x86_64-linux-gnu").join(tried.soname);
    let (_, result) = abi(&[
        &format!("dir:{}", tree(image).display()),
        "--host-root",
        root.to_str().unwrap(),
        "--host-lib",
        library.to_str().unwrap(),
        "--program",
        tried.program,
    ]);
    here(result["bindings"][0].clone(), &root)
}
