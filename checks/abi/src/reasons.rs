//! What is wrong, in sentences, and what can be done about it.

use hpcctl_host::kit::is_of_c_library;
use hpcctl_model::abi::{AbiVerdict, Reason};

use crate::check::Lack;
use crate::libc;
use crate::root::Side;

/// What versions begin with that rdma-core changes with each release, for its providers alone.
const PRIVATE: &str = "IBVERBS_PRIVATE_";

/// The most names of symbols in one sentence.
const SHOWN: usize = 5;

pub(crate) fn reason(rule: &str, text: impl Into<String>) -> Reason {
    Reason {
        rule: rule.to_owned(),
        text: text.into(),
    }
}

fn of(side: Side) -> &'static str {
    match side {
        Side::Image => "of the image",
        Side::Host => "of the host",
    }
}

/// Why a library is not found.
fn nowhere(name: &str) -> &'static str {
    match is_of_c_library(name) {
        true => {
            "which is not in the image; that of the host is a part of its C library, which is never bound"
        }
        false => "which is neither in the image nor on the host",
    }
}

/// What becomes of a process that calls what is nowhere.
fn called(lazy: bool) -> (&'static str, AbiVerdict) {
    match lazy {
        true => (": it ends the process if it does", AbiVerdict::Degraded),
        false => ("", AbiVerdict::Fails),
    }
}

/// Symbols that are nowhere.
fn symbol(names: &[String], version: Option<&str>, by: &str, lazy: bool) -> (Reason, AbiVerdict) {
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    let more = match names.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let version = version.map_or_else(String::new, |version| format!(" of {version}"));
    let (end, verdict) = called(lazy);
    let text = format!(
        "{by} calls {}{more}{version}, which nothing defines{end}",
        shown.join(", ")
    );
    (reason("symbol", text), verdict)
}

/// A lack as a reason, and what it means for the verdict.
pub(crate) fn told(lack: &Lack) -> (Reason, AbiVerdict) {
    match lack {
        Lack::Library { name, by, side } => {
            let text = format!("{by} {} needs {name}, {}", of(*side), nowhere(name));
            (reason("missing", text), AbiVerdict::Fails)
        }
        Lack::Version {
            file,
            of: given,
            versions,
            has,
            by,
            side,
        } => {
            let rule = if is_of_c_library(file) {
                "libc"
            } else {
                "version"
            };
            let has = has.as_ref().map_or_else(String::new, |has| {
                format!(", which defines nothing newer than {has}")
            });
            let text = format!(
                "{by} {} needs {} of {file} {}{has}",
                of(*side),
                versions.join(", "),
                of(*given)
            );
            (reason(rule, text), AbiVerdict::Fails)
        }
        Lack::Symbol {
            names,
            version,
            by,
            side,
            lazy,
            ..
        } => symbol(
            names,
            version.as_deref(),
            &format!("{by} {}", of(*side)),
            *lazy,
        ),
        Lack::Room {
            name,
            bytes: (room, size),
            by,
            of: giver,
            side,
        } => {
            let text = format!(
                "{by} has room for {room} bytes of {name}, of which {giver} {} has {size}: what is beyond is not copied",
                of(*side)
            );
            (reason("symbol", text), AbiVerdict::Degraded)
        }
        Lack::Unread { path } => {
            let text = format!("the symbols of {path} could not be read");
            (reason("unread", text), AbiVerdict::Unknown)
        }
    }
}

/// What can be done about what a program lacks without any library of the host.
pub(crate) fn own_fixes(lack: &Lack) -> Vec<String> {
    let mut fixes = fixes(std::slice::from_ref(lack));
    fixes.retain(|fix| !is_of_host(fix));
    fixes
}

/// Whether a fix is about the host's library, which does not help a program that lacks something itself.
pub(crate) fn is_of_host(fix: &str) -> bool {
    fix.starts_with(OLDER)
}

/// How a fix begins that is about the host's library.
const OLDER: &str = "use a library of the host";

/// What can be done about all that is lacking, the cheapest first.
pub(crate) fn fixes(lacks: &[Lack]) -> Vec<String> {
    let mut fixes = Vec::new();
    let floors = lacks.iter().filter_map(|lack| match lack {
        Lack::Version { file, versions, .. } if is_of_c_library(file) => versions
            .iter()
            .filter_map(|version| Some((libc::release(version)?, version)))
            .max(),
        _ => None,
    });
    let others = lacks.iter().filter_map(|lack| match lack {
        Lack::Library { name, .. } => Some(name),
        _ => None,
    });
    let mut others: Vec<&String> = others.collect();
    others.sort();
    others.dedup();
    for name in others {
        fixes.push(match is_of_c_library(name) {
            true => format!("install {name} in the image, that of the image's own C library"),
            false => format!("install {name} on the host, or in the image"),
        });
    }
    let is_private = |lack: &Lack| match lack {
        Lack::Version { versions, .. } => versions.iter().any(|one| one.starts_with(PRIVATE)),
        Lack::Symbol { version, .. } => {
            version.as_ref().is_some_and(|one| one.starts_with(PRIVATE))
        }
        _ => false,
    };
    if lacks.iter().any(is_private) {
        fixes.push("install the providers of rdma-core on the host, beside its library: those of one release fit no other".to_owned());
    }
    if let Some((_, version)) = floors.max() {
        let release = version.trim_start_matches("GLIBC_");
        fixes.push(format!(
            "rebuild the image on a base with glibc {release} or newer"
        ));
        fixes.push(format!(
            "{OLDER} that was built for an older glibc than {release}"
        ));
    }
    fixes
}
