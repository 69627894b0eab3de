//! Verdicts on operations beside `run`, each tried for real in every environment.

use std::fmt::Write as _;

use crate::cli::Run;
use crate::environments::{ENVIRONMENTS, RUNC};
use crate::real::real;
use crate::reality::{agree, doctor, image, operation};

/// An operation, as a user would carry it out.
struct Operation {
    runtime: &'static str,
    op: &'static str,
    /// More shell text for the environment, which doctor sees, too.
    more: &'static str,
    /// `$0` is the image, a directory with .tar and .sqfs beside it.
    script: &'static str,
}

const OPERATIONS: &[Operation] = &[
    Operation {
        runtime: "builtin",
        op: "overlay",
        more: "",
        script: "unshare --user --map-root-user --mount --pid --ipc --uts --fork --mount-proc sh -euc '
            mount -t tmpfs tmpfs /mnt && cd /mnt && mkdir l u w m && touch l/a
            mount -t overlay overlay -o lowerdir=l,upperdir=u,workdir=w,userxattr m && rm m/a && touch m/b'",
    },
    Operation {
        runtime: "podman",
        op: "build",
        more: "",
        script: "podman import -q $0.tar bb >/dev/null && mkdir $HOME/c && printf 'FROM localhost/bb\\nRUN true\\n' >$HOME/c/Containerfile && podman build -q $HOME/c",
    },
    Operation {
        runtime: "podman",
        op: "build-multiuid",
        more: "",
        script: "podman import -q $0.tar bb >/dev/null && mkdir $HOME/c && printf 'FROM localhost/bb\\nRUN busybox touch /x && busybox chown 12:34 /x\\n' >$HOME/c/Containerfile && podman build -q $HOME/c",
    },
    Operation {
        runtime: "charliecloud",
        op: "build",
        more: "",
        script: CH_IMAGE,
    },
    Operation {
        runtime: "charliecloud",
        op: "build",
        more: "variables+=(CH_IMAGE_CACHE=disabled)",
        script: CH_IMAGE,
    },
    Operation {
        runtime: "charliecloud",
        op: "mount-fuse",
        more: "",
        script: "ch-run $0.sqfs -- /bin/true",
    },
];

/// Python and git of the distribution come first: ch-image wants their modules and versions.
const CH_IMAGE: &str = "export PATH=/usr/bin:/bin:$PATH CH_IMAGE_STORAGE=$HOME/ch; ch-image import $0.tar bb && mkdir $HOME/c && printf 'FROM bb\\nRUN true\\n' >$HOME/c/Dockerfile && ch-image build -t x $HOME/c";

#[test]
fn verdicts_on_other_operations_come_true() {
    if !real("verdicts_on_other_operations_come_true") {
        return;
    }
    let image = image();
    let squash = "test -e $0.sqfs || { mksquashfs $0 $0.sqfs -quiet -no-progress >/dev/null && chmod a+r $0.sqfs; }";
    let made = Run::of(std::process::Command::new("sh").args(["-ec", squash, &image]));
    assert_eq!(made.code, 0, "{}", made.stderr);
    let (mut matrix, mut tried, mut disagreed) = (String::new(), 0, 0);
    for environment in ENVIRONMENTS {
        for Operation {
            runtime,
            op,
            more,
            script,
        } in OPERATIONS
        {
            // With runc, so that the machine's cgroups do not decide everything.
            let more = format!("{RUNC}\n{more}");
            let report = doctor(environment, &more);
            let verdict = operation(&report, runtime, op);
            let run = environment.run(&more, &["sh", "-c", script, &image]);
            let agrees = agree(&verdict["verdict"], &run);
            (tried, disagreed) = (tried + 1, disagreed + usize::from(!agrees));
            let last = run.stderr.lines().last().unwrap_or("");
            let word = if agrees { "agree   " } else { "DISAGREE" };
            writeln!(
                matrix,
                "{word} {:32} {runtime:13} {op:15} verdict {:10} exit {:3} {} {last}",
                environment.name, verdict["verdict"], run.code, verdict["because"],
            )
            .unwrap();
        }
    }
    let agreed = tried - disagreed;
    println!("{matrix}operations tried {tried}, agreed {agreed}, disagreed {disagreed}");
    assert_eq!(disagreed, 0, "verdicts that did not come true:\n{matrix}");
}
