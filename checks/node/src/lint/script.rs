//! Container commands in a script: each is read with its options, and judged by the rule of
//! what it does.

use hpcctl_model::doctor::Verdict;
use hpcctl_model::lint::{LintFinding, Outcome};

use super::invoked::container_commands;
use super::refused::refused;
use super::untried::untried;
use super::{Node, because, finding, in_words, instead};
use crate::container_command::{self, ContainerCommand};
use crate::solver::{self, Answer, Facts};
use crate::{RUNTIMES, Runtime};

/// Judges each container command.
pub(super) fn lint(text: &str, node: &Node<'_>) -> Vec<LintFinding> {
    let mut found = Vec::new();
    for (line, words) in container_commands(text) {
        let Some(command) = container_command::find(&words, &node.helps) else {
            continue;
        };
        if command.op.is_some() {
            found.push(judge(line, &words.join(" "), &command, node));
        }
    }
    found
}

/// What an operation is called.
fn does(op: &str) -> &'static str {
    match op {
        "build" => "build images",
        "pull" => "pull images",
        "mount-fuse" => "mount images of one file",
        "overlay" => "lay a writable overlay over an image",
        "gpu" => "use the GPU",
        _ => "run containers",
    }
}

fn judge(at: usize, line: &str, command: &ContainerCommand, node: &Node<'_>) -> LintFinding {
    let name = command.runtime;
    let runtime = RUNTIMES.iter().find(|row| row.name == name);
    let Some(runtime) = runtime.filter(|_| node.known.is_installed(name)) else {
        let why = format!("{name} is not installed on this node");
        let found = finding(at, line, Outcome::Unknown, why);
        return because(found, &format!("runtime.{name}.installed"));
    };
    if let Some((outcome, why)) = refused(command, node) {
        return finding(at, line, outcome, why);
    }
    let facts = facts(command, node);
    let mut answers: Vec<(&'static str, Answer)> = operations(command)
        .into_iter()
        .filter_map(|op| Some((op, answer(runtime, op, command, &facts, node)?)))
        .collect();
    // What fails first matters, then what is not known.
    answers.sort_by_key(|(_, answer)| match answer.verdict {
        Verdict::No => 0,
        Verdict::Unknown => 1,
        Verdict::Degraded | Verdict::Yes => 2,
    });
    let Some((op, answer)) = answers.into_iter().next() else {
        let why = format!("what {name} does then is not judged");
        return finding(at, line, Outcome::Unknown, why);
    };
    if matches!(answer.verdict, Verdict::Degraded | Verdict::Yes)
        && let Some(why) = untried(command)
    {
        return finding(at, line, Outcome::Unknown, why);
    }
    of_answer(at, line, command, op, &answer, node)
}

fn of_answer(
    at: usize,
    line: &str,
    command: &ContainerCommand,
    op: &str,
    answer: &Answer,
    node: &Node<'_>,
) -> LintFinding {
    let (name, does) = (command.runtime, does(op));
    let first = answer.because.first().copied().unwrap_or_default();
    let mut found = match answer.verdict {
        Verdict::Yes | Verdict::Degraded => match absent_image(command, node) {
            Some(image) => {
                let why = format!("{image} is not on this node");
                finding(at, line, Outcome::Unknown, why)
            }
            None => finding(at, line, Outcome::Works, format!("{name} can {does} here")),
        },
        Verdict::Unknown => {
            let why = format!(
                "whether {name} can {does} here is not known: {}",
                node.known.summary(first)
            );
            finding(at, line, Outcome::Unknown, why.trim_end_matches([':', ' ']))
        }
        Verdict::No => {
            let why = format!("{name} cannot {does} here: {}", node.known.summary(first));
            let found = finding(at, line, Outcome::Fails, why);
            match answer.fix.first() {
                Some(steps) => instead(found, &in_words(steps)),
                None => found,
            }
        }
    };
    if answer.verdict != Verdict::Yes {
        found.because = answer.because.iter().map(ToString::to_string).collect();
    }
    found
}

/// The operations of which a command is made.
fn operations(command: &ContainerCommand) -> Vec<&'static str> {
    let mut ops: Vec<&'static str> = command.op.into_iter().collect();
    if command.op != Some("run") {
        return ops;
    }
    let image = command.image().unwrap_or("");
    let file = [".sqfs", ".squashfs", ".sif", ".simg"];
    if file.iter().any(|end| image.ends_with(end)) {
        ops.push("mount-fuse");
    }
    if matches!(command.runtime, "apptainer" | "enroot") && image.contains("://") {
        ops.push("pull");
    }
    let lays = ["write-fake", "writable-tmpfs", "overlay", "W"];
    if lays.iter().any(|name| command.has(name)) {
        ops.push("overlay");
    }
    let brings = ["nv", "nvccli", "rocm", "gpus"];
    if brings.iter().any(|name| command.has(name)) || !gpus(command).is_empty() {
        ops.push("gpu");
    }
    ops
}

/// The GPUs that a command hands over one by one: by device files, or by a specification of CDI.
fn gpus(command: &ContainerCommand) -> Vec<&str> {
    const FILES: &[&str] = &["/dev/nvidia", "/dev/kfd", "/dev/dri/renderD"];
    const OPTIONS: &[&str] = &["device", "bind", "B"];
    let given = command.options.iter();
    let given = given.filter(|given| OPTIONS.contains(&given.name.as_str()));
    let values = given.filter_map(|given| given.value.as_deref());
    let values = values.flat_map(|value| value.split(','));
    let is_one = |value: &&str| {
        FILES.iter().any(|file| value.starts_with(file)) || value.contains(".com/gpu=")
    };
    values.filter(is_one).collect()
}

fn answer(
    runtime: &Runtime,
    op: &str,
    command: &ContainerCommand,
    facts: &Facts,
    node: &Node<'_>,
) -> Option<Answer> {
    let rule = runtime.rules.iter().find(|rule| rule.op == op)?;
    let taken = command.taken(&rule.needs, &node.helps);
    Some(solver::decide(
        &rule.needs,
        rule.wants,
        &facts.choosing(&taken),
    ))
}

/// What is known of the node, as far as the command does not change it.
fn facts(command: &ContainerCommand, node: &Node<'_>) -> Facts {
    let mut facts = node.facts.clone();
    let limits: Vec<&str> = command
        .options
        .iter()
        .filter(|given| given.name == "ulimit")
        .filter_map(|given| given.value.as_deref())
        .collect();
    const LIMITS: &str = "lim.conf_over_hard";
    if facts.holds(LIMITS) == Some(false) && !limits.is_empty() {
        // Limits of the host cannot exceed those of the caller; others may, or be too few.
        let holds = limits.contains(&"host").then_some(true);
        facts = facts.holding(LIMITS, holds);
    }
    let gpus = gpus(command);
    if !gpus.is_empty() && gpus.iter().all(|gpu| gpu.starts_with("/dev/")) {
        // Device files that are named need no specification.
        facts = facts.holding("gpu.cdi", Some(true));
    }
    facts
}

/// The image, where it is a path that this node does not have.
fn absent_image<'a>(command: &'a ContainerCommand, node: &Node<'_>) -> Option<&'a str> {
    let image = command.image()?;
    let is_path = matches!(command.runtime, "charliecloud" | "apptainer") && image.starts_with('/');
    let literal = !image.contains(['$', '*', '?', '`']);
    (is_path && literal && node.host.stat(image).is_err()).then_some(image)
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::Status;

    use super::*;
    use crate::advice::tests::{examined, report};
    use crate::container_command::Helps;
    use crate::container_command::tests::helps;
    use crate::lint::tests::node;
    use crate::scripted::{Scripted, stat};

    fn rows(text: &str, checks: &[(&str, Status)], known: bool) -> Vec<(usize, Outcome, String)> {
        let runtimes = [("podman", Verdict::No), ("charliecloud", Verdict::Yes)];
        let found = examined(report(checks, &runtimes));
        let host = Scripted::new().stat("/img", stat(0o755));
        let silent = |_: &[&str]| String::new();
        let helps = if known {
            Helps::new(&helps)
        } else {
            Helps::new(&silent)
        };
        let rows = lint(text, &node(&found, &host, helps));
        rows.into_iter()
            .map(|row| (row.line, row.outcome, row.instead.unwrap_or(row.why)))
            .collect()
    }

    fn outcomes(text: &str, checks: &[(&str, Status)]) -> Vec<(usize, Outcome)> {
        rows(text, checks, true)
            .into_iter()
            .map(|row| (row.0, row.1))
            .collect()
    }

    const HYBRID: &[(&str, Status)] = &[
        ("cg.crun.hybrid", Status::Fail),
        ("net.tun", Status::Fail),
        ("podman.netns", Status::Warn),
    ];

    #[test]
    fn the_options_of_a_command_count() {
        use Outcome::{Fails, Works};
        let text = "podman run x true\npodman --runtime runc run x\npodman --runtime runc run --network=host x\npodman --runtime=runc run x --network=host\n";
        assert_eq!(
            outcomes(text, HYBRID),
            [(1, Fails), (2, Fails), (3, Works), (4, Fails)]
        );
        let rows = rows(text, HYBRID, true);
        assert!(
            rows[0].2.contains("--runtime runc") && rows[0].2.contains("--network=host"),
            "{rows:?}"
        );
        assert!(
            !rows[1].2.contains("--runtime runc") && rows[1].2.contains("--network=host"),
            "{rows:?}"
        );
    }

    #[test]
    fn options_whose_fate_was_not_tried_promise_nothing() {
        let text = "podman --runtime runc run --network=host --userns=keep-id x\npodman --runtime runc run --network=host -v /a:/b x\n";
        for (_, outcome) in outcomes(text, HYBRID) {
            assert_eq!(outcome, Outcome::Unknown);
        }
    }

    #[test]
    fn isolation_by_chroot_needs_more_than_one_id() {
        let text = "podman --runtime runc build --isolation=chroot --network=host .\n";
        let one = [("uid.subid.file", Status::Fail)];
        assert_eq!(outcomes(text, &one), [(1, Outcome::Fails)]);
        let many = [
            ("uid.subid.file", Status::Pass),
            ("uid.newuidmap", Status::Pass),
        ];
        assert_ne!(outcomes(text, &many), [(1, Outcome::Fails)]);
    }

    #[test]
    fn options_that_ch_run_does_not_have_fail() {
        use Outcome::{Fails, Works};
        let text = "ch-run -w /img -- true\nch-run --write-fake /img -- true\n";
        assert_eq!(outcomes(text, &[]), [(1, Works), (2, Fails)]);
    }

    #[test]
    fn an_image_of_one_file_must_be_mounted() {
        let text = "ch-run /img -- true\nch-run /img.sqfs -- true\n";
        let checks = [("fuse.userns", Status::Fail)];
        let found = outcomes(text, &checks);
        assert_eq!(found, [(1, Outcome::Works), (2, Outcome::Fails)]);
    }

    #[test]
    fn a_gpu_is_asked_for_by_any_of_its_options() {
        let checks = [("gpu.nodes", Status::Fail), ("gpu.cdi", Status::Pass)];
        for (option, fails) in [
            ("--device /dev/kfd", true),
            ("--device=/dev/nvidia0:/dev/nvidia0:rw", true),
            ("--device nvidia.com/gpu=all", true),
            ("--device /dev/fuse", false),
            ("", false),
        ] {
            let text = format!("podman run {option} x\n");
            let row = rows(&text, &checks, false).remove(0);
            assert_eq!(row.1 == Outcome::Fails, fails, "{option}: {row:?}");
        }
        // A specification matters where it is asked for.
        let checks = [("gpu.cdi", Status::Fail)];
        for (device, fails) in [("/dev/nvidia0", false), ("nvidia.com/gpu=all", true)] {
            let text = format!("podman run --device {device} x\n");
            let row = rows(&text, &checks, false).remove(0);
            assert_eq!(row.1 == Outcome::Fails, fails, "{device}: {row:?}");
        }
    }

    #[test]
    fn an_image_that_is_not_there_is_not_known_to_work() {
        assert_eq!(
            outcomes("ch-run /none -- true\n", &[]),
            [(1, Outcome::Unknown)]
        );
    }

    #[test]
    fn what_is_not_installed_or_not_asked_is_not_known() {
        assert_eq!(
            outcomes("sarus run x\npodman images\n", &[]),
            [(1, Outcome::Unknown)]
        );
        assert_eq!(
            rows("podman run --frob x\n", &[], true)[0].1,
            Outcome::Unknown
        );
        assert_eq!(
            rows("podman run --frob x\n", &[], false)[0].1,
            Outcome::Works
        );
    }
}
