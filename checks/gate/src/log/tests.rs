use serde_json::json;

use super::*;

/// A log of these decisions, and where it ends.
fn chained(decisions: impl Iterator<Item = Value>) -> (Vec<u8>, Head) {
    let (mut log, mut head) = (Vec::new(), Head::default());
    for decision in decisions {
        let (line, next) = head.next(decision, None).unwrap();
        log.extend(line);
        head = next;
    }
    (log, head)
}

fn log(records: u64) -> (Vec<u8>, Head) {
    chained((0..records).map(|n| json!({"n": n, "why": "a b "})))
}

/// Nothing is being written.
fn at_rest(head: Head) -> Kept {
    Kept { head, next: None }
}

fn end(log: &[u8], kept: &Kept) -> Result<End, LogError> {
    verify(log, Some(kept), |_| {})
}

/// Records from these decisions, as who knows the form would write them.
fn forged(decisions: &[&str]) -> (Vec<u8>, Head) {
    chained(decisions.iter().map(|one| json!(one)))
}

#[test]
fn a_log_verifies_to_its_head() {
    let (bytes, head) = log(3);
    let mut seen = Vec::new();
    let kept = at_rest(head.clone());
    let found = verify(&bytes[..], Some(&kept), |record| seen.push(record.number)).unwrap();
    let whole = End {
        head,
        left: Left::Nothing,
        ended: true,
    };
    assert_eq!((found, seen), (whole, vec![1, 2, 3]));
    assert_eq!(
        verify(&b""[..], None, |_| {}).unwrap().head,
        Head::default()
    );
    let begun = at_rest(Head::default());
    assert_eq!(end(b"", &begun).unwrap().head, Head::default());
}

/// As versions before `next` kept it.
#[test]
fn what_is_kept_is_the_end_and_what_is_being_written() {
    let kept: Kept = serde_json::from_value(json!({"records": 2, "sha256": "ab"})).unwrap();
    assert_eq!((kept.head.records, &kept.next), (2, &None));
    let text = serde_json::to_value(&kept).unwrap();
    assert_eq!(text, json!({"records": 2, "sha256": "ab"}));
}

#[test]
fn any_change_of_a_byte_shows() {
    let (bytes, head) = log(3);
    let kept = at_rest(head);
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert!(end(&changed, &kept).is_err(), "byte {place}");
    }
}

#[test]
fn a_line_taken_out_or_put_in_shows() {
    let (bytes, head) = log(3);
    let kept = at_rest(head);
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let orders: [&[usize]; 6] = [
        &[0, 2],
        &[1, 2],
        &[0, 0, 1, 2],
        &[1, 0, 2],
        &[0, 1],
        &[0, 1, 2, 2],
    ];
    for order in orders {
        let other: Vec<u8> = order.iter().flat_map(|n| lines[*n]).copied().collect();
        assert!(end(&other, &kept).is_err(), "{order:?}");
    }
    for more in 1..=bytes.len() {
        let error = end(&bytes[..bytes.len() - more], &kept).unwrap_err();
        let is_whole = more == 1;
        assert_eq!(matches!(error, LogError::Unended), is_whole, "{more}");
    }
    assert!(end(&[&bytes[..], b"\n"].concat(), &kept).is_err());
    assert!(end(&[&bytes[..], b"{"].concat(), &kept).is_err());
    assert!(matches!(
        verify(&bytes[..], None, |_| {}),
        Err(LogError::Headless)
    ));
}

/// Whoever writes every digest anew behind a change has them fit one another: what is kept tells.
#[test]
fn a_chain_that_was_made_anew_shows() {
    let (was, head) = forged(&["deny", "allow"]);
    let kept = at_rest(head);
    for decisions in [
        &["allow", "allow"][..],
        &["allow", "allow", "allow"],
        &["allow", "allow", "allow", "allow"],
        &["allow"],
        &["deny", "allow", "allow"],
        &["deny", "allow", "allow", "allow"],
    ] {
        let error = end(&forged(decisions).0, &kept).unwrap_err();
        let fits = match decisions {
            ["allow"] => matches!(error, LogError::Shorter),
            ["deny", ..] => matches!(error, LogError::Longer),
            _ => matches!(error, LogError::Other(2)),
        };
        assert!(fits, "{decisions:?}: {error}");
    }
    assert!(end(&was, &kept).is_ok());
    // The same while a record is being written: no other takes its place.
    let pending = Kept {
        next: Some(digest(b"the record")),
        ..kept
    };
    assert!(end(&was, &pending).is_ok());
    let (more, _) = forged(&["deny", "allow", "allow"]);
    assert!(matches!(end(&more, &pending), Err(LogError::Longer)));
    // Without the end of its line it is but a part of something.
    let cut = &more[..more.len() - 1];
    assert!(matches!(end(cut, &pending).unwrap().left, Left::Torn(_)));
}

/// Writes a record behind what a crash left, and answers how the log is kept meanwhile and after.
fn written(log: &[u8], end: End, decision: &str) -> (Vec<u8>, Kept, Kept) {
    let (line, pending, after) = end.next(json!(decision)).unwrap();
    ([log, &line].concat(), pending, at_rest(after))
}

/// A crash at any byte of a record, and another at any byte of the one that mends it.
#[test]
fn a_crash_at_any_byte_loses_nothing_that_was_whole() {
    let (bytes, whole) = log(2);
    let (one, before) = log(1);
    let pending = Kept {
        head: before.clone(),
        next: Some(whole.sha256.clone()),
    };
    for cut in one.len()..=bytes.len() {
        let found = end(&bytes[..cut], &pending).unwrap();
        let is_whole = cut >= bytes.len() - 1;
        assert_eq!(found.head, if is_whole { &whole } else { &before }.clone());
        let is_torn = matches!(found.left, Left::Torn(_));
        assert_eq!(is_torn, !is_whole && cut > one.len(), "cut at {cut}");
        let (mended, pending, after) = written(&bytes[..cut], found, "again");
        assert_eq!(
            end(&mended, &after).unwrap().head,
            after.head,
            "cut at {cut}"
        );
        for again in cut..=mended.len() {
            let found = end(&mended[..again], &pending).unwrap();
            let (mended, _, after) = written(&mended[..again], found, "third");
            let found = end(&mended, &after).unwrap();
            assert_eq!(found.head, after.head, "cut at {cut} and {again}");
        }
    }
}
