//! Policies: what is printed, what is checked, and who may give leave.

use std::fs;
use std::path::Path;

use hpcctl_registry::Digest;
use serde_json::Value;

use super::{Tree, outcome};
use crate::cli::{Run, hpcctl};

#[test]
fn the_policy_that_init_prints_is_valid() {
    let printed = hpcctl(&["policy", "init"]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("policy.toml");
    fs::write(&path, &printed.stdout).unwrap();
    let check = |path: &Path| hpcctl(&["policy", "check", &path.display().to_string()]);
    assert_eq!(check(&path).code, 0);
    fs::write(&path, printed.stdout.replace("version = 1", "version = 7")).unwrap();
    let run = check(&path);
    assert_eq!(run.code, 4);
    assert!(
        run.stderr.contains("this hpcctl reads version 1"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_clarification_holds_while_the_file_is_byte_equal() {
    let tree = Tree::new("CC-BY-NC-4.0");
    let text = include_str!("../../LICENSE-MIT");
    tree.write("root/usr/share/licenses/a/LICENSE", text);
    let digest = Digest::sha256(text.as_bytes());
    let policy = tree.policy(&format!(
        "[[clarify]]\npackage = \"pkg:pypi/a@*\"\nexpression = \"MIT\"\nreason = \"read\"\n\
         evidence = [{{ path = \"/usr/share/licenses/a/LICENSE\", sha256 = \"{}\" }}]\n",
        digest.hex()
    ));
    let gate = || tree.gate(&["--policy", &policy, "-o", "json"]);
    let run = gate();
    assert_eq!(
        (run.code, outcome(&run).as_str()),
        (0, "allow"),
        "{}",
        run.stdout
    );
    tree.write(
        "root/usr/share/licenses/a/LICENSE",
        &text.replace("2026", "2027").replacen('M', "N", 1),
    );
    assert_eq!(gate().code, 1);
}

#[test]
fn a_policy_is_checked_whole() {
    let tree = Tree::new("MIT");
    let check = |text: &str| {
        let policy = tree.policy(text);
        let run = hpcctl(&["policy", "check", &policy]);
        assert_eq!(run.stdout, "");
        (run.code, run.stderr.replace(&policy, "POLICY"))
    };
    let wrong = "[rules]\n\"no.rule\" = \"deny\"\n[image]\nmax-size = \"8 GB\"\n\
                 [[privileged.allow]]\npath = \"/usr/bin/su\"\nsha256 = \"zz\"\n";
    let (code, told) = check(wrong);
    assert_eq!(code, 4, "{told}");
    for place in ["POLICY:3:1: ", "POLICY:5:12: ", "POLICY:8:10: "] {
        assert!(told.contains(place), "{told}");
    }
    assert_eq!(
        told.matches('^').count(),
        "\"no.rule\"\"8 GB\"\"zz\"".len(),
        "{told}"
    );
    let useless = "[[waiver]]\nid = \"W-1\"\nrule = \"image.size\"\nowner = \"a\"\napproved-by = \"b\"\n\
                   reason = \"c\"\nfrom = \"2020-01-01\"\nexpires = \"2020-03-01\"\n";
    let (code, told) = check(useless);
    assert_eq!(code, 0, "{told}");
    assert!(
        told.starts_with("hpcctl: warning: POLICY:2:1: the waiver W-1 lapsed on 2020-03-01"),
        "{told}"
    );
    assert!(told.ends_with("hpcctl: POLICY is valid\n"), "{told}");
    assert_eq!(hpcctl(&["policy", "check", "/no/such"]).code, 4);
    assert_eq!(hpcctl(&["policy", "check"]).code, 2);
}

/// Gives the package of [`Tree`] leave in the spring of 2026.
const WAIVER: &str = "version = 1
[[waiver]]
id = \"W-1\"
rule = \"license.terms\"
scope = { package = \"pkg:pypi/a@1\" }
owner = \"a\"
approved-by = \"b\"
reason = \"c\"
from = \"2026-01-01\"
expires = \"2026-05-01\"
";

/// The program in a room of its own, where the site has the policy of this file.
fn at_site(policy: &str, args: &[&str]) -> Run {
    let script =
        "mkdir -p /etc/hpcctl && mount --bind \"$1\" /etc/hpcctl || exit 99; shift; exec \"$@\"";
    let mut command = std::process::Command::new("unshare");
    command.args(["-m", "sh", "-c", script, "sh"]);
    command.arg(Path::new(policy).parent().unwrap());
    Run::of(command.arg(env!("CARGO_BIN_EXE_hpcctl")).args(args))
}

/// SARIF of a refusal, of one that a waiver lifts, and of an image that was not read whole.
pub fn logs() -> [Value; 3] {
    let tree = Tree::new("CC-BY-NC-4.0");
    let refused = tree.gate(&["-o", "sarif"]);
    let etc = tree.write("etc/policy.toml", WAIVER);
    let root = format!("dir:{}", tree.path("root").display());
    let at = ["--now", "2026-02-01T00:00:00Z", "-o", "sarif"];
    let waived = at_site(&etc, &[&["gate", &root], &at[..]].concat());
    tree.write("root/var/lib/dpkg/status", "Package\0: broken");
    let incomplete = tree.gate(&["-o", "sarif"]);
    [refused, waived, incomplete].map(|run| run.json())
}

#[test]
fn a_site_s_policy_may_give_leave_and_a_project_s_not() {
    if !crate::real::real("a_site_s_policy_may_give_leave_and_a_project_s_not") {
        return;
    }
    let tree = Tree::new("CC-BY-NC-4.0");
    let site = tree.write("policy.toml", WAIVER);
    let project = tree.write(
        "project.toml",
        "version = 1\n[rules]\n\"license.terms\" = \"warn\"\n",
    );
    let etc = tree.write("etc/policy.toml", WAIVER);
    let state = tree.path("state").display().to_string();
    let root = format!("dir:{}", tree.path("root").display());
    let gate = |now: &str, more: &[&str]| {
        let args = ["gate", &root, "--state", &state, "--now", now, "-o", "json"];
        let run = at_site(&etc, &[&args, more].concat());
        (run.code, outcome(&run))
    };
    let (good, late) = ("2026-02-01T00:00:00Z", "2026-06-01T00:00:00Z");
    let project_too = ["--policy", &*project];
    assert_eq!(gate(good, &[]), (0, "allow".to_owned()));
    assert_eq!(gate(good, &project_too), (0, "allow".to_owned()));
    assert_eq!(gate(late, &[]), (1, "deny".to_owned()));
    // What a project says more mildly changes nothing, and is told.
    assert_eq!(gate(late, &project_too), (1, "deny".to_owned()));
    let check = |args: &[&str]| at_site(&etc, &[&["policy", "check"], args].concat());
    let told = check(&[&project]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    assert!(
        told.stderr
            .contains("project.toml:3:19: of no use: the site's policy says deny"),
        "{}",
        told.stderr
    );
    // A site's policy that cannot be read is no policy, not the built-in one.
    fs::remove_file(&etc).unwrap();
    assert_eq!(gate(good, &[]), (1, "deny".to_owned()));
    for leads in ["gone.toml", "policy.toml"] {
        let _ = fs::remove_file(&etc);
        std::os::unix::fs::symlink(leads, &etc).unwrap();
        for args in [&["gate", &*root][..], &["policy", "check", &project]] {
            let run = at_site(&etc, args);
            assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{leads}");
        }
    }
    fs::remove_file(&etc).unwrap();
    fs::write(&etc, WAIVER).unwrap();
    // The site's own may waive, a project's may not.
    let refused = check(&[&site]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(refused.stderr.contains("belongs into the site's policy"));
    assert_eq!(check(&["--site", &site]).code, 0);
    assert_eq!(check(&["/etc/hpcctl/policy.toml"]).code, 0);
}
