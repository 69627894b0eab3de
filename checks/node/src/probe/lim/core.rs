//! `lim.core`: where do core dumps go?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, sysctl};

const KEY: &str = "kernel.core_pattern";
const PATH: &str = "/proc/sys/kernel/core_pattern";

/// The row.
pub static PROBE: Probe = Probe {
    id: "lim.core",
    manual: Manual {
        title: "Core dumps",
        what: "Where the kernel writes core dumps, kernel.core_pattern.",
        why: "A pipe starts its program outside of the container, on the node, for each crash of each rank: thousands at once on a parallel file system, or none that the user finds.",
        how: "Reads /proc/sys/kernel/core_pattern.",
        user: "Where cores are not wanted: ulimit -c 0",
        admin: "",
        refs: &["core(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    Reading::new().file(site, PATH)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let value = match sysctl::text(reading) {
        Ok(value) => value,
        Err(finding) => return finding,
    };
    match value.strip_prefix('|') {
        Some(program) => {
            Finding::pass(format!("core dumps go to a program on the node: {program}"))
        }
        None => Finding::pass(format!(
            "core dumps are written as {value:?} below the directory of the process, {KEY}"
        )),
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
        assert_eq!(find("|/usr/lib/systemd/systemd-coredump %P\n"), "pass");
        assert_eq!(find("core\n"), "pass");
    }
}
