//! Why a registry could not be read: what, where, and what to do.

use std::time::Duration;

/// Why a registry could not be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// A short name that may stand for several images.
    #[error("{name} names no registry, and {why}")]
    ShortName {
        /// The name as given.
        name: String,
        /// Why none was taken.
        why: String,
        /// The full name of what may have been meant.
        likely: String,
    },
    /// A file that says where to go or who to be is not valid.
    #[error("{path}: {why}")]
    Configuration {
        /// The file, or the variable of the environment.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// registries.conf forbids it.
    #[error("{name} is blocked by {path}")]
    Blocked {
        /// The image.
        name: String,
        /// The file.
        path: String,
    },
    /// No connection, or one that broke off too often.
    #[error("{url}: {why}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// What happened.
        why: String,
    },
    /// The certificate of the registry is not trusted.
    #[error("{url}: {why}")]
    Untrusted {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// TLS could not be set up.
    #[error("{url}: {why}")]
    Tls {
        /// What was asked for.
        url: String,
        /// What happened.
        why: String,
    },
    /// Status 401: the registry wants to know who asks, or does not believe it.
    #[error("{url}: a login is needed{}", after(.why))]
    Unauthorized {
        /// What was asked for.
        url: String,
        /// The registry's words.
        why: String,
        /// Where the credentials came from; none where there were none.
        from: Option<String>,
        /// The name under which to log in.
        registry: String,
    },
    /// Status 403.
    #[error("{url}: access is denied{}", after(.why))]
    Forbidden {
        /// What was asked for.
        url: String,
        /// The registry's words.
        why: String,
    },
    /// Status 404.
    #[error("{url}: there is no such {}{}", missing(.url), after(.why))]
    NotFound {
        /// What was asked for.
        url: String,
        /// The registry's words.
        why: String,
    },
    /// Status 429, and waiting no longer helps.
    #[error("{url}: too many requests{}", asked(.limit.as_deref(), *.wait))]
    RateLimited {
        /// What was asked for.
        url: String,
        /// The limit as the registry names it.
        limit: Option<String>,
        /// How long it asks to wait.
        wait: Option<Duration>,
    },
    /// Another status.
    #[error("{url}: the answer is {status}{}", after(.why))]
    Status {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
        /// The registry's words.
        why: String,
    },
    /// What answers is no registry.
    #[error("{url}: the answer is {what}, which no registry gives")]
    NotARegistry {
        /// What was asked for.
        url: String,
        /// What was answered.
        what: String,
    },
    /// The bytes are not those that were asked for.
    #[error("{url}: the digest of the bytes is {actual}, not {wanted}")]
    Mismatch {
        /// What was asked for.
        url: String,
        /// The digest of what was sent.
        actual: String,
        /// The digest that they should have.
        wanted: String,
    },
    /// An answer that is larger than it may be.
    #[error("{url}: the answer is larger than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// A manifest of Docker's first schema.
    #[error(
        "{url}: the manifest is of Docker's schema 1, which holds no digests of layers that can be relied on"
    )]
    OldManifest {
        /// What was asked for.
        url: String,
    },
    /// The registry does not keep to the protocol.
    #[error("{url}: {why}")]
    Protocol {
        /// What was asked for.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// The registry and all its mirrors failed.
    #[error("{last} (before it: {before})")]
    Everywhere {
        /// What the registry itself answered.
        last: Box<Error>,
        /// What the mirrors answered.
        before: String,
    },
}

/// That a server shows the certificate of an authority (RFC 5280, section 4.2.1.9).
pub(crate) const AUTHORITY: &str =
    "its certificate is that of an authority (CA:TRUE), which says nothing of a server";

/// How Docker's registry (2.8) answers one of two that send it the same manifest at the same time:
/// the bytes that it compares are half written by the other.
const DENIED: [&str; 2] = [
    "provided digest did not match uploaded content",
    "DIGEST_INVALID",
];

impl Error {
    /// What to do, where that is known.
    pub fn advice(&self) -> Option<String> {
        Some(match self {
            Self::ShortName { likely, .. } => format!("give the name in full, such as docker://{likely}"),
            Self::Unreachable { .. } => {
                "hpcctl doctor --network tells what stands between this node and the registry; behind a proxy, set HTTPS_PROXY".to_owned()
            }
            Self::Tls { .. } => {
                "a registry that speaks plain HTTP must be called insecure in registries.conf(5)".to_owned()
            }
            Self::Untrusted { why, .. } if why == AUTHORITY => {
                "give the registry a certificate of its own, signed by that one; or make it with CA:FALSE: openssl req -x509 … -addext basicConstraints=critical,CA:FALSE".to_owned()
            }
            Self::Untrusted { .. } => {
                "name the file with the certificate of the site's authority in SSL_CERT_FILE, or put it into /etc/containers/certs.d/HOST/ca.crt".to_owned()
            }
            Self::Unauthorized { from: None, registry, .. } => {
                format!("log in with `podman login {registry}`, or check the name: some registries answer so for what is not there")
            }
            Self::Unauthorized { from: Some(from), registry, .. } => {
                format!("the credentials come from {from}: renew them with `podman login {registry}`")
            }
            Self::Forbidden { .. } => "ask for access to the repository, or for the reason why it is blocked".to_owned(),
            Self::NotFound { .. } => "check the repository and the tag; a private image may be hidden without a login".to_owned(),
            Self::RateLimited { .. } => {
                "wait, log in, or use a mirror of the site (registries.conf): a cluster behind one address shares one limit".to_owned()
            }
            Self::NotARegistry { .. } => {
                "a login page of the network or a proxy may be in between; or this is no registry".to_owned()
            }
            Self::Mismatch { .. } => "do not use the image: a proxy, a mirror or the registry changed it".to_owned(),
            Self::OldManifest { .. } => "push the image anew with a current tool".to_owned(),
            Self::Everywhere { last, .. } => return last.advice(),
            Self::Configuration { .. }
            | Self::Blocked { .. }
            | Self::Status { .. }
            | Self::TooLarge { .. }
            | Self::Protocol { .. } => return None,
        })
    }

    /// Whether a file of the configuration is to blame, and not the registry.
    pub fn is_configuration(&self) -> bool {
        matches!(self, Self::Configuration { .. })
    }

    /// Whether trying again may help.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Status {
                url,
                status: 400,
                why,
                ..
            } => url.contains("/manifests/") && DENIED.contains(&&**why),
            Self::Status { status, .. } => matches!(status, 500 | 502 | 503 | 504),
            _ => false,
        }
    }
}

/// What an address stands for that is not there.
fn missing(url: &str) -> &'static str {
    match url.rsplit('/').nth(1) == Some("blobs") {
        true => "blob",
        false => "image",
    }
}

/// The registry's own words, in brackets.
fn after(why: &str) -> String {
    match why {
        "" => String::new(),
        _ => format!(" ({why})"),
    }
}

fn asked(limit: Option<&str>, wait: Option<Duration>) -> String {
    let limit = limit.map(|limit| format!("the limit is {limit}"));
    let wait = wait.map(|wait| format!("it asks to wait {} s", wait.as_secs()));
    let parts: Vec<String> = limit.into_iter().chain(wait).collect();
    after(&parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_called_by_its_kind() {
        let told = |path: &str| {
            let url = format!("https://r.example/v2/a/{path}");
            let why = String::new();
            Error::NotFound { url, why }.to_string()
        };
        assert!(told("blobs/sha256:00").ends_with("there is no such blob"));
        assert!(told("manifests/v1").ends_with("there is no such image"));
    }
}
