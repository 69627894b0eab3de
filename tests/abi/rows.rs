//! Which rows there are, of which programs they tell, and what of them counts.

use std::fs;

use serde_json::{Value, json};

use super::{Made, abi, library, program};
use crate::cli::{Run, command, hpcctl};

/// The rows of a name that is needed, with their programs.
fn verdicts<'r>(result: &'r Value, soname: &str) -> Vec<(&'r str, String)> {
    let rows = result["bindings"].as_array().unwrap().iter();
    let rows = rows.filter(|row| row["soname"] == soname);
    rows.map(|row| {
        (
            row["verdict"].as_str().unwrap(),
            row["programs"].to_string(),
        )
    })
    .collect()
}

#[test]
fn the_best_library_counts_for_each_program() {
    let made = Made::new();
    for (name, flags) in [
        ("libmpi.so.12", &[][..]),
        ("libmpi_abi.so.1", &[]),
        ("libmpi.so.40", &["-DOPEN"]),
    ] {
        library(&made.host(&format!("lib/{name}")), name, flags);
    }
    // What nobody would bind is no row, and does not count.
    let (code, result) = made.judge("lib");
    assert_eq!(
        (code, result["bindings"].as_array().unwrap().len()),
        (0, 1),
        "{result}"
    );
    // Beside one that lacks what is called, one that has it.
    library(
        &made.host("lib/old/libmpi.so.12"),
        "libmpi.so.12",
        &["-DLESS"],
    );
    let image = format!("dir:{}", made.image("").display());
    let (host, old) = (made.host("lib"), made.host("lib/old"));
    let (host, old) = (host.to_str().unwrap(), old.to_str().unwrap());
    let (code, result) = abi(&[&image, "--host-lib", old, "--host-lib", host]);
    let found: Vec<&str> = verdicts(&result, "libmpich.so.12")
        .iter()
        .map(|row| row.0)
        .collect();
    assert_eq!((code, found), (0, vec!["degraded", "works"]), "{result}");
    // A program that calls what the host's library lacks has a row of its own.
    let own = made.image("usr/lib/libmpich.so.12");
    library(&own, "libmpich.so.12", &["-DMORE"]);
    let calls = ["-DCALLS_MORE", "-Wl,-z,now"];
    program(&made.image("usr/bin/bad"), &own, &calls);
    let (code, result) = made.judge("lib");
    let rows = verdicts(&result, "libmpich.so.12");
    let wanted = [
        ("works", r#"["/usr/bin/app"]"#.to_owned()),
        ("fails", r#"["/usr/bin/bad"]"#.to_owned()),
    ];
    assert_eq!((code, &rows[..]), (1, &wanted[..]), "{result}");
    // Programs of which the same is true share one, by whichever path.
    fs::copy(made.image("usr/bin/bad"), made.image("usr/bin/worse")).unwrap();
    let (_, result) = made.judge("lib");
    let rows = verdicts(&result, "libmpich.so.12");
    assert_eq!(rows.len(), 2, "{result}");
    assert!(
        rows[1].1.contains("bad") && rows[1].1.contains("worse"),
        "{result}"
    );
    let because = result["bindings"][1]["because"].to_string();
    assert!(
        because.contains("the program of the image calls MPIX_More"),
        "{because}"
    );
}

#[test]
fn a_copy_of_a_library_is_told_once() {
    let made = Made::new();
    let library_of_host = made.host("lib/libmpi.so.12");
    library(&library_of_host, "libmpi.so.12", &[]);
    fs::copy(&library_of_host, made.host("lib/libmpi.so")).unwrap();
    let (code, result) = made.judge("lib");
    let rows = result["bindings"].as_array().unwrap();
    assert_eq!((code, rows.len()), (0, 1), "{result}");
    assert_eq!(rows[0]["host_path"], "/lib/libmpi.so.12", "{result}");
}

#[test]
fn a_directory_is_of_the_platform_of_its_programs() {
    let made = Made::new();
    library(&made.host("lib/libmpi.so.12"), "libmpi.so.12", &[]);
    let image = format!("dir:{}", made.image("").display());
    let host = made.host("lib").display().to_string();
    let (own, other) = match std::env::consts::ARCH {
        "x86_64" => ("linux/amd64", "linux/arm64"),
        _ => ("linux/arm64", "linux/amd64"),
    };
    for (platform, code) in [(own, 0), (other, 5)] {
        let run = hpcctl(&["abi", &image, "--host-lib", &host, "--platform", platform]);
        assert_eq!(run.code, code, "{platform}: {}", run.stderr);
        assert_eq!(
            run.stderr.contains("was asked for"),
            code == 5,
            "{}",
            run.stderr
        );
    }
}

#[test]
fn programs_that_were_not_asked_for_are_told() {
    let made = Made::new();
    library(&made.host("lib/libmpi.so.12"), "libmpi.so.12", &[]);
    fs::copy(made.image("usr/bin/app"), made.image("usr/bin/other")).unwrap();
    let (_, result) = made.judge("lib");
    assert_eq!(result["left_out"], json!([]), "{result}");
    assert_eq!(result["complete"], true, "{result}");
    let image = format!("dir:{}", made.image("").display());
    let host = made.host("lib").display().to_string();
    let words = [&image, "--host-lib", &host, "--program", "/usr/bin/app"];
    let (code, result) = abi(&words);
    assert_eq!((code, &result["left_out"]), (0, &json!(["/usr/bin/other"])));
    // Of what is no such program it is told why.
    for (path, why) in [
        ("/usr/bin/none", "it is not there"),
        ("/usr/bin", "it is no ELF file"),
        ("/usr/lib/libplain.so.1", "it needs no library of MPI"),
    ] {
        library(&made.image("usr/lib/libplain.so.1"), "libplain.so.1", &[]);
        let run = hpcctl(&["abi", &image, "--program", path]);
        assert_eq!(run.code, 5, "{path}: {}", run.stdout);
        assert!(run.stderr.contains(why), "{path}: {}", run.stderr);
    }
}

#[test]
fn what_a_named_library_brings_stands_for_what_programs_need_themselves() {
    let made = Made::new();
    let fabric = made.image("usr/lib/libfabric.so.1");
    library(&fabric, "libfabric.so.1", &[]);
    let needs = ["-Wl,--no-as-needed", fabric.to_str().unwrap()];
    let own = made.image("usr/lib/libmpich.so.12");
    program(&made.image("usr/bin/info"), &own, &needs);
    let of_host = made.host("lib/libfabric.so.1");
    library(&of_host, "libfabric.so.1", &[]);
    let needs = ["-Wl,--no-as-needed", of_host.to_str().unwrap()];
    library(&made.host("lib/libmpi.so.12"), "libmpi.so.12", &needs);
    let (code, result) = made.judge("lib/libmpi.so.12");
    let rows = verdicts(&result, "libfabric.so.1");
    assert_eq!((code, rows.len(), rows[0].0), (0, 1, "works"), "{result}");
    assert_eq!(result["bindings"][1]["host_path"], "/lib/libfabric.so.1");
}

#[test]
fn each_mpi_that_programs_need_has_its_ways() {
    let made = Made::new();
    let own = made.image("usr/lib/libmpi.so.40");
    library(&own, "libmpi.so.40", &["-DOPEN"]);
    program(&made.image("usr/bin/open"), &own, &["-DOPEN"]);
    library(&made.host("lib/libmpi.so.40"), "libmpi.so.40", &["-DOPEN"]);
    let (_, result) = made.judge("lib");
    let ways = result["ways"].as_array().unwrap().iter();
    let ways = ways.filter(|way| way["way"] == "host-library");
    let told: Vec<(&Value, &Value)> = ways.map(|way| (&way["soname"], &way["verdict"])).collect();
    let (mpich, open) = (json!("libmpich.so.12"), json!("libmpi.so.40"));
    let (fails, degraded) = (json!("fails"), json!("degraded"));
    assert_eq!(told, [(&open, &degraded), (&mpich, &fails)], "{result}");
}

#[test]
fn what_no_library_of_the_host_stands_for_is_told() {
    let made = Made::new();
    let image = format!("dir:{}", made.image("").display());
    let own = made.image("usr/lib/libmpich.so.12");
    // It is in the table, and is not known to work.
    library(&own, "libfabric.so.1", &[]);
    fs::rename(&own, made.image("usr/lib/libfabric.so.1")).unwrap();
    library(&own, "libmpich.so.12", &[]);
    let fabric = made.image("usr/lib/libfabric.so.1");
    program(
        &made.image("usr/bin/app"),
        &own,
        &["-Wl,--no-as-needed", fabric.to_str().unwrap()],
    );
    library(&made.host("fabric/libfabric.so.1"), "libfabric.so.1", &[]);
    let (code, result) = made.judge("fabric");
    assert_eq!(
        (code, verdicts(&result, "libfabric.so.1")[0].0),
        (3, "works"),
        "{result}"
    );
    let root = made.host("").display().to_string();
    let fabric = made.host("fabric").display().to_string();
    let run = hpcctl(&["abi", &image, "--host-root", &root, "--host-lib", &fabric]);
    let row = run.stdout.lines().find(|line| line.starts_with("none"));
    assert!(
        row.is_some_and(|row| row.contains("libmpich.so.12")),
        "{}",
        run.stdout
    );
    let run = hpcctl(&["abi", &image, "--host-root", "/no/such"]);
    assert_eq!(run.code, 5, "{}", run.stdout);
}

#[test]
fn a_file_that_cannot_be_read_counts_where_a_program_needs_it() {
    let made = Made::new();
    library(&made.host("lib/libmpi.so.12"), "libmpi.so.12", &[]);
    let broken = made.image("usr/lib/libbroken.so.1");
    library(&broken, "libbroken.so.1", &[]);
    let own = made.image("usr/lib/libmpich.so.12");
    let uses = ["-Wl,--no-as-needed", broken.to_str().unwrap()];
    program(&made.image("usr/bin/uses"), &own, &uses);
    // It ends within its program headers.
    let bytes = fs::read(&broken).unwrap();
    fs::write(&broken, &bytes[..100]).unwrap();
    let (code, result) = made.judge("lib");
    let row = verdicts(&result, "libmpich.so.12").pop().unwrap();
    assert_eq!((code, row.0), (3, "unknown"), "{result}");
    assert_eq!(result["complete"], false);
    // Only what nothing is known of counts.
    fs::remove_file(made.image("usr/bin/uses")).unwrap();
    let (code, result) = made.judge("lib");
    let row = verdicts(&result, "libmpich.so.12").pop().unwrap();
    assert_eq!((code, row.0), (0, "works"), "{result}");
    // What is nowhere keeps a program from starting, with whichever library.
    library(&broken, "libbroken.so.1", &[]);
    program(&made.image("usr/bin/uses"), &own, &uses);
    let elsewhere = made.image("opt/broken/libbroken.so.1");
    fs::create_dir_all(elsewhere.parent().unwrap()).unwrap();
    fs::rename(&broken, &elsewhere).unwrap();
    let (code, result) = made.judge("lib");
    assert_eq!(
        (code, result["bindings"][1]["verdict"].as_str()),
        (0, Some("degraded")),
        "{result}"
    );
    fs::remove_file(&elsewhere).unwrap();
    let (code, result) = made.judge("lib");
    assert_eq!(code, 1, "{result}");
    let because = result["bindings"][1]["because"].to_string();
    assert!(
        because.contains("/usr/bin/uses does not start by itself"),
        "{because}"
    );
}

#[test]
fn a_runtime_library_of_cuda_that_the_loader_does_not_find_is_one_that_is_needed() {
    let made = Made::new();
    let runtime = made.image("usr/local/cuda/lib64/libcudart.so.12");
    library(&runtime, "libcudart.so.12", &[]);
    program(&made.image("usr/bin/app"), &runtime, &[]);
    library(&made.host("lib/libcuda.so.535.104.05"), "libcuda.so.1", &[]);
    let (code, result) = made.judge("lib/libcuda.so.535.104.05");
    let row = &result["bindings"][0];
    assert_eq!((code, &row["verdict"]), (0, &json!("degraded")), "{result}");
    let because = row["because"].to_string();
    let says = "needs libcudart.so.12, which lies at /usr/local/cuda/lib64/libcudart.so.12, where its loader does not look";
    assert!(because.contains(says), "{because}");
}

#[test]
fn open_mpi_of_before_3_is_another_library_with_each_number() {
    for (own, of_host, code, verdict) in [
        ("libmpi.so.1", "libmpi.so.20", 1, "fails"),
        ("libmpi.so.20", "libmpi.so.1", 1, "fails"),
        // That of 1.10 is called as MPICH's is.
        ("libmpi.so.1", "libmpi.so.12", 1, "fails"),
        ("libmpi.so.12", "libmpi.so.12", 0, "works"),
        ("libmpi.so.1", "libmpi.so.1", 0, "works"),
        ("libmpi.so.40", "libmpi.so.20", 1, "fails"),
    ] {
        let made = Made::new();
        let path = made.image("usr/lib").join(own);
        library(&path, own, &["-DOPEN"]);
        program(&made.image("usr/bin/app"), &path, &["-DOPEN"]);
        library(&made.host("lib").join(of_host), of_host, &["-DOPEN"]);
        let (found, result) = made.judge(&format!("lib/{of_host}"));
        let row = &result["bindings"][0];
        assert_eq!(
            (found, &row["verdict"]),
            (code, &json!(verdict)),
            "{own}, {of_host}: {row}"
        );
        if code == 1 {
            assert_eq!(row["because"][0]["rule"], "family", "{row}");
        }
    }
}

#[test]
fn a_library_that_needs_no_c_library_is_made_for_none() {
    let made = Made::new();
    let own = made.image("usr/lib/libmpich.so.12");
    let musl = "-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1";
    program(&made.image("usr/bin/app"), &own, &[musl]);
    let host = made.host("lib/libmpi.so.12");
    library(&host, "libmpi.so.12", &[]);
    let (code, result) = made.judge("lib/libmpi.so.12");
    assert_eq!(
        (code, verdicts(&result, "libmpich.so.12")[0].0),
        (0, "works"),
        "{result}"
    );
    let libc = made.host("lib/libc.so.6");
    library(&libc, "libc.so.6", &["-DLIBC"]);
    library(
        &host,
        "libmpi.so.12",
        &["-DNEEDS_LIBC", libc.to_str().unwrap()],
    );
    let (code, result) = made.judge("lib/libmpi.so.12");
    assert_eq!(
        (code, verdicts(&result, "libmpich.so.12")[0].0),
        (1, "fails"),
        "{result}"
    );
}

#[test]
fn doctor_goes_by_what_loads_in_the_image() {
    let made = Made::new();
    let image = format!("dir:{}", made.image("").display());
    let words = [
        "doctor",
        "--op",
        "mpi-host",
        "--runtime",
        "builtin",
        "--image",
        &image,
        "-o",
        "json",
    ];
    for (soname, flags, holds) in [
        ("libmpi.so.12", &[][..], true),
        ("libmpi.so.40", &["-DOPEN"], false),
    ] {
        let dir = made.host(&format!("{soname}{}", flags.len()));
        library(&dir.join(soname), soname, flags);
        let mut command = command(&words);
        let report = Run::of(command.env("LD_LIBRARY_PATH", &dir)).json();
        let checks = report["result"]["checks"].as_array().unwrap().iter();
        let mut checks = checks.filter(|check| check["id"] == "image.coupling");
        let check = checks.next().unwrap();
        let is_refused = check["status"] != "pass";
        assert_eq!(is_refused, !holds, "{soname}: {check}");
        let row = &report["result"]["runtimes"][0]["operations"][0];
        let because = row["because"].to_string();
        assert_eq!(
            because.contains("image.coupling"),
            !holds,
            "{soname}: {row}"
        );
        if !holds {
            assert_eq!(row["verdict"], "no", "{row}");
        }
    }
}

#[test]
fn what_a_library_looks_for_only_as_it_calls_it_keeps_nothing_from_starting() {
    let made = Made::new();
    for (binds, code, verdict) in [("lazy", 0, "degraded"), ("now", 1, "fails")] {
        let flags = ["-DNEEDS_LIBC", &format!("-Wl,-z,{binds}")];
        library(&made.host("lib/libmpi.so.12"), "libmpi.so.12", &flags);
        let judged = made.judge("lib");
        let rows = verdicts(&judged.1, "libmpich.so.12");
        assert_eq!(
            (judged.0, rows[0].0),
            (code, verdict),
            "{binds}: {}",
            judged.1
        );
        let because = judged.1["bindings"][0]["because"].to_string();
        assert!(because.contains("calls of_libc"), "{because}");
    }
}
