//! Which of the failed calls of a run may have mattered: every run has many that do not.

use hpcctl_host::Errno;
use hpcctl_host::trace::{Failed, Traced};

use crate::container_command;

/// How many of the last lines are looked at for a path.
const LAST: usize = 6;

/// The shortest name that counts as the name of a file in a line.
const NAME: usize = 3;

/// Places in which programs look for what may well not be there.
const LOOKED_FOR: &[&str] = &[
    "/locale",
    "charset.alias",
    "gconv",
    "/etc/ld.so",
    ".so",
    "/nscd/",
    "/proc/",
    "/sys/",
    "/etc/",
    "/dev/log",
];

/// Whether a failure is one of those that runs that succeed have, too.
pub(super) fn is_trivial(failed: &Failed, traced: &Traced) -> bool {
    let of = |names: &[&str]| names.contains(&failed.name);
    if of(&["execve", "execveat"]) && went_on(failed, traced) {
        return true;
    }
    if is_always(failed, traced) {
        return true;
    }
    if is_mentioned(failed, traced) {
        return false;
    }
    let groups = failed.call.contains("/sys/fs/cgroup") && !traced.output.contains("cgroup");
    match failed.errno {
        _ if groups => true,
        Errno::EINVAL => of(&["seccomp", "umount2", "prlimit64"]),
        Errno::EOPNOTSUPP => of(&["ioctl"]),
        Errno::ENOENT | Errno::ENOTDIR if of(&["mount"]) => {
            failed.call.contains("/proc/") || failed.call.contains("/sys/")
        }
        Errno::ENOENT if of(&["openat", "open", "openat2"]) => !failed.call.contains("/dev/"),
        Errno::ENOENT | Errno::ECONNREFUSED if of(&["connect"]) => {
            LOOKED_FOR.iter().any(|place| failed.call.contains(place))
        }
        Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES if of(&["openat", "open"]) => {
            LOOKED_FOR.iter().any(|place| failed.call.contains(place))
        }
        _ => false,
    }
}

/// Whether a failure never matters: what was to be made is there, or the call is made again.
fn is_always(failed: &Failed, traced: &Traced) -> bool {
    let says_so = traced.output.to_lowercase().contains("file exists");
    let makes = [
        "mkdir",
        "mkdirat",
        "symlinkat",
        "mknod",
        "mknodat",
        "openat",
        "open",
    ];
    match failed.errno {
        Errno::EFAULT | Errno::EINPROGRESS | Errno::EINTR | Errno::EAGAIN | Errno::ENOTTY => true,
        Errno::EEXIST => makes.contains(&failed.name) && !says_so,
        _ => false,
    }
}

/// Whether a process found a program after all, as one that looks along PATH does.
fn went_on(failed: &Failed, traced: &Traced) -> bool {
    let name = |path: &str| {
        path.trim_end_matches(')')
            .rsplit('/')
            .next()
            .map(ToOwned::to_owned)
    };
    let mut later = traced.executed.iter().filter(|found| found.at > failed.at);
    later.any(|found| found.pid == failed.pid && name(&found.path) == name(&failed.call))
}

/// Whether the last lines of the run name the file that a call is about.
pub(super) fn is_mentioned(failed: &Failed, traced: &Traced) -> bool {
    let lines = traced
        .output
        .lines()
        .rev()
        .filter(|line| !line.trim().is_empty());
    let inner = failed.call.split_once('(').map_or("", |(_, inner)| inner);
    let inner = inner.trim_end_matches(')');
    let paths: Vec<&str> = inner
        .split(", ")
        .filter(|word| word.len() >= NAME)
        .collect();
    let mut lines = lines.take(LAST);
    lines.any(|line| {
        paths.iter().any(|path| {
            let name = path
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or(path);
            let whole = path.starts_with('/') && path.len() > 1 && has_word(line, path);
            whole || (is_telling(name) && path.contains('/') && has_word(line, name))
        })
    })
}

/// Whether the name of a file says which is meant: runtimes begin their lines with their own.
fn is_telling(name: &str) -> bool {
    let runtime = ["crun", "runc", "conmon"].contains(&name);
    name.len() >= NAME && !runtime && container_command::program(name).is_none()
}

/// Whether a line has a word, and not only as a part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut found = line.match_indices(word);
    found.any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..]
            .trim_start_matches('.')
            .chars()
            .next();
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

/// The last call that a line names, else the last that is not trivial; of the calls of these
/// processes.
pub(super) fn decisive<'a>(calls: &[&'a Failed], traced: &Traced) -> Option<&'a Failed> {
    let tried = |failed: &Failed| {
        is_always(failed, traced) || (failed.name.starts_with("execve") && went_on(failed, traced))
    };
    let mentioned = calls
        .iter()
        .rev()
        .find(|failed| is_mentioned(failed, traced) && !tried(failed));
    let matters = || {
        calls
            .iter()
            .rev()
            .find(|failed| !is_trivial(failed, traced))
    };
    mentioned.or_else(matters).copied()
}

#[cfg(test)]
mod tests {
    use hpcctl_host::trace::Executed;

    use super::*;

    fn failed(name: &'static str, call: &str, errno: Errno, at: usize) -> Failed {
        Failed {
            pid: 1,
            program: "p".into(),
            name,
            call: call.into(),
            errno,
            inside: false,
            at,
        }
    }

    #[test]
    fn what_each_run_has_is_trivial() {
        let traced = Traced::default();
        for (name, call, errno) in [
            (
                "openat",
                "openat(/usr/lib/locale/locale-archive)",
                Errno::ENOENT,
            ),
            ("seccomp", "seccomp()", Errno::EFAULT),
            ("mkdirat", "mkdirat(/run/libpod)", Errno::EEXIST),
            ("connect", "connect(/var/run/nscd/socket)", Errno::ENOENT),
            ("connect", "connect(1.2.3.4:53)", Errno::EINPROGRESS),
            ("mount", "mount(/dev/null, /proc/kcore)", Errno::ENOENT),
        ] {
            assert!(is_trivial(&failed(name, call, errno, 1), &traced), "{call}");
        }
        for (name, call, errno) in [
            ("mount", "mount(proc, /proc, proc)", Errno::EPERM),
            ("openat", "openat(/dev/net/tun)", Errno::ENOENT),
            ("unshare", "unshare(CLONE_NEWUSER)", Errno::EPERM),
        ] {
            assert!(
                !is_trivial(&failed(name, call, errno, 1), &traced),
                "{call}"
            );
        }
    }

    #[test]
    fn a_search_along_the_path_is_trivial_where_it_finds_something() {
        let search = failed("execve", "execve(/usr/bin/false)", Errno::ENOENT, 1);
        let mut traced = Traced::default();
        assert!(!is_trivial(&search, &traced));
        traced.executed.push(Executed {
            pid: 1,
            path: "/bin/false".into(),
            words: Vec::new(),
            inside: true,
            within: false,
            at: 2,
        });
        assert!(is_trivial(&search, &traced));
    }

    #[test]
    fn what_a_line_names_decides() {
        let calls = [
            failed("openat", "openat(/usr/zzz)", Errno::EACCES, 1),
            failed("openat", "openat(/usr/lib/locale/C)", Errno::ENOENT, 2),
            failed("mount", "mount(a, /b)", Errno::EPERM, 3),
        ];
        let calls: Vec<&Failed> = calls.iter().collect();
        let said = |output: &str| Traced {
            output: output.into(),
            ..Traced::default()
        };
        let of = |output: &str| decisive(&calls, &said(output)).map(|found| found.at);
        assert_eq!(
            of("touch: cannot touch '/usr/zzz': Permission denied\n"),
            Some(1)
        );
        assert_eq!(of("touch: zzzz and azzz\n"), Some(3));
        assert_eq!(decisive(&calls[1..2], &said("")), None);
        let made = failed("mkdirat", "mkdirat(/run/crun)", Errno::EEXIST, 4);
        let own = failed("mkdirat", "mkdirat(/run/crun)", Errno::EACCES, 5);
        let limits = failed("prlimit64", "prlimit64(RLIMIT_NOFILE)", Errno::EPERM, 3);
        let crun = said("Error: crun: setrlimit RLIMIT_NOFILE: Operation not permitted");
        let of = |calls: &[&Failed]| decisive(calls, &crun).map(|found| found.at);
        assert_eq!(of(&[&limits, &made]), Some(3));
        assert!(!is_mentioned(&own, &crun));
    }
}
