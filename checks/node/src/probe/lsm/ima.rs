//! `lsm.ima`: does the kernel appraise programs before they run?

use hpcctl_host::{Errno, Op, Stat, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

const DIR: &str = "/sys/kernel/security/ima";
const CMDLINE: &str = "/proc/cmdline";

/// What the script exits with.
const STATUS: i64 = 42;

/// The row.
pub static PROBE: Probe = Probe {
    id: "lsm.ima",
    manual: Manual {
        title: "Integrity of files (IMA)",
        what: "Whether the kernel's Integrity Measurement Architecture lets a program run that was made just now.",
        why: "With appraisal enforced only signed files run: what a build or a container brings ends in \"Permission denied\" though every mode is right. Measurement alone costs time at each first start of a file.",
        how: "Where /sys/kernel/security/ima is there: a script in a private directory in TMPDIR is executed, and removed. ima_policy= and ima_appraise= of the kernel's command line are shown; the policy itself is root's to read.",
        user: "",
        admin: "Leave the file systems of containers out of the policy (fsuuid=, fsname=), or boot with ima_appraise=log.",
        refs: &[
            "https://ima-doc.readthedocs.io/",
            "https://docs.kernel.org/admin-guide/kernel-parameters.html",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let reading = Reading::new().stat(site, DIR);
    if !matches!(reading.stats.first(), Some((_, Ok(_)))) {
        return reading;
    }
    let trial = Trial::new()
        .op(Op::Scratch(site.temp.clone()))
        .op(Op::Create {
            path: "script".into(),
            data: format!("#!/bin/sh\nexit {STATUS}\n"),
        })
        .subject()
        .op(Op::Exec(vec!["./script".into()]));
    let line = site.host.read(CMDLINE).unwrap_or_default();
    let words: Vec<&str> = line
        .split_whitespace()
        .filter(|word| word.starts_with("ima"))
        .collect();
    reading
        .stat(site, &site.temp)
        .fact(CMDLINE, words.join(" "))
        .trial(site, &trial)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return match reading.stats.first() {
            Some((_, Err(Errno::ENOENT))) => {
                Finding::skipped("the kernel runs without IMA, as far as securityfs shows")
            }
            Some((path, Err(errno))) => {
                Finding::unknown(format!("{path} cannot be looked at: {errno}"))
            }
            _ => Finding::unknown("nothing was tried"),
        };
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    let words = reading
        .facts
        .first()
        .map_or("", |(_, words)| words.as_str());
    let enforced = words.contains("ima_appraise=enforce") || words.contains("appraise_tcb");
    let noexec =
        |(_, stat): &(String, Result<Stat, Errno>)| stat.as_ref().is_ok_and(|stat| stat.noexec);
    let enforced = enforced && !reading.stats.iter().any(noexec);
    match tried.step(0).map(|step| (step.errno, step.value)) {
        None => Finding::unknown("the trial reported nothing"),
        Some((None, STATUS)) => {
            Finding::pass("IMA is there and lets new programs of the caller run")
        }
        Some((Some(Errno::EACCES), _)) if enforced => Finding::fail(format!(
            "a new program may not run (EACCES), and the kernel was booted with {words}"
        )),
        Some((Some(errno), _)) => Finding::unknown(format!(
            "a new program may not run ({errno}); fs.exec says more"
        )),
        Some((None, value)) => {
            Finding::unknown(format!("the script ended with {value} instead of {STATUS}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    #[test]
    fn only_a_kernel_that_enforces_is_blamed() {
        let find = |words: &str, outcome| {
            let mut reading = Reading::new().fact(CMDLINE, words);
            reading.tried = vec![tried(&[("execve(./script)", outcome)])];
            judge(&reading, &Site::new(&Scripted::new()))
                .status
                .as_str()
        };
        assert_eq!(find("", Ok(STATUS)), "pass");
        assert_eq!(find("", Ok(1)), "unknown");
        assert_eq!(find("ima_appraise=enforce", Err(Errno::EACCES)), "fail");
        assert_eq!(find("", Err(Errno::EACCES)), "unknown");
        let without = Scripted::new();
        let site = Site::new(&without);
        assert_eq!(judge(&read(&site), &site).status.as_str(), "skipped");
    }
}
