//! From a layout to one file: the merged tree goes as a tar to the tool that makes a squashfs.
//!
//! The tools are sqfstar(1) and mksquashfs(1) of squashfs-tools, which take a tar from 4.5 on.
//! They take no notice of the entry of the root, which gets the mode that it has in most images.
//! They compress with gzip, which every kernel and every squashfuse reads.

use std::io;
use std::path::Path;
use std::time::Duration;

use hpcctl_host::command::{End, run_fed};
use hpcctl_host::{DEADLINE, Host, Live};
use hpcctl_image::{Flat, Limits, Progress, flatten};

use crate::Error;

/// How long making a file system may take.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

/// The first release of mksquashfs that takes a tar.
const WITH_TAR: (u32, u32) = (4, 5);

/// What sqfstar is told in front of the file.
const TOLD: &[&str] = &[
    "-quiet",
    "-no-progress",
    "-no-xattrs",
    "-exit-on-error",
    "-root-mode",
    "755",
];

/// What mksquashfs is told behind the file.
const TOLD_WITH_TAR: &[&str] = &[
    "-tar",
    "-quiet",
    "-no-progress",
    "-no-xattrs",
    "-exit-on-error",
    "-root-mode",
    "755",
];

/// A program that makes a squashfs of a tar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tool {
    /// The program, and what stands before and after the file.
    program: String,
    before: &'static [&'static str],
    after: &'static [&'static str],
}

impl Tool {
    /// The one that is here.
    pub(crate) fn here() -> Option<Self> {
        Self::of(&Live)
    }

    fn of(host: &dyn Host) -> Option<Self> {
        if let Some(program) = host.which("sqfstar") {
            return Some(Self {
                program,
                before: TOLD,
                after: &[],
            });
        }
        let program = host.which("mksquashfs")?;
        let ran = host.run(&[&program, "-version"], DEADLINE);
        let takes_tar = version(&ran.stdout).is_some_and(|version| version >= WITH_TAR);
        takes_tar.then_some(Self {
            program,
            before: &["-"],
            after: TOLD_WITH_TAR,
        })
    }

    /// Makes the file of the one image of a layout.
    pub(crate) fn make(
        &self,
        layout: &Path,
        file: &Path,
        limits: &Limits,
        progress: &(dyn Progress + Sync),
    ) -> Result<Flat, Error> {
        let failed = |why: String| Error::Tool {
            tool: self.program.clone(),
            why,
        };
        let Some(name) = file.to_str() else {
            return Err(failed(format!("{} is no UTF-8", file.display())));
        };
        let mut argv = vec![self.program.as_str()];
        argv.extend(self.before);
        argv.push(name);
        argv.extend(self.after);
        let (ran, fed) = run_fed(&argv, LONGEST, |out| {
            let mut out = io::BufWriter::with_capacity(1 << 20, out);
            let flat = flatten(layout, limits, progress, &mut out);
            // What is still in the buffer is of no use after an error.
            let (_, left) = out.into_parts();
            drop(left);
            flat
        });
        let how = match ran.end {
            End::Exit(0) => None,
            End::Exit(status) => Some(format!("it ended with status {status}")),
            End::Signal(signal) => Some(format!("signal {signal} ended it")),
            End::Deadline => Some(format!("it did not end in {} h", LONGEST.as_secs() / 3600)),
            End::NotStarted(errno) => Some(format!("it could not be started: {errno}")),
        };
        match (fed, how) {
            // An image that cannot be read says more than the tool that was given half of it.
            (Some(Err(error)), _) if !matches!(error, hpcctl_image::Error::Writing(_)) => {
                Err(error.into())
            }
            (_, Some(how)) => Err(failed(match ran.first_line() {
                "" => how,
                said => format!("{how}: {said}"),
            })),
            (Some(Err(error)), None) => Err(error.into()),
            (Some(Ok(flat)), None) => Ok(flat),
            (None, None) => Err(failed("it was given nothing".to_owned())),
        }
    }
}

/// The version that mksquashfs prints, such as `mksquashfs version 4.5.1 (2022/03/17)`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text
        .split("version ")
        .nth(1)?
        .split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_mksquashfs_is_read() {
        assert_eq!(
            version("mksquashfs version 4.5.1 (2022/03/17)\n"),
            Some((4, 5))
        );
        assert_eq!(
            version("mksquashfs version 4.3 (2014/05/12)\n"),
            Some((4, 3))
        );
        assert_eq!(version("mksquashfs"), None);
    }

    #[test]
    fn a_tool_that_fails_leaves_an_error() {
        let tool = |program: &str| Tool {
            program: program.to_owned(),
            before: &[],
            after: &[],
        };
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.sqfs");
        let make = |tool: Tool| {
            let made = tool.make(dir.path(), &file, &Limits::default(), &hpcctl_image::Silent);
            made.unwrap_err().to_string()
        };
        // There is no layout: that counts more than what the tool says of its empty input.
        assert!(make(tool("false")).contains("index.json"));
        assert!(make(tool("/nonexistent/tool")).contains("could not be started"));
    }
}
