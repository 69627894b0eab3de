//! Licence files of FlexNet and RLM, and those of Gurobi: whoever holds one can use or
//! exhaust the site's licences, and they name its servers.
//!
//! Lines are those of the FlexNet administration guide: `SERVER HOST ID PORT`, `VENDOR NAME`,
//! `INCREMENT NAME VENDOR VERSION DATE COUNT … SIGN=…`, or a code of hexadecimal digits.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.hpc.license-file",
    "A licence file of commercial software, or the address of its server.",
)
.named(
    &[
        "*.lic",
        "license.dat",
        "licence.dat",
        "license.txt",
        "network.lic",
        "*.lic.txt",
        "licenses.dat",
        "ansyslmd.ini",
        ".flexlmrc",
    ],
    file,
)
.holding(&["\nINCREMENT ", "\nFEATURE "], place);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let text = source.text();
    if source.name() == "license.txt" && !text.contains("INCREMENT ") {
        return;
    }
    let mut has_server = None;
    let mut has_daemon = false;
    for (number, line) in text.lines().enumerate() {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some("INCREMENT" | "FEATURE"), Some(feature)) if is_feature(&text, line) => {
                sightings.line(
                    DETECTOR.id,
                    number,
                    format!("a licence for {}", plain(feature)),
                );
            }
            (Some("SERVER" | "HOST"), Some(host)) if words.next().is_some() => {
                has_server = Some((number, host))
            }
            (Some("VENDOR" | "DAEMON" | "USE_SERVER" | "ISV"), _) => has_daemon = true,
            (Some(word), _) => rest(source, word, number, sightings),
            (None, _) => {}
        }
    }
    let is_short = text.lines().count() <= 200;
    if let Some((number, host)) = has_server
        && (has_daemon || is_short)
    {
        let text = format!("the licence server {}", plain(host));
        sightings.line(DETECTOR.id, number, text);
    }
}

/// Lines of other kinds of licence files: `KEY=VALUE` of Gurobi, `NAME_LICENSE_FILE=` of FlexNet,
/// `SERVER=1055@HOST` of Ansys.
fn rest(source: &Source<'_>, word: &str, number: usize, sightings: &mut Sightings) {
    let Some((name, value)) = word.split_once('=') else {
        return;
    };
    let is_key = match name {
        "KEY" | "WLSSECRET" | "WLSACCESSID" | "CSAPISECRET" => {
            value::is_random(value)
                || value.len() >= 8 && value.bytes().all(|byte| byte.is_ascii_hexdigit())
        }
        "TOKENSERVER" | "SERVER" | "ANSYSLI_SERVERS" => {
            !value.is_empty() && !value::is_stand_in(value)
        }
        _ => name.ends_with("LICENSE_FILE") && value.contains('@'),
    };
    if is_key && !source.name().ends_with(".txt") {
        sightings.line(
            DETECTOR.id,
            number,
            format!("the value of {name} of a licence"),
        );
    }
}

/// A licence in a file of any name.
fn place(source: &Source<'_>, at: usize, sightings: &mut Sightings) {
    let rest = &source.bytes[at + 1..];
    let rest = String::from_utf8_lossy(&rest[..rest.len().min(4096)]);
    let line = rest.lines().next().unwrap_or("");
    if is_feature(&rest, line) && line.split_whitespace().count() >= 6 {
        sightings.at(DETECTOR.id, source, at + 1, "a licence for a feature");
    }
}

/// Whether a line with a feature goes on as one: a version, a date, and a signature on it or on the
/// lines that a backslash joins.
fn is_feature(text: &str, line: &str) -> bool {
    let from = line.as_ptr() as usize - text.as_ptr() as usize;
    let mut whole = String::new();
    for part in text.get(from..).unwrap_or("").lines().take(30) {
        whole.push_str(part.trim_end_matches('\\'));
        if !part.trim_end().ends_with('\\') {
            break;
        }
    }
    let words: Vec<&str> = whole.split_whitespace().collect();
    let has_version = words
        .get(3)
        .is_some_and(|word| word.starts_with(|one: char| one.is_ascii_digit()));
    let is_code = |word: &&str| {
        let word = word.trim_matches('"');
        (12..=20).contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_hexdigit())
            && word.bytes().any(|byte| byte.is_ascii_digit())
    };
    let signed = ["SIGN=", "SIGN2=", "AUTH=", "sig=", "VENDOR_STRING="]
        .iter()
        .any(|name| whole.contains(name));
    words.len() >= 6 && has_version && (signed || words.iter().any(is_code))
}

/// A word of the file as it may be told.
fn plain(word: &str) -> String {
    word.chars()
        .filter(|one| !one.is_control())
        .take(60)
        .collect()
}
