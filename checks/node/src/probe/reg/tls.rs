//! `reg.tls`: is the certificate of the registry trusted?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, registry};

/// The row.
pub static PROBE: Probe = Probe {
    id: "reg.tls",
    manual: Manual {
        title: "TLS with the registry",
        what: "Whether the certificate of the registry is trusted here.",
        why: "A proxy of the site that looks into TLS needs its certificate in the bundle of every node and every runtime.",
        how: "curl, to the first mirror, search registry or Docker Hub. Only with --network.",
        user: "",
        admin: "Add the certificate of the proxy to the bundle, by update-ca-trust or update-ca-certificates.",
        refs: &["update-ca-trust(8)"],
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
    match answer.curl {
        60 | 51 | 77 => Finding::fail(format!(
            "the certificate of {} is not trusted here (curl {})",
            answer.registry, answer.curl
        )),
        35 | 58 => Finding::fail(format!(
            "TLS with {} cannot be set up (curl {})",
            answer.registry, answer.curl
        )),
        5 | 6 | 7 | 28 => Finding::skipped("needs reg.tcp443, which fails"),
        _ => Finding::pass(format!("the certificate of {} is trusted", answer.registry)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::tests::answered;

    #[test]
    fn the_answer_decides() {
        assert_eq!(answered(60, "000", judge), "fail");
        assert_eq!(answered(35, "000", judge), "fail");
        assert_eq!(answered(28, "000", judge), "skipped");
        assert_eq!(answered(0, "200", judge), "pass");
    }
}
