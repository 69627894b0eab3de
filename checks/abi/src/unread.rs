//! Files of the image that could not be read: what is not known because of them, and what is known
//! all the same.

use std::collections::BTreeSet;

use hpcctl_image::LinkedImage;
use hpcctl_model::Unknown;
use hpcctl_model::abi::Reason;

use crate::check::Lack;
use crate::closure::{Closure, Injected};
use crate::judge::Case;
use crate::programs::is_plugin;
use crate::reasons::reason;
use crate::search::Search;

/// The files that could not be read.
#[derive(Debug, Default)]
pub(crate) struct Unread {
    /// Their names without numbers: a link of another number may lead to one.
    stems: BTreeSet<String>,
    /// Whether more than single files is not known, or parts that no header names.
    wide: bool,
}

impl Unread {
    pub(crate) fn of(image: &LinkedImage) -> Self {
        let mut unread = Self::default();
        for unknown in &image.unknowns {
            match file(unknown) {
                Some(path) if !is_plugin(path) => {
                    unread.stems.insert(stem(path).to_owned());
                }
                _ => unread.wide = true,
            }
        }
        unread
    }

    /// Whether a library may be missing only because it could not be read.
    pub(crate) fn is_why(&self, lack: &Lack) -> bool {
        matches!(lack, Lack::Library { name, .. } if self.stems.contains(stem(name)))
    }

    /// Such a lack as a reason.
    pub(crate) fn told(&self, lack: &Lack) -> Reason {
        let text = match lack {
            Lack::Library { name, by, .. } => {
                format!("{by} needs {name}, which could not be read")
            }
            _ => String::new(),
        };
        reason("unread", text)
    }

    /// Whether a program that is judged, or something that it loads, may be what was not read.
    pub(crate) fn touches(&self, case: &Case<'_>) -> bool {
        if self.wide || self.stems.is_empty() {
            return self.wide;
        }
        case.programs.iter().any(|using| {
            let search = Search::of_image(case.image, &using.object);
            let alone = Closure::of(&using.object, &search, &Injected::default());
            let mut missing = alone.missing.iter();
            missing.any(|(name, _)| self.stems.contains(stem(name)))
        })
    }
}

/// The path of the file that it is about.
fn file(unknown: &Unknown) -> Option<&str> {
    Some(unknown.what.as_str()).filter(|what| what.starts_with('/'))
}

/// The name of a library without its numbers.
pub(crate) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split(".so").next().unwrap_or(name)
}
