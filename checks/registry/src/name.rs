//! The name of an image in a registry: `[HOST[:PORT]/]NAME[:TAG][@DIGEST]`.
//!
//! The grammar is that of the OCI distribution specification ("Pulling manifests") and of
//! Docker's references, as containers-transports(5) takes it over.

use std::fmt;
use std::str::FromStr;

use crate::Digest;

/// The registry of Docker, as names have it.
pub(crate) const DOCKER: &str = "docker.io";

/// The longest name of a repository.
const LONGEST: usize = 255;

/// The longest tag.
const LONGEST_TAG: usize = 128;

/// The name of an image; without a registry it is a short name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// `HOST[:PORT]`.
    pub registry: Option<String>,
    /// The path within the registry.
    pub repository: String,
    /// The tag.
    pub tag: Option<String>,
    /// The digest of the manifest, which counts where there is a tag as well.
    pub digest: Option<Digest>,
}

/// Why a text is no name of an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no name of an image in a registry: {why}")]
pub struct NameError {
    text: String,
    why: &'static str,
}

impl Name {
    /// What to ask the registry for: the digest, the tag, or `latest`.
    pub fn reference(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_owned(),
        }
    }

    /// The same image with this registry in front; `docker.io` puts its official images
    /// under `library`.
    pub(crate) fn within(&self, registry: &str) -> Self {
        let official = is_docker(registry) && !self.repository.contains('/');
        let repository = match official {
            true => format!("library/{}", self.repository),
            false => self.repository.clone(),
        };
        let registry = if is_docker(registry) {
            DOCKER
        } else {
            registry
        };
        let tag = match (&self.tag, &self.digest) {
            (None, None) => Some("latest".to_owned()),
            (tag, _) => tag.clone(),
        };
        Self {
            registry: Some(registry.to_owned()),
            repository,
            tag,
            digest: self.digest.clone(),
        }
    }
}

/// Whether this is one of the names of Docker's registry.
pub(crate) fn is_docker(registry: &str) -> bool {
    matches!(
        registry,
        DOCKER | "index.docker.io" | "registry-1.docker.io"
    )
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let refuse = |why| NameError {
            text: text.to_owned(),
            why,
        };
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => {
                let digest = digest.parse();
                (
                    rest,
                    Some(digest.map_err(|()| refuse("what follows @ is no digest"))?),
                )
            }
            None => (text, None),
        };
        let (registry, rest) = match rest.split_once('/') {
            Some((first, rest)) if is_host(first) => (Some(first.to_owned()), rest),
            _ => (None, rest),
        };
        let (repository, tag) = match rest.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag.to_owned())),
            None => (rest, None),
        };
        if registry.as_deref().is_some_and(|host| !is_authority(host)) {
            return Err(refuse("its host is malformed"));
        }
        if repository.is_empty() {
            return Err(refuse("it names no repository"));
        }
        if repository.len() > LONGEST || !repository.split('/').all(is_component) {
            return Err(refuse(
                "a repository is made of lower-case letters, digits and single separators",
            ));
        }
        if tag.as_deref().is_some_and(|tag| !is_tag(tag)) {
            return Err(refuse("its tag is malformed"));
        }
        Ok(Self {
            registry,
            repository: repository.to_owned(),
            tag,
            digest,
        })
    }
}

/// Whether the first part of a name is a host and no part of a repository.
fn is_host(part: &str) -> bool {
    part == "localhost" || part.contains(['.', ':'])
}

fn is_authority(text: &str) -> bool {
    let port = |text: &str| text.parse::<u16>().is_ok_and(|port| port > 0);
    if let Some(rest) = text.strip_prefix('[') {
        let Some((address, after)) = rest.split_once(']') else {
            return false;
        };
        return address.parse::<std::net::Ipv6Addr>().is_ok()
            && (after.is_empty() || after.strip_prefix(':').is_some_and(port));
    }
    let (host, after) = match text.split_once(':') {
        Some((host, after)) => (host, Some(after)),
        None => (text, None),
    };
    let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let label = |part: &str| !part.is_empty() && part.bytes().all(letter);
    host.split('.').all(label) && after.is_none_or(port)
}

fn is_component(part: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let (Some(first), Some(last)) = (part.bytes().next(), part.bytes().last()) else {
        return false;
    };
    let known = part
        .bytes()
        .all(|b| plain(b) || matches!(b, b'.' | b'_' | b'-'));
    plain(first) && plain(last) && known && !part.contains("..")
}

pub(crate) fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= LONGEST_TAG
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(registry) = &self.registry {
            write!(f, "{registry}/")?;
        }
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (Option<String>, String, String) {
        let name: Name = text.parse().unwrap();
        assert_eq!(name.to_string(), text);
        (
            name.registry.clone(),
            name.repository.clone(),
            name.reference(),
        )
    }

    #[test]
    fn names_are_taken_apart() {
        let zeros = format!("sha256:{}", "0".repeat(64));
        let host = |host: &str| Some(host.to_owned());
        assert_eq!(parts("alpine"), (None, "alpine".into(), "latest".into()));
        assert_eq!(parts("a/b:1"), (None, "a/b".into(), "1".into()));
        assert_eq!(
            parts("localhost/a"),
            (host("localhost"), "a".into(), "latest".into())
        );
        assert_eq!(
            parts("h.example:5000/a/b:v1"),
            (host("h.example:5000"), "a/b".into(), "v1".into())
        );
        assert_eq!(
            parts("[::1]:5000/a"),
            (host("[::1]:5000"), "a".into(), "latest".into())
        );
        let both = format!("h.example/a:v1@{zeros}");
        assert_eq!(parts(&both), (host("h.example"), "a".into(), zeros));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "",
            "/",
            "h.example/",
            "A",
            "a//b",
            "a:",
            "a:b:c",
            "a@sha256:0",
            "a@",
            "-a",
            "a..b",
            "h.example:0/a",
            "h.example:99999/a",
            "h..example/a",
            "[x]:1/a",
            "h.example/../a",
            "u:p@h.example/a",
            "a?b",
            "h.example/a b",
            &"a".repeat(256),
        ] {
            assert!(text.parse::<Name>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn docker_has_its_defaults() {
        let name: Name = "alpine".parse().unwrap();
        assert_eq!(
            name.within("index.docker.io").to_string(),
            "docker.io/library/alpine:latest"
        );
        assert_eq!(
            name.within("h.example").to_string(),
            "h.example/alpine:latest"
        );
        let name: Name = "a/b:1".parse().unwrap();
        assert_eq!(name.within(DOCKER).to_string(), "docker.io/a/b:1");
    }
}
