//! The walk over an image: names in the order of the listings, contents as they are asked for.

use std::collections::HashSet;

use hpcctl_model::scan;

use super::content::FileContent;
use super::inode::{FileInode, Inode, InodeKind, Listing};
use super::table::Blocks;
use super::{SquashFault, attribute};
use crate::Progress;
use crate::fault::Faults;
use crate::layer::{Intake, LayerRead, Partition, Plan, plain_limit};
use crate::tarball::{Grants, Head, Kind, normalise, text};

/// Reads an image as one layer; `name` is for what cannot be read.
pub(crate) fn read(
    partition: &Partition,
    name: &str,
    plan: &Plan,
    progress: &(dyn Progress + Sync),
) -> LayerRead {
    partition.hashed(name, progress, || walk(partition, name, plan))
}

fn walk(partition: &Partition, name: &str, plan: &Plan) -> LayerRead {
    let size = partition.part.size();
    let mut faults = Faults::default();
    let mut intake = Intake::new(plan);
    match Blocks::open(&partition.part, plain_limit(&plan.limits, size)) {
        Ok(blocks) => {
            let mut walk = Walk {
                blocks,
                plan,
                intake: &mut intake,
                faults: &mut faults,
                is_layer: partition.is_layer,
                seen: HashSet::new(),
            };
            if let Err(fault) = walk.image() {
                faults.add(name, fault.to_string());
            }
        }
        Err(fault) => faults.add(name, fault.to_string()),
    }
    LayerRead {
        layer: scan::Layer {
            digest: None,
            diff_id: None,
            media_type: "application/vnd.squashfs".to_owned(),
            size,
            created_by: None,
        },
        listing: intake.finish(&mut faults),
        faults,
        file_digest: None,
    }
}

struct Walk<'a, 'p> {
    blocks: Blocks,
    plan: &'p Plan,
    intake: &'a mut Intake<'p>,
    faults: &'a mut Faults,
    is_layer: bool,
    /// The directories that were entered: a damaged image may lead into one twice.
    seen: HashSet<u64>,
}

/// A directory that is being read.
struct Open {
    listing: Listing,
    /// The path, without a slash at either end.
    path: String,
}

impl Walk<'_, '_> {
    fn image(&mut self) -> Result<(), SquashFault> {
        let root = self.blocks.superblock.root;
        let InodeKind::Directory(listing) = Inode::read(&mut self.blocks, root)?.kind else {
            return Err(SquashFault::Damaged("its root is not a directory"));
        };
        self.seen.insert(root);
        let path = String::new();
        let mut open = vec![Open { listing, path }];
        while let Some(directory) = open.last_mut() {
            let path = &directory.path;
            match directory.listing.next(&mut self.blocks) {
                Ok(Some(name)) => {
                    let mut raw = Vec::with_capacity(path.len() + name.name.len() + 1);
                    raw.extend_from_slice(path.as_bytes());
                    raw.push(b'/');
                    raw.extend_from_slice(&name.name);
                    open.extend(self.name(&raw, name.inode)?);
                }
                Ok(None) => {
                    open.pop();
                }
                Err(fault) => {
                    self.tell(path, fault)?;
                    open.pop();
                }
            }
        }
        Ok(())
    }

    /// Tells what is wrong with one file; what is wrong with the whole ends the walk.
    fn tell(&mut self, path: &str, fault: SquashFault) -> Result<(), SquashFault> {
        if matches!(fault, SquashFault::TooLarge(_)) {
            return Err(fault);
        }
        self.faults.add(format!("/{path}"), fault.to_string());
        Ok(())
    }

    /// Takes in a name; returns the directory that it is, to be read next.
    fn name(&mut self, raw: &[u8], reference: u64) -> Result<Option<Open>, SquashFault> {
        let mut path = String::new();
        if let Err(fault) = normalise(raw, &self.plan.limits, &mut path) {
            self.faults.add(text(raw), fault.to_string());
            return Ok(None);
        }
        if !self.plan.selection.takes(&path) {
            return Ok(None);
        }
        let inode = match Inode::read(&mut self.blocks, reference) {
            Ok(inode) => inode,
            Err(fault) => return self.tell(&path, fault).map(|()| None),
        };
        if self.is_layer {
            if matches!(inode.kind, InodeKind::Whiteout) {
                let (directory, name) = path.rsplit_once('/').unwrap_or(("", &path));
                let hides = format!("{directory}/.wh.{name}");
                return self
                    .take(hides.trim_start_matches('/'), &inode)
                    .map(|()| None);
            }
            if inode.has_attributes {
                let why = "its attributes are not read: it may hide what lower layers have in it";
                self.faults.add(format!("/{path}"), why);
            }
        }
        self.take(&path, &inode)?;
        match inode.kind {
            InodeKind::File(file) => self.file(&path, file)?,
            InodeKind::Directory(listing) => {
                if self.seen.insert(reference) {
                    return Ok(Some(Open { listing, path }));
                }
                let fault = SquashFault::Damaged("a directory is listed twice");
                self.tell(&path, fault)?;
            }
            InodeKind::Symlink(_)
            | InodeKind::Whiteout
            | InodeKind::Device(_)
            | InodeKind::Special => {}
        }
        Ok(None)
    }

    fn take(&mut self, path: &str, inode: &Inode) -> Result<(), SquashFault> {
        let (kind, size, link) = match &inode.kind {
            InodeKind::Directory(_) => (Kind::Directory, 0, None),
            InodeKind::File(file) => (Kind::File, file.size, None),
            InodeKind::Symlink(target) => (Kind::Symlink, 0, Some(text(target))),
            InodeKind::Whiteout | InodeKind::Device(_) | InodeKind::Special => {
                (Kind::Special, 0, None)
            }
        };
        let capabilities = match attribute::of(&mut self.blocks, inode.attributes) {
            Ok(capabilities) => capabilities,
            Err(fault) => {
                self.tell(path, fault)?;
                None
            }
        };
        let device = match inode.kind {
            InodeKind::Device(device) => Some(device),
            _ => None,
        };
        let head = Head {
            kind,
            size,
            mode: inode.mode,
            owner: inode.owner,
            grants: Grants {
                device,
                capabilities,
            },
            sparse: false,
            fault: None,
        };
        let link = link.as_deref().unwrap_or_default();
        let is_full = self.intake.len() >= self.plan.limits.layer_entries;
        if is_full || !self.intake.push(path, link, &head) {
            let what = format!("a squashfs of its size with so many files ({path:?})");
            return Err(SquashFault::Unsupported(what));
        }
        Ok(())
    }

    fn file(&mut self, path: &str, inode: FileInode) -> Result<(), SquashFault> {
        let mut content = FileContent::new(&mut self.blocks, path, inode);
        match self.intake.content(&mut content, self.faults) {
            Ok(()) => Ok(()),
            Err(fault) => self.tell(path, fault),
        }
    }
}
