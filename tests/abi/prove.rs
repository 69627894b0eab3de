//! `--prove` with real containers, and the commands that `--emit` prints.

use std::fs;

use serde_json::Value;

use super::{Made, abi, library, program};
use crate::cli::{Run, command, hpcctl, script};
use crate::environments::{ENVIRONMENTS, Environment, has_apptainer};
use crate::real::real;

/// An image with a program, and a library of the host that is not the image's.
fn made() -> Made {
    let made = Made::runnable();
    library(&made.host("lib/libmpi.so.12"), "libmpi.so.12", &["-DOTHER"]);
    made
}

/// The same with an Open MPI that has a part.
fn opens() -> Made {
    let made = Made::runnable();
    let own = made.image("usr/lib/libmpi.so.40");
    library(&own, "libmpi.so.40", &["-DOPEN"]);
    program(&made.image("usr/bin/app"), &own, &["-DOPEN"]);
    let of_host = made.host("lib/libmpi.so.12");
    library(&of_host, "libmpi.so.40", &["-DOPEN", "-DOTHER"]);
    library(&made.host("lib/openmpi/mca_btl_x.so"), "mca_btl_x.so", &[]);
    made
}

/// An image that has no empty directory, and a library of the host that brings another along.
fn placeless() -> Made {
    let made = made();
    let beside = made.host("lib/libbeside.so.1");
    library(&beside, "libbeside.so.1", &[]);
    let needs = ["-DOTHER", "-Wl,--no-as-needed", beside.to_str().unwrap()];
    library(&made.host("lib/libmpi.so.12"), "libmpi.so.12", &needs);
    fs::remove_dir(made.image("mnt")).unwrap();
    made
}

impl Made {
    /// The words for it.
    fn words(&self) -> Vec<String> {
        let image = format!("dir:{}", self.image("").display());
        let library = self.host("lib/libmpi.so.12").display().to_string();
        let words = ["abi", image.trim_end_matches('/'), "--host-lib", &library];
        words.map(str::to_owned).to_vec()
    }

    fn prove(&self, runtime: &str, more: &[&str]) -> (i32, Value) {
        let words = self.words();
        let words: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        let prove = format!("--prove={runtime}");
        let (code, result) = abi(&[&words[..], &[&prove], more].concat());
        (code, result["proof"].clone())
    }

    /// A binding that the site may have written down, and that does nothing.
    fn beside(&self) -> String {
        let library = self.host("lib/libmpi.so.12");
        format!("{}:/usr/lib/libmpi.so.12", library.display())
    }
}

#[test]
fn a_swap_that_works_is_proved_and_one_that_swaps_nothing_is_unmasked() {
    if !real("abi: proofs by the builtin launcher") {
        return;
    }
    let made = made();
    let (code, proof) = made.prove("builtin", &[]);
    assert_eq!((code, &proof["outcome"]), (0, &"proved".into()), "{proof}");
    assert_eq!(proof["loaded"][0]["path"], "/usr/lib/libmpich.so.12");
    let host = made.host("lib/libmpi.so.12");
    assert_eq!(proof["loaded"][0]["host_path"], host.to_str().unwrap());
    let (code, proof) = made.prove("builtin", &["--bind", &made.beside()]);
    assert_eq!(
        (code, &proof["outcome"]),
        (1, &"disproved".into()),
        "{proof}"
    );
    let because = proof["because"].to_string();
    for words in ["libmpich.so.12 of the image is in use", "was not loaded"] {
        assert!(because.contains(words), "{because}");
    }
    assert!(!made.image("usr/lib/libmpi.so.12").exists());
    for place in ["mnt", "proc"] {
        let made = placeless();
        // What is lacking besides.
        let _ = fs::remove_dir(made.image(place));
        let (code, proof) = made.prove("builtin", &[]);
        assert_eq!(
            (code, &proof["outcome"]),
            (0, &"proved".into()),
            "{place}: {proof}"
        );
    }
    // A container that does not start proves nothing.
    fs::remove_file(made.image("lib64/ld-linux-x86-64.so.2")).unwrap();
    let (code, proof) = made.prove("builtin", &[]);
    assert_eq!((code, &proof["outcome"]), (3, &"unknown".into()), "{proof}");
    let run = hpcctl(&["abi", "dir:/", "--bind", "/a:/b"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
}

/// The processes of this machine whose command lines hold a text.
fn running(text: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|one| fs::read(one.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(text)).collect()
}

/// A proof that reaches its deadline, with what it leaves in a directory of its own.
fn late(made: &Made, runtime: &str, path: &str, deadline: &str) -> Value {
    let temporary = tempfile::tempdir_in("/var/tmp").unwrap();
    let mut words = made.words();
    let prove = format!("--prove={runtime}");
    words.extend([&prove, "--deadline", deadline, "-o", "json"].map(str::to_owned));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut command = command(&words);
    let run = Run::of(command.env("TMPDIR", temporary.path()).env("PATH", path));
    assert_eq!(run.code, 3, "{runtime}: {}{}", run.stdout, run.stderr);
    let left: Vec<_> = fs::read_dir(temporary.path()).unwrap().collect();
    assert!(left.is_empty(), "{runtime}: {left:?}");
    let mut report: Value = serde_json::from_str(&run.stdout).unwrap();
    report["result"]["proof"].take()
}

#[test]
fn a_loader_that_never_ends_is_ended_and_leaves_nothing() {
    if !real("abi: a proof that reaches its deadline") {
        return;
    }
    let made = made();
    let sleeps = ["-DOTHER", "-DSLEEPS"];
    library(&made.host("lib/libmpi.so.12"), "libmpi.so.12", &sleeps);
    let proof = late(&made, "builtin", "/usr/bin:/bin", "5");
    assert_eq!(proof["outcome"], "unknown", "{proof}");
    assert!(
        proof["because"].to_string().contains("not done within 2 s"),
        "{proof}"
    );
    assert_eq!(running("--deadline 5 --look"), Vec::<String>::new());
}

#[test]
fn a_runtime_that_never_ends_is_ended_and_leaves_nothing() {
    let made = made();
    let bin = made.host("bin");
    fs::create_dir_all(&bin).unwrap();
    let asked = made.host("asked");
    for program in ["podman", "ch-run"] {
        // What it would start lives on where only itself is ended.
        let text = format!(
            "#!/bin/sh\necho \"$1 $2\" >>{}\n[ \"$1\" = rm ] || sleep 31977 & wait\n",
            asked.display()
        );
        script(&bin.join(program), &text);
    }
    let path = format!("{}:/usr/bin:/bin", bin.display());
    for runtime in ["podman", "charliecloud"] {
        let proof = late(&made, runtime, &path, "3");
        assert_eq!(proof["outcome"], "unknown", "{proof}");
        let because = proof["because"].to_string();
        assert!(because.contains("took longer than 3 s"), "{because}");
        assert_eq!(running("sleep 31977"), Vec::<String>::new(), "{runtime}");
    }
    // Of podman the container may live on without it.
    let asked = fs::read_to_string(asked).unwrap();
    assert!(asked.contains("rm --force"), "{asked}");
}

/// The image a directory of the user, in which podman makes mount points. Podman is as it is: with crun,
/// which refuses both versions of control groups on one node.
fn setup(made: &Made) -> String {
    format!("chown -R alice:alice {}", made.image("").display())
}

/// The proof, in an environment of a user, with what it left behind.
fn proved(made: &Made, environment: &Environment, runtime: &str, more: &[&str]) -> Value {
    let program = crate::environments::program().display();
    let words = made.words().join("' '");
    let more = more.join("' '");
    let script = format!(
        "'{program}' '{words}' --prove={runtime} '-o' json {} 2>&1
         ls -A ${{TMPDIR:-/tmp}} /tmp | grep hpcctl-abi && echo left behind
         [ {runtime} != podman ] || podman ps -aq",
        match more.is_empty() {
            true => String::new(),
            false => format!("'{more}'"),
        }
    );
    let run = environment.run(&setup(made), &["sh", "-c", &script]);
    let mut documents = serde_json::Deserializer::from_str(&run.stdout).into_iter::<Value>();
    let Some(Ok(document)) = documents.next() else {
        panic!("{runtime}: {} {}", run.stdout, run.stderr);
    };
    let rest = run.stdout[documents.byte_offset()..].trim();
    assert!(rest.is_empty(), "{runtime} left {rest}");
    document["result"]["proof"].clone()
}

#[test]
fn every_runtime_is_told_how_to_use_the_library_and_does() {
    if !real("abi: proofs by podman, Charliecloud and Apptainer") {
        return;
    }
    let made = made();
    let machine = ENVIRONMENTS[0];
    let mut rows = vec![
        (machine, "podman"),
        (machine, "charliecloud"),
        (machine.newer(), "charliecloud"),
    ];
    if has_apptainer() {
        rows.push((machine.newer(), "apptainer"));
    }
    for (environment, runtime) in rows {
        let proof = proved(&made, &environment, runtime, &[]);
        assert_eq!(proof["outcome"], "proved", "{runtime}: {proof}");
        // As it is printed, and given to a shell.
        let program = crate::environments::program().display();
        let words = made.words().join("' '");
        let script = format!("'{program}' '{words}' --emit {runtime} | sh -eu");
        let run = environment.run(&setup(&made), &["sh", "-c", &script]);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (0, "sum 0 of 0\n"),
            "{runtime}: {}",
            run.stderr
        );
    }
    // A library is bound beside those of an image that has no directory for it.
    let made = placeless();
    for (environment, outcome) in [(machine, "unknown"), (machine.newer(), "proved")] {
        let proof = proved(&made, &environment, "charliecloud", &[]);
        assert_eq!(proof["outcome"], outcome, "{proof}");
    }
    // What the library opens at its own path, which the image has not.
    let made = opens();
    for (environment, runtime, outcome, why) in [
        (machine, "podman", "proved", ""),
        (
            machine,
            "charliecloud",
            "unknown",
            "0.33 or newer makes one",
        ),
        (machine.newer(), "charliecloud", "proved", ""),
    ] {
        let proof = proved(&made, &environment, runtime, &[]);
        assert_eq!(proof["outcome"], outcome, "{runtime}: {proof}");
        assert!(
            proof["because"].to_string().contains(why),
            "{runtime}: {proof}"
        );
    }
    // Only these make a place for it.
    let made = self::made();
    let proof = proved(&made, &machine, "podman", &["--bind", &made.beside()]);
    assert_eq!(proof["outcome"], "disproved", "{proof}");
}

#[test]
fn the_hook_of_sarus_is_as_its_documents_have_it() {
    let made = made();
    let words = made.words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // It replaces libraries of the same name only, and Debian's has another.
    let run = hpcctl(&[&words[..], &["--emit", "sarus"]].concat());
    assert!(
        run.stdout.is_empty() && run.stderr.contains("same name only"),
        "{}",
        run.stderr
    );
    let link = made.host("lib/libmpich.so.12");
    fs::copy(made.host("lib/libmpi.so.12"), &link).unwrap();
    let words = [words[0], words[1], "--host-lib", link.to_str().unwrap()];
    let run = hpcctl(&[&words[..], &["--emit", "sarus"]].concat());
    let hook: Value = serde_json::from_str(&run.stdout).unwrap();
    // oci-hooks(5), 1.0.0: each key, and what it holds.
    let keys: Vec<&String> = hook.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["version", "hook", "when", "stages"]);
    assert_eq!(hook["version"], "1.0.0");
    assert!(hook["hook"]["path"].as_str().unwrap().starts_with('/'));
    // The documents of the hook run it at this stage.
    assert_eq!(hook["stages"], serde_json::json!(["createContainer"]));
    assert_eq!(
        hook["when"]["annotations"]["^com.hooks.mpi.enabled$"],
        "^true$"
    );
    const KNOWN: &[&str] = &[
        "LDCONFIG_PATH",
        "MPI_LIBS",
        "MPI_DEPENDENCY_LIBS",
        "BIND_MOUNTS",
        "MPI_COMPATIBILITY_TYPE",
    ];
    for pair in hook["hook"]["env"].as_array().unwrap() {
        let (name, value) = pair.as_str().unwrap().split_once('=').unwrap();
        assert!(KNOWN.contains(&name), "{name}");
        let is_path = |path: &str| path.starts_with('/');
        assert!(
            name == "MPI_COMPATIBILITY_TYPE" || value.split(':').all(is_path),
            "{pair}"
        );
    }
    let libraries = format!("MPI_LIBS={}", link.display());
    assert!(
        hook["hook"]["env"].to_string().contains(&libraries),
        "{hook}"
    );
}
