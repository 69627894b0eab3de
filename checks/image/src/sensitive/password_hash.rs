//! Hashes of passwords: shadow(5), `.htpasswd`, group shadow files. With a hash that is the same
//! everywhere, who guesses the word once is let in wherever the image runs.

use super::{Detector, Sightings, Source};

pub(super) const DETECTOR: Detector =
    Detector::new("secret.password-hash", "The hash of a user's password.").named(
        &[
            "shadow",
            "shadow-",
            "gshadow",
            "gshadow-",
            ".htpasswd",
            "htpasswd",
            "opasswd",
        ],
        file,
    );

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    for (number, line) in source.text().lines().enumerate() {
        let mut fields = line.split(':');
        let (Some(user), Some(hash)) = (fields.next(), fields.next()) else {
            continue;
        };
        // crypt(5): `$ID$…`; a `!` before it locks the account and keeps the hash.
        let hash = hash.trim_start_matches('!');
        let is_hash = hash.starts_with('$') && hash.len() >= 20 && hash.matches('$').count() >= 2
            || hash.starts_with("{SHA}");
        if is_hash {
            let user: String = user
                .chars()
                .filter(|one| !one.is_control())
                .take(60)
                .collect();
            sightings.line(
                DETECTOR.id,
                number,
                format!("the hash of the password of {user}"),
            );
        }
    }
}
