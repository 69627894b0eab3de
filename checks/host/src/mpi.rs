//! The MPI library of a node or an image, opened when it is needed: dlopen(3).
//!
//! Nothing is built against an MPI. Three ways to write a handle are in use: numbers in the ABI that
//! MPICH, Intel MPI and Cray share (mpi.h of MPICH 3.1 and later), addresses of objects in Open MPI
//! (`ompi_mpi_comm_world` and others of its mpi.h), and the numbers of the ABI of MPI 5.0 (chapter 20).
//! Each is passed as a word: a function that takes an int reads the lower half of the register, or of the
//! place on the stack, on the little-endian machines with 64 bits that hpcctl is built for.

#![expect(
    unsafe_code,
    reason = "a library that is opened at run time has no safe wrapper"
)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

use crate::loaded::Loaded;

/// A handle, a number or an address.
type Word = usize;

/// The tag of every message.
const TAG: c_int = 7;

/// The most bytes of the version, MPI_MAX_LIBRARY_VERSION_STRING of MPICH and MPI 5.0, the largest.
const VERSION: usize = 8192;

/// More than the `MPI_Status` of any of them.
type Status = [u64; 64];

type Start = extern "C" fn(*mut c_int, *mut *mut *mut c_char) -> c_int;
type End = extern "C" fn() -> c_int;
type Abort = extern "C" fn(Word, c_int) -> c_int;
type Number = extern "C" fn(Word, *mut c_int) -> c_int;
type Text = extern "C" fn(*mut c_char, *mut c_int) -> c_int;
type Send = extern "C" fn(*const c_void, c_int, Word, c_int, c_int, Word) -> c_int;
type Receive = extern "C" fn(*mut c_void, c_int, Word, c_int, c_int, Word, *mut Status) -> c_int;
type SendLater = extern "C" fn(*const c_void, c_int, Word, c_int, c_int, Word, *mut Word) -> c_int;
type ReceiveLater = extern "C" fn(*mut c_void, c_int, Word, c_int, c_int, Word, *mut Word) -> c_int;
type Wait = extern "C" fn(*mut Word, *mut Status) -> c_int;
type Reduce = extern "C" fn(*const c_void, *mut c_void, c_int, Word, Word, Word) -> c_int;

/// What the constants of mpi.h are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Handles {
    world: Word,
    byte: Word,
    double: Word,
    sum: Word,
}

/// Those that MPICH and what is compatible with it share.
const MPICH: Handles = Handles {
    world: 0x4400_0000,
    byte: 0x4c00_010d,
    double: 0x4c00_080b,
    sum: 0x5800_0003,
};

/// Those of MPI 5.0.
const STANDARD: Handles = Handles {
    world: 0x101,
    byte: 0x247,
    double: 0x214,
    sum: 0x21,
};

/// What the constants are in this library, by what it exports and how it is called.
fn handles(library: &Loaded, path: &str) -> Result<Handles, String> {
    let object = |name: &CStr| library.address(name).map(|it| it.expose_provenance());
    let open_mpi = object(c"ompi_mpi_comm_world").map(|world| {
        Some(Handles {
            world,
            byte: object(c"ompi_mpi_byte")?,
            double: object(c"ompi_mpi_double")?,
            sum: object(c"ompi_mpi_op_sum")?,
        })
    });
    match open_mpi {
        Some(handles) => handles.ok_or_else(|| "it lacks objects of Open MPI".into()),
        None if path.contains("libmpi_abi.so") => Ok(STANDARD),
        None => Ok(MPICH),
    }
}

/// All ranks, of which this process is one.
pub struct World {
    handles: Handles,
    end: End,
    abort: Abort,
    send: Send,
    receive: Receive,
    send_later: SendLater,
    receive_later: ReceiveLater,
    wait: Wait,
    reduce: Reduce,
    /// The number of this rank.
    pub rank: usize,
    /// How many there are.
    pub size: usize,
    /// The first line of what the library calls itself, and the path by which it was opened.
    pub library: String,
    /// The file that it is, without links.
    pub file: Option<String>,
}

impl World {
    /// Opens the first of these libraries that there is, and joins the other ranks: MPI_Init.
    ///
    /// # Errors
    ///
    /// When none can be opened, or it lacks a function; what goes wrong in MPI_Init ends the process,
    /// as the standard has it.
    pub fn join(paths: &[String]) -> Result<Self, String> {
        let mut why = "no library is named".to_owned();
        for path in paths {
            match Loaded::open(path, true) {
                Ok(library) => return Self::of(&library, path),
                Err(error) => why = error,
            }
        }
        Err(format!("no MPI library can be opened: {why}"))
    }

    fn of(library: &Loaded, path: &str) -> Result<Self, String> {
        let handles = handles(library, path)?;
        // SAFETY: each type is that of the function in the MPI standard, with handles as words.
        let (start, rank, size, text) = unsafe {
            (
                library.function::<Start>(c"MPI_Init")?,
                library.function::<Number>(c"MPI_Comm_rank")?,
                library.function::<Number>(c"MPI_Comm_size")?,
                library.function::<Text>(c"MPI_Get_library_version")?,
            )
        };
        // SAFETY: as above.
        let mut world = unsafe {
            Self {
                handles,
                end: library.function(c"MPI_Finalize")?,
                abort: library.function(c"MPI_Abort")?,
                send: library.function(c"MPI_Send")?,
                receive: library.function(c"MPI_Recv")?,
                send_later: library.function(c"MPI_Isend")?,
                receive_later: library.function(c"MPI_Irecv")?,
                wait: library.function(c"MPI_Wait")?,
                reduce: library.function(c"MPI_Allreduce")?,
                rank: 0,
                size: 0,
                library: format!("{}, {path}", version(text)),
                file: library.file(c"MPI_Init"),
            }
        };
        done("MPI_Init", start(ptr::null_mut(), ptr::null_mut()))?;
        world.rank = number("MPI_Comm_rank", rank, handles.world)?;
        world.size = number("MPI_Comm_size", size, handles.world)?;
        Ok(world)
    }

    /// Sends a message: MPI_Send.
    ///
    /// # Errors
    ///
    /// What the library says, where it does not end the process.
    pub fn send(&self, to: usize, message: &[u8]) -> Result<(), String> {
        let Handles { world, byte, .. } = self.handles;
        let count = count(message.len())?;
        let sent = (self.send)(
            message.as_ptr().cast(),
            count,
            byte,
            to as c_int,
            TAG,
            world,
        );
        done("MPI_Send", sent)
    }

    /// Receives a message of that size: MPI_Recv.
    ///
    /// # Errors
    ///
    /// As [`World::send`].
    pub fn receive(&self, from: usize, message: &mut [u8]) -> Result<(), String> {
        let Handles { world, byte, .. } = self.handles;
        let count = count(message.len())?;
        let mut status: Status = [0; 64];
        let buffer = message.as_mut_ptr().cast();
        let from = from as c_int;
        let received = (self.receive)(buffer, count, byte, from, TAG, world, &raw mut status);
        done("MPI_Recv", received)
    }

    /// Sends messages of `size` bytes, all of them under way at a time: MPI_Isend, MPI_Wait.
    ///
    /// # Errors
    ///
    /// As [`World::send`].
    pub fn send_all(&self, to: usize, messages: &[u8], size: usize) -> Result<(), String> {
        let Handles { world, byte, .. } = self.handles;
        // No message is longer.
        count(size)?;
        self.window(
            "MPI_Isend",
            messages.chunks(size.max(1)),
            |message, request| {
                let (start, count) = (message.as_ptr().cast(), message.len() as c_int);
                (self.send_later)(start, count, byte, to as c_int, TAG, world, request)
            },
        )
    }

    /// Receives messages of `size` bytes, all of them asked for at a time: MPI_Irecv, MPI_Wait.
    ///
    /// # Errors
    ///
    /// As [`World::send`].
    pub fn receive_all(&self, from: usize, messages: &mut [u8], size: usize) -> Result<(), String> {
        let Handles { world, byte, .. } = self.handles;
        count(size)?;
        self.window(
            "MPI_Irecv",
            messages.chunks_mut(size.max(1)),
            |message, request| {
                let (start, count) = (message.as_mut_ptr().cast(), message.len() as c_int);
                (self.receive_later)(start, count, byte, from as c_int, TAG, world, request)
            },
        )
    }

    /// The sums of what all ranks give: MPI_Allreduce.
    ///
    /// # Errors
    ///
    /// As [`World::send`]; when the two are not of one length.
    pub fn sum(&self, mine: &[f64], all: &mut [f64]) -> Result<(), String> {
        if mine.len() != all.len() {
            return Err("what is summed is not of one length".into());
        }
        let Handles {
            world, double, sum, ..
        } = self.handles;
        let count = count(mine.len())?;
        let (mine, all) = (mine.as_ptr().cast(), all.as_mut_ptr().cast());
        done(
            "MPI_Allreduce",
            (self.reduce)(mine, all, count, double, sum, world),
        )
    }

    /// Ends it, once all ranks do: MPI_Finalize.
    ///
    /// # Errors
    ///
    /// As [`World::send`].
    pub fn end(self) -> Result<(), String> {
        done("MPI_Finalize", (self.end)())
    }

    /// Ends all ranks at once: MPI_Abort.
    pub fn abort(&self) {
        (self.abort)(self.handles.world, 1);
    }

    /// Messages that others of them are under way must not be left behind: their memory would go.
    fn begun(&self, what: &str, code: c_int) {
        if done(what, code).is_err() {
            self.abort();
        }
    }

    /// Begins all messages, each with a request of its own, and waits for them.
    fn window<M>(
        &self,
        what: &str,
        messages: impl ExactSizeIterator<Item = M>,
        begin: impl Fn(M, *mut Word) -> c_int,
    ) -> Result<(), String> {
        let mut under_way = Vec::with_capacity(messages.len());
        for message in messages {
            let mut request: Word = 0;
            let begun = begin(message, &raw mut request);
            under_way.push(request);
            self.begun(what, begun);
        }
        let mut status: Status = [0; 64];
        for mut request in under_way {
            let waited = (self.wait)(&raw mut request, &raw mut status);
            self.begun("MPI_Wait", waited);
            done("MPI_Wait", waited)?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("rank", &self.rank)
            .field("size", &self.size)
            .field("library", &self.library)
            .finish_non_exhaustive()
    }
}

/// What the library calls itself, which may be asked before MPI_Init.
fn version(text: Text) -> String {
    let mut bytes = vec![0_u8; VERSION];
    let mut length: c_int = 0;
    let asked = text(bytes.as_mut_ptr().cast(), &raw mut length);
    let length = usize::try_from(length).unwrap_or(0).min(bytes.len());
    let said = String::from_utf8_lossy(&bytes[..length]);
    let said = said.trim_matches(|c: char| c == '\0' || c.is_whitespace());
    let line = said.lines().next().unwrap_or("");
    // Open MPI goes on with who packaged it; MPICH has a tab between name and value.
    let words: Vec<&str> = line
        .split(',')
        .next()
        .unwrap_or("")
        .split_whitespace()
        .collect();
    if asked == 0 && !words.is_empty() {
        words.join(" ")
    } else {
        "an MPI without a version".into()
    }
}

fn number(what: &str, ask: Number, world: Word) -> Result<usize, String> {
    let mut number: c_int = -1;
    done(what, ask(world, &raw mut number))?;
    usize::try_from(number).map_err(|_| format!("{what} says {number}"))
}

fn count(length: usize) -> Result<c_int, String> {
    c_int::try_from(length).map_err(|_| format!("{length} are too many at a time"))
}

/// MPI_SUCCESS is 0 in all of them.
fn done(what: &str, code: c_int) -> Result<(), String> {
    match code {
        0 => Ok(()),
        code => Err(format!("{what} fails with {code}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_mpi_is_told() {
        let join = |path: &str| World::join(&[path.to_owned()]).unwrap_err();
        assert!(World::join(&[]).is_err());
        assert!(join("/nonexistent/libmpi.so.12").contains("/nonexistent/libmpi.so.12"));
        assert!(join("libmpi\0.so").contains("no path"));
        assert_eq!(join("libc.so.6"), "the library has no MPI_Init");
    }

    #[test]
    fn handles_are_those_of_the_library() {
        let library = Loaded::open("libc.so.6", true).unwrap();
        assert_eq!(handles(&library, "/opt/lib/libmpi.so.12"), Ok(MPICH));
        assert_eq!(handles(&library, "/opt/lib/libmpi_abi.so.1"), Ok(STANDARD));
    }
}
