//! Verdicts on operations, each tried for real in every environment: with the runtimes of the
//! machine's distribution, and with those of a newer one.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::environments::{Distribution, ENVIRONMENTS, Environment, RUNC, has_apptainer};
use crate::real::real;
use crate::reality::{agree, doctor, image, operation};
use crate::repairs::Attempt;

use Distribution::{Machine, Newer};

/// An operation, as a user would carry it out.
struct Operation {
    on: &'static [Distribution],
    runtime: &'static str,
    op: &'static str,
    /// More shell text for the environment, which doctor sees, too.
    more: &'static str,
    /// `$0` is the image, a directory with .tar and .sqfs beside it.
    script: &'static str,
}

/// Shorthand for a row.
const fn row(
    on: &'static [Distribution],
    runtime: &'static str,
    op: &'static str,
    more: &'static str,
    script: &'static str,
) -> Operation {
    Operation {
        on,
        runtime,
        op,
        more,
        script,
    }
}

const BOTH: &[Distribution] = &[Machine, Newer];

const OPERATIONS: &[Operation] = &[
    row(&[Newer], "builtin", "run", "", "unshare --user --map-root-user --mount --pid --ipc --uts --fork --mount-proc true"),
    row(BOTH, "builtin", "overlay", "", "unshare --user --map-root-user --mount --pid --ipc --uts --fork --mount-proc sh -euc '
        mount -t tmpfs tmpfs /mnt && cd /mnt && mkdir l u w m && touch l/a
        mount -t overlay overlay -o lowerdir=l,upperdir=u,workdir=w,userxattr m && rm m/a && touch m/b'"),
    row(BOTH, "builtin", "mount-fuse", "", "unshare --user --map-root-user --mount --pid --ipc --uts --fork --mount-proc sh -euc 'squashfuse $0.sqfs /mnt && test -e /mnt/bin/true' $0"),
    row(&[Newer], "podman", "run", "", PODMAN_RUN),
    row(&[Newer], "podman", "run", RUNC, PODMAN_RUN),
    row(BOTH, "podman", "build", RUNC, "podman import -q $0.tar bb >/dev/null && mkdir $HOME/c && printf 'FROM localhost/bb\\nRUN true\\n' >$HOME/c/Containerfile && podman build -q $HOME/c"),
    row(BOTH, "podman", "build-multiuid", RUNC, "podman import -q $0.tar bb >/dev/null && mkdir $HOME/c && printf 'FROM localhost/bb\\nRUN busybox touch /x && busybox chown 12:34 /x\\n' >$HOME/c/Containerfile && podman build -q $HOME/c"),
    row(BOTH, "podman", "overlay", RUNC, "podman import -q $0.tar bb >/dev/null && mkdir $HOME/v && podman run --rm -v $HOME/v:/mnt:O localhost/bb busybox touch /mnt/x && ! test -e $HOME/v/x"),
    row(BOTH, "podman", "mount-fuse", RUNC, "p='podman --storage-driver overlay --storage-opt overlay.mount_program=/usr/bin/fuse-overlayfs'; $p import -q $0.tar bb >/dev/null && $p run --rm localhost/bb true"),
    row(&[Newer], "charliecloud", "run", "", "ch-run $0 -- /bin/true"),
    row(BOTH, "charliecloud", "build", "", CH_IMAGE),
    row(BOTH, "charliecloud", "build", CACHELESS, CH_IMAGE),
    row(BOTH, "charliecloud", "build-multiuid", CACHELESS, CH_CHOWN),
    row(BOTH, "charliecloud", "mount-fuse", "", "ch-run $0.sqfs -- /bin/true"),
    row(&[Newer], "charliecloud", "overlay", "", "ch-run -W $0 -- /bin/busybox touch /x"),
    row(&[Newer], "apptainer", "run", "", "apptainer exec $0 /bin/true"),
    row(&[Newer], "apptainer", "build", "", "cd $HOME && printf 'Bootstrap: localimage\\nFrom: %s\\n%%post\\n/bin/true\\n' $0.sif >d && apptainer build x.sif d"),
    row(&[Newer], "apptainer", "build-multiuid", "", "cd $HOME && printf 'Bootstrap: localimage\\nFrom: %s\\n%%post\\nbusybox touch /x && busybox chown 12:34 /x\\n' $0.sif >d && apptainer build x.sif d"),
    row(&[Newer], "apptainer", "mount-fuse", "", SIF),
    row(&[Newer], "apptainer", "overlay", "", "mkdir $HOME/o && apptainer exec --overlay $HOME/o $0 busybox touch /x && test -e $HOME/o/upper/x"),
    row(&[Newer], "docker-rootless", "run", "", DOCKER_RUN),
    row(&[Newer], "docker-rootless", "build", "", DOCKER_BUILD),
];

const PODMAN_RUN: &str =
    "podman import -q $0.tar bb >/dev/null && podman run --rm localhost/bb true";

/// Made elsewhere, so that only running is tried.
const SIF: &str = "apptainer exec $0.sif /bin/true";

const CACHELESS: &str = "variables+=(CH_IMAGE_CACHE=disabled)";

/// Python and git of the distribution come first: ch-image wants their modules and versions.
const CH_IMAGE: &str = "export PATH=/usr/bin:/bin:$PATH CH_IMAGE_STORAGE=$HOME/ch; ch-image import $0.tar bb && mkdir $HOME/c && printf 'FROM bb\\nRUN true\\n' >$HOME/c/Dockerfile && ch-image build -t x $HOME/c";

const CH_CHOWN: &str = "export PATH=/usr/bin:/bin:$PATH CH_IMAGE_STORAGE=$HOME/ch; ch-image import $0.tar bb && mkdir $HOME/c && printf 'FROM bb\\nRUN busybox touch /x && busybox chown 12:34 /x\\n' >$HOME/c/Dockerfile && ch-image build -t x $HOME/c";

/// Starts the daemon of rootless Docker, which ends with the environment.
macro_rules! daemon {
    () => {
        "PATH=$PATH:/usr/share/docker.io/contrib; export DOCKER_HOST=unix://$XDG_RUNTIME_DIR/docker.sock
        dockerd-rootless.sh >$HOME/log 2>&1 & daemon=$!
        for try in $(seq 200); do
            docker version >/dev/null 2>&1 && break
            kill -0 $daemon 2>/dev/null || break
            sleep 0.1
        done
        "
    };
}

/// The same, for others.
pub const DOCKER_DAEMON: &str = daemon!();

/// Has it running, with the image.
macro_rules! docker {
    ($command:literal) => {
        concat!(
            daemon!(),
            "docker import $0.tar bb >/dev/null && ",
            $command,
            " || { tail -1 $HOME/log >&2; false; }"
        )
    };
}

const DOCKER_RUN: &str = docker!("docker run --rm bb true");
const DOCKER_BUILD: &str = docker!(
    "mkdir $HOME/c && printf 'FROM bb\\nRUN true\\n' >$HOME/c/Dockerfile && DOCKER_BUILDKIT=0 docker build -q $HOME/c"
);

/// Packs the image, in the newer distribution, which has the program for it.
fn make_sif(image: &str) {
    let healthy = ENVIRONMENTS[0].newer();
    let root = Environment {
        user: "root",
        ..healthy
    };
    let pack = "apptainer build $0.sif $0 && chmod a+rx $0.sif";
    let made = root.run("", &["sh", "-c", pack, image]);
    assert_eq!(made.code, 0, "{}", made.stderr);
}

/// What became of the repairs.
#[derive(Default)]
struct Repairs {
    lines: String,
    tried: usize,
    worked: usize,
    left: usize,
}

impl Repairs {
    /// Applies the cheapest way out, and tries the operation again.
    fn add(&mut self, row: &str, mut attempt: Attempt, fix: &Value, image: &str) {
        let cheapest = &fix[0];
        let applied = match cheapest.is_array() {
            true => attempt.apply(cheapest),
            false => Err("no way out is known".into()),
        };
        let (word, why) = match applied {
            Err(why) => {
                self.left += 1;
                ("not tried", why)
            }
            Ok(()) => {
                let (works, last) = attempt.succeeds(image);
                self.tried += 1;
                self.worked += usize::from(works);
                (if works { "repaired" } else { "NOT REPAIRED" }, last)
            }
        };
        writeln!(self.lines, "{word:9} {row} {cheapest} {why}").unwrap();
    }
}

/// Tries each operation in each environment of a distribution, and what is refused again with
/// the cheapest repair: the matrix, and how many verdicts and repairs did not come true.
fn try_all(distribution: Distribution) -> (String, usize) {
    let image = image();
    if distribution == Newer && has_apptainer() {
        make_sif(&image);
    }
    let (mut matrix, mut tried, mut disagreed) = (String::new(), 0, 0);
    let mut repairs = Repairs::default();
    for environment in ENVIRONMENTS {
        let environment = match distribution {
            Machine => *environment,
            Newer => environment.newer(),
        };
        let mut reports: HashMap<&str, Value> = HashMap::new();
        for Operation {
            runtime,
            op,
            more,
            script,
            ..
        } in OPERATIONS
            .iter()
            .filter(|row| row.on.contains(&distribution))
        {
            let report = reports
                .entry(more)
                .or_insert_with(|| doctor(&environment, more));
            let verdict = operation(report, runtime, op);
            let run = environment.run(more, &["sh", "-c", script, &image]);
            let agrees = agree(&verdict["verdict"], &run);
            (tried, disagreed) = (tried + 1, disagreed + usize::from(!agrees));
            let last = run.stderr.lines().last().unwrap_or("");
            let word = if agrees { "agree   " } else { "DISAGREE" };
            let row = format!("{:32} {runtime:15} {op:15}", environment.name);
            writeln!(
                matrix,
                "{word} {row} verdict {:10} exit {:3} {} {last}",
                verdict["verdict"], run.code, verdict["because"],
            )
            .unwrap();
            if verdict["verdict"] == "no" {
                let attempt = Attempt::new(&environment, more, script);
                repairs.add(&row, attempt, &verdict["fix"], &image);
            }
        }
    }
    let agreed = tried - disagreed;
    writeln!(
        matrix,
        "{}operations tried {tried}, agreed {agreed}, disagreed {disagreed}; repairs tried {}, worked {}, not tried {}",
        repairs.lines, repairs.tried, repairs.worked, repairs.left,
    )
    .unwrap();
    (matrix, disagreed + repairs.tried - repairs.worked)
}

#[test]
fn verdicts_on_operations_come_true() {
    if real("verdicts_on_operations_come_true") {
        let (matrix, disagreed) = try_all(Machine);
        println!("{matrix}");
        assert_eq!(
            disagreed, 0,
            "verdicts or repairs that did not come true:\n{matrix}"
        );
    }
}

#[test]
fn verdicts_on_newer_runtimes_come_true() {
    if real("verdicts_on_newer_runtimes_come_true") {
        let (matrix, disagreed) = try_all(Newer);
        println!("{matrix}");
        assert_eq!(
            disagreed, 0,
            "verdicts or repairs that did not come true:\n{matrix}"
        );
    }
}

/// Rules that other tests try, as verdicts_on_run_come_true does.
const ELSEWHERE: &[(&str, &str)] = &[
    ("builtin", "run"),
    ("podman", "run"),
    ("charliecloud", "run"),
    ("slurm-container", "run"),
];

#[test]
fn a_rule_says_that_it_was_tried_where_it_is() {
    let report = crate::cli::hpcctl(&["doctor", "--fast", "-o", "json"]).json();
    for runtime in report["result"]["runtimes"].as_array().unwrap() {
        for rule in runtime["operations"].as_array().unwrap() {
            let (name, op) = (rule_word(&runtime["runtime"]), rule_word(&rule["op"]));
            let here = OPERATIONS
                .iter()
                .any(|row| (row.runtime, row.op) == (name, op));
            let tried = here || ELSEWHERE.contains(&(name, op));
            assert_eq!(rule["tried"], tried, "{name} {op}");
        }
    }
}

fn rule_word(value: &Value) -> &str {
    value.as_str().unwrap()
}
