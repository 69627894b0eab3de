//! The command that makes a directory of an image that is packed, as a shell takes it.
//!
//! Registries and layouts are read by `hpcctl stage`; unsquashfs(1), tar(1), skopeo-copy(1) and apptainer-build(1) do the rest.
//! Whether a tar holds an image or a tree is in the names of its entries, tar(5).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use hpcctl_host::shell::word;

/// What a layout or a registry becomes first, in a directory with nothing else in it, and then.
const STAGED: &str = "staged=$(mktemp -d staged.XXXXXX) && hpcctl stage REF --to \"$staged\" --as squashfs && \
     unsquashfs -d image \"$staged\"/sha256-*.sqfs";

/// What names images that are packed, and what makes a directory of one: REF stands for it, or FILE for what follows the colon.
const WAYS: [(&str, &str); 7] = [
    ("docker", STAGED),
    ("oci", STAGED),
    ("oci-archive", STAGED),
    (
        "docker-archive",
        "skopeo copy docker-archive:FILE oci:layout:latest && staged=$(mktemp -d staged.XXXXXX) && \
         hpcctl stage oci:layout:latest --to \"$staged\" --as squashfs && unsquashfs -d image \"$staged\"/sha256-*.sqfs",
    ),
    ("tar", "mkdir image && tar -C image -xf FILE"),
    ("squashfs", "unsquashfs -d image FILE"),
    ("sif", "apptainer build --sandbox image FILE"),
];

/// What the name of a file ends with that is one.
const ENDS: [(&str, &str); 7] = [
    (".sif", "sif"),
    (".sqfs", "squashfs"),
    (".squashfs", "squashfs"),
    (".tar", "tar"),
    (".tgz", "tar"),
    (".txz", "tar"),
    (".tbz2", "tar"),
];

/// What only a tar has that is an image, and the scheme of that.
const IN_ARCHIVES: [(&str, &str); 2] = [
    ("oci-layout", "oci-archive"),
    ("manifest.json", "docker-archive"),
];

/// The size of a header and what follows it in blocks of that, where the name and the length of an entry are in it, and the
/// most entries that are looked at.
const BLOCK: usize = 512;
const NAME: Range<usize> = 0..100;
const LENGTH: Range<usize> = 124..136;
const ENTRIES: usize = 2000;

/// Whether a scheme names images that are packed.
pub(crate) fn is_packed(scheme: &str) -> bool {
    WAYS.iter().any(|(name, _)| *name == scheme)
}

/// The command that makes a directory named `image`, where one is known.
pub(crate) fn command(reference: &str) -> Option<String> {
    let named = reference
        .split_once(':')
        .filter(|(scheme, _)| is_packed(scheme));
    match named {
        Some((scheme, file)) => of(scheme, reference, file),
        None => {
            let path = Path::new(reference);
            let name = path.file_name()?.to_str()?;
            // An archive may be compressed.
            let (_, scheme) = ENDS
                .iter()
                .find(|(end, _)| name.ends_with(end) || *end == ".tar" && name.contains(".tar."))?;
            let found = (*scheme == "tar").then(|| archive(path)).flatten();
            let scheme = found.unwrap_or(scheme);
            of(scheme, &format!("{scheme}:{reference}"), reference)
        }
    }
}

fn of(scheme: &str, reference: &str, file: &str) -> Option<String> {
    let (_, way) = WAYS.iter().find(|(name, _)| *name == scheme)?;
    // What was put in may hold the other.
    let (key, value) = match way.contains("REF") {
        true => ("REF", reference),
        false => ("FILE", file),
    };
    Some(way.replace(key, &word(value)))
}

/// The scheme of a tar that is an image, as far as its first entries tell. One that is compressed is not looked into.
fn archive(path: &Path) -> Option<&'static str> {
    let mut file = File::open(path).ok()?;
    let mut at = 0_u64;
    let mut found = None;
    for _ in 0..ENTRIES {
        let mut header = [0; BLOCK];
        file.seek(SeekFrom::Start(at)).ok()?;
        if file.read_exact(&mut header).is_err() {
            break;
        }
        let text = |range: Range<usize>| -> Option<&str> {
            let field = header.get(range)?;
            let end = field.iter().position(|byte| *byte == 0);
            std::str::from_utf8(&field[..end.unwrap_or(field.len())]).ok()
        };
        let (Some(name), Some(length)) = (text(NAME), text(LENGTH)) else {
            break;
        };
        let Ok(length) = u64::from_str_radix(length.trim(), 8) else {
            break;
        };
        let name = name.strip_prefix("./").unwrap_or(name);
        let known = IN_ARCHIVES.iter().position(|(known, _)| *known == name);
        // One that is for both is read as what comes first.
        found = [found, known].into_iter().flatten().min();
        let blocks = length.div_ceil(BLOCK as u64) + 1;
        at = at.checked_add(blocks.checked_mul(BLOCK as u64)?)?;
    }
    found.map(|row| IN_ARCHIVES[row].1)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn each_kind_has_its_command() {
        for (reference, begins) in [
            (
                "docker://debian:12",
                "staged=$(mktemp -d staged.XXXXXX) && hpcctl stage docker://debian:12 --to \"$staged\" --as squashfs && ",
            ),
            (
                "oci:/home/PROFILE/layout",
                "staged=$(mktemp -d staged.XXXXXX) && hpcctl stage oci:/home/PROFILE/layout --to ",
            ),
            (
                "squashfs:/home/REFERENCE.sqfs",
                "unsquashfs -d image /home/REFERENCE.sqfs",
            ),
            (
                "docker-archive:it's.tar",
                "skopeo copy docker-archive:'it'\\''s.tar' oci:layout:latest && ",
            ),
            (
                "tar:root.tar.gz",
                "mkdir image && tar -C image -xf root.tar.gz",
            ),
            ("root.tar.gz", "mkdir image && tar -C image -xf root.tar.gz"),
            ("root.tgz", "mkdir image && tar -C image -xf root.tgz"),
            ("/x/app.sqfs", "unsquashfs -d image /x/app.sqfs"),
            ("sif:app.sif", "apptainer build --sandbox image app.sif"),
        ] {
            let said = command(reference).unwrap();
            assert!(said.starts_with(begins), "{said}");
        }
        assert_eq!(command("/etc/passwd"), None);
        assert_eq!(command("nonesuch:x"), None);
    }
    #[test]
    fn a_tar_that_is_an_image_is_told_from_one_of_a_tree() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("root.tar");
        let path = file.to_str().unwrap();
        let write = |bytes: &[u8]| File::create(&file).unwrap().write_all(bytes).unwrap();
        for (names, begins) in [
            (
                &["layer.tar", "manifest.json"][..],
                "skopeo copy docker-archive:",
            ),
            (&["./manifest.json"], "skopeo copy docker-archive:"),
            (&["index.json", "oci-layout"], "staged=$(mktemp"),
            (&["manifest.json", "oci-layout"], "staged=$(mktemp"),
            (
                &["usr/manifest.json", "etc/oci-layout"],
                "mkdir image && tar ",
            ),
        ] {
            let mut bytes = Vec::new();
            for name in names {
                let mut header = [0; BLOCK];
                header[..name.len()].copy_from_slice(name.as_bytes());
                // Of 513 bytes.
                header[124..135].copy_from_slice(b"00000001001");
                bytes.extend(header);
                bytes.extend([b'x'; 2 * BLOCK]);
            }
            bytes.extend([0; 2 * BLOCK]);
            write(&bytes);
            let said = command(path).unwrap();
            assert!(said.starts_with(begins) && said.contains(path), "{said}");
        }
        // Anything may be named so.
        for bytes in [&b""[..], &[0xff; 2000], &[b'7'; 2000]] {
            write(bytes);
            assert!(command(path).unwrap().starts_with("mkdir image && tar "));
        }
    }
}
