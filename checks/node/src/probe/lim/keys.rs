//! `lim.keys`: are there enough kernel keys?

use super::Probe;
use crate::finding;
use crate::{Finding, Manual, Reading, Site, sysctl};

const KEY: &str = "kernel.keys.maxkeys";
const PATH: &str = "/proc/sys/kernel/keys/maxkeys";

/// The row.
pub static PROBE: Probe = Probe {
    id: "lim.keys",
    manual: Manual {
        title: "Quota of keys",
        what: "How many keys a user may have, kernel.keys.maxkeys.",
        why: "runc makes a key a container: with the default of 200 the next container ends in \"disk quota exceeded\".",
        how: "Reads /proc/sys/kernel/keys/maxkeys.",
        user: "Choose a runtime that makes none: podman --runtime crun run …",
        admin: "sysctl -w kernel.keys.maxkeys=20000",
        refs: &["keyrings(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    Reading::new().file(site, PATH)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let number = match sysctl::number(reading, KEY) {
        Ok(number) => number,
        Err(finding) => return finding,
    };
    match number {
        0..1000 => Finding::warn(format!(
            "{KEY} is {number}: as many containers of a user at once fill it"
        ))
        .holding(false)
        .step(finding::sysctl(KEY, "20000")),
        _ => Finding::pass(format!("a user may have {number} keys")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn the_value_decides() {
        let find = |text: &str| {
            let host = Scripted::new().file(PATH, text);
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find("200\n"), "warn");
        assert_eq!(find("20000\n"), "pass");
        assert_eq!(find("x\n"), "unknown");
    }
}
