//! `sec.memfdexec`: may programs run from memory?

use super::Probe;
use crate::finding;
use crate::{Finding, Manual, Reading, Site, sysctl};

const KEY: &str = "vm.memfd_noexec";

const PATH: &str = "/proc/sys/vm/memfd_noexec";

/// The row.
pub static PROBE: Probe = Probe {
    id: "sec.memfdexec",
    manual: Manual {
        title: "Programs in memory",
        what: "Whether a program may be executed from a memory file, the sysctl vm.memfd_noexec.",
        why: "runc copies itself to a memory file before it starts a container, against CVE-2019-5736; with the value 2 memory files cannot be executed.",
        how: "Reads /proc/sys/vm/memfd_noexec.",
        user: "",
        admin: "sysctl -w vm.memfd_noexec=1",
        refs: &[
            "memfd_create(2)",
            "https://docs.kernel.org/userspace-api/mfd_noexec.html",
        ],
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
        2 => Finding::warn(format!(
            "{KEY} is 2: programs in memory files cannot be executed, as runc does"
        ))
        .holding(false)
        .step(finding::sysctl(KEY, "1")),
        _ => Finding::pass("programs can be executed from memory files"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn the_file_decides() {
        let find = |text: &str| {
            let host = Scripted::new().file(PATH, text);
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find("2\n"), "warn");
        assert_eq!(find("0\n"), "pass");
    }
}
