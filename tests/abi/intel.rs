//! What Intel's library does that no header tells: it believes an older Hydra that a node has one
//! rank, and opens libfabric as it runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::matrix::{attempt, equip, tree};
use super::{abi, here};
use crate::cli::Run;
use crate::real::real;

/// The program, and what it prints where two ranks find each other.
const PROGRAM: &str = "/opt/app/mpich";
const MET: &str = "sum 2 of 2";

/// Files of one tree in another, which shares them.
fn share(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    let copied = Run::of(Command::new("cp").arg("-al").args([from, to]));
    assert_eq!(copied.code, 0, "{}", copied.stderr);
}

/// A host with Intel's library and the launcher of a suite.
struct Host {
    dir: tempfile::TempDir,
}

impl Host {
    fn with(launcher_of: &str) -> Self {
        let suite = tree(launcher_of);
        // Links do not lead to another file system.
        let dir = tempfile::tempdir_in(suite.parent().unwrap()).unwrap();
        let host = Self { dir };
        let wheels = suite.parent().unwrap().with_file_name("wheels");
        share(
            &wheels.join("opt/impi-rt/lib/libmpi.so.12"),
            &host.library(),
        );
        for program in ["usr/bin/mpiexec.hydra", "usr/bin/hydra_pmi_proxy"] {
            share(&suite.join(program), &host.dir.path().join(program));
        }
        host
    }

    fn library(&self) -> PathBuf {
        self.dir.path().join("opt/mpi/lib/libmpi.so.12")
    }

    fn judge(&self, image: &Path) -> Value {
        let (root, library) = (self.dir.path().display().to_string(), self.library());
        let library = library.to_str().unwrap();
        let image = format!("dir:{}", image.display());
        let args = [
            "--host-root",
            &root,
            "--host-lib",
            library,
            "--program",
            PROGRAM,
        ];
        let mut result = abi(&[&[image.as_str()], &args[..]].concat()).1;
        let row = result["bindings"][0].take();
        result["bindings"][0] = here(row, self.dir.path());
        result
    }
}

#[test]
fn a_hydra_that_misleads_intels_library_is_told_and_how_it_is_told_right() {
    if !real("abi: Hydra and Intel's library") {
        return;
    }
    for (suite, misleads) in [("bookworm", true), ("trixie", false)] {
        equip(&tree(suite), false);
        let host = Host::with(suite);
        let result = host.judge(&tree(suite));
        let way = &result["ways"][0];
        let option = match misleads {
            true => json!("-ppn N"),
            false => Value::Null,
        };
        let launcher = &way["launchers"][0];
        assert_eq!(launcher["option"], option, "{suite}: {way}");
        assert_eq!(way["verdict"] == "degraded", misleads, "{suite}: {way}");
        assert_eq!(
            way["because"].to_string().contains("-ppn N"),
            misleads,
            "{way}"
        );
        // The image's launcher is the same one. For its own library it is as good as any.
        assert_eq!(result["ways"][1]["launchers"][0]["option"], Value::Null);
        let binding = &result["bindings"][0];
        let (_, untold) = attempt(&tree(suite), PROGRAM, "untold", Some(binding));
        assert_eq!(untold.contains(MET), !misleads, "{suite}: {untold}");
        // A launcher that ends the other rank first, 143, may lose what the one that aborted said.
        let aborted = ["Abort(", "status 143"].map(|sign| untold.contains(sign));
        assert_eq!(aborted.contains(&true), misleads, "{suite}: {untold}");
        let (_, told) = attempt(&tree(suite), PROGRAM, "mpich", Some(binding));
        assert!(told.contains(MET), "{suite}: {told}");
    }
}

#[test]
fn libfabric_that_intels_library_opens_is_missed_and_bound() {
    if !real("abi: libfabric and Intel's library") {
        return;
    }
    let suite = tree("bookworm");
    equip(&suite, false);
    let host = Host::with("bookworm");
    let image = host.dir.path().join("image");
    share(&suite, &image);
    let libraries = image.join("usr/lib/x86_64-linux-gnu");
    for name in ["libfabric.so.1", "libfabric.so.1.20.0"] {
        fs::remove_file(libraries.join(name)).unwrap();
    }
    // As between nodes, it may not do with the memory of one.
    let between = |binding: &Value| {
        let mut binding = binding.clone();
        let environment = binding["environment"].as_array_mut().unwrap();
        environment.push(json!("I_MPI_FABRICS=ofi"));
        attempt(&image, PROGRAM, "mpich", Some(&binding)).1
    };
    let judge = || host.judge(&image)["bindings"][0].clone();
    let binding = judge();
    assert_eq!(binding["verdict"], "degraded", "{binding}");
    assert!(
        binding["because"]
            .to_string()
            .contains("needs libfabric.so.1"),
        "{binding}"
    );
    let printed = between(&binding);
    assert!(
        printed.contains("Abort(") && !printed.contains(MET),
        "{printed}"
    );
    share(&suite.join("usr/lib"), &host.dir.path().join("usr/lib"));
    let binding = judge();
    assert_eq!(binding["verdict"], "works", "{binding}");
    assert!(
        binding["binds"].to_string().contains("libfabric.so.1"),
        "{binding}"
    );
    let printed = between(&binding);
    assert!(printed.contains(MET), "{printed}");
}
