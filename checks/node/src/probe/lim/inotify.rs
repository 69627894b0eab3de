//! `lim.inotify`: are there enough inotify instances?

use super::Probe;
use crate::finding;
use crate::{Finding, Manual, Reading, Site, sysctl};

const KEY: &str = "fs.inotify.max_user_instances";
const PATH: &str = "/proc/sys/fs/inotify/max_user_instances";

/// The row.
pub static PROBE: Probe = Probe {
    id: "lim.inotify",
    manual: Manual {
        title: "inotify instances",
        what: "How many inotify instances a user may have.",
        why: "Services in containers watch files; with 128 the next one ends in \"too many open files\" though few are open.",
        how: "Reads /proc/sys/fs/inotify/max_user_instances.",
        user: "",
        admin: "sysctl -w fs.inotify.max_user_instances=8192",
        refs: &["inotify(7)"],
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
        0..=128 => Finding::warn(format!(
            "{KEY} is {number}: a few containers of a user fill it"
        ))
        .step(finding::sysctl(KEY, "8192")),
        _ => Finding::pass(format!("a user may have {number} inotify instances")),
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
        assert_eq!(find("128\n"), "warn");
        assert_eq!(find("8192\n"), "pass");
    }
}
