//! What in an image may not leave the site because it gives access: keys, passwords, tokens.
//!
//! A detector is a row. It asks for files by their names or by what they begin with, or for
//! texts by literals in them, which one search finds for all rows at the speed of memory. It
//! then looks closely: a form with a checksum is computed, a key is decoded, a value that only
//! stands in place of a secret is none. What is told never shows the secret.
//!
//! A clue is what may be meant for everybody: a key in an example or a test, or something that
//! is no secret but leads to one.

mod ansible_vault_password;
mod apptainer_token;
mod ceph_key;
mod cloud_login;
mod command;
mod conda_token;
mod condor_password;
mod data_service_key;
mod database_password;
mod der_key;
mod directory_password;
mod file_system_key;
mod globus_token;
mod history;
mod irods_password;
mod java_key_store;
mod jupyter;
mod jwt;
mod kerberos_tickets;
mod keytab;
mod known_hosts;
mod kubeconfig;
mod license_file;
mod mask;
mod munge_key;
mod netrc;
mod package_login;
mod password_hash;
mod pgp_key;
mod pkcs12;
mod private_key;
mod putty_key;
mod rclone;
mod registry_login;
mod s3_credentials;
mod search;
mod settings_password;
mod sightings;
mod slurm_key;
mod spack_mirror;
mod terraform_state;
mod token;
mod url_password;
mod value;
mod variable;
mod version_control_login;
mod wireguard_key;
mod written;
mod x11_cookie;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashMap;
use std::sync::LazyLock;

pub(crate) use self::mask::masked;
use self::search::Literals;
pub(crate) use self::sightings::{Sighting, Sightings};
use crate::layer::is_text;

/// What finds one kind of secret.
#[derive(Debug)]
pub struct Detector {
    /// The stable id, such as `secret.token`; `secret.hpc.` is in front of what clusters have.
    pub id: &'static str,
    /// What it is, in one sentence.
    pub what: &'static str,
    /// The names of the files that it asks for: `*.END`, `START*`, or the whole name.
    names: &'static [&'static str],
    /// What a file begins with that it asks for.
    magic: &'static [&'static [u8]],
    /// What a text holds that it asks for.
    literals: &'static [&'static str],
    /// Looks at a file that it asked for.
    file: Option<fn(&Source<'_>, &mut Sightings)>,
    /// Looks at one place of a text, by its offset.
    place: Option<fn(&Source<'_>, usize, &mut Sightings)>,
}

impl Detector {
    const fn new(id: &'static str, what: &'static str) -> Self {
        Self {
            id,
            what,
            names: &[],
            magic: &[],
            literals: &[],
            file: None,
            place: None,
        }
    }

    const fn named(
        mut self,
        names: &'static [&'static str],
        look: fn(&Source<'_>, &mut Sightings),
    ) -> Self {
        self.names = names;
        self.file = Some(look);
        self
    }

    const fn beginning(mut self, magic: &'static [&'static [u8]]) -> Self {
        self.magic = magic;
        self
    }

    const fn holding(
        mut self,
        literals: &'static [&'static str],
        look: fn(&Source<'_>, usize, &mut Sightings),
    ) -> Self {
        self.literals = literals;
        self.place = Some(look);
        self
    }
}

/// All detectors, in the order of their ids.
pub static DETECTORS: &[Detector] = &[
    ansible_vault_password::DETECTOR,
    cloud_login::DETECTOR,
    command::DETECTOR,
    conda_token::DETECTOR,
    der_key::DETECTOR,
    history::DETECTOR,
    apptainer_token::DETECTOR,
    ceph_key::DETECTOR,
    condor_password::DETECTOR,
    data_service_key::DETECTOR,
    database_password::DETECTOR,
    directory_password::DETECTOR,
    file_system_key::DETECTOR,
    globus_token::DETECTOR,
    irods_password::DETECTOR,
    jupyter::DETECTOR,
    kerberos_tickets::DETECTOR,
    keytab::DETECTOR,
    known_hosts::DETECTOR,
    license_file::DETECTOR,
    munge_key::DETECTOR,
    netrc::DETECTOR,
    rclone::DETECTOR,
    slurm_key::DETECTOR,
    spack_mirror::DETECTOR,
    x11_cookie::DETECTOR,
    java_key_store::DETECTOR,
    jwt::DETECTOR,
    kubeconfig::DETECTOR,
    package_login::DETECTOR,
    password_hash::DETECTOR,
    pgp_key::DETECTOR,
    pkcs12::DETECTOR,
    private_key::DETECTOR,
    putty_key::DETECTOR,
    registry_login::DETECTOR,
    s3_credentials::DETECTOR,
    settings_password::DETECTOR,
    terraform_state::DETECTOR,
    token::DETECTOR,
    url_password::DETECTOR,
    variable::DETECTOR,
    version_control_login::DETECTOR,
    wireguard_key::DETECTOR,
];

/// A file, or the start of one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    /// The path, without a slash in front.
    pub(crate) path: &'a str,
    /// The permission bits.
    pub(crate) mode: u16,
    /// How many bytes the file has.
    pub(crate) size: u64,
    /// The content, or the start of it.
    pub(crate) bytes: &'a [u8],
}

impl<'a> Source<'a> {
    /// What is no file of its own, or whose mode says nothing: anybody may read it.
    fn open_to_all(path: &'a str, bytes: &'a [u8]) -> Self {
        Self {
            path,
            mode: 0o644,
            size: bytes.len() as u64,
            bytes,
        }
    }

    /// The name of the file.
    fn name(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// Whether nobody but the owner may read the file.
    fn is_private(&self) -> bool {
        self.mode & 0o077 == 0
    }

    /// The content as text; what is no UTF-8 is replaced.
    fn text(&self) -> std::borrow::Cow<'a, str> {
        String::from_utf8_lossy(self.bytes)
    }

    /// Whether the content is there and complete.
    fn is_whole(&self) -> bool {
        self.size == self.bytes.len() as u64
    }
}

/// The most bytes of a file that are looked at as a whole, and of one whose name a detector asks
/// for. What lies behind them in a text is looked at by pieces, for literals.
const MOST_BYTES: u64 = 1024 * 1024;
const MOST_NAMED: u64 = 16 * 1024 * 1024;

/// The most bytes of a file that are looked at as a whole.
pub(crate) fn most_bytes(path: &str) -> u64 {
    match is_named(path) {
        true => MOST_NAMED,
        false => MOST_BYTES,
    }
}

/// Whether a detector asks for the file by its name.
pub(crate) fn is_named(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    !TABLE.named(name).is_empty()
}

/// Why a text that a detector asks for by its name was not looked at as a whole.
pub(crate) fn only_start(most: u64) -> String {
    format!("what its name makes of it was looked for in its first {most} bytes only")
}

/// Whether the content is to be looked at even if it is no text.
pub(crate) fn wants(path: &str, head: &[u8], size: u64) -> bool {
    size > 0 && (is_named(path) || TABLE.begins(head).next().is_some())
        || munge_key::may_be(size, head)
}

/// Looks at a file.
pub(crate) fn look(source: &Source<'_>) -> Vec<Sighting> {
    let mut sightings = Sightings::default();
    if source.size == 0 || source.bytes.is_empty() {
        return Vec::new();
    }
    let named = TABLE.named(source.name());
    let begun = TABLE
        .begins(source.bytes)
        .filter(|row| !named.contains(row));
    for row in named.iter().copied().chain(begun) {
        if let Some(file) = DETECTORS[row].file {
            file(source, &mut sightings);
        }
    }
    munge_key::by_content(source, &mut sightings);
    if is_text(source.bytes) {
        places(source, &mut sightings);
    }
    settle(source.path, sightings)
}

/// Looks at a piece of a text behind its start, of which what lies whole in the first `seen` bytes
/// was looked at.
pub(crate) fn look_behind(source: &Source<'_>, seen: usize) -> Sightings {
    let known = Source {
        bytes: &source.bytes[..seen.min(source.bytes.len())],
        ..*source
    };
    let (mut before, mut now) = (Sightings::default(), Sightings::default());
    places(&known, &mut before);
    places(source, &mut now);
    now.without(&before).judged(source.path)
}

/// Looks at a text of the image's documents: the value of a variable or a label, an instruction of
/// the history, an annotation.
pub(crate) fn look_at_text(place: &str, text: &str) -> Vec<Sighting> {
    let source = Source::open_to_all(place, text.as_bytes());
    let mut sightings = Sightings::default();
    places(&source, &mut sightings);
    for piece in pieces(text) {
        commands(piece, &mut sightings);
    }
    let mut seen = sightings.into_seen("this text");
    for one in &mut seen {
        one.line = None;
    }
    seen.dedup_by(|a, b| a.rule == b.rule && a.text == b.text);
    seen
}

/// The most bytes of a text that are taken for one command: Linux starts none with a longer one
/// (`MAX_ARG_STRLEN` of execve(2)).
const MOST_COMMAND: usize = 128 * 1024;

/// The pieces of a text that are as long as commands may be, each up to the end of a line or of a word
/// where it has one.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut left = text;
    std::iter::from_fn(move || {
        let most = left.floor_char_boundary(MOST_COMMAND);
        let start = &left[..most];
        let end = match most < left.len() {
            true => {
                let end = start.rfind('\n').filter(|end| *end >= most / 2);
                let end = end.or_else(|| start.rfind(char::is_whitespace));
                end.filter(|end| *end > 0).unwrap_or(most)
            }
            false => most,
        };
        let (piece, rest) = left.split_at(end);
        left = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Looks at a text as a command of a shell.
fn commands(text: &str, sightings: &mut Sightings) {
    variable::in_command(text, sightings);
    let id = command::DETECTOR.id;
    let is_told = |sightings: &Sightings| sightings.seen.iter().any(|one| one.rule == id);
    if !is_told(sightings)
        && let Some(typed) = command::typed(text)
    {
        sightings.file(id, typed.told());
    }
    // A line of netrc(5) is told as a part of the command.
    let is_command = is_told(sightings);
    written::look(text, sightings, |rule| {
        is_command && rule == netrc::DETECTOR.id
    });
}

/// Looks at bytes that are no file: what a header or a table of an image holds.
pub(crate) fn look_at_bytes(bytes: &[u8]) -> Vec<Sighting> {
    let source = Source::open_to_all("", bytes);
    let mut sightings = Sightings::default();
    places(&source, &mut sightings);
    settle(source.path, sightings)
}

/// Looks for keys and tokens in a string of a file that is no text.
pub(crate) fn look_at_string(path: &str, bytes: &[u8]) -> Sightings {
    let source = Source::open_to_all(path, bytes);
    let mut sightings = Sightings::default();
    places(&source, &mut sightings);
    let is_strict = |one: &Sighting| one.rule == token::DETECTOR.id || one.rule.ends_with("-key");
    sightings.seen.retain(is_strict);
    sightings.judged(path)
}

/// Looks for keys that stand whole in a program or a library.
pub(crate) fn look_at_program(path: &str, bytes: &[u8]) -> Sightings {
    let source = Source::open_to_all(path, bytes);
    let mut sightings = Sightings::default();
    private_key::in_program(&source, &mut sightings);
    sightings.judged(path)
}

/// Looks at each place of a text that a literal stands at.
fn places(source: &Source<'_>, sightings: &mut Sightings) {
    TABLE.literals.each(source.bytes, |at, literal| {
        if let Some(place) = DETECTORS[TABLE.rows[literal]].place {
            place(source, at, sightings);
        }
    });
}

/// Ends the look at a file: what is in an example is a clue, what was too much is told.
fn settle(path: &str, sightings: Sightings) -> Vec<Sighting> {
    sightings.judged(path).into_seen("this file")
}

/// Whether a path is that of a test, an example or a document, by one of its directories, or of a
/// file that is known to be the same everywhere.
pub(crate) fn is_example(path: &str) -> bool {
    let (directories, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_of_tests = |part: &str| {
        let part = part.to_ascii_lowercase();
        let part = part.trim_matches(['_', '.']);
        matches!(
            part,
            "test"
                | "tests"
                | "testing"
                | "testdata"
                | "test-data"
                | "test_data"
                | "testsuite"
                | "fixtures"
                | "fixture"
                | "example"
                | "examples"
                | "sample"
                | "samples"
                | "demo"
                | "demos"
                | "democa"
                | "mock"
                | "mocks"
                | "spec"
                | "specs"
                | "certdata"
                | "doc"
                | "docs"
                | "dummyserver"
        )
    };
    let is_document = ["usr/share/doc/", "usr/share/man/", "usr/share/info/"]
        .iter()
        .any(|start| path.starts_with(start));
    is_document
        || directories.split('/').any(is_of_tests)
        || matches!(
            name,
            "ssl-cert-snakeoil.key" | "PKG-INFO" | "METADATA" | "copyright"
        )
        || ["README", "CHANGE", "HISTORY", "NEWS"]
            .iter()
            .any(|start| name.starts_with(start))
        || name.ends_with(".example")
        || name.ends_with(".sample")
        || name.starts_with("test_")
        || name.ends_with("_test.go")
}

static TABLE: LazyLock<Table> = LazyLock::new(Table::new);

/// The rows by what they ask for.
struct Table {
    whole: HashMap<&'static str, Vec<usize>>,
    ends: Vec<(&'static str, usize)>,
    starts: Vec<(&'static str, usize)>,
    literals: Literals,
    /// The row of each literal.
    rows: Vec<usize>,
}

impl Table {
    fn new() -> Self {
        let mut table = Self {
            whole: HashMap::new(),
            ends: Vec::new(),
            starts: Vec::new(),
            literals: Literals::new(Vec::new()),
            rows: Vec::new(),
        };
        let mut literals = Vec::new();
        for (row, detector) in DETECTORS.iter().enumerate() {
            for name in detector.names {
                if let Some(end) = name.strip_prefix('*') {
                    table.ends.push((end, row));
                } else if let Some(start) = name.strip_suffix('*') {
                    table.starts.push((start, row));
                } else {
                    table.whole.entry(name).or_default().push(row);
                }
            }
            for literal in detector.literals {
                literals.push(literal.as_bytes());
                table.rows.push(row);
            }
        }
        table.literals = Literals::new(literals);
        table
    }

    /// The rows that ask for a file of this name.
    fn named(&self, name: &str) -> Vec<usize> {
        let whole = self.whole.get(name).into_iter().flatten().copied();
        let ends = self.ends.iter().filter(|(end, _)| name.ends_with(end));
        let starts = self
            .starts
            .iter()
            .filter(|(start, _)| name.starts_with(start));
        let mut rows: Vec<usize> = whole
            .chain(ends.chain(starts).map(|(_, row)| *row))
            .collect();
        rows.dedup();
        rows
    }

    /// The rows that ask for a file that begins so.
    fn begins<'h>(&self, head: &'h [u8]) -> impl Iterator<Item = usize> + 'h {
        let rows = DETECTORS.iter().enumerate();
        rows.filter(|(_, row)| row.magic.iter().any(|magic| head.starts_with(magic)))
            .map(|(row, _)| row)
    }
}
