//! Trees as vendors unpack them: CUDA, ROCm, oneAPI, NVIDIA HPC SDK, Cray PE, HPC-X, HPE MPT.
//!
//! Each has a small file that its installer leaves there; the version is in it or in the path.
//! Layouts are those of the vendors' installation guides.

mod cuda;

use std::borrow::Cow;

use super::{Candidate, Found, Owned, Source, TextsIn};

/// A kind of tree.
struct Tree {
    /// What the paths of its file look like, as directories; `*` is any of them, `NAME` and
    /// `VERSION` are told by them, and `.` stands for the top of the tree.
    path: &'static str,
    /// The name, unless the path tells it.
    name: &'static str,
    supplier: &'static str,
    license: Option<&'static str>,
    /// The version that the file tells, where that is not in its path.
    version: fn(&Source<'_>) -> Option<String>,
    /// Whether a file without a version is one of this kind all the same, by its directory: many
    /// others have such names.
    is_certain: fn(&str, &Source<'_>) -> bool,
}

const CUDA_EULA: Option<&str> = Some("LicenseRef-NVIDIA-CUDA-EULA");

/// The paths, without what leads to them, and how the version is read from the file.
static TREES: &[Tree] = &[
    Tree {
        path: "./version.json",
        name: "cuda",
        supplier: "NVIDIA Corporation",
        license: CUDA_EULA,
        version: cuda::version,
        is_certain: |top, source| {
            is_numbered(top) || (name_of(top) == "cuda" && cuda::is_broken(source))
        },
    },
    Tree {
        path: "./version.txt",
        name: "cuda",
        supplier: "NVIDIA Corporation",
        license: CUDA_EULA,
        version: |source| behind(source, "CUDA Version "),
        is_certain: |top, _| is_numbered(top),
    },
    Tree {
        path: "./.info/version",
        name: "rocm",
        supplier: "Advanced Micro Devices",
        license: None,
        version: |source| first_version(&text(source)),
        is_certain: |top, _| name_of(top).starts_with("rocm"),
    },
    Tree {
        path: "hpc_sdk/*/VERSION/./cmake/NVHPCConfig.cmake",
        name: "nvhpc",
        supplier: "NVIDIA Corporation",
        license: Some("LicenseRef-NVIDIA-Proprietary"),
        version: |_| None,
        is_certain: |_, _| false,
    },
    Tree {
        path: "oneapi/NAME/VERSION/./env/vars.sh",
        name: "",
        supplier: "Intel Corporation",
        license: None,
        version: |_| None,
        is_certain: |_, _| false,
    },
    Tree {
        path: "oneapi/NAME/VERSION/./etc/*/vars.sh",
        name: "",
        supplier: "Intel Corporation",
        license: None,
        version: |_| None,
        is_certain: |_, _| false,
    },
    Tree {
        path: "cray/pe/NAME/VERSION/./release_info",
        name: "",
        supplier: "Hewlett Packard Enterprise",
        license: None,
        version: |_| None,
        is_certain: |_, _| false,
    },
    Tree {
        path: "./VERSION",
        name: "hpcx",
        supplier: "NVIDIA Corporation",
        license: None,
        version: |source| behind(source, "HPC-X v"),
        is_certain: |top, _| name_of(top) == "hpcx" || name_of(top).starts_with("hpcx-v"),
    },
    Tree {
        path: "mpt/mpt-VERSION/./include/mpi.h",
        name: "hpe-mpt",
        supplier: "Hewlett Packard Enterprise",
        license: None,
        version: |_| None,
        is_certain: |_, _| false,
    },
];

/// Reads the file of a tree; one that only has its name is none.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    for tree in TREES {
        let Some(place) = Place::of(tree.path, source.path).filter(|one| !one.prefix.is_empty())
        else {
            continue;
        };
        let version = place.version.map(str::to_owned);
        if let Some(version) = version.or_else(|| (tree.version)(source)) {
            found.owned.push(Owned {
                of: source.path.to_owned(),
                paths: format!("{}/", place.prefix),
            });
            let mut package = package(tree, &place, version, source.path);
            let parts = match tree.name {
                "cuda" => cuda::parts(source, &mut package, &mut found.faults),
                _ => Vec::new(),
            };
            for package in [package].into_iter().chain(parts) {
                found.add(package);
            }
            break;
        }
        if (tree.is_certain)(place.prefix, source) {
            let fault = format!("it does not tell the version of {}", tree.name);
            found.faults.push(fault);
        }
    }
    found
}

fn package(tree: &Tree, place: &Place<'_>, version: String, path: &str) -> Candidate {
    let name = place.name.unwrap_or(tree.name);
    let prefix = place.prefix;
    let is_component = prefix.contains("/oneapi/") || prefix.starts_with("oneapi/");
    let qualifier = if is_component {
        "oneapi"
    } else {
        tree.supplier
    };
    Candidate {
        kind: "generic",
        name: name.to_owned(),
        version,
        qualifiers: vec![("vendor", vendor(qualifier).to_owned())],
        declared: tree.license.map(str::to_owned),
        supplier: Some(tree.supplier.to_owned()),
        key: Some(path.to_owned()),
        texts_in: vec![
            TextsIn::Named(prefix.to_owned()),
            TextsIn::All(format!("{prefix}/licensing")),
            TextsIn::All(format!("{prefix}/share/doc/{name}/licensing")),
        ],
        prefix: Some(prefix.to_owned()),
        yields: true,
        ..Candidate::default()
    }
}

/// The word for a supplier in a purl.
fn vendor(supplier: &str) -> &'static str {
    match supplier {
        "Advanced Micro Devices" => "amd",
        "Hewlett Packard Enterprise" => "hpe",
        "NVIDIA Corporation" => "nvidia",
        _ => "intel",
    }
}

/// Where a tree is, and what its path tells.
#[derive(Debug, Default)]
struct Place<'p> {
    prefix: &'p str,
    name: Option<&'p str>,
    version: Option<&'p str>,
}

impl<'p> Place<'p> {
    /// Compares a path with a pattern, from the end.
    fn of(pattern: &str, path: &'p str) -> Option<Self> {
        let mut place = Self::default();
        let mut rest = path;
        for part in pattern.rsplit('/') {
            if part == "." {
                place.prefix = rest;
                continue;
            }
            let (before, name) = rest.rsplit_once('/').unwrap_or(("", rest));
            match part.split_once("VERSION") {
                Some(("", "")) if pattern.ends_with("/VERSION") && rest == path => {
                    (name == part).then_some(())?;
                }
                Some((start, "")) => {
                    place.version = Some(name.strip_prefix(start).filter(|v| is_version(v))?)
                }
                _ if part == "NAME" => place.name = Some(name),
                _ if part == "*" || part == name => {}
                _ => return None,
            }
            rest = before;
        }
        Some(place)
    }
}

fn is_version(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit()) && text.len() < 64
}

/// The name of the directory at a path.
fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a directory is that of one version of CUDA: `cuda-12.4`, `cuda/12.4`.
fn is_numbered(top: &str) -> bool {
    let is_below = top.rsplit('/').nth(1) == Some("cuda");
    let name = name_of(top);
    let number = name
        .strip_prefix("cuda-")
        .or(Some(name).filter(|_| is_below));
    number.is_some_and(is_version)
}

fn text<'s>(source: &Source<'s>) -> Cow<'s, str> {
    String::from_utf8_lossy(source.bytes)
}

/// The version behind a text.
fn behind(source: &Source<'_>, before: &str) -> Option<String> {
    let text = text(source);
    let (_, rest) = text.split_once(before)?;
    first_version(rest)
}

/// The version at the start of a text: digits and dots, and what belongs to them.
fn first_version(text: &str) -> Option<String> {
    let text = text.trim_start();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let version = &text[..text.find(|c| !allowed(c)).unwrap_or(text.len())];
    is_version(version).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Path, content, name, version, top.
    const EXAMPLES: &[[&str; 5]] = &[
        [
            "usr/local/cuda-12.4/version.json",
            r#"{"cuda":{"name":"CUDA SDK","version":"12.4.1"},"libcublas":{}}"#,
            "cuda",
            "12.4.1",
            "usr/local/cuda-12.4",
        ],
        [
            "usr/local/cuda-10.2/version.txt",
            "CUDA Version 10.2.89\n",
            "cuda",
            "10.2.89",
            "usr/local/cuda-10.2",
        ],
        [
            "opt/rocm-6.0.2/.info/version",
            "6.0.2-115\n",
            "rocm",
            "6.0.2-115",
            "opt/rocm-6.0.2",
        ],
        [
            "opt/nvidia/hpc_sdk/Linux_x86_64/24.3/cmake/NVHPCConfig.cmake",
            "",
            "nvhpc",
            "24.3",
            "opt/nvidia/hpc_sdk/Linux_x86_64/24.3",
        ],
        [
            "opt/intel/oneapi/mkl/2024.0/env/vars.sh",
            "",
            "mkl",
            "2024.0",
            "opt/intel/oneapi/mkl/2024.0",
        ],
        [
            "opt/intel/oneapi/compiler/2024.0/etc/compiler/vars.sh",
            "",
            "compiler",
            "2024.0",
            "opt/intel/oneapi/compiler/2024.0",
        ],
        [
            "opt/cray/pe/mpich/8.1.25/release_info",
            "",
            "mpich",
            "8.1.25",
            "opt/cray/pe/mpich/8.1.25",
        ],
        [
            "opt/hpcx/VERSION",
            "HPC-X v2.18.1\nhpcx-v2.18.1-gcc\n",
            "hpcx",
            "2.18.1",
            "opt/hpcx",
        ],
        [
            "opt/hpe/hpc/mpt/mpt-2.26/include/mpi.h",
            "",
            "hpe-mpt",
            "2.26",
            "opt/hpe/hpc/mpt/mpt-2.26",
        ],
    ];

    #[test]
    fn trees_by_what_their_installers_leave() {
        for [path, text, name, version, prefix] in EXAMPLES {
            let found = parse(&Source::whole(path, text.as_bytes()));
            let [package] = &found.packages[..] else {
                panic!("{path}: {found:?}")
            };
            assert_eq!(
                (&*package.name, &*package.version),
                (*name, *version),
                "{path}"
            );
            assert_eq!(package.prefix.as_deref(), Some(*prefix));
            assert_eq!(found.owned[0].paths, format!("{prefix}/"));
        }
    }

    #[test]
    fn files_that_only_have_the_name_are_none() {
        for (path, text) in [
            ("srv/app/version.json", r#"{"version":"1"}"#),
            ("srv/app/version.json", "none"),
            (
                "version.json",
                r#"{"cuda":{"name":"CUDA SDK","version":"12.4.1"}}"#,
            ),
            ("srv/VERSION", "1.2.3"),
            ("oneapi/mkl/latest/env/vars.sh", ""),
            ("usr/include/mpi.h", ""),
        ] {
            let found = parse(&Source::whole(path, text.as_bytes()));
            assert_eq!(found, Found::default(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(path in "[a-zA-Z0-9./-]{0,40}", text in ".{0,60}") {
            for end in ["", "/version.json", "/VERSION", "/.info/version", "/mpt/mpt-1/include/mpi.h"] {
                let _ = parse(&Source::whole(&format!("{path}{end}"), text.as_bytes()));
            }
        }
    }
}
