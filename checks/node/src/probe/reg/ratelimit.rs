//! `reg.ratelimit`: how many pulls does the registry still allow?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, registry};

/// The row.
pub static PROBE: Probe = Probe {
    id: "reg.ratelimit",
    manual: Manual {
        title: "Rate limit",
        what: "What the registry says of its limit in the headers RateLimit-Limit and RateLimit-Remaining.",
        why: "Docker Hub counts pulls by address: behind one address of a site a few jobs use the limit up, and tools wait silently instead of failing.",
        how: "The headers of the answer to /v2/. Only with --network.",
        user: "Log in: the limit of an account is higher.",
        admin: "A mirror at the site.",
        refs: &["https://docs.docker.com/docker-hub/usage/"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    registry::ask(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let answer = match registry::answer(reading, site) {
        Ok(answer) => answer,
        Err(finding) => return finding,
    };
    match (answer.status, answer.header("ratelimit-remaining")) {
        (429, _) => Finding::fail(format!(
            "{} answers 429: the limit is used up",
            answer.registry
        )),
        (_, Some(left)) if left.starts_with("0") => {
            Finding::fail(format!("{} allows no more pulls now", answer.registry))
        }
        (_, Some(left)) => Finding::pass(format!("{} allows {left} more pulls", answer.registry)),
        (0, None) => Finding::skipped("needs reg.v2ping, which fails"),
        (_, None) => Finding::skipped(format!("{} tells of no limit", answer.registry)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::tests::answered;

    #[test]
    fn the_answer_decides() {
        assert_eq!(answered(0, "429", judge), "fail");
        assert_eq!(answered(0, "401", judge), "skipped");
        assert_eq!(answered(7, "000", judge), "skipped");
    }
}
