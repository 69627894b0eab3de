//! Our own program with the libraries of the host, so that it runs in any image: old, of another C
//! library, or empty.
//!
//! What this process has mapped is what it needs: proc_pid_maps(5). The loader is run by name
//! with the directory as its library path, ld.so(8).

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::elf;
use crate::trace::mapped;

/// Files of glibc: all of one release, or none.
const GLIBC: &[&str] = &[
    "libc.so.6",
    "libm.so.6",
    "libmvec.so.1",
    "libpthread.so.0",
    "libdl.so.2",
    "librt.so.1",
    "libutil.so.1",
    "libresolv.so.2",
    "libanl.so.1",
    "libnsl.so.1",
    "libBrokenLocale.so.1",
    "libthread_db.so.1",
    "libnss_files.so.2",
    "libnss_dns.so.2",
];

/// The name of our program in it.
pub const AGENT: &str = "hpcctl";

/// Copies the program and its libraries into a new directory.
///
/// # Errors
///
/// When it cannot be written.
pub fn make(dir: &Path, agent: &Path) -> io::Result<()> {
    fs::create_dir(dir)?;
    fs::copy(agent, dir.join(AGENT))?;
    for library in here()? {
        fs::copy(&library, dir.join(name(&library)))?;
    }
    Ok(())
}

/// Copies the libraries of the program, and its loader, to where it finds them with that directory as its root.
///
/// # Errors
///
/// When they cannot be written.
pub fn install(root: &Path, agent: &Path) -> io::Result<()> {
    let below = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
    let copy = |from: &Path, to: &Path| {
        fs::create_dir_all(to.parent().unwrap_or(root))?;
        fs::copy(from, to)
    };
    let loader = elf::loader(agent).map(PathBuf::from);
    for library in here()? {
        let name = name(&library);
        copy(&library, &below(&library).with_file_name(&name))?;
        // It is started by a path of its own, which is often behind a link.
        if let Some(loader) = &loader
            && is_loader(&name.to_string_lossy())
        {
            copy(&library, &below(loader))?;
        }
    }
    Ok(())
}

/// The name by which a library is looked for: the file of one is often another, with its version.
pub fn name(library: &Path) -> OsString {
    let own = || library.file_name().unwrap_or_default().to_owned();
    elf::soname(library).map_or_else(own, OsString::from)
}

/// The command that runs the program, where the directory is `inside`.
///
/// # Errors
///
/// When the directory cannot be read.
pub fn command(dir: &Path, inside: &Path) -> io::Result<Vec<String>> {
    let at = |name: &str| inside.join(name).display().to_string();
    let names = fs::read_dir(dir)?.flatten();
    let mut names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    Ok(match names.find(|name| is_loader(name)) {
        Some(loader) => {
            let path = inside.display().to_string();
            vec![at(&loader), "--library-path".into(), path, at(AGENT)]
        }
        // Linked statically: it needs nobody.
        None => vec![at(AGENT)],
    })
}

/// The loader that starts a program; none where it is linked statically, or no program of 64 bits of this machine's byte order.
pub fn loader(program: &Path) -> Option<String> {
    elf::loader(program)
}

/// The libraries that this process has mapped, the loader among them.
///
/// # Errors
///
/// When that cannot be read.
pub fn here() -> io::Result<Vec<PathBuf>> {
    Ok(libraries(&mapped::maps("self")?))
}

fn libraries(maps: &str) -> Vec<PathBuf> {
    let paths = mapped::files(maps).into_iter().map(PathBuf::from);
    let is_library = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        is_loader(&name) || name.ends_with(".so") || name.contains(".so.")
    };
    paths.filter(is_library).collect()
}

/// Whether a name is that of a file of the C library, which is never replaced alone.
pub fn is_of_c_library(name: &str) -> bool {
    let is_musl = name == "libc.so" || name.starts_with("libc.musl-");
    GLIBC.contains(&name) || is_loader(name) || is_musl
}

/// Whether a name is that of a loader.
pub fn is_loader(name: &str) -> bool {
    name.starts_with("ld-linux") || name.starts_with("ld-musl-") || name.starts_with("ld64.so")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_found_in_what_is_mapped() {
        let maps = "\
7f00-7f01 r--p 00000000 fe:00 123 /usr/lib/x86_64-linux-gnu/libc.so.6
7f01-7f02 r-xp 00001000 fe:00 123 /usr/lib/x86_64-linux-gnu/libc.so.6
7f03-7f04 r--p 00000000 fe:00 124 /usr/lib64/ld-linux-x86-64.so.2
7f05-7f06 r--p 00000000 fe:00 125 /usr/bin/hpcctl
7f07-7f08 rw-p 00000000 00:00 0 [heap]
";
        let expected = [
            "/usr/lib/x86_64-linux-gnu/libc.so.6",
            "/usr/lib64/ld-linux-x86-64.so.2",
        ];
        assert_eq!(libraries(maps), expected.map(PathBuf::from));
    }

    #[test]
    fn the_program_starts_with_what_was_installed() {
        let root = tempfile::tempdir().unwrap();
        let own = std::env::current_exe().unwrap();
        install(root.path(), &own).unwrap();
        let loader = elf::loader(&own).unwrap();
        assert!(root.path().join(&loader[1..]).is_file(), "{loader}");
        let libc = here()
            .unwrap()
            .into_iter()
            .find(|path| name(path) == "libc.so.6")
            .unwrap();
        assert!(root.path().join(libc.strip_prefix("/").unwrap()).is_file());
    }

    #[test]
    fn the_loader_runs_the_program_where_there_is_one() {
        let dir = tempfile::tempdir().unwrap();
        let inside = Path::new("/mnt/kit");
        assert_eq!(command(dir.path(), inside).unwrap(), ["/mnt/kit/hpcctl"]);
        fs::File::create(dir.path().join("ld-linux-x86-64.so.2")).unwrap();
        assert_eq!(
            command(dir.path(), inside).unwrap().join(" "),
            "/mnt/kit/ld-linux-x86-64.so.2 --library-path /mnt/kit /mnt/kit/hpcctl"
        );
    }
}
