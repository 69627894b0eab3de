//! What `--emit` prints, given to a shell that finds a runtime which only says what it was told.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Made, library};
use crate::cli::{Run, command, hpcctl, script};

/// The runtimes that are started, with their programs.
const RUNTIMES: &[(&str, &str)] = &[
    ("podman", "podman"),
    ("apptainer", "apptainer"),
    ("charliecloud", "ch-run"),
];

/// An image, and a library of the host that brings another along.
fn made() -> Made {
    let made = Made::runnable();
    let beside = made.host("lib/libbeside.so.1");
    library(&beside, "libbeside.so.1", &[]);
    let needs = ["-Wl,--no-as-needed", beside.to_str().unwrap()];
    library(&made.host("lib/libmpi.so.12"), "libmpi.so.12", &needs);
    with_runtimes(&made, "printf '<%s>' \"$@\"");
    made
}

/// Puts runtimes beside that do this.
pub fn with_runtimes(made: &Made, does: &str) {
    let bin = made.host("bin");
    fs::create_dir_all(&bin).unwrap();
    for (_, program) in RUNTIMES {
        script(&bin.join(program), &format!("#!/bin/sh\n{does}\n"));
    }
}

/// A run on a node that has no runtime, so that nothing is against what is printed for one.
pub fn elsewhere(words: &[&str]) -> Run {
    Run::of(command(words).env("PATH", "/none"))
}

/// The script that is printed for a runtime, of which only those beside are there, with the status.
pub fn printed(made: &Made, runtime: &str, words: &[&str]) -> (i32, PathBuf) {
    let words = [&["abi", "dir:image"], words, &["--emit", runtime]].concat();
    let none = made.host("bin").join("none");
    let printed = Run::of(
        command(&words)
            .current_dir(made.dir.path())
            .env("PATH", none),
    );
    let script = made.dir.path().join("run.sh");
    fs::write(&script, &printed.stdout).unwrap();
    assert!(!printed.stdout.is_empty(), "{runtime}: {}", printed.stderr);
    (printed.code, script)
}

/// The script as a launcher starts it elsewhere.
pub fn launched(made: &Made, script: &Path) -> Command {
    let path = format!("{}:/usr/bin:/bin", made.host("bin").display());
    let open = format!(
        "exec 9</dev/null; exec \"$0\" '{}' \"$@\"",
        script.display()
    );
    let mut shell = Command::new("bash");
    shell.args(["-c", &open, "sh"]);
    shell.current_dir("/").env("PATH", path);
    shell
        .env("PMI_FD", "9")
        .env("PMIX_SERVER_TMPDIR", made.host("bin"));
    shell
}

/// What the runtime is told by the script with these arguments.
fn told(made: &Made, runtime: &str, arguments: &[&str]) -> String {
    let library = made.host("lib").display().to_string();
    let (code, script) = printed(made, runtime, &["--host-lib", &library]);
    assert_eq!(code, 0, "{runtime}");
    let run = Run::of(launched(made, &script).args(arguments));
    let text = fs::read_to_string(&script).unwrap();
    assert_eq!(run.code, 0, "{runtime}: {} {text}", run.stderr);
    run.stdout
}

#[test]
fn a_script_hands_on_its_arguments_and_works_in_any_directory() {
    let made = made();
    let image = made.image("").display().to_string();
    let image = image.trim_end_matches('/');
    for (runtime, _) in RUNTIMES {
        let said = told(&made, runtime, &["two words", "", "$c"]);
        let end = "</usr/bin/app><two words><><$c>";
        assert!(said.ends_with(end), "{runtime}: {said}");
        assert!(said.contains(&format!("<{image}")), "{runtime}: {said}");
    }
    let said = told(&made, "podman", &[]);
    let bin = made.host("bin").display().to_string();
    for option in [
        "<--preserve-fds=1>".to_owned(),
        format!("<-v><{bin}:{bin}>"),
    ] {
        assert!(said.contains(&option), "{option}: {said}");
    }
}

#[test]
fn a_node_with_singularity_alone_is_told_so_by_that_name() {
    let made = made();
    let bin = made.host("bin");
    let image = format!("dir:{}", made.image("").display());
    let library = made.host("lib").display().to_string();
    let emitted = || {
        let words = ["abi", &image, "--host-lib", &library, "--emit", "apptainer"];
        Run::of(command(&words).env("PATH", &bin)).stdout
    };
    assert!(emitted().contains("apptainer exec"), "{}", emitted());
    fs::rename(bin.join("apptainer"), bin.join("singularity")).unwrap();
    let text = emitted();
    assert!(
        text.contains("singularity exec") && !text.contains("apptainer"),
        "{text}"
    );
    // It is what is started to prove something, too.
    let words = ["abi", &image, "--host-lib", &library, "--prove=apptainer"];
    let run = Run::of(command(&words).env("PATH", format!("{}:/usr/bin:/bin", bin.display())));
    assert!(!run.stdout.contains("is not installed"), "{}", run.stdout);
}

#[test]
fn the_images_own_mpi_is_started_by_a_launcher_of_the_host() {
    let made = made();
    let launcher = made.host("usr/bin/mpiexec.hydra");
    fs::create_dir_all(launcher.parent().unwrap()).unwrap();
    for name in ["mpiexec.hydra", "hydra_pmi_proxy"] {
        fs::copy(made.image("usr/bin/app"), launcher.with_file_name(name)).unwrap();
    }
    let root = made.host("").display().to_string();
    let words = ["--host-root", &root, "--way", "host-launcher"];
    let (code, script) = printed(&made, "podman", &words);
    let text = fs::read_to_string(&script).unwrap();
    assert_eq!(code, 0, "{text}");
    let by = "# the image's own libmpich.so.12 is used: one container a rank, by /usr/bin/mpiexec.hydra sh";
    assert!(text.contains(by), "{text}");
    let said = Run::of(&mut launched(&made, &script)).stdout;
    assert!(said.contains("<--preserve-fds=1>"), "{said}");
    assert!(!said.contains("/libmpi.so.12"), "{said}");
    fs::remove_file(launcher).unwrap();
    let image = format!("dir:{}", made.image("").display());
    let run = elsewhere(&[&["abi", &image], &words[..], &["--emit", "podman"]].concat());
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
    assert!(
        run.stderr.contains("no launcher of the host works"),
        "{}",
        run.stderr
    );
    let run = hpcctl(&["abi", &image, "--way", "host-launcher"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn what_ends_a_script_ends_the_runtime() {
    let made = made();
    // Each tells who it is, and waits.
    with_runtimes(&made, "echo $$; exec sleep 600");
    let library = made.host("lib").display().to_string();
    for runtime in ["podman", "apptainer"] {
        let (_, script) = printed(&made, runtime, &["--host-lib", &library]);
        let mut shell = launched(&made, &script);
        let mut child = shell.stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(line.trim(), child.id().to_string(), "{runtime}");
    }
}

#[test]
fn a_path_that_a_runtime_cannot_be_told_is_refused() {
    let made = made();
    let image = format!("dir:{}", made.image("").display());
    for (name, refused) in [
        ("h:b", &["podman", "apptainer", "charliecloud", "sarus"][..]),
        ("h,b", &["apptainer"]),
    ] {
        let dir = made.host(name);
        library(&dir.join("libmpi.so.12"), "libmpi.so.12", &[]);
        library(&dir.join("libmpich.so.12"), "libmpich.so.12", &[]);
        for runtime in ["podman", "apptainer", "charliecloud", "sarus"] {
            let library = dir.join("libmpich.so.12").display().to_string();
            let run = elsewhere(&["abi", &image, "--host-lib", &library, "--emit", runtime]);
            let is_refused = refused.contains(&runtime);
            assert_eq!(
                run.code,
                if is_refused { 3 } else { 0 },
                "{runtime} {name}: {}",
                run.stderr
            );
            assert_eq!(
                run.stdout.is_empty(),
                is_refused,
                "{runtime}: {}",
                run.stdout
            );
            assert_eq!(
                run.stderr.contains(name),
                is_refused,
                "{runtime}: {}",
                run.stderr
            );
        }
    }
}

#[test]
fn a_script_and_a_report_are_not_printed_into_one() {
    let made = made();
    let image = format!("dir:{}", made.image("").display());
    let library = made.host("lib").display().to_string();
    let report = format!("json={}", made.dir.path().join("abi.json").display());
    for (output, code) in [("json", 2), (report.as_str(), 0)] {
        let emit = ["--emit", "podman", "-o", output];
        let run = elsewhere(&[&["abi", &image, "--host-lib", &library], &emit[..]].concat());
        assert_eq!(run.code, code, "{output}: {}", run.stderr);
        assert_eq!(
            run.stdout.contains("podman run"),
            code == 0,
            "{output}: {}",
            run.stdout
        );
    }
    fs::remove_file(made.image("usr/bin/app")).unwrap();
    let run = hpcctl(&["abi", &image, "--emit", "podman"]);
    assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{}", run.stderr);
    assert!(
        run.stderr.contains("no program of the image needs"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_doctor_knows_of_podman_here_is_an_option_or_told() {
    let made = made();
    let image = format!("dir:{}", made.image("").display());
    let library = made.host("lib").display().to_string();
    let settings = made.dir.path().join("containers.conf");
    let emitted = |text: &str| {
        fs::write(&settings, text).unwrap();
        let words = ["abi", &image, "--host-lib", &library, "--emit", "podman"];
        let path = format!("{}:/usr/bin:/bin", made.host("bin").display());
        let mut run = command(&words);
        Run::of(run.env("PATH", path).env("CONTAINERS_CONF", &settings))
    };
    let run = emitted("[containers]\ndefault_ulimits = [\"nofile=99999999:99999999\"]\n");
    assert!(run.stdout.contains("--ulimit nofile="), "{}", run.stdout);
    let run = emitted("[containers\n");
    assert_eq!(run.code, 3, "{}", run.stderr);
    for text in [&run.stdout, &run.stderr] {
        assert!(
            text.contains("cannot be parsed: podman does not start"),
            "{text}"
        );
    }
    let mut comments = run
        .stdout
        .lines()
        .take_while(|line| line.starts_with("# on "));
    assert!(comments.next().is_some(), "{}", run.stdout);
}

#[test]
fn what_programs_load_is_not_started_itself() {
    let made = made();
    fs::remove_file(made.image("usr/bin/app")).unwrap();
    let own = made.image("usr/lib/libmpich.so.12");
    let host = made.host("lib").display().to_string();
    let image = format!("dir:{}", made.image("").display());
    let module = |path: &str| {
        let needs = ["-DMODULE", "-Wl,--no-as-needed", own.to_str().unwrap()];
        library(
            &made.image(path),
            Path::new(path).file_name().unwrap().to_str().unwrap(),
            &needs,
        );
        let run = elsewhere(&["abi", &image, "--host-lib", &host, "--emit", "podman"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let (_, result) = super::abi(&[&image, "--host-lib", &host, "--prove=podman"]);
        assert_eq!(result["programs"][0]["module"], true, "{result}");
        let proof = &result["proof"];
        assert_eq!(proof["outcome"], "unknown", "{proof}");
        assert!(
            proof["because"].to_string().contains("--program names one"),
            "{proof}"
        );
        fs::remove_file(made.image(path)).unwrap();
        run.stdout
    };
    let printed = module("usr/lib/python3/dist-packages/mpi4py/MPI.cpython-311.so");
    assert!(printed.contains("which python3 loads"), "{printed}");
    assert!(
        printed.trim_end().ends_with(":O python3 \"$@\""),
        "{printed}"
    );
    let printed = module("usr/lib/libuser.so.1");
    assert!(printed.trim_end().ends_with(":O \"$@\""), "{printed}");
}
