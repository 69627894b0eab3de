//! The decisions of gate as results: they are read from their own log, in step with the history, so that
//! what comes earlier is told earlier.

use std::sync::mpsc;
use std::thread;

use hpcctl_gate::log::{End, Left};
use hpcctl_model::Unknown;
use hpcctl_model::doctor::Status;
use hpcctl_model::history::{Found, Part, Record, Said, Waiver};
use hpcctl_reports::counted;
use jiff::Timestamp;

use super::seconds;
use crate::decisions::Decisions;
use crate::failure::chain;

/// What is said of a log whose last record a crash cut short.
const TORN: &str = "its last record is cut short, and is not among these results";

/// How many decisions are read ahead.
const AHEAD: usize = 64;

/// Hands over the decisions of a log among the records that are read from the history, by their time;
/// answers what reading that came to, and what could not be read of the log.
pub fn among<R>(
    log: &Decisions,
    read: impl FnOnce(&mut dyn FnMut(Record)) -> R,
    mut put: impl FnMut(Record),
) -> (R, Option<Unknown>) {
    let mut unread = None;
    let (send, decisions) = mpsc::sync_channel(AHEAD);
    let came = thread::scope(|scope| {
        let unread = &mut unread;
        scope.spawn(move || *unread = each(log, |record| drop(send.send(record))));
        let mut decisions = decisions.into_iter().peekable();
        let came = read(&mut |record| {
            // The report of a decision says more than the log: of the two it comes first.
            while let Some(earlier) = decisions.next_if(|one| one.at < record.at) {
                put(earlier);
            }
            put(record);
        });
        decisions.for_each(put);
        came
    });
    (came, unread)
}

/// Hands over the decisions of a log; answers what could not be read of it.
fn each(log: &Decisions, mut put: impl FnMut(Record)) -> Option<Unknown> {
    if !log.is_begun() {
        return None;
    }
    let end = log.verified(|record| {
        let made = decided(&record.decision);
        made.into_iter().for_each(&mut put);
    });
    let why = match end {
        Ok(End {
            left: Left::Torn(_),
            ..
        }) => TORN.to_owned(),
        Ok(_) => return None,
        Err(error) => chain(&error),
    };
    Some(Unknown::new(log.path().display().to_string(), why))
}

/// The findings of a rule that count. Earlier versions logged none.
fn parts(rule: &serde_json::Value) -> Vec<Part> {
    let parts = rule["parts"].as_array().into_iter().flatten();
    parts
        .filter_map(|part| serde_json::from_value(part.clone()).ok())
        .collect()
}

/// What the history would keep of a decision.
fn decided(decision: &serde_json::Value) -> Option<Record> {
    let at: Timestamp = decision["at"].as_str()?.parse().ok()?;
    let image = decision["subject"]["reference"].as_str()?;
    let rules = decision["rules"].as_array()?.iter();
    let found = rules.filter_map(|rule| {
        let status = match rule["outcome"].as_str()? {
            "deny" => Status::Fail,
            "review" => Status::Warn,
            "incomplete" => Status::Unknown,
            _ => return None,
        };
        let findings = rule["findings"].as_u64().unwrap_or_default();
        Some(Found {
            parts: parts(rule),
            count: rule["count"].as_u64().unwrap_or_default(),
            ..Found::of(rule["id"].as_str()?, status, counted(findings, "finding"))
        })
    });
    let said = Said {
        on: image.into(),
        image: true,
        found: found.collect(),
        whole: true,
        ..Said::default()
    };
    // Earlier versions logged none.
    let waivers = decision["waivers"].as_array().into_iter().flatten();
    let waivers =
        waivers.filter_map(|waiver| serde_json::from_value::<Waiver>(waiver.clone()).ok());
    Some(Record {
        at: seconds(at),
        kind: "gate".into(),
        source: String::new(),
        user: None,
        said: vec![said],
        silent: Vec::new(),
        kernels: Vec::new(),
        not_checked: Vec::new(),
        waivers: waivers.collect(),
        figures: Vec::new(),
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test writes its files")]
mod tests {
    use std::fs;

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_record_that_a_crash_cut_short_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let log = Decisions::below(dir.path());
        let decision = json!({"subject": {"reference": "oci:a"}, "rules": []});
        log.append(decision.clone()).unwrap();
        let head = dir.path().join("decisions.head");
        let mut kept: Value = serde_json::from_slice(&fs::read(&head).unwrap()).unwrap();
        kept["next"] = log.append(decision).unwrap().sha256.into();
        let seen = || {
            let mut seen = 0;
            let unread = each(&log, |_| seen += 1);
            (seen, unread.map(|unread| unread.why))
        };
        assert_eq!(seen(), (2, None));
        fs::write(&head, kept.to_string()).unwrap();
        let whole = fs::read(log.path()).unwrap();
        fs::write(log.path(), &whole[..whole.len() - 9]).unwrap();
        assert_eq!(seen(), (1, Some(TORN.to_owned())));
    }
}
