//! `hpcctl bench gpu`: PoCL for real, where a processor stands in for a GPU, and a stub of the driver of CUDA.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::bench::{metrics, report_of};
use crate::cli::{Run, command, hpcctl};
use crate::mpi::image_of_a_suite;
use crate::real::real;
use crate::schema::validate;

/// Every figure of one GPU.
const FIGURES: usize = 9;

/// A short run with variables.
fn gpu(variables: &[(&str, &Path)], args: &[&str]) -> Run {
    let fixed = ["bench", "gpu", "--budget", "1s", "-o", "json"];
    let mut command = command(&[&fixed, args].concat());
    for (name, value) in variables {
        command.env(name, value);
    }
    Run::of(&mut command)
}

/// What is told of the GPU on either side, where it is not the same.
fn differences(report: &Value) -> Vec<&Value> {
    let all = report["result"]["differences"].as_array().unwrap().iter();
    all.filter(|one| one["what"].as_str().unwrap().starts_with("GPU"))
        .collect()
}

#[test]
fn without_a_gpu_each_interface_says_why() {
    let dir = tempfile::tempdir().unwrap();
    // What is there of either is not found before these.
    for library in ["libcuda.so.1", "libOpenCL.so.1"] {
        fs::write(dir.path().join(library), "no library").unwrap();
    }
    let run = gpu(&[("LD_LIBRARY_PATH", dir.path())], &["--inside", "host"]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    for words in [
        "there is no GPU; CUDA: ",
        "libcuda.so.1",
        "OpenCL: ",
        "libOpenCL.so.1",
    ] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    // It is not among all.
    let report = report_of(&hpcctl(&[
        "bench", "cpu", "--budget", "1s", "--inside", "host", "-o", "json",
    ]));
    assert_eq!(metrics(&report), ["cpu.compute"]);
}

#[test]
fn an_image_has_its_own_opencl_and_needs_a_driver() {
    if !real("an_image_has_its_own_opencl_and_needs_a_driver") {
        return;
    }
    let report = report_of(&gpu(&[], &[]));
    validate("hpcctl.bench-1.json", &report);
    assert_eq!(report["unknowns"], Value::Array(Vec::new()));
    assert_eq!(metrics(&report).len(), FIGURES);
    assert!(differences(&report).is_empty(), "{report}");

    let dir = tempfile::tempdir_in("/var/tmp").unwrap();
    let image = dir.path().join("image");
    let made = Run::of(Command::new("tests/gpu/image").arg(&image));
    assert_eq!(made.code, 0, "{}", made.stderr);
    let of_image = [
        "--inside",
        "charliecloud",
        "--image",
        image.to_str().unwrap(),
    ];
    let report = report_of(&gpu(&[], &of_image));
    assert_eq!(report["unknowns"], Value::Array(Vec::new()));
    assert_eq!(metrics(&report).len(), FIGURES);
    let differs = differences(&report);
    assert_eq!(differs.len(), 1, "{differs:?}");
    assert_eq!(differs[0]["what"], "GPU library");
    assert!(
        differs[0]["inside"]
            .to_string()
            .contains("libOpenCL.so.1.9.9")
    );

    // A driver that is not bound in is the commonest fault.
    fs::remove_file(image.join("etc/OpenCL/vendors/pocl.icd")).unwrap();
    let run = gpu(&[], &of_image);
    assert_eq!(run.code, 5, "{}", run.stderr);
    for words in [
        "inside: there is no GPU",
        "no driver is named below /etc/OpenCL/vendors",
    ] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
}

/// A stub of the driver of CUDA that calls itself of a version, in a directory.
fn stub(dir: &Path, version: u32) {
    let wheels = PathBuf::from(std::env::var_os("HPCCTL_WHEELS").expect("tests/run sets it"));
    let python = std::env::var_os("HPCCTL_PYTHON").expect("tests/run sets it");
    let headers = wheels.join("cuda");
    if !headers.exists() {
        let wheel = fs::read_dir(&wheels)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let wheel = wheel
            .filter(|path| path.to_string_lossy().contains("cuda_runtime_cu12"))
            .max();
        let run = Run::of(
            Command::new(python)
                .args(["-m", "zipfile", "-e"])
                .args([wheel.unwrap(), headers.clone()]),
        );
        assert_eq!(run.code, 0, "{}", run.stderr);
    }
    let include = headers.join("nvidia/cuda_runtime/include");
    let run = Run::of(
        Command::new("cc")
            .args([
                "-O3",
                "-Wall",
                "-Werror",
                "-shared",
                "-fPIC",
                "-Wl,-soname,libcuda.so.1",
            ])
            .arg(format!("-DVERSION={version}"))
            .arg(format!("-I{}", include.display()))
            .args(["-o".as_ref(), dir.join("libcuda.so.1").as_os_str()])
            .arg("tests/gpu/stub.c"),
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn the_driver_of_cuda_is_called_as_its_header_says() {
    if !real("the_driver_of_cuda_is_called_as_its_header_says") {
        return;
    }
    let outside = tempfile::tempdir().unwrap();
    stub(outside.path(), 12040);
    let (_dir, image) = image_of_a_suite();
    let libraries = image.join("usr/local/lib");
    fs::create_dir_all(&libraries).unwrap();
    stub(&libraries, 11080);
    // The path of both; each side has one of them.
    let path = PathBuf::from(format!("{}:/usr/local/lib", outside.path().display()));
    let run = gpu(
        &[("LD_LIBRARY_PATH", &path)],
        &["--image", image.to_str().unwrap()],
    );
    let report = report_of(&run);
    validate("hpcctl.bench-1.json", &report);
    assert_eq!(report["unknowns"], Value::Array(Vec::new()));
    let names = metrics(&report);
    assert_eq!(names.len(), FIGURES + 1, "{names:?}");
    assert!(names.contains(&"gpu.peer"), "{names:?}");
    let differs = differences(&report);
    let interface = differs.iter().find(|one| one["what"] == "GPU interface");
    assert_eq!(interface.unwrap()["outside"], "CUDA 12.4");
    assert_eq!(interface.unwrap()["inside"], "CUDA 11.8");
    assert!(
        differs.iter().any(|one| one["what"] == "GPU library"),
        "{differs:?}"
    );
}
