//! What containers need of GPUs: device files that are regular files here, and libraries of a driver made
//! for the test with the names that the real ones have.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use super::driver::with_toolkit;
use super::emitted::{launched, printed, with_runtimes};
use super::{Made, abi, library, program};
use crate::cli::Run;

const VERSION: &str = "535.104.05";

/// What the driver's library opens: the file without its version, and its name.
const OPENED: &[(&str, &str)] = &[
    ("libnvidia-ptxjitcompiler", "libnvidia-ptxjitcompiler.so.1"),
    ("libnvidia-nvvm", "libnvidia-nvvm.so.4"),
];

/// Device files of NVIDIA that a program of CUDA needs, in order, and one that it does not.
const NVIDIA: &[&str] = &[
    "/dev/nvidiactl",
    "/dev/nvidia-uvm",
    "/dev/nvidia0",
    "/dev/nvidia2",
    "/dev/nvidia10",
    "/dev/nvidia-caps/nvidia-cap1",
];
const OTHER: &str = "/dev/nvidia-modeset";

/// Stand-ins for device files.
fn devices(made: &Made, paths: &[&str]) {
    for path in paths {
        let path = made.host(&path[1..]);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "a stand-in").unwrap();
    }
}

/// A host with a driver of NVIDIA, and an image with a program of CUDA.
fn nvidia() -> Made {
    let made = Made::runnable();
    with_toolkit(&made);
    let dir = "usr/lib64";
    for (stem, soname) in [&[("libcuda", "libcuda.so.1")], OPENED].concat() {
        let file = made.host(&format!("{dir}/{stem}.so.{VERSION}"));
        library(&file, soname, &[]);
        symlink(file.file_name().unwrap(), file.with_file_name(soname)).unwrap();
    }
    with_runtimes(&made, "printf '<%s>' \"$@\"");
    made
}

/// What is judged.
fn judged(made: &Made) -> (i32, Value) {
    let image = format!("dir:{}", made.image("").display());
    abi(&[&image, "--host-root", made.host("").to_str().unwrap()])
}

/// What the runtime is told, with the status of what printed that.
fn told(made: &Made, runtime: &str) -> (i32, String) {
    let root = made.host("").display().to_string();
    let (code, script) = printed(made, runtime, &["--host-root", &root]);
    if runtime == "sarus" {
        return (code, fs::read_to_string(script).unwrap());
    }
    // There is nothing behind its binds but on the host that it is for.
    let run = Run::of(&mut launched(made, &script));
    assert_eq!(run.code, 0, "{runtime}: {}", run.stderr);
    let script = fs::read_to_string(script).unwrap();
    (code, run.stdout + &script)
}

#[test]
fn a_command_has_the_devices_and_all_that_was_judged() {
    let made = nvidia();
    devices(&made, NVIDIA);
    devices(&made, &[OTHER, "/dev/nvidiax", "/dev/nvidia-caps/other"]);
    let (code, result) = judged(&made);
    let row = &result["bindings"][0];
    assert_eq!((code, &row["verdict"]), (0, &"works".into()), "{row}");
    let gpu = &result["gpus"][0];
    assert_eq!(
        (&gpu["vendor"], &gpu["cdi"]),
        (&"NVIDIA".into(), &Value::Null)
    );
    assert_eq!(gpu["devices"], serde_json::json!(NVIDIA));
    let binds = row["binds"].as_array().unwrap();
    for (_, soname) in OPENED {
        let image = format!("/opt/hpcctl/lib/{soname}");
        assert!(binds.iter().any(|bind| bind["image"] == image), "{row}");
    }
    for (runtime, options) in [
        ("podman", NVIDIA),
        ("apptainer", &["<--nv>"]),
        ("charliecloud", &[]),
    ] {
        let (code, said) = told(&made, runtime);
        assert_eq!(code, 0, "{runtime}: {said}");
        for option in options {
            let device = format!("<--device><{option}>");
            let wanted = if runtime == "podman" {
                &device
            } else {
                *option
            };
            assert!(said.contains(wanted), "{runtime} {option}: {said}");
        }
        for bind in binds {
            let host = format!("<{}:", bind["host"].as_str().unwrap());
            assert!(said.contains(&host), "{runtime} {host}: {said}");
        }
        assert!(!said.contains(OTHER), "{runtime}: {said}");
        assert!(said.contains("LD_LIBRARY_PATH="), "{runtime}: {said}");
    }
    let (code, hook) = told(&made, "sarus");
    let hook: Value = serde_json::from_str(&hook).unwrap();
    assert_eq!(code, 0, "{hook}");
    let path = hook["hook"]["path"].as_str().unwrap();
    assert!(path.ends_with("/nvidia-container-runtime-hook"), "{hook}");
    assert_eq!(hook["stages"], serde_json::json!(["prestart"]), "{hook}");
}

#[test]
fn a_specification_counts_that_is_of_the_driver_that_was_judged() {
    let made = nvidia();
    devices(&made, NVIDIA);
    fs::create_dir_all(made.host("etc/cdi")).unwrap();
    let of = |version: &str, name: &str| {
        let text = format!(
            "cdiVersion: 0.5.0\nkind: nvidia.com/gpu\ndevices:\n- name: {name}\n  containerEdits:\n    mounts:\n    - hostPath: /usr/lib64/libcuda.so.{version}\n      containerPath: /usr/lib64/libcuda.so.{version}\n"
        );
        fs::write(made.host("etc/cdi/nvidia.yaml"), text).unwrap();
        let (code, said) = told(&made, "podman");
        assert_eq!(code, 0, "{said}");
        let by_name = said.contains("<--device><nvidia.com/gpu=all>");
        assert_ne!(
            by_name,
            said.contains("<--device></dev/nvidiactl>"),
            "{said}"
        );
        by_name
    };
    assert!(of(VERSION, "all"));
    assert!(!of("525.60.13", "all"));
    assert!(!of(VERSION, "\"0\""));
    // One that is there, and is not what was judged.
    let other = made.host("usr/lib64/libcuda.so.525.60.13");
    library(&other, "libcuda.so.1", &[]);
    assert!(!of("525.60.13", "all"));
}

#[test]
fn a_program_of_mpi_has_the_devices_of_networks() {
    let made = Made::runnable();
    library(&made.host("usr/lib64/libmpi.so.12"), "libmpi.so.12", &[]);
    with_runtimes(&made, "printf '<%s>' \"$@\"");
    let all = [
        "/dev/infiniband/rdma_cm",
        "/dev/infiniband/uverbs0",
        "/dev/cxi0",
        "/dev/cxi1",
    ];
    devices(&made, &all);
    devices(&made, &["/dev/infiniband/umad0", "/dev/nvidiactl"]);
    let (code, result) = judged(&made);
    assert_eq!(
        (code, &result["devices"]),
        (0, &serde_json::json!(all)),
        "{result}"
    );
    assert_eq!(result["gpus"], serde_json::json!([]), "{result}");
    let (code, said) = told(&made, "podman");
    assert_eq!(code, 0, "{said}");
    let wanted: String = all.iter().map(|one| format!("<--device><{one}>")).collect();
    assert!(said.contains(&wanted) && !said.contains("nvidia"), "{said}");
}

#[test]
fn a_part_of_the_driver_that_does_not_load_is_told() {
    let made = nvidia();
    let libc = made.host("usr/lib64/libc.so.6");
    library(&libc, "libc.so.6", &["-DLIBC"]);
    let nvvm = made.host(&format!("usr/lib64/libnvidia-nvvm.so.{VERSION}"));
    let needs = ["-DNEEDS_LIBC", "-Wl,--no-as-needed", libc.to_str().unwrap()];
    library(&nvvm, "libnvidia-nvvm.so.4", &needs);
    let (code, result) = judged(&made);
    let row = &result["bindings"][0];
    assert_eq!((code, &row["verdict"]), (0, &"degraded".into()), "{row}");
    let because = row["because"].to_string();
    assert!(
        because.contains("the part libnvidia-nvvm.so.4 does not load"),
        "{because}"
    );
    // A host without a GPU has nothing to hand over.
    assert_eq!(result["gpus"][0]["devices"], serde_json::json!([]));
    let (code, said) = told(&made, "podman");
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("no device file of NVIDIA") && !said.contains("--device"),
        "{said}"
    );
}

#[test]
fn an_image_with_its_own_libraries_needs_the_devices_alone() {
    let made = Made::runnable();
    let own = made.image("usr/lib/libamdhip64.so.6");
    library(&own, "libamdhip64.so.6", &[]);
    fs::remove_file(made.image("usr/bin/app")).unwrap();
    program(&made.image("usr/bin/app"), &own, &[]);
    with_runtimes(&made, "printf '<%s>' \"$@\"");
    devices(
        &made,
        &["/dev/kfd", "/dev/dri/renderD128", "/dev/dri/card0"],
    );
    for (runtime, says) in [
        (
            "podman",
            "<--device></dev/kfd><--device></dev/dri/renderD128><--security-opt>",
        ),
        ("apptainer", "<--rocm>"),
        ("charliecloud", "</usr/bin/app>"),
        ("sarus", "/opt/sarus/bin/amdgpu_hook"),
    ] {
        // Whether they fit the driver of the host is not known.
        let (code, said) = told(&made, runtime);
        assert_eq!(code, 3, "{runtime}: {said}");
        assert!(said.contains(says), "{runtime}: {said}");
    }
}
