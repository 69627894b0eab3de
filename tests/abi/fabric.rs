//! libfabric and rdma-core of Debian suites, of one in the image of another, as the image's own loader
//! finds them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::matrix::{SUITES, attempt, nightly, tree};
use super::{LOADER, abi, cc, here, source};
use crate::real::{figure, real};

const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

/// Puts a program into a suite that is linked with a library of it.
fn equip(suite: &str, program: &str, library: &str, flags: &[&str]) {
    let tree = tree(suite);
    let path = tree.join("opt/app").join(program);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let library = tree.join(LIBRARIES).join(library);
    let interpreter = format!("-Wl,--dynamic-linker={LOADER}");
    let fixed = [
        "-O1",
        "-fPIC",
        "-pie",
        "-nostartfiles",
        "-Wl,--allow-shlib-undefined",
        &interpreter,
        "-o",
        path.to_str().unwrap(),
        &source("fabric.c"),
        library.to_str().unwrap(),
    ];
    cc(&[&fixed, flags].concat());
}

/// What is foretold of a library of a host in an image.
fn foretold(image: &str, root: &Path, library: &str, program: &str) -> Value {
    let library = root.join(LIBRARIES).join(library);
    let (_, result) = abi(&[
        &format!("dir:{}", tree(image).display()),
        "--host-root",
        root.to_str().unwrap(),
        "--host-lib",
        library.to_str().unwrap(),
        "--program",
        program,
    ]);
    here(result["bindings"][0].clone(), root)
}

/// Whether a cell is tried: by day where the suites are the same, or neighbours.
fn is_tried(image: &str, host: &str) -> bool {
    let place = |suite: &str| SUITES.iter().position(|known| *known == suite);
    nightly()
        || place(image)
            .zip(place(host))
            .is_some_and(|(image, host)| image.abs_diff(host) < 2)
}

#[test]
fn libfabric_of_each_suite_loads_where_it_is_foretold() {
    if !real("abi: libfabric of the suites") {
        return;
    }
    SUITES
        .iter()
        .for_each(|suite| equip(suite, "fabric", "libfabric.so.1", &[]));
    let program = "/opt/app/fabric";
    // What it says, behind warnings of the loader.
    let says = |printed: &str| {
        let mut lines = printed
            .lines()
            .filter(|line| line.starts_with("libfabric "));
        lines.next().unwrap_or_default().to_owned()
    };
    let own: Vec<String> = SUITES
        .iter()
        .map(|suite| says(&attempt(&tree(suite), program, "alone", None).1))
        .collect();
    let (mut loaded, mut told) = (0, String::new());
    for image in SUITES {
        for (host, own) in SUITES.iter().zip(&own) {
            if !is_tried(image, host) {
                continue;
            }
            let verdict = foretold(image, &tree(host), "libfabric.so.1", program);
            let (loads, printed) = attempt(&tree(image), program, "alone", Some(&verdict));
            let works = matches!(verdict["verdict"].as_str().unwrap(), "works" | "degraded");
            let cell = format!("{host} in {image}");
            assert_eq!(works, loads, "{cell}: {verdict} {printed}");
            if loads {
                // It is the host's that runs, and it offers what it does at home.
                assert_eq!(says(&printed), *own, "{cell}: {printed}");
                assert!(!own.is_empty() && !own.ends_with("ways 0"), "{cell}: {own}");
                loaded += 1;
            } else {
                told += &verdict["because"].to_string();
            }
        }
    }
    figure(&format!(
        "abi: libfabric: {loaded} cells load, all as foretold"
    ));
    // Programs of newer suites call what older libraries do not have.
    assert!(told.contains("FABRIC_1.8"), "{told}");
    assert!(loaded >= SUITES.len(), "{loaded}");
}

/// A host that has rdma-core's library of a suite, and none of its providers.
fn bare(suite: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir_in(tree(suite).parent().unwrap()).unwrap();
    let libraries = dir.path().join(LIBRARIES);
    fs::create_dir_all(&libraries).unwrap();
    for entry in fs::read_dir(tree(suite).join(LIBRARIES)).unwrap() {
        let file = entry.unwrap();
        let name = file.file_name().into_string().unwrap();
        if name.starts_with("libibverbs.so.1") || name.starts_with("libnl-") {
            fs::copy(file.path(), libraries.join(name)).unwrap();
        }
    }
    dir
}

#[test]
fn providers_of_rdma_core_fit_the_library_of_their_release_only() {
    if !real("abi: providers of rdma-core") {
        return;
    }
    // Providers of the image that do not load: none, that of a newer call, all.
    for (image, host, least, most) in [
        ("trixie", "trixie", 0, 0),
        ("trixie", "bookworm", 1, 3),
        ("bookworm", "bullseye", 10, 99),
        ("sid", "bookworm", 10, 99),
    ] {
        equip(image, "verbs", "libibverbs.so.1", &["-DVERBS"]);
        if !nightly() && image == "sid" {
            continue;
        }
        let root = bare(host);
        let verdict = foretold(image, root.path(), "libibverbs.so.1", "/opt/app/verbs");
        let because = verdict["because"].to_string();
        let (mut foretold, mut found) = (Vec::new(), Vec::new());
        for name in providers(image) {
            // As rdma-core opens it, beside its library.
            let mut opened = verdict.clone();
            let preload = format!("LD_PRELOAD=/{LIBRARIES}/libibverbs/{name}");
            opened["environment"] = json!([preload, "LD_BIND_NOW=1"]);
            let (loads, printed) = attempt(&tree(image), "/opt/app/verbs", "alone", Some(&opened));
            // A call that is missing is told only as the program begins.
            if !loads || !printed.contains("devices") {
                assert!(printed.contains("IBVERBS_PRIVATE_"), "{name}: {printed}");
                found.push(name.clone());
            }
            if because.contains(&format!("the part {name} does not load")) {
                foretold.push(name);
            }
        }
        let cell = format!("{host} in {image}: {verdict}");
        assert_eq!(foretold, found, "{cell}");
        assert!((least..=most).contains(&found.len()), "{cell}");
        let expected = if found.is_empty() {
            "works"
        } else {
            "degraded"
        };
        assert_eq!(verdict["verdict"], expected, "{cell}");
        let is_mended = verdict["fix"].to_string().contains("rdma-core");
        assert_eq!(is_mended, !found.is_empty(), "{cell}");
        // The library itself loads, whatever becomes of them.
        let (loads, printed) = attempt(&tree(image), "/opt/app/verbs", "alone", Some(&verdict));
        assert!(loads && printed.contains("devices"), "{cell}: {printed}");
    }
    // With its own providers it is whole.
    let verdict = foretold("sid", &tree("trixie"), "libibverbs.so.1", "/opt/app/verbs");
    assert_eq!(verdict["verdict"], "works", "{verdict}");
    assert!(
        verdict["binds"].to_string().contains("/libibverbs\""),
        "{verdict}"
    );
}

/// The providers of a suite.
fn providers(suite: &str) -> Vec<String> {
    let dir = tree(suite).join(LIBRARIES).join("libibverbs");
    let names = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}
