//! Why an image was not published: on which step, what stands there now, and what to do.

use std::fmt;

use crate::{Digest, Error, Patience};

/// A step of publishing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Finding the registry.
    Reach,
    /// Looking at where a tag stands.
    LookAtTag(String),
    /// Pushing a blob.
    Blob(Digest),
    /// Pushing a manifest by its digest.
    Manifest(Digest),
    /// Reading back what was pushed.
    ReadBack(Digest),
    /// Attaching an artifact, or listing those that there are.
    Attach(Digest),
    /// Moving a tag.
    MoveTag(String),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reach => f.write_str("reach the registry"),
            Self::LookAtTag(tag) => write!(f, "look at the tag {tag}"),
            Self::Blob(digest) => write!(f, "push the blob {digest}"),
            Self::Manifest(digest) => write!(f, "push the manifest {digest}"),
            Self::ReadBack(digest) => write!(f, "read back {digest}"),
            Self::Attach(digest) => write!(f, "attach an artifact to {digest}"),
            Self::MoveTag(tag) => write!(f, "move the tag {tag}"),
        }
    }
}

/// Where a tag stands after something went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagState {
    /// It was not touched.
    Untouched,
    /// It was read, and stands at this digest, or nowhere.
    At(Option<Digest>),
    /// It could not be read.
    Unknown,
}

impl fmt::Display for TagState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untouched => f.write_str("the tag was not touched"),
            Self::At(Some(digest)) => write!(f, "the tag stands at {digest}"),
            Self::At(None) => f.write_str("there is no such tag"),
            Self::Unknown => f.write_str("where the tag stands is not known"),
        }
    }
}

/// Why an image was not published.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PushError {
    /// The destination has no full name.
    #[error("{0} names no registry: a destination is named in full")]
    ShortName(String),
    /// The image cannot be read, or its bytes are not what its manifests say.
    #[error("cannot read {name}: {why}")]
    Source {
        /// What is pushed.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// The registry, or the way to it.
    #[error("cannot {step}: {error}{}", persistence(.error))]
    Registry {
        /// What was being done.
        step: Step,
        /// What the registry answered.
        #[source]
        error: Box<Error>,
    },
    /// What the registry gives back is not what was pushed.
    #[error("cannot {step}: {why}")]
    Differs {
        /// What was being done.
        step: Step,
        /// What is different.
        why: String,
    },
    /// Somebody else moved the tag.
    #[error("the tag {tag} was moved by somebody else: it stands at {}, not at {}", place(.found.as_ref()), place(.wanted.as_ref()))]
    TagMoved {
        /// The tag.
        tag: String,
        /// Where it stands; none where it is gone.
        found: Option<Digest>,
        /// Where it should stand; none where it should not be there.
        wanted: Option<Digest>,
    },
    /// The tag could not be moved.
    #[error("cannot move the tag {tag}: {error}{}; {state}", persistence(.error))]
    Tag {
        /// The tag.
        tag: String,
        /// Where it stands now.
        state: TagState,
        /// What the registry answered.
        #[source]
        error: Box<Error>,
    },
    /// This was read back from another place, or of another image.
    #[error("what was read back is not what the tag is to be moved to")]
    Unread,
    /// The tag is malformed.
    #[error("{0:?} is no tag")]
    NoTag(String),
}

impl PushError {
    /// An answer of the registry on a step.
    pub(crate) fn on(step: Step) -> impl FnOnce(Error) -> Self {
        move |error| Self::Registry {
            step,
            error: Box::new(error),
        }
    }

    /// What the registry answered, where that is the reason.
    pub fn registry(&self) -> Option<&Error> {
        match self {
            Self::Registry { error, .. } | Self::Tag { error, .. } => Some(error),
            _ => None,
        }
    }

    /// What to do, where that is known.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::ShortName(name) => Some(format!(
                "name the registry, such as registry.example/{name}"
            )),
            Self::TagMoved { .. } => {
                Some("find out who published there, and publish again".to_owned())
            }
            Self::Differs { .. } => Some(
                "a proxy or the registry changed it: do not point users there, and tell its admin"
                    .to_owned(),
            ),
            other => other.registry()?.advice(),
        }
    }

    /// Whether a file of the configuration is to blame, and not the registry.
    pub fn is_configuration(&self) -> bool {
        self.registry().is_some_and(Error::is_configuration)
    }
}

/// Whether it was tried again.
fn persistence(error: &Error) -> &'static str {
    match error {
        Error::RateLimited {
            wait: Some(wait), ..
        } if *wait > Patience::default().longest => {
            "; this was not tried again, as that is longer than is waited"
        }
        error if error.is_passing() || matches!(error, Error::RateLimited { .. }) => {
            "; it was tried as often as the patience allows"
        }
        Error::Unauthorized { .. }
        | Error::Forbidden { .. }
        | Error::NotFound { .. }
        | Error::Mismatch { .. }
        | Error::Status {
            status: 400..=499, ..
        }
        | Error::Untrusted { .. } => "; this was not tried again, as the answer would be the same",
        _ => "",
    }
}

fn place(digest: Option<&Digest>) -> String {
    digest.map_or_else(|| "no image".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_never_tried_again_says_so() {
        let url = || "https://r.example/v2/a/blobs/uploads/".to_owned();
        let told = |error| {
            let digest = Digest::sha256(b"");
            PushError::on(Step::Blob(digest))(error).to_string()
        };
        let denied = told(Error::Forbidden {
            url: url(),
            why: String::new(),
        });
        assert!(
            denied.starts_with("cannot push the blob sha256:e3b0"),
            "{denied}"
        );
        assert!(denied.ends_with("was not tried again, as the answer would be the same"));
        let later = |seconds| {
            let wait = Some(Duration::from_secs(seconds));
            told(Error::RateLimited {
                url: url(),
                limit: None,
                wait,
            })
        };
        let long =
            "it asks to wait 3600 s); this was not tried again, as that is longer than is waited";
        assert!(later(3600).ends_with(long), "{}", later(3600));
        assert!(later(1).ends_with("as often as the patience allows"));
        let gone = told(Error::Unreachable {
            url: url(),
            why: "the connection was closed".to_owned(),
        });
        assert!(gone.ends_with("as often as the patience allows"), "{gone}");
    }

    #[test]
    fn it_is_told_where_the_tag_stands() {
        let digest = Digest::sha256(b"");
        let error = PushError::Tag {
            tag: "v1".to_owned(),
            state: TagState::At(Some(digest)),
            error: Box::new(Error::Status {
                url: "u".to_owned(),
                status: 507,
                why: String::new(),
            }),
        };
        assert!(
            error
                .to_string()
                .contains("507; the tag stands at sha256:e3b0"),
            "{error}"
        );
    }
}
