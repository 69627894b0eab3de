//! An image as a directory: what a reference names, and where ours can be mounted in it.
//!
//! Nothing is unpacked: whoever has an archive makes a directory of it first. Where there is no
//! image, runtimes that cannot enter the host's own tree are given one with nothing but our own.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use hpcctl_host::Host;

use crate::Error;
use crate::factor::Factor;
use crate::packed;

/// Directories of an image on which ours may be mounted, the first that it has.
const MOUNT_POINTS: [&str; 6] = ["mnt", "media", "srv", "opt", "tmp", "var/tmp"];

/// What runtimes expect in an image: directories, then files.
const EXPECTED: ([&str; 11], [&str; 5]) = (
    [
        "dev", "etc", "home", "mnt", "proc", "root", "run", "sys", "tmp", "usr", "var",
    ],
    [
        "etc/passwd",
        "etc/group",
        "etc/hosts",
        "etc/hostname",
        "etc/resolv.conf",
    ],
);

/// What names images that one runtime keeps, and that runtime.
const KEPT: [(&str, &str); 3] = [
    ("containers-storage", "podman"),
    ("docker", "docker-rootless"),
    ("sarus", "sarus"),
];

/// The most entries of /lib that are looked at.
const ENTRIES: usize = 10_000;

/// What statfs(2) says of a file system by FUSE, `FUSE_SUPER_MAGIC`.
const FUSE: u64 = 0x6573_5546;

/// A directory that holds an image.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    /// The directory.
    pub(crate) root: PathBuf,
    /// Where ours is mounted inside.
    pub(crate) place: PathBuf,
    /// Whether it lies on a file system by FUSE, such as a squashfs by squashfuse.
    pub(crate) is_fused: bool,
}

impl Image {
    /// The directory that a reference names.
    pub(crate) fn open(host: &dyn Host, reference: &str) -> Result<Self, Error> {
        let root = directory(host, reference)?;
        let Some(point) = MOUNT_POINTS.iter().find(|name| is_in(&root, name)) else {
            let message = format!("{reference} has no directory to mount ours on, such as /mnt");
            return Err(Error::Unreachable(message));
        };
        Ok(Self {
            place: Path::new("/").join(point),
            is_fused: is_fused(host, &root),
            root,
        })
    }

    /// What a container has by it.
    pub(crate) fn factors(&self) -> impl Iterator<Item = Factor> + use<> {
        let fuse = self.is_fused.then_some(Factor::Fuse);
        [Factor::Image].into_iter().chain(fuse)
    }

    /// An image with nothing in it, made in a directory that is there.
    pub(crate) fn empty(root: PathBuf) -> Result<Self, Error> {
        let (directories, files) = EXPECTED;
        let made = directories
            .iter()
            .try_for_each(|name| fs::create_dir(root.join(name)))
            .and_then(|()| {
                let mut files = files.iter();
                files.try_for_each(|name| File::create(root.join(name)).map(drop))
            });
        made.map_err(|source| Error::Workplace {
            what: "an empty image".into(),
            source,
        })?;
        Ok(Self {
            root,
            place: "/mnt".into(),
            is_fused: false,
        })
    }
}

/// Whether an image has a directory; a symbolic link would lead out of it.
pub(crate) fn is_in(root: &Path, name: &str) -> bool {
    fs::symlink_metadata(root.join(name)).is_ok_and(|meta| meta.is_dir())
}

fn is_fused(host: &dyn Host, root: &Path) -> bool {
    let stat = host.stat(&root.display().to_string());
    stat.is_ok_and(|it| it.fs_type == FUSE)
}

fn directory(host: &dyn Host, reference: &str) -> Result<PathBuf, Error> {
    let unreadable = |error: io::Error| {
        let message = format!("cannot read {reference}: {error}");
        Error::Unreachable(message)
    };
    let packed = || {
        let way = match packed::command(reference) {
            Some(command) => format!("this makes one, for --image image: {command}"),
            None => "ch-convert or podman export make one of what they know".into(),
        };
        let message = format!("{reference} is no directory, and nothing is unpacked here; {way}");
        Error::Unreachable(message)
    };
    let path = match reference.split_once(':') {
        Some(("docker", name)) if name.starts_with("//") => return Err(packed()),
        Some(("dir" | "apptainer-sandbox", path)) => PathBuf::from(path),
        Some(("charliecloud", name)) => charliecloud(host, name)?,
        Some((scheme, _)) if let Some((_, runtime)) = KEPT.iter().find(|it| it.0 == scheme) => {
            let message =
                format!("{reference} is an image that {runtime} keeps: --inside {runtime}");
            return Err(Error::Usage(message));
        }
        Some((scheme, _)) if packed::is_packed(scheme) => return Err(packed()),
        _ => PathBuf::from(reference),
    };
    let found = fs::canonicalize(path).map_err(unreadable)?;
    if found.is_dir() {
        Ok(found)
    } else {
        Err(packed())
    }
}

/// Whether an image is made with musl, for which this program is not.
pub(crate) fn is_of_musl(root: &Path) -> bool {
    let names = fs::read_dir(root.join("lib"))
        .into_iter()
        .flatten()
        .flatten();
    names
        .take(ENTRIES)
        .any(|entry| entry.file_name().to_string_lossy().starts_with("ld-musl-"))
}

/// Where Charliecloud keeps an image of that name: ch-image(1), section "Storage directory".
fn charliecloud(host: &dyn Host, name: &str) -> Result<PathBuf, Error> {
    let odd = name.is_empty() || name.starts_with('.') || name.contains("..");
    if odd {
        return Err(Error::Usage(format!("{name} is no name of an image")));
    }
    let storage = host
        .env("CH_IMAGE_STORAGE")
        .unwrap_or_else(|| format!("/var/tmp/{}.ch", host.caller().name));
    let file = name.replace('/', "%").replace(':', "+");
    let path = Path::new(&storage).join("img").join(file);
    if path.exists() {
        Ok(path)
    } else {
        let message =
            format!("there is no image {name} in {storage}; ch-image list says which are");
        Err(Error::Unreachable(message))
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Live;

    use super::*;

    #[test]
    fn an_image_says_where_ours_goes() {
        let dir = tempfile::tempdir().unwrap();
        let reference = format!("dir:{}", dir.path().display());
        let why = Image::open(&Live, &reference).unwrap_err().to_string();
        assert!(why.contains("no directory to mount ours on"), "{why}");
        fs::create_dir(dir.path().join("srv")).unwrap();
        let image = Image::open(&Live, &reference).unwrap();
        assert_eq!(image.place, Path::new("/srv"));
        assert_eq!(image.root, fs::canonicalize(dir.path()).unwrap());
        assert!(!image.is_fused);
    }

    #[test]
    fn an_empty_image_has_what_runtimes_ask_for() {
        let dir = tempfile::tempdir().unwrap();
        let image = Image::empty(dir.path().into()).unwrap();
        assert!(is_in(&image.root, "proc") && image.root.join("etc/passwd").is_file());
        assert!(Image::empty(dir.path().into()).is_err());
    }

    #[test]
    fn what_is_no_directory_is_refused_with_a_way_out() {
        for (reference, words) in [
            ("/etc/passwd", "podman export"),
            ("containers-storage:debian", "--inside podman"),
            ("docker:debian", "--inside docker-rootless"),
            ("charliecloud:../../etc", "no name of an image"),
            ("charliecloud:nonesuch:1", "there is no image nonesuch:1"),
            ("docker-archive:/nonexistent", "nothing is unpacked here"),
            ("docker://debian", "hpcctl stage docker://debian --to"),
            ("/nonexistent", "cannot read"),
        ] {
            let why = Image::open(&Live, reference).unwrap_err().to_string();
            assert!(why.contains(words), "{reference}: {why}");
        }
    }
}
