//! What libfabric lays out in memory, as far as it is used here: the prefix of each structure and of each table of
//! functions.
//!
//! Most of its calls are no symbols: its headers have them inline, as calls through tables that a provider fills in.
//! The layouts are those of rdma/fabric.h, fi_domain.h, fi_endpoint.h, fi_cm.h, fi_tagged.h, fi_eq.h and fi_errno.h,
//! which grow at their ends only, so that what is older than 1.5 and what is 2.x have the same prefix; the library itself makes
//! every structure that it reads as a whole (`fi_dupinfo` of nothing), but for the attributes of queues and of addresses.

use std::ffi::{c_char, c_int, c_void};

/// A function of a table that is not called.
type Unused = *const c_void;

/// `fi_addr_t`: another endpoint, as the table of addresses numbers it.
pub(super) type Peer = u64;

/// `FI_VERSION(1, 5)`: the first in which what memory has to be registered is told bit by bit.
pub(super) const VERSION: u32 = (1 << 16) | 5;

/// `FI_TAGGED`: messages that are matched by a tag, which an MPI sends.
pub(super) const TAGGED: u64 = 1 << 3;
/// `FI_RECV`.
pub(super) const RECV: u64 = 1 << 10;
/// `FI_SEND`, and `FI_TRANSMIT`, which is the same.
pub(super) const SEND: u64 = 1 << 11;
/// `FI_ORDER_SAS`: messages are matched in the order in which they were sent.
pub(super) const IN_ORDER: u64 = 1 << 8;
/// `FI_CONTEXT` and `FI_CONTEXT2`: each operation brings memory for the provider's own use.
pub(super) const CONTEXTS: u64 = (1 << 59) | (1 << 52);

/// `FI_MR_LOCAL`: memory that is sent from or received into is registered.
pub(super) const MR_LOCAL: c_int = 1 << 2;
/// `FI_MR_ENDPOINT`: what is registered is bound to an endpoint.
pub(super) const MR_ENDPOINT: c_int = 1 << 9;
/// `FI_MR_VIRT_ADDR`, `FI_MR_ALLOCATED` and `FI_MR_PROV_KEY`, which messages have nothing to do with.
pub(super) const MR_OTHERS: c_int = (1 << 4) | (1 << 5) | (1 << 6);

/// `FI_EP_RDM` of `enum fi_ep_type`: messages to many others, that arrive.
pub(super) const RELIABLE: c_int = 3;
/// `FI_THREAD_DOMAIN` of `enum fi_threading`: one thread.
pub(super) const ONE_THREAD: c_int = 3;
/// `FI_PROGRESS_MANUAL` of `enum fi_progress`: what is under way goes on when the queue is read.
pub(super) const MANUAL: c_int = 2;
/// `FI_CQ_FORMAT_CONTEXT` of `enum fi_cq_format`: what has ended is told by its context.
pub(super) const BY_CONTEXT: c_int = 1;
/// `FI_WAIT_NONE` of `enum fi_wait_obj`: nobody sleeps until something has ended.
pub(super) const NO_SLEEP: c_int = 0;
/// `FI_ENABLE` of the commands of `fi_control`.
pub(super) const ENABLE: c_int = 6;

/// `FI_EAGAIN`, which is that of errno(3).
pub(super) const AGAIN: isize = -11;
/// `FI_EAVAIL`: what has ended, has failed.
pub(super) const FAILED: isize = -259;

/// `struct fi_info`.
#[repr(C)]
pub(super) struct Info {
    pub(super) next: *mut Info,
    pub(super) caps: u64,
    pub(super) mode: u64,
    pub(super) addr_format: u32,
    pub(super) src_addrlen: usize,
    pub(super) dest_addrlen: usize,
    pub(super) src_addr: *mut c_void,
    pub(super) dest_addr: *mut c_void,
    pub(super) handle: *mut Fid,
    pub(super) tx_attr: *mut SendAttributes,
    pub(super) rx_attr: *mut ReceiveAttributes,
    pub(super) ep_attr: *mut EndpointAttributes,
    pub(super) domain_attr: *mut DomainAttributes,
    pub(super) fabric_attr: *mut FabricAttributes,
}

/// `struct fi_tx_attr`.
#[repr(C)]
pub(super) struct SendAttributes {
    pub(super) caps: u64,
    pub(super) mode: u64,
    pub(super) op_flags: u64,
    pub(super) msg_order: u64,
    pub(super) comp_order: u64,
    pub(super) inject_size: usize,
}

/// `struct fi_rx_attr`.
#[repr(C)]
pub(super) struct ReceiveAttributes {
    pub(super) caps: u64,
    pub(super) mode: u64,
    pub(super) op_flags: u64,
    pub(super) msg_order: u64,
}

/// `struct fi_ep_attr`.
#[repr(C)]
pub(super) struct EndpointAttributes {
    pub(super) kind: c_int,
    pub(super) protocol: u32,
    pub(super) protocol_version: u32,
    pub(super) max_msg_size: usize,
}

/// `struct fi_domain_attr`.
#[repr(C)]
pub(super) struct DomainAttributes {
    pub(super) domain: *mut Domain,
    pub(super) name: *mut c_char,
    pub(super) threading: c_int,
    pub(super) control_progress: c_int,
    pub(super) data_progress: c_int,
    pub(super) resource_mgmt: c_int,
    pub(super) av_type: c_int,
    pub(super) mr_mode: c_int,
}

/// `struct fi_fabric_attr`.
#[repr(C)]
pub(super) struct FabricAttributes {
    pub(super) fabric: *mut Fabric,
    pub(super) name: *mut c_char,
    pub(super) prov_name: *mut c_char,
    pub(super) prov_version: u32,
}

/// `struct fid`: what every object begins with.
#[repr(C)]
pub(super) struct Fid {
    fclass: usize,
    context: *mut c_void,
    pub(super) ops: *const Ops,
}

/// `struct fi_ops`.
#[repr(C)]
pub(super) struct Ops {
    size: usize,
    pub(super) close: Option<extern "C" fn(*mut Fid) -> c_int>,
    pub(super) bind: Option<extern "C" fn(*mut Fid, *mut Fid, u64) -> c_int>,
    pub(super) control: Option<extern "C" fn(*mut Fid, c_int, *mut c_void) -> c_int>,
}

/// `struct fid_fabric`.
#[repr(C)]
pub(super) struct Fabric {
    pub(super) fid: Fid,
    pub(super) ops: *const FabricOps,
}

/// `struct fi_ops_fabric`.
#[repr(C)]
pub(super) struct FabricOps {
    size: usize,
    pub(super) domain:
        Option<extern "C" fn(*mut Fabric, *mut Info, *mut *mut Domain, *mut c_void) -> c_int>,
}

/// `struct fid_domain`.
#[repr(C)]
pub(super) struct Domain {
    pub(super) fid: Fid,
    pub(super) ops: *const DomainOps,
    pub(super) mr: *const MemoryOps,
}

/// `struct fi_ops_domain`.
#[repr(C)]
pub(super) struct DomainOps {
    size: usize,
    pub(super) av_open: Option<
        extern "C" fn(
            *mut Domain,
            *mut AddressAttributes,
            *mut *mut Addresses,
            *mut c_void,
        ) -> c_int,
    >,
    pub(super) cq_open: Option<
        extern "C" fn(*mut Domain, *mut QueueAttributes, *mut *mut Queue, *mut c_void) -> c_int,
    >,
    pub(super) endpoint:
        Option<extern "C" fn(*mut Domain, *mut Info, *mut *mut Endpoint, *mut c_void) -> c_int>,
}

/// The type of `reg` of `struct fi_ops_mr`.
pub(super) type Register = extern "C" fn(
    *mut Fid,
    *const c_void,
    usize,
    u64,
    u64,
    u64,
    u64,
    *mut *mut Memory,
    *mut c_void,
) -> c_int;

/// `struct fi_ops_mr`.
#[repr(C)]
pub(super) struct MemoryOps {
    size: usize,
    pub(super) reg: Option<Register>,
}

/// `struct fid_mr`.
#[repr(C)]
pub(super) struct Memory {
    pub(super) fid: Fid,
    pub(super) mem_desc: *mut c_void,
}

/// `struct fi_av_attr`.
#[repr(C)]
pub(super) struct AddressAttributes {
    pub(super) kind: c_int,
    pub(super) rx_ctx_bits: c_int,
    pub(super) count: usize,
    pub(super) ep_per_node: usize,
    pub(super) name: *const c_char,
    pub(super) map_addr: *mut c_void,
    pub(super) flags: u64,
}

/// `struct fid_av`.
#[repr(C)]
pub(super) struct Addresses {
    pub(super) fid: Fid,
    pub(super) ops: *const AddressOps,
}

/// `struct fi_ops_av`.
#[repr(C)]
pub(super) struct AddressOps {
    size: usize,
    pub(super) insert: Option<
        extern "C" fn(*mut Addresses, *const c_void, usize, *mut Peer, u64, *mut c_void) -> c_int,
    >,
}

/// `struct fi_cq_attr`.
#[repr(C)]
pub(super) struct QueueAttributes {
    pub(super) size: usize,
    pub(super) flags: u64,
    pub(super) format: c_int,
    pub(super) wait_obj: c_int,
    pub(super) signaling_vector: c_int,
    pub(super) wait_cond: c_int,
    pub(super) wait_set: *mut c_void,
}

/// `struct fid_cq`.
#[repr(C)]
pub(super) struct Queue {
    pub(super) fid: Fid,
    pub(super) ops: *const QueueOps,
}

/// The type of `read` of `struct fi_ops_cq`, of entries that are a context each (`struct fi_cq_entry`).
pub(super) type Read = extern "C" fn(*mut Queue, *mut *mut c_void, usize) -> isize;

/// `struct fi_ops_cq`.
#[repr(C)]
pub(super) struct QueueOps {
    size: usize,
    pub(super) read: Option<Read>,
    readfrom: Unused,
    pub(super) readerr: Option<extern "C" fn(*mut Queue, *mut Failure, u64) -> isize>,
}

/// `struct fi_cq_err_entry`.
#[repr(C)]
pub(super) struct Failure {
    pub(super) op_context: *mut c_void,
    pub(super) flags: u64,
    pub(super) len: usize,
    pub(super) buf: *mut c_void,
    pub(super) data: u64,
    pub(super) tag: u64,
    pub(super) olen: usize,
    pub(super) err: c_int,
    pub(super) prov_errno: c_int,
    pub(super) err_data: *mut c_void,
    pub(super) err_data_size: usize,
    /// `src_addr`, since 1.20.
    pub(super) source: Peer,
}

/// `struct fid_ep`.
#[repr(C)]
pub(super) struct Endpoint {
    pub(super) fid: Fid,
    ops: Unused,
    pub(super) cm: *const NameOps,
    msg: Unused,
    rma: Unused,
    pub(super) tagged: *const TaggedOps,
}

/// `struct fi_ops_cm`.
#[repr(C)]
pub(super) struct NameOps {
    size: usize,
    setname: Unused,
    pub(super) getname: Option<extern "C" fn(*mut Fid, *mut c_void, *mut usize) -> c_int>,
}

/// The type of `recv` of `struct fi_ops_tagged`.
pub(super) type Receive = extern "C" fn(
    *mut Endpoint,
    *mut c_void,
    usize,
    *mut c_void,
    Peer,
    u64,
    u64,
    *mut c_void,
) -> isize;

/// The type of `send` of `struct fi_ops_tagged`.
pub(super) type Send = extern "C" fn(
    *mut Endpoint,
    *const c_void,
    usize,
    *mut c_void,
    Peer,
    u64,
    *mut c_void,
) -> isize;

/// The type of `inject` of `struct fi_ops_tagged`.
pub(super) type Inject = extern "C" fn(*mut Endpoint, *const c_void, usize, Peer, u64) -> isize;

/// `struct fi_ops_tagged`.
#[repr(C)]
pub(super) struct TaggedOps {
    size: usize,
    pub(super) recv: Option<Receive>,
    recvv: Unused,
    recvmsg: Unused,
    pub(super) send: Option<Send>,
    sendv: Unused,
    sendmsg: Unused,
    pub(super) inject: Option<Inject>,
}

/// `fi_getinfo`.
pub(super) type GetInfo =
    extern "C" fn(u32, *const c_char, *const c_char, u64, *const Info, *mut *mut Info) -> c_int;
/// `fi_dupinfo`.
pub(super) type DupInfo = extern "C" fn(*const Info) -> *mut Info;
/// `fi_freeinfo`.
pub(super) type FreeInfo = extern "C" fn(*mut Info);
/// `fi_fabric`.
pub(super) type OpenFabric =
    extern "C" fn(*mut FabricAttributes, *mut *mut Fabric, *mut c_void) -> c_int;
/// `fi_version`.
pub(super) type Version = extern "C" fn() -> u32;
/// `fi_strerror`.
pub(super) type Explain = extern "C" fn(c_int) -> *const c_char;
