//! What `doctor lint` says of each instruction of a Containerfile and of each command of a
//! script, against what the real builders and runtimes make of it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::cli::Run;
use crate::environments::{ENVIRONMENTS, Environment, RUNC, shared};
use crate::real::real;
use crate::reality::image;

/// Instructions after FROM, of an image with a busybox and the user daemon.
const SMALL: &[&str] = &[
    "RUN true",
    "RUN touch /x && chown root:root /x && chgrp 0 /x",
    "RUN touch /x && chown daemon:daemon /x",
    "RUN touch /x && chgrp daemon /x",
    "RUN [\"/bin/chown\", \"daemon\", \"/mnt\"]",
    "RUN echo \"apt-get install\" && echo chown daemon /x",
    "COPY --chown=0:0 f /f",
    "COPY --chown=1234:1234 f /f",
    "ADD --chown=daemon f /f",
    "COPY --chmod=755 f /f",
    "USER daemon",
    "USER daemon\nRUN id",
    "USER 0:0\nRUN id",
    "RUN mount -t tmpfs none /mnt",
    "RUN mknod /x c 1 3",
    "RUN mknod /x p",
    "RUN su daemon -s /bin/sh -c true",
    "RUN modprobe dummy",
    "RUN chroot / true",
    "RUN unshare -m true",
    "RUN --mount=type=cache,target=/c touch /c/x",
    "RUN <<EOF\ntouch /x\nEOF",
    "RUN <<EOF\ntouch /x\nchown daemon /x\nEOF",
    "COPY <<EOF /f\nhello\nEOF",
];

/// Of an image of Debian, all files of one owner. Its only source of packages is a directory.
const DEBIAN: &[&str] = &[
    "RUN useradd -m joe",
    "RUN apt-get update",
    "RUN apt-get -o APT::Sandbox::User=root update",
    "RUN su daemon -s /bin/sh -c true",
    "RUN install -o daemon -m 644 /etc/passwd /x",
    "RUN setpriv --reuid=1 --clear-groups true",
];

const NO_IDS: &str = ": >/etc/subuid; : >/etc/subgid";
const CACHELESS: &str = "variables+=(CH_IMAGE_CACHE=disabled CH_IMAGE_STORAGE=$room/home/ch)";
const ROOT: &str = "mkdir -p /etc/containers/containers.conf.d
printf '[containers]\\ndefault_ulimits = []\\nnetns = \"host\"\\n[engine]\\nruntime = \"runc\"\\n' >/etc/containers/containers.conf.d/90-test.conf";

/// Makes the two images, as archives beside a folder.
fn images() -> PathBuf {
    static IMAGES: OnceLock<PathBuf> = OnceLock::new();
    let made = IMAGES.get_or_init(|| {
        let dir = shared().join("builders");
        let script = r#"
            mkdir -p $0/small $0/debian && cp -a $1/. $0/small
            for name in touch chown chgrp echo id mount mknod su modprobe chroot unshare cat; do
                ln -sf busybox $0/small/bin/$name
            done
            echo daemon:x:1:1::/:/bin/sh >>$0/small/etc/passwd
            printf 'root:x:0:\ndaemon:x:1:\n' >$0/small/etc/group
            tar -C $0/small --owner=0 --group=0 -cf $0/small.tar .
            tar -C $0/debian -xf $2 --exclude=./usr/share/doc --exclude=./usr/share/locale --exclude=./usr/share/man
            mkdir $0/debian/repo && : >$0/debian/repo/Packages
            rm -rf $0/debian/etc/apt/sources.list.d/*
            echo 'deb [trusted=yes] file:/repo ./' >$0/debian/etc/apt/sources.list
            tar -C $0/debian --owner=0 --group=0 --exclude=./dev -cf $0/debian.tar .
            chmod -R a+rX $0"#;
        let base = std::env::var("HPCCTL_IMAGES").expect("tests/run sets HPCCTL_IMAGES");
        let made = Run::of(
            Command::new("sh")
                .args(["-euc", script])
                .arg(&dir)
                .args([image(), format!("{base}/base.tar")]),
        );
        assert_eq!(made.code, 0, "{}", made.stderr);
        dir
    });
    made.clone()
}

/// Lints every row at once, then builds each: the report on the first line, then a status a row.
const SCRIPT: &str = r#"
export PATH=/usr/bin:/bin:$PATH
cd $HOME && at=0
while IFS= read -r -d '' row; do
    mkdir -p c$at && echo f >c$at/f && printf 'FROM %s%s\n%s\n' "$prefix" "$image" "$row" >c$at/Containerfile
    files+=(c$at/Containerfile) && at=$((at + 1))
done <"$rows"
$program doctor lint -o json "${files[@]}" | tr -d '\n'; echo
case $builder in
podman) podman import -q $images/$image.tar $image >/dev/null ;;
ch-image) ch-image import $images/$image.tar $image >/dev/null ;;
esac
for ((n = 0; n < at; n++)); do
    case $builder in
    podman) timeout 60 podman build --no-cache -q --layers=false -t t c$n ;;
    ch-image) timeout 60 ch-image build -t t -f c$n/Containerfile c$n ;;
    esac >log 2>&1 </dev/null
    echo "$? $(tail -1 log)"
done"#;

/// Commands of job scripts; `$I` is a directory with .tar and .sqfs beside it.
const COMMANDS: &[&str] = &[
    "podman run --rm localhost/bb true",
    "podman --runtime runc run --rm localhost/bb true",
    "podman --runtime runc run --rm --network=host localhost/bb true",
    "podman --runtime=runc run --network none --rm localhost/bb true",
    "podman run --rm --network=host localhost/bb true",
    "podman run --rm localhost/bb true --network=host --runtime runc",
    "podman --runtime runc run --rm --network=host --cgroups=disabled localhost/bb true",
    "podman --runtime runc build --no-cache -q --network=host $HOME/c",
    "podman --runtime runc build --no-cache -q $HOME/c",
    "podman build --no-cache -q --isolation=chroot $HOME/c",
    "podman --runtime runc build --no-cache -q --isolation=chroot --network=host $HOME/c",
    "podman --runtime runc build --no-cache -q --network=host --cap-add=SYS_ADMIN $HOME/m",
    "ch-run $I -- /bin/true",
    "ch-run $I.sqfs -- /bin/true",
    "ch-run --write-fake $I -- /bin/true",
    "ch-run -b /tmp:/mnt --cd=/ $I -- /bin/true",
    "bash -c \"ch-run $I -- /bin/true\"",
];

/// Lints every command at once, each in a script of its own, then runs each.
const RUN: &str = r#"
cd $HOME && at=0
mkdir c m && printf 'FROM localhost/bb\nRUN true\n' >c/Containerfile
printf 'FROM localhost/bb\nRUN busybox mount -t tmpfs none /mnt\n' >m/Containerfile
while IFS= read -r -d '' row; do
    printf '#!/bin/sh\nI=%s\n%s\n' "$image" "$row" >s$at && files+=(s$at) && at=$((at + 1))
done <"$rows"
$program doctor lint -o json "${files[@]}" | tr -d '\n'; echo
podman import -q $image.tar bb >/dev/null
for ((n = 0; n < at; n++)); do
    timeout 60 sh s$n >log 2>&1 </dev/null
    echo "$? $(tail -1 log)"
done"#;

/// What a lint says of a row for a builder: the gravest outcome.
fn said<'a>(file: &'a Value, builder: &str) -> &'a str {
    let findings = file["findings"].as_array().unwrap();
    let is_for = |row: &&Value| {
        let builders = row["builders"].as_array().unwrap();
        let mut names = builders.iter().map(|name| name.as_str().unwrap());
        builders.is_empty() || names.any(|name| name.starts_with(builder))
    };
    let outcomes: Vec<&str> = findings
        .iter()
        .filter(is_for)
        .map(|row| row["outcome"].as_str().unwrap())
        .collect();
    let grave = ["fails", "refused", "unknown"];
    grave
        .into_iter()
        .find(|word| outcomes.contains(word))
        .unwrap_or("works")
}

/// The most rows that are tried in one entry of an environment, which ends after a while.
const AT_ONCE: usize = 8;

/// Tries rows in an environment by a script: a line each, and how many came out otherwise.
fn try_rows(
    environment: &Environment,
    more: &str,
    of: &str,
    script: &str,
    rows: &[&str],
) -> (String, usize) {
    let program = environment.hpcctl("", &["--version"]);
    assert_eq!(program.code, 0, "{}", program.stderr);
    let (mut told, mut wrong) = (String::new(), 0);
    for rows in rows.chunks(AT_ONCE) {
        // Other tests try rows of their own at the same time.
        static FILES: AtomicUsize = AtomicUsize::new(0);
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let file = shared().join(format!("rows{number}"));
        let text: Vec<u8> = rows
            .iter()
            .flat_map(|row| format!("{row}\0").into_bytes())
            .collect();
        std::fs::write(&file, text).unwrap();
        let script = format!(
            "program={} rows={}\n{script}",
            shared().join("hpcctl").display(),
            file.display()
        );
        let run = environment.run(more, &["bash", "-c", &script]);
        let mut lines = run.stdout.lines();
        let report = lines.next().unwrap_or("");
        let report: Value = serde_json::from_str(report)
            .unwrap_or_else(|error| panic!("{error}: {report} {}", run.stderr));
        let files = report["result"]["files"].as_array().unwrap();
        assert_eq!(files.len(), rows.len(), "{}", run.stderr);
        for (row, file) in rows.iter().zip(files) {
            let built = lines.next().unwrap_or("? no answer");
            let works = built.starts_with("0 ");
            let said = said(file, of);
            let right = match said {
                "works" => works,
                "unknown" => true,
                _ => !works,
            };
            wrong += usize::from(!right);
            let word = if right { "agree   " } else { "DISAGREE" };
            let row = row.replace('\n', "; ");
            writeln!(
                told,
                "{word} {:?} {:5} {of:8} {said:7} {row} | {built:.90}",
                environment.distribution, environment.user
            )
            .unwrap();
        }
    }
    (told, wrong)
}

/// Tries what a builder makes of rows.
fn build(
    environment: &Environment,
    more: &str,
    builder: &str,
    image: &str,
    rows: &[&str],
) -> (String, usize) {
    let prefix = if builder == "podman" {
        "localhost/"
    } else {
        ""
    };
    let script = format!(
        "images={} builder={builder} image={image} prefix={prefix}\n{SCRIPT}",
        images().display(),
    );
    try_rows(environment, more, builder, &script, rows)
}

fn try_all(runs: &[(Environment, String, &str, &str, &[&str])]) -> String {
    let (mut told, mut wrong) = (String::new(), 0);
    for (environment, more, builder, image, rows) in runs {
        let (lines, missed) = build(environment, more, builder, image, rows);
        told += &lines;
        wrong += missed;
    }
    assert_eq!(wrong, 0, "instructions that came out otherwise:\n{told}");
    told
}

#[test]
fn lint_says_what_builders_do() {
    if !real("lint_says_what_builders_do") {
        return;
    }
    let healthy = ENVIRONMENTS[0];
    let root = Environment {
        user: "root",
        ..healthy
    };
    let one = format!("{RUNC}\n{NO_IDS}");
    let told = try_all(&[
        (healthy, one.clone(), "podman", "small", SMALL),
        (healthy, RUNC.into(), "podman", "small", SMALL),
        (root, ROOT.into(), "podman", "small", SMALL),
        (healthy, CACHELESS.into(), "ch-image", "small", SMALL),
        (root, CACHELESS.into(), "ch-image", "small", SMALL),
        (healthy, one, "podman", "debian", DEBIAN),
        (healthy, RUNC.into(), "podman", "debian", DEBIAN),
        (healthy, CACHELESS.into(), "ch-image", "debian", DEBIAN),
    ]);
    println!("{told}");
}

#[test]
fn lint_says_what_newer_builders_do() {
    if !real("lint_says_what_newer_builders_do") {
        return;
    }
    let healthy = ENVIRONMENTS[0].newer();
    let one = format!("{RUNC}\n{NO_IDS}");
    let told = try_all(&[
        (healthy, one, "podman", "small", SMALL),
        (healthy, RUNC.into(), "podman", "small", SMALL),
        (healthy, CACHELESS.into(), "ch-image", "small", SMALL),
        (healthy, CACHELESS.into(), "ch-image", "debian", DEBIAN),
    ]);
    println!("{told}");
}

#[test]
fn lint_says_what_commands_of_scripts_do() {
    if !real("lint_says_what_commands_of_scripts_do") {
        return;
    }
    let healthy = ENVIRONMENTS[0];
    let devices = "chmod 0600 /dev/fuse /dev/net/tun";
    let script = format!("image={}\n{RUN}", image());
    let (mut told, mut wrong) = (String::new(), 0);
    for (environment, more) in [
        (healthy, String::new()),
        (healthy, devices.into()),
        (healthy, format!("{devices}\n{NO_IDS}")),
        (healthy, RUNC.into()),
        (healthy.newer(), RUNC.into()),
    ] {
        let (lines, missed) = try_rows(&environment, &more, "command", &script, COMMANDS);
        told += &lines;
        wrong += missed;
    }
    println!("{told}");
    assert_eq!(wrong, 0, "commands that came out otherwise:\n{told}");
}
