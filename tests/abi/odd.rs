//! Odd images: what is foretold of each is held against what its own loader makes of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::matrix::attempt;
use super::{Made, abi, library, program};
use crate::real::real;

/// An image, how the host's library ends up in it, and a word of the reason where it does not work in
/// full.
struct Odd {
    what: &'static str,
    make: fn(&Made),
    verdict: &'static str,
    says: &'static str,
}

/// What is loaded before all that a program needs.
fn preload(made: &Made, name: &str) {
    fs::write(made.image("etc/ld.so.preload"), format!("{name}\n")).unwrap();
}

/// The program, with these flags, linked with a library of the image.
fn linked(made: &Made, library: &str, flags: &[&str]) {
    program(&made.image("usr/bin/app"), &made.image(library), flags);
}

/// A symbol of the library that the program was linked with and the host's does not have.
fn calls_more(made: &Made, binds: &str) {
    let own = made.image("usr/lib/libmpich.so.12");
    library(&own, "libmpich.so.12", &["-DMORE"]);
    linked(made, "usr/lib/libmpich.so.12", &["-DCALLS_MORE", binds]);
}

const MPICH: &str = "usr/lib/libmpich.so.12";
const OWN: &str = "libmpich.so.12";

const ODD: &[Odd] = &[
    Odd {
        what: "a plain one",
        make: |_| (),
        verdict: "works",
        says: "",
    },
    Odd {
        what: "libraries for newer processors",
        make: |made| {
            for level in ["x86-64-v2", "x86-64-v3", "x86-64-v4"] {
                let path = format!("usr/lib/glibc-hwcaps/{level}/{OWN}");
                library(&made.image(&path), OWN, &[]);
            }
        },
        verdict: "works",
        says: "",
    },
    Odd {
        what: "its own MPI by ld.so.preload",
        make: |made| preload(made, "/usr/lib/libmpich.so.12"),
        verdict: "works",
        says: "",
    },
    Odd {
        what: "another one by ld.so.preload",
        make: |made| {
            library(&made.image("opt/other/libmpi.so.12"), OWN, &[]);
            preload(made, "/opt/other/libmpi.so.12");
        },
        verdict: "works",
        says: "",
    },
    Odd {
        what: "ld.so.preload with what is not there",
        make: |made| preload(made, "/opt/none.so libnone.so.1"),
        verdict: "works",
        says: "",
    },
    Odd {
        what: "a library of its own that is nowhere",
        make: |made| {
            let gone = made.image("usr/lib/libgone.so.1");
            library(&gone, "libgone.so.1", &[]);
            let needs = ["-Wl,--no-as-needed", gone.to_str().unwrap()];
            linked(made, MPICH, &needs);
            fs::remove_file(gone).unwrap();
        },
        verdict: "fails",
        says: "does not start by itself: it needs libgone.so.1",
    },
    Odd {
        what: "a program that nobody may run",
        make: |made| {
            let mode = fs::Permissions::from_mode(0o644);
            fs::set_permissions(made.image("usr/bin/app"), mode).unwrap();
        },
        verdict: "fails",
        says: "its mode lets nobody run it",
    },
    Odd {
        what: "a version that its own library does not have",
        make: |made| {
            let own = made.image("usr/lib/libown.so.1");
            let versions = |name: &str| {
                let map = made.dir.path().join("versions");
                fs::write(&map, format!("{name} {{ global: *; }};\n")).unwrap();
                let script = format!("-Wl,--version-script={}", map.display());
                library(&own, "libown.so.1", &["-DLIBC", &script]);
            };
            versions("OWN_2");
            let needs = ["-DNEEDS_LIBC", "-Wl,--no-as-needed", own.to_str().unwrap()];
            linked(made, MPICH, &needs);
            versions("OWN_1");
        },
        verdict: "fails",
        says: "does not start by itself",
    },
    Odd {
        what: "data that has outgrown the program",
        make: |made| {
            library(&made.image(MPICH), OWN, &["-DDATA=8"]);
            linked(made, MPICH, &["-DREADS_DATA", "-fPIE"]);
            let host = made.host("lib/libmpi.so.12");
            library(&host, "libmpi.so.12", &["-DOTHER", "-DDATA=64"]);
        },
        verdict: "degraded",
        says: "has room for 8 bytes of MPI_Data",
    },
    Odd {
        what: "data that has shrunk",
        make: |made| {
            library(&made.image(MPICH), OWN, &["-DDATA=64"]);
            linked(made, MPICH, &["-DREADS_DATA", "-fPIE"]);
            let host = made.host("lib/libmpi.so.12");
            library(&host, "libmpi.so.12", &["-DOTHER", "-DDATA=8"]);
        },
        verdict: "works",
        says: "",
    },
    Odd {
        what: "a call of what the host lacks, looked for as it is called",
        make: |made| calls_more(made, "-Wl,-z,lazy"),
        verdict: "degraded",
        says: "calls MPIX_More, which nothing defines: it ends the process",
    },
    Odd {
        what: "the same, looked for at once",
        make: |made| calls_more(made, "-Wl,-z,now"),
        verdict: "fails",
        says: "calls MPIX_More, which nothing defines",
    },
    Odd {
        what: "a name that nothing refers to",
        make: |made| {
            library(&made.image(MPICH), OWN, &["-DMORE"]);
            linked(made, MPICH, &["-Wl,-u,MPIX_More"]);
        },
        verdict: "works",
        says: "",
    },
    Odd {
        what: "a program of Fortran, which names MPI's library for that alone",
        make: |made| {
            let fortran = |path: &std::path::Path, soname: &str, of: &std::path::Path| {
                let needs = ["-DFORTRAN", "-Wl,--no-as-needed", of.to_str().unwrap()];
                library(path, soname, &needs);
            };
            let own = made.image("usr/lib/libmpichfort.so.12");
            fortran(&own, "libmpichfort.so.12", &made.image(MPICH));
            let host = made.host("lib/libmpifort.so.12");
            fortran(&host, "libmpifort.so.12", &made.host("lib/libmpi.so.12"));
            let as_needed = ["-DFORTRAN", "-Wl,--as-needed"];
            linked(made, "usr/lib/libmpichfort.so.12", &as_needed);
        },
        verdict: "works",
        says: "",
    },
    Odd {
        what: "a directory of Debian's below / alone",
        make: |made| to_triplet(made, &[]),
        verdict: "works",
        says: "",
    },
    Odd {
        what: "the same, and a program that names $LIB",
        make: |made| {
            let flags = ["-Wl,--disable-new-dtags,-rpath,/opt/$LIB"];
            to_triplet(made, &flags);
            library(&made.image("opt/lib/x86_64-linux-gnu").join(OWN), OWN, &[]);
        },
        verdict: "works",
        says: "",
    },
    Odd {
        what: "a program that runs as its owner, and a library beside",
        make: |made| {
            let beside = made.host("lib/libbeside.so.1");
            library(&beside, "libbeside.so.1", &[]);
            let needs = ["-DOTHER", "-Wl,--no-as-needed", beside.to_str().unwrap()];
            library(&made.host("lib/libmpi.so.12"), "libmpi.so.12", &needs);
            let mode = fs::Permissions::from_mode(0o4755);
            fs::set_permissions(made.image("usr/bin/app"), mode).unwrap();
        },
        verdict: "degraded",
        says: "is set-user-id",
    },
];

/// Moves the image's library to where the loader of Debian alone looks: there is no such directory below
/// /usr, as in images of few files.
fn to_triplet(made: &Made, path: &[&str]) {
    let triplet = made.image("lib/x86_64-linux-gnu");
    fs::create_dir_all(&triplet).unwrap();
    linked(made, MPICH, path);
    fs::rename(made.image(MPICH), triplet.join(OWN)).unwrap();
}

/// An image of the table, and what is foretold.
fn foretold(odd: &Odd) -> (Made, Vec<String>, Value) {
    let made = Made::runnable();
    library(&made.host("lib/libmpi.so.12"), "libmpi.so.12", &["-DOTHER"]);
    (odd.make)(&made);
    let image = format!("dir:{}", made.image("").display());
    let library = made.host("lib/libmpi.so.12").display().to_string();
    let words = [image, "--host-lib".to_owned(), library].to_vec();
    let asked: Vec<&str> = words.iter().map(String::as_str).collect();
    let (_, result) = abi(&asked);
    (made, words, result["bindings"][0].clone())
}

#[test]
fn odd_images_are_judged() {
    for odd in ODD {
        let (_made, _, row) = foretold(odd);
        assert_eq!(row["verdict"], odd.verdict, "{}: {row}", odd.what);
        let because = row["because"].to_string();
        assert!(because.contains(odd.says), "{}: {because}", odd.what);
    }
}

#[test]
fn the_loader_makes_of_odd_images_what_is_foretold() {
    if !real("abi: odd images") {
        return;
    }
    for odd in ODD {
        let (_made, mut words, row) = foretold(odd);
        words.push("--prove".to_owned());
        // What fails is bound all the same.
        if odd.verdict == "fails" {
            for bind in row["binds"].as_array().unwrap() {
                let (host, image) = (&bind["host"], &bind["image"]);
                let pair = [host, image].map(|path| path.as_str().unwrap());
                words.extend(["--bind".to_owned(), pair.join(":")]);
            }
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (_, result) = abi(&words);
        let proof = &result["proof"];
        let is_proved = proof["outcome"] == "proved";
        let works = odd.verdict != "fails";
        assert_eq!(is_proved, works, "{}: {proof} {row}", odd.what);
    }
}

/// Of one that is looked for only as it is called, too: ldd(1) with -r tells it.
#[test]
fn a_trial_tells_each_symbol_that_is_missing() {
    if !real("abi: what a trial tells") {
        return;
    }
    for (binds, loads) in [("-Wl,-z,lazy", false), ("-Wl,-z,now", false), ("", true)] {
        let made = Made::runnable();
        library(&made.host("lib/libmpi.so.12"), "libmpi.so.12", &["-DOTHER"]);
        if !loads {
            calls_more(&made, binds);
        }
        let host = made.host("lib/libmpi.so.12");
        let row = serde_json::json!({
            "binds": [{"host": host, "image": "/usr/lib/libmpich.so.12"}], "environment": [],
        });
        let tried = attempt(&made.image(""), "/usr/bin/app", "load", Some(&row));
        assert_eq!(tried.0, loads, "{binds}: {}", tried.1);
        assert_eq!(
            tried.1.contains("undefined symbol: MPIX_More"),
            !loads,
            "{}",
            tried.1
        );
    }
}
