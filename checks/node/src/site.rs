//! The node as every probe sees it: the host, who asks, and facts that several judge by.

use std::sync::{Mutex, OnceLock, PoisonError};

use hpcctl_host::{Caller, Host, Ran, Trial, Tried};
use procfs::FromRead;
use procfs::process::MountInfo;

use crate::Image;

/// Directories that a node has, the first choice first; a small boot image may lack some.
const MOUNT_POINTS: &[&str] = &["/tmp", "/mnt", "/run", "/var"];

/// The node, with the facts that more than one probe needs, read once.
pub struct Site<'a> {
    /// The door to the node.
    pub host: &'a dyn Host,
    /// Who asks.
    pub caller: Caller,
    /// The mode of seccomp(2) that this process already runs under: 0 none, 2 a filter.
    pub seccomp: Option<u32>,
    /// Whether no_new_privs is set: set-user-id programs then gain nothing.
    pub no_new_privs: bool,
    /// The effective capabilities.
    pub capabilities: u64,
    /// The mounts that this process sees; empty where they cannot be read.
    pub mounts: Vec<MountInfo>,
    /// The directory for temporary files, `TMPDIR` or /tmp.
    pub temp: String,
    /// A directory that is there, for trials to mount over in their own namespaces.
    pub mount_point: &'static str,
    /// Whether checks may use the network.
    pub network: bool,
    /// Whether runtimes may be asked what they themselves see, which leaves traces.
    pub ask_runtimes: bool,
    /// Whether settings that this program wrote count as not there.
    pub afresh: bool,
    /// The image that is meant to run; none where none was given.
    pub image: Option<Image>,
    /// The commands that were run, each once: the answer of a server, or the help of a
    /// program, serves every check that reads it.
    ran: Mutex<Vec<Ran>>,
    /// The trial in which user namespaces turned out to be refused.
    refused: OnceLock<Tried>,
}

impl<'a> Site<'a> {
    /// Reads the facts.
    pub fn new(host: &'a dyn Host) -> Self {
        let status = host.read("/proc/self/status").ok();
        let status =
            status.and_then(|text| procfs::process::Status::from_read(text.as_bytes()).ok());
        let mounts = host.read("/proc/self/mountinfo").ok();
        let mounts =
            mounts.and_then(|text| procfs::process::MountInfos::from_read(text.as_bytes()).ok());
        Self {
            caller: host.caller(),
            seccomp: status.as_ref().and_then(|status| status.seccomp),
            no_new_privs: status
                .as_ref()
                .is_some_and(|status| status.nonewprivs == Some(1)),
            capabilities: status.as_ref().map_or(0, |status| status.capeff),
            mounts: mounts.map(|mounts| mounts.0).unwrap_or_default(),
            temp: host
                .env("TMPDIR")
                .filter(|dir| !dir.is_empty())
                .unwrap_or_else(|| "/tmp".into()),
            mount_point: MOUNT_POINTS
                .iter()
                .find(|dir| host.stat(dir).is_ok())
                .unwrap_or(&"/tmp"),
            network: false,
            ask_runtimes: false,
            afresh: false,
            image: None,
            ran: Mutex::new(Vec::new()),
            refused: OnceLock::new(),
            host,
        }
    }

    /// Carries out a trial.
    ///
    /// Once a user namespace was refused no other trial tries to make one: the answer would
    /// be the same, and ENOSPC is answered late, after it was tried again.
    pub fn attempt(&self, trial: &Trial) -> Tried {
        if let (true, Some(refused)) = (trial.needs_user_namespace(), self.refused.get()) {
            return refused.clone();
        }
        let tried = self.host.attempt(trial, hpcctl_host::DEADLINE);
        if trial.needs_user_namespace() && tried.unprepared().is_some() && tried.steps.len() == 1 {
            self.refused.get_or_init(|| tried.clone());
        }
        tried
    }

    /// Runs a command, or gives what it answered before.
    pub(crate) fn run(&self, argv: &[&str]) -> Ran {
        self.once(argv, || self.host.run(argv, hpcctl_host::DEADLINE))
    }

    /// Runs a program that only prints its version, or gives what it printed before.
    pub(crate) fn version(&self, program: &str) -> Ran {
        let argv = [program, "--version"];
        self.once(&argv, || self.host.run_aside(&argv, hpcctl_host::DEADLINE))
    }

    fn once(&self, argv: &[&str], run: impl FnOnce() -> Ran) -> Ran {
        let mut done = self.ran.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = done.iter().find(|ran| ran.argv == argv) {
            return known.clone();
        }
        let ran = run();
        done.push(ran.clone());
        ran
    }

    /// Whether root asks.
    pub fn is_root(&self) -> bool {
        self.caller.uid == 0
    }

    /// A kernel parameter by its dotted name; none where the kernel does not have it.
    pub fn sysctl(&self, key: &str) -> Option<String> {
        let path = format!("/proc/sys/{}", key.replace('.', "/"));
        self.host
            .read(&path)
            .ok()
            .map(|value| value.trim().to_owned())
    }

    /// A kernel parameter that is a number.
    pub fn sysctl_number(&self, key: &str) -> Option<i64> {
        self.sysctl(key)?.parse().ok()
    }

    /// The mount that a path lies on.
    pub fn mount_of(&self, path: &str) -> Option<&MountInfo> {
        self.mounts
            .iter()
            .filter(|mount| std::path::Path::new(path).starts_with(&mount.mount_point))
            .max_by_key(|mount| (mount.mount_point.as_os_str().len(), mount.mnt_id))
    }

    /// Whether the caller's user namespace is not the first one.
    pub fn is_nested(&self) -> bool {
        let map = self.host.read("/proc/self/uid_map").unwrap_or_default();
        let map: Vec<&str> = map.split_whitespace().collect();
        !map.is_empty() && map != ["0", "0", "4294967295"]
    }

    /// Whether this process was chrooted; none where that cannot be told.
    ///
    /// In a chroot to a plain directory no mount has "/" as its mount point. Else root is
    /// compared with that of pid 1, where the caller may look at it; pid 1 of a container may
    /// itself be in the chroot, so equal roots alone would say nothing.
    pub fn is_chrooted(&self) -> Option<bool> {
        let root_is_mounted = self
            .mounts
            .iter()
            .any(|mount| mount.mount_point.as_os_str() == "/");
        if !self.mounts.is_empty() && !root_is_mounted {
            return Some(true);
        }
        let own = self.host.stat("/").ok()?;
        let init = self.host.stat("/proc/1/root/").ok()?;
        Some((own.dev, own.ino) != (init.dev, init.ino))
    }

    /// The distribution, `ID` of os-release(5), lower case; empty where it is not known.
    pub fn distribution(&self) -> String {
        let text = self.host.read("/etc/os-release").unwrap_or_default();
        let id = text.lines().find_map(|line| line.strip_prefix("ID="));
        id.unwrap_or("").trim_matches('"').to_lowercase()
    }
}
