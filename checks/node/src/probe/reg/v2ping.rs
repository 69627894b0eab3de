//! `reg.v2ping`: does the registry answer?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, registry};

/// The row.
pub static PROBE: Probe = Probe {
    id: "reg.v2ping",
    manual: Manual {
        title: "The registry answers",
        what: "Whether the registry answers to GET /v2/ with 200 or 401.",
        why: "Everything between the node and the registry must work for a pull: the name, the route, a proxy, TLS.",
        how: "curl, to the first mirror, search registry or Docker Hub. Only with --network.",
        user: "Pull where the network is, and copy the image.",
        admin: "Open the way to the registry or run a mirror.",
        refs: &["https://github.com/opencontainers/distribution-spec"],
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
    match (answer.curl, answer.status) {
        (0, 200 | 401) => Finding::pass(format!("{} answers", answer.registry)),
        (0, 429) => Finding::fail(format!(
            "{} answers 429: too many requests from this address",
            answer.registry
        )),
        (0, status) => Finding::fail(format!("{} answers {status} to /v2/", answer.registry)),
        (6, _) => Finding::fail(format!("the name {} cannot be resolved", answer.registry)),
        (7 | 28, _) => Finding::fail(format!("{} cannot be reached", answer.registry)),
        (35 | 51 | 58 | 60 | 77, _) => Finding::fail(format!(
            "TLS with {} fails (curl {})",
            answer.registry, answer.curl
        )),
        (curl, _) => Finding::unknown(format!("curl ended with {curl} at {}", answer.registry)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::tests::answered;

    #[test]
    fn the_answer_decides() {
        assert_eq!(answered(0, "401", judge), "pass");
        assert_eq!(answered(0, "503", judge), "fail");
        assert_eq!(answered(6, "000", judge), "fail");
        assert_eq!(answered(99, "000", judge), "unknown");
    }
}
