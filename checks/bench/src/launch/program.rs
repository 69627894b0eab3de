//! The program that is launched: the smallest there is, so that it runs in every image.
//!
//! An ELF header, one segment and three instructions: exit with status 0; elf(5), exit(2).

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Where the segment lies in memory.
const BASE: u64 = 0x40_0000;

/// The bytes of the two headers.
const HEADERS: u64 = 64 + 56;

/// Writes the program.
///
/// # Errors
///
/// When the file cannot be written, or there is none for this machine.
pub fn write(path: &Path) -> io::Result<()> {
    let (machine, code) = code().ok_or(io::ErrorKind::Unsupported)?;
    let mut file = File::create(path)?;
    file.write_all(&elf(machine, code))?;
    // What is not on the disk yet cannot be dropped from the page cache.
    file.sync_all()?;
    file.set_permissions(std::fs::Permissions::from_mode(0o755))
}

/// The number of the machine (EM_… of elf.h) and the instructions.
fn code() -> Option<(u16, &'static [u8])> {
    match std::env::consts::ARCH {
        // mov $60, %eax; xor %edi, %edi; syscall
        "x86_64" => Some((62, b"\xb8\x3c\0\0\0\x31\xff\x0f\x05")),
        // mov x8, #93; mov x0, #0; svc #0
        "aarch64" => Some((183, b"\xa8\x0b\x80\xd2\0\0\x80\xd2\x01\0\0\xd4")),
        _ => None,
    }
}

fn elf(machine: u16, code: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let half = |bytes: &mut Vec<u8>, value: u16| bytes.extend(value.to_le_bytes());
    let word = |bytes: &mut Vec<u8>, value: u32| bytes.extend(value.to_le_bytes());
    let long = |bytes: &mut Vec<u8>, value: u64| bytes.extend(value.to_le_bytes());
    // An executable (ET_EXEC), the machine, version 1.
    half(&mut bytes, 2);
    half(&mut bytes, machine);
    word(&mut bytes, 1);
    // The entry, the program headers at 64, no sections, no flags.
    long(&mut bytes, BASE + HEADERS);
    long(&mut bytes, 64);
    long(&mut bytes, 0);
    word(&mut bytes, 0);
    // Sizes and counts: one program header.
    for value in [64, 56, 1, 64, 0, 0] {
        half(&mut bytes, value);
    }
    // PT_LOAD, readable and executable: the whole file.
    word(&mut bytes, 1);
    word(&mut bytes, 5);
    let size = HEADERS + code.len() as u64;
    for value in [0, BASE, BASE, size, size, 0x1000] {
        long(&mut bytes, value);
    }
    bytes.extend(code);
    bytes
}

#[cfg(test)]
mod tests {
    use hpcctl_host::command;

    use super::*;

    #[test]
    fn it_runs_and_ends() {
        if code().is_none() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("program");
        write(&path).unwrap();
        let argv = [path.display().to_string()];
        assert_eq!(command::launch(&argv), Ok(()));
    }
}
