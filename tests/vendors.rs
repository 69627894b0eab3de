//! The licence texts of vendors, in packages as their registry serves them. The packages are
//! fetched by `tests/run`; no word of them is part of this repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::cli::hpcctl;
use crate::real::real;

/// Package, the file in it, and what the file bears; more than that only where it ends in `*`.
const TEXTS: &[(&str, &str, &str)] = &[
    (
        "cuda_python-11.8.7",
        "LICENSE",
        "LicenseRef-NVIDIA-Software-License-CUDA-Python-2021-05",
    ),
    (
        "intel_cmplr_lic_rt-2022.2.1",
        "LICENSE.txt",
        "LicenseRef-Intel-EULA-2021-10",
    ),
    (
        "intel_cmplr_lic_rt-2024.2.1",
        "LICENSE.txt",
        "LicenseRef-Intel-EULA-2023-04",
    ),
    (
        "intel_cmplr_lic_rt-2026.2.0",
        "LICENSE.txt",
        "LicenseRef-Intel-EULA-2024-08",
    ),
    (
        "matlab_proxy-0.35.0",
        "LICENSE.md",
        "LicenseRef-MathWorks-Cloud",
    ),
    (
        "nvidia_cuda_runtime_cu11-11.7.99",
        "License.txt",
        "LicenseRef-NVIDIA-CUDA-EULA-11.7*",
    ),
    (
        "nvidia_cuda_runtime_cu12-12.9.79",
        "License.txt",
        "LicenseRef-NVIDIA-CUDA-EULA-11.7*",
    ),
    // The metadata say that it is proprietary; the text is not.
    (
        "nvidia_nvtx_cu12-12.9.79",
        "License.txt",
        "Apache-2.0 WITH LLVM-exception",
    ),
    (
        "onemkl_license-2026.1.0",
        "LICENSE.txt",
        "LicenseRef-Intel-Simplified-2022-10",
    ),
    (
        "tbb-2019.0",
        "LICENSE.txt",
        "LicenseRef-Intel-Simplified-2018-04",
    ),
    (
        "tbb-2021.5.1",
        "LICENSE.txt",
        "LicenseRef-Intel-Simplified-2021-08",
    ),
];

fn packages() -> Vec<PathBuf> {
    let dir = std::env::var_os("HPCCTL_WHEELS").expect("tests/run says where they are");
    let entries = fs::read_dir(Path::new(&dir)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|end| end == "whl"))
        .collect()
}

/// The lines of a package, each a path in it and an expression.
fn identified(package: &Path) -> Vec<(String, Value)> {
    let run = hpcctl(&[
        "license",
        "identify",
        "-o",
        "jsonl",
        package.to_str().unwrap(),
    ]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .map(|line| {
            (
                line["path"].as_str().unwrap().to_owned(),
                line["expression"].clone(),
            )
        })
        .collect()
}

#[test]
fn every_vendors_text_is_named_in_its_version() {
    if !real("vendors::every_vendors_text_is_named_in_its_version") {
        return;
    }
    let packages = packages();
    for (name, file, wanted) in TEXTS {
        let is_named = |path: &&PathBuf| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with(name)
        };
        let package = packages.iter().find(is_named);
        let lines = identified(package.unwrap_or_else(|| panic!("{name} was not fetched")));
        let named =
            |path: &str| path.contains(".dist-info/") && path.ends_with(&format!("/{file}"));
        let found = lines.iter().find(|(path, _)| named(path));
        let expression = found
            .unwrap_or_else(|| panic!("{name} has no {file}"))
            .1
            .clone();
        let expression = expression.as_str().unwrap_or_default();
        let right = match wanted.strip_suffix('*') {
            Some(wanted) => expression.starts_with(wanted),
            None => expression == *wanted,
        };
        assert!(right, "{name}: {file} bears {expression}, not {wanted}");
    }
}

/// A library that was renamed with its SONAME is still the build that it was.
#[test]
fn a_library_of_a_vendor_under_other_names_is_known_by_its_build() {
    if !real("vendors::a_library_of_a_vendor_under_other_names_is_known_by_its_build") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let is_of_cuda = |path: &PathBuf| path.to_string_lossy().contains("cuda_runtime_cu12-12.9.79");
    let wheel = packages().into_iter().find(is_of_cuda).unwrap();
    let python = std::env::var_os("HPCCTL_PYTHON").expect("tests/run sets it");
    let unpacked = Command::new(python)
        .args(["-m", "zipfile", "-e"])
        .args([&wheel, dir.path()])
        .status();
    assert!(unpacked.unwrap().success());
    let library = dir.path().join("nvidia/cuda_runtime/lib/libcudart.so.12");
    let original = fs::read(library).unwrap();
    let library = replaced(&original, b"libcudart", b"libplugin");
    let id = b"\xde\xe4\xb6\x8d\x7f\x29\xb1\x60";
    let of_other_build = replaced(&library, id, b"\0\0\0\0\0\0\0\0");
    let known = |library: &[u8]| {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir_all(tree.path().join("opt/x")).unwrap();
        fs::write(tree.path().join("opt/x/plugin.so"), library).unwrap();
        let tree = tree.path().to_str().unwrap();
        let run = hpcctl(&["scan", "dir", tree, "-o", "json"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let report = run.json();
        let restricted = report["result"]["restricted"].as_array().unwrap().iter();
        let told = restricted.map(|one| {
            let fields = ["path", "terms", "matched_by"].map(|field| one[field].as_str());
            fields.map(Option::unwrap).join(" ")
        });
        told.collect::<Vec<_>>()
    };
    let of_cuda = "/opt/x/plugin.so nvidia.cuda-listed";
    assert_eq!(known(&library), [format!("{of_cuda} build-id")]);
    // Its own SONAME tells as much; without either nothing does.
    let of_other_build_only = replaced(&original, id, b"\0\0\0\0\0\0\0\0");
    assert_eq!(known(&of_other_build_only), [format!("{of_cuda} soname")]);
    assert!(known(&of_other_build).is_empty());
}

/// The bytes with every occurrence of some replaced by as many others.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let windows = bytes.windows(from.len()).enumerate();
    let places = windows.filter(|(_, window)| *window == from);
    let places: Vec<usize> = places.map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}
