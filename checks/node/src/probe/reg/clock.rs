//! `reg.clock`: does the clock agree with that of the registry?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, registry};

/// The row.
pub static PROBE: Probe = Probe {
    id: "reg.clock",
    manual: Manual {
        title: "Clock",
        what: "Whether the clock of the node is within five minutes of the Date of the registry.",
        why: "Tokens and certificates are refused by a clock that is wrong.",
        how: "The header Date of the answer to /v2/. Only with --network.",
        user: "",
        admin: "Run a client of NTP, such as chrony, on every node.",
        refs: &["chronyd(8)"],
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
    let Some(date) = answer
        .header("date")
        .as_deref()
        .and_then(registry::http_date)
    else {
        return Finding::skipped("the registry did not tell the time");
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let apart = now.map_or(u64::MAX, |now| now.as_secs().abs_diff(date));
    match apart {
        0..=300 => Finding::pass(format!("the clocks are {apart} s apart")),
        _ => Finding::fail(format!(
            "the clock is {apart} s from that of {}",
            answer.registry
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::tests::answered;

    #[test]
    fn the_answer_decides() {
        assert_eq!(answered(0, "401", judge), "skipped");
    }
}
