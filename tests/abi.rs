//! `hpcctl abi`: verdicts on libraries made for the test.

mod driver;
mod emitted;
mod environment;
mod fabric;
mod gpu;
mod hwcaps;
mod intel;
mod launched;
mod launchers;
pub mod matrix;
mod measured;
mod odd;
mod programs;
mod prove;
mod rows;
mod vendors;
mod wheels;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::cli::{Run, hpcctl};
use crate::schema::validate;

use emitted::elsewhere;

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
pub fn abi(args: &[&str]) -> (i32, Value) {
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

/// A row of which the host's files are below a root, by their paths on this machine.
pub fn here(mut row: Value, root: &Path) -> Value {
    let below = |path: &mut Value| {
        let path_below = path.as_str().unwrap().trim_start_matches('/');
        *path = root.join(path_below).to_str().unwrap().into();
    };
    below(&mut row["host_path"]);
    for bind in row["binds"].as_array_mut().unwrap() {
        below(&mut bind["host"]);
    }
    row
}

/// A small image with a program that needs `libmpich.so.12`, and a directory for the host.
struct Made {
    dir: tempfile::TempDir,
}

impl Made {
    fn new() -> Self {
        // Where every environment has it, and every user may read it.
        let dir = tempfile::tempdir_in("/var/tmp").unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(dir.path(), open).unwrap();
        let made = Self { dir };
        library(&made.image("usr/lib/libmpich.so.12"), "libmpich.so.12", &[]);
        program(
            &made.image("usr/bin/app"),
            &made.image("usr/lib/libmpich.so.12"),
            &[],
        );
        fs::create_dir_all(made.host("")).unwrap();
        made
    }

    /// The same, with all that a runtime and the program want, so that it can be run.
    fn runnable() -> Self {
        let made = Self::new();
        for dir in [
            "lib64", "proc", "dev", "sys", "mnt", "tmp", "etc", "run", "root", "home",
        ] {
            fs::create_dir_all(made.image(dir)).unwrap();
        }
        for file in ["passwd", "group", "hosts", "resolv.conf", "hostname"] {
            fs::File::create(made.image("etc").join(file)).unwrap();
        }
        fs::copy(LOADER, made.image(LOADER.trim_start_matches('/'))).unwrap();
        made
    }

    fn image(&self, path: &str) -> PathBuf {
        self.dir.path().join("image").join(path)
    }

    fn host(&self, path: &str) -> PathBuf {
        self.dir.path().join("host").join(path)
    }

    /// The image as it is now, in a tar.
    fn archive(&self) -> PathBuf {
        let archive = self.dir.path().join("image.tar");
        let mut tar = Command::new("tar");
        let tar = tar.arg("-cf").arg(&archive);
        let run = Run::of(tar.arg("-C").arg(self.image("")).arg("."));
        assert_eq!(run.code, 0, "{}", run.stderr);
        archive
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
    ] {
        let library = library.to_str().unwrap();
        let run = elsewhere(&["abi", &image, "--host-lib", library, "--emit", runtime]);
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

#[test]
fn what_a_large_program_asks_for_is_read_wherever_it_lies() {
    let made = Made::new();
    let (app, own) = (
        made.image("usr/bin/app"),
        made.image("usr/lib/libmpich.so.12"),
    );
    let large = source("large.c");
    let args = ["-fPIC", "-pie", "-nostartfiles", "-o"];
    let names = [app.to_str().unwrap(), &large, own.to_str().unwrap()];
    cc(&[&args[..], &names].concat());
    assert!(fs::metadata(&app).unwrap().len() > 37 << 20);
    library(&made.host("lib/libmpi.so.12"), "libmpi.so.12", &[]);
    let archive = made.archive();
    let host = made.host("lib").display().to_string();
    for image in [
        format!("dir:{}", made.image("").display()),
        archive.display().to_string(),
    ] {
        let (code, result) = abi(&[&image, "--host-lib", &host]);
        assert_eq!(code, 0, "{image}: {result}");
        assert_eq!(
            result["bindings"][0]["programs"][0], "/usr/bin/app",
            "{image}"
        );
    }
}
