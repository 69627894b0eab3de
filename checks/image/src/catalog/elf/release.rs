//! The release of a library: where it is told in the file, in its name or in its path.

use memchr::memmem;

use super::libraries::Way;
use super::sections::Elf;

/// The longest version.
const LONGEST: usize = 40;

/// Different versions that are counted.
const MOST_TEXTS: usize = 64;

/// The places of one text that are looked at.
const MOST_PLACES: usize = 10_000;

/// The version that is told in this way.
pub(super) fn told(way: Way, data: &[&[u8]], elf: &Elf<'_>, file: &str) -> Option<String> {
    match way {
        Way::After(text) => data.iter().find_map(|part| after(part, text)),
        Way::Alone(starts) => alone(data, starts),
        Way::FileName => in_name(file),
        Way::BehindInterface => behind_interface(file),
        Way::Series(start, nodes) => series(&elf.sections(".dynstr").ok()?, start, nodes),
        Way::Compiler => compiler(&elf.sections(".comment").ok()?),
    }
}

/// The version that follows a text.
fn after(data: &[u8], text: &str) -> Option<String> {
    let mut places = memmem::find_iter(data, text.as_bytes()).take(MOST_PLACES);
    places.find_map(|at| token(data.get(at + text.len()..)?).map(str::to_owned))
}

/// A version at the start of the bytes: digits and dots, and letters that belong to it.
fn token(bytes: &[u8]) -> Option<&str> {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'.';
    let length = bytes
        .iter()
        .take(LONGEST)
        .take_while(|byte| allowed(byte))
        .count();
    let text = std::str::from_utf8(bytes.get(..length)?)
        .ok()?
        .trim_end_matches('.');
    (text.starts_with(|first: char| first.is_ascii_digit()) && text.contains('.')).then_some(text)
}

/// The version that is a text of its own, and begins with one of `starts`.
///
/// A library may hold those of others: that which is there most often counts, then the one
/// with the most numbers, then a release, then the first.
fn alone(data: &[&[u8]], starts: &[&str]) -> Option<String> {
    let mut found: Vec<(&str, usize)> = Vec::new();
    for (part, start) in data
        .iter()
        .flat_map(|part| starts.iter().map(move |start| (part, start)))
    {
        for at in memmem::find_iter(part, start.as_bytes()).take(MOST_PLACES) {
            let Some(text) = own_text(part, at) else {
                continue;
            };
            if let Some(place) = found.iter().position(|(known, _)| *known == text) {
                found[place].1 += 1;
            } else if found.len() < MOST_TEXTS {
                found.push((text, 1));
            }
        }
    }
    let rank = |(text, count): &(&str, usize)| {
        let is_release = !text.contains(|c: char| c.is_ascii_alphabetic());
        (*count, text.split('.').count().min(3), is_release)
    };
    // Of equals, `max_by_key` takes the last.
    let best = found.iter().rev().max_by_key(|one| rank(one))?;
    Some(best.0.to_owned())
}

/// The version at a place, if nothing else is in its text.
fn own_text(data: &[u8], at: usize) -> Option<&str> {
    let before = at.checked_sub(1).map_or(0, |before| data[before]);
    // Constants before the first text may end in any byte; none that a text would have there.
    let is_inside =
        before.is_ascii_digit() || before.is_ascii_lowercase() || b"._-/ ,:=".contains(&before);
    let text = token(data.get(at..)?)?;
    let ends = data.get(at + text.len()) == Some(&0);
    (!is_inside && ends).then_some(text)
}

/// The version in `libcudart.so.12.4.127`; one number is that of the interface only.
fn in_name(file: &str) -> Option<String> {
    let (_, version) = file.split_once(".so.")?;
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_version = version.contains('.') && version.split('.').all(is_number);
    (is_version && version.len() <= LONGEST).then(|| version.to_owned())
}

/// The latest compiler among the notes of compilers, `GCC: (GNU) 14.2.1 20250110 (Red Hat …)`.
///
/// What the linker adds was built by an earlier one.
fn compiler(comments: &[&[u8]]) -> Option<String> {
    let notes = comments
        .iter()
        .flat_map(|part| part.split(|byte| *byte == 0))
        .take(64);
    let versions = notes.filter_map(|note| {
        let rest = note.strip_prefix(b"GCC: (")?;
        let end = memmem::find(rest, b") ")?;
        token(rest.get(end + 2..)?)
    });
    versions
        .max_by_key(|version| numbers(version))
        .map(str::to_owned)
}

/// The version in `libibverbs.so.1.14.44.0`: rdma-core's libraries have one number of their own,
/// and then its version (`Documentation/versioning.md` there).
fn behind_interface(file: &str) -> Option<String> {
    let numbers = in_name(file)?;
    let mut parts = numbers.splitn(3, '.');
    let version = parts.nth(2).filter(|rest| rest.split('.').count() == 2)?;
    Some(version.to_owned())
}

/// The series of the latest node of versions among the names of symbols, if it is of one series.
fn series(names: &[&[u8]], start: &str, nodes: &[(&str, &str)]) -> Option<String> {
    let names = names.iter().flat_map(|part| part.split(|byte| *byte == 0));
    let found = names.filter_map(|name| {
        let node = name.strip_prefix(start.as_bytes())?;
        std::str::from_utf8(node.get(..node.len().min(LONGEST))?).ok()
    });
    let is_number = |node: &&str| node.starts_with(|first: char| first.is_ascii_digit());
    let latest = found.filter(is_number).max_by_key(|node| numbers(node))?;
    let known = nodes.iter().find(|(node, _)| *node == latest);
    known.map(|(_, series)| (*series).to_owned())
}

/// The version in a path such as `opt/openmpi-4.1.5/lib` or `openmpi/4.1.5/lib`.
pub(super) fn in_path(path: &str, name: &str, stem: &str) -> Option<String> {
    let names = [name, stem.strip_prefix("lib").unwrap_or(stem)];
    let is_name = |text: &str| names.iter().any(|name| name.eq_ignore_ascii_case(text));
    let directories: Vec<&str> = path.split('/').collect();
    let (_, directories) = directories.split_last()?;
    let joined = directories.iter().filter_map(|directory| {
        names.iter().find_map(|name| {
            let (start, rest) = directory.split_at_checked(name.len())?;
            let version = rest.strip_prefix(['-', '_']);
            version.filter(|_| start.eq_ignore_ascii_case(name))
        })
    });
    let apart = directories
        .windows(2)
        .filter_map(|pair| is_name(pair[0]).then_some(pair[1]));
    joined.chain(apart).find_map(at_start)
}

/// The numbers at the start of a name, such as `2026.2.0` of `2026.2.0.data`.
fn at_start(text: &str) -> Option<String> {
    let is_number = |part: &&str| part.starts_with(|first: char| first.is_ascii_digit());
    let text = token(text.as_bytes())?;
    let parts: Vec<&str> = text.split('.').take_while(is_number).collect();
    (parts.len() > 1).then(|| parts.join("."))
}

/// The numbers of a version, in the order of which versions follow one another.
pub(super) fn numbers(version: &str) -> Vec<u32> {
    let parts = version.split('.');
    parts.map_while(|part| part.parse().ok()).collect()
}
