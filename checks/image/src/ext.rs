//! Ext2, ext3 and ext4 file systems in a file, as older SIF images and overlays hold them.

use std::collections::HashMap;
use std::io;

use ext4_view::{DirEntry, Ext4, Ext4Error, Ext4Read, File, FileType, Metadata, PathBuf};
use hpcctl_model::scan;

use crate::Progress;
use crate::blob::Blob;
use crate::fault::Faults;
use crate::layer::{Content, Intake, LayerRead, Partition, Plan, plain_limit};
use crate::little_endian::{number, u32_at};
use crate::tarball::{Grants, Head, Kind, normalise, text};

mod grants;

/// The place and the bytes of the magic in the superblock.
pub(crate) const MAGIC: (u64, &[u8]) = (1080, b"\x53\xef");

/// Bytes of a file that are read at a time.
const BUFFER: usize = 64 * 1024;

/// Reads a file system as one layer; `name` is for what cannot be read.
pub(crate) fn read(
    partition: &Partition,
    name: &str,
    plan: &Plan,
    progress: &(dyn Progress + Sync),
) -> LayerRead {
    partition.hashed(name, progress, || walk(&partition.part, name, plan))
}

fn walk(part: &Blob, name: &str, plan: &Plan) -> LayerRead {
    let mut walk = Walk {
        plan,
        intake: Intake::new(plan),
        faults: Faults::default(),
        left: plain_limit(&plan.limits, part.size()),
        pending: vec![PathBuf::new("/")],
        grants: HashMap::new(),
    };
    match open(part) {
        Ok(system) => {
            match grants::of(part, plan.limits.layer_entries) {
                Ok(grants) => walk.grants = grants,
                Err(error) => {
                    let why = format!("devices and capabilities could not be read: {error}");
                    walk.faults.add(name, why);
                }
            }
            while let Some(directory) = walk.pending.pop() {
                if let Err(why) = walk.directory(&system, &directory) {
                    walk.faults.add(name, why);
                    break;
                }
            }
        }
        Err(why) => walk.faults.add(name, why),
    }
    LayerRead {
        layer: scan::Layer {
            digest: None,
            diff_id: None,
            media_type: "application/vnd.ext".to_owned(),
            size: part.size(),
            created_by: None,
        },
        listing: walk.intake.finish(&mut walk.faults),
        faults: walk.faults,
        file_digest: None,
    }
}

/// The reader that the crate asks for.
struct Reader(Blob);

impl Ext4Read for Reader {
    fn read(
        &mut self,
        place: u64,
        out: &mut [u8],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync + 'static>> {
        Ok(self.0.read_exact_at(place, out)?)
    }
}

fn open(part: &Blob) -> Result<Ext4, String> {
    let mut superblock = [0; 1024];
    let read = part.read_exact_at(1024, &mut superblock);
    read.map_err(|error| error.to_string())?;
    // The crate makes room for as many block groups as are claimed.
    let blocks = number(&superblock, 0x4, 4) | number(&superblock, 0x150, 4) << 32;
    let block = 1024_u64.checked_shl(u32_at(&superblock, 0x18)).unwrap_or(0);
    if blocks.saturating_mul(block.max(1024)) > part.size() {
        return Err("it is shorter than its superblock says".to_owned());
    }
    Ext4::load(Box::new(Reader(part.clone()))).map_err(|error| error.to_string())
}

struct Walk<'p> {
    plan: &'p Plan,
    intake: Intake<'p>,
    faults: Faults,
    /// Bytes that may still be handed out.
    left: u64,
    pending: Vec<PathBuf>,
    /// What gives rights, by path.
    grants: HashMap<Vec<u8>, Grants>,
}

impl Walk<'_> {
    /// Reads a directory; an error ends the walk.
    fn directory(&mut self, system: &Ext4, directory: &PathBuf) -> Result<(), String> {
        let entries = match system.read_dir(directory) {
            Ok(entries) => entries,
            Err(error) => return self.tell(directory, &error),
        };
        let first = self.pending.len();
        for entry in entries {
            match entry {
                Ok(entry) if matches!(entry.file_name().as_ref(), b"." | b"..") => {}
                Ok(entry) => self.entry(system, &entry)?,
                Err(error) => return self.tell(directory, &error),
            }
        }
        self.pending[first..].reverse();
        Ok(())
    }

    fn tell(&mut self, path: &PathBuf, error: &Ext4Error) -> Result<(), String> {
        self.faults.add(text(path.as_ref()), error.to_string());
        Ok(())
    }

    fn entry(&mut self, system: &Ext4, entry: &DirEntry) -> Result<(), String> {
        let full = entry.path();
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            Err(error) => return self.tell(&full, &error),
        };
        let mut path = String::new();
        if let Err(fault) = normalise(full.as_ref(), &self.plan.limits, &mut path) {
            self.faults.add(text(full.as_ref()), fault.to_string());
            return Ok(());
        }
        if !self.plan.selection.takes(&path) {
            return Ok(());
        }
        let link = match metadata.file_type() {
            FileType::Symlink => system.read_link(&full).ok(),
            _ => None,
        };
        let link = link.map_or(String::new(), |link| text(link.as_ref()).into_owned());
        let grants = self.grants.get(full.as_ref()).copied();
        let head = head(&metadata, grants.unwrap_or_default());
        let is_full = self.intake.len() >= self.plan.limits.layer_entries;
        if is_full || !self.intake.push(&path, &link, &head) {
            return Err(format!("it has more files than its size allows ({path:?})"));
        }
        match head.kind {
            Kind::Directory => self.pending.push(full),
            Kind::File => {
                let mut content = FileContent {
                    system,
                    place: &full,
                    path: &path,
                    file: None,
                    left: head.size,
                    room: &mut self.left,
                };
                if let Err(error) = self.intake.content(&mut content, &mut self.faults) {
                    self.faults.add(format!("/{path}"), error.to_string());
                }
                if self.left == 0 {
                    return Err("it unpacks to more than its size allows".to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn head(metadata: &Metadata, grants: Grants) -> Head {
    let kind = match metadata.file_type() {
        FileType::Regular => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink,
        _ => Kind::Special,
    };
    Head {
        kind,
        size: if kind == Kind::File {
            metadata.len()
        } else {
            0
        },
        mode: metadata.mode() & 0o7777,
        owner: Some((metadata.uid(), metadata.gid())),
        grants,
        sparse: false,
        fault: None,
    }
}

/// The content of a file, which is opened once it is asked for.
struct FileContent<'a> {
    system: &'a Ext4,
    place: &'a PathBuf,
    path: &'a str,
    file: Option<File>,
    left: u64,
    room: &'a mut u64,
}

impl Content for FileContent<'_> {
    type Fault = io::Error;

    fn path(&self) -> &str {
        self.path
    }

    fn left(&self) -> u64 {
        self.left
    }

    fn read_content(&mut self, limit: u64, out: &mut Vec<u8>) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.system.open(self.place).map_err(io::Error::other)?,
        };
        let mut wanted = self.left.min(limit).min(*self.room);
        while wanted > 0 {
            let from = out.len();
            let step = usize::try_from(wanted).unwrap_or(BUFFER).min(BUFFER);
            out.resize(from + step, 0);
            let read = file.read_bytes(&mut out[from..]);
            let count = *read.as_ref().unwrap_or(&0);
            out.truncate(from + count);
            if read.map_err(io::Error::other)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            for left in [&mut self.left, &mut wanted, &mut *self.room] {
                *left -= count as u64;
            }
        }
        self.file = Some(file);
        Ok(())
    }
}
