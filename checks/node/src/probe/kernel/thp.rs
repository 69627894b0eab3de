//! `kernel.thp`: does the kernel make huge pages by itself?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

const PATH: &str = "/sys/kernel/mm/transparent_hugepage/enabled";

/// The row.
pub static PROBE: Probe = Probe {
    id: "kernel.thp",
    manual: Manual {
        title: "Transparent huge pages",
        what: "Whether the kernel gives programs huge pages on its own, and when.",
        why: "Codes that walk large arrays gain by them, some databases lose; it is one setting for the node and all its containers, so that results inside and outside differ by it alone where nodes differ.",
        how: "The word in brackets in /sys/kernel/mm/transparent_hugepage/enabled.",
        user: "",
        admin: "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled",
        refs: &["https://docs.kernel.org/admin-guide/mm/transhuge.html"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    Reading::new().file(site, PATH)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some((_, Ok(text))) = reading.files.first() else {
        return Finding::skipped("the kernel makes no huge pages by itself");
    };
    let word = text
        .split_once('[')
        .and_then(|(_, rest)| rest.split(']').next());
    match word {
        Some(word) => Finding::pass(format!("transparent huge pages: {word}")),
        None => Finding::unknown(format!("{PATH} says {:?}", text.trim())),
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
        assert_eq!(find("always [madvise] never\n"), "pass");
        assert_eq!(find("nonsense\n"), "unknown");
    }
}
