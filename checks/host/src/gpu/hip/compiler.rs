//! The compiler of HIP, hiprtc: `libhiprtc.so`, which releases before 7 have in `libamdhip64.so`, too. Types are those of
//! hiprtc.h.

#![expect(
    unsafe_code,
    reason = "a library that is opened at run time has no safe wrapper"
)]

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::{null, null_mut};

use super::{ErrorName, Runtime, done};
use crate::gpu::KERNELS;
use crate::gpu::driver::{Code, Handle, NAME};
use crate::loaded::Loaded;

/// What makes the kernels in C those of HIP, whose names are not C++'s.
const PRELUDE: &str = r#"
#define __kernel extern "C" __global__
#define __global
#define fma __builtin_fmaf
#define get_global_id(dimension) (blockIdx.x * blockDim.x + threadIdx.x)
"#;

/// The most bytes of the properties of a device: 792 in ROCm 5, 1472 since.
const PROPERTIES: usize = 16 << 10;

/// The most bytes of what the compiler says, and of what it makes.
const LOG: usize = 1 << 20;
const CODE: usize = 64 << 20;

type Properties = extern "C" fn(*mut u8, c_int) -> Code;
type CreateProgram = extern "C" fn(
    *mut Handle,
    *const c_char,
    *const c_char,
    c_int,
    *const *const c_char,
    *const *const c_char,
) -> Code;
type CompileProgram = extern "C" fn(Handle, c_int, *const *const c_char) -> Code;
type Size = extern "C" fn(Handle, *mut usize) -> Code;
type Content = extern "C" fn(Handle, *mut c_char) -> Code;

/// The architecture of the first GPU, such as gfx90a:sramecc+:xnack-. Where it stands in the properties depends on the
/// release, so it is looked for by how it begins.
pub(super) fn architecture(library: &Loaded, runtime: &Runtime) -> Result<CString, String> {
    // SAFETY: each type is that of the function in hip_runtime_api.h, where the properties are bytes.
    let properties = unsafe {
        let newer = library.function::<Properties>(c"hipGetDevicePropertiesR0600");
        newer.or_else(|_| library.function::<Properties>(c"hipGetDeviceProperties"))?
    };
    let mut bytes = vec![0_u8; PROPERTIES];
    let got = properties(bytes.as_mut_ptr(), 0);
    runtime.done("hipGetDeviceProperties", got)?;
    named_in(&bytes).ok_or_else(|| "the GPU does not say of which architecture it is".into())
}

/// The first text in these bytes that is as the names of architectures are.
fn named_in(bytes: &[u8]) -> Option<CString> {
    const BEGIN: &[u8] = b"gfx";
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b":+-_".contains(byte);
    let places = bytes.windows(BEGIN.len()).enumerate();
    let mut begins = places.filter(|(_, window)| *window == BEGIN);
    begins.find_map(|(place, _)| {
        let text = CStr::from_bytes_until_nul(&bytes[place..]).ok()?;
        let is_name = text.to_bytes().iter().all(is_part) && text.count_bytes() < NAME;
        is_name.then(|| text.into())
    })
}

/// The code of the kernels for an architecture.
pub(super) fn compile(compiler: &Loaded, architecture: &CStr) -> Result<Vec<u8>, String> {
    // SAFETY: each type is that of the function in hiprtc.h.
    let (create, compile, code, code_size, error_name) = unsafe {
        (
            compiler.function::<CreateProgram>(c"hiprtcCreateProgram")?,
            compiler.function::<CompileProgram>(c"hiprtcCompileProgram")?,
            compiler.function::<Content>(c"hiprtcGetCode")?,
            compiler.function::<Size>(c"hiprtcGetCodeSize")?,
            compiler.function::<ErrorName>(c"hiprtcGetErrorString")?,
        )
    };
    let done = |name: &str, code: Code| done(name, code, error_name);
    let source = CString::new(format!("{PRELUDE}{KERNELS}")).map_err(|error| error.to_string())?;
    let option = [c"--gpu-architecture=".to_bytes(), architecture.to_bytes()].concat();
    let option = CString::new(option).map_err(|error| error.to_string())?;
    let mut program = null_mut();
    let name = c"kernels.hip".as_ptr();
    let created = create(&raw mut program, source.as_ptr(), name, 0, null(), null());
    done("hiprtcCreateProgram", created)?;
    let compiled = compile(program, 1, [option.as_ptr()].as_ptr());
    done("hiprtcCompileProgram", compiled).map_err(|why| match log(compiler, program) {
        Some(said) => format!("{why}: {said}"),
        None => why,
    })?;
    let mut size = 0;
    done("hiprtcGetCodeSize", code_size(program, &raw mut size))?;
    if size == 0 || size > CODE {
        return Err(format!("hiprtc makes {size} bytes of two kernels"));
    }
    let mut bytes = vec![0_u8; size];
    done("hiprtcGetCode", code(program, bytes.as_mut_ptr().cast()))?;
    Ok(bytes)
}

/// The first line of what the compiler says.
fn log(compiler: &Loaded, program: Handle) -> Option<String> {
    // SAFETY: each type is that of the function in hiprtc.h.
    let (content, size) = unsafe {
        (
            compiler.function::<Content>(c"hiprtcGetProgramLog").ok()?,
            compiler.function::<Size>(c"hiprtcGetProgramLogSize").ok()?,
        )
    };
    let mut bytes = 0;
    if size(program, &raw mut bytes) != 0 || bytes > LOG {
        return None;
    }
    let mut said = vec![0_u8; bytes + 1];
    let asked = content(program, said.as_mut_ptr().cast());
    let said = CStr::from_bytes_until_nul(&said).ok()?.to_string_lossy();
    let line = said.lines().find(|line| !line.trim().is_empty())?;
    (asked == 0).then(|| line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_architecture_is_found_wherever_it_stands() {
        let mut bytes = vec![0_u8; PROPERTIES];
        assert_eq!(named_in(&bytes), None);
        bytes[..13].copy_from_slice(b"an Instinct\0g");
        for place in [396, 1160] {
            let mut bytes = bytes.clone();
            bytes[place..place + 23].copy_from_slice(b"gfx90a:sramecc+:xnack-\0");
            // Other fields may speak of it.
            bytes[20..30].copy_from_slice(b"for gfx 9\0");
            let found = named_in(&bytes).unwrap();
            assert_eq!(found.to_str(), Ok("gfx90a:sramecc+:xnack-"));
        }
        // What has no end, is longer than a name or is an option is none.
        assert_eq!(named_in(b"gfx90a"), None);
        assert_eq!(named_in(b"gfx90a -o /etc/passwd\0"), None);
        let long = [b"gfx".as_slice(), &[b'0'; NAME], b"\0"].concat();
        assert_eq!(named_in(&long), None);
    }
}
