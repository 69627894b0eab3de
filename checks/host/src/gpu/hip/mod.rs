//! HIP, the interface of ROCm: `libamdhip64.so`. Types and numbers are those of hip_runtime_api.h, which are the same from
//! ROCm 5 to 7 but for the properties of a device.

#![expect(
    unsafe_code,
    reason = "a library that is opened at run time has no safe wrapper"
)]

mod compiler;

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr::null_mut;

use super::driver::{self, BLOCK, Code, DeviceName, Handle, Launch};
use super::{About, Bytes, Gpu, Memory, STEP, THREADS};
use crate::loaded::Loaded;
use crate::{Host, Live};

/// What the names of both libraries end with, the newest first; the last is of packages for developers.
const RELEASES: [&str; 4] = [".7", ".6", ".5", ""];

/// The kinds of hipMemcpy.
const TO_DEVICE: c_int = 1;
const TO_HOST: c_int = 2;
const BETWEEN: c_int = 3;

type Init = extern "C" fn(c_uint) -> Code;
type Number = extern "C" fn(*mut c_int) -> Code;
type SetDevice = extern "C" fn(c_int) -> Code;
type Allocate = extern "C" fn(*mut Handle, usize) -> Code;
type HostAllocate = extern "C" fn(*mut Handle, usize, c_uint) -> Code;
type Transfer = extern "C" fn(Handle, *const c_void, usize, c_int) -> Code;
type ToPeer = extern "C" fn(Handle, c_int, *const c_void, c_int, usize) -> Code;
type EnablePeer = extern "C" fn(c_int, c_uint) -> Code;
type ModuleLoad = extern "C" fn(*mut Handle, *const c_void) -> Code;
type ModuleFunction = extern "C" fn(*mut Handle, Handle, *const c_char) -> Code;
type Synchronize = extern "C" fn() -> Code;
type ErrorName = extern "C" fn(Code) -> *const c_char;

/// The functions that are used again and again.
struct Runtime {
    set_device: SetDevice,
    allocate: Allocate,
    copy: Transfer,
    to_peer: ToPeer,
    enable_peer: EnablePeer,
    launch: Launch,
    synchronize: Synchronize,
    error_name: ErrorName,
}

/// The first GPU.
pub(super) struct Hip {
    about: About,
    runtime: Runtime,
    buffers: [Handle; 2],
    pinned: Handle,
    bytes: usize,
    nothing: Handle,
    multiply_add: Handle,
    /// A buffer on another GPU.
    peer: Option<Handle>,
}

impl Runtime {
    fn of(library: &Loaded) -> Result<Self, String> {
        // SAFETY: each type is that of the function in hip_runtime_api.h.
        unsafe {
            Ok(Self {
                set_device: library.function(c"hipSetDevice")?,
                allocate: library.function(c"hipMalloc")?,
                copy: library.function(c"hipMemcpy")?,
                to_peer: library.function(c"hipMemcpyPeer")?,
                enable_peer: library.function(c"hipDeviceEnablePeerAccess")?,
                launch: library.function(c"hipModuleLaunchKernel")?,
                synchronize: library.function(c"hipDeviceSynchronize")?,
                error_name: library.function(c"hipGetErrorName")?,
            })
        }
    }

    /// hipSuccess is 0.
    fn done(&self, name: &str, code: Code) -> Result<(), String> {
        done(name, code, self.error_name)
    }

    fn buffer(&self, bytes: usize) -> Result<Handle, String> {
        let mut buffer = null_mut();
        let allocated = (self.allocate)(&raw mut buffer, bytes);
        self.done("hipMalloc", allocated)?;
        Ok(buffer)
    }

    fn copy(&self, to: Handle, from: Handle, bytes: usize, kind: c_int) -> Result<(), String> {
        self.done("hipMemcpy", (self.copy)(to, from, bytes, kind))
    }

    fn wait(&self) -> Result<(), String> {
        self.done("hipDeviceSynchronize", (self.synchronize)())
    }
}

impl Hip {
    /// Opens the first GPU.
    pub(super) fn open(bytes: Bytes) -> Result<Self, String> {
        let (library, compiler) = libraries()?;
        let runtime = Runtime::of(&library)?;
        // SAFETY: each type is that of the function in hip_runtime_api.h.
        let (init, pin) = unsafe {
            (
                library.function::<Init>(c"hipInit")?,
                library.function::<HostAllocate>(c"hipHostMalloc")?,
            )
        };
        runtime.done("hipInit", init(0))?;
        let about = about(&library, &runtime)?;
        let bytes = bytes.gpu;
        runtime.done("hipSetDevice", (runtime.set_device)(0))?;
        let buffers = [runtime.buffer(bytes)?, runtime.buffer(bytes)?];
        let mut pinned = null_mut();
        runtime.done("hipHostMalloc", pin(&raw mut pinned, bytes, 0))?;
        let code = compiler::compile(&compiler, &compiler::architecture(&library, &runtime)?)?;
        let [nothing, multiply_add] = kernels(&library, &runtime, code)?;
        Ok(Self {
            about,
            runtime,
            buffers,
            pinned,
            bytes,
            nothing,
            multiply_add,
            peer: None,
        })
    }

    /// Starts a kernel with so many blocks and its arguments.
    fn start(
        &self,
        kernel: Handle,
        shape: [usize; 2],
        arguments: &mut [Handle],
    ) -> Result<(), String> {
        let launched = driver::start(self.runtime.launch, kernel, shape, arguments);
        self.runtime.done("hipModuleLaunchKernel", launched)
    }

    /// The buffer on the other GPU, made once; the GPU of this thread stays the first.
    fn peer(&mut self) -> Result<Handle, String> {
        if let Some(buffer) = self.peer {
            return Ok(buffer);
        }
        if self.about.peers < 2 {
            return Err("there is one GPU only".into());
        }
        let runtime = &self.runtime;
        runtime.done("hipSetDevice", (runtime.set_device)(1))?;
        let buffer = runtime.buffer(self.bytes);
        runtime.done("hipSetDevice", (runtime.set_device)(0))?;
        // Where one cannot reach the other, the runtime copies by way of the host.
        let _ = (runtime.enable_peer)(1, 0);
        let buffer = buffer?;
        self.peer = Some(buffer);
        Ok(buffer)
    }
}

impl Gpu for Hip {
    fn about(&self) -> &About {
        &self.about
    }

    fn pinned(&mut self) -> &mut [u8] {
        // SAFETY: of the runtime, that long, and never given back; nothing that was asked for is still under way,
        // since every call waits.
        unsafe { std::slice::from_raw_parts_mut(self.pinned.cast(), self.bytes) }
    }

    fn write(&mut self, from: Memory<'_>) -> Result<(), String> {
        let host = driver::place(from, self.pinned, self.bytes)?;
        self.runtime
            .copy(self.buffers[0], host, self.bytes, TO_DEVICE)?;
        self.runtime.wait()
    }

    fn read(&mut self, to: Memory<'_>) -> Result<(), String> {
        let host = driver::place(to, self.pinned, self.bytes)?;
        self.runtime
            .copy(host, self.buffers[1], self.bytes, TO_HOST)?;
        self.runtime.wait()
    }

    fn copy(&mut self, times: usize) -> Result<(), String> {
        let [from, to] = self.buffers;
        for _ in 0..times {
            self.runtime.copy(to, from, self.bytes, BETWEEN)?;
        }
        self.runtime.wait()
    }

    fn launch(&mut self, times: usize) -> Result<(), String> {
        for _ in 0..times {
            self.start(self.nothing, [1, 1], &mut [])?;
        }
        self.runtime.wait()
    }

    fn multiply_add(&mut self, rounds: u32) -> Result<(), String> {
        let (mut sums, (mut factor, mut summand), mut rounds) = (self.buffers[1], STEP, rounds);
        let mut arguments = [
            (&raw mut sums).cast(),
            (&raw mut factor).cast(),
            (&raw mut summand).cast(),
            (&raw mut rounds).cast(),
        ];
        self.start(self.multiply_add, [THREADS / BLOCK, BLOCK], &mut arguments)?;
        self.runtime.wait()
    }

    fn copy_to_peer(&mut self) -> Result<(), String> {
        let buffer = self.peer()?;
        let copied = (self.runtime.to_peer)(buffer, 1, self.buffers[0], 0, self.bytes);
        self.runtime.done("hipMemcpyPeer", copied)?;
        self.runtime.wait()
    }
}

/// The runtime, and the compiler of the same release, which is the runtime itself where there is no other.
fn libraries() -> Result<(Loaded, Loaded), String> {
    let mut why = String::new();
    for release in RELEASES {
        match Loaded::open(&format!("libamdhip64.so{release}"), false) {
            Ok(runtime) => {
                let compiler = Loaded::open(&format!("libhiprtc.so{release}"), false);
                let has_own = runtime.address(c"hiprtcCreateProgram").is_some();
                return match compiler {
                    Err(_) if has_own => Ok((runtime, runtime)),
                    other => Ok((runtime, other?)),
                };
            }
            // That of the newest says most, unless it is not there and another one is broken.
            Err(said) if why.is_empty() || is_missing(&why) && !is_missing(&said) => why = said,
            Err(_) => {}
        }
    }
    Err(why)
}

/// Whether dlopen(3) says that there is no such library.
fn is_missing(why: &str) -> bool {
    why.contains("No such file")
}

/// What the first GPU and its software are.
fn about(library: &Loaded, runtime: &Runtime) -> Result<About, String> {
    // SAFETY: each type is that of the function in hip_runtime_api.h.
    let (version, count, name) = unsafe {
        (
            library.function::<Number>(c"hipRuntimeGetVersion")?,
            library.function::<Number>(c"hipGetDeviceCount")?,
            library.function::<DeviceName>(c"hipDeviceGetName")?,
        )
    };
    let (mut number, mut many) = (0, 0);
    runtime.done("hipRuntimeGetVersion", version(&raw mut number))?;
    runtime.done("hipGetDeviceCount", count(&raw mut many))?;
    let peers = driver::count(many, "runtime")?;
    let (named, device) = driver::device(name);
    runtime.done("hipDeviceGetName", named)?;
    Ok(About {
        device,
        interface: interface(number),
        driver: kernel_driver(),
        library: library.file(c"hipInit").unwrap_or_default(),
        peers,
        processor: false,
    })
}

/// The version in words: 60241134 is 6.2.41134.
fn interface(number: c_int) -> String {
    let (major, minor) = (number / 10_000_000, number / 100_000 % 100);
    format!("HIP {major}.{minor}.{}", number % 100_000)
}

/// What the driver of the kernel calls itself: one that comes apart from the kernel has a version of its own.
fn kernel_driver() -> String {
    match Live.read("/sys/module/amdgpu/version") {
        Ok(text) => format!("amdgpu {}", text.trim()),
        Err(_) => match Live.read("/proc/sys/kernel/osrelease") {
            Ok(release) => format!("amdgpu of Linux {}", release.trim()),
            Err(errno) => format!("/proc/sys/kernel/osrelease: {errno}"),
        },
    }
}

/// The two kernels, of code that stays: before ROCm 6 the runtime reads it later, too.
fn kernels(library: &Loaded, runtime: &Runtime, code: Vec<u8>) -> Result<[Handle; 2], String> {
    // SAFETY: each type is that of the function in hip_runtime_api.h.
    let (load, function) = unsafe {
        (
            library.function::<ModuleLoad>(c"hipModuleLoadData")?,
            library.function::<ModuleFunction>(c"hipModuleGetFunction")?,
        )
    };
    let mut module = null_mut();
    let code = code.leak().as_ptr().cast();
    runtime.done("hipModuleLoadData", load(&raw mut module, code))?;
    let named = |name: &CStr| {
        let mut kernel = null_mut();
        let got = function(&raw mut kernel, module, name.as_ptr());
        runtime.done("hipModuleGetFunction", got).map(|()| kernel)
    };
    Ok([named(c"nothing")?, named(c"multiply_add")?])
}

/// 0 is success of either library.
fn done(name: &str, code: Code, error_name: ErrorName) -> Result<(), String> {
    match code {
        0 => Ok(()),
        _ => Err(driver::fails(name, code, error_name(code))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_told_in_words() {
        assert_eq!(interface(60_241_134), "HIP 6.2.41134");
        assert_eq!(interface(50_221_153), "HIP 5.2.21153");
    }
}
