//! Makes a row of `data/vendor.toml` from a text, whose words are not kept:
//!
//! ```sh
//! cargo run --release -p hpcctl-license-db --example fingerprint -- \
//!     FILE ID FAMILY NAME SOURCE DATE >>license-db/data/vendor.toml
//! ```
//!
//! An example, not a command of `hpcctl`: only who maintains the table needs it, and nobody who
//! installs the program.

use std::env;
use std::error::Error;
use std::fs::File;
use std::io::{Read, Write, stdout};

use hpcctl_license_db::identify;

/// The longest text, in bytes: 4 MiB.
const LIMIT: u64 = 4 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [file, id, family, name, source, date] = arguments.as_slice() else {
        return Err("FILE ID FAMILY NAME SOURCE DATE".into());
    };
    let mut bytes = Vec::new();
    File::open(file)?.take(LIMIT).read_to_end(&mut bytes)?;
    let text = identify::text_of(&bytes).ok_or("not a text")?;
    let (words, sample) = identify::vendor::sample(&text);
    let sample: String = sample.iter().map(|run| format!("{run:08x}")).collect();
    writeln!(
        stdout(),
        "\n[[text]]\nid = {id:?}\nfamily = {family:?}\nname = {name:?}\nwords = {words}\n\
         sample = {sample:?}\nsource = {source:?}\ndate = {date:?}"
    )?;
    Ok(())
}
