//! Makes the bare program (`bare/program.rs`), which the library holds and no release needs a compiler for: a file of a
//! few kilobytes, linked with empty libraries that have the names of those of C.
//!
//! Where that fails, as for a target whose linker makes no shared objects, the library is made without it and says so when it is
//! asked to measure another C library than its own.

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// The libraries that have all that is asked for: their names in glibc, which musl takes for its own.
const LIBRARIES: [&str; 3] = ["libdl.so.2", "libm.so.6", "libpthread.so.0"];

/// What the program knows the system calls of.
const ARCHITECTURES: [&str; 2] = ["x86_64", "aarch64"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=bare");
    let out = env::var("OUT_DIR")?;
    let out = Path::new(&out);
    let arch = env::var("CARGO_CFG_TARGET_ARCH")?;
    let made = match ARCHITECTURES.contains(&arch.as_str()) {
        true => make(out),
        false => Err(format!("the program is for no {arch}").into()),
    };
    if let Err(why) = made {
        println!(
            "cargo::warning=no C library but glibc of today can be measured by this build: {why}"
        );
        fs::File::create(out.join("bare"))?;
    }
    Ok(())
}

/// Makes it in a directory, after the libraries.
fn make(out: &Path) -> Result<(), Box<dyn Error>> {
    for name in LIBRARIES {
        let soname = format!("-Wl,-soname,{name}");
        compile("library", &out.join(name), &[soname])?;
    }
    let links = LIBRARIES.map(|name| out.join(name).display().to_string());
    let options = ["-nostartfiles", "-Wl,-e,bare_start", "-Wl,--no-as-needed"];
    let options = options.into_iter().map(str::to_owned);
    compile(
        "program",
        &out.join("bare"),
        &options.chain(links).collect::<Vec<_>>(),
    )
}

/// Compiles a file of `bare/` to a shared object, which the linker is given these arguments for.
fn compile(source: &str, object: &Path, arguments: &[String]) -> Result<(), Box<dyn Error>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the compiler that builds this compiles it"
    )]
    let mut rustc = Command::new(env::var("RUSTC")?);
    rustc.args([
        "--edition=2024",
        "--crate-type=cdylib",
        "-Copt-level=3",
        "-Cpanic=abort",
        "-Clto",
        "-Cstrip=symbols",
    ]);
    rustc.arg(format!("--target={}", env::var("TARGET")?));
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        rustc.arg(format!("-Clinker={linker}"));
    }
    rustc.args(
        arguments
            .iter()
            .map(|argument| format!("-Clink-arg={argument}")),
    );
    rustc.arg("-o").arg(object).arg(format!("bare/{source}.rs"));
    let ran = rustc.output()?;
    // A target without shared objects is a warning only.
    match ran.status.success() && object.is_file() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&ran.stderr)
            .lines()
            .next()
            .unwrap_or("it fails")
            .into()),
    }
}
