//! `gpu.nodes`: can the device files of the GPU be opened?

use hpcctl_host::Errno;
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::{admin, user};
use crate::{Finding, Manual, Reading, Site, attribute, gpu};

/// The row.
pub static PROBE: Probe = Probe {
    id: "gpu.nodes",
    manual: Manual {
        title: "Device files of the GPU",
        what: "Whether the caller can open the device files of the GPU: /dev/nvidiactl and the like, /dev/kfd, /dev/dri/renderD*.",
        why: "A container gets the device files of the node; what the caller may not open here it may not open there. A scheduler that constrains devices refuses them outside of a job that asked for a GPU, with EPERM though the mode allows it.",
        how: "stat(2) and open(2) of each, in a forked child. ENOENT, EACCES and EPERM are told apart.",
        user: "Ask the scheduler for a GPU, in PBS by -l select=1:ngpus=1, in Slurm: srun --gres=gpu:1 …",
        admin: "Set the mode by NVreg_DeviceFileMode, for /dev/kfd and /dev/dri by the group render, and make the files: nvidia-modprobe -c 0 -u",
        refs: &["open(2)", "nvidia-modprobe(1)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    Reading::new().open_each(site, &gpu::nodes(site))
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::skipped("the node has no GPU with a driver").holding(false);
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    if tried.steps.len() < reading.stats.len() {
        return Finding::unknown("not every device file was tried");
    }
    let refused = tried.steps.iter().zip(&reading.stats);
    let refused = refused.filter_map(|(step, (path, stat))| Some((path, step.errno?, stat)));
    let Some((path, errno, stat)) = refused.into_iter().next() else {
        let count = reading.stats.len();
        return Finding::pass(format!("{count} device files of GPUs can be opened"));
    };
    match errno {
        Errno::ENOENT => Finding::fail(format!("there is no {path}, though the driver is loaded"))
            .step(gpu::make(path)),
        Errno::EPERM => Finding::fail(format!(
            "{path} is refused with EPERM, as by the device cgroup of a job that has no GPU"
        ))
        .step(user(
            Cost::User,
            "ask the scheduler for a GPU",
            match site.host.env("PBS_JOBID") {
                Some(_) => "qsub -l select=1:ngpus=1 …",
                None => "srun --gres=gpu:1 …",
            },
        )),
        Errno::EACCES => {
            let mode = stat.as_ref().map_or_else(
                |errno| errno.to_string(),
                |stat| {
                    format!(
                        "mode {:04o}, uid {}, gid {}",
                        stat.permissions(),
                        stat.uid,
                        stat.gid
                    )
                },
            );
            Finding::fail(format!("{path} may not be opened ({mode})")).step(admin(
                Cost::AdminSysctl,
                "add the user to the group of the device; the user logs in again",
                &format!("usermod -aG $(stat -c %G {path}) {}", site.caller.name),
            ))
        }
        other => Finding::fail(format!("{path} cannot be opened: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat, tried};

    fn find(errno: Errno) -> Finding {
        let reading = Reading {
            stats: vec![("/dev/nvidiactl".into(), Ok(stat(0o020666)))],
            tried: vec![tried(&[("open(/dev/nvidiactl)", Err(errno))])],
            ..Reading::new()
        };
        judge(&reading, &Site::new(&Scripted::new()))
    }

    #[test]
    fn the_job_the_mode_and_the_missing_file_are_told_apart() {
        assert!(find(Errno::EPERM).summary.contains("device cgroup"));
        assert!(find(Errno::EACCES).summary.contains("mode 0666"));
        assert!(find(Errno::ENOENT).summary.contains("there is no"));
        assert!(find(Errno::EIO).summary.contains("EIO"));
    }
}
