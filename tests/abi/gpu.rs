//! What containers need of GPUs: device files that are regular files here, and libraries of a driver made
//! for the test with the names that the real ones have.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;

use super::driver::with_toolkit;
use super::emitted::{elsewhere, launched, printed, with_runtimes};
use super::{Made, abi, library, program};
use crate::cli::{Run, hpcctl};
use crate::environments::{ENVIRONMENTS, RUNC, has_apptainer};
use crate::real::real;

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

/// Who made the GPUs behind device files of the kernel's DRM, by their numbers on the PCI bus.
fn made_by(made: &Made, makers: &[(&str, &str)]) {
    for (name, number) in makers {
        let dir = made.host(&format!("sys/class/drm/{name}/device"));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("vendor"), format!("{number}\n")).unwrap();
    }
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
    // Whoever manages a node has a kind of device of the same name, which is another.
    let managed = made.host("etc/cdi/nvidia.yaml");
    let text = fs::read_to_string(&managed).unwrap();
    fs::write(&managed, text.replace("kind: ", "kind: management.")).unwrap();
    assert!(!told(&made, "podman").1.contains("nvidia.com/gpu"));
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

const HIP: &str = "libamdhip64.so.6";

/// A host with a GPU of AMD, and an image with a program of HIP and its library.
fn amd() -> Made {
    let made = Made::runnable();
    let own = made.image("usr/lib").join(HIP);
    library(&own, HIP, &[]);
    fs::remove_file(made.image("usr/bin/app")).unwrap();
    program(&made.image("usr/bin/app"), &own, &[]);
    with_runtimes(&made, "printf '<%s>' \"$@\"");
    devices(
        &made,
        &["/dev/kfd", "/dev/dri/renderD128", "/dev/dri/card0"],
    );
    made_by(&made, &[("renderD128", "0x1002")]);
    made
}

/// What says why nothing is printed.
fn refused(made: &Made, runtime: &str) -> String {
    let image = format!("dir:{}", made.image("").display());
    let root = made.host("").display().to_string();
    let run = elsewhere(&["abi", &image, "--host-root", &root, "--emit", runtime]);
    assert_eq!(run.stdout, "", "{runtime}");
    assert_ne!(run.code, 0, "{runtime}: {}", run.stderr);
    run.stderr
}

#[test]
fn an_image_with_its_own_libraries_needs_the_devices_alone() {
    let made = amd();
    let of_podman = "<--device></dev/kfd><--device></dev/dri/renderD128><--security-opt>";
    let tried = || {
        for (runtime, says) in [
            ("podman", of_podman),
            ("apptainer", "</usr/bin/app>"),
            ("charliecloud", "</usr/bin/app>"),
            ("sarus", "/opt/sarus/bin/amdgpu_hook"),
        ] {
            // Whether they fit the driver of the host is not known.
            let (code, said) = told(&made, runtime);
            assert_ne!(code, 0, "{runtime}: {said}");
            assert!(said.contains(says), "{runtime}: {said}");
            // The one would bring the libraries of the host, the other is mounted with nodev.
            for wrong in ["--rocm", "<--bind></dev"] {
                assert!(!said.contains(wrong), "{runtime} {wrong}: {said}");
            }
        }
    };
    tried();
    // One of the host that was refused is no reason to bring it.
    let libc = made.host("usr/lib64/libc.so.6");
    library(&libc, "libc.so.6", &["-DLIBC"]);
    let needs = ["-DNEEDS_LIBC", "-Wl,--no-as-needed", libc.to_str().unwrap()];
    library(&made.host("usr/lib64").join(HIP), HIP, &needs);
    assert_eq!(judged(&made).1["bindings"][0]["verdict"], "fails");
    tried();
    // A program that finds the library on neither side does not start.
    fs::remove_file(made.image("usr/lib").join(HIP)).unwrap();
    let why = refused(&made, "podman");
    assert!(why.contains("/usr/bin/app needs libamdhip64.so.6"), "{why}");
}

#[test]
fn another_release_of_hip_is_another_library() {
    let made = amd();
    for other in ["libamdhip64.so.7", "libamdhip64.so.5"] {
        let file = made.host("usr/lib64").join(other);
        library(&file, other, &[]);
        let (code, result) = judged(&made);
        let row = &result["bindings"][0];
        assert_eq!((code, &row["verdict"]), (1, &"fails".into()), "{row}");
        assert_eq!(row["because"][0]["rule"], "family", "{row}");
        let why = row["because"].to_string();
        assert!(why.contains("https://rocm.docs.amd.com/"), "{why}");
        let fix = row["fix"][0].as_str().unwrap();
        assert_eq!(fix, "leave the image's own libamdhip64.so.6 in its place");
        // The image's own is used.
        let (_, said) = told(&made, "podman");
        assert!(
            said.contains("</dev/kfd>") && !said.contains(other),
            "{said}"
        );
        fs::remove_file(file).unwrap();
    }
    library(&made.host("usr/lib64").join(HIP), HIP, &[]);
    assert_eq!(judged(&made).1["bindings"][0]["verdict"], "works");
}

#[test]
fn a_device_file_is_of_who_made_its_gpu() {
    let made = amd();
    let others = [("renderD129", "0x8086"), ("renderD130", "0x10de")];
    devices(&made, &["/dev/dri/renderD129", "/dev/dri/renderD130"]);
    made_by(&made, &others);
    // A processor's own, which is on no bus.
    devices(&made, &["/dev/dri/renderD131"]);
    fs::create_dir_all(made.host("sys/class/drm/renderD131/device/power")).unwrap();
    let (_, result) = judged(&made);
    let own = serde_json::json!(["/dev/kfd", "/dev/dri/renderD128"]);
    assert_eq!(result["gpus"][0]["devices"], own, "{result}");
    assert_eq!(result["complete"], true, "{result}");
    // Of one that cannot be read nothing is known.
    devices(&made, &["/dev/dri/renderD132"]);
    let image = format!("dir:{}", made.image("").display());
    let root = made.host("").display().to_string();
    let run = hpcctl(&["abi", &image, "--host-root", &root, "-o", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["result"]["gpus"][0]["devices"], own, "{report}");
    assert_eq!(report["result"]["complete"], false, "{report}");
    let unknowns = report["unknowns"].to_string();
    assert!(unknowns.contains("/dev/dri/renderD132"), "{unknowns}");
}

#[test]
fn nothing_brings_a_library_of_the_driver_that_was_refused() {
    const NVML: &str = "libnvidia-ml.so.1";
    let made = nvidia();
    devices(&made, NVIDIA);
    let libc = made.host("usr/lib64/libc.so.6");
    library(&libc, "libc.so.6", &["-DLIBC"]);
    let file = made.host(&format!("usr/lib64/libnvidia-ml.so.{VERSION}"));
    let needs = ["-DNEEDS_LIBC", "-Wl,--no-as-needed", libc.to_str().unwrap()];
    library(&file, NVML, &needs);
    symlink(file.file_name().unwrap(), file.with_file_name(NVML)).unwrap();
    // A specification that brings both.
    let mounts = ["libcuda", "libnvidia-ml"].map(|stem| {
        format!("    - hostPath: /usr/lib64/{stem}.so.{VERSION}\n      containerPath: /x\n")
    });
    let head = "kind: nvidia.com/gpu\ndevices:\n- name: all\n  containerEdits:\n    mounts:\n";
    fs::create_dir_all(made.host("etc/cdi")).unwrap();
    fs::write(
        made.host("etc/cdi/nvidia.yaml"),
        head.to_owned() + &mounts.concat(),
    )
    .unwrap();
    assert!(
        told(&made, "podman")
            .1
            .contains("<--device><nvidia.com/gpu=all>")
    );
    assert!(told(&made, "apptainer").1.contains("<--nv>"));

    let own = made.image("usr/lib").join(NVML);
    library(&own, NVML, &[]);
    let runtime = made.image("usr/local/cuda/lib64/libcudart.so.12");
    let path = "-Wl,-rpath,/usr/local/cuda/lib64,--no-as-needed";
    program(
        &made.image("usr/bin/app"),
        &runtime,
        &[path, own.to_str().unwrap()],
    );
    for (runtime, hands) in [
        ("podman", "<--device></dev/nvidiactl>"),
        ("apptainer", "</usr/bin/app>"),
        ("charliecloud", "</usr/bin/app>"),
    ] {
        let (code, said) = told(&made, runtime);
        assert_eq!(code, 1, "{runtime}: {said}");
        assert!(said.contains(hands), "{runtime}: {said}");
        assert!(said.contains("/libcuda.so.1"), "{runtime}: {said}");
        for brings in [
            "<--nv>",
            "nvidia.com/gpu",
            &format!("libnvidia-ml.so.{VERSION}"),
        ] {
            assert!(!said.contains(brings), "{runtime} {brings}: {said}");
        }
        let why = "# libnvidia-ml.so.1: the image's own is used";
        assert!(said.contains(why), "{runtime}: {said}");
    }
    let why = refused(&made, "sarus");
    let none = format!("{NVML} among them, of which none of the host was accepted");
    assert!(why.contains(&none), "{why}");
}

#[test]
fn the_hook_of_nvidia_is_not_for_an_image_whose_package_takes_the_place_of_the_driver() {
    let made = nvidia();
    devices(&made, NVIDIA);
    assert_eq!(told(&made, "sarus").0, 0);
    let runtime = made.image("usr/local/cuda/lib64/libcudart.so.13.0.48");
    library(&runtime, "libcudart.so.13", &[]);
    let package = made.image("usr/local/cuda/compat/libcuda.so.580.65.06");
    library(&package, "libcuda.so.1", &[]);
    let why = refused(&made, "sarus");
    let own = "libcuda.so.1 among them, of which the image's own is to be used";
    assert!(why.contains(own) && !why.contains("accepted"), "{why}");
}

#[test]
fn sarus_loads_each_of_several_hooks() {
    let made = amd();
    let mpi = made.image("usr/lib/libmpich.so.12");
    let own = made.image("usr/lib").join(HIP);
    let needs = ["-Wl,--no-as-needed", own.to_str().unwrap()];
    program(&made.image("usr/bin/app"), &mpi, &needs);
    library(
        &made.host("usr/lib64/libmpich.so.12"),
        "libmpich.so.12",
        &[],
    );
    let root = made.host("").display().to_string();
    let (_, script) = printed(&made, "sarus", &["--host-root", &root]);
    let hooks = made.dir.path().join("hooks d");
    fs::create_dir(&hooks).unwrap();
    let run = Run::of(Command::new("sh").arg(&script).arg(&hooks));
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    for (name, path) in [("mpi_hook", "mpi_hook"), ("amdgpu_hook", "amdgpu_hook")] {
        let text = fs::read_to_string(hooks.join(format!("{name}.json"))).unwrap();
        let hook: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(hook["version"], "1.0.0", "{hook}");
        assert_eq!(
            hook["hook"]["path"],
            format!("/opt/sarus/bin/{path}"),
            "{hook}"
        );
    }
    // It goes nowhere by itself.
    let run = Run::of(Command::new("sh").arg(&script).current_dir(&hooks));
    assert_ne!(run.code, 0, "{}", run.stdout);
    assert!(
        run.stderr.contains("the directory of the hooks"),
        "{}",
        run.stderr
    );
}

/// A user who may open a GPU of AMD by a group alone, on a node where crun starts containers; the device
/// files are those of /dev/null.
const BY_GROUP: &str = r#"
mkdir -p /dev/dri
for file in kfd dri/renderD128; do
    mknod -m 0660 /dev/$file c 1 3
    chown root:21044 /dev/$file
done
mount -t tmpfs tmpfs /sys/class
mkdir -p /sys/class/drm/renderD128/device
echo 0x1002 >/sys/class/drm/renderD128/device/vendor
chown -R alice:alice $room/{home,run,tmp}
user=member
variables+=(USER=alice XDG_RUNTIME_DIR=$room/run)
outside=(setpriv --reuid=21001 --regid=21001 --groups=21044)
"#;

#[test]
fn a_user_opens_a_gpu_by_a_group_where_the_runtime_keeps_it() {
    if !real("abi: a GPU that a group may open") {
        return;
    }
    let made = amd();
    let own = made.image("usr/lib").join(HIP);
    program(&made.image("usr/bin/app"), &own, &["-DOPENS=\"/dev/kfd\""]);
    let mut all = ENVIRONMENTS.iter();
    let machine = all.find(|one| one.name == "cgroup v2 alone").unwrap();
    let image = format!("dir:{}", made.image("").display());
    let mut rows = vec![
        ("podman", *machine, "", true),
        ("podman", *machine, RUNC, false),
    ];
    if has_apptainer() {
        rows.push(("apptainer", ENVIRONMENTS[0].newer(), "", true));
    }
    for (runtime, environment, more, keeps) in rows {
        let owned = format!("chown -R alice:alice {}", made.image("").display());
        let setup = [more, &owned, BY_GROUP].join("\n");
        let printed = environment.hpcctl(&setup, &["abi", &image, "--emit", runtime]);
        let text = &printed.stdout;
        let told = "/dev/kfd is open to a group";
        assert_eq!(
            printed.stderr.contains(told),
            !keeps,
            "{runtime}: {}",
            printed.stderr
        );
        let has_option = text.contains("--group-add keep-groups");
        assert_eq!(has_option, keeps && runtime == "podman", "{text}");
        // With the option runc starts it all the same, and it opens nothing.
        let device = "--security-opt label=disable";
        let with_option = text.replace(device, &format!("{device} --group-add keep-groups"));
        for text in [text, &with_option] {
            let run = environment.run(&setup, &["sh", "-euc", text]);
            let says = if keeps { "opened" } else { "closed" };
            assert!(
                run.stdout.starts_with(says),
                "{runtime}: {} {}",
                run.stdout,
                run.stderr
            );
            if keeps {
                break;
            }
        }
    }
}

#[test]
fn what_a_program_needs_of_several_makers_of_libraries_goes_together() {
    let made = nvidia();
    devices(&made, NVIDIA);
    let nvml = made.host("usr/lib64/libnvidia-ml.so.1");
    library(&nvml, "libnvidia-ml.so.1", &[]);
    let mpi = made.image("usr/lib/libmpich.so.12");
    let cuda = made.host("usr/lib64/libcuda.so.1");
    let needs = [cuda, nvml].map(|path| path.display().to_string());
    let options = ["-Wl,--no-as-needed", &needs[0], &needs[1]];
    program(&made.image("usr/bin/app"), &mpi, &options);
    library(
        &made.host("usr/lib64/libmpich.so.12"),
        "libmpich.so.12",
        &["-DOTHER"],
    );
    let (code, result) = judged(&made);
    let rows = result["bindings"].as_array().unwrap();
    assert_eq!((code, rows.len()), (0, 3), "{result}");
    for row in rows {
        assert_eq!(row["verdict"], "works", "{row}");
        for name in ["libcuda.so.1", "libnvidia-ml.so.1"] {
            let image = format!("/opt/hpcctl/lib/{name}");
            assert!(row["binds"].to_string().contains(&image), "{row}");
        }
    }
    if real("abi: libraries of several makers in one program") {
        let image = format!("dir:{}", made.image("").display());
        let root = made.host("").display().to_string();
        let (_, result) = abi(&[&image, "--host-root", &root, "--prove"]);
        assert_eq!(result["proof"]["outcome"], "proved", "{result}");
    }
    // A library that is really nowhere is told.
    fs::remove_file(&needs[1]).unwrap();
    let (code, result) = judged(&made);
    assert_eq!(code, 1, "{result}");
    let because = result["bindings"][0]["because"].to_string();
    assert!(
        because.contains("libnvidia-ml.so.1, which is neither in the image"),
        "{because}"
    );
}
