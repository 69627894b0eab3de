//! The node that this process runs on.

use std::path::Path;
use std::time::Duration;

use crate::{
    Caller, Entry, Errno, Host, Ran, Resource, Stat, Trial, Tried, command, elf, file,
    scratch::Scratch, trial,
};

/// What names a directory that programs write to.
const OWN: [&str; 5] = [
    "HOME",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
];

/// The node that this process runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Live;

impl Host for Live {
    fn read(&self, path: &str) -> Result<String, Errno> {
        file::read(path)
    }

    fn list(&self, path: &str) -> Result<Vec<String>, Errno> {
        file::list(path)
    }

    fn stat(&self, path: &str) -> Result<Stat, Errno> {
        file::stat(path)
    }

    fn entry(&self, path: &str) -> Result<Entry, Errno> {
        file::entry(path)
    }

    fn needs(&self, path: &str) -> Result<Vec<String>, Errno> {
        elf::needs(path)
    }

    fn xattr(&self, path: &str, name: &str) -> Result<Vec<u8>, Errno> {
        file::xattr(path, name)
    }

    fn run(&self, argv: &[&str], deadline: Duration) -> Ran {
        command::run(argv, &[], deadline)
    }

    fn run_aside(&self, argv: &[&str], deadline: Duration) -> Ran {
        let temp = self.env("TMPDIR");
        let parents = temp.as_deref().into_iter().chain(["/tmp", "/dev/shm"]);
        let Some(scratch) = parents.filter_map(|dir| Scratch::new(dir).ok()).next() else {
            return Ran::not_started(argv, Errno::EACCES);
        };
        let dir = scratch.path().to_string_lossy();
        let mut variables = OWN.map(|name| (name, &*dir)).to_vec();
        if self.env("USER").is_none() {
            // ch-run does not even print its version without one.
            variables.push(("USER", "nobody"));
        }
        command::run(argv, &variables, deadline)
    }

    fn attempt(&self, trial: &Trial, deadline: Duration) -> Tried {
        trial::attempt(trial, deadline)
    }

    fn env(&self, name: &str) -> Option<String> {
        std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
    }

    fn caller(&self) -> Caller {
        let uid = rustix::process::geteuid().as_raw();
        // A broken user database leaves the number.
        let name = sysinfo::Users::new_with_refreshed_list()
            .ok()
            .and_then(|users| {
                let named = users.iter().find(|user| **user.id() == uid)?;
                Some(named.name().to_owned())
            });
        Caller {
            uid,
            gid: rustix::process::getegid().as_raw(),
            name: name
                .or_else(directory_name)
                .unwrap_or_else(|| uid.to_string()),
        }
    }

    fn limit(&self, resource: Resource) -> (u64, u64) {
        let limit = rustix::process::getrlimit(match resource {
            Resource::Memlock => rustix::process::Resource::Memlock,
            Resource::Nofile => rustix::process::Resource::Nofile,
            Resource::Nproc => rustix::process::Resource::Nproc,
            Resource::Stack => rustix::process::Resource::Stack,
        });
        (
            limit.current.unwrap_or(u64::MAX),
            limit.maximum.unwrap_or(u64::MAX),
        )
    }

    fn which(&self, program: &str) -> Option<String> {
        let is_program = |path: &String| {
            Path::new(path).is_file()
                && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
        };
        if program.contains('/') {
            return Some(program.to_owned()).filter(is_program);
        }
        let path = self.env("PATH")?;
        path.split(':')
            .filter(|dir| !dir.is_empty())
            .map(|dir| format!("{dir}/{program}"))
            .find(is_program)
    }
}

/// The caller's name where the list of users does not hold it: directories such as LDAP
/// answer for one user but are seldom set up to list all.
fn directory_name() -> Option<String> {
    let ran = command::run(&["id", "-un"], &[], Duration::from_secs(3));
    let name = ran.stdout.trim();
    (ran.ok() && !name.is_empty()).then(|| name.to_owned())
}
