//! `sec.fakechown`: can a filter make the change of owners seem to work?

use hpcctl_host::{Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The calls that change owners.
#[cfg(target_arch = "x86_64")]
const CALLS: &[i64] = &[
    libc::SYS_chown,
    libc::SYS_fchown,
    libc::SYS_lchown,
    libc::SYS_fchownat,
];
#[cfg(not(target_arch = "x86_64"))]
const CALLS: &[i64] = &[libc::SYS_fchown, libc::SYS_fchownat];

/// The row.
pub static PROBE: Probe = Probe {
    id: "sec.fakechown",
    manual: Manual {
        title: "Faked change of owners",
        what: "Whether a seccomp filter can answer chown(2) by success without doing it.",
        why: "Package managers change owners while an image is built. With one id that fails, unless a filter fakes it: this is what `ch-image --force=seccomp` does, and it needs no subordinate ids.",
        how: "In a user namespace with one id, where chown(2) to uid 12 must fail: a filter that answers chown, fchown, lchown and fchownat by success, then chown(/, 12, 34).",
        user: "Build with fakeroot inside the image: ch-image build --force=fakeroot …",
        admin: "A kernel with CONFIG_SECCOMP_FILTER.",
        refs: &["seccomp(2)", "ch-image(1)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let filter = Op::SeccompErrno {
        calls: CALLS.to_vec(),
        errno: 0,
    };
    // Uid 12 is not mapped in there: a filter that does nothing cannot harm the node.
    let chown = Op::Chown {
        path: "/".into(),
        uid: 12,
        gid: 34,
    };
    let trial = Trial::in_user_namespace(&site.caller)
        .subject()
        .op(filter)
        .op(chown);
    Reading::new().trial(site, &trial)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.failed() {
        None if tried.step(1).is_some() => {
            Finding::pass("a filter makes chown(2) seem to work, so images build with one id")
        }
        None => Finding::unknown("the trial reported nothing"),
        Some(step) if site.seccomp == Some(2) => Finding::caused(
            &format!("chown(2) cannot be faked ({step})"),
            attribute::seccomp(site),
        ),
        Some(step) => Finding::fail(format!("chown(2) cannot be faked ({step})")),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Errno;
    use hpcctl_model::doctor::Status;

    use super::*;
    use crate::scripted::{Scripted, tried};

    fn find(steps: &[(&str, Result<i64, Errno>)]) -> Status {
        let reading = Reading {
            tried: vec![tried(steps)],
            ..Reading::new()
        };
        judge(&reading, &Site::new(&Scripted::new())).status
    }

    #[test]
    fn both_steps_must_work() {
        let filter = ("seccomp()", Ok(0));
        assert_eq!(find(&[filter, ("chown()", Ok(0))]), Status::Pass);
        assert_eq!(
            find(&[filter, ("chown()", Err(Errno::EINVAL))]),
            Status::Fail
        );
        assert_eq!(find(&[("seccomp()", Err(Errno::EINVAL))]), Status::Fail);
        assert_eq!(find(&[filter]), Status::Unknown);
    }
}
