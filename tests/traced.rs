//! What doctor writes, by strace(1): nothing outside of its own directories and namespaces.

use crate::environments::{ENVIRONMENTS, shared};
use crate::real::real;

/// Calls that write by a path.
const CALLS: &str = "openat,open,creat,mkdir,mkdirat,unlink,unlinkat,rmdir,rename,renameat,renameat2,mknod,mknodat,symlink,symlinkat,link,linkat,chmod,fchmodat,chown,fchownat,lchown,truncate,setxattr,lsetxattr";

/// Where it may write: its directories in TMPDIR, devices, its own id maps, the tmpfs that trials
/// mount over /tmp in namespaces of their own, and a control group that it makes and removes.
const OWN: &[&str] = &[
    "/opt/tmp/hpcctl-",
    "/dev/",
    "/proc/self/",
    "/tmp/target",
    "/tmp/proc",
    "/sys/fs/cgroup/unified/hpcctl-",
    "/sys/fs/cgroup/hpcctl-",
];

/// The path that a line of strace writes to; none for a line that writes nothing. Relative paths
/// are those of a trial, which has made its own directory the working one.
fn written(line: &str) -> Option<&str> {
    let reads = line.contains("open")
        && !["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"]
            .iter()
            .any(|flag| line.contains(flag));
    let failed = line.contains(" = -1 ");
    let path = line.split('"').nth(1)?;
    (!reads && !failed && path.starts_with('/')).then_some(path)
}

#[test]
fn doctor_writes_only_to_its_own() {
    if !real("doctor_writes_only_to_its_own") {
        return;
    }
    let trace = shared().join("trace");
    // Started by root, so that set-user-id helpers still gain what they need.
    let strace = format!(
        "outside=(strace -f -qq -e trace={CALLS} -o {})",
        trace.display()
    );
    let run = ENVIRONMENTS[0].hpcctl(&strace, &["doctor"]);
    assert!([0, 1, 3].contains(&run.code), "{}", run.stderr);
    let text = std::fs::read_to_string(&trace).unwrap();
    let paths: Vec<&str> = text.lines().filter_map(written).collect();
    assert!(paths.len() > 10, "strace saw too little: {text}");
    let foreign: Vec<&&str> = paths
        .iter()
        .filter(|path| !OWN.iter().any(|own| path.starts_with(own)))
        // A trial in which a filter fakes chown(2) does it to the root.
        .filter(|path| **path != "/")
        .collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}
