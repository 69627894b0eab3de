//! `cg.devices`: does a device cgroup keep devices from the caller?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute, gpu, rdma};

/// Devices that every container opens, or that a runtime does.
const COMMON: &[&str] = &["/dev/null", "/dev/fuse", "/dev/net/tun"];

/// The row.
pub static PROBE: Probe = Probe {
    id: "cg.devices",
    manual: Manual {
        title: "Device filter",
        what: "Whether the device cgroup of a job or of an outer container refuses devices to the caller.",
        why: "A scheduler that constrains devices leaves a job the GPUs that it asked for; a filter that is too narrow also takes /dev/fuse, or the cards of the fast network, and each runtime and library reports it in words of its own.",
        how: "open(2) of /dev/null, /dev/fuse, /dev/net/tun and of the device files of GPUs and fast networks, as far as they are there. A filter answers EPERM; a mode that forbids it EACCES.",
        user: "Ask the scheduler for the device, in PBS by -l select=1:ngpus=1, in Slurm: srun --gres=gpu:1 …",
        admin: "Add the device to those that every job may use: AllowedDevicesFile or cgroup_allowed_devices_file.conf of Slurm, DeviceAllow= of a unit.",
        refs: &[
            "https://docs.kernel.org/admin-guide/cgroup-v2.html#device-controller",
            "cgroup.conf(5)",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let common = COMMON.iter().map(ToString::to_string);
    let all = common.chain(gpu::nodes(site)).chain(rdma::nodes(site));
    let there: Vec<String> = all.filter(|path| site.host.stat(path).is_ok()).collect();
    if there.is_empty() {
        return Reading::new();
    }
    let trial = there
        .into_iter()
        .fold(Trial::new().subject(), |trial, path| {
            trial.maybe(Op::Open { path, write: true })
        });
    Reading::new()
        .file(site, "/proc/self/cgroup")
        .trial(site, &trial)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("there is no device file to try");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    let with = |errno: Option<Errno>| {
        let steps = tried.steps.iter().filter(move |step| step.errno == errno);
        steps.map(|step| step.call.as_str()).collect::<Vec<_>>()
    };
    let (refused, opened) = (with(Some(Errno::EPERM)), with(None));
    match (refused.is_empty(), opened.len()) {
        (false, _) => Finding::warn(format!(
            "a device cgroup, or another policy, answers EPERM: {}",
            refused.join(", ")
        ))
        .holding(false),
        (true, 0) => Finding::unknown("no device file could be opened, for other reasons"),
        (true, count) => Finding::pass(format!(
            "no device is refused with EPERM; {count} of {} can be opened",
            tried.steps.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    #[test]
    fn only_eperm_is_a_filter() {
        let find = |steps: &[(&str, Result<i64, Errno>)]| {
            let reading = Reading {
                tried: vec![tried(steps)],
                ..Reading::new()
            };
            judge(&reading, &Site::new(&Scripted::new())).summary
        };
        let null = ("open(/dev/null)", Ok(0));
        let mode = find(&[null, ("open(/dev/fuse)", Err(Errno::EACCES))]);
        assert!(mode.ends_with("1 of 2 can be opened"), "{mode}");
        let filter = find(&[null, ("open(/dev/kfd)", Err(Errno::EPERM))]);
        assert!(filter.contains("open(/dev/kfd)"), "{filter}");
        let none = find(&[("open(/dev/null)", Err(Errno::EACCES))]);
        assert!(none.contains("other reasons"), "{none}");
    }
}
