//! The log of decisions: whatever is edited of it is found, and nothing is decided by it then.

use std::fs;
use std::path::Path;

use hpcctl_gate::log::Head;
use serde_json::{Value, json};

use super::{Tree, gate_layout, gated, outcome};
use crate::cli::{Run, hpcctl};
use crate::handmade::tar;

/// Writes a log of these decisions. Answers what would have to be kept of its end.
pub fn logged(state: &Path, decisions: impl IntoIterator<Item = Value>) -> String {
    let (mut log, mut head) = (Vec::new(), Head::default());
    for decision in decisions {
        let (line, next) = head.next(decision, None).unwrap();
        log.extend(line);
        head = next;
    }
    fs::write(state.join("decisions.jsonl"), log).unwrap();
    serde_json::to_string(&head).unwrap()
}

/// Writes the records of a log anew after a change of what was decided, as who knows the form does:
/// every digest fits. Answers what would have to be kept of its end.
pub fn rewritten(state: &Path, change: impl FnOnce(&mut Vec<Value>)) -> String {
    let log = fs::read_to_string(state.join("decisions.jsonl")).unwrap();
    let decision = |line: &str| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        record["decision"].take()
    };
    let mut decisions: Vec<Value> = log.lines().map(decision).collect();
    change(&mut decisions);
    logged(state, decisions)
}

fn log(state: &Path, args: &[&str]) -> Run {
    let state = state.display().to_string();
    hpcctl(&[&["gate", "log"], args, &["--state", &state]].concat())
}

/// The state of a log of three decisions.
fn decided(tree: &Tree) -> std::path::PathBuf {
    for _ in 0..3 {
        assert_eq!(tree.gate(&[]).code, 1);
    }
    let state = tree.path("state");
    assert_eq!(log(&state, &["verify"]).code, 0);
    state
}

/// What an edit does to the decisions of a log.
type Edit = fn(&mut Vec<Value>);

#[test]
fn an_edit_shows_however_well_the_records_fit_one_another() {
    let tree = Tree::new("CC-BY-NC-4.0");
    let state = decided(&tree);
    let path = state.join("decisions.jsonl");
    let (log_was, head_was) = (
        fs::read(&path).unwrap(),
        fs::read(state.join("decisions.head")).unwrap(),
    );
    let again = |all: &mut Vec<Value>| all.push(all[0].clone());
    let edits: [(&str, Edit); 7] = [
        ("another outcome", |all| all[0]["outcome"] = "allow".into()),
        ("another outcome, and one more", |all| {
            all[0]["outcome"] = "allow".into();
            all.push(all[1].clone());
        }),
        ("another time", |all| {
            all[2]["at"] = "2020-01-01T00:00:00Z".into()
        }),
        ("the first taken out", |all| drop(all.remove(0))),
        ("the first taken out, two put behind", |all| {
            all.remove(0);
            all.extend([all[0].clone(), all[1].clone()]);
        }),
        ("one put behind", again),
        ("the last cut off", |all| drop(all.pop())),
    ];
    for (what, edit) in edits {
        rewritten(&state, edit);
        let verified = log(&state, &["verify"]);
        assert_eq!(verified.code, 1, "{what}: {}", verified.stdout);
        assert!(verified.stdout.starts_with("NOT as it was written: "));
        let run = tree.gate(&[]);
        assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{what}");
        assert!(run.stderr.contains("find out who changed it"), "{what}");
        fs::write(&path, &log_was).unwrap();
    }
    for head in [
        None,
        Some(&b""[..]),
        Some(b"{}"),
        Some(b"{\"records\":0,\"sha256\":\"\"}"),
    ] {
        let _ = fs::remove_file(state.join("decisions.head"));
        if let Some(head) = head {
            fs::write(state.join("decisions.head"), head).unwrap();
        }
        assert_eq!(log(&state, &["verify"]).code, 1, "{head:?}");
        assert_eq!(tree.gate(&[]).code, 5, "{head:?}");
    }
    fs::write(state.join("decisions.head"), &head_was).unwrap();
    assert_eq!(log(&state, &["verify"]).code, 0);
    fs::remove_file(&path).unwrap();
    assert_eq!(log(&state, &["verify"]).code, 1);
    assert_eq!(tree.gate(&[]).code, 5);
}

/// The program was killed after the record was written, and before it was kept as the end; or in the
/// middle of the record; or the disk was full.
#[test]
fn what_a_crash_left_is_told_and_mended() {
    let tree = Tree::new("CC-BY-NC-4.0");
    let state = decided(&tree);
    let (path, head) = (state.join("decisions.jsonl"), state.join("decisions.head"));
    let (whole, after) = (fs::read(&path).unwrap(), fs::read(&head).unwrap());
    let before = rewritten(&state, |all| drop(all.pop()));
    let kept = fs::read(&path).unwrap().len();
    let mut pending: Value = serde_json::from_str(&before).unwrap();
    let after: Value = serde_json::from_slice(&after).unwrap();
    pending["next"] = after["sha256"].clone();
    for (cut, code, says) in [
        (kept, 0, "2 records"),
        (kept + 1, 1, "cut short"),
        (whole.len() - 2, 1, "cut short"),
        (whole.len() - 1, 0, "may not have been carried out"),
        (whole.len(), 0, "may not have been carried out"),
    ] {
        fs::write(&path, &whole[..cut]).unwrap();
        fs::write(&head, pending.to_string()).unwrap();
        let verified = log(&state, &["verify"]);
        assert_eq!(verified.code, code, "{cut}: {}", verified.stdout);
        assert!(verified.stdout.contains(says), "{cut}: {}", verified.stdout);
        assert_eq!(tree.gate(&[]).code, 1);
        let verified = log(&state, &["verify"]);
        let records = if code == 0 && cut > kept { 4 } else { 3 };
        assert!(
            verified.stdout.starts_with(&format!("{records} records")),
            "{cut}: {}",
            verified.stdout
        );
        assert_eq!((verified.code, verified.stdout.lines().count()), (0, 1));
    }
    // Where nothing was being written, a crash leaves nothing.
    fs::write(&path, &whole[..whole.len() - 2]).unwrap();
    fs::write(&head, &before).unwrap();
    assert_eq!(log(&state, &["verify"]).code, 1);
    assert_eq!(tree.gate(&[]).code, 5);
}

/// Who writes the log and what is kept of its end anew, or puts older ones back, is found by a record
/// that is known from elsewhere.
#[test]
fn a_record_that_is_known_from_elsewhere_is_missed() {
    let tree = Tree::new("CC-BY-NC-4.0");
    let state = decided(&tree);
    let printed = log(&state, &["verify"]).stdout;
    let sha256 = printed.trim().rsplit(' ').next().unwrap();
    let (known, other) = (format!("3:{sha256}"), format!("2:{sha256}"));
    let verify = |known: &str| log(&state, &["verify", "--record", known]).code;
    assert_eq!((verify(&known), verify(&other)), (0, 1));
    for wrong in ["3", "0:00", &format!("0:{sha256}"), "x:y"] {
        assert_eq!(verify(wrong), 2, "{wrong}");
    }
    assert_eq!(tree.gate(&[]).code, 1);
    assert_eq!((verify(&known), verify(&other)), (0, 1));
    let edits: [Edit; 2] = [
        |all| all[0]["outcome"] = "allow".into(),
        |all| all.truncate(2),
    ];
    for edit in edits {
        let head = rewritten(&state, edit);
        fs::write(state.join("decisions.head"), head).unwrap();
        assert_eq!(log(&state, &["verify"]).code, 0, "no key is in these files");
        assert_eq!(verify(&known), 1);
    }
}

/// A record with the digest of a scan that was changed lets no image pass.
#[test]
fn a_kept_scan_counts_by_no_record_that_was_put_there() {
    let dir = tempfile::tempdir().unwrap();
    let key = b"machine data.example.org login me password Tq7wXz93kLpV\n";
    let seen = gated(dir.path(), &tar(&[("root/.netrc", 0o600, key)]), |_, _| {});
    assert_eq!(outcome(&seen), "deny");
    let state = dir.path().join("state");
    let mut scans = fs::read_dir(state.join("scans")).unwrap();
    let kept = scans.next().unwrap().unwrap().path();
    let mut report: Value = serde_json::from_slice(&fs::read(&kept).unwrap()).unwrap();
    report["result"]["sensitive"] = json!([]);
    fs::write(&kept, report.to_string()).unwrap();
    let digest = hpcctl_registry::Digest::sha256(report.to_string().as_bytes());
    rewritten(&state, |all| {
        let mut forged = all[0].clone();
        assert_eq!(
            forged["scan"].as_str().unwrap().len(),
            digest.to_string().len()
        );
        forged["scan"] = digest.to_string().into();
        all.push(forged);
    });
    assert_eq!(log(&state, &["verify"]).code, 1);
    let run = gate_layout(dir.path());
    assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{}", run.stderr);
}
