//! `uid.suid.runtimes`: do set-user-id runtimes gain their privileges?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, privilege};

const PROGRAMS: &[&str] = &["sarus", "shifter"];

/// The number of the capability, capabilities(7).
const CAP_SYS_ADMIN: u32 = 21;

/// The row.
pub static PROBE: Probe = Probe {
    id: "uid.suid.runtimes",
    manual: Manual {
        title: "Set-user-id runtimes",
        what: "Whether the set-user-id programs of Sarus and Shifter gain privileges when the caller starts them.",
        why: "They mount images as root; on a file system mounted nosuid, or in a job with no_new_privs, they gain nothing and fail.",
        how: "stat(2) of sarus and shifter in PATH, their file system, and no_new_privs.",
        user: "",
        admin: "Let the program belong to root with mode u+s, on a file system that is not mounted nosuid.",
        refs: &["execve(2)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let found = PROGRAMS
        .iter()
        .filter_map(|program| site.host.which(program));
    found.fold(Reading::new(), |reading, path| reading.stat(site, &path))
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if reading.stats.is_empty() {
        return Finding::skipped("no set-user-id runtime is installed");
    }
    for (path, stat) in &reading.stats {
        let Ok(stat) = stat else {
            return Finding::unknown(format!("{path} cannot be looked at"));
        };
        if let Some(cause) = privilege::obstacle(site, path, stat, CAP_SYS_ADMIN) {
            return Finding::caused("a set-user-id runtime gains nothing", cause);
        }
    }
    Finding::pass("set-user-id runtimes gain their privileges")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    #[test]
    fn the_bit_must_be_there() {
        let find = |mode| {
            let host = Scripted::new()
                .program("sarus", "/opt/sarus/bin/sarus")
                .stat("/opt/sarus/bin/sarus", stat(mode));
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find(0o104755), "pass");
        assert_eq!(find(0o100755), "fail");
    }
}
