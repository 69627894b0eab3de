//! `sys.keyctl`: is keyctl(2) there?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.keyctl",
    manual: Manual {
        title: "Kernel keyrings",
        what: "Whether the keyring of the session can be reached by keyctl(2).",
        why: "runc makes a keyring for each container, Kerberos keeps tickets there; a container may hide it.",
        how: "keyctl(2) with arguments that do nothing, in a forked child: what it answers tells whether it is there.",
        user: "",
        admin: "",
        refs: &["keyctl(2)", "keyrings(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = Trial::new().op(Op::Syscall {
        name: "keyctl",
        number: libc::SYS_keyctl,
        args: [0, u64::MAX - 2, 0, 0, 0, 0],
    });
    Reading::new().trial(site, &trial)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.step(0).map(|step| step.errno) {
        Some(None | Some(Errno::ENOKEY)) => {
            Finding::pass("the kernel has keyctl(2) and lets the caller use it")
        }
        Some(Some(Errno::ENOSYS)) if site.seccomp == Some(2) => {
            Finding::warn("keyctl(2) is not there, or hidden by the inherited seccomp filter")
                .holding(false)
        }
        Some(Some(Errno::ENOSYS)) => {
            Finding::warn("the kernel has no keyctl(2): CONFIG_KEYS is not set").holding(false)
        }
        Some(Some(errno @ (Errno::EPERM | Errno::EACCES))) => {
            Finding::warn(format!("keyctl(2) is refused ({errno}): a seccomp profile"))
                .holding(false)
        }
        Some(Some(errno)) => Finding::unknown(format!("keyctl(2) ended in {errno}")),
        None => Finding::unknown("the trial reported nothing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    #[test]
    fn absent_and_refused_are_told_apart() {
        let find = |errno| {
            let reading = Reading {
                tried: vec![tried(&[("keyctl()", Err(errno))])],
                ..Reading::new()
            };
            judge(&reading, &Site::new(&Scripted::new())).summary
        };
        assert!(find(Errno::ENOSYS).contains("has no"));
        assert!(find(Errno::EPERM).contains("refused"));
    }
}
