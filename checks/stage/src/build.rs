//! From a layout to one file: the merged tree goes as a tar to the tool that makes a squashfs.
//!
//! The tools are sqfstar(1) and mksquashfs(1) of squashfs-tools, which take a tar from 4.5 on.
//! They take no notice of the entry of the root, which gets the mode that it has in most images.
//! They compress with gzip, which every kernel and every squashfuse reads. The same image is the same
//! file, from the same release of the tools: what they would take from the clock is told by
//! `SOURCE_DATE_EPOCH`, the one way by which 4.5.1 takes a time for the root of a tar. It moves no file of
//! the image; where one is of a time to come, the root is of now all the same.

use std::io;
use std::path::Path;
use std::time::Duration;

use hpcctl_host::command::{End, run_fed};
use hpcctl_host::{DEADLINE, Host, Live};
use hpcctl_image::{Merged, Progress};

use crate::Error;

/// How long making a file system may take.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

/// The first release of mksquashfs that takes a tar.
const WITH_TAR: (u32, u32) = (4, 5);

/// The variable that tells programs which time it is to be (reproducible-builds.org).
const EPOCH: &str = "SOURCE_DATE_EPOCH";

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

    /// Makes the file of a merged tree.
    pub(crate) fn make(
        &self,
        tree: Merged<'_>,
        file: &Path,
        progress: &(dyn Progress + Sync),
    ) -> Result<(), Error> {
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
        let time = time_of(&tree).to_string();
        let (ran, fed) = run_fed(&argv, &[(EPOCH, &time)], LONGEST, move |out| {
            let mut out = io::BufWriter::with_capacity(1 << 20, out);
            let written = tree.write(progress, &mut out);
            // What is still in the buffer is of no use after an error.
            let (_, left) = out.into_parts();
            drop(left);
            written
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
            (Some(Ok(_)), None) => Ok(()),
            (None, None) => Err(failed("it was given nothing".to_owned())),
        }
    }
}

/// When a file that is made of a tree was made, as it says itself: with the newest in it, so that no
/// time of a file is moved.
pub(crate) fn time_of(tree: &Merged<'_>) -> u32 {
    u32::try_from(tree.newest()).unwrap_or(u32::MAX)
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
    use std::fs::File;

    use hpcctl_image::{Limits, Silent};

    use super::*;
    use crate::stage::tests::layout;

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
        let (image, file) = (dir.path().join("image"), dir.path().join("x.sqfs"));
        let mut layer = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(1 << 20);
        layer
            .append_data(&mut header, "a", &[7; 1 << 20][..])
            .unwrap();
        let layer = layer.into_inner().unwrap();
        layout(&image, Some(&layer));
        let limits = Limits::default();
        let read = || Merged::read(&image, &limits, &Silent).unwrap();
        let make = |tool: Tool, tree| tool.make(tree, &file, &Silent).unwrap_err().to_string();
        assert!(make(tool("false"), read()).contains("it ended with status 1"));
        assert!(make(tool("/nonexistent/tool"), read()).contains("could not be started"));
        // An image that is not what it was counts more than what the tool says of half of it.
        let (tree, digest) = (read(), hpcctl_registry::Digest::sha256(&layer));
        let blob = image.join("blobs/sha256").join(digest.hex());
        let blob = File::options().write(true).open(blob).unwrap();
        blob.set_len(1 << 19).unwrap();
        let reads = Tool {
            before: &["-c", "cat >/dev/null"],
            ..tool("sh")
        };
        assert!(make(reads, tree).contains("layer 1"));
    }
}
