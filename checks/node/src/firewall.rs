//! Firewall programs, tried in a network namespace: what the probes of them share.

use hpcctl_host::{Op, Trial};

use crate::{Finding, Reading, Site, attribute};

/// Where the programs are that an ordinary user's PATH may lack.
const DIRS: &[&str] = &["/usr/sbin", "/sbin"];

/// Runs a program that makes a rule, in user, mount and network namespaces of its own.
///
/// A new tmpfs hides /run, where iptables would leave its lock file.
pub fn read(site: &Site<'_>, program: &str, args: &[&str]) -> Reading {
    let in_path = site.host.which(program);
    let path = in_path.or_else(|| {
        let paths = DIRS.iter().map(|dir| format!("{dir}/{program}"));
        paths.into_iter().find(|path| site.host.stat(path).is_ok())
    });
    let Some(path) = path else {
        return Reading::new();
    };
    let args = args.iter().map(ToString::to_string);
    let trial = Trial::in_mount_namespace(&site.caller)
        .op(Op::tmpfs("/run"))
        .op(Op::Unshare(libc::CLONE_NEWNET))
        .subject()
        .op(Op::Exec(std::iter::once(path).chain(args).collect()));
    Reading::new().trial(site, &trial)
}

/// Judges whether the rule could be made.
pub fn judge(reading: &Reading, program: &str) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::skipped(format!("{program} is not installed")).holding(false);
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.step(0).map(|step| (step, step.errno, step.value)) {
        Some((_, None, 0)) => Finding::pass(format!(
            "{program} makes rules in a network namespace of the caller's"
        )),
        Some((_, None, status)) => Finding::warn(format!(
            "{program} cannot make rules in a network namespace of the caller's (exit status {status})"
        ))
        .holding(false),
        Some((step, Some(_), _)) => Finding::unknown(format!("{program} cannot be run: {step}")),
        None => Finding::unknown("the trial reported nothing"),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Errno;

    use super::*;
    use crate::scripted::tried;

    #[test]
    fn absent_refused_and_working_differ() {
        let find = |outcome| {
            let reading = Reading {
                tried: vec![tried(&[("execve(/usr/sbin/nft)", outcome)])],
                ..Reading::new()
            };
            judge(&reading, "nft").status.as_str()
        };
        assert_eq!(find(Ok(0)), "pass");
        assert_eq!(find(Ok(1)), "warn");
        assert_eq!(find(Err(Errno::EACCES)), "unknown");
        let absent = judge(&Reading::new(), "nft");
        assert_eq!(
            (absent.status.as_str(), absent.holds),
            ("skipped", Some(false))
        );
    }
}
