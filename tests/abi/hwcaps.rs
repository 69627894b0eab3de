//! Directories for special processors that releases of glibc of before 2.37 look into, by what the
//! loaders of Debian's suites make of them.

use std::fs;

use super::matrix::tree;
use super::{LOADER, Made, abi, library};
use crate::real::real;

/// Suites, and whether their loaders look into directories that any x86-64 processor has.
const SUITES: &[(&str, bool)] = &[("bullseye", true), ("bookworm", true), ("trixie", false)];

#[test]
fn what_is_bound_is_in_use_where_the_loader_has_directories_for_older_processors() {
    if !real("abi: directories for older processors") {
        return;
    }
    for (suite, looks) in SUITES {
        for dir in ["tls", "x86_64", "tls/x86_64"] {
            let made = Made::runnable();
            let lib = tree(suite).join("usr/lib/x86_64-linux-gnu");
            let loader = made.image(LOADER.trim_start_matches('/'));
            fs::copy(lib.join("ld-linux-x86-64.so.2"), loader).unwrap();
            fs::copy(lib.join("libc.so.6"), made.image("usr/lib/libc.so.6")).unwrap();
            let special = format!("/usr/lib/{dir}/libmpich.so.12");
            library(&made.image(&special[1..]), "libmpich.so.12", &[]);
            library(&made.host("lib/libmpi.so.12"), "libmpi.so.12", &["-DOTHER"]);
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
