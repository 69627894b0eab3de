//! What gives access inside archives and compressed files: zip (jar, wheel), tar, and what gzip, xz,
//! zstd, bzip2, lz4 or lzip packed, one level deep.
//!
//! How much is looked at is bounded; what is beyond the bound, encrypted, or an archive in an archive
//! is told as a clue, so that nobody takes it for looked at.

use std::io::Read;

use super::{Content, Intake, KEEP, ROOM, buffer, is_text};
use crate::Limits;
use crate::blob::Hashed;
use crate::catalog::zip::Zip;
use crate::compression::Compression;
use crate::sensitive::{self, Sighting};
use crate::tarball::{Kind, Walk};
use crate::tree::Mark;

/// The most stored bytes of one archive that are looked at.
const STORED: u64 = 16 * 1024 * 1024;

/// The most plain bytes of one archive that are looked at.
const PLAIN: u64 = 64 * 1024 * 1024;

/// The most sightings of one archive that are told.
const TOLD: usize = 50;

/// What is told where not everything was looked at.
const RULE: &str = "secret.archive";

/// Ends of the names of members that are code or pictures.
const PASSED: [&str; 8] = [
    ".class", ".gif", ".jpeg", ".jpg", ".o", ".png", ".pyc", ".so",
];

/// Directories whose compressed files are manuals and logs of changes of packages.
const MANUALS: [&str; 3] = ["usr/share/doc/", "usr/share/info/", "usr/share/man/"];

/// The magic of zip, and where tar has its own.
const ZIP: &[u8] = b"PK\x03\x04";
const TAR: (usize, &[u8]) = (257, b"ustar");

/// How a file holds others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Zip,
    Tar,
    Packed(Compression),
}

impl Form {
    fn of(head: &[u8]) -> Option<Self> {
        let is_tar = head.get(TAR.0..).is_some_and(|at| at.starts_with(TAR.1));
        match Compression::of(head) {
            _ if head.starts_with(ZIP) => Some(Self::Zip),
            _ if is_tar => Some(Self::Tar),
            Compression::Plain => None,
            packed => Some(Self::Packed(packed)),
        }
    }
}

impl Intake<'_> {
    /// Whether the file at hand holds others that keys are looked for in.
    pub(super) fn is_archive(&self, path: &str) -> bool {
        self.plan.judges()
            && Form::of(&self.scratch).is_some()
            && !MANUALS.iter().any(|start| path.starts_with(start))
    }

    /// Looks into the archive at hand, of which the start is read.
    pub(super) fn inside<C: Content>(&mut self, content: &mut C) -> Result<(), C::Fault> {
        let wanted = STORED.saturating_sub(self.scratch.len() as u64);
        let plan = self.plan;
        let _one = plan.one_large(wanted.min(content.left()));
        let size = self.scratch.len() as u64 + content.left();
        let read = content.read_content(wanted, &mut self.scratch);
        self.look(content.path(), size);
        self.look_inside(content.path(), content.left() == 0);
        if self.scratch.len() > KEEP || self.scratch.capacity() > ROOM {
            self.scratch = buffer();
        }
        read
    }

    /// Looks into the archive that was read, as a whole or to its bound.
    pub(super) fn look_inside(&mut self, path: &str, is_whole: bool) {
        for sighting in inside(path, &self.scratch, is_whole, &self.plan.limits) {
            self.listing.mark(Mark::Sensitive(sighting));
        }
    }
}

/// What is seen in an archive.
fn inside(path: &str, bytes: &[u8], is_whole: bool, limits: &Limits) -> Vec<Sighting> {
    let Some(form) = Form::of(bytes) else {
        return Vec::new();
    };
    let mut inside = Inside {
        limits,
        path,
        left: PLAIN,
        passed: Vec::new(),
        seen: Vec::new(),
    };
    match form {
        Form::Zip if !is_whole => {}
        Form::Zip => inside.zip(bytes),
        Form::Tar => inside.tar(bytes),
        Form::Packed(compression) => match compression.decoder(bytes) {
            Ok(plain) => inside.packed(plain),
            Err(error) => inside.passes(&error.to_string()),
        },
    }
    if !is_whole {
        inside.passes("it is larger than what is looked at");
    }
    inside.told()
}

/// The look into one archive.
struct Inside<'a> {
    limits: &'a Limits,
    path: &'a str,
    /// Plain bytes that may still be looked at.
    left: u64,
    /// What was not looked at, and why, each once.
    passed: Vec<String>,
    seen: Vec<Sighting>,
}

impl Inside<'_> {
    fn passes(&mut self, why: &str) {
        if !self.passed.iter().any(|known| known == why) && self.passed.len() < 4 {
            self.passed.push(why.to_owned());
        }
    }

    fn zip(&mut self, bytes: &[u8]) {
        let mut zip = match Zip::open(bytes) {
            Ok(zip) => zip,
            Err(why) => return self.passes(&why),
        };
        let mut entries = Vec::new();
        let fault = zip.each(|entry| {
            let is_passed = PASSED.iter().any(|end| entry.name.ends_with(end));
            if entry.size > 0 && !is_passed && entries.len() < 100_000 {
                entries.push(entry);
            }
        });
        if let Some(why) = fault {
            self.passes(&why);
        }
        for entry in entries {
            if entry.size > self.left {
                self.passes("it has more than is looked at");
                continue;
            }
            match zip.content(&entry, self.left) {
                Ok(plain) => {
                    self.left -= plain.len() as u64;
                    self.member(&entry.name, 0o644, plain.len() as u64, &plain);
                }
                Err(why) => self.passes(&why),
            }
        }
    }

    /// What was compressed: a tar, or one file.
    fn packed(&mut self, plain: impl Read) {
        let mut bytes = Vec::new();
        let read = plain.take(PLAIN).read_to_end(&mut bytes);
        let is_cut = bytes.len() as u64 == PLAIN;
        if let Err(error) = read {
            self.passes(&error.to_string());
        }
        match Form::of(&bytes) {
            Some(Form::Tar) => self.tar(&bytes[..]),
            Some(_) => self.passes("it holds an archive that is in an archive"),
            None => {
                let name = self.path.rsplit('/').next().unwrap_or(self.path);
                let name = name.rsplit_once('.').map_or(name, |(name, _)| name);
                let name = name.to_owned();
                self.member(&name, 0o644, bytes.len() as u64, &bytes);
            }
        }
        if is_cut {
            self.passes("it has more than is looked at");
        }
    }

    fn tar(&mut self, bytes: &[u8]) {
        let mut walk = Walk::new(Hashed::without_digest(bytes, PLAIN), self.limits);
        loop {
            let head = match walk.advance() {
                Ok(Some(head)) => head,
                Ok(None) => break,
                Err(fault) => return self.passes(&fault.to_string()),
            };
            let name = walk.path().to_owned();
            let is_passed = PASSED.iter().any(|end| name.ends_with(end));
            if head.kind != Kind::File || head.size == 0 || is_passed {
                continue;
            }
            let mut content = Vec::new();
            let most = sensitive::MOST_BYTES.min(self.left);
            if walk.read_content(most, &mut content).is_err() {
                return self.passes("it is cut off");
            }
            self.left = self.left.saturating_sub(content.len() as u64);
            self.member(&name, head.mode, head.size, &content);
        }
    }

    /// Looks at a file of the archive.
    fn member(&mut self, name: &str, mode: u16, size: u64, bytes: &[u8]) {
        let name = name.trim_start_matches(['.', '/']);
        if Form::of(bytes).is_some() {
            return self.passes("it holds archives, which were not looked into");
        }
        if !is_text(bytes) && !sensitive::wants(name, bytes, size) {
            return;
        }
        let most = bytes.len().min(sensitive::MOST_BYTES as usize);
        // Where it lies tells whether it is an example, and its own name what it may be.
        let path = format!("{}/{name}", self.path);
        let seen = sensitive::look(&sensitive::Source {
            path: &path,
            mode,
            size,
            bytes: &bytes[..most],
        });
        let shown: String = name.chars().filter(|one| !one.is_control()).collect();
        for sighting in seen {
            let line = sighting
                .line
                .map_or(String::new(), |line| format!(", line {line}"));
            let text = format!("{} ({shown}{line} in this archive)", sighting.text);
            if self.seen.len() < TOLD {
                self.seen.push(Sighting {
                    text,
                    line: None,
                    ..sighting
                });
            } else {
                self.passes("it holds more than is told");
            }
        }
    }

    fn told(self) -> Vec<Sighting> {
        let clue = (!self.passed.is_empty()).then(|| Sighting {
            rule: RULE,
            line: None,
            text: format!(
                "an archive that was not looked into for keys as a whole: {}",
                self.passed.join("; ")
            ),
            is_clue: true,
        });
        self.seen.into_iter().chain(clue).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;

    use super::*;
    use crate::catalog::zip::build::zip;

    const NETRC: &[u8] = b"machine data.site.org login u password Gj3kd9xQ\n";

    fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o600);
            builder.append_data(&mut header, path, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// The rules of what is seen, in a row.
    fn rules(path: &str, bytes: &[u8]) -> String {
        let seen = inside(path, bytes, true, &Limits::default());
        let rules: Vec<&str> = seen.iter().map(|one| one.rule).collect();
        rules.join(" ")
    }

    #[test]
    fn keys_are_found_in_what_holds_files() {
        let bomb = gzip(&vec![0; 100 << 20]);
        let cut = &gzip(&tar(&[("root/.netrc", NETRC)]))[..60];
        let login = "secret.hpc.netrc";
        for (path, bytes, expected) in [
            ("srv/a.zip", &zip(&[("x/.netrc", NETRC, true)])[..], login),
            ("srv/a.jar", &zip(&[(".netrc", NETRC, false)]), login),
            ("srv/a.tar", &tar(&[("root/.netrc", NETRC)]), login),
            (
                "srv/a.tar.gz",
                &gzip(&tar(&[("root/.netrc", NETRC)])),
                login,
            ),
            ("root/.netrc.gz", &gzip(NETRC), login),
            ("srv/a.zip", &zip(&[("a.txt", b"nothing", true)]), ""),
            ("srv/a.tar", &tar(&[("b.tar", &tar(&[("c", NETRC)]))]), RULE),
            ("srv/a.gz", &gzip(&gzip(NETRC)), RULE),
            ("srv/a.gz", &bomb, RULE),
            ("srv/a.tar.gz", cut, RULE),
            ("srv/a.zip", b"PK\x03\x04 no zip", RULE),
            ("srv/a.txt", NETRC, ""),
        ] {
            assert_eq!(rules(path, bytes), expected, "{path}");
        }
        let large = inside("a.zip", ZIP, false, &Limits::default());
        assert!(large.len() == 1 && large[0].is_clue, "{large:?}");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_looked_into(cut in 0_usize..400, flip in 0_usize..400, form in 0..3) {
            let files: [(&str, &[u8]); 2] = [("x/.netrc", NETRC), ("y", b"y")];
            let mut bytes = match form {
                0 => zip(&[(files[0].0, NETRC, true), ("y", b"y", false)]),
                1 => tar(&files),
                _ => gzip(&tar(&files)),
            };
            let len = bytes.len();
            bytes[flip % len] ^= 0x15;
            let _ = inside("a", &bytes[..len - cut % len], true, &Limits::default());
        }
    }
}
