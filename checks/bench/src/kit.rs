//! The agent with the libraries of the host, so that it runs in any image: old, of another C
//! library, or empty.
//!
//! What this process has mapped is what it needs: proc_pid_maps(5). The loader is run by name
//! with the directory as its library path, ld.so(8).

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The name of our program in it.
pub(crate) const AGENT: &str = "hpcctl";

/// The most bytes of the list of what is mapped.
const MAPS: u64 = 4 << 20;

/// Copies the program and its libraries.
pub(crate) fn make(dir: &Path, agent: &Path) -> io::Result<()> {
    fs::create_dir(dir)?;
    fs::copy(agent, dir.join(AGENT))?;
    for library in mapped()? {
        if let Some(name) = library.file_name() {
            fs::copy(&library, dir.join(name))?;
        }
    }
    Ok(())
}

/// The command that runs the program, where the directory is `inside`.
pub(crate) fn command(dir: &Path, inside: &Path) -> io::Result<Vec<String>> {
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

/// The libraries that are mapped, the loader among them.
fn mapped() -> io::Result<Vec<PathBuf>> {
    let mut text = String::new();
    File::open("/proc/self/maps")?
        .take(MAPS)
        .read_to_string(&mut text)?;
    Ok(libraries(&text))
}

fn libraries(maps: &str) -> Vec<PathBuf> {
    let paths = maps.lines().filter_map(|line| line.split_once('/'));
    let mut found: Vec<PathBuf> = paths
        .map(|(_, path)| Path::new("/").join(path))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            is_loader(&name) || name.ends_with(".so") || name.contains(".so.")
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn is_loader(name: &str) -> bool {
    name.starts_with("ld-linux") || name.starts_with("ld-musl") || name.starts_with("ld64")
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
    fn the_loader_runs_the_program_where_there_is_one() {
        let dir = tempfile::tempdir().unwrap();
        let inside = Path::new("/mnt/kit");
        assert_eq!(command(dir.path(), inside).unwrap(), ["/mnt/kit/hpcctl"]);
        File::create(dir.path().join("ld-linux-x86-64.so.2")).unwrap();
        assert_eq!(
            command(dir.path(), inside).unwrap().join(" "),
            "/mnt/kit/ld-linux-x86-64.so.2 --library-path /mnt/kit /mnt/kit/hpcctl"
        );
    }
}
