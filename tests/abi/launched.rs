//! The commands that `--emit` prints, alone and started by launchers of the host, as a user does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::matrix::tree;
use crate::cli::Run;
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

const LIBRARY: &str = "host-library";
const LAUNCHER: &str = "host-launcher";

/// The way, suite, program, runtime, the host's MPI, and the launchers that start it, by their places.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [usize],
);
const ROWS: &[Row] = &[
    (LIBRARY, "bookworm", "mpich", "podman", "impi-rt", &[0, 1]),
    (
        LIBRARY,
        "bookworm",
        "mpich",
        "charliecloud",
        "impi-rt",
        &[0, 1],
    ),
    (LIBRARY, "trixie", "openmpi", "podman", "openmpi", &[2]),
    (LAUNCHER, "bookworm", "mpich", "podman", "mpich", &[1]),
    (LAUNCHER, "bookworm", "mpich", "charliecloud", "mpich", &[1]),
    (LAUNCHER, "trixie", "openmpi", "podman", "openmpi", &[2]),
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

/// What is printed for a runtime and a user.
fn emitted(setup: &str, image: &Path, row: &Row) -> String {
    let (way, _, program, runtime, mpi, _) = row;
    let reference = format!("dir:{}", image.display());
    let library = wheels().join(mpi).join("lib").display().to_string();
    let program = format!("/opt/app/{program}");
    let words = [
        "abi",
        &reference,
        "--host-lib",
        &library,
        "--program",
        &program,
    ];
    let words = [&words[..], &["--emit", runtime, "--way", way]].concat();
    let run = ENVIRONMENTS[0].hpcctl(setup, &words);
    assert_eq!(run.code, 0, "{way}, {runtime}: {}", run.stderr);
    // Of the host nothing is bound where the image's own library is used.
    let binds = run.stdout.contains(&library);
    assert_eq!(binds, *way == LIBRARY, "{way}, {runtime}: {}", run.stdout);
    run.stdout
}

#[test]
fn what_is_printed_works_alone_and_by_each_launcher() {
    if !real("abi: printed commands under launchers") {
        return;
    }
    for row in ROWS {
        let (way, suite, program, runtime, mpi, launchers) = row;
        super::matrix::equip(&tree(suite), false);
        let dir = usable(suite);
        let image = dir.path().join("image");
        let script = dir.path().join("run.sh");
        let setup = format!(
            "{RUNC}\nfind {0} -type d -exec chown alice:alice {{}} +; chown alice:alice {0}/etc/*",
            image.display()
        );
        fs::write(&script, emitted(&setup, &image, row)).unwrap();
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
        for (of, start, says) in commands {
            let command = format!(
                "export USER=alice; {start} sh {script} </dev/null; ls $TMPDIR | grep ^tmp && echo left"
            );
            let command = format!("timeout -k 5 120 sh -c '{command}'");
            let run = ENVIRONMENTS[0].run(&setup, &["sh", "-c", &command]);
            let cell = format!("{way}: {program} of {suite}, {mpi}, {runtime}, {of}");
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
