//! CUDA, by its driver alone: `libcuda.so.1`, which comes with the driver of the kernel; no toolkit is needed.
//! Types and names are those of cuda.h of CUDA 12, whose symbols with `_v2` are there since CUDA 4.
//!
//! The kernels are text for PTX 6.0 and Pascal (the PTX ISA, section "Release Notes"), which drivers since CUDA 9
//! compile for any later GPU.

#![expect(
    unsafe_code,
    reason = "a library that is opened at run time has no safe wrapper"
)]

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::fmt::Write as _;
use std::ptr::null_mut;

use super::driver::{self, BLOCK, Code, DeviceName, Handle, Launch};
use super::{About, Bytes, CHAINS, Gpu, Memory, STEP, STEPS, THREADS};
use crate::loaded::Loaded;
use crate::{Host, Live};

/// The name of the library.
const LIBRARY: &str = "libcuda.so.1";

/// An address in the memory of a GPU.
type Address = u64;

type Init = extern "C" fn(c_uint) -> Code;
type Number = extern "C" fn(*mut c_int) -> Code;
type DeviceGet = extern "C" fn(*mut c_int, c_int) -> Code;
type ContextCreate = extern "C" fn(*mut Handle, c_uint, c_int) -> Code;
type ContextSet = extern "C" fn(Handle) -> Code;
type ModuleLoad = extern "C" fn(*mut Handle, *const c_void) -> Code;
type ModuleFunction = extern "C" fn(*mut Handle, Handle, *const c_char) -> Code;
type Allocate = extern "C" fn(*mut Address, usize) -> Code;
type HostAllocate = extern "C" fn(*mut *mut c_void, usize, c_uint) -> Code;
type ToDevice = extern "C" fn(Address, *const c_void, usize) -> Code;
type ToHost = extern "C" fn(*mut c_void, Address, usize) -> Code;
type Between = extern "C" fn(Address, Address, usize) -> Code;
type ToPeer = extern "C" fn(Address, Handle, Address, Handle, usize) -> Code;
type EnablePeer = extern "C" fn(Handle, c_uint) -> Code;
type Synchronize = extern "C" fn() -> Code;
type ErrorName = extern "C" fn(Code, *mut *const c_char) -> Code;

/// The driver.
struct Driver {
    context_create: ContextCreate,
    context_set: ContextSet,
    allocate: Allocate,
    to_device: ToDevice,
    to_host: ToHost,
    between: Between,
    to_peer: ToPeer,
    enable_peer: EnablePeer,
    launch: Launch,
    synchronize: Synchronize,
    device_get: DeviceGet,
    error_name: ErrorName,
}

/// A context on another GPU, with a buffer there.
struct Peer {
    context: Handle,
    buffer: Address,
}

/// The first GPU.
pub(super) struct Cuda {
    about: About,
    driver: Driver,
    context: Handle,
    buffers: [Address; 2],
    pinned: *mut u8,
    bytes: usize,
    nothing: Handle,
    multiply_add: Handle,
    peer: Option<Peer>,
}

impl Driver {
    fn of(library: &Loaded) -> Result<Self, String> {
        // SAFETY: each type is that of the function in cuda.h.
        unsafe {
            Ok(Self {
                context_create: library.function(c"cuCtxCreate_v2")?,
                context_set: library.function(c"cuCtxSetCurrent")?,
                allocate: library.function(c"cuMemAlloc_v2")?,
                to_device: library.function(c"cuMemcpyHtoD_v2")?,
                to_host: library.function(c"cuMemcpyDtoH_v2")?,
                between: library.function(c"cuMemcpyDtoD_v2")?,
                to_peer: library.function(c"cuMemcpyPeer")?,
                enable_peer: library.function(c"cuCtxEnablePeerAccess")?,
                launch: library.function(c"cuLaunchKernel")?,
                synchronize: library.function(c"cuCtxSynchronize")?,
                device_get: library.function(c"cuDeviceGet")?,
                error_name: library.function(c"cuGetErrorName")?,
            })
        }
    }

    /// CUDA_SUCCESS is 0.
    fn done(&self, name: &str, code: Code) -> Result<(), String> {
        if code == 0 {
            return Ok(());
        }
        let mut said = std::ptr::null();
        let asked = (self.error_name)(code, &raw mut said);
        let said = if asked == 0 { said } else { std::ptr::null() };
        Err(driver::fails(name, code, said))
    }

    /// A context on a GPU, which becomes that of this thread.
    fn context(&self, number: c_int) -> Result<Handle, String> {
        let (mut device, mut context) = (0, null_mut());
        let got = (self.device_get)(&raw mut device, number);
        self.done("cuDeviceGet", got)?;
        let created = (self.context_create)(&raw mut context, 0, device);
        self.done("cuCtxCreate", created)?;
        Ok(context)
    }

    fn buffer(&self, bytes: usize) -> Result<Address, String> {
        let mut address = 0;
        let allocated = (self.allocate)(&raw mut address, bytes);
        self.done("cuMemAlloc", allocated)?;
        Ok(address)
    }

    fn wait(&self) -> Result<(), String> {
        self.done("cuCtxSynchronize", (self.synchronize)())
    }
}

impl Cuda {
    /// Opens the first GPU.
    pub(super) fn open(bytes: Bytes) -> Result<Self, String> {
        let library = Loaded::open(LIBRARY, false)?;
        let driver = Driver::of(&library)?;
        // SAFETY: each type is that of the function in cuda.h.
        let (init, pin, load, function) = unsafe {
            (
                library.function::<Init>(c"cuInit")?,
                library.function::<HostAllocate>(c"cuMemHostAlloc")?,
                library.function::<ModuleLoad>(c"cuModuleLoadData")?,
                library.function::<ModuleFunction>(c"cuModuleGetFunction")?,
            )
        };
        driver.done("cuInit", init(0))?;
        let about = about(&library, &driver)?;
        let bytes = bytes.gpu;
        let context = driver.context(0)?;
        let buffers = [driver.buffer(bytes)?, driver.buffer(bytes)?];
        let mut pinned = null_mut();
        driver.done("cuMemHostAlloc", pin(&raw mut pinned, bytes, 0))?;
        let mut module = null_mut();
        let source = CString::new(kernels()).map_err(|error| error.to_string())?;
        driver.done(
            "cuModuleLoadData",
            load(&raw mut module, source.as_ptr().cast()),
        )?;
        let named = |name: &CStr| {
            let mut kernel = null_mut();
            let got = function(&raw mut kernel, module, name.as_ptr());
            driver.done("cuModuleGetFunction", got).map(|()| kernel)
        };
        let (nothing, multiply_add) = (named(c"nothing")?, named(c"multiply_add")?);
        Ok(Self {
            about,
            driver,
            context,
            buffers,
            pinned: pinned.cast(),
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
        let launched = driver::start(self.driver.launch, kernel, shape, arguments);
        self.driver.done("cuLaunchKernel", launched)
    }

    /// The other GPU, opened once; the context of this thread stays that of the first.
    fn peer(&mut self) -> Result<&Peer, String> {
        if self.peer.is_none() {
            if self.about.peers < 2 {
                return Err("there is one GPU only".into());
            }
            let context = self.driver.context(1)?;
            let buffer = self.driver.buffer(self.bytes)?;
            let back = (self.driver.context_set)(self.context);
            self.driver.done("cuCtxSetCurrent", back)?;
            // Where one cannot reach the other, the driver copies by way of the host.
            let _ = (self.driver.enable_peer)(context, 0);
            self.peer = Some(Peer { context, buffer });
        }
        self.peer.as_ref().ok_or_else(String::new)
    }
}

impl Gpu for Cuda {
    fn about(&self) -> &About {
        &self.about
    }

    fn pinned(&mut self) -> &mut [u8] {
        // SAFETY: of the driver, that long, and never given back; nothing that was asked for is still under way,
        // since every call waits.
        unsafe { std::slice::from_raw_parts_mut(self.pinned, self.bytes) }
    }

    fn write(&mut self, from: Memory<'_>) -> Result<(), String> {
        let host = driver::place(from, self.pinned.cast(), self.bytes)?;
        let copied = (self.driver.to_device)(self.buffers[0], host, self.bytes);
        self.driver.done("cuMemcpyHtoD", copied)
    }

    fn read(&mut self, to: Memory<'_>) -> Result<(), String> {
        let host = driver::place(to, self.pinned.cast(), self.bytes)?;
        let copied = (self.driver.to_host)(host, self.buffers[1], self.bytes);
        self.driver.done("cuMemcpyDtoH", copied)
    }

    fn copy(&mut self, times: usize) -> Result<(), String> {
        let [from, to] = self.buffers;
        for _ in 0..times {
            let copied = (self.driver.between)(to, from, self.bytes);
            self.driver.done("cuMemcpyDtoD", copied)?;
        }
        self.driver.wait()
    }

    fn launch(&mut self, times: usize) -> Result<(), String> {
        for _ in 0..times {
            self.start(self.nothing, [1, 1], &mut [])?;
        }
        self.driver.wait()
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
        self.driver.wait()
    }

    fn copy_to_peer(&mut self) -> Result<(), String> {
        let (from, own, bytes) = (self.buffers[0], self.context, self.bytes);
        let Peer { context, buffer } = *self.peer()?;
        let copied = (self.driver.to_peer)(buffer, context, from, own, bytes);
        self.driver.done("cuMemcpyPeer", copied)?;
        self.driver.wait()
    }
}

/// What the first GPU and the driver are.
fn about(library: &Loaded, driver: &Driver) -> Result<About, String> {
    // SAFETY: each type is that of the function in cuda.h.
    let (version, count, name) = unsafe {
        (
            library.function::<Number>(c"cuDriverGetVersion")?,
            library.function::<Number>(c"cuDeviceGetCount")?,
            library.function::<DeviceName>(c"cuDeviceGetName")?,
        )
    };
    let (mut number, mut many) = (0, 0);
    driver.done("cuDriverGetVersion", version(&raw mut number))?;
    driver.done("cuDeviceGetCount", count(&raw mut many))?;
    let peers = driver::count(many, "driver")?;
    let (named, device) = driver::device(name);
    driver.done("cuDeviceGetName", named)?;
    Ok(About {
        device,
        // 12040 is 12.4.
        interface: format!("CUDA {}.{}", number / 1000, number % 1000 / 10),
        driver: kernel_driver(),
        library: library.file(c"cuInit").unwrap_or_default(),
        peers,
        processor: false,
    })
}

/// What the driver of the kernel calls itself.
fn kernel_driver() -> String {
    match Live.read("/proc/driver/nvidia/version") {
        Ok(text) => text.lines().next().unwrap_or("").trim().to_owned(),
        Err(errno) => format!("/proc/driver/nvidia/version: {errno}"),
    }
}

/// The kernels in PTX, as kernels.cl has them in C.
fn kernels() -> String {
    let each = |line: &dyn Fn(usize) -> String| (0..CHAINS).map(line).collect::<String>();
    let mut body = each(&|n| format!("add.f32 %f{n}, %f30, {};\n", number(n as f32)));
    body += "LOOP:\nsetp.ge.u32 %p, %r5, %r4;\n@%p bra END;\n";
    for _ in 0..STEPS {
        body += &each(&|n| format!("fma.rn.f32 %f{n}, %f{n}, %f31, %f32;\n"));
    }
    body += "add.u32 %r5, %r5, 1;\nbra LOOP;\nEND:\n";
    for n in 1..CHAINS {
        // Writing to a string does not fail.
        let _ = writeln!(body, "add.f32 %f0, %f0, %f{n};");
    }
    format!(
        ".version 6.0\n.target sm_60\n.address_size 64\n\
         .visible .entry nothing()\n{{\nret;\n}}\n\
         .visible .entry multiply_add(\n.param .u64 sums,\n.param .f32 factor,\n.param .f32 summand,\n\
         .param .u32 rounds)\n{{\n\
         .reg .pred %p;\n.reg .f32 %f<33>;\n.reg .b32 %r<6>;\n.reg .b64 %rd<4>;\n\
         ld.param.u64 %rd1, [sums];\nld.param.f32 %f31, [factor];\n\
         ld.param.f32 %f32, [summand];\nld.param.u32 %r4, [rounds];\n\
         cvta.to.global.u64 %rd1, %rd1;\n\
         mov.u32 %r1, %ctaid.x;\nmov.u32 %r2, %ntid.x;\nmov.u32 %r3, %tid.x;\n\
         mad.lo.u32 %r1, %r1, %r2, %r3;\ncvt.rn.f32.u32 %f30, %r1;\n\
         mov.u32 %r5, 0;\n{body}\
         mul.wide.u32 %rd2, %r1, 4;\nadd.u64 %rd3, %rd1, %rd2;\n\
         st.global.f32 [%rd3], %f0;\nret;\n}}\n"
    )
}

/// A number as PTX has it: its bits.
fn number(value: f32) -> String {
    format!("0f{:08X}", value.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_have_every_chain_and_step() {
        let text = kernels();
        assert_eq!(text.matches("fma.rn.f32").count(), CHAINS * STEPS);
        assert!(text.contains("add.f32 %f7, %f30, 0f40E00000;"), "{text}");
        assert!(text.is_ascii() && THREADS.is_multiple_of(BLOCK));
    }
}
