//! An endpoint: messages to one other endpoint, from memory that is its own.
//!
//! Whoever waits reads the queue without rest, which is also what moves the messages that are under way, and gives up
//! when nothing has ended for a while. All memory and every context that a provider was given stays until the endpoint is closed.

use std::ffi::{c_int, c_void};
use std::ops::Range;
use std::ptr;
use std::time::{Duration, Instant};

use super::abi::{self, Fid, Info};
use super::library::explained;
use super::open::{Opened, addresses, bind, close, domain, enable, has, queue, register};

/// How long nothing may end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks at the queue between two looks at the clock.
const LOOKS: u32 = 1 << 10;

/// The most messages under way, of either kind.
pub(super) const UNDER_WAY: usize = 64;

/// The most bytes of an address.
const ADDRESS: usize = 512;

/// What is read of the queue at a time.
const ENTRIES: usize = 16;

/// The tag of every message.
const TAG: u64 = 7;

/// A part of an endpoint's memory.
pub type Span = Range<usize>;

/// Memory for the provider's own use: `struct fi_context2`.
type Context = [*mut c_void; 8];

/// How many were begun, and how many of them have ended.
#[derive(Debug, Default)]
struct Count {
    begun: usize,
    ended: usize,
}

/// An open endpoint.
pub struct Endpoint {
    endpoint: *mut abi::Endpoint,
    queue: *mut abi::Queue,
    addresses: *mut abi::Addresses,
    explain: abi::Explain,
    /// What a message costs: found once, not each time.
    read: abi::Read,
    send: abi::Send,
    receive: abi::Receive,
    inject: abi::Inject,
    /// Up to so many bytes a message is taken over when it is sent.
    inject_size: usize,
    /// What registered memory is named by.
    described: *mut c_void,
    /// What has to be closed, the last first.
    opened: Vec<*mut Fid>,
    memory: Box<[u8]>,
    /// Those of what is sent, then those of what is received.
    contexts: Box<[Context]>,
    peer: abi::Peer,
    sent: Count,
    received: Count,
}

// SAFETY: FI_THREAD_DOMAIN asks that one thread at a time uses what is opened, not that it is the same one.
unsafe impl Send for Endpoint {}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint")
            .field("bytes", &self.memory.len())
            .field("sent", &self.sent)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Opens what an endpoint of that offer needs, and the endpoint.
    pub(super) fn open(
        info: &Info,
        open: abi::OpenFabric,
        bytes: usize,
        explain: abi::Explain,
    ) -> Result<Self, String> {
        let mut opened = Opened {
            all: Vec::new(),
            explain,
        };
        let mut memory = vec![0; bytes].into_boxed_slice();
        // SAFETY: an offer of the library, and what is opened by it, as its headers declare them; each table is
        // looked at only while what has it is open.
        unsafe {
            let domain = domain(&mut opened, info, open)?;
            let addresses = addresses(&mut opened, info, domain)?;
            let queue = queue(&mut opened, domain)?;
            let mut endpoint = ptr::null_mut();
            let function = has("fi_endpoint", (*(*domain).ops).endpoint)?;
            let code = function(
                domain,
                ptr::from_ref(info).cast_mut(),
                &raw mut endpoint,
                ptr::null_mut(),
            );
            let endpoint = opened.keep("fi_endpoint", code, endpoint)?;
            bind(&opened, endpoint.cast(), addresses.cast(), 0)?;
            let both = abi::SEND | abi::RECV;
            bind(&opened, endpoint.cast(), queue.cast(), both)?;
            enable(&opened, endpoint.cast())?;
            let described = register(&mut opened, info, domain, endpoint, &mut memory)?;
            let tagged = (*endpoint)
                .tagged
                .as_ref()
                .ok_or("it has no tagged messages")?;
            Ok(Self {
                endpoint,
                queue,
                addresses,
                explain,
                read: has("fi_cq_read", (*(*queue).ops).read)?,
                send: has("fi_tsend", tagged.send)?,
                receive: has("fi_trecv", tagged.recv)?,
                inject: has("fi_tinject", tagged.inject)?,
                inject_size: info.tx_attr.as_ref().map_or(0, |it| it.inject_size),
                described,
                opened: std::mem::take(&mut opened.all),
                memory,
                contexts: vec![[ptr::null_mut(); 8]; 2 * UNDER_WAY].into_boxed_slice(),
                peer: 0,
                sent: Count::default(),
                received: Count::default(),
            })
        }
    }

    /// The address by which another endpoint of this provider finds it.
    ///
    /// # Errors
    ///
    /// When the provider does not say.
    pub fn address(&self) -> Result<Vec<u8>, String> {
        // SAFETY: the endpoint is open.
        let function = unsafe { (*self.endpoint).cm.as_ref().and_then(|ops| ops.getname) };
        let mut address = vec![0; ADDRESS];
        let mut length = address.len();
        let code = has("fi_getname", function)?(
            self.endpoint.cast(),
            address.as_mut_ptr().cast(),
            &raw mut length,
        );
        if code != 0 || length > ADDRESS {
            return Err(format!("fi_getname fails: {}", self.explained(code)));
        }
        address.truncate(length);
        Ok(address)
    }

    /// Says which endpoint is the other one.
    ///
    /// # Errors
    ///
    /// When that is no address of this provider.
    pub fn meet(&mut self, address: &[u8]) -> Result<(), String> {
        // The length of an address is the provider's: what is shorter would be read beyond its end.
        let mut whole = [0_u8; ADDRESS];
        let room = whole.get_mut(..address.len());
        room.ok_or("the address is too long")?
            .copy_from_slice(address);
        // SAFETY: what was opened is open until this is dropped.
        let function = unsafe { (*self.addresses).ops.as_ref().and_then(|ops| ops.insert) };
        let inserted = has("fi_av_insert", function)?(
            self.addresses,
            whole.as_ptr().cast(),
            1,
            &raw mut self.peer,
            0,
            ptr::null_mut(),
        );
        match inserted {
            1 => Ok(()),
            code => Err(format!("fi_av_insert fails: {}", self.explained(code))),
        }
    }

    /// Its memory, while nothing of it is under way.
    ///
    /// # Errors
    ///
    /// When something is.
    pub fn memory(&mut self) -> Result<&mut [u8], String> {
        let is_quiet = |count: &Count| count.begun == count.ended;
        if is_quiet(&self.sent) && is_quiet(&self.received) {
            Ok(&mut self.memory)
        } else {
            Err("messages are under way".into())
        }
    }

    /// A byte of what was received last.
    pub fn byte(&self, at: usize) -> u8 {
        // SAFETY: within the memory, which a provider may write to meanwhile.
        self.memory
            .get(at)
            .map_or(0, |byte| unsafe { ptr::from_ref(byte).read_volatile() })
    }

    /// Begins to send that part of its memory.
    ///
    /// # Errors
    ///
    /// What the library says; when it takes nothing for too long.
    pub fn send(&mut self, span: Span) -> Result<(), String> {
        let length = span.len();
        let from: *const c_void = self.part(span)?.cast();
        let (endpoint, peer) = (self.endpoint, self.peer);
        if length <= self.inject_size {
            let inject = self.inject;
            return self.begin("fi_tinject", || inject(endpoint, from, length, peer, TAG));
        }
        let context = self.context(0, self.sent.begun - self.sent.ended, self.sent.begun)?;
        let (send, described) = (self.send, self.described);
        self.begin("fi_tsend", || {
            send(endpoint, from, length, described, peer, TAG, context)
        })?;
        self.sent.begun += 1;
        Ok(())
    }

    /// Begins to receive into that part of its memory.
    ///
    /// # Errors
    ///
    /// As [`Endpoint::send`].
    pub fn receive(&mut self, span: Span) -> Result<(), String> {
        let length = span.len();
        let to = self.part(span)?;
        let (endpoint, peer) = (self.endpoint, self.peer);
        let under_way = self.received.begun - self.received.ended;
        let context = self.context(UNDER_WAY, under_way, self.received.begun)?;
        let (receive, described) = (self.receive, self.described);
        self.begin("fi_trecv", || {
            receive(endpoint, to, length, described, peer, TAG, 0, context)
        })?;
        self.received.begun += 1;
        Ok(())
    }

    /// Waits until all that was begun to send has ended.
    ///
    /// # Errors
    ///
    /// What the library says; when nothing ends for too long.
    pub fn all_sent(&mut self) -> Result<(), String> {
        self.until(|it| it.sent.ended == it.sent.begun)
    }

    /// Waits until all that was begun to receive is there.
    ///
    /// # Errors
    ///
    /// As [`Endpoint::all_sent`].
    pub fn all_received(&mut self) -> Result<(), String> {
        self.until(|it| it.received.ended == it.received.begun)
    }

    fn part(&mut self, span: Span) -> Result<*mut c_void, String> {
        let part = self.memory.get_mut(span);
        let part = part.ok_or("the message is not in the memory")?;
        Ok(part.as_mut_ptr().cast())
    }

    /// Memory for the provider: that of the operation which ended longest ago.
    fn context(
        &mut self,
        first: usize,
        under_way: usize,
        begun: usize,
    ) -> Result<*mut c_void, String> {
        if under_way >= UNDER_WAY {
            return Err("too many messages are under way".into());
        }
        Ok(ptr::from_mut(&mut self.contexts[first + begun % UNDER_WAY]).cast())
    }

    /// Begins something as soon as the provider takes it.
    fn begin(&mut self, what: &str, call: impl Fn() -> isize) -> Result<(), String> {
        let mut refused = false;
        let mut last = 0;
        self.until_done(|it| {
            if refused {
                it.look()?;
            }
            last = call();
            refused = true;
            Ok(last != abi::AGAIN)
        })?;
        match last {
            0 => Ok(()),
            code => Err(format!("{what} fails: {}", self.explained(code as c_int))),
        }
    }

    fn until(&mut self, over: impl Fn(&Self) -> bool) -> Result<(), String> {
        self.until_done(|it| {
            if over(it) {
                return Ok(true);
            }
            it.look()?;
            Ok(over(it))
        })
    }

    fn until_done(
        &mut self,
        mut step: impl FnMut(&mut Self) -> Result<bool, String>,
    ) -> Result<(), String> {
        let mut since = None;
        loop {
            for _ in 0..LOOKS {
                if step(self)? {
                    return Ok(());
                }
            }
            let since = *since.get_or_insert_with(Instant::now);
            // Where the other one has to run here, too, it is let.
            std::thread::yield_now();
            if since.elapsed() > PATIENCE {
                let seconds = PATIENCE.as_secs();
                return Err(format!("nothing passes for {seconds} s"));
            }
        }
    }

    /// Looks once at what has ended.
    fn look(&mut self) -> Result<(), String> {
        let mut entries = [ptr::null_mut(); ENTRIES];
        let count = (self.read)(self.queue, entries.as_mut_ptr(), ENTRIES);
        match count {
            abi::AGAIN | 0 => Ok(()),
            abi::FAILED => Err(self.failure()),
            count if count > 0 => {
                let ended = entries.get(..count as usize).unwrap_or_default();
                let second = self.contexts[UNDER_WAY..].as_ptr().addr();
                let sent = ended.iter().filter(|it| it.addr() < second).count();
                self.sent.ended += sent;
                self.received.ended += ended.len() - sent;
                Ok(())
            }
            code => Err(format!(
                "fi_cq_read fails: {}",
                self.explained(code as c_int)
            )),
        }
    }

    /// Why what has ended has failed.
    fn failure(&self) -> String {
        // SAFETY: numbers and addresses, which may all be 0.
        let mut failure: abi::Failure = unsafe { std::mem::zeroed() };
        // SAFETY: the queue is open.
        let function = unsafe { (*self.queue).ops.as_ref().and_then(|ops| ops.readerr) };
        let read = function.map_or(0, |read| read(self.queue, &raw mut failure, 0));
        if read > 0 {
            format!("a message fails: {}", self.explained(failure.err))
        } else {
            "a message fails, and why is not told".into()
        }
    }

    fn explained(&self, code: c_int) -> String {
        explained(self.explain, code)
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        if !close(&mut self.opened) {
            // A provider that still holds them may write to them.
            std::mem::forget(std::mem::take(&mut self.memory));
            std::mem::forget(std::mem::take(&mut self.contexts));
        }
    }
}
