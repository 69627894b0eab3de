//! Planted secrets and near misses. Keys and tokens are made here, so that none stands in the
//! source.

mod misses;
mod planted;

use std::time::Instant;

use super::sightings::MOST;
use super::*;

/// A file of a test.
pub(super) struct Plant {
    pub(super) path: String,
    pub(super) mode: u16,
    pub(super) bytes: Vec<u8>,
    /// The rule that is to find it; empty where none may.
    pub(super) rule: &'static str,
}

/// A file of mode 0644.
pub(super) fn plant(path: &str, bytes: impl AsRef<[u8]>, rule: &'static str) -> Plant {
    Plant {
        path: path.to_owned(),
        mode: 0o644,
        bytes: bytes.as_ref().to_vec(),
        rule,
    }
}

/// Bytes that look random and are the same every time.
pub(crate) fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..count).map(|_| next()).collect()
}

/// A word of so many letters of an alphabet.
pub(crate) fn word(seed: u64, count: usize, alphabet: &str) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    let pick = |byte: u8| letters[usize::from(byte) % letters.len()];
    noise(seed, count).into_iter().map(pick).collect()
}

pub(super) const WORDS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
pub(super) const HEX: &str = "0123456789abcdef";

pub(super) fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A frame of PEM around bytes.
pub(crate) fn pem(kind: &str, bytes: &[u8]) -> String {
    let lines: Vec<String> = base64(bytes)
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    format!(
        "-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n",
        lines.join("\n")
    )
}

/// Something that begins as a key in DER does.
pub(crate) fn der(seed: u64) -> Vec<u8> {
    [b"\x30\x82\x04\xa4\x02\x01\0\x02".to_vec(), noise(seed, 600)].concat()
}

pub(super) fn openssh(cipher: &str) -> Vec<u8> {
    let length = (cipher.len() as u32).to_be_bytes();
    [
        b"openssh-key-v1\0".to_vec(),
        length.to_vec(),
        cipher.as_bytes().to_vec(),
        noise(9, 200),
    ]
    .concat()
}

fn look_at(plant: &Plant) -> Vec<Sighting> {
    look(&Source {
        path: &plant.path,
        mode: plant.mode,
        size: plant.bytes.len() as u64,
        bytes: &plant.bytes,
    })
}

#[test]
fn every_planted_secret_is_found() {
    let planted = planted::all();
    assert!(planted.len() >= 40, "{}", planted.len());
    let mut missed = Vec::new();
    for plant in &planted {
        let seen = look_at(plant);
        if !seen
            .iter()
            .any(|one| one.rule == plant.rule && !one.is_clue)
        {
            missed.push(format!("{} {} {seen:?}", plant.path, plant.rule));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn near_misses_are_silent() {
    let misses = misses::all();
    assert!(misses.len() >= 40, "{}", misses.len());
    let mut alarms = Vec::new();
    for plant in &misses {
        let seen = look_at(plant);
        if !seen.is_empty() {
            alarms.push(format!("{} {seen:?}", plant.path));
        }
    }
    assert!(alarms.is_empty(), "{alarms:#?}");
}

#[test]
fn clues_are_no_alarm() {
    for (path, bytes) in misses::clues() {
        let seen = look_at(&plant(path, bytes, ""));
        assert!(!seen.is_empty(), "{path}");
        assert!(seen.iter().all(|one| one.is_clue), "{path} {seen:?}");
    }
}

#[test]
fn no_text_shows_the_secret() {
    for plant in planted::all() {
        let text = String::from_utf8_lossy(&plant.bytes).into_owned();
        for one in look_at(&plant) {
            for word in one.text.split([' ', '`']).filter(|word| word.len() >= 12) {
                let is_name = plant.path.contains(word) || word.contains('.') || word.contains('/');
                let is_plain = word.bytes().all(|byte| {
                    byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_lowercase()
                });
                assert!(
                    is_name || is_plain || !text.contains(word),
                    "{}: {}",
                    plant.path,
                    one.text
                );
            }
        }
    }
}

#[test]
fn what_is_wanted_is_what_is_looked_at() {
    for plant in planted::all() {
        let is_text = !plant.bytes.contains(&0);
        let head = &plant.bytes[..plant.bytes.len().min(4096)];
        assert!(
            is_text || wants(&plant.path, head, plant.bytes.len() as u64),
            "{}",
            plant.path
        );
    }
    assert!(!wants("usr/bin/bash", b"\x7fELF", 1_000_000));
}

#[test]
fn configuration() {
    let token = word(3, 40, HEX);
    for text in [
        format!("WANDB_API_KEY={token}"),
        format!(
            "RUN /bin/sh -c git clone https://u:{}@git.site.org/a",
            word(4, 20, WORDS)
        ),
        format!("|1 DB_PASSWORD={} /bin/sh -c make", word(5, 12, WORDS)),
        format!("ENV AWS_SECRET_ACCESS_KEY={}", word(6, 40, WORDS)),
        format!("|1 GH_PAT={} /bin/sh -c x", word(7, 40, WORDS)),
        format!("|1 GITLAB_PAT={} /bin/sh -c x", word(8, 26, WORDS)),
        format!("/bin/sh -c wandb login {token}"),
        format!("conda config --set token {}", word(9, 36, WORDS)),
        format!("echo {} | docker login --password-stdin a", word(10, 14, WORDS)),
        "printf \"url: https://a\\nkey: 9b1d2e3f-a1b2-4c3d-8e5f-1a2b3c4d5e6f\\n\" > /root/.cdsapirc".to_owned(),
        format!("/bin/sh -c echo \"db:5432:*:me:{}\" > ~/.pgpass", word(11, 12, WORDS)),
        "/bin/sh -c echo \"db:5432:*:me:Tr0ub4dor3x\" | tee -a ~/.pgpass".to_owned(),
    ] {
        let seen = look_at_text("config:env/X", &text);
        assert!(!seen.is_empty(), "{text}");
        assert!(
            seen.iter()
                .all(|one| one.line.is_none() && !one.text.contains(&token))
        );
    }
    for text in [
        "PATH=/usr/local/sbin:/usr/local/bin",
        "/bin/sh -c #(nop)  CMD [\"bash\"]",
        "GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D",
        "PYTHON_SHA256=24887b92e2afd4a2ac602419ad4b596372f67ac9b077190f459aba390faf5550",
        "NV_CUDA_CUDART_VERSION=12.4.127-1",
        "NVIDIA_REQUIRE_CUDA=cuda>=12.4 brand=tesla,driver>=470,driver<471",
        "COPY file:0d1f3a1c6d8b2c3a4b5c6d7e8f9a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f7a in /",
        "ENV DB_PASSWORD_FILE=/run/secrets/db",
        "/bin/sh -c echo \"db:5432:*:me:$PW\" > ~/.pgpass",
        "/bin/sh -c echo \"export PATH=/opt/x/bin:$PATH\" >> ~/.bashrc",
        "/bin/sh -c printf 'url: https://a\\nkey: %s\\n' \"$KEY\" > /root/.cdsapirc",
        "RUN --mount=type=secret,id=token TOKEN=$(cat /run/secrets/token) make",
    ] {
        assert_eq!(look_at_text("history:1", text), [], "{text}");
    }
}

#[test]
fn a_clue_beside_a_secret_takes_nothing_from_it() {
    let (sure, clue) = (
        "\"db_password\": \"Kd93jQpLz2mX\"",
        "\"admin_password\": \"correcthorsebattery\"",
    );
    for text in [format!("{{{sure}, {clue}}}"), format!("{{{clue}, {sure}}}")] {
        let seen = look_at(&plant("opt/app/settings.json", &text, ""));
        assert!(seen.iter().any(|one| !one.is_clue), "{text} {seen:?}");
    }
}

#[test]
fn many_sightings_are_bounded_and_told() {
    let line = |seed| format!("https://u:{}@git.site.org/\n", word(seed, 20, WORDS));
    let text: String = (1..200).map(line).collect();
    let seen = look_at(&plant("home/u/.git-credentials", text, ""));
    assert_eq!(seen.len(), MOST);
    assert!(seen.last().unwrap().text.contains("149 more"), "{seen:?}");
    assert_eq!(seen[7].line, Some(8));
}

#[test]
fn every_file_is_a_row() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/sensitive");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .filter(|stem| {
            let others = [
                "mask",
                "mod",
                "search",
                "sightings",
                "tests",
                "value",
                "written",
            ];
            !others.contains(&&**stem)
        })
        .map(|stem| stem.replace('_', "-"))
        .collect();
    found.sort();
    found.dedup();
    let name = |row: &Detector| row.id.rsplit('.').next().unwrap().to_owned();
    let mut listed: Vec<String> = DETECTORS.iter().map(name).collect();
    listed.sort();
    assert_eq!(found, listed);
    assert!(DETECTORS.is_sorted_by_key(|row| row.id));
}

#[test]
fn any_bytes_are_looked_at() {
    for plant in planted::all() {
        for cut in 0..plant.bytes.len().min(400) {
            let bytes = &plant.bytes[..cut];
            let mut flipped = plant.bytes.clone();
            flipped[cut] ^= 0x15;
            for bytes in [bytes, &flipped] {
                let size = bytes.len() as u64;
                let path = &plant.path;
                let _ = look(&Source {
                    path,
                    mode: 0o600,
                    size,
                    bytes,
                });
            }
        }
    }
}

/// Not a test of speed, which a busy machine would fail: that ordinary text costs one search.
#[test]
fn a_large_text_is_looked_at_once() {
    let text = "the quick brown fox = jumps: over the lazy dog\n".repeat(20_000);
    let start = Instant::now();
    assert_eq!(look_at(&plant("usr/share/text", text, "")), []);
    assert!(start.elapsed().as_secs() < 20);
}
