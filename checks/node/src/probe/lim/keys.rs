//! `lim.keys`: are there enough kernel keys?

use super::Probe;
use crate::finding::sysctl;
use crate::{Finding, Manual, Reading, Site};

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
        user: "podman run --runtime crun, which makes none.",
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
        0..1000 => Finding::warn(format!(
            "{KEY} is {number}: as many containers of a user at once fill it"
        ))
        .holding(false)
        .step(sysctl(KEY, "20000")),
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
