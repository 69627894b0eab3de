//! Limits of resources, getrlimit(2): what the probes of one share.

use hpcctl_host::Resource;
use hpcctl_model::doctor::{Cost, Step};

use crate::finding::admin;
use crate::{Reading, Site};

/// The number of CAP_SYS_RESOURCE, which lets a process raise its hard limits.
const CAP_SYS_RESOURCE: u64 = 24;

/// A soft and a hard limit; `u64::MAX` is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What holds now.
    pub soft: u64,
    /// What it may be raised to.
    pub hard: u64,
}

/// Asks for a limit and notes it.
pub fn read(reading: Reading, site: &Site<'_>, resource: Resource) -> Reading {
    let (soft, hard) = site.host.limit(resource);
    reading.fact(name(resource), format!("{}:{}", shown(soft), shown(hard)))
}

/// The limit that was noted.
pub fn noted(reading: &Reading, resource: Resource) -> Option<Limit> {
    let (_, value) = reading
        .facts
        .iter()
        .find(|(fact, _)| fact == name(resource))?;
    let (soft, hard) = value.split_once(':')?;
    Some(Limit {
        soft: parse(soft)?,
        hard: parse(hard)?,
    })
}

/// A limit in words.
pub fn shown(value: u64) -> String {
    match value {
        u64::MAX => "unlimited".into(),
        value => value.to_string(),
    }
}

/// A limit from words; -1 is unlimited, as in containers.conf(5).
pub fn parse(text: &str) -> Option<u64> {
    match text {
        "unlimited" | "-1" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

/// Whether the caller may raise its hard limits.
pub fn may_raise(site: &Site<'_>) -> bool {
    site.capabilities & (1 << CAP_SYS_RESOURCE) != 0
}

/// The step by which the admin raises a limit for logins, limits.conf(5).
pub fn raise(item: &str, value: &str) -> Step {
    admin(
        Cost::AdminSysctl,
        &format!(
            "raise {item} for logins; for jobs raise the limit of the scheduler's daemon as well"
        ),
        &format!("echo '* - {item} {value}' > /etc/security/limits.d/90-hpcctl-{item}.conf"),
    )
}

fn name(resource: Resource) -> &'static str {
    match resource {
        Resource::Memlock => "getrlimit(RLIMIT_MEMLOCK)",
        Resource::Nofile => "getrlimit(RLIMIT_NOFILE)",
        Resource::Nproc => "getrlimit(RLIMIT_NPROC)",
        Resource::Stack => "getrlimit(RLIMIT_STACK)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_survives_being_noted() {
        let reading = Reading::new().fact(name(Resource::Nofile), "1024:unlimited");
        let limit = noted(&reading, Resource::Nofile).unwrap();
        assert_eq!((limit.soft, limit.hard), (1024, u64::MAX));
        assert_eq!(noted(&reading, Resource::Nproc), None);
    }
}
