//! The limit on requests that a registry told: what is to be said of it, and whether it leaves
//! anything to be asked for.

use std::time::Duration;

use hpcctl_model::stage::RateLimit;
use hpcctl_registry as registry;
use jiff::{SignedDuration, Timestamp};

/// How long is waited at most until requests are renewed.
const LONGEST: Duration = Duration::from_secs(60);

/// The limit, as reports have it.
pub(crate) fn limit(told: registry::RateLimit) -> RateLimit {
    RateLimit {
        limit: told.limit,
        window_s: told.window.map(|window| window.as_secs()),
        remaining: told.remaining,
        source: told.source,
    }
}

/// What is to be said of the limit.
pub(crate) fn warning(limit: &RateLimit, nodes: u64) -> Option<String> {
    let left = limit.remaining.unwrap_or(limit.limit);
    (left < nodes).then(|| {
        format!("the registry would let {left} of {nodes} nodes pull, and refuse the others")
    })
}

/// Whether anything may be asked for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Leave {
    /// It may.
    Now,
    /// It may after so long.
    After(Duration),
    /// It may not for a long time; why, with the time if that is known.
    Later(String),
}

/// Whether a limit, as it was told just now, leaves anything.
pub(crate) fn leave(told: Option<&registry::RateLimit>, now: Timestamp) -> Leave {
    let Some(told) = told.filter(|told| told.remaining == Some(0)) else {
        return Leave::Now;
    };
    // By the end of a window they are renewed, whenever it began.
    match told.renewed.or(told.window) {
        // Not all of a cluster in the second in which it begins anew.
        Some(renewed) if renewed <= LONGEST => Leave::After(renewed + Duration::from_secs(1)),
        _ => Leave::Later(exhausted(told, now)),
    }
}

fn exhausted(told: &registry::RateLimit, now: Timestamp) -> String {
    let seconds = |window: Duration| format!(" in {} s", window.as_secs());
    let window = told.window.map_or_else(String::new, seconds);
    let source = told.source.as_ref();
    let source = source.map_or_else(String::new, |source| format!(" for {source}"));
    let after = |time: Duration| {
        let time = SignedDuration::try_from(time).ok()?;
        Some(
            now.checked_add(time)
                .ok()?
                .round(jiff::Unit::Second)
                .ok()?
                .to_string(),
        )
    };
    let when = match (told.renewed.and_then(after), told.window.and_then(after)) {
        (Some(time), _) => format!("they are renewed at {time}"),
        (None, Some(time)) => format!("they are renewed by {time} at the latest"),
        (None, None) => "when they are renewed it does not say".to_owned(),
    };
    format!(
        "none of {} requests{window}{source} are left, and {when}",
        told.limit
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_that_would_be_refused_are_counted() {
        let limit = RateLimit {
            limit: 100,
            window_s: Some(21_600),
            remaining: Some(30),
            source: None,
        };
        assert!(warning(&limit, 1000).unwrap().contains("30 of 1000"));
        assert_eq!(warning(&limit, 30), None);
    }

    #[test]
    fn what_is_used_up_is_waited_for_where_that_is_soon() {
        let now = "2026-11-30T12:00:00Z".parse().unwrap();
        let told = |remaining, window, renewed| {
            let told = registry::RateLimit {
                limit: 100,
                window: Some(window)
                    .filter(|window| *window > 0)
                    .map(Duration::from_secs),
                remaining,
                renewed: Option::map(renewed, Duration::from_secs),
                source: Some("192.0.2.1".to_owned()),
            };
            leave(Some(&told), now)
        };
        assert_eq!(leave(None, now), Leave::Now);
        assert_eq!(told(Some(1), 21_600, None), Leave::Now);
        assert_eq!(told(None, 21_600, None), Leave::Now);
        let soon = Leave::After(Duration::from_secs(31));
        assert_eq!(told(Some(0), 21_600, Some(30)), soon);
        assert_eq!(told(Some(0), 30, None), soon);
        for (window, renewed, says) in [
            (
                21_600,
                None,
                "in 21600 s for 192.0.2.1 are left, and they are renewed by 2026-11-30T18:00:00Z at the latest",
            ),
            (21_600, Some(90), "renewed at 2026-11-30T12:01:30Z"),
            (
                0,
                None,
                "none of 100 requests for 192.0.2.1 are left, and when they are renewed it does not say",
            ),
            (0, Some(u64::MAX), "it does not say"),
        ] {
            let Leave::Later(why) = told(Some(0), window, renewed) else {
                panic!("{window} {renewed:?}");
            };
            assert!(why.contains(says), "{why}");
        }
    }
}
