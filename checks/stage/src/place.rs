//! Where things lie in the directory: the image by its digest, a link by its name, and below
//! `.hpcctl` locks, records and work that is not done.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hpcctl_image::Platform;
use hpcctl_model::stage::Form;
use hpcctl_registry::{Digest, Hasher, Name};
use rustix::fs::Access;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::lock::Holder;

/// The folder of our own in the directory.
const OURS: &str = ".hpcctl";

/// Bytes of a record that are read.
const RECORD: u64 = 1 << 20;

/// The number of the form of records; others are not taken.
const SCHEMA: u32 = 1;

/// The directory that images are staged in.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    directory: PathBuf,
}

/// Where one image lies.
#[derive(Debug, Clone)]
pub(crate) struct Spot {
    pub(crate) form: Form,
    /// The image.
    pub(crate) target: PathBuf,
    /// What it sets in the environment.
    pub(crate) environment: PathBuf,
    /// What is known of it.
    pub(crate) record: PathBuf,
    pub(crate) lock: PathBuf,
    /// Where this process makes it.
    pub(crate) work: PathBuf,
    /// How the names begin of all directories that it is made in.
    works: String,
}

/// What is known of a staged image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) schema: u32,
    /// The digest of its manifest.
    pub(crate) manifest: Digest,
    /// Bytes of the target; of a directory those of the blobs.
    pub(crate) bytes: u64,
    pub(crate) sha256: Option<String>,
    /// When the target was last written to (seconds since 1970): what was changed since is not whole.
    #[serde(default)]
    pub(crate) modified: Option<i64>,
    /// When the target last changed in any way (seconds since 1970, and nanoseconds): nobody can set
    /// that, so what has it still is as it was made.
    #[serde(default)]
    pub(crate) changed: Option<(i64, i64)>,
    /// Whether it sets something in the environment.
    pub(crate) environment: bool,
    /// Requests and bytes that it took from the registry.
    pub(crate) requests: u64,
    pub(crate) pulled: u64,
    pub(crate) by: Holder,
    /// When (RFC 3339).
    pub(crate) at: String,
}

impl Record {
    /// The number that records have now.
    pub(crate) const SCHEMA: u32 = SCHEMA;
}

impl Place {
    /// The directory, made where it is missing.
    pub(crate) fn open(directory: &Path) -> Result<Self, Error> {
        Self::above(directory)?;
        let ours = directory.join(OURS);
        fs::create_dir_all(&ours).map_err(Error::at(&ours))?;
        Self::planned(directory)
    }

    /// Whether the directory is there, or the one that it is to be made in, and can be written to.
    pub(crate) fn writable(directory: &Path) -> Result<(), Error> {
        let absolute = Self::above(directory)?;
        let there = absolute.ancestors().find(|path| path.exists());
        let there = there.unwrap_or(Path::new("/"));
        let may = rustix::fs::access(there, Access::WRITE_OK | Access::EXEC_OK);
        may.map_err(|errno| Error::at(there)(errno.into()))
    }

    /// The whole path of the directory, where the one above it is there: for a file system that is
    /// not mounted, or a slip of the pen, no tree is made.
    fn above(directory: &Path) -> Result<PathBuf, Error> {
        let absolute = std::path::absolute(directory).map_err(Error::at(directory))?;
        match absolute.parent().filter(|above| !above.exists()) {
            Some(above) => Err(Error::at(above)(io::ErrorKind::NotFound.into())),
            None => Ok(absolute),
        }
    }

    /// The directory, whether it is there or not.
    pub(crate) fn planned(directory: &Path) -> Result<Self, Error> {
        let absolute = std::path::absolute(directory).map_err(Error::at(directory))?;
        let directory = fs::canonicalize(&absolute).unwrap_or(absolute);
        Ok(Self { directory })
    }

    /// Where an image lies.
    pub(crate) fn spot(&self, digest: &Digest, platform: &Platform, form: Form) -> Spot {
        let platform = platform.to_string().replace('/', "-");
        let stem = format!("{}-{}.{platform}", digest.algorithm(), digest.hex());
        let end = extension(form);
        let Holder { host, pid } = Holder::here();
        let own = |kind: &str| {
            self.directory
                .join(OURS)
                .join(format!("{stem}.{end}.{kind}"))
        };
        Spot {
            form,
            target: self.directory.join(format!("{stem}.{end}")),
            environment: self.directory.join(format!("{stem}.env")),
            record: own("json"),
            lock: own("lock"),
            work: own(&format!("work.{host}.{pid}")),
            works: format!("{stem}.{end}.work."),
        }
    }

    /// The link with the name of an image, in the manner of Charliecloud: `%` for a slash and `+`
    /// for a colon.
    pub(crate) fn link(&self, name: &Name, form: Form) -> PathBuf {
        let name = name.to_string().replace('/', "%").replace(':', "+");
        self.directory.join(format!("{name}.{}", extension(form)))
    }

    /// A file of our own about a name.
    pub(crate) fn about(&self, name: &str, kind: &str) -> PathBuf {
        let digest = Digest::sha256(name.as_bytes());
        self.directory
            .join(OURS)
            .join(format!("name-{}.{kind}", digest.hex()))
    }

    /// The time by the clock of the file system, which all nodes share.
    pub(crate) fn now(&self) -> Result<SystemTime, Error> {
        let path = beside(&self.directory.join(OURS).join("now"));
        let now = File::create(&path).and_then(|file| file.metadata()?.modified());
        let removed = fs::remove_file(&path);
        let now = now.and_then(|now| removed.map(|()| now));
        now.map_err(Error::at(&path))
    }
}

/// The end of the name of a file; the runtimes go by it.
fn extension(form: Form) -> &'static str {
    match form {
        Form::Squashfs => "sqfs",
        Form::Sif => "sif",
        Form::Oci => "oci",
    }
}

impl Spot {
    /// Removes what processes left that died while they made the image. One that lives all the
    /// same, since locks do not reach it, fails then; it can do no harm, for no two have one place.
    pub(crate) fn clear_works(&self) -> Result<(), Error> {
        let ours = self.work.parent().unwrap_or(Path::new("."));
        for entry in fs::read_dir(ours).map_err(Error::at(ours))? {
            let entry = entry.map_err(Error::at(ours))?;
            if entry.file_name().to_string_lossy().starts_with(&self.works) {
                clear(&entry.path())?;
            }
        }
        Ok(())
    }

    /// What is known of the image, if it is there and whole.
    pub(crate) fn staged(&self) -> Option<Record> {
        let record: Record = read(&self.record)?;
        let target = fs::metadata(&self.target).ok()?;
        let is_whole = match self.form {
            Form::Oci => self.target.join("index.json").is_file(),
            Form::Squashfs | Form::Sif => {
                target.is_file()
                    && target.len() == record.bytes
                    && (record.changed == Some(changed(&target)) || self.is_as_made(&record))
            }
        };
        (record.schema == SCHEMA && is_whole).then_some(record)
    }

    /// Whether a file has the bytes that were made, which takes reading it; then that is kept.
    fn is_as_made(&self, record: &Record) -> bool {
        let found = File::open(&self.target).and_then(|file| {
            let now = changed(&file.metadata()?);
            Ok((now, sha256(file)?.1))
        });
        let Some((now, sha256)) = found.ok() else {
            return false;
        };
        let is_same = record.sha256.as_ref() == Some(&sha256);
        if is_same {
            let record = Record {
                changed: Some(now),
                ..record.clone()
            };
            // Who may only read reads it again next time.
            let _ = self.keep(&record);
        }
        is_same
    }

    /// Puts what was made into its place at once. A directory cannot be renamed over one that holds
    /// something: where that is whole, somebody else has made the same meanwhile, and it stays.
    pub(crate) fn take_in(&self, new: &Path) -> Result<(), Error> {
        const TRIES: usize = 8;
        for _ in 1..TRIES {
            match fs::rename(new, &self.target) {
                Ok(()) => return Ok(()),
                Err(_) if self.staged().is_some() => return Ok(()),
                Err(_) if self.target.is_dir() => clear(&self.target)?,
                Err(error) => return Err(Error::at(&self.target)(error)),
            }
        }
        fs::rename(new, &self.target).map_err(Error::at(&self.target))
    }

    /// Writes what is known of the image.
    pub(crate) fn keep(&self, record: &Record) -> Result<(), Error> {
        let text = serde_json::json!(record).to_string();
        put(&self.record, text.as_bytes())
    }
}

/// When a file last changed in any way.
pub(crate) fn changed(file: &fs::Metadata) -> (i64, i64) {
    (file.ctime(), file.ctime_nsec())
}

/// The size and the SHA-256 digest of what a file holds.
pub(crate) fn sha256(mut file: File) -> io::Result<(u64, String)> {
    let (mut hasher, mut piece, mut bytes) = (Hasher::sha256(), vec![0; 1 << 20], 0);
    loop {
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => {
                hasher.add(&piece[..read]);
                bytes += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((bytes, hasher.digest().hex().to_owned()))
}

/// Reads a document of our own; one that is not whole is none.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let mut bytes = Vec::new();
    let file = File::open(path).ok()?;
    file.take(RECORD).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Writes a file whole or not at all.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let new = beside(path);
    let written = File::create(&new)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // What could not be written is of no use.
        let _ = fs::remove_file(&new);
    }
    written.map_err(Error::at(path))
}

/// Lets a link lead to a file beside it, at once; what is there and no link stays.
pub(crate) fn lead(link: &Path, to: &Path) -> Result<(), Error> {
    let name = to.file_name().unwrap_or_default();
    if fs::symlink_metadata(link).is_ok_and(|there| !there.is_symlink()) {
        let error = io::Error::new(io::ErrorKind::AlreadyExists, "it is there and no link");
        return Err(Error::at(link)(error));
    }
    if fs::read_link(link).is_ok_and(|there| there == Path::new(name)) {
        return Ok(());
    }
    let new = beside(link);
    let led = std::os::unix::fs::symlink(name, &new).and_then(|()| fs::rename(&new, link));
    if led.is_err() {
        let _ = fs::remove_file(&new);
    }
    led.map_err(Error::at(link))
}

/// Removes a directory and all that is in it, if it is there.
pub(crate) fn clear(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::at(path)(error)),
        _ => Ok(()),
    }
}

/// A name that no other process and no other thread uses, in the same directory.
pub(crate) fn beside(path: &Path) -> PathBuf {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let Holder { host, pid } = Holder::here();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{host}.{pid}.{count}"))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test writes its files")]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_digest_and_the_image() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::open(dir.path()).unwrap();
        let digest = Digest::sha256(b"x");
        let spot = place.spot(&digest, &"linux/arm/v7".parse().unwrap(), Form::Squashfs);
        let name = spot.target.file_name().unwrap().to_str().unwrap();
        assert_eq!(name, format!("sha256-{}.linux-arm-v7.sqfs", digest.hex()));
        let link = place.link(&"h.example:5000/a/b:v1".parse().unwrap(), Form::Sif);
        assert!(link.ends_with("h.example+5000%a%b+v1.sif"), "{link:?}");
    }

    #[test]
    fn what_is_not_whole_is_not_staged() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::open(dir.path()).unwrap();
        let digest = Digest::sha256(b"x");
        let spot = place.spot(&digest, &Platform::here(), Form::Squashfs);
        let record = Record {
            schema: SCHEMA,
            manifest: digest,
            bytes: 3,
            sha256: Some(Digest::sha256(b"abc").hex().to_owned()),
            modified: None,
            changed: None,
            environment: false,
            requests: 1,
            pulled: 3,
            by: Holder::here(),
            at: String::new(),
        };
        let text = serde_json::to_vec(&record).unwrap();
        put(&spot.record, &text).unwrap();
        assert_eq!(spot.staged(), None);
        put(&spot.target, b"ab").unwrap();
        assert_eq!(spot.staged(), None);
        put(&spot.target, b"abc").unwrap();
        assert_eq!(spot.staged(), Some(record));
        let kept: Record = read(&spot.record).unwrap();
        let there = || changed(&fs::metadata(&spot.target).unwrap());
        assert_eq!(kept.changed, Some(there()), "it is read once");
        assert_eq!(spot.staged(), Some(kept));
        // Somebody wrote to it since, and hid that as far as one can.
        let at = fs::metadata(&spot.target).unwrap().modified().unwrap();
        fs::write(&spot.target, b"abd").unwrap();
        let file = File::options().write(true).open(&spot.target).unwrap();
        file.set_modified(at).unwrap();
        assert_eq!(spot.staged(), None);
        fs::write(&spot.target, b"abc").unwrap();
        assert!(spot.staged().is_some());
        put(&spot.record, &text[1..]).unwrap();
        assert_eq!(spot.staged(), None);
    }

    #[test]
    fn a_link_is_led_elsewhere_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("name.sqfs");
        for to in ["one", "two", "two"] {
            lead(&link, &dir.path().join(to)).unwrap();
            assert_eq!(fs::read_link(&link).unwrap(), Path::new(to));
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        fs::remove_file(&link).unwrap();
        fs::write(&link, "mine").unwrap();
        assert!(lead(&link, &dir.path().join("one")).is_err());
        assert_eq!(fs::read(&link).unwrap(), b"mine");
    }
}
