//! `kernel.vsyscall`: do programs of very old images start?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

const PATH: &str = "/proc/self/maps";

/// The row.
pub static PROBE: Probe = Probe {
    id: "kernel.vsyscall",
    manual: Manual {
        title: "vsyscall",
        what: "Whether the kernel has the vsyscall page that C libraries before 2.14 call.",
        why: "Images of CentOS 6 and older end in a segmentation fault at their start without it; kernels since 2016 may be built or booted without.",
        how: "Looks for [vsyscall] in /proc/self/maps.",
        user: "",
        admin: "Boot with vsyscall=emulate.",
        refs: &["https://docs.kernel.org/admin-guide/kernel-parameters.html"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    Reading::new().file(site, PATH)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    match reading.files.first() {
        Some((_, Ok(text))) if text.contains("[vsyscall]") => {
            Finding::pass("programs that call vsyscall start")
        }
        Some((_, Ok(_))) => {
            Finding::skipped("no vsyscall page: images of CentOS 6 and older do not start")
        }
        _ => Finding::unknown(format!("{PATH} cannot be read")),
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
        assert_eq!(
            find("ffffffffff600000-ffffffffff601000 --xp [vsyscall]\n"),
            "pass"
        );
        assert_eq!(find("00400000-00401000 r-xp /bin/true\n"), "skipped");
    }
}
