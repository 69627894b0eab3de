//! GPU: what passes between the host and a GPU and in its memory, how long a kernel takes to start, and
//! what it computes; by the driver of CUDA, HIP, or OpenCL, whichever is there first.
//!
//! A process of its own measures, which may be ended by a driver, and for which the place of kernels that drivers have
//! compiled is one that may be written to: in a container that of the user often is not, and PoCL fails without one.
//! So the time to the first kernel is with kernels that are compiled already, on both sides.

use std::path::Path;
use std::time::Duration;

use hpcctl_host::gpu::{self, About, Bytes, CHAINS, Gpu, Memory, STEPS, THREADS};
use hpcctl_model::bench::{Better, Difference};

use crate::far;
use crate::measurement::{Figure, Measurement, Processors};
use crate::question::{Means, Question};
use crate::timing::Clock;

/// The measurements, in report order.
pub static MEASUREMENTS: &[&Measurement] = &[&ONE, &PEER];

/// The bytes of a buffer: more than the caches of a GPU, and than those of a processor share.
const BYTES: Bytes = Bytes {
    gpu: 128 << 20,
    processor: 32 << 20,
};

/// Copies in the memory of the GPU, and kernels, that are under way at a time.
const COPIES: usize = 8;
const KERNELS: usize = 100;

/// How long the GPU is to multiply and add at a time, and the most rounds of that.
const UNIT: Duration = Duration::from_millis(2);
const ROUNDS: u32 = 1 << 20;

/// How long each is measured at least.
const SHORTEST: Duration = Duration::from_millis(5);

/// What names the place of compiled kernels: PoCL's manual, the CUDA C programming guide, and the README of AMD's Comgr.
const CACHES: [&str; 3] = ["POCL_CACHE_DIR", "CUDA_CACHE_PATH", "AMD_COMGR_CACHE_DIR"];

/// The row of one GPU.
static ONE: Measurement = Measurement {
    figures: &[
        Figure {
            id: "gpu.start",
            what: "from nothing to the first kernel that has run",
            unit: "ms",
            better: Better::Less,
        },
        Figure::rate("gpu.write.pageable", "from memory of the host to the GPU"),
        Figure::rate(
            "gpu.write.pinned",
            "from pinned memory of the host to the GPU",
        ),
        Figure::rate("gpu.read.pageable", "from the GPU to memory of the host"),
        Figure::rate(
            "gpu.read.pinned",
            "from the GPU to pinned memory of the host",
        ),
        Figure::rate(
            "gpu.memory",
            "copied in the memory of the GPU, read and written",
        ),
        Figure::time("gpu.launch", "an empty kernel until it has run"),
        Figure::time("gpu.launches", "an empty kernel, 100 under way"),
        Figure {
            id: "gpu.compute",
            what: "multiplications and additions of single precision",
            unit: "GFLOP/s",
            better: Better::More,
        },
    ],
    // Where a processor stands in for a GPU, it is all of them.
    processors: Processors::All,
    take: |task, clock| match far::apart(task, &cache(&task.written())) {
        Some(taken) => taken,
        None => one(clock),
    },
};

/// The row of two.
pub(crate) static PEER: Measurement = Measurement {
    figures: &[Figure::rate("gpu.peer", "from one GPU to another")],
    processors: Processors::All,
    take: |task, clock| match far::apart(task, &cache(&task.written())) {
        Some(taken) => taken,
        None => peer(clock),
    },
};

/// The GPU that a process of its own sees, in JSON.
pub(crate) fn seen(means: &Means) -> Result<String, String> {
    let mut other = far::alike(&means.agent, &cache(&means.written()))?;
    far::told(&mut other, &Question::OwnGpu)
}

/// The GPU that this process sees, in JSON.
pub(crate) fn own() -> Result<String, String> {
    let gpu = gpu::open(BYTES)?;
    serde_json::to_string(gpu.about()).map_err(|error| error.to_string())
}

/// What of the GPU and its software is not the same on both sides.
pub(crate) fn differences(outside: About, inside: About) -> Vec<Difference> {
    let row = |what: &str, outside: String, inside: String| Difference {
        what: what.into(),
        outside,
        inside,
    };
    let rows = [
        row("GPU", outside.device, inside.device),
        row("GPU interface", outside.interface, inside.interface),
        row("GPU driver", outside.driver, inside.driver),
        row("GPU library", outside.library, inside.library),
        row("GPUs", outside.peers.to_string(), inside.peers.to_string()),
    ];
    let differs = |row: &Difference| row.outside != row.inside;
    rows.into_iter().filter(differs).collect()
}

/// The place for compiled kernels, in the environment.
fn cache(place: &Path) -> [String; 3] {
    let cache = place.join("kernels").display().to_string();
    CACHES.map(|name| format!("{name}={cache}"))
}

fn one(clock: Clock) -> Result<Vec<f64>, String> {
    let mut opened = None;
    // Once: there is no second time in a process.
    let start = clock.share(u32::MAX).series(|| {
        let gpu = gpu::open(BYTES)?;
        opened.insert(gpu).launch(1)
    })?;
    let mut gpu = opened.ok_or("there is no GPU")?;
    let gpu = gpu.as_mut();
    gpu::try_all(gpu)?;
    let clock = clock.share(ONE.figures.len() as u32 - 1).at_least(SHORTEST);
    let mut figures = vec![start.typical() * 1e3];
    figures.extend(transfers(gpu, clock)?);
    let bytes = gpu.pinned().len();
    let series = clock.series(|| gpu.copy(COPIES))?;
    figures.push(megabytes(2 * COPIES * bytes, series.typical()));
    for kernels in [1, KERNELS] {
        let series = clock.series(|| gpu.launch(kernels))?;
        figures.push(series.typical() * 1e6 / kernels as f64);
    }
    figures.push(compute(gpu, clock)?);
    Ok(figures)
}

/// To the GPU and back, of either kind of memory.
fn transfers(gpu: &mut dyn Gpu, clock: Clock) -> Result<[f64; 4], String> {
    let mut host = gpu.pinned().to_vec();
    let bytes = host.len();
    let rate = |seconds: f64| megabytes(bytes, seconds);
    Ok([
        rate(
            clock
                .series(|| gpu.write(Memory::Pageable(&mut host)))?
                .typical(),
        ),
        rate(clock.series(|| gpu.write(Memory::Pinned))?.typical()),
        rate(
            clock
                .series(|| gpu.read(Memory::Pageable(&mut host)))?
                .typical(),
        ),
        rate(clock.series(|| gpu.read(Memory::Pinned))?.typical()),
    ])
}

fn megabytes(bytes: usize, seconds: f64) -> f64 {
    bytes as f64 / 1e6 / seconds
}

/// Thousands of millions of multiplications and of additions a second.
fn compute(gpu: &mut dyn Gpu, clock: Clock) -> Result<f64, String> {
    let mut rounds = 1;
    // Once for what a first time takes longer.
    gpu.multiply_add(rounds)?;
    loop {
        let series = clock.share(u32::MAX).series(|| gpu.multiply_add(rounds))?;
        if series.typical() >= UNIT.as_secs_f64() || rounds >= ROUNDS {
            break;
        }
        rounds *= 2;
    }
    let series = clock.series(|| gpu.multiply_add(rounds))?;
    let done = 2.0 * (THREADS * CHAINS * STEPS) as f64 * f64::from(rounds);
    Ok(done / series.typical() / 1e9)
}

fn peer(clock: Clock) -> Result<Vec<f64>, String> {
    let mut gpu = gpu::open(BYTES)?;
    // The first time the other one is opened.
    gpu.copy_to_peer()?;
    let series = clock.at_least(SHORTEST).series(|| gpu.copy_to_peer())?;
    Ok(vec![megabytes(gpu.pinned().len(), series.typical())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_of_the_software_is_told() {
        let about = About {
            device: "a GPU".into(),
            interface: "CUDA 12.4".into(),
            driver: "550.54".into(),
            library: "/usr/lib/libcuda.so.550.54".into(),
            peers: 1,
            processor: false,
        };
        let inside = About {
            library: "/opt/cuda/compat/libcuda.so.535.1".into(),
            interface: "CUDA 12.2".into(),
            ..about.clone()
        };
        assert_eq!(differences(about.clone(), about.clone()), []);
        let differs = differences(about, inside);
        let names: Vec<&str> = differs.iter().map(|it| it.what.as_str()).collect();
        assert_eq!(names, ["GPU interface", "GPU library"]);
    }
}
