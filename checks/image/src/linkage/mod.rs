//! What an ELF file asks of the loader, and what it gives to others: ld.so(8), elf(5) and the
//! Linux Standard Base ("Symbol Versioning").
//!
//! The file may be broken or hostile: every place is checked and every list is bounded.

mod bytes;
mod dynamic;
mod held;
mod marks;
mod opened;
mod references;
mod release;
mod symbols;
mod texts;
mod versions;

use std::fs::File;
use std::io;
use std::path::Path;

pub use symbols::{Import, Symbols};
pub use versions::{Need, Version};

pub(crate) use held::Held;

use bytes::{Bytes, InFile, Layout};
use dynamic::{Dynamic, Loaded};

/// `e_type` of a position-independent file and of a program at a fixed place.
const ET_EXEC: u16 = 2;
const ET_DYN: u16 = 3;

/// Functions that tell of a library that is a part of a program.
pub const PARTS: &[&str] = &["MPI_Init", "PMPI_Init"];

/// What an ELF file asks of the loader, and what it gives to others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Linkage {
    /// Bits of an address: 32 or 64.
    pub bits: u8,
    /// Whether numbers have their most significant byte first.
    pub big_endian: bool,
    /// The machine, `e_machine`.
    pub machine: u16,
    /// Whether it is a program at a fixed place.
    pub is_fixed: bool,
    /// The loader that a program asks for.
    pub interpreter: Option<String>,
    /// The name by which others ask for it.
    pub soname: Option<String>,
    /// The names that it asks for, in order.
    pub needed: Vec<String>,
    /// Where those are looked for before all else (`DT_RPATH`).
    pub rpath: Option<String>,
    /// Where those are looked for after `LD_LIBRARY_PATH` (`DT_RUNPATH`).
    pub runpath: Option<String>,
    /// The versions that it needs of others.
    pub needs: Vec<Need>,
    /// The versions that it defines.
    pub defines: Vec<String>,
    /// Its symbols; none where there was no room to keep them.
    pub symbols: Option<Symbols>,
    /// The release of glibc that it is the library of.
    pub release: Option<String>,
    /// Which functions of [`PARTS`] are in it.
    pub parts: Vec<&'static str>,
    /// Names of libraries in the texts of what opens such as it runs.
    pub opens: Vec<String>,
    /// The MPIs of which a program has texts, where no symbol tells whether it has one in it.
    pub marks: Vec<&'static str>,
}

impl Linkage {
    /// Reads a file of this machine; none where it is no ELF file that is loaded.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        let size = file.metadata()?.len();
        Ok(Self::read(&InFile { file: &file, size }).ok().flatten())
    }

    /// Reads what it says; none where it is no ELF file that is loaded, an error where it is
    /// damaged or a part that is needed is not held.
    pub(crate) fn read(bytes: &dyn Bytes) -> Result<Option<Self>, &'static str> {
        let Some((layout, header)) = Layout::of(bytes) else {
            return Ok(None);
        };
        let kind = layout.u16(&header, 16).unwrap_or(0);
        if kind != ET_EXEC && kind != ET_DYN {
            return Ok(None);
        }
        let mut linkage = Self {
            bits: if layout.wide { 64 } else { 32 },
            big_endian: layout.big,
            machine: layout.u16(&header, 18).unwrap_or(0),
            is_fixed: kind == ET_EXEC,
            ..Self::default()
        };
        let loaded =
            Loaded::read(bytes, layout, &header).ok_or("its program headers are damaged")?;
        linkage.interpreter = loaded.interpreter();
        if let Some(dynamic) = Dynamic::read(&loaded)? {
            linkage.link(&dynamic)?;
        }
        if linkage.soname.as_deref() == Some("libc.so.6") {
            linkage.release = release::of(bytes);
        }
        if linkage.opens_any() {
            linkage.opens = opened::of(&loaded);
        }
        if linkage.soname.is_none() {
            linkage.parts = symbols::parts(&loaded, linkage.symbols.as_ref());
            let is_program = linkage.interpreter.is_some() || linkage.is_static();
            if linkage.parts.is_empty() && is_program && !symbols::has_all(&loaded) {
                linkage.marks = marks::of(&loaded);
            }
        }
        Ok(Some(linkage))
    }

    fn link(&mut self, dynamic: &Dynamic<'_>) -> Result<(), &'static str> {
        self.soname = dynamic.name(dynamic::SONAME);
        self.rpath = dynamic.name(dynamic::RPATH);
        self.runpath = dynamic.name(dynamic::RUNPATH);
        self.needed = dynamic.names(dynamic::NEEDED);
        let read = versions::read(dynamic).ok_or("its versions are damaged")?;
        self.symbols = Symbols::of(dynamic, &read, self.machine);
        self.needs = read.needs;
        self.defines = read.defines;
        Ok(())
    }

    fn opens_any(&self) -> bool {
        let mut asked = self.symbols.iter().flat_map(Symbols::imports);
        asked.any(|import| opened::FUNCTIONS.contains(&import.name))
    }

    /// Whether nothing is loaded for it.
    pub fn is_static(&self) -> bool {
        self.interpreter.is_none() && self.needed.is_empty() && self.soname.is_none()
    }

    /// Whether two files can be loaded into one process.
    pub fn fits(&self, other: &Self) -> bool {
        let of = |one: &Self| (one.bits, one.big_endian, one.machine);
        of(self) == of(other)
    }

    /// The name of the kind of machine, as uname(2) has it.
    pub fn machine_name(&self) -> String {
        let name = match (self.machine, self.bits) {
            (3, _) => "i386",
            (62, 64) => "x86_64",
            (62, _) => "x32",
            (183, _) => "aarch64",
            (21, _) if self.big_endian => "ppc64",
            (21, _) => "ppc64le",
            (243, _) => "riscv64",
            (40, _) => "arm",
            (22, _) => "s390x",
            (other, bits) => return format!("machine {other} of {bits} bits"),
        };
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn own() -> Vec<u8> {
        let path = std::env::current_exe().unwrap();
        crate::blob::Blob::open(&path)
            .unwrap()
            .bytes(u64::MAX)
            .unwrap()
    }

    #[test]
    fn this_program_is_linked_to_its_c_library() {
        let linkage = Linkage::open(&std::env::current_exe().unwrap())
            .unwrap()
            .unwrap();
        assert!(linkage.interpreter.is_some() && linkage.soname.is_none());
        assert!(
            linkage.needed.iter().any(|name| name == "libc.so.6"),
            "{linkage:?}"
        );
        let libc = linkage
            .needs
            .iter()
            .find(|need| need.file == "libc.so.6")
            .unwrap();
        assert!(
            libc.versions
                .iter()
                .any(|version| version.name.starts_with("GLIBC_2."))
        );
        let symbols = linkage.symbols.unwrap();
        let mut imports = symbols.imports();
        let malloc = imports.find(|import| import.name == "malloc").unwrap();
        assert!(malloc.version.unwrap().starts_with("GLIBC_") && !malloc.weak);
    }

    #[test]
    fn its_c_library_gives_what_it_asks_for() {
        let program = Linkage::open(&std::env::current_exe().unwrap())
            .unwrap()
            .unwrap();
        let places = [
            "/lib/x86_64-linux-gnu",
            "/lib64",
            "/usr/lib64",
            "/lib/aarch64-linux-gnu",
        ];
        let mut places = places.iter().map(|dir| Path::new(dir).join("libc.so.6"));
        let Some(libc) = places.find(|path| path.exists()) else {
            return;
        };
        let libc = Linkage::open(&libc).unwrap().unwrap();
        assert_eq!(libc.soname.as_deref(), Some("libc.so.6"));
        assert!(libc.fits(&program) && libc.defines.contains(&"GLIBC_2.17".to_owned()));
        let given = libc.symbols.unwrap();
        for import in program.symbols.unwrap().imports() {
            if matches!(import.name, "malloc" | "memcpy" | "read") {
                assert!(given.gives(import.name, import.version), "{import:?}");
                assert!(!given.gives(import.name, Some("GLIBC_9.9")));
            }
        }
        assert!(!given.gives("MPI_Init", None));
    }

    #[test]
    fn what_is_no_elf_file_is_none() {
        assert_eq!(Linkage::read(&&b"#!/bin/sh\n"[..]), Ok(None));
        assert_eq!(Linkage::read(&&b"\x7fELF\x02\x01\x01"[..]), Ok(None));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_bytes_are_read(
            flips in proptest::collection::vec((0_usize..20_000, any::<u8>()), 0..60),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = own();
            for (at, byte) in flips {
                bytes[at] = byte;
            }
            let _ = Linkage::read(&&bytes[..]);
            let _ = Linkage::read(&&bytes[..cut.index(bytes.len())]);
        }
    }
}
