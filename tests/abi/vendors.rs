//! MPIs that no registry has, as stub libraries made by the test: true names, needs and versions as
//! their sources tell them, and nothing else of theirs. What is shown is how such headers are judged.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Made, library};

/// A stub: where it lies, its name, the stubs that it needs, the release of glibc that it needs.
struct Stub {
    path: &'static str,
    soname: &'static str,
    needs: &'static [&'static str],
    glibc: Option<&'static str>,
    source: &'static str,
}

const fn stub(
    path: &'static str,
    soname: &'static str,
    needs: &'static [&'static str],
    glibc: Option<&'static str>,
    source: &'static str,
) -> Stub {
    Stub {
        path,
        soname,
        needs,
        glibc,
        source,
    }
}

const SPACK: &str = "https://github.com/spack/spack/pull/29392 (2022-03-07, cray-mpich 8.1.13)";
const COMPASS: &str =
    "https://github.com/MPAS-Dev/compass/issues/759 (2024-01-25, libfabric 1.15.2.0)";
const NCAS: &str =
    "https://cms.ncas.ac.uk/miscellaneous/singularity-archer2/ (glibc 2.26 at least)";
const BLUE: &str = "https://github.com/BlueBrain/bbp-nixpkgs/pull/936 (2018-08-20, MPT 2.16)";
const ABI: &str = "https://www.mpich.org/abi/ (the name that all members of the initiative have)";

/// What is needed comes before what needs it.
const CRAY: &[Stub] = &[
    stub(
        "opt/cray/pe/lib64/libpals.so.0",
        "libpals.so.0",
        &[],
        None,
        SPACK,
    ),
    stub(
        "opt/cray/pe/lib64/libpmi2.so.0",
        "libpmi2.so.0",
        &["opt/cray/pe/lib64/libpals.so.0"],
        None,
        SPACK,
    ),
    stub(
        "opt/cray/pe/lib64/libpmi.so.0",
        "libpmi.so.0",
        &["opt/cray/pe/lib64/libpmi2.so.0"],
        None,
        SPACK,
    ),
    stub("usr/lib64/libcxi.so.1", "libcxi.so.1", &[], None, COMPASS),
    stub(
        "opt/cray/pe/lib64/libfabric.so.1",
        "libfabric.so.1",
        &["usr/lib64/libcxi.so.1"],
        None,
        COMPASS,
    ),
    stub(
        "opt/cray/pe/lib64/libmpi.so.12",
        "libmpi.so.12",
        &[
            "opt/cray/pe/lib64/libpmi.so.0",
            "opt/cray/pe/lib64/libpmi2.so.0",
            "opt/cray/pe/lib64/libfabric.so.1",
        ],
        Some("GLIBC_2.26"),
        NCAS,
    ),
    stub(
        "opt/cray/pe/lib64/libmpi_gnu_91.so.12",
        "libmpi_gnu_91.so.12",
        &["opt/cray/pe/lib64/libfabric.so.1"],
        None,
        SPACK,
    ),
];

/// Cray's libraries for some compilers, each below the directory of its own: by the packages cray-mpich
/// 8.1.21 and 9.1.0 (their paths, as users show them), and 8.0 (aocc, pgi).
const OF_COMPILERS: &[(&str, &str)] = &[
    ("gnu/8.2", "libmpi_gnu_82.so.12"),
    ("gnu/12.3", "libmpi_gnu_123.so.12"),
    ("amd/6.0", "libmpi_amd.so.12"),
    ("aocc/3.0", "libmpi_aocc_30.so.12"),
    ("nvidia/20.7", "libmpi_nvidia.so.12"),
    ("crayclang/17.0", "libmpi_cray.so.12"),
];

const MPT: &[Stub] = &[
    stub(
        "opt/hpe/mpt/lib/libcpuset.so.1",
        "libcpuset.so.1",
        &[],
        None,
        BLUE,
    ),
    stub(
        "opt/hpe/mpt/lib/libmpi.so",
        "libmpi.so",
        &["opt/hpe/mpt/lib/libcpuset.so.1"],
        None,
        BLUE,
    ),
    // It stands for MPICH's, and calls MPT.
    stub(
        "opt/hpe/mpt/lib/mpich/libmpi.so.12",
        "libmpi.so.12",
        &["opt/hpe/mpt/lib/libmpi.so"],
        None,
        ABI,
    ),
];

const MVAPICH: &[Stub] = &[stub(
    "opt/mvapich2/lib/libmpi.so.12",
    "libmpi.so.12",
    &[],
    None,
    ABI,
)];

/// A C library with one symbol of a release.
fn glibc(path: &Path, releases: &[&str], flags: &[&str]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let script = path.with_extension("map");
    let text: String = releases
        .iter()
        .enumerate()
        .map(|(at, release)| match at + 1 == releases.len() {
            true => format!("{release} {{ global: *; }};\n"),
            false => format!("{release} {{ }};\n"),
        })
        .collect();
    fs::write(&script, text).unwrap();
    let script = format!("-Wl,--version-script={}", script.display());
    library(path, "libc.so.6", &[&["-DLIBC", &script], flags].concat());
}

/// The stubs on a host, and an image with glibc of these releases.
fn host(stubs: &[Stub], releases: &[&str]) -> Made {
    let made = Made::new();
    glibc(&made.image("usr/lib/libc.so.6"), releases, &[]);
    let newer = made.host("usr/lib64/libc.so.6");
    glibc(&newer, &["GLIBC_2.17", "GLIBC_2.26"], &[]);
    for stub in stubs {
        assert!(stub.source.starts_with("https://"), "{}", stub.path);
        let mut flags = vec!["-Wl,--no-as-needed".to_owned()];
        flags.extend(
            stub.needs
                .iter()
                .map(|path| made.host(path).display().to_string()),
        );
        let dirs = stub
            .needs
            .iter()
            .filter_map(|path| Path::new(path).parent());
        flags.extend(dirs.map(|dir| format!("-Wl,-rpath,/{}", dir.display())));
        if stub.glibc.is_some() {
            flags.extend(["-DNEEDS_LIBC".to_owned(), newer.display().to_string()]);
        }
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        library(&made.host(stub.path), stub.soname, &flags);
    }
    // The loader of the host finds what lies elsewhere by its settings.
    fs::create_dir_all(made.host("etc")).unwrap();
    fs::write(
        made.host("etc/ld.so.conf"),
        "/opt/cray/pe/lib64\n/opt/hpe/mpt/lib\n",
    )
    .unwrap();
    made
}

fn crosses(result: &Value, pattern: &str) -> bool {
    let mut rows = result["environment"].as_array().unwrap().iter();
    rows.any(|row| row["pattern"] == pattern && row["crosses"] == true)
}

#[test]
fn cray_goes_into_an_image_that_is_new_enough() {
    let made = host(CRAY, &["GLIBC_2.17", "GLIBC_2.26"]);
    let (code, result) = made.judge("opt/cray/pe/lib64/libmpi.so.12");
    let binding = &result["bindings"][0];
    assert_eq!(
        (code, &binding["verdict"]),
        (0, &"works".into()),
        "{binding}"
    );
    for name in [
        "libfabric.so.1",
        "libpmi.so.0",
        "libpmi2.so.0",
        "libpals.so.0",
        "libcxi.so.1",
    ] {
        assert!(
            binding["binds"].to_string().contains(name),
            "{name}: {binding}"
        );
    }
    for pattern in ["MPICH_*", "PALS_*", "PMI_*", "FI_*", "SLURM_*"] {
        assert!(crosses(&result, pattern), "{pattern}");
    }
    // Its own protocol is what a plugin of Slurm, or its own launcher, speaks.
    let way = &result["ways"][0];
    assert_eq!(
        (&way["way"], &way["verdict"]),
        (&"host-library".into(), &"degraded".into())
    );
    assert!(way["because"].to_string().contains("Cray PMI"), "{way}");
    fs::create_dir_all(made.host("usr/lib64/slurm")).unwrap();
    fs::write(made.host("usr/lib64/slurm/mpi_cray_shasta.so"), "").unwrap();
    super::program(
        &made.host("usr/bin/srun"),
        &made.image("usr/lib/libmpich.so.12"),
        &[],
    );
    // A launcher without a configuration may be left from a package that nobody uses.
    for (verdict, is_there) in [("unknown", false), ("works", true)] {
        if is_there {
            fs::create_dir_all(made.host("etc/slurm")).unwrap();
            fs::write(made.host("etc/slurm/slurm.conf"), "").unwrap();
        }
        let (_, result) = made.judge("opt/cray/pe/lib64/libmpi.so.12");
        let way = &result["ways"][0];
        assert_eq!(way["verdict"], verdict, "{way}");
        assert_eq!(way["launchers"][0]["option"], "--mpi=cray_shasta", "{way}");
    }
    let (_, result) = made.judge("opt/cray/pe/lib64/libmpi.so.12");
    // The image's own MPICH speaks another: every rank would be alone.
    let way = &result["ways"][1];
    assert_eq!(way["verdict"], "fails", "{way}");
    assert!(
        way["because"].to_string().contains("a world of its own"),
        "{way}"
    );
}

#[test]
fn cray_does_not_go_into_an_older_image_and_its_native_library_into_none() {
    let made = host(CRAY, &["GLIBC_2.17"]);
    let (code, result) = made.judge("opt/cray/pe/lib64/libmpi.so.12");
    let binding = &result["bindings"][0];
    assert_eq!(
        (code, &binding["verdict"]),
        (1, &"fails".into()),
        "{binding}"
    );
    assert!(
        binding["because"].to_string().contains("GLIBC_2.26"),
        "{binding}"
    );
    assert!(
        binding["fix"].to_string().contains("glibc 2.26 or newer"),
        "{binding}"
    );
    let (_, result) = made.judge("opt/cray/pe/lib64/libmpi_gnu_91.so.12");
    let binding = &result["bindings"][0];
    assert_eq!(binding["because"][0]["rule"], "family", "{binding}");
    assert!(
        binding["fix"].to_string().contains("cray-mpich-abi"),
        "{binding}"
    );
}

#[test]
fn mpt_is_another_family_and_a_wrapper_of_it_may_lack_calls() {
    let made = host(MPT, &["GLIBC_2.17", "GLIBC_2.26"]);
    let (_, result) = made.judge("opt/hpe/mpt/lib/libmpi.so");
    let binding = &result["bindings"][0];
    assert_eq!(binding["because"][0]["rule"], "family", "{binding}");
    assert_eq!(binding["family"], "HPE MPT");
    let wrapper = "opt/hpe/mpt/lib/mpich/libmpi.so.12";
    let (code, result) = made.judge(wrapper);
    let binding = &result["bindings"][0];
    assert_eq!(
        (code, &binding["verdict"]),
        (0, &"works".into()),
        "{binding}"
    );
    // It is MPT that finds the other ranks, and that reads the variables.
    let way = &result["ways"][0];
    assert!(
        way["because"].to_string().contains("speaks MPT and PMI-2"),
        "{way}"
    );
    assert!(crosses(&result, "MPI_*"), "{result}");
    library(&made.host(wrapper), "libmpi.so.12", &["-DLESS"]);
    let (_, result) = made.judge(wrapper);
    let binding = &result["bindings"][0];
    assert_eq!(binding["because"][0]["rule"], "symbol", "{binding}");
    assert!(
        binding["because"].to_string().contains("MPI_Allreduce"),
        "{binding}"
    );
}

#[test]
fn each_compiler_has_a_library_of_cray_that_stands_for_itself_alone() {
    let made = Made::new();
    let place = |dir: &str, name: &str| format!("opt/cray/pe/mpich/8.1.27/ofi/{dir}/lib/{name}");
    for (dir, name) in OF_COMPILERS {
        library(&made.host(&place(dir, name)), name, &[]);
        // It does not stand for MPICH's, for which there is another.
        let (code, result) = made.judge(&place(dir, name));
        let binding = &result["bindings"][0];
        assert_eq!(
            (code, &binding["family"]),
            (1, &"Cray MPICH".into()),
            "{name}: {binding}"
        );
        let fix = binding["fix"].to_string();
        assert!(fix.contains("cray-mpich-abi"), "{name}: {fix}");
    }
    let (of, own) = OF_COMPILERS[0];
    library(&made.image("usr/lib").join(own), own, &[]);
    let built = made.image("usr/lib").join(own);
    super::program(&made.image("usr/bin/app"), &built, &[]);
    for (dir, name) in OF_COMPILERS {
        let (code, verdict) = match *dir == of {
            true => (0, "works"),
            false => (3, "unknown"),
        };
        let (found, result) = made.judge(&place(dir, name));
        let binding = &result["bindings"][0];
        assert_eq!(
            (found, &binding["verdict"]),
            (code, &verdict.into()),
            "{name}: {binding}"
        );
        assert_eq!(binding["soname"], own, "{binding}");
    }
    // Those of a directory are found by their names.
    let (_, result) = made.judge("opt/cray/pe/mpich/8.1.27/ofi/gnu/8.2/lib");
    assert_eq!(result["host"][0]["soname"], own, "{result}");
}

#[test]
fn mvapich_is_of_the_family_of_mpich() {
    let made = host(MVAPICH, &["GLIBC_2.17", "GLIBC_2.26"]);
    let (code, result) = made.judge("opt/mvapich2/lib/libmpi.so.12");
    let binding = &result["bindings"][0];
    assert_eq!(
        (code, &binding["verdict"]),
        (0, &"works".into()),
        "{binding}"
    );
    assert!(crosses(&result, "MV2_*") && !crosses(&result, "OMPI_*"));
}
