//! A node made of plain data, for the tests of judges.

use std::collections::HashMap;
use std::time::Duration;

use hpcctl_host::trial::{Attempted, End};
use hpcctl_host::{Caller, Entry, Errno, Host, Ran, Resource, Stat, Trial, Tried, command};

/// A node that answers from tables; what is in none of them is not there.
#[derive(Debug, Clone)]
pub(crate) struct Scripted {
    pub(crate) files: HashMap<String, String>,
    pub(crate) stats: HashMap<String, Stat>,
    pub(crate) xattrs: HashMap<String, Vec<u8>>,
    pub(crate) env: HashMap<String, String>,
    pub(crate) programs: HashMap<String, String>,
    /// What programs print that start; all others do not.
    pub(crate) starting: HashMap<String, String>,
    pub(crate) caller: Caller,
}

impl Scripted {
    /// A node without anything, asked by an ordinary user.
    pub(crate) fn new() -> Self {
        Self {
            files: HashMap::new(),
            stats: HashMap::new(),
            xattrs: HashMap::new(),
            env: HashMap::new(),
            programs: HashMap::new(),
            starting: HashMap::new(),
            caller: Caller {
                uid: 1000,
                gid: 1000,
                name: "alice".into(),
            },
        }
    }

    /// Asked by root.
    pub(crate) fn by_root(mut self) -> Self {
        self.caller = Caller {
            uid: 0,
            gid: 0,
            name: "root".into(),
        };
        self
    }

    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.into(), text.into());
        self
    }

    pub(crate) fn stat(mut self, path: &str, stat: Stat) -> Self {
        self.stats.insert(path.into(), stat);
        self
    }

    pub(crate) fn xattr(mut self, path: &str, value: &[u8]) -> Self {
        self.xattrs.insert(path.into(), value.into());
        self
    }

    pub(crate) fn program(mut self, name: &str, path: &str) -> Self {
        self.programs.insert(name.into(), path.into());
        self
    }

    pub(crate) fn starting(mut self, path: &str, printed: &str) -> Self {
        self.starting.insert(path.into(), printed.into());
        self
    }
}

impl Host for Scripted {
    fn read(&self, path: &str) -> Result<String, Errno> {
        self.files.get(path).cloned().ok_or(Errno::ENOENT)
    }

    fn list(&self, path: &str) -> Result<Vec<String>, Errno> {
        let below = format!("{path}/");
        let paths = self.files.keys().chain(self.stats.keys());
        let names = paths.filter_map(|known| known.strip_prefix(&below)?.split('/').next());
        let mut names: Vec<String> = names.map(ToOwned::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            Err(Errno::ENOENT)
        } else {
            Ok(names)
        }
    }

    fn stat(&self, path: &str) -> Result<Stat, Errno> {
        self.stats.get(path).cloned().ok_or(Errno::ENOENT)
    }

    fn entry(&self, path: &str) -> Result<Entry, Errno> {
        Host::stat(self, path).map(|stat| Entry {
            uid: stat.uid,
            directory: stat.mode & libc::S_IFMT == libc::S_IFDIR,
        })
    }

    fn needs(&self, path: &str) -> Result<Vec<String>, Errno> {
        // What an ELF file needs stands in it, a word each.
        let text = self.read(path)?;
        Ok(text.split_whitespace().map(ToOwned::to_owned).collect())
    }

    fn xattr(&self, path: &str, _: &str) -> Result<Vec<u8>, Errno> {
        self.xattrs.get(path).cloned().ok_or(Errno::ENODATA)
    }

    fn run(&self, argv: &[&str], _: Duration) -> Ran {
        let printed = argv.first().and_then(|path| self.starting.get(*path));
        match printed {
            Some(printed) => Ran {
                stdout: printed.clone(),
                ..ran(argv, command::End::Exit(0), "")
            },
            None => ran(argv, command::End::NotStarted(Errno::ENOENT), ""),
        }
    }

    fn run_aside(&self, argv: &[&str], deadline: Duration) -> Ran {
        self.run(argv, deadline)
    }

    fn attempt(&self, _: &Trial, _: Duration) -> Tried {
        Tried {
            steps: Vec::new(),
            subject: 0,
            end: End::NotStarted(Errno::ENOSYS),
            meeting: Vec::new(),
        }
    }

    fn env(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }

    fn caller(&self) -> Caller {
        self.caller.clone()
    }

    fn limit(&self, _: Resource) -> (u64, u64) {
        (u64::MAX, u64::MAX)
    }

    fn which(&self, program: &str) -> Option<String> {
        self.programs.get(program).cloned()
    }
}

/// A file of root's with these mode bits, on a roomy ext4.
pub(crate) fn stat(mode: u32) -> Stat {
    Stat {
        mode,
        uid: 0,
        gid: 0,
        dev: 0,
        ino: 1,
        fs_type: 0xEF53,
        nosuid: false,
        noexec: false,
        free_bytes: 1 << 40,
        free_inodes: 1 << 30,
    }
}

/// A command that was run; what it printed went to standard error.
pub(crate) fn ran(argv: &[&str], end: command::End, stderr: &str) -> Ran {
    Ran {
        argv: argv.iter().map(ToString::to_string).collect(),
        end,
        stdout: String::new(),
        stderr: stderr.into(),
    }
}

/// A trial without preparation whose steps ended so.
pub(crate) fn tried(steps: &[(&str, Result<i64, Errno>)]) -> Tried {
    Tried {
        steps: steps
            .iter()
            .map(|(call, outcome)| Attempted {
                call: (*call).into(),
                optional: false,
                errno: outcome.err(),
                value: outcome.unwrap_or(0),
            })
            .collect(),
        subject: 0,
        end: End::Finished,
        meeting: Vec::new(),
    }
}
