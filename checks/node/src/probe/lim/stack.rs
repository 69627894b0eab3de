//! `lim.stack`: how large may a stack be?

use hpcctl_host::Resource;

use super::Probe;
use crate::limit::{self, shown};
use crate::{Finding, Manual, Reading, Site};

/// What compilers of Fortran put on the stack is soon larger than this.
const SMALL: u64 = 64 << 20;

/// The row.
pub static PROBE: Probe = Probe {
    id: "lim.stack",
    manual: Manual {
        title: "Stack",
        what: "The limit of the stack of a process, and to what it may be raised.",
        why: "Fortran programs and OpenMP regions keep whole arrays on the stack and die of SIGSEGV at the limit. `ulimit -s unlimited` in the job script helps only where the hard limit allows it; a container inherits both.",
        how: "getrlimit(RLIMIT_STACK), against 64 MiB.",
        user: "For threads set OMP_STACKSIZE; for the program, before it is started: ulimit -s unlimited",
        admin: "`* hard stack unlimited` in /etc/security/limits.d, LimitSTACK=infinity for the scheduler's daemon.",
        refs: &["getrlimit(2)", "limits.conf(5)"],
    },
    read: |site| limit::read(Reading::new(), site, Resource::Stack),
    judge,
};

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some(limit) = limit::noted(reading, Resource::Stack) else {
        return Finding::unknown("the limit cannot be read");
    };
    let (soft, hard) = (shown(limit.soft), shown(limit.hard));
    match limit.hard < SMALL {
        true => Finding::warn(format!(
            "the stack may not be larger than {hard} bytes, below {SMALL}"
        ))
        .holding(false)
        .step(limit::raise("stack", "unlimited")),
        false => Finding::pass(format!(
            "the limit of the stack is {soft}, and may be raised to {hard}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn the_hard_limit_counts() {
        let find = |limit: &str| {
            let reading = Reading::new().fact("getrlimit(RLIMIT_STACK)", limit);
            judge(&reading, &Site::new(&Scripted::new()))
                .status
                .as_str()
        };
        assert_eq!(find("8388608:unlimited"), "pass");
        assert_eq!(find("8388608:8388608"), "warn");
        assert_eq!(find("?"), "unknown");
    }
}
