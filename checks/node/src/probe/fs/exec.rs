//! `fs.exec`: can a program be run from where temporary files go?

use hpcctl_host::{Errno, Op, Stat, Trial};
use hpcctl_model::doctor::{Cost, Step};

use super::Probe;
use crate::finding::{admin, user};
use crate::{Cause, Finding, Manual, Reading, Site, attribute, filesystem};

/// What the script exits with.
const STATUS: i64 = 42;

/// The row.
pub static PROBE: Probe = Probe {
    id: "fs.exec",
    manual: Manual {
        title: "Running programs from TMPDIR",
        what: "Whether a script in a directory for temporary files can be executed.",
        why: "Builds, installers and runtimes unpack programs there and run them; hardened nodes mount /tmp noexec.",
        how: "Makes a private directory in TMPDIR with a script in it, executes it, looks at its exit status, and removes both.",
        user: "Point TMPDIR to a directory on a file system that is not mounted noexec.",
        admin: "A directory for temporary files in which everybody can write and run programs.",
        refs: &["execve(2)", "mount(8)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = Trial::new()
        .op(Op::Scratch(site.temp.clone()))
        .op(Op::Create {
            path: "script".into(),
            data: format!("#!/bin/sh\nexit {STATUS}\n"),
        })
        .op(Op::Exec(vec!["./script".into()]));
    Reading::new().stat(site, &site.temp).trial(site, &trial)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    let temp = &site.temp;
    let Some((step, errno)) = tried.failed().and_then(|step| Some((step, step.errno?))) else {
        return match tried.steps.last() {
            Some(step) if step.value == STATUS => {
                Finding::pass(format!("programs can be run from {temp}"))
            }
            Some(step) => Finding::unknown(format!(
                "the script in {temp} ended with {} instead of {STATUS}",
                step.value
            )),
            None => Finding::unknown("the trial reported nothing"),
        };
    };
    if !step.call.starts_with("execve") {
        let finding = Finding::fail(format!("no program can be put into {temp} ({step})"));
        return elsewhere(site).into_iter().fold(finding, Finding::step);
    }
    let stat = reading
        .stats
        .first()
        .and_then(|(_, stat)| stat.as_ref().ok());
    match (errno, stat) {
        (Errno::EACCES, Some(stat)) if stat.noexec => {
            Finding::caused("no program can be run from TMPDIR", noexec(site, stat))
        }
        (Errno::EACCES | Errno::EPERM, _) => Finding::fail(format!(
            "a program in {temp} may not be run ({errno}) though it is not mounted noexec: a policy on execution, such as fapolicyd, refuses it"
        )),
        (errno, _) => Finding::unknown(format!("a script in {temp} could not be run: {errno}")),
    }
}

fn noexec(site: &Site<'_>, stat: &Stat) -> Cause {
    let temp = &site.temp;
    let mount = filesystem::mount_point(site, temp, stat);
    let cause = match &mount {
        Some(mount) => Cause::new(format!("{temp} lies on {mount}, which is mounted noexec")),
        None => Cause::new(format!("{temp} is mounted noexec")),
    };
    let target = mount.unwrap_or_else(|| format!("$(findmnt -n -o TARGET -T {temp})"));
    let cause = elsewhere(site).into_iter().fold(cause, Cause::step);
    cause.step(admin(
        Cost::AdminSysctl,
        "mount it without noexec, here and in /etc/fstab",
        &format!("mount -o remount,exec {target}"),
    ))
}

/// Another directory, where the home is one from which programs can be run.
fn elsewhere(site: &Site<'_>) -> Option<Step> {
    let home = site.host.env("HOME").filter(|home| !home.is_empty())?;
    let stat = site.host.stat(&home).ok()?;
    let owned = stat.uid == site.caller.uid && !stat.noexec;
    owned.then(|| {
        user(
            Cost::User,
            "use a directory in your home for temporary files",
            "mkdir -p \"$HOME/tmp\" && export TMPDIR=\"$HOME/tmp\"",
        )
    })
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::Status;

    use super::*;
    use crate::scripted::{Scripted, stat, tried};

    fn find(host: &Scripted, noexec: bool, step: (&str, Result<i64, Errno>)) -> Finding {
        let mut on = stat(0o041777);
        on.noexec = noexec;
        let reading = Reading {
            tried: vec![tried(&[step])],
            stats: vec![("/tmp".into(), Ok(on))],
            ..Reading::new()
        };
        judge(&reading, &Site::new(host))
    }

    #[test]
    fn the_noexec_mount_is_named() {
        let host = Scripted::new().file(
            "/proc/self/mountinfo",
            "21 1 0:0 / /tmp rw,noexec - tmpfs tmp rw\n",
        );
        let found = find(&host, true, ("execve(./script)", Err(Errno::EACCES)));
        assert!(
            found
                .summary
                .ends_with("/tmp lies on /tmp, which is mounted noexec"),
            "{}",
            found.summary
        );
        assert_eq!(
            found.steps[0].command.as_deref(),
            Some("mount -o remount,exec /tmp")
        );
    }

    #[test]
    fn other_refusals_are_not_blamed_on_the_mount() {
        let host = Scripted::new();
        let policy = find(&host, false, ("execve(./script)", Err(Errno::EPERM)));
        assert!(policy.summary.contains("policy"), "{}", policy.summary);
        let no_shell = find(&host, false, ("execve(./script)", Err(Errno::ENOENT)));
        assert_eq!(no_shell.status, Status::Unknown);
        let full = find(
            &host,
            false,
            ("mkdtemp(/tmp/hpcctl-XXXXXX)", Err(Errno::ENOSPC)),
        );
        assert_eq!(full.status, Status::Fail);
    }

    #[test]
    fn the_status_decides() {
        let host = Scripted::new();
        assert_eq!(
            find(&host, false, ("execve(./script)", Ok(42))).status,
            Status::Pass
        );
        assert_eq!(
            find(&host, false, ("execve(./script)", Ok(1))).status,
            Status::Unknown
        );
    }
}
