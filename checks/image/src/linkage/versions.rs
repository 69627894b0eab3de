//! The versions that a file needs of others (`.gnu.version_r`) and those that it defines
//! (`.gnu.version_d`).

use super::dynamic::{Dynamic, VERDEF, VERDEFNUM, VERNEED, VERNEEDNUM};

/// A version that a file can do without; the name of the file itself among its definitions.
const WEAK: u16 = 2;
const BASE: u16 = 1;

/// The most versions of one file.
const MOST: usize = 16 * 1024;

/// The bytes of each of the four structures.
const SIZE: u64 = 16;

/// What a file needs of one other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The name of the other.
    pub file: String,
    /// The versions that it must define.
    pub versions: Vec<Version>,
}

/// A version that is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The name, such as `GLIBC_2.34`.
    pub name: String,
    /// Whether the file can do without.
    pub weak: bool,
}

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Versions {
    pub(super) needs: Vec<Need>,
    pub(super) defines: Vec<String>,
    /// The names by the indices that symbols have.
    pub(super) by_index: Vec<(u16, String)>,
}

/// Reads both lists; none where they are damaged.
pub(super) fn read(dynamic: &Dynamic<'_>) -> Option<Versions> {
    let mut versions = Versions::default();
    needs(dynamic, &mut versions)?;
    defines(dynamic, &mut versions)?;
    Some(versions)
}

fn needs(dynamic: &Dynamic<'_>, versions: &mut Versions) -> Option<()> {
    let (Some(mut at), Some(count)) = (dynamic.value(VERNEED), dynamic.value(VERNEEDNUM)) else {
        return Some(());
    };
    let (loaded, layout) = (dynamic.loaded, dynamic.loaded.layout);
    for _ in 0..count {
        let file = loaded.at(at, SIZE)?;
        let mut need = Need {
            file: dynamic.text(layout.u32(&file, 4)?.into())?,
            versions: Vec::new(),
        };
        let mut place = at.checked_add(layout.u32(&file, 8)?.into())?;
        for _ in 0..layout.u16(&file, 2)? {
            let version = loaded.at(place, SIZE)?;
            let name = dynamic.text(layout.u32(&version, 8)?.into())?;
            versions
                .by_index
                .push((layout.u16(&version, 6)?, name.clone()));
            if versions.by_index.len() > MOST {
                return None;
            }
            need.versions.push(Version {
                name,
                weak: layout.u16(&version, 4)? & WEAK != 0,
            });
            match layout.u32(&version, 12)? {
                0 => break,
                next => place = place.checked_add(next.into())?,
            }
        }
        versions.needs.push(need);
        match layout.u32(&file, 12)? {
            0 => break,
            next => at = at.checked_add(next.into())?,
        }
    }
    Some(())
}

fn defines(dynamic: &Dynamic<'_>, versions: &mut Versions) -> Option<()> {
    let (Some(mut at), Some(count)) = (dynamic.value(VERDEF), dynamic.value(VERDEFNUM)) else {
        return Some(());
    };
    let (loaded, layout) = (dynamic.loaded, dynamic.loaded.layout);
    for _ in 0..count {
        let one = loaded.at(at, SIZE + 4)?;
        let name = at.checked_add(layout.u32(&one, 12)?.into())?;
        let name = loaded.at(name, 8)?;
        let name = dynamic.text(layout.u32(&name, 0)?.into())?;
        if layout.u16(&one, 2)? & BASE == 0 {
            versions.by_index.push((layout.u16(&one, 4)?, name.clone()));
            versions.defines.push(name);
        }
        if versions.by_index.len() > MOST {
            return None;
        }
        match layout.u32(&one, 16)? {
            0 => break,
            next => at = at.checked_add(next.into())?,
        }
    }
    Some(())
}
