//! `hpcctl bench gpu`: PoCL for real, where a processor stands in for a GPU, and stubs of the driver of CUDA and of the
//! runtime of HIP.

use std::fs;
use std::os::unix::fs::symlink;
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
    let hip = ["", ".5", ".6", ".7"].map(|release| format!("libamdhip64.so{release}"));
    let others = ["libcuda.so.1", "libOpenCL.so.1"].map(str::to_owned);
    for library in hip.into_iter().chain(others) {
        fs::write(dir.path().join(library), "no library").unwrap();
    }
    let run = gpu(&[("LD_LIBRARY_PATH", dir.path())], &["--inside", "host"]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    for words in [
        "there is no GPU; CUDA: ",
        "libcuda.so.1",
        "HIP: ",
        "libamdhip64.so.7",
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

/// Compiles a stub of a library.
fn compile(source: &str, library: &Path, more: &[String]) {
    let name = library.file_name().unwrap().to_string_lossy();
    let run = Run::of(
        Command::new("cc")
            .args(["-O3", "-Wall", "-Werror", "-shared", "-fPIC"])
            .arg(format!("-Wl,-soname,{name}"))
            .args(more)
            .arg("-o")
            .arg(library)
            .arg(source),
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
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
    let more = [
        format!("-DVERSION={version}"),
        format!("-I{}", include.display()),
    ];
    compile("tests/gpu/cuda.c", &dir.join("libcuda.so.1"), &more);
}

/// A stub of the runtime of HIP with its compiler, which fails on demand, in a directory.
fn stub_of_hip(dir: &Path, release: u32, version: u32, fails: bool) {
    let mut more = vec![
        format!("-DVERSION={version}"),
        format!("-DFAILS={}", u32::from(fails)),
    ];
    if release > 5 {
        more.push("-DR0600".into());
    }
    let library = dir.join(format!("libamdhip64.so.{release}"));
    compile("tests/gpu/hip.c", &library, &more);
}

/// What is measured with the libraries of a directory outside and others in the image: every
/// figure, that between two GPUs, too.
fn with_libraries(outside: &Path, inside: impl Fn(&Path)) -> Value {
    let (_dir, image) = image_of_a_suite();
    let libraries = image.join("usr/local/lib");
    fs::create_dir_all(&libraries).unwrap();
    inside(&libraries);
    // The path of both; each side has one of them.
    let path = PathBuf::from(format!("{}:/usr/local/lib", outside.display()));
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
    report
}

#[test]
fn the_driver_of_cuda_is_called_as_its_header_says() {
    if !real("the_driver_of_cuda_is_called_as_its_header_says") {
        return;
    }
    let outside = tempfile::tempdir().unwrap();
    stub(outside.path(), 12040);
    let report = with_libraries(outside.path(), |libraries| stub(libraries, 11080));
    let differs = differences(&report);
    let interface = differs.iter().find(|one| one["what"] == "GPU interface");
    assert_eq!(interface.unwrap()["outside"], "CUDA 12.4");
    assert_eq!(interface.unwrap()["inside"], "CUDA 11.8");
    assert!(
        differs.iter().any(|one| one["what"] == "GPU library"),
        "{differs:?}"
    );
}

#[test]
fn the_runtime_of_hip_is_called_as_its_header_says() {
    if !real("the_runtime_of_hip_is_called_as_its_header_says") {
        return;
    }
    let outside = tempfile::tempdir().unwrap();
    stub_of_hip(outside.path(), 5, 50_221_153, false);
    let report = with_libraries(outside.path(), |libraries| {
        stub_of_hip(libraries, 6, 60_241_134, false);
    });
    let differs = differences(&report);
    let interface = differs.iter().find(|one| one["what"] == "GPU interface");
    assert_eq!(interface.unwrap()["outside"], "HIP 5.2.21153");
    assert_eq!(interface.unwrap()["inside"], "HIP 6.2.41134");
    let library = differs.iter().find(|one| one["what"] == "GPU library");
    assert_eq!(
        library.unwrap()["inside"],
        "/usr/local/lib/libamdhip64.so.6"
    );
    // What its compiler says is passed on.
    stub_of_hip(outside.path(), 5, 50_221_153, true);
    fs::write(outside.path().join("libOpenCL.so.1"), "no library").unwrap();
    let run = gpu(
        &[("LD_LIBRARY_PATH", outside.path())],
        &["--inside", "host"],
    );
    let words =
        "HIP: hiprtcCompileProgram fails with HIPRTC_ERROR_COMPILATION: no device libraries";
    assert!(run.stderr.contains(words), "{}", run.stderr);
}

#[test]
fn the_compiler_of_hip_makes_code_of_the_kernels() {
    if !real("the_compiler_of_hip_makes_code_of_the_kernels") {
        return;
    }
    // That of Debian is in its runtime, which has no GPU here: the stub stands for that alone.
    let dir = tempfile::tempdir().unwrap();
    stub_of_hip(dir.path(), 5, 50_221_153, true);
    let own = "/usr/lib/x86_64-linux-gnu/libamdhip64.so.5";
    symlink(own, dir.path().join("libhiprtc.so.5")).unwrap();
    let args = ["--inside", "host", "--only", "gpu.peer"];
    let report = report_of(&gpu(&[("LD_LIBRARY_PATH", dir.path())], &args));
    assert_eq!(report["unknowns"], Value::Array(Vec::new()));
    assert_eq!(metrics(&report), ["gpu.peer"]);
    // By itself it says that there is none.
    for library in ["libcuda.so.1", "libOpenCL.so.1"] {
        fs::write(dir.path().join(library), "no library").unwrap();
    }
    fs::remove_file(dir.path().join("libamdhip64.so.5")).unwrap();
    let run = gpu(&[("LD_LIBRARY_PATH", dir.path())], &args);
    assert_eq!(run.code, 5, "{}", run.stderr);
    let words = "HIP: hipInit fails with hipError";
    assert!(run.stderr.contains(words), "{}", run.stderr);
}
