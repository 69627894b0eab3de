//! The package URL (ECMA-427).

use packageurl::PackageUrl;

use crate::catalog::{Candidate, Distro, is_named_by_distro};

/// The purl of a package of a version; empty where its type takes no such name.
pub(super) fn purl(candidate: &Candidate, version: &str, distro: Option<&Distro>) -> String {
    let name = candidate.purl_name.as_ref().unwrap_or(&candidate.name);
    let Ok(mut purl) = PackageUrl::new(candidate.kind, &**name) else {
        return String::new();
    };
    let version = candidate.purl_version.as_deref().unwrap_or(version);
    // The types that come here allow every one of these parts, so none of them fails.
    if !version.is_empty() {
        let _ = purl.with_version(version);
    }
    if let Some(namespace) = &candidate.namespace {
        let _ = purl.with_namespace(&**namespace);
    }
    // A file that says what package it was built for may be of another distribution.
    let is_of_image = is_named_by_distro(candidate.kind) && !candidate.yields;
    if let Some(distro) = distro.filter(|_| is_of_image) {
        let _ = purl.with_namespace(distro.vendor());
        let name = match &distro.version {
            Some(version) => format!("{}-{version}", distro.id),
            None => distro.id.clone(),
        };
        let _ = purl.add_qualifier("distro", name);
    }
    let own = candidate
        .qualifiers
        .iter()
        .map(|(key, value)| (*key, value));
    let known = [("arch", &candidate.arch), ("epoch", &candidate.epoch)];
    let known = known
        .iter()
        .filter_map(|(key, value)| Some((*key, value.as_ref()?)));
    for (key, value) in known.chain(own) {
        let _ = purl.add_qualifier(key, &**value);
    }
    purl.to_string()
}
