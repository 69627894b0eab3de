//! Directories for special processors that releases of glibc of before 2.37 look into, by what the
//! loaders of Debian's suites make of them.

use std::fs;

use super::matrix::tree;
use super::{LOADER, Made, abi, library, program};
use crate::real::real;

/// The loader of a suite and its C library in an image.
fn of_suite(suite: &str) -> Made {
    let made = Made::runnable();
    let lib = tree(suite).join("usr/lib/x86_64-linux-gnu");
    let loader = made.image(LOADER.trim_start_matches('/'));
    fs::copy(lib.join("ld-linux-x86-64.so.2"), loader).unwrap();
    fs::copy(lib.join("libc.so.6"), made.image("usr/lib/libc.so.6")).unwrap();
    library(&made.host("lib/libmpi.so.12"), "libmpi.so.12", &["-DOTHER"]);
    made
}

/// Suites, and whether their loaders look into directories that any x86-64 processor has.
const SUITES: &[(&str, bool)] = &[("bullseye", true), ("bookworm", true), ("trixie", false)];

#[test]
fn what_is_bound_is_in_use_where_the_loader_has_directories_for_older_processors() {
    if !real("abi: directories for older processors") {
        return;
    }
    for (suite, looks) in SUITES {
        for dir in ["tls", "x86_64", "tls/x86_64"] {
            let made = of_suite(suite);
            let special = format!("/usr/lib/{dir}/libmpich.so.12");
            library(&made.image(&special[1..]), "libmpich.so.12", &[]);
            let image = format!("dir:{}", made.image("").display());
            let host = made.host("lib/libmpi.so.12").display().to_string();
            let words = [&image, "--host-lib", &host, "--prove"];
            let (code, result) = abi(&words);
            assert_eq!(code, 0, "{suite} {dir}: {result}");
            let row = &result["bindings"][0];
            let is_bound = row["binds"].to_string().contains(&special);
            assert_eq!(is_bound, *looks, "{suite} {dir}: {row}");
            let proof = &result["proof"]["outcome"];
            assert_eq!(proof, "proved", "{suite} {dir}: {result}");
            // The loader itself says whether the plain one alone would have done.
            let plain = format!("{host}:/usr/lib/libmpich.so.12");
            let (_, result) = abi(&[&words[..], &["--bind", &plain]].concat());
            let wanted = if *looks { "disproved" } else { "proved" };
            let proof = &result["proof"]["outcome"];
            assert_eq!(proof, wanted, "{suite} {dir}: {result}");
        }
    }
}

#[test]
fn a_directory_that_is_only_called_so_has_nothing_to_do_with_the_one_above() {
    if !real("abi: directories that are called like those for older processors") {
        return;
    }
    let made = of_suite("bullseye");
    let own = made.image("opt/x86_64/libmpich.so.12");
    library(&own, "libmpich.so.12", &[]);
    library(&made.image("opt/libmpich.so.12"), "libmpich.so.12", &[]);
    let path = ["-Wl,-rpath,/opt/x86_64"];
    program(&made.image("usr/bin/app"), &own, &path);
    let image = format!("dir:{}", made.image("").display());
    let host = made.host("lib/libmpi.so.12").display().to_string();
    let (code, result) = abi(&[&image, "--host-lib", &host, "--prove"]);
    assert_eq!(code, 0, "{result}");
    let binds = result["bindings"][0]["binds"].as_array().unwrap().iter();
    let places: Vec<&str> = binds.map(|bind| bind["image"].as_str().unwrap()).collect();
    assert_eq!(places, ["/opt/x86_64/libmpich.so.12"]);
    assert_eq!(result["proof"]["outcome"], "proved", "{result}");
}
