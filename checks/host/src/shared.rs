//! Memory between processes: a file that both have mapped, and what one reads of the other;
//! mmap(2), process_vm_readv(2).

#![expect(
    unsafe_code,
    reason = "mmap(2) and process_vm_readv(2) have no safe wrapper"
)]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicU32;

use crate::Errno;

/// The bytes of a word.
const WORD: usize = size_of::<AtomicU32>();

/// A file that is mapped for reading and writing; whoever else has mapped it sees every change.
///
/// A file that somebody makes shorter meanwhile ends the process that looks beyond its end, so it
/// must be one that nobody else may open.
#[derive(Debug)]
pub struct Shared {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: a mapping belongs to the process, not to a thread; words are atomic, and who may copy
// which bytes when is what the words are for.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// Maps the first `length` bytes.
    ///
    /// # Errors
    ///
    /// When the file is shorter than that, or mmap(2) fails.
    pub fn map(file: &File, length: usize) -> io::Result<Self> {
        if file.metadata()?.len() < length as u64 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // SAFETY: a new mapping at an address that the kernel chooses.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { start, length })
    }

    /// The word at a multiple of four bytes; one that lies beyond the end is the last.
    pub fn word(&self, offset: usize) -> &AtomicU32 {
        let offset = offset.min(self.length.saturating_sub(WORD)) / WORD * WORD;
        // SAFETY: aligned, within the mapping, which lives as long as `self`.
        unsafe { self.start.add(offset).cast().as_ref() }
    }

    /// Copies bytes into it; what would lie beyond the end is left out.
    pub fn put(&self, offset: usize, bytes: &[u8]) {
        let count = bytes.len().min(self.length.saturating_sub(offset));
        if count > 0 {
            // SAFETY: `count` bytes from `offset` on lie within the mapping, which is no part of
            // any slice of Rust's.
            unsafe {
                ptr::copy_nonoverlapping(bytes.as_ptr(), self.start.add(offset).as_ptr(), count)
            }
        }
    }

    /// Copies bytes out of it; what would lie beyond the end stays as it is.
    pub fn get(&self, offset: usize, bytes: &mut [u8]) {
        let count = bytes.len().min(self.length.saturating_sub(offset));
        if count > 0 {
            // SAFETY: as for `put`.
            unsafe {
                ptr::copy_nonoverlapping(
                    self.start.add(offset).as_ptr(),
                    bytes.as_mut_ptr(),
                    count,
                );
            }
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: our own mapping, to which nothing refers any more.
        unsafe {
            libc::munmap(self.start.as_ptr().cast(), self.length);
        }
    }
}

/// Reads the memory of another process at an address of its own; less than asked for is an error.
///
/// # Errors
///
/// What process_vm_readv(2) says; EIO where it reads less.
pub fn read_memory(process: i32, address: u64, into: &mut [u8]) -> Result<(), Errno> {
    let local = libc::iovec {
        iov_base: into.as_mut_ptr().cast(),
        iov_len: into.len(),
    };
    let remote = libc::iovec {
        iov_base: ptr::without_provenance_mut(address as usize),
        iov_len: into.len(),
    };
    // SAFETY: the kernel writes at most `into.len()` bytes to `into`; the address is the other's.
    let read =
        unsafe { libc::process_vm_readv(process, &raw const local, 1, &raw const remote, 1, 0) };
    match usize::try_from(read) {
        Ok(count) if count == into.len() => Ok(()),
        Ok(_) => Err(Errno::EIO),
        Err(_) => Err(io::Error::last_os_error().into()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::Relaxed;

    use super::*;

    #[test]
    fn two_mappings_of_a_file_are_one_memory() {
        let file = tempfile::tempfile().unwrap();
        assert!(Shared::map(&file, 8192).is_err(), "it is empty");
        file.set_len(8192).unwrap();
        let (one, other) = (
            Shared::map(&file, 8192).unwrap(),
            Shared::map(&file, 8192).unwrap(),
        );
        one.word(128).store(7, Relaxed);
        assert_eq!(other.word(128).load(Relaxed), 7);
        one.put(4096, b"message");
        let mut copy = [0; 7];
        other.get(4096, &mut copy);
        assert_eq!(&copy, b"message");
        // Beyond the end there is nothing to write to.
        one.put(8190, b"message");
        one.word(1 << 40).store(1, Relaxed);
        let mut end = [9; 4];
        other.get(1 << 40, &mut end);
        assert_eq!(end, [9; 4]);
    }

    #[test]
    fn memory_is_read_of_a_process_that_is_there() {
        let text = *b"in memory";
        let own = std::process::id().cast_signed();
        let address = text.as_ptr().expose_provenance() as u64;
        let mut copy = [0; 9];
        assert_eq!(read_memory(own, address, &mut copy), Ok(()));
        assert_eq!(copy, text);
        assert_eq!(read_memory(own, 0, &mut copy), Err(Errno::EFAULT));
        assert_eq!(read_memory(i32::MAX, address, &mut copy), Err(Errno::ESRCH));
    }
}
