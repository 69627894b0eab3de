//! Passwords of databases, directories and servers in files of settings, such as
//! `db_password = …` in a `.conf`; what a program computes, or reads from elsewhere, is none.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.settings-password",
    "A password in a file of settings.",
)
.holding(
    &[
        "db_password",
        "db_passwd",
        "db_pass",
        "dbpassword",
        "dbpasswd",
        "DB_PASSWORD",
        "DB_PASSWD",
        "DB_PASS",
        "database_password",
        "DATABASE_PASSWORD",
        "sql_password",
        "SQL_PASSWORD",
        "postgres_password",
        "POSTGRES_PASSWORD",
        "admin_password",
        "ADMIN_PASSWORD",
        "bind_password",
        "ldap_password",
        "LDAP_PASSWORD",
        "smtp_password",
        "SMTP_PASSWORD",
        "redis_password",
        "REDIS_PASSWORD",
        "rabbitmq_password",
        "keystore_password",
        "root_password",
        "ROOT_PASSWORD",
    ],
    place,
);

/// Ends of the names of files of settings.
const ENDS: [&str; 11] = [
    ".conf",
    ".cfg",
    ".cnf",
    ".ini",
    ".json",
    ".properties",
    ".toml",
    ".yaml",
    ".yml",
    ".config",
    ".settings",
];

/// The longest line.
const LONGEST: usize = 1024;

fn place(source: &Source<'_>, at: usize, sightings: &mut Sightings) {
    let name = source.name();
    if !ENDS.iter().any(|end| name.ends_with(end)) {
        return;
    }
    let before = &source.bytes[at.saturating_sub(LONGEST)..at];
    let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    let before = String::from_utf8_lossy(&before[start..]);
    let rest = &source.bytes[at..source.bytes.len().min(at + LONGEST)];
    let end = rest.iter().position(|byte| *byte == b'\n');
    let line = String::from_utf8_lossy(&rest[..end.unwrap_or(rest.len())]);
    if before.trim_start().starts_with(['#', ';', '/', '*']) {
        return;
    }
    let between = match (line.find('='), line.find(':')) {
        (Some(equals), Some(colon)) if colon < equals => ':',
        (None, Some(_)) => ':',
        _ => '=',
    };
    let Some((key, value)) = value::pair(&line, between) else {
        return;
    };
    let value = value.split(" ;").next().unwrap_or(value);
    let value = value.trim_end_matches([',', ';']).trim_matches(['"', '\'']);
    let is_name = |one: char| one.is_ascii_alphanumeric() || "_-.".contains(one);
    // A call, a path, another variable.
    let is_computed = value.contains(['(', '[', '{', '<', '/', '@']);
    if !key.chars().all(is_name) || is_computed || !value::is_password(value) {
        return;
    }
    if value::is_plain_word(value) {
        return;
    }
    let key: String = key.chars().take(60).collect();
    sightings.at(DETECTOR.id, source, at, format!("the value of {key}"));
    let has_digit = value.bytes().any(|byte| !byte.is_ascii_alphabetic());
    if !has_digit {
        sightings.only_a_clue();
    }
}
