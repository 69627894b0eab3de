//! Launchers of a host over images with their own MPI, and launchers of images: each way that is
//! foretold is tried.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::matrix::{SUITES, attempt, equip, nightly, tree};
use super::{abi, source};
use crate::cli::Run;
use crate::real::{figure, real};

/// The ways for a program of an image, with the launchers of a host's tree.
fn ways(image: &Path, host: &Path, program: &str) -> Value {
    let (_, result) = abi(&[
        &format!("dir:{}", image.display()),
        "--host-root",
        host.to_str().unwrap(),
        "--program",
        program,
    ]);
    result["ways"].clone()
}

/// Image and host that are tried by day: launchers of Open MPI 4 and later over libraries of both.
const BY_DAY: &[(&str, &str)] = &[
    ("bookworm", "bullseye"),
    ("bookworm", "trixie"),
    ("trixie", "bookworm"),
];

#[test]
fn launchers_of_open_mpi_start_the_ranks_that_they_are_said_to() {
    if !real("abi: launchers of Open MPI over images") {
        return;
    }
    SUITES.iter().for_each(|suite| equip(&tree(suite), false));
    let program = "/opt/app/openmpi";
    let (mut started, mut alone) = (0, 0);
    for image in SUITES {
        for host in SUITES {
            if !nightly() && !BY_DAY.contains(&(*image, *host)) {
                continue;
            }
            let way = &ways(&tree(image), &tree(host), program)[1];
            let works = way["verdict"] == "works";
            let how = format!("under:{}", tree(host).display());
            let (_, printed) = attempt(&tree(image), program, &how, None);
            let meet = printed.contains("sum 2 of 2");
            assert_eq!(works, meet, "{host} over {image}: {way} {printed}");
            started += i32::from(meet);
            alone += i32::from(!meet);
        }
    }
    figure(&format!(
        "abi: launchers of Open MPI: {started} start two ranks, {alone} do not, all as foretold"
    ));
    assert!(started >= 2 && alone >= 1, "{started} {alone}");
}

/// An image of a suite without a file, of which all else is shared with the suite.
fn without(suite: &str, path: &str) -> tempfile::TempDir {
    let own = tree(suite);
    let dir = tempfile::tempdir_in(own.parent().unwrap()).unwrap();
    let image = dir.path().join("image");
    let copied = Run::of(Command::new("cp").arg("-al").arg(&own).arg(&image));
    assert_eq!(copied.code, 0, "{}", copied.stderr);
    fs::remove_file(image.join(path)).unwrap();
    dir
}

#[test]
fn what_an_image_lacks_for_its_own_mpi_is_told_of_each_way() {
    if !real("abi: images that lack a part of their MPI") {
        return;
    }
    equip(&tree("bookworm"), false);
    let program = "/opt/app/mpich";
    for (path, by_host, says) in [
        (
            "usr/lib/x86_64-linux-gnu/libucp.so.0",
            "fails",
            "libucp.so.0",
        ),
        (
            "usr/bin/hydra_pmi_proxy",
            "works",
            "hydra_pmi_proxy is not beside",
        ),
        (
            "usr/lib/x86_64-linux-gnu/libslurm.so.38",
            "works",
            "libslurm.so.38",
        ),
    ] {
        let dir = without("bookworm", path);
        let image = dir.path().join("image");
        let ways = ways(&image, &tree("bookworm"), program);
        assert_eq!(ways[1]["verdict"], by_host, "{path}: {ways}");
        let only = &ways[2];
        assert_eq!(only["verdict"], "fails", "{path}: {only}");
        assert!(only["because"].to_string().contains(says), "{path}: {only}");
        let mut tried = Command::new(source("try"));
        tried
            .arg(&image)
            .args([program, "mpich"])
            .stdin(Stdio::null());
        let run = Run::of(&mut tried);
        assert!(!run.stdout.contains("sum 2 of 2"), "{path}: {}", run.stdout);
        let told = format!("{}{}", run.stdout, run.stderr);
        let name = Path::new(path).file_name().unwrap().to_str().unwrap();
        assert!(told.contains(name), "{path}: {told}");
    }
}
