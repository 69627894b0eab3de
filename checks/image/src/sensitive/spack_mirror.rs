//! Credentials of Spack's mirrors: `access_pair` and `access_token` in `mirrors.yaml`.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector =
    Detector::new("secret.hpc.spack-mirror", "A login to a mirror of Spack.")
        .named(&["mirrors.yaml", "spack.yaml"], file);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let text = source.text();
    let mut in_pair = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_start_matches([' ', '-']);
        let (name, value) = value::pair(line, ':').unwrap_or(("", line));
        let is_one = match name {
            "access_token" | "secret" => value::is_password(value),
            "access_pair" => {
                in_pair = true;
                // `[ID, SECRET]`
                value
                    .trim_matches(['[', ']'])
                    .split(',')
                    .nth(1)
                    .is_some_and(|key| value::is_random(key.trim()))
            }
            // The second item of a list.
            "" => in_pair && value::is_random(value.trim()),
            _ => {
                in_pair &= matches!(name, "id" | "id_variable" | "secret_variable");
                false
            }
        };
        if is_one && !name.ends_with("_variable") {
            sightings.line(DETECTOR.id, number, "a login to a mirror of Spack");
        }
    }
}
