//! A directory that comes through a FUSE file system: fuse-overlayfs(1), what rootless podman
//! takes where the kernel's overlay may not be had.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hpcctl_host::Host;
use hpcctl_host::dialogue::{Dialogue, DialogueError};

use crate::end;
use crate::environs::text;

/// How long the file system may take to be there.
const READY: Duration = Duration::from_secs(10);

/// How often it is looked for.
const TICK: Duration = Duration::from_millis(10);

/// A directory with another one behind it; unmounted with this.
#[derive(Debug)]
pub(crate) struct Fused {
    /// Where it is mounted.
    pub(crate) place: PathBuf,
    /// The program that serves it, until it was unmounted.
    _program: Dialogue,
}

impl Fused {
    /// Mounts `behind` in a new directory of `within`.
    pub(crate) fn mount(host: &dyn Host, behind: &Path, within: &Path) -> Result<Self, String> {
        let program = host
            .which("fuse-overlayfs")
            .ok_or("fuse-overlayfs is not installed")?;
        for name in ["upper", "work", "fuse"] {
            fs::create_dir_all(within.join(name)).map_err(|error| error.to_string())?;
        }
        let place = within.join("fuse");
        let options = format!(
            "lowerdir={},upperdir={},workdir={}",
            behind.display(),
            within.join("upper").display(),
            within.join("work").display()
        );
        let argv = [
            program,
            "-f".into(),
            "-o".into(),
            options,
            place.display().to_string(),
        ];
        let path = format!("PATH={}", host.env("PATH").unwrap_or_default());
        let mut program = Dialogue::start(&argv, &[path]).map_err(|error| error.to_string())?;
        let until = Instant::now() + READY;
        // What is mounted is asked for, not believed.
        while !is_mounted(&place) {
            if let Err(DialogueError::Ended(said)) = program.ask("", TICK) {
                let why = said.lines().next().unwrap_or("it ended");
                return Err(format!("fuse-overlayfs: {why}"));
            }
            if Instant::now() > until {
                return Err("fuse-overlayfs does not mount".into());
            }
        }
        Ok(Self {
            place,
            _program: program,
        })
    }
}

impl Drop for Fused {
    fn drop(&mut self) {
        let place = self.place.display().to_string();
        let commands = [
            ["fusermount3", "-u", "-z", &place],
            ["umount", "-l", "--", &place],
        ];
        // What neither can unmount goes when the node does; its program ends here.
        let _ = commands
            .into_iter()
            .find(|command| end::run(&command.map(str::to_owned)).is_ok());
    }
}

fn is_mounted(place: &Path) -> bool {
    let place = place.display().to_string();
    let mounts = text("/proc/self/mountinfo");
    let mut points = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    points.any(|point| point == place)
}
