//! The commands that `--emit` prints, alone and started by launchers of the host, as a user does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::matrix::tree;
use crate::cli::{Run, hpcctl};
use crate::environments::{ENVIRONMENTS, RUNC};
use crate::real::real;

/// How an MPI of the wheels starts two ranks.
const LAUNCHERS: &[(&str, &str)] = &[
    (
        "impi-rt",
        "I_MPI_HYDRA_BOOTSTRAP=fork I_MPI_ROOT=$mpi $mpi/bin/mpiexec.hydra -n 2",
    ),
    ("mpich", "$mpi/bin/mpiexec.hydra -launcher fork -n 2"),
    (
        "openmpi",
        "OPAL_PREFIX=$mpi $mpi/bin/mpirun --oversubscribe -n 2",
    ),
];

/// Suite, program, runtime, the host's MPI, and the launchers that start it, by their places.
const ROWS: &[(&str, &str, &str, &str, &[usize])] = &[
    ("bookworm", "mpich", "podman", "impi-rt", &[0, 1]),
    ("bookworm", "mpich", "charliecloud", "impi-rt", &[0, 1]),
    ("trixie", "openmpi", "podman", "openmpi", &[2]),
];

/// A suite with what a runtime wants of an image, in which a user may make mount points: its files
/// are those of the suite, its directories are not.
fn usable(suite: &str) -> tempfile::TempDir {
    let own = tree(suite);
    let dir = tempfile::tempdir_in(own.parent().unwrap()).unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(dir.path(), open).unwrap();
    let image = dir.path().join("image");
    let copied = Run::of(Command::new("cp").arg("-al").arg(&own).arg(&image));
    assert_eq!(copied.code, 0, "{}", copied.stderr);
    for name in [
        "dev", "proc", "sys", "tmp", "mnt", "etc", "run", "root", "home",
    ] {
        fs::create_dir_all(image.join(name)).unwrap();
    }
    for name in ["passwd", "group", "hosts", "resolv.conf", "hostname"] {
        let file = image.join("etc").join(name);
        let _ = fs::remove_file(&file);
        fs::write(file, "").unwrap();
    }
    dir
}

fn wheels() -> PathBuf {
    tree("sid")
        .parent()
        .unwrap()
        .with_file_name("wheels")
        .join("opt")
}

/// What is printed for a runtime, to a file.
fn emitted(image: &Path, program: &str, runtime: &str, mpi: &str) -> String {
    let reference = format!("dir:{}", image.display());
    let library = wheels().join(mpi).join("lib").display().to_string();
    let program = format!("/opt/app/{program}");
    let run = hpcctl(&[
        "abi",
        &reference,
        "--host-lib",
        &library,
        "--program",
        &program,
        "--emit",
        runtime,
    ]);
    assert_eq!(run.code, 0, "{runtime}: {}", run.stderr);
    // It is printed for root, who tests.
    run.stdout
        .replace("--net=host", "--net=host --userns=keep-id")
}

#[test]
fn what_is_printed_works_alone_and_by_each_launcher() {
    if !real("abi: printed commands under launchers") {
        return;
    }
    for (suite, program, runtime, mpi, launchers) in ROWS {
        super::matrix::equip(&tree(suite), false);
        let dir = usable(suite);
        let image = dir.path().join("image");
        let script = dir.path().join("run.sh");
        fs::write(&script, emitted(&image, program, runtime, mpi)).unwrap();
        let script = script.display();
        let mut commands = vec![("alone", String::new(), "sum 1 of 1")];
        commands.extend(launchers.iter().map(|at| {
            let (of, start) = LAUNCHERS[*at];
            let mpi = wheels().join(of);
            (
                of,
                start.replace("$mpi", &mpi.display().to_string()),
                "sum 2 of 2",
            )
        }));
        let setup = format!(
            "{RUNC}\nfind {0} -type d -exec chown alice:alice {{}} +; chown alice:alice {0}/etc/*",
            image.display()
        );
        for (of, start, says) in commands {
            let command = format!(
                "export USER=alice; {start} sh {script} </dev/null; ls $TMPDIR | grep ^tmp && echo left"
            );
            let command = format!("timeout -k 5 120 sh -c '{command}'");
            let run = ENVIRONMENTS[0].run(&setup, &["sh", "-c", &command]);
            let cell = format!("{program} of {suite}, {mpi}, {runtime}, {of}");
            assert!(
                run.stdout.contains(says),
                "{cell}: {} {}",
                run.stdout,
                run.stderr
            );
            assert!(!run.stdout.contains("left"), "{cell}: {}", run.stdout);
        }
    }
}
