//! `apptainer.caps`: has root what Apptainer asks for?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::{Finding, Manual, Reading, Site};

const LAST: &str = "/proc/sys/kernel/cap_last_cap";

/// The row.
pub static PROBE: Probe = Probe {
    id: "apptainer.caps",
    manual: Manual {
        title: "Capabilities of root for Apptainer",
        what: "Whether root has every capability of the kernel.",
        why: "Apptainer run by root asks for all of them: in a container or a service where root lacks one it ends in \"Requesting capability set … while permitted capability set is …\".",
        how: "CapEff of /proc/self/status against /proc/sys/kernel/cap_last_cap, where root asks.",
        user: "",
        admin: "Run it as an ordinary user, or give root the capability.",
        refs: &["capabilities(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    if !site.is_root() || site.host.which("apptainer").is_none() {
        return Reading::new();
    }
    Reading::new()
        .file(site, LAST)
        .fact("CapEff", format!("{:#x}", site.capabilities))
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if !site.is_root() {
        return Finding::skipped("an ordinary user needs none").holding(true);
    }
    if reading.files.is_empty() {
        return Finding::skipped("Apptainer is not installed");
    }
    let last = reading
        .text(LAST)
        .and_then(|text| text.trim().parse::<u32>().ok());
    let Some(last) = last.filter(|last| *last < 64) else {
        return Finding::unknown("the kernel does not tell its last capability");
    };
    let missing: Vec<String> = (0..=last)
        .filter(|number| site.capabilities & (1 << number) == 0)
        .map(|number| number.to_string())
        .collect();
    if missing.is_empty() {
        return Finding::pass("root has every capability");
    }
    Finding::fail(format!(
        "root lacks capability {}, by number: Apptainer refuses to start",
        missing.join(", ")
    ))
    .step(user(
        Cost::User,
        "run it as an ordinary user",
        "su - USER -c 'apptainer …'",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn one_that_is_missing_is_told() {
        let find = |capabilities| {
            let mut host = Scripted::new()
                .file(LAST, "40\n")
                .program("apptainer", "/usr/bin/apptainer");
            host.caller.uid = 0;
            let mut site = Site::new(&host);
            site.capabilities = capabilities;
            judge(&read(&site), &site)
        };
        assert_eq!(find(0x1ff_ffff_ffff).holds, Some(true));
        assert!(find(0x1ff_feff_ffff).summary.contains("24"));
    }
}
