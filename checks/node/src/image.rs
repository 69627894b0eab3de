//! What of an image matters to a node: the checks of the group `image` judge by it.

use hpcctl_model::abi::Abi;
use hpcctl_model::doctor::Ids;

/// An image, as others have read it.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// Its reference.
    pub name: String,
    /// Whether all of it could be read.
    pub complete: bool,
    /// Each user and group that owns a file in a layer, with such a file.
    pub owners: Vec<((u32, u32), String)>,
    /// Set-user-id and set-group-id programs.
    pub privileged: Vec<String>,
    /// Its C library; none where no package tells.
    pub libc: Option<Libc>,
    /// What `hpcctl abi` says of it and the libraries of this node; none where it says nothing.
    pub abi: Option<Abi>,
}

impl Image {
    /// The highest user and the highest group that own a file.
    pub fn highest(&self) -> Ids {
        let ids = self.owners.iter().map(|((uid, gid), _)| (*uid, *gid));
        let (uid, gid) = ids.fold((0, 0), |most, one| (most.0.max(one.0), most.1.max(one.1)));
        Ids { uid, gid }
    }
}

/// A C library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Libc {
    /// The GNU C library, with its version.
    Glibc(String),
    /// musl, with its version.
    Musl(String),
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An image that was read whole, and has nothing of note.
    pub(crate) fn app() -> Image {
        Image {
            name: "oci:app".into(),
            complete: true,
            owners: Vec::new(),
            privileged: Vec::new(),
            libc: None,
            abi: None,
        }
    }

    /// The same with a file of each of these owners.
    pub(crate) fn owned(owners: &[(u32, u32)]) -> Image {
        Image {
            owners: owners.iter().map(|owner| (*owner, "f".into())).collect(),
            ..app()
        }
    }
}
