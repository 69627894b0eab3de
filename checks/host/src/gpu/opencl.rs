//! OpenCL, the portable interface: `libOpenCL.so.1`, which looks for the drivers of vendors below /etc/OpenCL/vendors
//! (the specification of cl_khr_icd). Types and numbers are those of cl.h of OpenCL 1.2, which later ones keep.
//!
//! It has no memory that is surely pinned: what a driver maps of a buffer that was made with
//! CL_MEM_ALLOC_HOST_PTR is as near as it comes to that, which is what vendors advise.

#![expect(
    unsafe_code,
    reason = "a library that is opened at run time has no safe wrapper"
)]

use std::ffi::{CStr, c_char, c_void};
use std::ptr::{null, null_mut};

use super::{About, Bytes, Gpu, KERNELS, Memory, STEP, THREADS, as_long};
use crate::loaded::Loaded;

/// The names of the library.
const LIBRARY: &str = "libOpenCL.so.1";

/// The most platforms that are looked at, and the most bytes of a text.
const MOST: usize = 16;
const TEXT: usize = 1024;

/// The most bytes of what a compiler says.
const LOG: usize = 16 << 10;

type Handle = *mut c_void;
type Code = i32;

const CL_TRUE: u32 = 1;
const CL_DEVICE_TYPE_ALL: u64 = 0xffff_ffff;
const CL_DEVICE_TYPE_CPU: u64 = 1 << 1;
const CL_DEVICE_TYPE: u32 = 0x1000;
const CL_DEVICE_NAME: u32 = 0x102b;
const CL_DRIVER_VERSION: u32 = 0x102d;
const CL_PLATFORM_VERSION: u32 = 0x0901;
const CL_PROGRAM_BUILD_LOG: u32 = 0x1183;
const CL_MEM_READ_WRITE: u64 = 1 << 0;
const CL_MEM_ALLOC_HOST_PTR: u64 = 1 << 4;
const CL_MAP_READ_WRITE: u64 = 3;

type Ids = extern "C" fn(u32, *mut Handle, *mut u32) -> Code;
type DeviceIds = extern "C" fn(Handle, u64, u32, *mut Handle, *mut u32) -> Code;
type Info = extern "C" fn(Handle, u32, usize, *mut c_void, *mut usize) -> Code;
type CreateContext = extern "C" fn(
    *const isize,
    u32,
    *const Handle,
    *const c_void,
    *const c_void,
    *mut Code,
) -> Handle;
type CreateQueue = extern "C" fn(Handle, Handle, u64, *mut Code) -> Handle;
type CreateBuffer = extern "C" fn(Handle, u64, usize, *mut c_void, *mut Code) -> Handle;
type CreateProgram =
    extern "C" fn(Handle, u32, *const *const c_char, *const usize, *mut Code) -> Handle;
type BuildProgram =
    extern "C" fn(Handle, u32, *const Handle, *const c_char, *const c_void, *const c_void) -> Code;
type BuildInfo = extern "C" fn(Handle, Handle, u32, usize, *mut c_void, *mut usize) -> Code;
type CreateKernel = extern "C" fn(Handle, *const c_char, *mut Code) -> Handle;
type SetArgument = extern "C" fn(Handle, u32, usize, *const c_void) -> Code;
type Transfer = extern "C" fn(
    Handle,
    Handle,
    u32,
    usize,
    usize,
    *mut c_void,
    u32,
    *const Handle,
    *mut Handle,
) -> Code;
type CopyBuffer = extern "C" fn(
    Handle,
    Handle,
    Handle,
    usize,
    usize,
    usize,
    u32,
    *const Handle,
    *mut Handle,
) -> Code;
type MapBuffer = extern "C" fn(
    Handle,
    Handle,
    u32,
    u64,
    usize,
    usize,
    u32,
    *const Handle,
    *mut Handle,
    *mut Code,
) -> *mut c_void;
type Launch = extern "C" fn(
    Handle,
    Handle,
    u32,
    *const usize,
    *const usize,
    *const usize,
    u32,
    *const Handle,
    *mut Handle,
) -> Code;
type Finish = extern "C" fn(Handle) -> Code;

/// The functions that are used again and again.
struct Functions {
    write: Transfer,
    read: Transfer,
    copy: CopyBuffer,
    launch: Launch,
    argument: SetArgument,
    finish: Finish,
}

/// A device of OpenCL.
pub(super) struct OpenCl {
    about: About,
    functions: Functions,
    queue: Handle,
    buffers: [Handle; 2],
    /// What the driver mapped of a buffer of the host.
    pinned: *mut u8,
    bytes: usize,
    nothing: Handle,
    multiply_add: Handle,
}

/// The device that is measured, and what it is.
struct Found {
    device: Handle,
    about: About,
}

impl OpenCl {
    /// Opens the first GPU, or the first device of any kind where there is none.
    pub(super) fn open(bytes: Bytes) -> Result<Self, String> {
        let library = Loaded::open(LIBRARY, false)?;
        let Found { device, about } = find(&library)?;
        let bytes = if about.processor {
            bytes.processor
        } else {
            bytes.gpu
        };
        // SAFETY: each type is that of the function in cl.h.
        let (context, queue, map, functions) = unsafe {
            (
                library.function::<CreateContext>(c"clCreateContext")?,
                library.function::<CreateQueue>(c"clCreateCommandQueue")?,
                library.function::<MapBuffer>(c"clEnqueueMapBuffer")?,
                Functions {
                    write: library.function(c"clEnqueueWriteBuffer")?,
                    read: library.function(c"clEnqueueReadBuffer")?,
                    copy: library.function(c"clEnqueueCopyBuffer")?,
                    launch: library.function(c"clEnqueueNDRangeKernel")?,
                    argument: library.function(c"clSetKernelArg")?,
                    finish: library.function(c"clFinish")?,
                },
            )
        };
        let context = made("clCreateContext", |code| {
            context(null(), 1, &raw const device, null(), null(), code)
        })?;
        let queue = made("clCreateCommandQueue", |code| {
            queue(context, device, 0, code)
        })?;
        let buffers = [
            buffer(&library, context, CL_MEM_READ_WRITE, bytes)?,
            buffer(&library, context, CL_MEM_READ_WRITE, bytes)?,
        ];
        let host = CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR;
        let host = buffer(&library, context, host, bytes)?;
        let pinned = made("clEnqueueMapBuffer", |code| {
            let mode = CL_MAP_READ_WRITE;
            map(
                queue,
                host,
                CL_TRUE,
                mode,
                0,
                bytes,
                0,
                null(),
                null_mut(),
                code,
            )
        })?;
        let [nothing, multiply_add] = kernels(&library, context, device)?;
        Ok(Self {
            about,
            functions,
            queue,
            buffers,
            pinned: pinned.cast(),
            bytes,
            nothing,
            multiply_add,
        })
    }

    fn transfer(
        &self,
        name: &str,
        by: Transfer,
        buffer: Handle,
        host: *mut u8,
    ) -> Result<(), String> {
        let host = host.cast();
        let (queue, bytes) = (self.queue, self.bytes);
        done(
            name,
            by(
                queue,
                buffer,
                CL_TRUE,
                0,
                bytes,
                host,
                0,
                null(),
                null_mut(),
            ),
        )
    }

    fn start(&self, kernel: Handle, threads: usize) -> Result<(), String> {
        let threads = &raw const threads;
        done(
            "clEnqueueNDRangeKernel",
            (self.functions.launch)(
                self.queue,
                kernel,
                1,
                null(),
                threads,
                null(),
                0,
                null(),
                null_mut(),
            ),
        )
    }

    fn finish(&self) -> Result<(), String> {
        done("clFinish", (self.functions.finish)(self.queue))
    }

    fn place(&self, memory: Memory<'_>) -> Result<*mut u8, String> {
        match memory {
            Memory::Pageable(memory) => {
                as_long(memory, self.bytes)?;
                Ok(memory.as_mut_ptr())
            }
            Memory::Pinned => Ok(self.pinned),
        }
    }
}

impl Gpu for OpenCl {
    fn about(&self) -> &About {
        &self.about
    }

    fn pinned(&mut self) -> &mut [u8] {
        // SAFETY: mapped for reading and writing, that long, and never unmapped; nothing that was asked for is still
        // under way, since every call waits.
        unsafe { std::slice::from_raw_parts_mut(self.pinned, self.bytes) }
    }

    fn write(&mut self, from: Memory<'_>) -> Result<(), String> {
        let host = self.place(from)?;
        self.transfer(
            "clEnqueueWriteBuffer",
            self.functions.write,
            self.buffers[0],
            host,
        )
    }

    fn read(&mut self, to: Memory<'_>) -> Result<(), String> {
        let host = self.place(to)?;
        self.transfer(
            "clEnqueueReadBuffer",
            self.functions.read,
            self.buffers[1],
            host,
        )
    }

    fn copy(&mut self, times: usize) -> Result<(), String> {
        let [from, to] = self.buffers;
        for _ in 0..times {
            let copied = (self.functions.copy)(
                self.queue,
                from,
                to,
                0,
                0,
                self.bytes,
                0,
                null(),
                null_mut(),
            );
            done("clEnqueueCopyBuffer", copied)?;
        }
        self.finish()
    }

    fn launch(&mut self, times: usize) -> Result<(), String> {
        for _ in 0..times {
            self.start(self.nothing, 1)?;
        }
        self.finish()
    }

    fn multiply_add(&mut self, rounds: u32) -> Result<(), String> {
        let argument = |place: u32, size: usize, value: *const c_void| {
            let set = (self.functions.argument)(self.multiply_add, place, size, value);
            done("clSetKernelArg", set)
        };
        let (sums, (factor, summand)) = (&raw const self.buffers[1], STEP);
        argument(0, size_of::<Handle>(), sums.cast())?;
        argument(1, size_of::<f32>(), (&raw const factor).cast())?;
        argument(2, size_of::<f32>(), (&raw const summand).cast())?;
        argument(3, size_of::<u32>(), (&raw const rounds).cast())?;
        self.start(self.multiply_add, THREADS)?;
        self.finish()
    }

    fn copy_to_peer(&mut self) -> Result<(), String> {
        Err("OpenCL does not say where a buffer is that two GPUs share".into())
    }
}

/// Looks for a GPU on every platform, then for a device of any kind.
fn find(library: &Loaded) -> Result<Found, String> {
    // SAFETY: each type is that of the function in cl.h.
    let (platforms, devices, of_platform, of_device) = unsafe {
        (
            library.function::<Ids>(c"clGetPlatformIDs")?,
            library.function::<DeviceIds>(c"clGetDeviceIDs")?,
            library.function::<Info>(c"clGetPlatformInfo")?,
            library.function::<Info>(c"clGetDeviceInfo")?,
        )
    };
    let mut found = [null_mut(); MOST];
    let mut count = 0;
    let asked = platforms(MOST as u32, found.as_mut_ptr(), &raw mut count);
    let none = "no driver is named below /etc/OpenCL/vendors";
    done("clGetPlatformIDs", asked).map_err(|why| format!("{why}: {none}"))?;
    let mut any = None;
    for platform in found.into_iter().take(count as usize) {
        let mut device = null_mut();
        if devices(platform, CL_DEVICE_TYPE_ALL, 1, &raw mut device, null_mut()) != 0 {
            continue;
        }
        let mut kind = 0_u64;
        let place = (&raw mut kind).cast();
        done(
            "clGetDeviceInfo",
            of_device(device, CL_DEVICE_TYPE, size_of::<u64>(), place, null_mut()),
        )?;
        let version = text(of_platform, platform, CL_PLATFORM_VERSION);
        let found = Found {
            device,
            about: About {
                device: text(of_device, device, CL_DEVICE_NAME),
                interface: version,
                driver: text(of_device, device, CL_DRIVER_VERSION),
                library: library.file(c"clGetPlatformIDs").unwrap_or_default(),
                peers: 1,
                processor: kind & CL_DEVICE_TYPE_CPU != 0,
            },
        };
        if !found.about.processor {
            return Ok(found);
        }
        any = any.or(Some(found));
    }
    any.ok_or_else(|| format!("no platform has a device: {none}, or it has none"))
}

/// A text that is asked for; empty where there is none.
fn text(ask: Info, of: Handle, what: u32) -> String {
    let mut bytes = [0_u8; TEXT];
    let asked = ask(of, what, TEXT, bytes.as_mut_ptr().cast(), null_mut());
    let said = CStr::from_bytes_until_nul(&bytes).unwrap_or_default();
    if asked == 0 {
        said.to_string_lossy().trim().to_owned()
    } else {
        String::new()
    }
}

fn buffer(library: &Loaded, context: Handle, flags: u64, bytes: usize) -> Result<Handle, String> {
    // SAFETY: the type is that of the function in cl.h.
    let make = unsafe { library.function::<CreateBuffer>(c"clCreateBuffer")? };
    made("clCreateBuffer", |code| {
        make(context, flags, bytes, null_mut(), code)
    })
}

/// The two kernels, as the driver compiles them.
fn kernels(library: &Loaded, context: Handle, device: Handle) -> Result<[Handle; 2], String> {
    // SAFETY: each type is that of the function in cl.h.
    let (program, build, info, kernel) = unsafe {
        (
            library.function::<CreateProgram>(c"clCreateProgramWithSource")?,
            library.function::<BuildProgram>(c"clBuildProgram")?,
            library.function::<BuildInfo>(c"clGetProgramBuildInfo")?,
            library.function::<CreateKernel>(c"clCreateKernel")?,
        )
    };
    let (text, length) = (KERNELS.as_ptr().cast::<c_char>(), KERNELS.len());
    let program = made("clCreateProgramWithSource", |code| {
        program(context, 1, &raw const text, &raw const length, code)
    })?;
    let built = build(program, 1, &raw const device, null(), null(), null());
    done("clBuildProgram", built).map_err(|why| {
        let mut log = vec![0_u8; LOG];
        let place = log.as_mut_ptr().cast();
        let asked = info(
            program,
            device,
            CL_PROGRAM_BUILD_LOG,
            LOG,
            place,
            null_mut(),
        );
        let said = CStr::from_bytes_until_nul(&log)
            .unwrap_or_default()
            .to_string_lossy();
        match said.lines().find(|line| !line.trim().is_empty()) {
            Some(line) if asked == 0 => format!("{why}: {}", line.trim()),
            _ => why,
        }
    })?;
    let named = |name: &CStr| {
        made("clCreateKernel", |code| {
            kernel(program, name.as_ptr(), code)
        })
    };
    Ok([named(c"nothing")?, named(c"multiply_add")?])
}

/// What a function made that tells its error beside.
fn made(name: &str, make: impl FnOnce(*mut Code) -> *mut c_void) -> Result<*mut c_void, String> {
    let mut code = 0;
    let handle = make(&raw mut code);
    done(name, code)?;
    if handle.is_null() {
        Err(format!("{name} makes nothing"))
    } else {
        Ok(handle)
    }
}

/// CL_SUCCESS is 0.
fn done(name: &str, code: Code) -> Result<(), String> {
    match code {
        0 => Ok(()),
        code => Err(format!("{name} fails with {code}")),
    }
}
