//! What is new and what is gone in a finding of an image that was bad and still is: findings of a rule of
//! gate, reasons of the verdict of scan.
//!
//! Two parts are the same where they say the same but for versions: an image that is built every night has
//! other versions, and the same faults. Of many parts only the worst are kept, and of the others how many
//! there are.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hpcctl_model::doctor::Status;
use hpcctl_model::history::{Found, Part};

use super::fold::{Folded, List, Seen};
use super::said::weight;
use super::subject::{Since, Subject};
use crate::terminal::counted;

/// The most parts of a finding that are named.
const NAMED: usize = 8;

/// What became of the parts of a finding.
#[derive(Debug, Default)]
struct Parts<'a> {
    /// What was not there, or is worse.
    new: Vec<&'a Part>,
    /// What is not there any more.
    gone: Vec<&'a Part>,
    /// How many more there are, or fewer, of which none is kept.
    rest: i64,
}

impl<'a> Parts<'a> {
    /// What became of them since before. Nothing is told where it is not known of one of the two how many
    /// there are, as in what earlier versions kept.
    fn of(now: &'a Found, before: &'a Found) -> Self {
        if now.count == 0 || before.count == 0 {
            return Self::default();
        }
        let (is, was) = (weights(now), weights(before));
        let of = |part: &Part, all: &BTreeMap<String, u8>| all.get(&key(&part.text)).copied();
        let new = now.parts.iter().filter(|part| match of(part, &was) {
            Some(before) => weight(part.status) > before,
            None => is_told(before, part),
        });
        let new: Vec<&Part> = new.collect();
        let gone = before.parts.iter();
        let gone = gone.filter(|part| of(part, &is).is_none() && is_told(now, part));
        let gone: Vec<&Part> = gone.collect();
        let rest = if is_whole(now) && is_whole(before) {
            0
        } else {
            let came = new.iter().filter(|part| of(part, &was).is_none()).count();
            let more = signed(now.count).saturating_sub(signed(before.count));
            more.saturating_add(signed(gone.len()))
                .saturating_sub(signed(came))
        };
        Self { new, gone, rest }
    }
}

/// Tells what is new and what is gone in a finding that is as bad as it was.
pub fn tell(subject: &Subject<'_>, id: &str, folded: &mut Folded) {
    let Some((then, _)) = subject.before(id) else {
        return;
    };
    let (Some(is), Some(was)) = (subject.found(0, id), subject.found(then, id)) else {
        return;
    };
    let Parts { new, gone, rest } = Parts::of(is, was);
    let more = |list: &[&Part], rest: i64| {
        let rest = usize::try_from(rest).unwrap_or(0);
        let count = list.len().saturating_sub(NAMED) + rest;
        (count > 0).then(|| Part {
            status: is.status,
            text: counted(count, "more finding"),
            fix: None,
        })
    };
    let now = Since {
        at: subject.told[0].1,
        or_before: false,
    };
    let (more_new, more_gone) = (more(&new, rest), more(&gone, rest.saturating_neg()));
    for part in new.into_iter().take(NAMED).chain(&more_new) {
        add(&mut folded.new, subject, id, part, now, false);
    }
    for part in gone.into_iter().take(NAMED).chain(&more_gone) {
        let since = since(subject, id, part, then);
        add(&mut folded.fixed, subject, id, part, since, true);
    }
}

fn add(
    list: &mut List,
    subject: &Subject<'_>,
    id: &str,
    part: &Part,
    since: Since<'_>,
    is_gone: bool,
) {
    let found = Found {
        fix: part.fix.clone(),
        ..Found::of(id, part.status, &part.text)
    };
    list.add(&Seen {
        name: subject.name,
        image: subject.is_image(),
        id,
        status: if is_gone { Status::Pass } else { part.status },
        was: is_gone.then_some(part.status),
        found: Some(&found),
        since,
        first: false,
        part: Some(&key(&part.text)),
    });
}

/// Since when a part has been there, seen from a time at which it was.
fn since<'s>(subject: &'s Subject<'_>, id: &str, part: &Part, at: usize) -> Since<'s> {
    let this = key(&part.text);
    let found = |at: usize| subject.found(at, id);
    let has = |at: &usize| {
        found(*at).is_some_and(|one| one.parts.iter().any(|part| key(&part.text) == this))
    };
    let first = (at..subject.told.len())
        .take_while(has)
        .last()
        .unwrap_or(at);
    let before = subject.told.get(first + 1);
    let is_known = before.is_some() && found(first + 1).is_none_or(|one| one.count > 0);
    Since {
        at: subject.told[first].1,
        or_before: !is_known,
    }
}

/// What parts are kept in the order of: the worst first.
pub fn rank(part: &Part) -> (Reverse<u8>, String) {
    (Reverse(weight(part.status)), key(&part.text))
}

/// What a part is known by: what it says, without numbers, versions, and lines of policies.
fn key(text: &str) -> String {
    let is_number = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit());
    let words = text.split_whitespace().filter(|word| !is_number(word));
    let words = words.map(|word| {
        if word.starts_with("pkg:") {
            return word.split('@').next().unwrap_or(word);
        }
        let bare = word.trim_end_matches([')', '.']);
        match bare.rsplit_once(':') {
            Some((file, line)) if line.bytes().all(|byte| byte.is_ascii_digit()) => file,
            _ => word,
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// How bad each part is.
fn weights(found: &Found) -> BTreeMap<String, u8> {
    let mut all = BTreeMap::new();
    for part in &found.parts {
        let known = all.entry(key(&part.text)).or_default();
        *known = weight(part.status).max(*known);
    }
    all
}

/// Whether all parts are kept.
fn is_whole(found: &Found) -> bool {
    found.count == found.parts.len() as u64
}

/// Whether a part would be among those that are kept of a finding if it were there.
fn is_told(found: &Found, part: &Part) -> bool {
    let last = found.parts.last();
    is_whole(found) || last.is_some_and(|last| rank(part) < rank(last))
}

fn signed(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(parts: &[&str], more: u64) -> Found {
        let part = |text: &&str| {
            let (text, status) = match text.strip_prefix('~') {
                Some(text) => (text, Status::Warn),
                None => (*text, Status::Fail),
            };
            Part {
                status,
                text: text.into(),
                fix: None,
            }
        };
        let mut parts: Vec<Part> = parts.iter().map(part).collect();
        parts.sort_by_key(rank);
        Found {
            count: parts.len() as u64 + more,
            parts,
            ..Found::of("license.terms", Status::Fail, "")
        }
    }

    type Texts<'a> = (Vec<&'a str>, Vec<&'a str>, i64);

    fn became<'a>(now: &'a Found, before: &'a Found) -> Texts<'a> {
        let Parts { new, gone, rest } = Parts::of(now, before);
        let texts = |parts: Vec<&'a Part>| parts.iter().map(|one| one.text.as_str()).collect();
        (texts(new), texts(gone), rest)
    }

    #[test]
    fn what_came_and_what_went_is_told() {
        let before = found(&["a", "~b", "c"], 0);
        for (now, new, gone) in [
            (&["a", "~b", "c"][..], &[][..], &[][..]),
            (&["a", "~b", "c", "d"], &["d"], &[]),
            (&["a", "d"], &["d"], &["c", "b"]),
            // It is worse, and it is better.
            (&["a", "b", "c"], &["b"], &[]),
            (&["a", "~b", "~c"], &[], &[]),
        ] {
            let expected = (new.to_vec(), gone.to_vec(), 0);
            assert_eq!(became(&found(now, 0), &before), expected, "{now:?}");
        }
    }

    #[test]
    fn another_version_is_no_other_part() {
        for (one, other, same) in [
            ("a 1.2-3+b1 (deb): no", "a 1.2-4 (deb): no", true),
            ("pkg:npm/m@1: no", "pkg:npm/m@2: no", true),
            ("has 3.1 GiB, more than 2", "has 3.2 GiB, more than 2", true),
            (
                "more than a (/p.toml:41).",
                "more than a (/p.toml:7).",
                true,
            ),
            ("CVE-2024-1 is bad", "CVE-2024-2 is bad", false),
            ("a: GPL-2.0-only", "a: GPL-3.0-only", false),
            ("/lib/a.so.1: no", "/lib/a.so.2: no", false),
        ] {
            assert_eq!(key(one) == key(other), same, "{one}, {other}");
        }
    }

    #[test]
    fn of_what_is_not_kept_only_the_number_is_told() {
        // That z is not kept says nothing of whether it was there; that a is not says that it was not.
        let before = found(&["b", "m"], 3);
        assert_eq!(
            became(&found(&["a", "b"], 4), &before),
            (vec!["a"], vec![], 0)
        );
        assert_eq!(became(&found(&["b", "m", "z"], 0), &before).0, [""; 0]);
        assert_eq!(became(&found(&["b", "m"], 7), &before), (vec![], vec![], 4));
        assert_eq!(
            became(&found(&["b", "m"], 1), &before),
            (vec![], vec![], -2)
        );
        // Of none of them, as a log may have it, and what earlier versions kept.
        assert_eq!(became(&found(&[], 5), &found(&[], 1)), (vec![], vec![], 4));
        let unknown = found(&[], 0);
        assert_eq!(became(&before, &unknown), (vec![], vec![], 0));
        assert_eq!(became(&unknown, &before), (vec![], vec![], 0));
    }
}
