//! `lim.pid_max`: are there enough process numbers?

use super::Probe;
use crate::finding;
use crate::{Finding, Manual, Reading, Site, sysctl};

const KEY: &str = "kernel.pid_max";
const PATH: &str = "/proc/sys/kernel/pid_max";

/// The row.
pub static PROBE: Probe = Probe {
    id: "lim.pid_max",
    manual: Manual {
        title: "Process numbers",
        what: "How many processes the node can have, kernel.pid_max.",
        why: "A node with hundreds of cores and a container a rank runs out of the old 32768, and fork(2) ends in EAGAIN.",
        how: "Reads /proc/sys/kernel/pid_max.",
        user: "",
        admin: "sysctl -w kernel.pid_max=4194304",
        refs: &["proc_sys_kernel(5)"],
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
        0..=32_768 => Finding::warn(format!(
            "{KEY} is {number}, little for a node with many cores"
        ))
        .step(finding::sysctl(KEY, "4194304")),
        _ => Finding::pass(format!("the node can have {number} processes")),
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
        assert_eq!(find("32768\n"), "warn");
        assert_eq!(find("4194304\n"), "pass");
    }
}
