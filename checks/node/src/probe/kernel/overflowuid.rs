//! `kernel.overflowuid`: which id stands for those that are not mapped?

use super::Probe;
use crate::finding;
use crate::{Finding, Manual, Reading, Site, sysctl};

const KEY: &str = "kernel.overflowuid";
const PATH: &str = "/proc/sys/kernel/overflowuid";

/// The row.
pub static PROBE: Probe = Probe {
    id: "kernel.overflowuid",
    manual: Manual {
        title: "Overflow id",
        what: "The id that stands for every user that a user namespace does not map.",
        why: "Files of others show as this id inside a container; software that knows only 65534 as nobody is confused by another.",
        how: "Reads /proc/sys/kernel/overflowuid.",
        user: "",
        admin: "sysctl -w kernel.overflowuid=65534",
        refs: &["user_namespaces(7)"],
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
        65_534 => Finding::pass("ids that are not mapped show as 65534"),
        other => Finding::warn(format!(
            "ids that are not mapped show as {other} instead of 65534"
        ))
        .step(finding::sysctl(KEY, "65534")),
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
        assert_eq!(find("65534\n"), "pass");
        assert_eq!(find("99\n"), "warn");
    }
}
