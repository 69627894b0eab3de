//! Tokens of Apptainer and Singularity for remote endpoints: `remote.yaml` in `.apptainer` or
//! `.singularity`.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.hpc.apptainer-token",
    "A token of Apptainer or Singularity for a library, a builder or a registry.",
)
.named(&["remote.yaml"], file);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    if ![".apptainer/", ".singularity/", "apptainer/", "singularity/"]
        .iter()
        .any(|part| source.path.contains(part))
    {
        return;
    }
    for (number, line) in source.text().lines().enumerate() {
        let Some((name, token)) = value::pair(line, ':') else {
            continue;
        };
        let name = name.trim_start_matches("- ");
        let is_token = matches!(&*name.to_ascii_lowercase(), "token" | "auth");
        let token = token
            .trim_start_matches("Basic ")
            .trim_start_matches("Bearer ");
        if is_token && token.len() >= 12 && value::is_password(token) {
            sightings.line(DETECTOR.id, number, "a token of a remote endpoint");
        }
    }
}
