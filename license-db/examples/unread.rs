//! Lists the short names of Debian's copyright files whose texts nobody has read yet, each with the
//! digest that a row of `data/debian.toml` takes, and the text to be read:
//!
//! ```sh
//! cargo run -p hpcctl-license-db --example unread -- /usr/share/doc/*/copyright
//! ```
//!
//! An example, not a command of `hpcctl`: only who maintains the table needs it, and nobody who
//! installs the program.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs::File;
use std::io::{Read, Write, stdout};

use hpcctl_license_db::Identifier;
use hpcctl_license_db::declared::debian;
use hpcctl_license_db::declared::texts::digest;

/// The longest file, in bytes: 8 MiB.
const LIMIT: u64 = 8 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut unread: BTreeMap<(String, u128), (String, Vec<String>)> = BTreeMap::new();
    for file in env::args().skip(1) {
        let mut bytes = Vec::new();
        File::open(&file)?.take(LIMIT).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        for (name, body) in debian::unread(Identifier::spdx(), &text) {
            let key = (name, digest(&body));
            let (_, files) = unread.entry(key).or_insert_with(|| (body, Vec::new()));
            files.push(file.clone());
        }
    }
    for ((name, digest), (body, files)) in unread {
        writeln!(
            stdout(),
            "# {name}: {digest:032x}, {}\n{body}",
            files.join(" ")
        )?;
    }
    Ok(())
}
