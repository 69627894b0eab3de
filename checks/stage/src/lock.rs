//! One process at a time, on many nodes: a lock, and a claim that says who holds it.
//!
//! flock(2) is used, by [`File::try_lock`]: it is let go when its owner dies. The NFS client of
//! Linux turns it into a byte-range lock at the server, as it does with fcntl(2) (nfs(5),
//! `local_lock`), so that both reach as far; fcntl's would be lost as soon as any part of the
//! process closed the file. With NFS before version 4 it takes lockd, and with `nolock` each node has
//! locks of its own; so it has on Lustre with the mount option `localflock`, which without `flock` has
//! none at all (mount.lustre(8)). So there is a claim as well: a file that only one
//! process can create, on every file system, whose owner renews it. Where locks do not reach, a
//! claim that is no longer renewed is taken over; then two could do the work at once, at worst,
//! which costs a second pull: each works in a place of its own, who finds the claim gone puts nothing
//! there, and where both put it there, by a rename, the last one stays, and what is known of another is
//! found out by its bytes (see [`crate::place`]).

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::place::beside;

/// How often a claim is renewed.
const RENEWED: Duration = Duration::from_secs(10);

/// How long a claim may stand unchanged before it is taken over. The times of files that a client
/// of NFS keeps may be a minute old.
const LEASE: Duration = Duration::from_secs(120);

/// The first and the longest pause between two looks.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// Bytes of a claim that are read.
const CLAIM: u64 = 4096;

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The node.
    pub host: String,
    /// The process there.
    pub pid: u32,
}

impl Holder {
    /// This process.
    pub(crate) fn here() -> Self {
        Self {
            host: hpcctl_host::machine().name,
            pid: std::process::id(),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on {}", self.pid, self.host)
    }
}

/// A lock that is held until it is dropped.
pub(crate) struct Lock {
    /// Keeps flock(2), where the file system has it.
    _file: File,
    claim: PathBuf,
    own: String,
    /// Dropping it ends the renewals.
    renewing: Option<Sender<()>>,
    renewals: Option<thread::JoinHandle<()>>,
}

/// What came of waiting for a lock.
pub(crate) enum Waited<T> {
    /// The work is done already.
    Done(T),
    /// The work is ours.
    Ours(Lock),
}

/// Takes the lock `path`, unless `done` says meanwhile that its work is done; `told` is told once
/// who holds it.
pub(crate) fn take<T>(
    path: &Path,
    patience: Duration,
    done: &dyn Fn() -> Option<T>,
    told: &dyn Fn(&Holder),
) -> Result<Waited<T>, Error> {
    let at = Error::at(path);
    let open = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path);
    let mut waiting = Waiting {
        file: open.map_err(&at)?,
        claim: path.with_extension("claim"),
        seen: None,
        locked: Locked::No,
    };
    let (begun, mut pause, mut was_told) = (Instant::now(), PAUSE, false);
    loop {
        if let Some(done) = done() {
            return Ok(Waited::Done(done));
        }
        if let Some(own) = waiting.attempt().map_err(&at)? {
            let lock = Lock::renewed(waiting.file, waiting.claim, own);
            // It may have been done between the look and the lock.
            return Ok(match done() {
                Some(done) => Waited::Done(done),
                None => Waited::Ours(lock),
            });
        }
        let holder = waiting.holder();
        if let (Some(holder), false) = (&holder, was_told) {
            told(holder);
            was_told = true;
        }
        if begun.elapsed() >= patience {
            return Err(Error::Busy(holder.unwrap_or_else(|| Holder {
                host: "a node that is not known".to_owned(),
                pid: 0,
            })));
        }
        thread::sleep(pause.min(patience.saturating_sub(begun.elapsed())));
        pause = (pause * 3 / 2).min(LONGEST);
    }
}

/// Whether flock(2) is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Locked {
    No,
    Yes,
    /// The file system has none.
    Never,
}

struct Waiting {
    file: File,
    claim: PathBuf,
    locked: Locked,
    /// The claim as it was seen first, and when that was.
    seen: Option<(Seen, Instant)>,
}

/// A claim as it looks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    text: String,
    changed: Option<std::time::SystemTime>,
}

impl Waiting {
    /// Tries to take both; the text of our claim where that came off.
    fn attempt(&mut self) -> io::Result<Option<String>> {
        if self.locked == Locked::No {
            self.locked = match self.file.try_lock() {
                Ok(()) => Locked::Yes,
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) if has_no_locks(&error) => Locked::Never,
                Err(TryLockError::Error(error)) => return Err(error),
            };
        }
        let own = own();
        let created = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&self.claim);
        match created {
            Ok(mut file) => {
                file.write_all(own.as_bytes())?;
                return Ok(Some(own));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        let Some(seen) = look(&self.claim)? else {
            return Ok(None);
        };
        if !self.is_stale(&seen) {
            return Ok(None);
        }
        // Of two that take over at once, the later one has it.
        let new = beside(&self.claim);
        File::create(&new)?.write_all(own.as_bytes())?;
        fs::rename(&new, &self.claim)?;
        let taken = look(&self.claim)?.is_some_and(|seen| seen.text == own);
        Ok(taken.then_some(own))
    }

    /// Whether the owner of a claim is gone.
    fn is_stale(&mut self, seen: &Seen) -> bool {
        let holder = holder(&seen.text);
        // On one node locks always reach: with the lock of a live owner we would not be here.
        let is_of_here = holder.is_some_and(|holder| holder.host == Holder::here().host);
        if is_of_here && self.locked == Locked::Yes {
            return true;
        }
        match &self.seen {
            Some((before, since)) if before == seen => since.elapsed() >= LEASE,
            _ => {
                self.seen = Some((seen.clone(), Instant::now()));
                false
            }
        }
    }

    fn holder(&self) -> Option<Holder> {
        holder(&look(&self.claim).ok()??.text)
    }
}

/// Errors by which file systems say that they have no locks.
fn has_no_locks(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = error.raw_os_error().unwrap_or(0);
    [Errno::NOSYS, Errno::NOTSUP, Errno::NOLCK, Errno::INVAL]
        .iter()
        .any(|known| known.raw_os_error() == errno)
}

/// The text of a claim of this process: its thread and its time make it unlike any other.
fn own() -> String {
    let Holder { host, pid } = Holder::here();
    let now = jiff::Timestamp::now().as_nanosecond();
    let thread = format!("{:?}", thread::current().id());
    let text =
        serde_json::json!({"host": host, "pid": pid, "thread": thread, "time": now.to_string()});
    text.to_string()
}

fn holder(text: &str) -> Option<Holder> {
    serde_json::from_str(text).ok()
}

/// Looks at a claim; none where it is gone.
fn look(path: &Path) -> io::Result<Option<Seen>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let changed = file.metadata()?.modified().ok();
    let mut text = String::new();
    // Whatever is no text is a claim all the same.
    let _ = file.take(CLAIM).read_to_string(&mut text);
    Ok(Some(Seen { text, changed }))
}

impl Lock {
    /// Whether the claim was not taken over meanwhile.
    pub(crate) fn is_ours(&self) -> bool {
        let there = look(&self.claim).ok().flatten();
        there.is_some_and(|seen| seen.text == self.own)
    }

    /// Holds the claim and renews it until the lock is dropped.
    fn renewed(file: File, claim: PathBuf, own: String) -> Self {
        let (renewing, end) = mpsc::channel::<()>();
        let path = claim.clone();
        let renewals = thread::spawn(move || {
            while end.recv_timeout(RENEWED) == Err(RecvTimeoutError::Timeout) {
                let now = std::time::SystemTime::now();
                let file = OpenOptions::new().write(true).open(&path);
                // A claim that cannot be renewed now is tried again before it runs out.
                let _ = file.and_then(|file| file.set_modified(now));
            }
        });
        Self {
            _file: file,
            claim,
            own,
            renewing: Some(renewing),
            renewals: Some(renewals),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.renewing = None;
        if let Some(renewals) = self.renewals.take() {
            // A thread that panicked renews nothing any more.
            let _ = renewals.join();
        }
        if self.is_ours() {
            // Where it stays, it is taken over once it has run out.
            let _ = fs::remove_file(&self.claim);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    fn ours(path: &Path, patience: Duration) -> Result<Lock, Error> {
        match take(path, patience, &|| None::<()>, &|_| {})? {
            Waited::Ours(lock) => Ok(lock),
            Waited::Done(()) => panic!("nothing is done"),
        }
    }

    #[test]
    fn one_works_while_the_others_wait() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.lock");
        let (inside, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let _lock = ours(&path, LONG).unwrap();
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    thread::sleep(Duration::from_millis(5));
                    inside.fetch_sub(1, Ordering::SeqCst);
                    done.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(done.into_inner(), 8);
        assert!(!path.with_extension("claim").exists());
    }

    #[test]
    fn who_waits_is_told_of_the_holder_and_ends_when_the_work_is_done() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.lock");
        let lock = ours(&path, LONG).unwrap();
        let busy = ours(&path, Duration::from_millis(20)).err().unwrap();
        let me = std::process::id().to_string();
        assert!(busy.to_string().contains(&me), "{busy}");
        let looks = AtomicUsize::new(0);
        let told = AtomicUsize::new(0);
        let done = || (looks.fetch_add(1, Ordering::SeqCst) > 3).then_some("done");
        let waited = take(&path, LONG, &done, &|_| {
            told.fetch_add(1, Ordering::SeqCst);
        });
        assert!(matches!(waited, Ok(Waited::Done("done"))));
        assert_eq!(told.into_inner(), 1);
        drop(lock);
    }

    #[test]
    fn the_claim_of_a_process_that_died_here_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.lock");
        let claim = path.with_extension("claim");
        let dead = Holder {
            pid: u32::MAX,
            ..Holder::here()
        };
        File::create(&claim)
            .unwrap()
            .write_all(serde_json::to_string(&dead).unwrap().as_bytes())
            .unwrap();
        drop(ours(&path, Duration::from_secs(5)).unwrap());
        // That of another node must run out first.
        let far = r#"{"host": "another-node", "pid": 7}"#;
        File::create(&claim)
            .unwrap()
            .write_all(far.as_bytes())
            .unwrap();
        let busy = ours(&path, Duration::from_millis(100)).err().unwrap();
        assert!(
            busy.to_string().contains("process 7 on another-node"),
            "{busy}"
        );
    }

    #[test]
    fn a_claim_counts_where_there_are_no_locks() {
        let dir = tempfile::tempdir().unwrap();
        let claim = dir.path().join("x.claim");
        let waiting = |locked| Waiting {
            file: tempfile::tempfile().unwrap(),
            claim: claim.clone(),
            locked,
            seen: None,
        };
        assert!(waiting(Locked::Never).attempt().unwrap().is_some());
        assert!(waiting(Locked::Never).attempt().unwrap().is_none());
        let mut late = waiting(Locked::Never);
        let seen = look(&claim).unwrap().unwrap();
        assert!(!late.is_stale(&seen));
        let before = Instant::now().checked_sub(LEASE).unwrap();
        late.seen = Some((seen, before));
        assert!(late.attempt().unwrap().is_some());
        // Who held it before notices.
        let lock = ours(&dir.path().join("y.lock"), LONG).unwrap();
        assert!(lock.is_ours());
        File::create(dir.path().join("y.claim")).unwrap();
        assert!(!lock.is_ours());
    }
}
