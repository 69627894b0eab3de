//! C headers that tell the release of a library whose name and texts tell less: cuDNN and NCCL have
//! it in macros (`cudnn_version.h` since cuDNN 8, `cudnn.h` before, and `nccl.h`).

use super::evidence;
use crate::catalog::{Candidate, Found, Source};

/// A header: its name, the library, and the macros of the parts of the version.
struct Header {
    file: &'static str,
    library: &'static str,
    macros: [&'static str; 3],
}

const CUDNN: [&str; 3] = ["CUDNN_MAJOR", "CUDNN_MINOR", "CUDNN_PATCHLEVEL"];

const HEADERS: &[Header] = &[
    Header {
        file: "cudnn_version.h",
        library: "cudnn",
        macros: CUDNN,
    },
    Header {
        file: "cudnn.h",
        library: "cudnn",
        macros: CUDNN,
    },
    Header {
        file: "nccl.h",
        library: "nccl",
        macros: ["NCCL_MAJOR", "NCCL_MINOR", "NCCL_PATCH"],
    },
];

/// Reads the version from a header; it tells what a library near it is, and is no package.
pub(super) fn read(source: &Source<'_>, found: &mut Found) {
    let file = source.path.rsplit('/').next().unwrap_or(source.path);
    let Some(header) = HEADERS.iter().find(|header| header.file == file) else {
        return;
    };
    let text = String::from_utf8_lossy(source.bytes);
    let parts: Option<Vec<u32>> = header
        .macros
        .iter()
        .map(|name| value(&text, name))
        .collect();
    let Some(parts) = parts else {
        return;
    };
    let version: Vec<String> = parts.iter().map(ToString::to_string).collect();
    found.add(Candidate {
        name: header.library.to_owned(),
        version: version.join("."),
        supplier: Some("NVIDIA Corporation".to_owned()),
        tells: true,
        ..evidence("generic", "soname", source.path)
    });
}

/// The number that a macro is defined as.
fn value(text: &str, name: &str) -> Option<u32> {
    let mut lines = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix('#'));
    lines.find_map(|line| {
        let mut words = line.split_whitespace();
        let is_it = words.next() == Some("define") && words.next() == Some(name);
        words.next().filter(|_| is_it)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: &str) -> Option<String> {
        let mut found = Found::default();
        read(&Source::whole(path, text.as_bytes()), &mut found);
        let package = found.packages.pop()?;
        assert!(package.tells && package.yields);
        Some(format!("{} {}", package.name, package.version))
    }

    #[test]
    fn macros_tell_the_version() {
        let text = "#ifndef X\n#define CUDNN_MAJOR 9\n# define CUDNN_MINOR 1 /* x */\n\
                    #define CUDNN_PATCHLEVEL 0\n#define CUDNN_VERSION (CUDNN_MAJOR * 10000)\n";
        let cudnn = of("usr/include/cudnn_version.h", text);
        assert_eq!(cudnn.as_deref(), Some("cudnn 9.1.0"));
        let text = "#define NCCL_MAJOR 2\n#define NCCL_MINOR 21\n#define NCCL_PATCH 5\n";
        assert_eq!(of("a/nccl.h", text).as_deref(), Some("nccl 2.21.5"));
        assert_eq!(of("a/nccl.h", "#define NCCL_MAJOR x\n"), None);
        assert_eq!(of("a/other.h", text), None);
    }
}
