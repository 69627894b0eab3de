//! `reg.tcp443`: can the registry be reached?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, registry};

/// The row.
pub static PROBE: Probe = Probe {
    id: "reg.tcp443",
    manual: Manual {
        title: "The way to the registry",
        what: "Whether a TCP connection to the registry can be made.",
        why: "Compute nodes often have no route to the outside.",
        how: "curl, to the first mirror, search registry or Docker Hub. Only with --network.",
        user: "Pull on the login node, or where the site has a proxy: export https_proxy=http://PROXY:PORT",
        admin: "A route, a proxy, or a mirror inside.",
        refs: &["tcp(7)"],
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
        7 => Finding::fail(format!(
            "{} refuses the connection, or there is no route",
            answer.registry
        )),
        28 => Finding::fail(format!(
            "{} does not answer in time: a firewall drops it",
            answer.registry
        )),
        5 | 6 => Finding::skipped("needs reg.resolve, which fails"),
        _ => Finding::pass(format!("{} can be reached", answer.registry)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::tests::answered;

    #[test]
    fn the_answer_decides() {
        assert_eq!(answered(7, "000", judge), "fail");
        assert_eq!(answered(6, "000", judge), "skipped");
        assert_eq!(answered(0, "401", judge), "pass");
    }
}
