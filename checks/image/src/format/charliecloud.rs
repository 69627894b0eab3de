//! The storage of `ch-image`: each image is an unpacked tree under `img`.
//!
//! In the name of a tree, `%` stands for a slash and `+` for a colon (ch-image(1), "Storage
//! directory").

use std::env;
use std::path::{Path, PathBuf};

use super::{Opened, Session};
use crate::layer::{Directory, Stored};
use crate::named::{Named, choose, folders, is_real};
use crate::{Error, Source};

/// Whether a directory is a storage.
pub(super) fn is_storage(path: &Path) -> bool {
    path.join("img").is_dir() && path.join("dlcache").is_dir() && path.join("version").is_file()
}

/// Opens an image by its name.
pub(super) fn open(source: &Source, session: &Session<'_>) -> Result<Opened, Error> {
    let store = source.store().cloned().unwrap_or_default();
    let root = store.root.unwrap_or_else(of_this_user);
    let folder = root.join("img");
    let named = |tree: String| Named {
        names: vec![tree.replace('%', "/").replace('+', ":")],
        id: String::new(),
        image: tree,
    };
    let names = folders(&folder, &session.plan.limits)?;
    let all = names.into_iter().map(named).collect();
    let tree = choose(all, &store.name, &root)?.image;
    if !is_real(&root, &["img", &tree]) {
        return Err(Error::not_an_image(&root, "its image is not a directory"));
    }
    let directory = Directory {
        // All files belong to who unpacked them.
        owners: false,
        ..Directory::plain(folder.join(tree))
    };
    Ok(Opened::of_tree(Stored::Directory(directory)))
}

/// The storage of this user.
fn of_this_user() -> PathBuf {
    let var = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    match (
        var("CH_IMAGE_STORAGE"),
        var("USER").or_else(|| var("LOGNAME")),
    ) {
        (Some(path), _) => path.into(),
        (None, Some(user)) => format!("/var/tmp/{user}.ch").into(),
        (None, None) => PathBuf::from("/var/tmp"),
    }
}
