//! One kind of namespace inside a user namespace: what the seven probes of it share.

use hpcctl_host::{Errno, Op, Trial};

use crate::{Cause, Finding, Reading, Site, attribute};

/// A kind of namespace.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The flag for unshare(2).
    pub flag: i32,
    /// The word in `user.max_…_namespaces`.
    pub word: &'static str,
    /// The option that builds it into the kernel.
    pub option: &'static str,
}

/// Makes a user namespace, and in it one of this kind.
pub fn read(site: &Site<'_>, kind: Kind) -> Reading {
    let trial = Trial::in_user_namespace(&site.caller)
        .subject()
        .op(Op::Unshare(kind.flag));
    Reading::new().trial(site, &trial)
}

/// Judges whether it could be made.
pub fn judge(reading: &Reading, site: &Site<'_>, kind: Kind) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    let word = kind.word;
    match tried.step(0) {
        None => Finding::unknown("the trial reported nothing"),
        Some(step) => match step.errno {
            None => Finding::pass(format!(
                "a {word} namespace can be made inside a user namespace"
            )),
            Some(errno) => Finding::caused(
                &format!("{word} namespaces are refused"),
                cause(errno, site, kind),
            ),
        },
    }
}

fn cause(errno: Errno, site: &Site<'_>, kind: Kind) -> Cause {
    match errno {
        Errno::ENOSPC => attribute::limit(kind.word, site),
        Errno::EINVAL => attribute::not_built(kind.option),
        Errno::EPERM | Errno::ENOSYS if site.seccomp == Some(2) => attribute::seccomp(site),
        Errno::EPERM | Errno::EACCES => attribute::security_module(site),
        other => Cause::new(format!("unshare(2) ended in {other}")),
    }
}
