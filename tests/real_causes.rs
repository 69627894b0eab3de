//! `hpcctl bench --why`: causes that nobody planted by an option, in the containers that real runtimes make.

use std::path::PathBuf;
use std::process::Command;

use crate::causes::is_named;
use crate::cli::Run;
use crate::real::real;
use crate::registry::images;

/// A directory on which something is mounted; unmounted with this.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        Run::of(Command::new("umount").arg("-l").arg(&self.0));
    }
}

#[test]
fn an_image_by_fuse_is_named_and_its_fix_is_another() {
    if !real("an_image_by_fuse_is_named_and_its_fix_is_another") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = images().join("tree.zstd.sqfs");
    let run = Run::of(Command::new("squashfuse_ll").arg(file).arg(dir.path()));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let mounted = Mounted(dir.path().into());
    let image = mounted.0.to_str().unwrap();
    for runtime in ["builtin", "charliecloud"] {
        let args = [
            "fs", "--only", "fs.image", "--inside", runtime, "--image", image,
        ];
        let why = is_named(&args, "fs.image.read", "a file system by FUSE").unwrap();
        let fix = why["fix"].as_str().unwrap();
        assert!(fix.contains("unsquashfs"), "{fix}");
    }
}
