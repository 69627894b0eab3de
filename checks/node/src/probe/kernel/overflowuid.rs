//! `kernel.overflowuid`: which id stands for those that are not mapped?

use super::Probe;
use crate::finding::sysctl;
use crate::{Finding, Manual, Reading, Site};

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
    let value = match reading.files.first() {
        Some((_, Ok(text))) => text.trim(),
        Some((_, Err(hpcctl_host::Errno::ENOENT))) => {
            return Finding::skipped("the kernel has no such setting");
        }
        _ => return Finding::unknown(format!("{PATH} cannot be read")),
    };
    let Ok(number) = value.parse::<u64>() else {
        return Finding::unknown(format!("{KEY} is {value:?}, which is no number"));
    };
    match number {
        65_534 => Finding::pass("ids that are not mapped show as 65534"),
        other => Finding::warn(format!(
            "ids that are not mapped show as {other} instead of 65534"
        ))
        .step(sysctl(KEY, "65534")),
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
