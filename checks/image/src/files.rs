//! The files of an archive, one after the other: zip (and so jar and wheel), tar in any
//! compression (and so gem and crate), and the two tars of a Debian package (deb(5), ar(5)).
//!
//! Nothing is unpacked to disk. An archive inside an archive is a file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use crate::blob::Hashed;
use crate::catalog::zip::Zip;
use crate::compression::Compression;
use crate::tarball::{Kind, Walk};
use crate::{Limits, ar, layer};

/// The largest zip that is read, in bytes: its directory stands at its end, so it is held whole.
const MAX_ZIP: u64 = 512 << 20;

/// The most files of an archive.
const MAX_FILES: usize = 1_000_000;

/// The first bytes that tell what a file is.
const START: usize = 512;

/// What is done with a file: its path in the archive, and the start of its content.
pub type Take<'t> = &'t mut dyn FnMut(&str, &[u8]);

/// Reads the files of an archive, of each at most `limit` bytes; none where the file is no archive.
/// Answers what could not be read of it.
///
/// # Errors
///
/// When the file cannot be read at all.
pub fn each_file(path: &Path, limit: u64, take: Take<'_>) -> io::Result<Option<Vec<String>>> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut stored = BufReader::new(file);
    let mut start = Vec::new();
    stored.by_ref().take(START as u64).read_to_end(&mut start)?;
    let whole = io::Cursor::new(start.clone()).chain(stored);
    let faults = if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        zip(whole, size, limit, take)?
    } else if start.starts_with(ar::MAGIC) {
        deb(whole, limit, take)
    } else if is_tar(&start) {
        tar(whole, Compression::Plain, size, "", limit, take)
    } else if Compression::of(&start) != Compression::Plain && holds_tar(path)? {
        tar(whole, Compression::of(&start), size, "", limit, take)
    } else {
        return Ok(None);
    };
    Ok(Some(faults))
}

fn is_tar(start: &[u8]) -> bool {
    start.get(257..262) == Some(b"ustar")
}

/// Whether a compressed file holds a tar.
fn holds_tar(path: &Path) -> io::Result<bool> {
    let mut stored = BufReader::new(File::open(path)?);
    let compression = Compression::of(stored.fill_buf()?);
    let mut start = Vec::new();
    let plain = compression.decoder(stored)?;
    // What cannot be decompressed is not known to be an archive.
    let read = plain.take(START as u64).read_to_end(&mut start);
    Ok(read.is_ok() && is_tar(&start))
}

fn zip(stored: impl Read, size: u64, limit: u64, take: Take<'_>) -> io::Result<Vec<String>> {
    if size > MAX_ZIP {
        return Ok(vec![format!("it is larger than {} MiB", MAX_ZIP >> 20)]);
    }
    let mut bytes = Vec::new();
    stored.take(MAX_ZIP).read_to_end(&mut bytes)?;
    let mut archive = match Zip::open(&bytes) {
        Ok(archive) => archive,
        Err(why) => return Ok(vec![why]),
    };
    let mut entries = Vec::new();
    let mut faults: Vec<String> = archive
        .each(|entry| {
            if entries.len() < MAX_FILES && !entry.name.ends_with('/') {
                entries.push(entry);
            }
        })
        .into_iter()
        .collect();
    for entry in entries {
        match archive.content(&entry, limit) {
            Ok(content) => take(&entry.name, &content),
            Err(why) => faults.push(format!("{}: {why}", entry.name)),
        }
    }
    Ok(faults)
}

fn tar<R: BufRead>(
    stored: R,
    compression: Compression,
    size: u64,
    above: &str,
    limit: u64,
    take: Take<'_>,
) -> Vec<String> {
    let limits = Limits::default();
    let plain = match compression.decoder(stored) {
        Ok(plain) => plain,
        Err(error) => return vec![error.to_string()],
    };
    let most = layer::plain_limit(&limits, size);
    let mut walk = Walk::new(Hashed::without_digest(plain, most), &limits);
    let mut content = Vec::new();
    for _ in 0..MAX_FILES {
        let head = match walk.advance() {
            Ok(Some(head)) => head,
            Ok(None) => return Vec::new(),
            Err(fault) => return vec![fault.to_string()],
        };
        if head.kind != Kind::File || head.fault.is_some() {
            continue;
        }
        content.clear();
        let path = format!("{above}{}", walk.path().trim_start_matches('/'));
        if let Err(fault) = walk.read_content(limit, &mut content) {
            return vec![format!("{path}: {fault}")];
        }
        take(&path, &content);
    }
    vec![format!("only the first {MAX_FILES} files were read")]
}

/// The members of a Debian package that are tars.
fn deb(mut stored: impl BufRead, limit: u64, take: Take<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    if let Err(error) = stored.read_exact(&mut [0; ar::MAGIC.len()]) {
        return vec![error.to_string()];
    }
    let mut head = [0u8; ar::HEAD];
    while stored.read_exact(&mut head).is_ok() {
        let Some((name, size)) = ar::member(&head) else {
            faults.push("it is damaged: a member has no size".to_owned());
            return faults;
        };
        let mut content = stored.by_ref().take(size);
        if name.starts_with("control.tar") || name.starts_with("data.tar") {
            let above = if name.starts_with("control") {
                "DEBIAN/"
            } else {
                ""
            };
            let compression = content.fill_buf().map(Compression::of);
            match compression {
                Ok(compression) => {
                    faults.extend(tar(&mut content, compression, size, above, limit, take));
                }
                Err(error) => faults.push(format!("{name}: {error}")),
            }
        }
        // What the tar left, and the byte that fills an odd size.
        let left = content.limit() + size % 2;
        let passed = io::copy(&mut stored.by_ref().take(left), &mut io::sink());
        if let Err(error) = passed {
            faults.push(error.to_string());
            return faults;
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::catalog::zip::build;

    /// Paths and contents.
    type Files = Vec<(String, String)>;

    fn files(bytes: &[u8]) -> Option<(Files, Vec<String>)> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let mut found = Vec::new();
        let faults = each_file(file.path(), 1000, &mut |path, content| {
            found.push((
                path.to_owned(),
                String::from_utf8_lossy(content).into_owned(),
            ));
        });
        faults.unwrap().map(|faults| (found, faults))
    }

    fn a_tar(files: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, content) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            builder
                .append_data(&mut header, path, content.as_bytes())
                .unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn one(path: &str, content: &str) -> Files {
        vec![(path.to_owned(), content.to_owned())]
    }

    #[test]
    fn zips_and_tars_give_their_files() {
        let zipped = build::zip(&[("a/LICENSE", b"MIT", true), ("a/", b"", false)]);
        assert_eq!(files(&zipped), Some((one("a/LICENSE", "MIT"), vec![])));
        let tarred = a_tar(&[("b/COPYING", "ISC")]);
        assert_eq!(files(&tarred), Some((one("b/COPYING", "ISC"), vec![])));
        assert_eq!(
            files(&gzip(&tarred)),
            Some((one("b/COPYING", "ISC"), vec![]))
        );
    }

    #[test]
    fn a_debian_package_gives_the_files_of_its_tars() {
        let data = gzip(&a_tar(&[("usr/share/doc/x/copyright", "Zlib")]));
        let control = gzip(&a_tar(&[("control", "Package: x")]));
        let mut deb = ar::MAGIC.to_vec();
        for (name, content) in [
            ("debian-binary", b"2.0\n".to_vec()),
            ("control.tar.gz", control),
            ("data.tar.gz", data),
        ] {
            deb.extend(format!("{name:<48}{:<10}`\n", content.len()).into_bytes());
            deb.extend(&content);
            deb.extend(vec![b'\n'; content.len() % 2]);
        }
        let (found, faults) = files(&deb).unwrap();
        assert_eq!(faults, [""; 0]);
        let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["DEBIAN/control", "usr/share/doc/x/copyright"]);
        deb.truncate(deb.len() - 20);
        let (_, faults) = files(&deb).unwrap();
        assert!(!faults.is_empty());
    }

    #[test]
    fn other_files_are_no_archives_and_broken_ones_say_so() {
        assert_eq!(files(b"plain text"), None);
        assert_eq!(files(&gzip(b"only compressed")), None);
        assert_eq!(files(b""), None);
        let zipped = build::zip(&[("a", b"b", false)]);
        let (found, faults) = files(&zipped[..zipped.len() - 3]).unwrap();
        assert!(found.is_empty() && faults.len() == 1, "{faults:?}");
        let big = build::zip(&[("a", &[b'x'; 2000], false)]);
        let (found, faults) = files(&big).unwrap();
        assert!(found.is_empty() && faults[0].contains("2000"), "{faults:?}");
    }
}
