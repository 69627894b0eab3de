//! Opens what an endpoint needs, and closes it.

use std::ffi::{c_int, c_void};
use std::ptr;

use super::abi::{self, Fid, Info};
use super::endpoint::UNDER_WAY;
use super::library::explained;

/// What is open so far, closed again unless it is taken.
pub(super) struct Opened {
    pub(super) all: Vec<*mut Fid>,
    pub(super) explain: abi::Explain,
}

impl Opened {
    /// Whether a call did what it should, and what it opened.
    pub(super) fn keep<T>(
        &mut self,
        what: &str,
        code: c_int,
        object: *mut T,
    ) -> Result<*mut T, String> {
        self.check(what, code)?;
        if object.is_null() {
            return Err(format!("{what} opens nothing"));
        }
        // Each of them begins with it.
        self.all.push(object.cast());
        Ok(object)
    }

    fn check(&self, what: &str, code: c_int) -> Result<(), String> {
        match code {
            0 => Ok(()),
            code => Err(format!("{what} fails: {}", explained(self.explain, code))),
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // What cannot be closed goes with the process; no message is under way.
        close(&mut self.all);
    }
}

/// Closes what was opened, the last first: whether all of it could be closed.
pub(super) fn close(all: &mut Vec<*mut Fid>) -> bool {
    let mut is_closed = true;
    while let Some(fid) = all.pop() {
        // SAFETY: it was opened, and is closed once.
        let close = unsafe { (*fid).ops.as_ref().and_then(|ops| ops.close) };
        is_closed &= close.is_some_and(|close| close(fid) == 0);
    }
    is_closed
}

/// A function of a table, where the provider has one.
pub(super) fn has<F>(what: &str, function: Option<F>) -> Result<F, String> {
    function.ok_or_else(|| format!("the provider has no {what}"))
}

/// Binds an object to an endpoint, or the other way round.
///
/// # Safety
///
/// Both are open.
pub(super) unsafe fn bind(
    opened: &Opened,
    one: *mut Fid,
    other: *mut Fid,
    flags: u64,
) -> Result<(), String> {
    // SAFETY: what the caller says.
    let function = unsafe { (*one).ops.as_ref().and_then(|ops| ops.bind) };
    opened.check("fi_bind", has("fi_bind", function)?(one, other, flags))
}

/// Makes an object ready.
///
/// # Safety
///
/// It is open.
pub(super) unsafe fn enable(opened: &Opened, fid: *mut Fid) -> Result<(), String> {
    // SAFETY: what the caller says.
    let function = unsafe { (*fid).ops.as_ref().and_then(|ops| ops.control) };
    let enabled = has("fi_control", function)?(fid, abi::ENABLE, ptr::null_mut());
    opened.check("fi_enable", enabled)
}

/// Opens the domain of an offer.
///
/// # Safety
///
/// `info` is an offer of the library that `open` is of.
pub(super) unsafe fn domain(
    opened: &mut Opened,
    info: &Info,
    open: abi::OpenFabric,
) -> Result<*mut abi::Domain, String> {
    let mut fabric = ptr::null_mut();
    let code = open(info.fabric_attr, &raw mut fabric, ptr::null_mut());
    let fabric = opened.keep("fi_fabric", code, fabric)?;
    // SAFETY: it is open.
    let function = unsafe { has("fi_domain", (*(*fabric).ops).domain)? };
    let mut domain = ptr::null_mut();
    let offer = ptr::from_ref(info).cast_mut();
    let code = function(fabric, offer, &raw mut domain, ptr::null_mut());
    opened.keep("fi_domain", code, domain)
}

/// Opens a table of addresses.
///
/// # Safety
///
/// `domain` is open, by that offer.
pub(super) unsafe fn addresses(
    opened: &mut Opened,
    info: &Info,
    domain: *mut abi::Domain,
) -> Result<*mut abi::Addresses, String> {
    // SAFETY: what the caller says.
    let (function, kind) = unsafe {
        let kind = info.domain_attr.as_ref().map_or(0, |it| it.av_type);
        (has("fi_av_open", (*(*domain).ops).av_open)?, kind)
    };
    let mut attributes = abi::AddressAttributes {
        kind,
        rx_ctx_bits: 0,
        count: 2,
        ep_per_node: 0,
        name: ptr::null(),
        map_addr: ptr::null_mut(),
        flags: 0,
    };
    let mut addresses = ptr::null_mut();
    let code = function(
        domain,
        &raw mut attributes,
        &raw mut addresses,
        ptr::null_mut(),
    );
    opened.keep("fi_av_open", code, addresses)
}

/// Opens a queue of what has ended.
///
/// # Safety
///
/// `domain` is open.
pub(super) unsafe fn queue(
    opened: &mut Opened,
    domain: *mut abi::Domain,
) -> Result<*mut abi::Queue, String> {
    // SAFETY: what the caller says.
    let function = unsafe { has("fi_cq_open", (*(*domain).ops).cq_open)? };
    let mut attributes = abi::QueueAttributes {
        size: 4 * UNDER_WAY,
        flags: 0,
        format: abi::BY_CONTEXT,
        wait_obj: abi::NO_SLEEP,
        signaling_vector: 0,
        wait_cond: 0,
        wait_set: ptr::null_mut(),
    };
    let mut queue = ptr::null_mut();
    let code = function(domain, &raw mut attributes, &raw mut queue, ptr::null_mut());
    opened.keep("fi_cq_open", code, queue)
}

/// Registers the memory where the provider asks for that: what it is named by.
///
/// # Safety
///
/// Both are open, by that offer, and the memory stays where it is until what is opened is closed.
pub(super) unsafe fn register(
    opened: &mut Opened,
    info: &Info,
    domain: *mut abi::Domain,
    endpoint: *mut abi::Endpoint,
    memory: &mut [u8],
) -> Result<*mut c_void, String> {
    // SAFETY: what the caller says.
    unsafe {
        let mode = info.domain_attr.as_ref().map_or(0, |it| it.mr_mode);
        if mode & abi::MR_LOCAL == 0 {
            return Ok(ptr::null_mut());
        }
        let function = has("fi_mr_reg", (*domain).mr.as_ref().and_then(|ops| ops.reg))?;
        let mut registered = ptr::null_mut();
        let code = function(
            domain.cast(),
            memory.as_ptr().cast(),
            memory.len(),
            abi::SEND | abi::RECV,
            0,
            0,
            0,
            &raw mut registered,
            ptr::null_mut(),
        );
        let registered: *mut abi::Memory = opened.keep("fi_mr_reg", code, registered)?;
        if mode & abi::MR_ENDPOINT != 0 {
            bind(opened, registered.cast(), endpoint.cast(), 0)?;
            enable(opened, registered.cast())?;
        }
        Ok((*registered).mem_desc)
    }
}
