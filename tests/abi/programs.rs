//! What a program opens as it runs, and an MPI that it has in it: none of that is a row.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Made, abi, cc, library, program, source};
use crate::cli::hpcctl;

#[test]
fn what_a_program_opens_as_it_runs_is_not_known() {
    let made = Made::new();
    let libc = made.image("usr/lib/libc.so.6");
    library(&libc, "libc.so.6", &["-DLIBC"]);
    let app = made.image("usr/bin/app");
    let (path, opens) = (app.to_str().unwrap(), source("opens.c"));
    let flags = ["-O1", "-fPIC", "-pie", "-nostartfiles", "-o", path, &opens];
    cc(&[&flags[..], &["-Wl,--no-as-needed", libc.to_str().unwrap()]].concat());
    let archive = made.archive();
    for image in [
        format!("dir:{}", made.image("").display()),
        archive.display().to_string(),
    ] {
        let (code, result) = abi(&[&image]);
        let opens = &result["programs"][0]["opens"];
        assert_eq!(
            (code, opens),
            (3, &json!(["libcuda.so.1"])),
            "{image}: {result}"
        );
        let table = hpcctl(&["abi", &image]).stdout;
        assert!(
            table.contains("may open libcuda.so.1 as it runs"),
            "{table}"
        );
    }
}

#[test]
fn what_a_library_of_a_program_opens_counts_as_what_it_opens_itself() {
    let made = Made::new();
    fs::remove_file(made.image("usr/bin/app")).unwrap();
    let libc = made.image("usr/lib/libc.so.6");
    library(&libc, "libc.so.6", &["-DLIBC"]);
    let libc = ["-Wl,--no-as-needed", libc.to_str().unwrap()];
    let [opening, plain] = ["libopening.so.1", "libplain.so.1"].map(|name| {
        let path = made.image("usr/lib").join(name);
        (path, format!("-Wl,-soname,{name}"))
    });
    let source = source("opens.c");
    let args = [
        "-shared",
        "-fPIC",
        &opening.1,
        "-o",
        opening.0.to_str().unwrap(),
        &source,
    ];
    cc(&[&args[..], &libc].concat());
    let needs = ["-Wl,--no-as-needed", opening.0.to_str().unwrap()];
    library(&plain.0, "libplain.so.1", &needs);
    // It is two libraries away.
    let app = made.image("usr/bin/app");
    let empty = made.dir.path().join("empty.c");
    fs::write(&empty, "void _start(void) { for (;;) ; }\n").unwrap();
    let args = [
        "-fPIC",
        "-pie",
        "-nostartfiles",
        "-Wl,--no-as-needed,--allow-shlib-undefined",
        "-o",
    ];
    let names = [&app, &empty, &plain.0].map(|path| path.to_str().unwrap());
    cc(&[&args[..], &names].concat());
    let image = format!("dir:{}", made.image("").display());
    let (code, result) = abi(&[&image]);
    let program = &result["programs"][0];
    assert_eq!(
        (code, &program["path"], &program["opens"]),
        (3, &json!("/usr/bin/app"), &json!(["libcuda.so.1"])),
        "{result}"
    );
    let (code, result) = abi(&[&image, "--program", "/usr/bin/app"]);
    assert_eq!((code, &result["left_out"]), (3, &json!([])), "{result}");
    // What a part of MPI opens is its own affair.
    let mpi = made.image("usr/lib/libmpich.so.12");
    library(&mpi, "libmpich.so.12", &needs);
    program_of(&made, &mpi);
    let (_, result) = abi(&[&image]);
    assert_eq!(result["programs"][0]["opens"], json!([]), "{result}");
}

/// The program of the image, which needs a library of MPI alone.
fn program_of(made: &Made, mpi: &Path) {
    program(
        &made.image("usr/bin/app"),
        mpi,
        &["-Wl,--allow-shlib-undefined"],
    );
}

/// The source of a program with nothing but two texts.
fn with_texts(made: &Made, one: &str, other: &str) -> PathBuf {
    let source = made.dir.path().join("texts.c");
    let start = "void _start(void) { for (;;) texts[0] = texts[1]; }\n";
    let text = format!("const char *texts[] = {{\"{one}\", \"{other}\"}};\n{start}");
    fs::write(&source, text).unwrap();
    source
}

#[test]
fn texts_of_an_mpi_in_a_program_without_symbols_are_told() {
    let made = Made::new();
    let app = made.image("usr/bin/app");
    let image = format!("dir:{}", made.image("").display());
    for (one, other, code) in [
        (
            "MPICH Version:\\t%s",
            "MPIR_CVAR_ALLREDUCE_SHORT_MSG_SIZE",
            3,
        ),
        ("Open MPI v%d.%d.%d", "mpi_param_check", 3),
        ("Open MPI v%d.%d.%d", "whatever", 0),
    ] {
        let texts = with_texts(&made, one, other);
        for how in [
            &["-static"][..],
            &["-static-pie", "-fPIE"],
            &["-fPIE", "-pie"],
        ] {
            let names = [app.to_str().unwrap(), texts.to_str().unwrap()];
            cc(&[&["-s", "-nostartfiles", "-o"][..], &names, how].concat());
            let archive = made.archive();
            for image in [&image, archive.to_str().unwrap()] {
                let run = hpcctl(&["abi", image]);
                assert_eq!(run.code, code, "{one} {how:?} {image}: {}", run.stdout);
                assert_eq!(
                    run.stdout.contains("it has texts of"),
                    code == 3,
                    "{}",
                    run.stdout
                );
            }
        }
    }
}

#[test]
fn such_a_program_is_told_also_where_it_is_asked_for_and_needs_another_library() {
    let made = Made::new();
    let (app, other) = (made.image("usr/bin/app"), made.image("usr/bin/other"));
    let driver = made.host("lib/libcuda.so.1");
    library(&driver, "libcuda.so.1", &[]);
    let driver = driver.to_str().unwrap();
    for (path, texts) in [
        (&app, ["Open MPI v%d.%d.%d", "mpi_param_check"]),
        (&other, ["no", "texts"]),
    ] {
        let source = with_texts(&made, texts[0], texts[1]);
        let names = [path.to_str().unwrap(), source.to_str().unwrap(), driver];
        let how = ["-s", "-fPIE", "-pie", "-nostartfiles", "-Wl,--no-as-needed"];
        cc(&[&how[..], &["-o"], &names].concat());
    }
    let image = format!("dir:{}", made.image("").display());
    for (asked, code) in [
        (&[][..], 3),
        (&["--program", "/usr/bin/app"], 3),
        (&["--program", "/usr/bin/other"], 0),
    ] {
        let (found, result) = abi(&[&[&*image, "--host-lib", driver][..], asked].concat());
        let row = &result["bindings"][0];
        assert_eq!(
            (&row["soname"], &row["verdict"]),
            (&json!("libcuda.so.1"), &json!("works")),
            "{row}"
        );
        assert_eq!(
            (found, &result["complete"]),
            (code, &json!(code == 0)),
            "{asked:?}: {result}"
        );
    }
}

#[test]
fn a_program_that_has_mpi_in_it_is_told_however_it_is_linked() {
    let made = Made::new();
    let libc = made.image("usr/lib/libc.so.6");
    library(&libc, "libc.so.6", &["-DLIBC"]);
    let app = made.image("usr/bin/app");
    let (path, source, stub) = (app.to_str().unwrap(), source("program.c"), source("stub.c"));
    // A stand-in for libmpi.a: no distribution here has one.
    let args = ["-O1", "-nostartfiles", "-o", path, &source, &stub];
    for how in [
        &["-static"][..],
        &["-fPIE", "-static-pie"],
        &[
            "-fPIE",
            "-pie",
            "-Wl,--no-as-needed",
            libc.to_str().unwrap(),
        ],
        &[
            "-fPIE",
            "-pie",
            "-rdynamic",
            "-s",
            "-Wl,--no-as-needed",
            libc.to_str().unwrap(),
        ],
    ] {
        cc(&[&args[..], how].concat());
        let (code, result) = abi(&[&format!("dir:{}", made.image("").display())]);
        assert_eq!(code, 1, "{how:?}: {result}");
        let programs = result["programs"].as_array().unwrap();
        assert_eq!(programs.len(), 1, "{how:?}: {result}");
        assert_eq!(programs[0]["static_mpi"], true, "{how:?}: {result}");
        assert_eq!(result["ways"][0]["verdict"], "fails", "{how:?}: {result}");
    }
}
