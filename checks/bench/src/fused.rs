//! A directory that comes through a FUSE file system: fuse-overlayfs(1), what rootless podman takes where the kernel's
//! overlay may not be had, and squashfuse(1), what runtimes without root mount images with.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hpcctl_host::Host;
use hpcctl_host::dialogue::{Dialogue, DialogueError};

use crate::end;
use crate::environs::text;
use crate::executor::OF_AN_OVERLAY;
use crate::far;

/// How long the file system may take to be there.
const READY: Duration = Duration::from_secs(10);

/// How often it is looked for.
const TICK: Duration = Duration::from_millis(10);

/// The programs that serve a squashfs: the first takes several requests at a time.
pub(crate) const SQUASHFUSE: [&str; 2] = ["squashfuse_ll", "squashfuse"];

/// A directory that a program serves; unmounted with this.
#[derive(Debug)]
pub(crate) struct Fused {
    /// Where it is mounted.
    pub(crate) place: PathBuf,
    /// The program that serves it, until it was unmounted.
    _program: Dialogue,
}

impl Fused {
    /// Mounts an overlay on `lower`, which keeps what is written in the directories of `aside`.
    pub(crate) fn overlay(
        host: &dyn Host,
        lower: &Path,
        aside: &Path,
        place: &Path,
    ) -> Result<Self, String> {
        let [upper, work] = OF_AN_OVERLAY.map(|name| aside.join(name).display().to_string());
        let options = format!(
            "lowerdir={},upperdir={upper},workdir={work}",
            lower.display()
        );
        Self::serve(host, &["fuse-overlayfs"], &["-o", &options], place)
    }

    /// Mounts a file that holds a squashfs.
    pub(crate) fn squashfs(host: &dyn Host, file: &Path, place: &Path) -> Result<Self, String> {
        Self::serve(host, &SQUASHFUSE, &[&file.display().to_string()], place)
    }

    /// Has the first of these programs that there is serve a directory.
    fn serve(
        host: &dyn Host,
        programs: &[&str],
        args: &[&str],
        place: &Path,
    ) -> Result<Self, String> {
        let mut found = programs
            .iter()
            .filter_map(|name| Some((*name, host.which(name)?)));
        let (name, program) = found
            .next()
            .ok_or_else(|| format!("{} is not installed", programs.join(" or ")))?;
        let mut argv = vec![program, "-f".into()];
        argv.extend(args.iter().map(ToString::to_string));
        argv.push(place.display().to_string());
        let mut program =
            Dialogue::start(&argv, &[far::path()]).map_err(|error| error.to_string())?;
        let until = Instant::now() + READY;
        // What is mounted is asked for, not believed.
        while !is_mounted(place) {
            if let Err(DialogueError::Ended(said)) = program.ask("", TICK) {
                // What it goes on after comes first.
                let why = said.lines().rfind(|line| !line.trim().is_empty());
                let why = why.unwrap_or("it ended");
                return Err(format!("{name}: {why}"));
            }
            if Instant::now() > until {
                return Err(format!("{name} does not mount"));
            }
        }
        Ok(Self {
            place: place.into(),
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
