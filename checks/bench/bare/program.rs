//! The bare program: units of work of a C library, timed with nothing but this library.
//!
//! `build.rs` compiles it, the agent has the loader of its side start it. It needs no version of any symbol, and asks for
//! functions by dlsym(3), which gives the newest of each, as programs that are built today have them; so one file runs with
//! glibc and with musl, old or new.
//!
//! Its arguments are a kind of work, how long to take, in nanoseconds, the delay to plant, in millionths, how much is in a unit
//! and how many threads there are. It prints a line for each thread, the nanoseconds of every unit. Without arguments it
//! prints which library it has.

#![no_std]

use core::ffi::{CStr, c_char, c_int, c_void};
use core::hint::black_box;
use core::mem::transmute;
use core::ptr::{null, null_mut};

/// The most units of a thread, and the most threads.
const UNITS: usize = 8192;
const THREADS: usize = 4;

/// The sizes of allocations, and how many are alive at a time.
const SIZES: usize = 2048;
const ALIVE: usize = 256;

/// The largest piece of memory that is copied.
const LARGEST: usize = 16 << 10;

/// `CLOCK_MONOTONIC` of time.h.
const MONOTONIC: c_int = 1;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(
    ".globl bare_start",
    "bare_start:",
    "xor ebp, ebp",
    "mov rdi, rsp",
    "and rsp, -16",
    "call bare_begin",
    "hlt",
);

#[cfg(target_arch = "aarch64")]
core::arch::global_asm!(
    ".globl bare_start",
    "bare_start:",
    "mov x29, #0",
    "mov x30, #0",
    "mov x0, sp",
    "and sp, x0, #-16",
    "b bare_begin",
);

type Main = extern "C" fn(c_int, *const *const c_char) -> c_int;

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    fn __libc_start_main(
        main: Main,
        argc: c_int,
        argv: *const *const c_char,
        init: usize,
        fini: usize,
        loader_fini: usize,
        stack: *const usize,
    ) -> c_int;
}

/// What follows the first instructions, which hand on the stack as the kernel left it.
///
/// # Safety
///
/// `stack` is what it was when the program began: the number of arguments, and then these.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bare_begin(stack: *const usize) -> ! {
    // SAFETY: by the contract above.
    unsafe {
        __libc_start_main(main, *stack as c_int, stack.add(1).cast(), 0, 0, 0, stack);
    }
    loop {}
}

/// A function of the library; a program without it ends.
fn symbol(name: &CStr) -> *mut c_void {
    // SAFETY: a null handle is the default of dlsym(3), the name ends with a zero.
    unsafe { dlsym(null_mut(), name.as_ptr()) }
}

#[repr(C)]
struct Time {
    seconds: i64,
    nanoseconds: i64,
}

/// A function of one number.
type Function = extern "C" fn(f64) -> f64;

/// What of the library is measured, or measures.
struct Library {
    clock_gettime: extern "C" fn(c_int, *mut Time) -> c_int,
    write: extern "C" fn(c_int, *const c_void, usize) -> isize,
    malloc: extern "C" fn(usize) -> *mut u8,
    free: extern "C" fn(*mut u8),
    memcpy: extern "C" fn(*mut u8, *const u8, usize) -> *mut u8,
    memcmp: extern "C" fn(*const u8, *const u8, usize) -> c_int,
    memset: extern "C" fn(*mut u8, c_int, usize) -> *mut u8,
    of_one: [Function; 3],
    pow: extern "C" fn(f64, f64) -> f64,
    create: extern "C" fn(*mut usize, *const c_void, Start, *mut c_void) -> c_int,
    join: extern "C" fn(usize, *mut *mut c_void) -> c_int,
    getppid: extern "C" fn() -> c_int,
}

type Start = extern "C" fn(*mut c_void) -> *mut c_void;

impl Library {
    /// All of it, if all of it is there.
    fn open() -> Option<Self> {
        let names = [
            c"clock_gettime",
            c"write",
            c"malloc",
            c"free",
            c"memcpy",
            c"memcmp",
            c"memset",
            c"sin",
            c"exp",
            c"log",
            c"pow",
            c"pthread_create",
            c"pthread_join",
            c"getppid",
        ];
        let found = names.map(symbol);
        if found.iter().any(|it| it.is_null()) {
            return None;
        }
        // SAFETY: these are the functions of C and POSIX by these names, with their types there.
        unsafe {
            Some(Self {
                clock_gettime: transmute(found[0]),
                write: transmute(found[1]),
                malloc: transmute(found[2]),
                free: transmute(found[3]),
                memcpy: transmute(found[4]),
                memcmp: transmute(found[5]),
                memset: transmute(found[6]),
                of_one: [
                    transmute(found[7]),
                    transmute(found[8]),
                    transmute(found[9]),
                ],
                pow: transmute(found[10]),
                create: transmute(found[11]),
                join: transmute(found[12]),
                getppid: transmute(found[13]),
            })
        }
    }

    fn now(&self) -> u64 {
        let mut time = Time {
            seconds: 0,
            nanoseconds: 0,
        };
        (self.clock_gettime)(MONOTONIC, &raw mut time);
        time.seconds as u64 * 1_000_000_000 + time.nanoseconds as u64
    }

    fn print(&self, text: &[u8]) {
        let mut left = text;
        while !left.is_empty() {
            let written = (self.write)(1, left.as_ptr().cast(), left.len());
            if written <= 0 {
                return;
            }
            left = &left[written as usize..];
        }
    }

    fn print_number(&self, number: u64, end: u8) {
        let mut text = [end; 21];
        let (mut at, mut left) = (20, number);
        loop {
            at -= 1;
            text[at] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                break;
            }
        }
        self.print(&text[at..]);
    }
}

/// What is asked for.
struct Plan {
    library: Library,
    work: u8,
    length: u64,
    planted: u64,
    unit: usize,
}

/// What a thread takes, and where it keeps it.
struct Part {
    plan: *const Plan,
    seed: u64,
    count: usize,
    times: [u64; UNITS],
}

/// Numbers that look random: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % end
    }
}

/// Repeats a unit until the time is over, once at least, as `timing.rs` does.
fn series(plan: &Plan, part: &mut Part, mut unit: impl FnMut(&Library)) {
    let library = &plan.library;
    let begun = library.now();
    let mut last = begun;
    while part.count == 0 || (last - begun < plan.length && part.count < UNITS) {
        let start = library.now();
        unit(library);
        last = library.now();
        let until = last + (last - start) * plan.planted / 1_000_000;
        while last < until {
            last = library.now();
        }
        part.times[part.count] = last - start;
        part.count += 1;
    }
}

fn allocate(plan: &Plan, part: &mut Part) {
    let mut random = Random(part.seed);
    let mut sizes = [0_u16; SIZES];
    for size in &mut sizes {
        let most = 1 + random.below(9);
        *size = 16 << random.below(most);
    }
    let mut alive = [null_mut::<u8>(); ALIVE];
    series(plan, part, |library| {
        for n in 0..plan.unit {
            let new = (library.malloc)(usize::from(sizes[n % SIZES]));
            let old = core::mem::replace(&mut alive[n % ALIVE], black_box(new));
            (library.free)(old);
        }
    });
    for left in alive {
        (plan.library.free)(left);
    }
}

fn copy(plan: &Plan, part: &mut Part) {
    let library = &plan.library;
    let [from, to] = [(); 2].map(|()| (library.malloc)(LARGEST));
    (library.memset)(from, b'a'.into(), LARGEST);
    series(plan, part, |library| {
        for size in (3..=14).map(|power| 1_usize << power) {
            for _ in 0..plan.unit / size {
                (library.memcpy)(to, from, size);
                black_box((library.memcmp)(from, to, size));
                (library.memset)(to, 0, size);
            }
        }
    });
    (library.free)(from);
    (library.free)(to);
}

fn calculate(plan: &Plan, part: &mut Part) {
    series(plan, part, |library| {
        let mut sum = 0.0;
        for n in 1..=plan.unit {
            let x = black_box((37 * n % 1100) as f64 / 100.0 + 0.1);
            sum += (library.pow)(x, 1.7);
            for function in library.of_one {
                sum += function(x);
            }
        }
        black_box(sum);
    });
}

fn start_threads(plan: &Plan, part: &mut Part) {
    extern "C" fn nothing(_: *mut c_void) -> *mut c_void {
        null_mut()
    }
    series(plan, part, |library| {
        for _ in 0..plan.unit {
            let mut thread = 0;
            if (library.create)(&raw mut thread, null(), nothing, null_mut()) == 0 {
                (library.join)(thread, null_mut());
            }
        }
    });
}

fn ask_the_kernel(plan: &Plan, part: &mut Part) {
    series(plan, part, |library| {
        for _ in 0..plan.unit {
            black_box((library.getppid)());
        }
    });
}

/// What a thread does.
extern "C" fn take(part: *mut c_void) -> *mut c_void {
    // SAFETY: whoever starts it gives it a part of its own, with a plan that outlives it.
    let (part, plan) = unsafe {
        let part = &mut *part.cast::<Part>();
        let plan = &*part.plan;
        (part, plan)
    };
    match plan.work {
        b'm' => allocate(plan, part),
        b's' => copy(plan, part),
        b'f' => calculate(plan, part),
        b't' => start_threads(plan, part),
        _ => ask_the_kernel(plan, part),
    }
    null_mut()
}

/// Says which library this is: of the two only glibc has a word for it.
fn tell(library: &Library) {
    let version = symbol(c"gnu_get_libc_version");
    if !version.is_null() {
        // SAFETY: the function of glibc by this name, which gives a string that stays.
        let version = unsafe {
            let version: extern "C" fn() -> *const c_char = transmute(version);
            CStr::from_ptr(version())
        };
        library.print(b"glibc ");
        library.print(version.to_bytes());
    }
    library.print(b"\n");
}

fn number(text: &CStr) -> u64 {
    let digits = text.to_bytes().iter().filter(|byte| byte.is_ascii_digit());
    digits.fold(0_u64, |number, digit| {
        let digit = u64::from(digit - b'0');
        number.saturating_mul(10).saturating_add(digit)
    })
}

static mut PARTS: [Part; THREADS] = [const {
    Part {
        plan: null(),
        seed: 0,
        count: 0,
        times: [0; UNITS],
    }
}; THREADS];

extern "C" fn main(argc: c_int, argv: *const *const c_char) -> c_int {
    let Some(library) = Library::open() else {
        return 3;
    };
    if argc < 6 {
        tell(&library);
        return 0;
    }
    // SAFETY: there are that many arguments, each ends with a zero.
    let argument = |n| unsafe { CStr::from_ptr(*argv.add(n)) };
    let plan = Plan {
        library,
        work: argument(1).to_bytes().first().copied().unwrap_or(0),
        length: number(argument(2)),
        planted: number(argument(3)),
        unit: number(argument(4)) as usize,
    };
    let many = (number(argument(5)) as usize).clamp(1, THREADS);
    // SAFETY: this is the only place that names them, and runs once; each thread has one of them.
    let parts = unsafe { &mut *(&raw mut PARTS) };
    for (seed, part) in parts.iter_mut().enumerate() {
        part.plan = &raw const plan;
        part.seed = seed as u64;
    }
    let mut threads = [0; THREADS];
    for n in 1..many {
        let part = (&raw mut parts[n]).cast();
        if (plan.library.create)(&raw mut threads[n], null(), take, part) != 0 {
            return 4;
        }
    }
    take((&raw mut parts[0]).cast());
    for thread in &threads[1..many] {
        (plan.library.join)(*thread, null_mut());
    }
    for part in &parts[..many] {
        let (last, first) = part.times[..part.count].split_last().unwrap_or((&0, &[]));
        for time in first {
            plan.library.print_number(*time, b' ');
        }
        plan.library.print_number(*last, b'\n');
    }
    0
}
