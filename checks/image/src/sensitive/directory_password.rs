//! Passwords with which a node asks the directory of users: sssd.conf(5), nslcd.conf(5),
//! ldap.secret, pam_ldap.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.hpc.directory-password",
    "The password of a node for the directory of users.",
)
.named(
    &[
        "sssd.conf",
        "nslcd.conf",
        "ldap.conf",
        "ldap.secret",
        "pam_ldap.conf",
        "pam_ldap.secret",
        "libnss-ldap.secret",
        "libnss-ldap.conf",
    ],
    file,
);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let text = source.text();
    if source.name().ends_with(".secret") {
        if value::is_password(text.trim()) {
            sightings.file(DETECTOR.id, "the password of the directory");
        }
        return;
    }
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        let pair = value::pair(line, '=').or_else(|| {
            let (name, value) = line.split_once(char::is_whitespace)?;
            Some((name, value.trim()))
        });
        let is_one = pair.is_some_and(|(name, value)| {
            matches!(name, "ldap_default_authtok" | "bindpw" | "rootpwmodpw")
                && value::is_password(value)
        });
        if is_one {
            sightings.line(DETECTOR.id, number, "the password of the directory");
        }
    }
}
