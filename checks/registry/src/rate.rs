//! The limit on requests that a registry tells with its answers.
//!
//! Sources: the headers `ratelimit-limit`, `ratelimit-remaining` and `docker-ratelimit-source` of
//! Docker's registry (`100;w=21600` is a hundred in six hours), and `x-ratelimit-…` of others; of
//! some also `ratelimit-reset`, the seconds until requests are renewed (draft-ietf-httpapi-ratelimit-headers
//! up to 07), or their time since the epoch.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use ureq::http::HeaderMap;

use crate::answer::{cut, text};

/// Characters of a header that are told.
const TOLD: usize = 40;

/// A limit on requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    /// How many requests there may be.
    pub limit: u64,
    /// In how long; none where the registry does not say.
    pub window: Option<Duration>,
    /// How many are left; none where the registry does not say.
    pub remaining: Option<u64>,
    /// In how long there are all of them again; none where the registry does not say.
    pub renewed: Option<Duration>,
    /// Whose requests are counted, such as an address.
    pub source: Option<String>,
}

impl RateLimit {
    /// What an answer says.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let of = |name: &str| {
            let other = format!("x-{name}");
            text(headers, name).or_else(|| text(headers, &other))
        };
        let (limit, window) = counted(of("ratelimit-limit")?)?;
        let (remaining, other) = of("ratelimit-remaining").and_then(counted).unzip();
        Some(Self {
            limit,
            window: window.or(other.flatten()),
            remaining,
            renewed: of("ratelimit-reset").and_then(|value| until(value, SystemTime::now())),
            source: text(headers, "docker-ratelimit-source").map(|value| cut(value, TOLD)),
        })
    }
}

/// `COUNT[;w=SECONDS]`.
fn counted(value: &str) -> Option<(u64, Option<Duration>)> {
    let mut parts = value.split(';');
    let count = parts.next()?.trim().parse().ok()?;
    let window = parts.find_map(|part| part.trim().strip_prefix("w=")?.parse().ok());
    Some((count, window.map(Duration::from_secs)))
}

/// Seconds from now on, or since the epoch.
fn until(value: &str, now: SystemTime) -> Option<Duration> {
    let (seconds, _) = counted(value)?;
    let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    // No window is ten years long.
    let from_now = match seconds > 10 * 365 * 86_400 {
        true => seconds.saturating_sub(now),
        false => seconds,
    };
    Some(Duration::from_secs(from_now))
}

#[cfg(test)]
mod tests {
    use ureq::http::{HeaderName, HeaderValue};

    use super::*;

    fn of(headers: &[(&'static str, &'static str)]) -> Option<RateLimit> {
        let headers = headers.iter();
        let pair = |(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        RateLimit::of(&headers.map(pair).collect())
    }

    #[test]
    fn what_is_left_is_read() {
        let told = of(&[
            ("ratelimit-limit", "100;w=21600"),
            ("ratelimit-remaining", "76;w=21600"),
            ("docker-ratelimit-source", "192.0.2.1"),
        ]);
        let told = told.unwrap();
        assert_eq!((told.limit, told.remaining), (100, Some(76)));
        assert_eq!(told.window, Some(Duration::from_secs(21600)));
        assert_eq!(told.source.as_deref(), Some("192.0.2.1"));
        let told = of(&[
            ("x-ratelimit-limit", "60"),
            ("x-ratelimit-remaining", "soon"),
        ]);
        let told = told.unwrap();
        assert_eq!((told.limit, told.remaining, told.window), (60, None, None));
        assert_eq!(told.renewed, None);
        let told = of(&[("ratelimit-limit", "9"), ("ratelimit-reset", "77")]);
        assert_eq!(told.unwrap().renewed, Some(Duration::from_secs(77)));
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let seconds = |value| until(value, now).map(|until| until.as_secs());
        assert_eq!(seconds("1800000060"), Some(60));
        assert_eq!((seconds("1700000000"), seconds("soon")), (Some(0), None));
        assert_eq!(of(&[("ratelimit-limit", "many")]), None);
        assert_eq!(of(&[("ratelimit-remaining", "3")]), None);
    }
}
