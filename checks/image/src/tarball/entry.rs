//! What the headers tell of one entry.

use serde::{Deserialize, Serialize};

use super::header::Header;
use super::path::PathFault;
use super::pax::Extended;
use super::sparse::SparseFault;
use crate::owners::Owner;

/// What kind of file an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// Another name of a file that is already there.
    HardLink,
    /// A device, a FIFO or a socket.
    Special,
}

/// The entry that the walk stands on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    /// What kind of file it is.
    pub(crate) kind: Kind,
    /// The size of the file; of a sparse file, with its holes.
    pub(crate) size: u64,
    /// The permission bits.
    pub(crate) mode: u16,
    /// The user and the group; none where they are not known.
    pub(crate) owner: Option<Owner>,
    /// What it gives beside the permission bits.
    pub(crate) grants: Grants,
    /// Whether the content is stored as a sparse map.
    pub(crate) sparse: bool,
    /// Why the entry is not to be taken.
    pub(crate) fault: Option<EntryFault>,
}

/// What an entry gives to whoever opens or runs it, beside the permission bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Grants {
    /// It is a device.
    pub(crate) device: Option<Device>,
    /// It runs with these capabilities (capabilities(7)), as bits.
    pub(crate) capabilities: Option<u64>,
}

/// A device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Device {
    /// Whether it is one of blocks.
    pub(crate) is_block: bool,
    pub(crate) major: u32,
    pub(crate) minor: u32,
}

/// What else the header of an entry says, for whoever writes the entry anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stamp {
    /// When it was changed, in seconds since the epoch; what is before that is the epoch.
    pub(crate) mtime: u64,
    /// The type flag and the numbers of a device; none of other files.
    pub(crate) device: Option<(u8, u32, u32)>,
}

/// Why an entry is not to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EntryFault {
    /// Its path is not one.
    #[error(transparent)]
    Path(#[from] PathFault),
    /// Where its stored bytes belong cannot be told.
    #[error(transparent)]
    Sparse(#[from] SparseFault),
}

/// What the headers say of devices and capabilities.
pub(super) fn grants(header: &Header<'_>, extended: &Extended) -> Grants {
    let flag = header.flag();
    let numbers = || header.device().unwrap_or_default();
    let device = matches!(flag, b'3' | b'4').then(numbers);
    let device = device.map(|(major, minor)| Device {
        is_block: flag == b'4',
        major,
        minor,
    });
    Grants {
        device,
        capabilities: extended.capabilities,
    }
}

/// The owner by the extended headers, else by the header.
pub(super) fn owner(header: &Header<'_>, extended: &Extended) -> Option<Owner> {
    let of_header = header.owner();
    let id = |extended: Option<u64>, header: Option<u32>| match extended {
        Some(id) => u32::try_from(id).ok(),
        None => header,
    };
    Some((
        id(extended.uid, of_header.map(|(uid, _)| uid))?,
        id(extended.gid, of_header.map(|(_, gid)| gid))?,
    ))
}
