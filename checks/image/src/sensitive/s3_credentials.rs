//! Credentials of S3 and AWS in files of their own: `.aws/credentials`, `.s3cfg`, `.boto`,
//! `.passwd-s3fs`, `.mc/config.json`.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.s3-credentials",
    "The secret key of an account of S3 or AWS.",
)
.named(
    &[
        "credentials",
        ".s3cfg",
        ".boto",
        ".passwd-s3fs",
        "passwd-s3fs",
        ".s3cmd",
        "s3cfg",
        ".aws_credentials",
    ],
    file,
)
.holding(
    &[
        "aws_secret_access_key",
        "AWS_SECRET_ACCESS_KEY",
        "\"SecretAccessKey\"",
        "AccountKey=",
    ],
    place,
);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let is_s3fs = source.name().ends_with("passwd-s3fs");
    for (number, line) in source.text().lines().enumerate() {
        let line = line.trim();
        let key = if is_s3fs {
            line.rsplit(':')
                .next()
                .filter(|_| !line.starts_with('#') && line.contains(':'))
        } else {
            value::pair(line, '=').and_then(|(name, value)| {
                let is_key = matches!(
                    name,
                    "secret_key"
                        | "aws_secret_access_key"
                        | "gs_secret_access_key"
                        | "aws_session_token"
                );
                is_key.then_some(value)
            })
        };
        if key.is_some_and(|key| key.len() >= 16 && value::is_random(key)) {
            sightings.line(
                DETECTOR.id,
                number,
                format!("a secret key in {}", source.name()),
            );
        }
    }
}

/// The value that follows a name, wherever it stands: 40 characters of base64, or 86 and `==`.
fn place(source: &Source<'_>, at: usize, sightings: &mut Sightings) {
    let is_between =
        |byte: u8| b"\"' \t:=>\r".contains(&byte) || byte.is_ascii_alphabetic() || byte == b'_';
    let rest = &source.bytes[at..];
    let name = value::run(rest, 0, 24, |byte| {
        byte.is_ascii_alphabetic() || byte == b'_' || byte == b'"'
    })
    .len();
    let from = at + name;
    let between = source.bytes[from..]
        .iter()
        .take(6)
        .take_while(|byte| is_between(**byte) && !byte.is_ascii_alphanumeric())
        .count();
    let key = value::run(source.bytes, from + between, 100, |byte| {
        byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)
    });
    let is_long = key.len() == 40 || key.len() == 88;
    if between > 0 && is_long && value::is_random(key) && value::entropy(key.as_bytes()) > 4.0 {
        sightings.at(DETECTOR.id, source, at, "a secret key of AWS, S3 or Azure");
    }
}
