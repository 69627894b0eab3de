//! `kernel.binfmt`: can foreign programs run in containers?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

const DIR: &str = "/proc/sys/fs/binfmt_misc";

/// The row.
pub static PROBE: Probe = Probe {
    id: "kernel.binfmt",
    manual: Manual {
        title: "Programs of other machines",
        what: "Which interpreters for programs of another architecture are registered, and whether they reach into containers.",
        why: "An image for arm64 runs on x86_64 only by QEMU, registered in binfmt_misc; without the flag F the interpreter is looked for inside the container, where it is not.",
        how: "Lists /proc/sys/fs/binfmt_misc and reads its qemu-* entries.",
        user: "",
        admin: "Install qemu-user-static, which registers with F.",
        refs: &["https://docs.kernel.org/admin-guide/binfmt-misc.html"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let names = site.host.list(DIR).unwrap_or_default();
    let foreign = names.iter().filter(|name| name.starts_with("qemu-"));
    foreign.fold(Reading::new(), |reading, name| {
        reading.file(site, &format!("{DIR}/{name}"))
    })
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    if reading.files.is_empty() {
        return Finding::skipped("no interpreter for programs of other machines is registered");
    }
    let fixed = |text: &str| {
        let flags = text.lines().find_map(|line| line.strip_prefix("flags:"));
        flags.is_some_and(|flags| flags.contains('F'))
    };
    let lost = reading
        .files
        .iter()
        .find(|(_, read)| read.as_ref().is_ok_and(|text| !fixed(text)));
    match lost {
        Some((path, _)) => Finding::warn(format!(
            "{path} has no flag F: it is not found inside containers"
        )),
        None => Finding::pass(format!(
            "programs of {} other machines run, also in containers",
            reading.files.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn the_flag_decides() {
        let find = |flags: &str| {
            let text = format!("enabled\ninterpreter /usr/bin/qemu-arm\nflags: {flags}\n");
            let host = Scripted::new().file("/proc/sys/fs/binfmt_misc/qemu-arm", &text);
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find("OCF"), "pass");
        assert_eq!(find("OC"), "warn");
    }
}
