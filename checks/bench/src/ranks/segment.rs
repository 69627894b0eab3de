//! The segment between two ranks: a file in /dev/shm, shm_open(3), with a ring of blocks in it.
//!
//! The sender fills blocks and the reader empties them, each counting in a word of its own; who
//! has to wait sleeps on the word of the other, futex(2).

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Acquire, Ordering::Release};
use std::time::{Duration, Instant};

use hpcctl_host::shared::Shared;
use rustix::fs::Timespec;
use rustix::io::Errno;
use rustix::thread::futex;

/// Where segments are.
const PLACE: &str = "/dev/shm";

/// Where in the segment each word lies: apart from each other, since processors fetch two lines.
const ASKED: usize = 0;
const SIZE: usize = 4;
const FILLED: usize = 128;
const EMPTIED: usize = 256;

/// Where the blocks begin.
const BLOCKS: usize = 4096;

/// The bytes of a block, as the fragments of an MPI are.
const BLOCK: usize = 32 << 10;

/// How many there are.
const COUNT: u32 = 8;

/// The bytes of the segment.
const LENGTH: usize = BLOCKS + BLOCK * COUNT as usize;

/// How long the other rank may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A segment that is mapped.
#[derive(Debug)]
pub(super) struct Segment {
    memory: Shared,
}

impl Segment {
    /// Makes one of that name.
    pub(super) fn make(token: u32) -> io::Result<Self> {
        let path = path(token);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        file.set_len(LENGTH as u64)?;
        Self::map(&file)
    }

    /// Maps the one of that name.
    pub(super) fn open(token: u32) -> io::Result<Self> {
        let path = path(token);
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        let segment = Self::map(&file)?;
        // Both have it now, and whatever ends them leaves nothing behind.
        forget(token);
        Ok(segment)
    }

    fn map(file: &File) -> io::Result<Self> {
        let memory = Shared::map(file, LENGTH)?;
        Ok(Self { memory })
    }

    /// Asks for a message of that size, and for the next number.
    pub(super) fn ask(&self, size: u32) -> u32 {
        self.memory.word(SIZE).store(size, Release);
        let asked = self.memory.word(ASKED);
        let number = asked.load(Acquire).wrapping_add(1);
        tell(asked, number);
        number
    }

    /// The number and size of what is asked for now.
    pub(super) fn asked(&self) -> (u32, u32) {
        let number = self.memory.word(ASKED).load(Acquire);
        (number, self.memory.word(SIZE).load(Acquire))
    }

    /// Waits until something else than `number` is asked for, however long that takes.
    pub(super) fn wait(&self, number: u32) -> Result<(), String> {
        wait(self.memory.word(ASKED), None, |asked| asked != number)
    }

    /// Sends a message through the ring.
    pub(super) fn send(&self, message: &[u8]) -> Result<(), String> {
        let (filled, emptied) = (self.memory.word(FILLED), self.memory.word(EMPTIED));
        for part in parts(message.len()) {
            let count = filled.load(Acquire);
            wait(emptied, Some(PATIENCE), |emptied| {
                count.wrapping_sub(emptied) < COUNT
            })?;
            self.memory.put(block(count), &message[part]);
            tell(filled, count.wrapping_add(1));
        }
        Ok(())
    }

    /// Takes a message out of the ring.
    pub(super) fn receive(&self, message: &mut [u8]) -> Result<(), String> {
        let (filled, emptied) = (self.memory.word(FILLED), self.memory.word(EMPTIED));
        for part in parts(message.len()) {
            let count = emptied.load(Acquire);
            wait(filled, Some(PATIENCE), |filled| filled != count)?;
            self.memory.get(block(count), &mut message[part]);
            tell(emptied, count.wrapping_add(1));
        }
        Ok(())
    }
}

/// Takes the name of a segment away, if it still has one.
pub(super) fn forget(token: u32) {
    let _ = fs::remove_file(path(token));
}

fn path(token: u32) -> PathBuf {
    PathBuf::from(format!("{PLACE}/hpcctl-{token:08x}"))
}

fn block(count: u32) -> usize {
    BLOCKS + (count % COUNT) as usize * BLOCK
}

/// The parts of a message that go into a block each; a message of nothing is one, too.
fn parts(length: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let count = length.div_ceil(BLOCK).max(1);
    (0..count).map(move |n| n * BLOCK..length.min((n + 1) * BLOCK))
}

/// Changes a word and wakes whoever sleeps on it.
fn tell(word: &AtomicU32, value: u32) {
    word.store(value, Release);
    // It cannot fail on a word that is there.
    let _ = futex::wake(word, futex::Flags::empty(), 1);
}

/// Sleeps on a word until it is as it should be.
fn wait(
    word: &AtomicU32,
    patience: Option<Duration>,
    is: impl Fn(u32) -> bool,
) -> Result<(), String> {
    let mut until = None;
    loop {
        let value = word.load(Acquire);
        if is(value) {
            return Ok(());
        }
        let left = match patience {
            Some(patience) => {
                let until = *until.get_or_insert_with(|| Instant::now() + patience);
                let left = until.checked_duration_since(Instant::now());
                Some(left.ok_or("the other rank is silent")?)
            }
            None => None,
        };
        let left = left.map(|left| Timespec {
            tv_sec: left.as_secs().cast_signed(),
            tv_nsec: left.subsec_nanos().into(),
        });
        match futex::wait(word, futex::Flags::empty(), value, left.as_ref()) {
            // The word changed before it slept, or the time is over, which is looked at above.
            Ok(()) | Err(Errno::AGAIN | Errno::INTR | Errno::TIMEDOUT) => {}
            Err(errno) => return Err(format!("futex: {errno}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_message_of_any_size_passes_through() {
        let token = 0xffff_0000 | std::process::id() & 0xffff;
        let one = Segment::make(token).unwrap();
        assert!(Segment::make(token).is_err(), "it is there already");
        let other = Segment::open(token).unwrap();
        for size in [0, 1, BLOCK, BLOCK + 1, BLOCK * 3, 1 << 20] {
            let message: Vec<u8> = (0..size).map(|n| (n * 7 % 251) as u8).collect();
            let mut copy = vec![0; size];
            thread::scope(|scope| {
                let sent = scope.spawn(|| one.send(&message));
                other.receive(&mut copy).unwrap();
                assert_eq!(sent.join().unwrap(), Ok(()));
            });
            assert!(copy == message, "{size}");
        }
        assert!(Segment::open(token).is_err(), "its name is gone");
    }
}
