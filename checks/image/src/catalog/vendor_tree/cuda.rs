//! `version.json` of NVIDIA's CUDA toolkit: the toolkit itself and its components, each with a
//! name in words and a version ("CUDA Toolkit Release Notes", "CUDA Toolkit Major Component
//! Versions").

use super::super::is_word;
use super::super::json::{self, Object, Pairs};
use super::{Candidate, Source, is_version};

/// Components of a release that are no part of what is installed: the drivers of the kernel.
const DRIVERS: [&str; 2] = ["nvidia_driver", "nvidia_fs"];

/// How the keys of the profilers begin, which have terms of their own.
const PROFILERS: &str = "nsight_";

/// The most components that are taken; a release has about thirty.
const MOST: usize = 256;

/// The toolkit among its components.
const TOOLKIT: &str = "cuda";

/// The version of the toolkit; none where the document is of something else.
pub(super) fn version(source: &Source<'_>) -> Option<String> {
    let read = components(source).ok()?;
    let (_, toolkit) = read.iter().find(|(key, _)| key == TOOLKIT)?;
    let is_cuda = field(toolkit, "name").contains("CUDA");
    let version = field(toolkit, "version");
    (is_cuda && is_version(version)).then(|| version.to_owned())
}

/// Whether a file is no document at all.
pub(super) fn is_broken(source: &Source<'_>) -> bool {
    components(source).is_err()
}

/// The components by their keys, each with its fields.
fn components(source: &Source<'_>) -> Result<Vec<(String, Pairs)>, String> {
    json::read::<Object<Pairs>>(source).map(|read| read.0)
}

fn field<'p>(component: &'p Pairs, name: &str) -> &'p str {
    let mut fields = component.0.iter();
    let found = fields.find(|(field, _)| field == name);
    found.map_or("", |(_, value)| value)
}

/// The components as packages that the toolkit needs, each in its directory.
pub(super) fn parts(
    source: &Source<'_>,
    toolkit: &mut Candidate,
    faults: &mut Vec<String>,
) -> Vec<Candidate> {
    let mut parts = Vec::new();
    let base = Candidate {
        depends: Vec::new(),
        texts_in: Vec::new(),
        ..toolkit.clone()
    };
    for (key, component) in components(source).unwrap_or_default() {
        let version = field(&component, "version");
        let is_part = key != TOOLKIT && !DRIVERS.contains(&&*key);
        if !is_part || !is_word(&key) || !is_version(version) {
            continue;
        }
        if parts.len() == MOST {
            faults.push(format!("it has more than {MOST} components"));
            break;
        }
        let word = format!("{}#{key}", source.path);
        toolkit.depends.push(word.clone());
        let license = match key.starts_with(PROFILERS) {
            true => Some("LicenseRef-NVIDIA-Proprietary".to_owned()),
            false => toolkit.declared.clone(),
        };
        parts.push(Candidate {
            // As NVIDIA calls them in its own packages: `cuda-cudart`, `libcublas`.
            name: key.replace('_', "-"),
            version: version.to_owned(),
            key: Some(word),
            declared: license,
            ..base.clone()
        });
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn the_toolkit_needs_its_components() {
        let text = br#"{"cuda":{"name":"CUDA SDK","version":"12.4.1"},
            "cuda_cudart":{"name":"CUDA Runtime (cudart)","version":"12.4.127"},
            "libcublas":{"name":"CUDA cuBLAS","version":"12.4.5.8"},
            "nsight_compute":{"name":"Nsight Compute","version":"2024.1.1.4"},
            "nvidia_driver":{"name":"NVIDIA Linux Driver","version":"550.54.15"},"odd":{"version":"x"}}"#;
        let found = parse(&Source::whole("usr/local/cuda-12.4/version.json", text));
        let all = [
            ("cuda", "12.4.1"),
            ("cuda-cudart", "12.4.127"),
            ("libcublas", "12.4.5.8"),
            ("nsight-compute", "2024.1.1.4"),
        ];
        assert_eq!(found.versions(), all);
        let [cuda, cudart, _, nsight] = &found.packages[..] else {
            panic!("{found:?}")
        };
        assert_eq!(cuda.depends.len(), 3);
        assert_eq!(cudart.key.as_ref(), cuda.depends.first());
        assert_eq!(cudart.declared, cuda.declared);
        assert_ne!(nsight.declared, cuda.declared);
        assert!(cudart.yields && cudart.depends.is_empty());
    }

    #[test]
    fn more_components_than_a_release_has_are_told() {
        let parse = |count: usize| {
            let mut text = r#"{"cuda":{"name":"CUDA SDK","version":"12.4.1"}"#.to_owned();
            (0..count).for_each(|n| text.push_str(&format!(r#","c{n}":{{"version":"1.{n}"}}"#)));
            let found = parse(&Source::whole(
                "usr/local/cuda-12.4/version.json",
                (text + "}").as_bytes(),
            ));
            (found.packages.len(), found.faults)
        };
        assert_eq!(parse(MOST), (1 + MOST, vec![]));
        let fault = format!("it has more than {MOST} components");
        assert_eq!(parse(20_000), (1 + MOST, vec![fault]));
    }
}
