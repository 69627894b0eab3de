//! `mpi.knem`: is knem within reach?

use hpcctl_host::{Op, Trial};
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, attribute};

const MODULE: &str = "/sys/module/knem";
const NODE: &str = "/dev/knem";

/// The row.
pub static PROBE: Probe = Probe {
    id: "mpi.knem",
    manual: Manual {
        title: "KNEM",
        what: "Whether the kernel module knem is loaded and the caller may open /dev/knem.",
        why: "KNEM copies large messages between the ranks of a node in the kernel; MPI libraries built for it fall back to slower ways without.",
        how: "/sys/module/knem, and open(2) of /dev/knem in a forked child.",
        user: "",
        admin: "modprobe knem, and a udev rule with MODE=\"0666\".",
        refs: &["https://knem.gitlabpages.inria.fr/"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let reading = Reading::new().stat(site, MODULE);
    if !matches!(reading.stats.first(), Some((_, Ok(_)))) {
        return reading;
    }
    let trial = Trial::new().op(Op::Open {
        path: NODE.into(),
        write: true,
    });
    reading.trial(site, &trial)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::skipped("the module is not loaded").holding(false);
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.failed() {
        None => Finding::pass(format!("{NODE} can be opened")),
        Some(step) => Finding::warn(format!("the module is loaded, but {step}"))
            .holding(false)
            .step(admin(
                Cost::AdminSysctl,
                "let everybody open it",
                &format!("chmod 0666 {NODE}"),
            )),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Errno;

    use super::*;
    use crate::scripted::{Scripted, tried};

    #[test]
    fn a_closed_device_is_a_warning() {
        let find = |tries: Vec<hpcctl_host::Tried>| {
            let reading = Reading {
                tried: tries,
                ..Reading::new()
            };
            judge(&reading, &Site::new(&Scripted::new()))
                .status
                .as_str()
        };
        assert_eq!(find(Vec::new()), "skipped");
        assert_eq!(find(vec![tried(&[("open()", Ok(3))])]), "pass");
        assert_eq!(find(vec![tried(&[("open()", Err(Errno::EACCES))])]), "warn");
    }
}
