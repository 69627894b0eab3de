//! What a bill of materials is of: the image, its digest and its package URL.
//!
//! The types `oci` and `docker` are those of the package URL registry: `oci` goes by the digest
//! of a manifest, `docker` by that of a configuration, which is what a docker-archive has.

use hpcctl_model::scan::Image;
use packageurl::PackageUrl;

/// The digest in hexadecimal, where it is one by SHA-256.
pub fn sha256(image: &Image) -> Option<&str> {
    let hex = image.digest.as_deref()?.strip_prefix("sha256:")?;
    let is_hex = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then_some(hex)
}

/// Whether it is an image and not merely a tree of files.
pub fn is_container(image: &Image) -> bool {
    image.digest.is_some() || !["dir", "ext", "tar"].contains(&&*image.format)
}

/// The package URL of the image; none where nothing identifies it.
pub fn purl(image: &Image) -> Option<String> {
    let digest = image.digest.as_deref()?;
    sha256(image)?;
    let (transport, rest) = match image.reference.split_once(':') {
        Some((transport, rest)) if !transport.contains('/') => (transport, rest),
        _ => ("", &*image.reference),
    };
    let (place, tag) = match transport {
        "docker" => repository(rest.trim_start_matches('/')),
        // `[DRIVER@ROOT]NAME`, where the first part may be missing.
        "containers-storage" | "docker-root" => repository(rest.rsplit(']').next()?),
        "oci" => (rest.split(':').next()?, None),
        _ => (rest, None),
    };
    let is_named = ["docker", "containers-storage", "docker-root"].contains(&transport);
    let name = place.rsplit('/').next().unwrap_or(place);
    let name = if is_named {
        name
    } else {
        name.split('.').next()?
    };
    let kind = match &*image.format {
        "docker-archive" | "docker-root" => "docker",
        "containers-storage" | "oci" | "oci-archive" | "registry" => "oci",
        _ => "generic",
    };
    let mut purl = PackageUrl::new(kind, name.to_lowercase()).ok()?;
    match kind {
        "generic" => purl.add_qualifier("checksum", digest).ok()?,
        _ => purl.with_version(digest).ok()?,
    };
    if is_named && place != name {
        purl.add_qualifier("repository_url", place).ok()?;
    }
    if let Some(tag) = tag {
        purl.add_qualifier("tag", tag).ok()?;
    }
    Some(purl.to_string())
}

/// The repository and the tag of `HOST[:PORT]/NAME[:TAG][@DIGEST]`.
fn repository(name: &str) -> (&str, Option<&str>) {
    let name = name.split('@').next().unwrap_or(name);
    match name.rsplit_once(':') {
        // A colon before a slash is that of a port.
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (name, None),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn of(reference: &str, format: &str) -> Option<String> {
        purl(&Image {
            reference: reference.into(),
            digest: Some(format!("sha256:{}", "a".repeat(64))),
            format: format.into(),
            platform: None,
            other_platforms: Vec::new(),
            supplier: None,
            layers: Vec::new(),
            holds: Vec::new(),
            labels: BTreeMap::new(),
            created: None,
            user: None,
        })
    }

    #[test]
    fn the_type_says_what_the_digest_is_of() {
        let a = "a".repeat(64);
        let expected = [
            (
                of("docker-archive:/x/My.tar", "docker-archive"),
                format!("pkg:docker/my@sha256%3A{a}"),
            ),
            (of("oci:dir:v1", "oci"), format!("pkg:oci/dir@sha256%3A{a}")),
            (
                of("docker://h:5000/n/app:v1@sha256:b", "registry"),
                format!("pkg:oci/app@sha256%3A{a}?repository_url=h:5000/n/app&tag=v1"),
            ),
            (
                of(
                    "containers-storage:[overlay@/x.y]h/app:1",
                    "containers-storage",
                ),
                format!("pkg:oci/app@sha256%3A{a}?repository_url=h/app&tag=1"),
            ),
            (
                of("docker-root:app", "docker-root"),
                format!("pkg:docker/app@sha256%3A{a}"),
            ),
            (
                of("sif:/x/a.sif", "sif"),
                format!("pkg:generic/a?checksum=sha256:{a}"),
            ),
        ];
        for (purl, expected) in expected {
            let plain = |text: &str| text.replace("%3A", ":").replace("%2F", "/");
            assert_eq!(plain(&purl.unwrap()), plain(&expected));
        }
    }

    #[test]
    fn what_has_no_digest_has_no_purl() {
        let mut image = Image {
            reference: "dir:/".into(),
            digest: None,
            format: "dir".into(),
            platform: None,
            other_platforms: Vec::new(),
            supplier: None,
            layers: Vec::new(),
            holds: Vec::new(),
            labels: BTreeMap::new(),
            created: None,
            user: None,
        };
        assert_eq!(purl(&image), None);
        assert!(!is_container(&image));
        image.format = "sif".into();
        assert!(is_container(&image));
        image.digest = Some("sha256:bb".into());
        assert_eq!((sha256(&image), purl(&image)), (None, None));
    }
}
