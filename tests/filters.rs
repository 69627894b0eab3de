//! Doctor under real seccomp filters: each system call that a check tries, answered with each errno
//! that it may meet. No check that needs the call passes then, each says why, and doctor goes on.

use std::fmt::Write as _;

use crate::environments::{ENVIRONMENTS, answer};
use crate::real::real;
use crate::reality::doctor;

/// A system call, and the checks that cannot pass without it.
const CALLS: &[(&str, libc::c_long, &[&str])] = &[
    (
        "unshare",
        libc::SYS_unshare,
        &["ns.user", "ns.mnt", "run.builtin"],
    ),
    ("clone3", libc::SYS_clone3, &["ns.user.clone3"]),
    (
        "mount",
        libc::SYS_mount,
        &[
            "ns.bind",
            "ns.proc",
            "ns.tmpfs",
            "ovl.tmpfs",
            "fuse.userns",
            "run.builtin",
        ],
    ),
    (
        "pivot_root",
        libc::SYS_pivot_root,
        &["ns.pivot", "run.builtin"],
    ),
    ("seccomp", libc::SYS_seccomp, &["sec.notif"]),
    (
        "landlock_create_ruleset",
        libc::SYS_landlock_create_ruleset,
        &["lsm.landlock"],
    ),
    (
        "process_vm_readv",
        libc::SYS_process_vm_readv,
        &["mpi.cma.same"],
    ),
    ("ptrace", libc::SYS_ptrace, &["sec.ptrace"]),
    ("openat2", libc::SYS_openat2, &["sys.openat2"]),
    ("pidfd_open", libc::SYS_pidfd_open, &["sys.pidfd"]),
    ("close_range", libc::SYS_close_range, &["sys.close_range"]),
    ("fsopen", libc::SYS_fsopen, &["sys.fsopen"]),
    (
        "io_uring_setup",
        libc::SYS_io_uring_setup,
        &["sys.io_uring"],
    ),
    ("userfaultfd", libc::SYS_userfaultfd, &["sys.userfaultfd"]),
    ("perf_event_open", libc::SYS_perf_event_open, &["sys.perf"]),
    ("get_mempolicy", libc::SYS_get_mempolicy, &["sys.mempolicy"]),
    ("move_pages", libc::SYS_move_pages, &["sys.move_pages"]),
    ("keyctl", libc::SYS_keyctl, &["sys.keyctl"]),
];

/// None of these is what a kernel answers to arguments that make no sense.
const ERRNOS: &[(&str, i32)] = &[
    ("EPERM", libc::EPERM),
    ("EACCES", libc::EACCES),
    ("ENOSYS", libc::ENOSYS),
    ("ENOMEM", libc::ENOMEM),
    ("EIO", libc::EIO),
];

#[test]
fn no_check_passes_under_a_filter_that_refuses_its_call() {
    if !real("no_check_passes_under_a_filter_that_refuses_its_call") {
        return;
    }
    let (mut wrong, mut tried) = (String::new(), 0);
    for (name, number, ids) in CALLS {
        for (word, errno) in ERRNOS {
            let filter = format!("outside=({} {number} {errno})", answer().display());
            let report = doctor(&ENVIRONMENTS[0], &filter);
            let checks = report["result"]["checks"].as_array().unwrap();
            for check in checks
                .iter()
                .filter(|check| ids.iter().any(|id| check["id"] == *id))
            {
                tried += 1;
                let works = check["status"] == "pass";
                let told = format!("{} {}", check["summary"], check["evidence"]);
                let caused = ["seccomp", word, "needs "];
                if works || !caused.iter().any(|cause| told.contains(cause)) {
                    writeln!(wrong, "{name} answered with {word}: {check}").unwrap();
                }
            }
        }
    }
    println!(
        "filters: {} calls x {} errnos, {tried} outcomes",
        CALLS.len(),
        ERRNOS.len()
    );
    assert!(wrong.is_empty(), "{wrong}");
}
