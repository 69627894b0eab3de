//! Makes the tables of the licence identifier: words, shingles, texts and wordings of the SPDX
//! licence list in the `spdx` crate and of `data/`, as one block that the program holds.
//!
//! The sources that make the tables are modules of the library, too, where they are tested and
//! where those that read the tables use their numbers; here they are compiled once more.

use std::error::Error;
use std::path::Path;
use std::{env, fs, io::Write};

#[path = "src/data.rs"]
mod data;
#[path = "src/declared"]
mod declared {
    #[expect(dead_code, reason = "only the general names are needed")]
    mod names;
    pub(crate) use names::{addresses, general as general_names};
}
#[path = "src/expression.rs"]
#[expect(
    dead_code,
    reason = "ids are brought into their one form, nothing is judged"
)]
mod expression;
#[path = "src/identify"]
mod identify {
    mod markup;
    mod spelling;
    #[expect(dead_code, reason = "the tables are made, not read")]
    pub mod tables;
    #[expect(dead_code, reason = "texts are read whole")]
    mod words;

    pub mod index {
        pub(crate) mod hash;
        pub mod listed;
        pub mod make;
        #[expect(dead_code, reason = "the tables are made, not read")]
        pub(crate) mod mark;
        mod marks;
    }

    pub mod phrase {
        #[expect(dead_code, reason = "the tables are made, not read")]
        mod code;
        pub mod listed;
        pub mod make;
        mod wording;
    }

    pub mod vendor {
        mod bits;
        pub mod listed;
        pub mod make;
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=data");
    let mut maker = identify::tables::Maker::default();
    identify::index::listed::texts().write(&mut maker);
    identify::phrase::listed::wordings().write(&mut maker);
    identify::vendor::make::write(&identify::vendor::listed::rows(), &mut maker);
    if env::var("CARGO_CFG_TARGET_ENDIAN")? != byte_order() {
        return Err("cannot make the tables for a machine of another byte order".into());
    }
    let numbers = maker.finish().into_iter();
    let block: Vec<u8> = numbers.flat_map(u32::to_ne_bytes).collect();
    let path = Path::new(&env::var("OUT_DIR")?).join("tables");
    fs::File::create(path)?.write_all(&block)?;
    Ok(())
}

/// The byte order of the machine that builds, in cargo's words.
fn byte_order() -> &'static str {
    if cfg!(target_endian = "big") {
        "big"
    } else {
        "little"
    }
}
