//! Names of libraries that a program may open as it runs, dlopen(3): those that stand in its texts.

use memchr::memmem;

use super::dynamic::Loaded;
use super::texts::{self, has_texts};

/// The functions by which it does.
pub(super) const FUNCTIONS: &[&str] = &["dlopen", "dlmopen"];

/// The most names, and the longest.
const NAMES: usize = 64;
const LONGEST: usize = 256;

/// Whether the names of symbols have one of the functions.
pub(super) fn may_open(names: &[u8]) -> bool {
    let mut functions = FUNCTIONS.iter();
    functions.any(|name| memmem::find(names, format!("\0{name}\0").as_bytes()).is_some())
}

/// The names.
pub(super) fn of(loaded: &Loaded<'_>) -> Vec<String> {
    let segments = loaded.segments().iter().filter(|one| has_texts(one));
    let mut found = Vec::new();
    for bytes in texts::of(loaded, segments) {
        names(&bytes, &mut found);
    }
    found
}

fn names(bytes: &[u8], found: &mut Vec<String>) {
    for at in memmem::find_iter(bytes, b".so") {
        let start = at.saturating_sub(LONGEST);
        let before = bytes[start..at].iter().rposition(|byte| *byte == 0);
        // The first text has nothing in front.
        let begin = before.map(|before| start + before + 1);
        let begin = begin.or((start == 0).then_some(0));
        let after = bytes[at..].iter().take(LONGEST).position(|byte| *byte == 0);
        let (Some(begin), Some(after)) = (begin, after) else {
            continue;
        };
        let Ok(text) = std::str::from_utf8(&bytes[begin..at + after]) else {
            continue;
        };
        let name = text.rsplit('/').next().unwrap_or(text);
        let is_new = !found.iter().any(|known| known == name);
        if name.starts_with("lib") && is_new && found.len() < NAMES {
            found.push(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_alone_or_behind_directories() {
        let mut found = Vec::new();
        let texts = b"libcuda.so.1\0/opt/lib/libmpi.so.12\0a.so libc.so\0lib.so libcuda.so.1\0libcuda.so.1\0libx.so";
        names(texts, &mut found);
        assert_eq!(found[..2], ["libcuda.so.1", "libmpi.so.12"]);
        assert!(!found.contains(&"libx.so".to_owned()), "{found:?}");
        assert!(may_open(b"\0dlopen\0") && !may_open(b"\0mydlopen\0"));
    }
}
