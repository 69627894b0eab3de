//! The command that makes a directory of an image that is packed, as a shell takes it.
//!
//! Registries and layouts are read by `hpcctl stage`; unsquashfs(1), tar(1), skopeo-copy(1) and apptainer-build(1) do the rest.

use std::path::Path;

use hpcctl_host::shell::word;

/// What a layer or a registry becomes first, and then.
const STAGED: &str =
    "hpcctl stage REF --to staged --as squashfs && unsquashfs -d image staged/sha256-*.sqfs";

/// What names images that are packed, and what makes a directory of one: REF stands for it, FILE for what follows the colon.
const WAYS: [(&str, &str); 7] = [
    ("docker", STAGED),
    ("oci", STAGED),
    ("oci-archive", STAGED),
    (
        "docker-archive",
        "skopeo copy docker-archive:FILE oci:layout:latest && hpcctl stage oci:layout:latest --to staged --as squashfs && \
         unsquashfs -d image staged/sha256-*.sqfs",
    ),
    ("tar", "mkdir image && tar -C image -xf FILE"),
    ("squashfs", "unsquashfs -d image FILE"),
    ("sif", "apptainer build --sandbox image FILE"),
];

/// What the name of a file ends with that is one.
const ENDS: [(&str, &str); 4] = [
    (".sif", "sif"),
    (".sqfs", "squashfs"),
    (".squashfs", "squashfs"),
    (".tar", "tar"),
];

/// Whether a scheme names images that are packed.
pub(crate) fn is_packed(scheme: &str) -> bool {
    WAYS.iter().any(|(name, _)| *name == scheme)
}

/// The command that makes a directory named `image`, where one is known.
pub(crate) fn command(reference: &str) -> Option<String> {
    let named = reference
        .split_once(':')
        .filter(|(scheme, _)| is_packed(scheme));
    let (scheme, file) = match named {
        Some(named) => named,
        None => {
            let name = Path::new(reference).file_name()?.to_str()?;
            // An archive may be compressed.
            let (_, scheme) = ENDS
                .iter()
                .find(|(end, _)| name.ends_with(end) || *end == ".tar" && name.contains(".tar."))?;
            (*scheme, reference)
        }
    };
    let (_, way) = WAYS.iter().find(|(name, _)| *name == scheme)?;
    Some(
        way.replace("REF", &word(reference))
            .replace("FILE", &word(file)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_command() {
        for (reference, begins) in [
            (
                "docker://debian:12",
                "hpcctl stage docker://debian:12 --to staged --as squashfs && unsquashfs -d image ",
            ),
            ("oci:/x/layout", "hpcctl stage oci:/x/layout --to staged "),
            (
                "docker-archive:it's.tar",
                "skopeo copy docker-archive:'it'\\''s.tar' oci:layout:latest && ",
            ),
            (
                "tar:root.tar.gz",
                "mkdir image && tar -C image -xf root.tar.gz",
            ),
            ("root.tar.gz", "mkdir image && tar -C image -xf root.tar.gz"),
            ("/x/app.sqfs", "unsquashfs -d image /x/app.sqfs"),
            ("sif:app.sif", "apptainer build --sandbox image app.sif"),
        ] {
            let said = command(reference).unwrap();
            assert!(said.starts_with(begins), "{said}");
        }
        assert_eq!(command("/etc/passwd"), None);
        assert_eq!(command("nonesuch:x"), None);
    }
}
