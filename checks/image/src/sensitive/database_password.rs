//! Passwords of databases: `.pgpass` (libpq), `.my.cnf` (MySQL and MariaDB), `slurmdbd.conf`.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.hpc.database-password",
    "A password of a database, such as that of Slurm's accounting.",
)
.named(
    &[
        ".pgpass",
        "pgpass.conf",
        "pgpass",
        ".my.cnf",
        "my.cnf",
        ".mylogin.cnf",
        "debian.cnf",
        "slurmdbd.conf",
        ".mongorc.js",
        "redis.conf",
        "db_password",
    ],
    file,
);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    match source.name() {
        ".mylogin.cnf" => {
            if source.size > 24 && source.bytes.starts_with(&[0; 4]) {
                sightings.file(
                    DETECTOR.id,
                    "a login of mysql_config_editor, which only obscures it",
                );
            }
        }
        "db_password" => {
            if source.path.contains("server_priv/") {
                sightings.file(DETECTOR.id, "the password of the database of PBS");
            }
        }
        name if name.contains("pgpass") => pgpass(source, sightings),
        _ => settings(source, sightings),
    }
}

/// `HOST:PORT:DATABASE:USER:PASSWORD`, where `\:` is a colon.
fn pgpass(source: &Source<'_>, sightings: &mut Sightings) {
    for (number, line) in source.text().lines().enumerate() {
        let line = line.trim();
        let parts = line.replace("\\:", "\u{1}");
        let parts: Vec<&str> = parts.split(':').collect();
        if !line.starts_with('#') && parts.len() == 5 && value::is_password(parts[4]) {
            let text = format!("the password of {} at {}", parts[3], parts[0]);
            sightings.line(DETECTOR.id, number, text);
        }
    }
}

fn settings(source: &Source<'_>, sightings: &mut Sightings) {
    for (number, line) in source.text().lines().enumerate() {
        let line = line.trim();
        if line.starts_with(['#', ';']) {
            continue;
        }
        let pair = value::pair(line, '=').or_else(|| line.split_once(' '));
        let Some((name, value)) = pair else {
            continue;
        };
        let name = name.to_ascii_lowercase();
        let is_name = matches!(
            &*name,
            "password" | "storagepass" | "requirepass" | "masterauth"
        );
        if is_name && value::is_password(value.trim()) {
            sightings.line(DETECTOR.id, number, format!("the value of {name}"));
        }
    }
}
