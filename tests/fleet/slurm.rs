//! A real Slurm of eight nodes: those that are broken are named and drained, and none is lost.

use std::fs;
use std::path::Path;

use crate::environments::ENVIRONMENTS;
use crate::real::real;

/// A real Slurm of eight nodes, of which n3 makes no namespaces and n6 hides part of /proc.
const EIGHT: &str = r#"
nodes=8
break_n3() { {refuse} "$@"; }
break_n6() { unshare --mount sh -c 'mount --bind /dev/null /proc/interrupts && exec "$@"' sh "$@"; }
"#;

pub fn eight(more: &str) -> String {
    let refuse = crate::environments::refuse().display().to_string();
    let broken = EIGHT.replace("{refuse}", &refuse);
    format!(
        "{broken}\n{more}\n{}",
        include_str!("../environments/slurm")
    )
}

#[test]
fn two_of_eight_nodes_of_a_real_slurm_are_broken_and_named() {
    if !real("two_of_eight_nodes_of_a_real_slurm_are_broken_and_named") {
        return;
    }
    let args = [
        "fleet",
        "run",
        "--engine",
        "srun",
        "--nodes",
        "n[1-8]",
        "--expected",
        "n[1-9]",
        "--deadline",
        "90",
        "-o",
        "json",
        "--",
        "doctor",
        "--fast",
        "--runtime",
        "builtin",
    ];
    let run = ENVIRONMENTS[0].hpcctl(&eight(""), &args);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let report = run.json();
    let found = &report["result"];
    assert_eq!(found["reported"], 8, "{report}");
    assert_eq!(found["missing"]["set"], "n9");
    let group = |nodes: &str| {
        let groups = found["groups"].as_array().unwrap();
        let group = groups.iter().find(|group| group["nodes"]["set"] == nodes);
        group.unwrap_or_else(|| panic!("no group of {nodes}: {report}"))
    };
    assert_eq!(group("n[1-2,4-5,7-8]")["run"], "yes");
    for (node, cause) in [("n3", "ns."), ("n6", "run.builtin")] {
        let group = group(node);
        assert_eq!(group["run"], "no", "{group}");
        let because = group["because"]["builtin"][0].as_str().unwrap();
        assert!(because.starts_with(cause), "{group}");
    }
}

/// Asks the nodes thirty times: by fleet run, ten times with what srun passes on cut wherever it
/// pleases, and by srun alone.
const THIRTY: &str = r#"told() { grep -e '^nodes' -e '^lines'; }
for try in $(seq 10); do
    $0 fleet run --engine srun --nodes n[1-8] -- doctor --fast | told
    SLURM_UNBUFFEREDIO=1 $0 fleet run --engine srun --nodes n[1-8] -- doctor --fast | told
    srun --nodes=8 $0 doctor --fast -o line | $0 fleet merge --expected n[1-8] | told
done"#;

#[test]
fn no_node_of_a_real_slurm_is_lost() {
    if !real("no_node_of_a_real_slurm_is_lost") {
        return;
    }
    let program = crate::environments::program().to_str().unwrap();
    let run = ENVIRONMENTS[0].run(&eight(""), &["bash", "-c", THIRTY, program]);
    assert_eq!(
        run.stdout.lines().count(),
        30,
        "{}{}",
        run.stdout,
        run.stderr
    );
    for line in run.stdout.lines() {
        let all = "nodes      8 of 8 expected reported, ";
        assert!(line.starts_with(all), "{}", run.stdout);
    }
}

/// Waits until the nodes are as they should be, and prints them once each was looked at again.
const HEALTH: &str = r#"
export SLURM_CONF=/opt/slurm/site.conf
for try in $(seq 60); do
    state=$(sinfo -h -N -o '%N %T %E' | sort)
    if [ "$(echo "$state" | grep -c 'drain.* hpcctl: ')" = 2 ]; then break; fi
    sleep 0.5
done
sleep 5
sinfo -h -N -o '%N %T %E' | sort
"#;

/// The settings of a health check, in the only place where it is told of any: slurmd hands on none of
/// its environment. On n4 nobody can ask, on n5 there is no program.
const SETTINGS: &str = r#"mkdir -p /etc/hpcctl
cat >/etc/hpcctl/health-check <<END
HPCCTL=$program
HPCCTL_AS=alice
HPCCTL_HEALTH='--runtime builtin --op run'
SLURM_CONF=/opt/slurm/site.conf
case \$SLURMD_NODENAME in
n4) HPCCTL_AS=nosuch ;;
n5) HPCCTL=/nonexistent/hpcctl ;;
esac
END
"#;

#[test]
fn a_health_check_drains_those_that_are_broken_and_no_other() {
    if !real("a_health_check_drains_those_that_are_broken_and_no_other") {
        return;
    }
    let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/site/slurm-health-check");
    let check = crate::environments::shared().join("health-check");
    fs::copy(site, &check).unwrap();
    let more = format!(
        "more='HealthCheckProgram={}\nHealthCheckInterval=2\nHealthCheckNodeState=ANY'",
        check.display()
    );
    let more = format!("break_n7() {{ break_n3 \"$@\"; }}\n{SETTINGS}\n{more}");
    // A node that the admin drained, and one that is broken, too; and no configuration where Slurm looks
    // for it.
    let then = "scontrol update nodename=n7,n8 state=drain reason='disk'
        mv /etc/slurm/slurm.conf $room/slurm/site.conf";
    let run = ENVIRONMENTS[0].run(&(eight(&more) + "\n" + then), &["bash", "-c", HEALTH]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let of = |node: &str| {
        let line = run.stdout.lines().find(|line| line.starts_with(node));
        line.unwrap_or_else(|| panic!("{node}: {}{}", run.stdout, run.stderr))
    };
    assert!(of("n3 ").contains("hpcctl: ns."), "{}", run.stdout);
    assert!(
        of("n6 ").contains("hpcctl: run.builtin: "),
        "{}",
        run.stdout
    );
    for node in ["n7 ", "n8 "] {
        assert!(of(node).ends_with(" disk"), "{}", run.stdout);
    }
    for node in ["n1 ", "n2 ", "n4 ", "n5 "] {
        assert!(of(node).contains(" idle"), "{}", run.stdout);
    }
}
