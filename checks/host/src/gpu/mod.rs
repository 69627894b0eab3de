//! A GPU, through whichever library there is, opened when it is needed: the driver of CUDA, HIP, or OpenCL.
//!
//! Nothing of them is needed to build, and no compiler is needed to run: the libraries compile the two kernels, one
//! that does nothing and one that multiplies and adds. Nothing is given back either: it goes with the process, which
//! measures once. The memory of the host that is not pinned is the caller's.

mod cuda;
mod driver;
mod hip;
mod opencl;

use serde::{Deserialize, Serialize};

/// The threads of the kernel that multiplies and adds.
pub const THREADS: usize = 1 << 18;

/// What each of them does in a round: so many chains, each so many steps long, a multiplication and an
/// addition a step. What comes of a chain is the next step's, so that one chain alone would wait for itself.
pub const CHAINS: usize = 8;
/// The steps of a round.
pub const STEPS: usize = 16;

/// The factor and the summand of a step: whatever a chain begins with, it ends with 2.
const STEP: (f32, f32) = (0.5, 1.0);

/// What a thread has to tell in the end: the sum of its chains.
const SUM: f32 = 2.0 * CHAINS as f32;

/// The kernels in C, as OpenCL has it.
const KERNELS: &str = include_str!("kernels.cl");

/// Rounds after which the last bit of a chain no longer changes.
const ENOUGH: u32 = 8;

/// What a GPU and its software are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The GPU.
    pub device: String,
    /// The interface that is spoken to it, with its version.
    pub interface: String,
    /// The driver.
    pub driver: String,
    /// The file of the library.
    pub library: String,
    /// How many there are between which memory can be copied.
    pub peers: usize,
    /// Whether it is a processor that stands in for a GPU.
    pub processor: bool,
}

/// Memory of the host.
#[derive(Debug)]
pub enum Memory<'a> {
    /// Any: the driver copies it by way of its own.
    Pageable(&'a mut [u8]),
    /// What the driver has pinned, as long as a buffer of the GPU.
    Pinned,
}

/// A GPU with two buffers of equal length in its memory, and one that is pinned on the host. What
/// is asked for is done when a call returns.
pub trait Gpu {
    /// What it is.
    fn about(&self) -> &About;

    /// The memory of the host that is pinned.
    fn pinned(&mut self) -> &mut [u8];

    /// Copies memory of the host to the first buffer.
    ///
    /// # Errors
    ///
    /// What the driver says; when the memory is not as long as a buffer.
    fn write(&mut self, from: Memory<'_>) -> Result<(), String>;

    /// Copies the second buffer to memory of the host.
    ///
    /// # Errors
    ///
    /// As [`Gpu::write`].
    fn read(&mut self, to: Memory<'_>) -> Result<(), String>;

    /// Copies the first buffer to the second, so many times.
    ///
    /// # Errors
    ///
    /// What the driver says.
    fn copy(&mut self, times: usize) -> Result<(), String>;

    /// Starts the kernel that does nothing, so many times.
    ///
    /// # Errors
    ///
    /// As [`Gpu::copy`].
    fn launch(&mut self, times: usize) -> Result<(), String>;

    /// Starts the kernel that multiplies and adds, each thread so many rounds; the sums are at the
    /// begin of the second buffer.
    ///
    /// # Errors
    ///
    /// As [`Gpu::copy`].
    fn multiply_add(&mut self, rounds: u32) -> Result<(), String>;

    /// Copies the first buffer to another GPU.
    ///
    /// # Errors
    ///
    /// As [`Gpu::copy`]; when there is no other one.
    fn copy_to_peer(&mut self) -> Result<(), String>;
}

/// An interface: a row of [`INTERFACES`].
struct Interface {
    name: &'static str,
    /// Opens the first GPU.
    open: fn(bytes: Bytes) -> Result<Box<dyn Gpu>, String>,
}

/// How long the buffers are, on a GPU and on a processor that stands in for one.
#[derive(Debug, Clone, Copy)]
pub struct Bytes {
    /// On a GPU.
    pub gpu: usize,
    /// On a processor.
    pub processor: usize,
}

/// The interfaces, in the order in which they are tried.
static INTERFACES: [Interface; 3] = [
    Interface {
        name: "CUDA",
        open: |bytes| cuda::Cuda::open(bytes).map(|gpu| Box::new(gpu) as _),
    },
    Interface {
        name: "HIP",
        open: |bytes| hip::Hip::open(bytes).map(|gpu| Box::new(gpu) as _),
    },
    Interface {
        name: "OpenCL",
        open: |bytes| opencl::OpenCl::open(bytes).map(|gpu| Box::new(gpu) as _),
    },
];

/// Opens the first GPU of the first interface that has one.
///
/// # Errors
///
/// What each interface says against it.
pub fn open(bytes: Bytes) -> Result<Box<dyn Gpu>, String> {
    if bytes.gpu.min(bytes.processor) < THREADS * size_of::<f32>() {
        return Err("the buffers are too short for the sums".into());
    }
    let mut whys = Vec::new();
    for interface in &INTERFACES {
        match (interface.open)(bytes) {
            Ok(gpu) => return Ok(gpu),
            Err(why) => whys.push(format!("{}: {why}", interface.name)),
        }
    }
    Err(format!("there is no GPU; {}", whys.join("; ")))
}

/// Tries everything on it once.
///
/// # Errors
///
/// That a copy or a sum is not what it should be.
pub fn try_all(gpu: &mut dyn Gpu) -> Result<(), String> {
    try_sums(gpu)?;
    try_copies(gpu)
}

/// Has everything that is given come back by both ways.
fn try_copies(gpu: &mut dyn Gpu) -> Result<(), String> {
    let length = gpu.pinned().len();
    let begin: Vec<u8> = (0..251).collect();
    let long = begin.repeat(length / begin.len() + 2);
    let (one, other) = (&long[..length], &long[1..=length]);
    let mut pageable = one.to_vec();
    let wrong = |way: &str| Err(format!("what is written {way} is not what is read"));
    gpu.write(Memory::Pageable(&mut pageable))?;
    gpu.copy(1)?;
    gpu.pinned().fill(0);
    gpu.read(Memory::Pinned)?;
    if *gpu.pinned() != *one {
        return wrong("from pageable memory");
    }
    gpu.pinned().copy_from_slice(other);
    gpu.write(Memory::Pinned)?;
    gpu.copy(1)?;
    gpu.read(Memory::Pageable(&mut pageable))?;
    if pageable == other {
        Ok(())
    } else {
        wrong("from pinned memory")
    }
}

/// Has every thread come to the sum that is known.
fn try_sums(gpu: &mut dyn Gpu) -> Result<(), String> {
    gpu.multiply_add(ENOUGH)?;
    gpu.read(Memory::Pinned)?;
    let sums = gpu.pinned().chunks_exact(size_of::<f32>()).take(THREADS);
    let wrong = sums
        .map(|bytes| f32::from_ne_bytes(bytes.try_into().unwrap_or_default()))
        .find(|sum| (sum - SUM).abs() > 0.0);
    match wrong {
        Some(sum) => Err(format!("a kernel comes to {sum} where {SUM} is right")),
        None => Ok(()),
    }
}

/// Memory that is as long as a buffer.
fn as_long(memory: &[u8], bytes: usize) -> Result<(), String> {
    if memory.len() == bytes {
        Ok(())
    } else {
        Err(format!("{} bytes are no buffer of {bytes}", memory.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_ends_with_two_whatever_it_begins_with() {
        for begin in [0.0, 1.0, 5.0, THREADS as f32 + CHAINS as f32] {
            let mut value = begin;
            for _ in 0..ENOUGH as usize * STEPS {
                value = f32::mul_add(value, STEP.0, STEP.1);
            }
            assert!((value - 2.0).abs() <= 0.0, "{begin}: {value}");
        }
    }

    /// A GPU that does what it is told, or that gets one thing wrong.
    struct Fake {
        about: About,
        buffers: [Vec<u8>; 2],
        pinned: Vec<u8>,
        wrong: &'static str,
    }

    impl Fake {
        fn new(wrong: &'static str) -> Self {
            let bytes = THREADS * size_of::<f32>();
            Self {
                about: About {
                    device: "fake".into(),
                    interface: "none".into(),
                    driver: "none".into(),
                    library: "none".into(),
                    peers: 1,
                    processor: true,
                },
                buffers: [vec![0; bytes], vec![0; bytes]],
                pinned: vec![0; bytes],
                wrong,
            }
        }
    }

    impl Gpu for Fake {
        fn about(&self) -> &About {
            &self.about
        }
        fn pinned(&mut self) -> &mut [u8] {
            &mut self.pinned
        }
        fn write(&mut self, from: Memory<'_>) -> Result<(), String> {
            match from {
                Memory::Pageable(from) => self.buffers[0].copy_from_slice(from),
                Memory::Pinned if self.wrong == "pinned" => {}
                Memory::Pinned => self.buffers[0].copy_from_slice(&self.pinned),
            }
            Ok(())
        }
        fn read(&mut self, to: Memory<'_>) -> Result<(), String> {
            match to {
                Memory::Pageable(to) => to.copy_from_slice(&self.buffers[1]),
                Memory::Pinned => self.pinned.copy_from_slice(&self.buffers[1]),
            }
            Ok(())
        }
        fn copy(&mut self, _times: usize) -> Result<(), String> {
            if self.wrong != "copy" {
                self.buffers[1] = self.buffers[0].clone();
            }
            Ok(())
        }
        fn launch(&mut self, _times: usize) -> Result<(), String> {
            Ok(())
        }
        fn multiply_add(&mut self, _rounds: u32) -> Result<(), String> {
            let sum: f32 = if self.wrong == "sum" { 15.0 } else { 16.0 };
            for place in self.buffers[1].chunks_exact_mut(4) {
                place.copy_from_slice(&sum.to_ne_bytes());
            }
            Ok(())
        }
        fn copy_to_peer(&mut self) -> Result<(), String> {
            Err("there is none".into())
        }
    }

    #[test]
    fn a_gpu_that_is_wrong_is_not_measured() {
        let tried = |wrong| {
            let mut gpu = Fake::new(wrong);
            try_all(&mut gpu)
        };
        assert_eq!(tried(""), Ok(()));
        assert!(tried("sum").unwrap_err().contains("comes to 15"));
        assert!(tried("copy").unwrap_err().contains("pageable memory"));
        assert!(tried("pinned").unwrap_err().contains("pinned memory"));
    }
}
