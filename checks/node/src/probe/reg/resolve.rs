//! `reg.resolve`: can the name of the registry be resolved?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, registry};

/// The row.
pub static PROBE: Probe = Probe {
    id: "reg.resolve",
    manual: Manual {
        title: "The name of the registry",
        what: "Whether the name of the registry can be resolved.",
        why: "Compute nodes often have no resolver for names outside of the site.",
        how: "curl, to the first mirror, search registry or Docker Hub. Only with --network.",
        user: "",
        admin: "A resolver, or a mirror with a name of the site.",
        refs: &["resolv.conf(5)"],
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
        6 => Finding::fail(format!("the name {} cannot be resolved", answer.registry)),
        5 => Finding::fail("the name of the proxy cannot be resolved"),
        _ => Finding::pass(format!("{} can be resolved", answer.registry)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::tests::answered;

    #[test]
    fn the_answer_decides() {
        assert_eq!(answered(6, "000", judge), "fail");
        assert_eq!(answered(7, "000", judge), "pass");
    }
}
