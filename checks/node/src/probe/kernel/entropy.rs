//! `kernel.entropy`: is the source of random numbers ready?

use hpcctl_host::{Errno, Op, Trial};
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, attribute};

const PATH: &str = "/proc/sys/kernel/random/entropy_avail";

/// `GRND_NONBLOCK`, getrandom(2).
const NONBLOCK: u64 = 1;

/// The row.
pub static PROBE: Probe = Probe {
    id: "kernel.entropy",
    manual: Manual {
        title: "Random numbers",
        what: "Whether the kernel's source of random numbers is ready.",
        why: "On a freshly booted diskless node or virtual machine without a generator in hardware, each program that asks for a random number waits: sshd, TLS with a registry, the names of containers. It looks like a hang.",
        how: "getrandom(2) of no bytes with GRND_NONBLOCK, in a forked child: EAGAIN tells that it is not ready. The estimate in /proc/sys/kernel/random/entropy_avail is shown.",
        user: "",
        admin: "Boot with random.trust_cpu=on, or give the virtual machine a virtio-rng device.",
        refs: &["getrandom(2)", "random(4)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let call = Op::Syscall {
        name: "getrandom",
        number: libc::SYS_getrandom,
        args: [0, 0, NONBLOCK, 0, 0, 0],
    };
    Reading::new()
        .file(site, PATH)
        .trial(site, &Trial::new().subject().op(call))
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.step(0).map(|step| step.errno) {
        None => Finding::unknown("the trial reported nothing"),
        Some(None) => Finding::pass("the source of random numbers is ready"),
        Some(Some(Errno::EAGAIN)) => Finding::fail(
            "the source of random numbers is not ready: programs wait for it",
        )
        .step(admin(
            Cost::Reboot,
            "let the kernel trust the generator of the processor",
            "grubby --update-kernel=ALL --args=random.trust_cpu=on && reboot",
        )),
        Some(Some(errno)) => Finding::unknown(format!("getrandom(2) ended in {errno}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    #[test]
    fn only_eagain_is_a_source_that_is_not_ready() {
        let find = |outcome| {
            let reading = Reading {
                tried: vec![tried(&[("getrandom()", outcome)])],
                ..Reading::new()
            };
            judge(&reading, &Site::new(&Scripted::new()))
                .status
                .as_str()
        };
        assert_eq!(find(Ok(0)), "pass");
        assert_eq!(find(Err(Errno::EAGAIN)), "fail");
        assert_eq!(find(Err(Errno::ENOSYS)), "unknown");
    }
}
