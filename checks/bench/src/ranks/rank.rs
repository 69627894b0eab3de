//! A rank: it sends messages, and whoever meets it reads them by the best way that there is.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use hpcctl_host::shared::read_memory;
use hpcctl_host::{Errno, Host, Live};

use super::segment::{self, Segment};
use super::{DIRECT, LARGEST};
use crate::end::run_on;
use crate::far::Rank;

/// A size that ends it.
const OVER: u32 = u32::MAX;

/// How long the other rank may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A number that names a segment.
pub(crate) fn token() -> u32 {
    let bytes = Live
        .read("/proc/sys/kernel/random/uuid")
        .unwrap_or_default();
    let digits: String = bytes.chars().take(8).collect();
    u32::from_str_radix(&digits, 16).unwrap_or(std::process::id())
}

/// The message: every byte says where it is and whose it is.
fn message(token: u32) -> Vec<u8> {
    let word = |n: usize| (n as u32 / 4).wrapping_mul(0x9e37_79b9) ^ token;
    (0..LARGEST).map(|n| word(n).to_ne_bytes()[n % 4]).collect()
}

/// Becomes a rank until the process ends: its process, the address of its message, its port.
pub(crate) fn be(token: u32, processor: usize) -> Result<Vec<f64>, String> {
    let failed = |error: io::Error| format!("cannot be a rank: {error}");
    let message = Arc::new(message(token));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    let told = vec![
        f64::from(std::process::id()),
        message.as_ptr().addr() as f64,
        f64::from(port),
    ];
    // Without it the others say what they miss.
    if let Ok(segment) = Segment::make(token) {
        let message = Arc::clone(&message);
        thread::spawn(move || {
            run_on(processor);
            serve(&segment, &message)
        });
    }
    thread::spawn(move || {
        for reader in listener.incoming().flatten() {
            let message = Arc::clone(&message);
            thread::spawn(move || {
                run_on(processor);
                // It ends when the reader hangs up.
                let _ = serve_stream(reader, &message);
            });
        }
    });
    Ok(told)
}

fn serve(segment: &Segment, message: &[u8]) -> Result<(), String> {
    let mut last = 0;
    loop {
        segment.wait(last)?;
        let (number, size) = segment.asked();
        if size == OVER {
            return Ok(());
        }
        segment.send(&message[..(size as usize).min(message.len())])?;
        last = number;
    }
}

/// Each request is a size, each answer so many bytes and one more.
fn serve_stream(mut reader: TcpStream, message: &[u8]) -> io::Result<()> {
    reader.set_nodelay(true)?;
    loop {
        let mut size = [0; 4];
        reader.read_exact(&mut size)?;
        let size = (u32::from_ne_bytes(size) as usize).min(message.len());
        reader.write_all(&[1])?;
        reader.write_all(&message[..size])?;
    }
}

/// Tries what reaches a rank: the errno each of its memory and its segment, or 0. Its segment is
/// gone then.
pub(crate) fn reach(rank: &Rank) -> [i32; 2] {
    let memory = reads(rank);
    // A look only, at a rank that is asked nothing else.
    let name = format!("/dev/shm/hpcctl-{:08x}", rank.token);
    let segment = Live.stat(&name).map_or_else(|errno| errno.0, |_| 0);
    segment::forget(rank.token);
    [memory, segment]
}

/// Tries to read the memory of a rank: the errno, or 0.
fn reads(rank: &Rank) -> i32 {
    let mut first = [0; 4];
    let own = std::process::id();
    match read_memory(rank.process, rank.address, &mut first) {
        // Another process of that number, in another pid namespace.
        _ if u32::try_from(rank.process) == Ok(own) => Errno::ESRCH.0,
        Ok(()) if first != first_word(rank.token) => Errno::ESRCH.0,
        Ok(()) => 0,
        Err(errno) => errno.0,
    }
}

fn first_word(token: u32) -> [u8; 4] {
    token.to_ne_bytes()
}

/// The ways in which messages of a rank are read.
pub(crate) struct Reader {
    rank: Rank,
    /// Whether its memory may be read.
    direct: bool,
    segment: Option<Segment>,
    stream: Option<TcpStream>,
    copy: Vec<u8>,
}

impl Reader {
    /// Finds out what there is.
    pub(crate) fn meet(rank: &Rank) -> Result<Self, String> {
        let direct = reads(rank) == 0;
        let segment = Segment::open(rank.token).ok();
        let mut reader = Self {
            rank: *rank,
            direct,
            stream: None,
            copy: vec![0; LARGEST],
            segment,
        };
        if reader.segment.is_none() {
            reader.stream = Some(connect(rank).map_err(|error| {
                format!("the ranks share neither /dev/shm nor a network: {error}")
            })?);
        }
        let expected = message(rank.token);
        for size in [8, LARGEST] {
            reader.read(size)?;
            if reader.copy[..size] != expected[..size] {
                return Err("a message did not arrive as it was sent".into());
            }
            reader.copy.fill(0);
        }
        Ok(reader)
    }

    /// Reads a message once.
    pub(crate) fn read(&mut self, size: usize) -> Result<(), String> {
        let copy = &mut self.copy[..size];
        let direct = self.direct && size >= DIRECT;
        // The sender has its say first: that the message is there.
        let asked = if direct { 0 } else { size };
        match (&self.segment, &mut self.stream) {
            (Some(segment), _) => {
                segment.ask(asked as u32);
                segment.receive(&mut copy[..asked])?;
            }
            (None, Some(stream)) => {
                request(stream, asked as u32, &mut copy[..asked])
                    .map_err(|error| format!("cannot read a message: {error}"))?;
            }
            (None, None) => return Err("there is no way to the other rank".into()),
        }
        if direct {
            read_memory(self.rank.process, self.rank.address, copy)
                .map_err(|errno| format!("process_vm_readv: {errno}"))?;
        }
        Ok(())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(segment) = &self.segment {
            segment.ask(OVER);
        }
    }
}

fn request(stream: &mut TcpStream, size: u32, copy: &mut [u8]) -> io::Result<()> {
    stream.write_all(&size.to_ne_bytes())?;
    stream.read_exact(&mut [0])?;
    stream.read_exact(copy)
}

fn connect(rank: &Rank) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, rank.port).into(), PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_is_met_by_every_way() {
        let token = token();
        let told = be(token, 0).unwrap();
        let rank = Rank {
            process: told[0] as i32,
            address: told[1] as u64,
            port: told[2] as u16,
            token,
        };
        // This process is no other one.
        assert_eq!(reads(&rank), Errno::ESRCH.0);
        let mut reader = Reader::meet(&rank).unwrap();
        reader.read(LARGEST).unwrap();
        assert!(reader.copy == message(token));
        reader.copy.fill(0);
        reader.direct = true;
        reader.read(LARGEST).unwrap();
        assert!(reader.copy == message(token));
        drop(reader);
        // The segment is over and its name gone; what is left is the socket.
        let mut reader = Reader::meet(&rank).unwrap();
        assert!(reader.segment.is_none());
        for direct in [true, false] {
            reader.direct = direct;
            reader.copy.fill(0);
            reader.read(LARGEST).unwrap();
            assert!(reader.copy == message(token));
        }
        assert_eq!(reach(&rank), [Errno::ESRCH.0, Errno::ENOENT.0]);
    }

    #[test]
    fn what_is_not_reached_has_its_errno() {
        let rank = Rank {
            process: i32::MAX,
            address: 4096,
            port: 1,
            token: token(),
        };
        assert_eq!(reach(&rank), [Errno::ESRCH.0, Errno::ENOENT.0]);
        assert!(Reader::meet(&rank).is_err());
    }
}
