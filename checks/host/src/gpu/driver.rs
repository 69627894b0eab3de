//! What the interfaces of CUDA and HIP share: the second was made after the first.

#![expect(
    unsafe_code,
    reason = "a library that is opened at run time has no safe wrapper"
)]

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr::null_mut;

use super::{Memory, as_long};

/// The threads of a block.
pub(super) const BLOCK: usize = 256;

/// The most bytes of a name.
pub(super) const NAME: usize = 256;

pub(super) type Code = c_int;
pub(super) type Handle = *mut c_void;

pub(super) type DeviceName = extern "C" fn(*mut c_char, c_int, c_int) -> Code;
pub(super) type Launch = extern "C" fn(
    Handle,
    c_uint,
    c_uint,
    c_uint,
    c_uint,
    c_uint,
    c_uint,
    c_uint,
    Handle,
    *mut Handle,
    *mut Handle,
) -> Code;

/// Starts a kernel with so many blocks of so many threads and its arguments.
pub(super) fn start(
    launch: Launch,
    kernel: Handle,
    shape: [usize; 2],
    arguments: &mut [Handle],
) -> Code {
    let [blocks, threads] = shape.map(|it| it as c_uint);
    let arguments = arguments.as_mut_ptr();
    launch(
        kernel,
        blocks,
        1,
        1,
        threads,
        1,
        1,
        0,
        null_mut(),
        arguments,
        null_mut(),
    )
}

/// Where memory of the host lies, by the address of what is pinned.
pub(super) fn place(memory: Memory<'_>, pinned: Handle, bytes: usize) -> Result<Handle, String> {
    match memory {
        Memory::Pageable(memory) => {
            as_long(memory, bytes)?;
            Ok(memory.as_mut_ptr().cast())
        }
        Memory::Pinned => Ok(pinned),
    }
}

/// The name of the first GPU, and whether it was told.
pub(super) fn device(name: DeviceName) -> (Code, String) {
    let mut said = [0_u8; NAME];
    let code = name(said.as_mut_ptr().cast(), NAME as c_int, 0);
    let said = CStr::from_bytes_until_nul(&said).unwrap_or_default();
    (code, said.to_string_lossy().into_owned())
}

/// How many GPUs there are, of which there is one at least.
pub(super) fn count(many: c_int, whose: &str) -> Result<usize, String> {
    match usize::try_from(many) {
        Ok(peers @ 1..) => Ok(peers),
        _ => Err(format!("the {whose} knows of no GPU")),
    }
}

/// That a function fails, by the name of the error, null where there is none; it is a string of the library.
pub(super) fn fails(name: &str, code: Code, said: *const c_char) -> String {
    if said.is_null() {
        return format!("{name} fails with {code}");
    }
    // SAFETY: a string of the library, which ends with a zero and stays.
    let said = unsafe { CStr::from_ptr(said) }.to_string_lossy();
    format!("{name} fails with {said}")
}
