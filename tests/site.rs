//! The files for sites under reports/site: each is run, or read by what reads it.

mod health;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::{Run, hpcctl, script};
use crate::environments::{ENVIRONMENTS, shared};
use crate::fleet::sealed;
use crate::fleet::slurm::eight;
use crate::real::real;

/// A file for sites.
fn site(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/site");
    folder.join(name)
}

/// The night of this machine alone.
fn night(dir: &Path) -> Command {
    let mut night = Command::new(site("nightly"));
    night.env("HPCCTL", env!("CARGO_BIN_EXE_hpcctl"));
    night.env("HPCCTL_STATE", dir.join("state"));
    night
}

#[test]
fn the_night_of_a_site_runs() {
    let dir = tempfile::tempdir().unwrap();
    let metrics = dir.path().join("hpcctl.prom");
    for time in ["first", "second"] {
        let run = Run::of(night(dir.path()).env("TEXTFILE", &metrics));
        let text = run.stdout;
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(text.contains("1 added\n"), "{text}");
        assert!(text.contains("\nnot checked: "), "{time}: {text}");
        // What nobody is mailed has no header of a mail.
        assert!(!text.contains("Subject: "), "{time}: {text}");
    }
    let metrics = fs::read_to_string(metrics).unwrap();
    assert!(metrics.contains("hpcctl_report_nodes{state=\"reported\"} 1\n"));
}

#[test]
fn the_night_is_mailed() {
    let dir = tempfile::tempdir().unwrap();
    let mail = dir.path().join("mail");
    script(
        &dir.path().join("sendmail"),
        &format!("#!/bin/sh\n(echo \"to $1\"; cat) >>{}\n", mail.display()),
    );
    let path = format!("{}:/usr/bin:/bin", dir.path().display());
    let mailed = |nodes: &str| {
        let mut night = night(dir.path());
        night.env("PATH", &path).env("MAIL_TO", "ops@example.org");
        let run = Run::of(night.env("NODES", nodes));
        assert!(!run.stdout.contains("Subject: "), "{}", run.stdout);
        let text = fs::read_to_string(&mail).unwrap();
        fs::remove_file(&mail).unwrap();
        assert!(text.starts_with("to ops@example.org\n"), "{text}");
        text
    };
    assert!(mailed("").contains("\nSubject: hpcctl: "));
    assert!(mailed("n[1-3").contains("\nSubject: hpcctl: the night failed\n\n"));
}

#[test]
fn a_night_that_fails_is_told_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::of(night(dir.path()).env("NODES", "n[1-3"));
    let text = run.stdout;
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(text.starts_with("hpcctl: the night failed\n\n"), "{text}");
    assert!(text.contains("n[1-3"), "{text}");
    assert!(!text.contains("fleet.json: No such file"), "{text}");
}

#[test]
fn metrics_that_cannot_be_written_cost_no_report() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::of(night(dir.path()).env("TEXTFILE", dir.path().join("none/x.prom")));
    assert_eq!(run.code, 5, "{}", run.stderr);
    let (report, failed) = run.stdout.split_once("hpcctl: the night failed\n").unwrap();
    assert!(report.contains("\nnot checked: "), "{report}");
    assert!(failed.contains("none/x.prom"), "{failed}");
}

/// What cron(8) of Debian gives its commands, and a program where sites put theirs.
#[test]
fn cron_finds_the_program() {
    if !real("cron_finds_the_program") {
        return;
    }
    let copy = shared().join("nightly");
    fs::copy(site("nightly"), &copy).unwrap();
    let installed = "mount -t tmpfs tmpfs /usr/local/bin && cp $program /usr/local/bin/hpcctl
        chmod 0755 /usr/local/bin /usr/local/bin/hpcctl";
    let argv = "env -i PATH=/usr/bin:/bin SHELL=/bin/sh HOME=/opt/home LOGNAME=alice HPCCTL_STATE=/opt/home/s";
    let argv: Vec<&str> = argv.split(' ').chain(copy.to_str()).collect();
    let run = ENVIRONMENTS[0].run(installed, &argv);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("\nnot checked: "), "{}", run.stdout);
}

#[test]
fn the_timer_and_the_cron_line_call_it() {
    let call = "/usr/libexec/hpcctl/nightly";
    // No other names are taken by cron(8), "the /etc/cron.d directory".
    let name = "hpcctl-nightly-cron";
    let word = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    assert!(name.chars().all(word));
    let cron = fs::read_to_string(site(name)).unwrap();
    let line = cron.lines().find(|line| !line.starts_with('#')).unwrap();
    let fields: Vec<&str> = line.split(' ').collect();
    assert_eq!(fields, ["0", "2", "*", "*", "*", "root", call]);
    let service = fs::read_to_string(site("hpcctl-nightly.service")).unwrap();
    assert!(service.contains(&format!("ExecStart={call}\n")));
    let dir = tempfile::tempdir().unwrap();
    let here = service.replace(call, site("nightly").to_str().unwrap());
    let here = here.replace("man:hpcctl-report-nightly(1)", "https://example.org");
    let unit = dir.path().join("hpcctl-nightly.service");
    fs::write(&unit, here).unwrap();
    let timer = dir.path().join("hpcctl-nightly.timer");
    let text = fs::read_to_string(site("hpcctl-nightly.timer")).unwrap();
    let text = text.replace("man:hpcctl-report-nightly(1)", "https://example.org");
    fs::write(&timer, text).unwrap();
    let verify = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args([&unit, &timer])
        .output();
    match verify {
        Err(error) => eprintln!("skipped: systemd-analyze: {error}"),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}");
            assert!(!said.contains("hpcctl-nightly"), "{said}");
        }
    }
}

/// A PBS of two nodes by recordings of a real one, OpenPBS 23.06.06: `pbsnodes`, the file of the nodes of a job, and a
/// pbsdsh that runs what it is given once a line of that file.
fn pbs(dir: &Path) -> String {
    let recorded = include_str!("fleet/pbsnodes.txt");
    script(
        &dir.join("pbsnodes"),
        &format!("#!/bin/sh\ncat <<'END'\n{recorded}END\n"),
    );
    fs::write(dir.join("nodefile"), "pbsa\npbsb\n").unwrap();
    script(
        &dir.join("pbsdsh"),
        "#!/bin/sh\n[ \"$1\" = -- ] && shift\n\
         while read -r node; do HPCCTL_NODE=$node \"$@\" </dev/null & done <\"$PBS_NODEFILE\"\nwait\n",
    );
    format!("{}:{}", dir.display(), std::env::var("PATH").unwrap())
}

#[test]
fn a_job_of_pbs_examines_its_nodes() {
    let dir = tempfile::tempdir().unwrap();
    let path = pbs(dir.path());
    let mut job = Command::new(site("fleet.pbs"));
    job.env("PATH", &path)
        .env("HPCCTL", env!("CARGO_BIN_EXE_hpcctl"))
        .env("HPCCTL_STATE", dir.path().join("state"))
        .env("PBS_O_WORKDIR", dir.path())
        .env("PBS_JOBID", "3.pbsa")
        .env("PBS_NODEFILE", dir.path().join("nodefile"));
    let run = Run::of(&mut job);
    assert!([0, 1, 3].contains(&run.code), "{}", run.stderr);
    assert!(
        run.stdout
            .starts_with("nodes      2 of 2 expected reported"),
        "{}",
        run.stdout
    );
    let json = fs::read_to_string(dir.path().join("hpcctl-fleet.3.pbsa.json")).unwrap();
    assert!(
        json.contains("pbs[a-b]") || json.contains("pbsa,pbsb"),
        "{json}"
    );
    let text = fs::read_to_string(site("fleet.pbs")).unwrap();
    let directives = text.lines().filter(|line| line.starts_with("#PBS "));
    let directives: Vec<&str> = directives.collect();
    assert_eq!(
        directives,
        [
            "#PBS -N hpcctl-fleet",
            "#PBS -l walltime=00:15:00",
            "#PBS -j oe"
        ]
    );
}

/// What `fleet merge --help` says of PBS: the nodes that are to report, by pbsnodes(8B).
#[test]
fn the_nodes_of_pbs_are_those_that_are_expected() {
    let dir = tempfile::tempdir().unwrap();
    let path = pbs(dir.path());
    let body = serde_json::json!({"k": "doctor", "v": "0", "h": [], "f": [], "w": [], "u": [],
        "b": {}, "r": {"podman": {"run": "yes"}}, "i": {}, "cut": false,
        "t": "2026-11-23T22:36:50Z", "x": {}});
    let lines = dir.path().join("lines");
    fs::write(&lines, sealed("pbsa", &body)).unwrap();
    let help = hpcctl(&["fleet", "merge", "--help"]).stdout;
    let expected = r#"--expected "$(pbsnodes -a | grep '^[^ ]')""#;
    assert!(help.contains(expected), "{help}");
    let line = format!("\"$HPCCTL\" fleet merge {expected} -o json \"$0\"");
    let mut sh = Command::new("sh");
    sh.args(["-c", &line]).arg(&lines).env("PATH", path);
    sh.env("HPCCTL", env!("CARGO_BIN_EXE_hpcctl"));
    sh.env("HPCCTL_STATE", dir.path().join("state"));
    let run = Run::of(&mut sh);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_eq!(run.json()["result"]["missing"]["set"], "pbsb");
    assert_eq!(run.json()["result"]["expected"], 2);
}

#[test]
fn a_job_of_a_real_slurm_examines_its_nodes() {
    if !real("a_job_of_a_real_slurm_examines_its_nodes") {
        return;
    }
    let program = ENVIRONMENTS[0].hpcctl("", &["--version"]);
    assert_eq!(program.code, 0, "{}", program.stderr);
    let path = shared().join("hpcctl").display().to_string();
    let script = "cd $HOME && export HPCCTL=$1 HPCCTL_STATE=$HOME/state
        sbatch --wait --nodes=8 --output=out $0 --runtime builtin >/dev/null
        status=$?; cat out; test -s hpcctl-fleet.*.json || exit 99; exit $status";
    let copy = shared().join("fleet.slurm");
    fs::copy(site("fleet.slurm"), &copy).unwrap();
    let argv = ["sh", "-c", script, copy.to_str().unwrap(), &path];
    let run = ENVIRONMENTS[0].run(&eight(""), &argv);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout
            .starts_with("nodes      8 of 8 expected reported, in 3 groups"),
        "{}",
        run.stdout
    );
}

/// The keys and values of a file of YAML that has nothing but maps, lists and plain or quoted words.
fn yaml(text: &str) -> Vec<(usize, String, String)> {
    let mut all = Vec::new();
    for line in text.lines() {
        let bare = line.trim_start();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        let indent = line.len() - bare.len();
        assert!(indent % 2 == 0 && !line.contains('\t'), "{line}");
        let (indent, bare) = match bare.strip_prefix("- ") {
            Some(item) => (indent + 2, item),
            None => (indent, bare),
        };
        let (key, value) = bare.split_once(':').unwrap_or((bare, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        let quoted = value.starts_with(['"', '[']);
        assert!(quoted || !value.contains(": "), "{line}");
        let word = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        assert!(key.chars().all(word), "{line}");
        all.push((indent, key.to_owned(), value.to_owned()));
    }
    all
}

/// What the rules pick out of a family.
const LABELS: [&str; 4] = [
    "state=\"reported\"",
    "verdict=\"worse\"",
    "run=\"no\"",
    "run=\"partly\"",
];

#[test]
fn prometheus_asks_for_what_is_written() {
    let known: BTreeSet<&str> = [
        "scrape_configs",
        "job_name",
        "scrape_interval",
        "static_configs",
        "targets",
        "metric_relabel_configs",
        "source_labels",
        "regex",
        "action",
        "rule_files",
        "hpcctl-rules.yml",
        "groups",
        "name",
        "rules",
        "alert",
        "expr",
        "labels",
        "severity",
        "annotations",
        "summary",
    ]
    .into();
    let dir = tempfile::tempdir().unwrap();
    let written = hpcctl(&[
        "report",
        "nightly",
        "--state",
        dir.path().to_str().unwrap(),
        "-o",
        "openmetrics",
    ]);
    let written = written.stdout;
    for file in ["prometheus.yml", "hpcctl-rules.yml"] {
        let rows = yaml(&fs::read_to_string(site(file)).unwrap());
        for (_, key, _) in &rows {
            assert!(known.contains(key.as_str()), "{file}: {key}");
        }
        for (_, _, value) in rows.iter().filter(|(_, key, _)| key == "expr") {
            assert_eq!(
                value.matches('(').count(),
                value.matches(')').count(),
                "{value}"
            );
            let words = value.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            for name in words.filter(|word| word.starts_with("hpcctl_")) {
                assert!(
                    written.contains(&format!("# TYPE {name} gauge\n")),
                    "{name}: {written}"
                );
            }
        }
    }
    for label in LABELS {
        assert!(written.contains(label), "{label}: {written}");
    }
}

/// The commands of modulefile(4) that ours uses, for Tcl alone; an unknown one is an error.
const MODULES: &str = r#"
proc module-whatis {text} { puts "whatis $text" }
proc conflict {name} { puts "conflict $name" }
proc prepend-path {name path} { puts "$name=$path" }
proc append-path {name path} { puts "$name+=$path" }
source [lindex $argv 0]
"#;

#[test]
fn the_module_file_sets_the_paths() {
    let file = site("modulefile");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("#%Module1.0\n"), "{text}");
    if !real("the_module_file_sets_the_paths") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let commands = dir.path().join("modules.tcl");
    fs::write(&commands, MODULES).unwrap();
    let run = Run::of(Command::new("tclsh").arg(commands).arg(file));
    assert_eq!(run.code, 0, "{}", run.stderr);
    // Without the empty place at the end the pages of the system would be hidden.
    let last =
        "conflict hpcctl\nPATH=/apps/hpcctl/bin\nMANPATH=/apps/hpcctl/share/man\nMANPATH+=\n";
    assert!(run.stdout.ends_with(last), "{}", run.stdout);
}
