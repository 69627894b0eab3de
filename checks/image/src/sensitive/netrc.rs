//! Logins of netrc(5): `machine HOST login USER password WORD`, on one line or several. That of
//! Weights & Biases and of NASA's Earthdata are kept so.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector = Detector::new("secret.hpc.netrc", "A login in a netrc file.")
    .named(&NAMES, |source, sightings| {
        logins(DETECTOR.id, source, sightings);
    });

/// How such files are called.
pub(super) const NAMES: [&str; 5] = [".netrc", "_netrc", "netrc", ".authinfo", ".netrc.bak"];

/// Tells each login of a file of that form.
pub(super) fn logins(rule: &'static str, source: &Source<'_>, sightings: &mut Sightings) {
    let text = source.text();
    let mut machine = String::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with('#') {
            continue;
        }
        let mut words = line.split_whitespace();
        while let Some(word) = words.next() {
            match word {
                "machine" => {
                    let host = words.next().unwrap_or("").chars();
                    machine = host.filter(|one| !one.is_control()).take(100).collect();
                }
                "default" => "any host".clone_into(&mut machine),
                "password"
                    if !machine.is_empty() && words.next().is_some_and(value::is_password) =>
                {
                    sightings.line(rule, number, format!("a login to {machine}"));
                }
                // The words of a macro are no fields.
                "macdef" => break,
                _ => {}
            }
        }
    }
}
