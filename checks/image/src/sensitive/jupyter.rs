//! Secrets of Jupyter: of cookies, of tokens of a running server, of JupyterHub.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.hpc.jupyter",
    "A secret of a Jupyter server or of JupyterHub.",
)
.named(
    &[
        "jupyterhub_cookie_secret",
        "jupyter_cookie_secret",
        "notebook_cookie_secret",
        "notebook_secret",
        "jpserver-*",
        "nbserver-*",
    ],
    file,
);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let text = source.text();
    if source.name().contains("server-") {
        let token = text
            .split("\"token\"")
            .nth(1)
            .and_then(|rest| rest.split('"').nth(1));
        if source.name().ends_with(".json") && token.is_some_and(value::is_random) {
            sightings.file(DETECTOR.id, "the token of a Jupyter server");
        }
    } else if source.size >= 16 {
        sightings.file(DETECTOR.id, format!("the secret {}", source.name()));
    }
}
