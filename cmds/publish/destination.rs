//! Where an image may be published to: by its name, and by where registries.conf sends that.

use hpcctl_registry::{Client, Name};

use crate::failure::{Failure, chain};
use crate::trust::Trust;

/// Where something may be published: a decision is about the place where the bytes go, and a tag that
/// holds what is attached to another image is none of its own.
pub fn destination(text: &str, trust: Trust) -> Result<Name, Failure> {
    let name = named(text)?;
    if let Some(digest) = &name.digest {
        let message = format!(
            "cannot publish to {digest}: an image has the digest that it has, and a tag is moved"
        );
        return Err(Failure::usage(message).hint("name a tag, or none: HOST/NAME[:TAG]"));
    }
    if let Some(tag) = name.tag.as_deref().filter(|tag| is_of_referrers(tag)) {
        let message = format!(
            "cannot publish to the tag {tag}: what is attached to another image, such as its signatures, is kept under such tags"
        );
        return Err(Failure::usage(message).hint("choose another tag"));
    }
    let elsewhere = Client::new(trust.settings()?).sent_elsewhere(&name);
    let elsewhere = elsewhere.map_err(|error| {
        let message = format!("cannot use {text}: {}", chain(&error));
        match error.is_configuration() {
            true => Failure::configuration(message),
            false => Failure::unreachable(message),
        }
    })?;
    match elsewhere {
        None => Ok(name),
        Some(place) => {
            let asked = name_alone(&name);
            let message =
                format!("cannot decide about {asked}: registries.conf sends it to {place}");
            Err(Failure::configuration(message).hint(format!("name that place: {place}")))
        }
    }
}

/// Whether a tag is one of those under which registries without the API keep what is attached to an
/// image (the referrers tag schema of the OCI distribution specification 1.1), or cosign its signatures.
fn is_of_referrers(tag: &str) -> bool {
    let hex = |text: &str| {
        let digits = text.bytes().take_while(u8::is_ascii_hexdigit).count();
        digits >= 32 && matches!(text.as_bytes().get(digits), None | Some(b'.'))
    };
    let digest = ["sha256-", "sha384-", "sha512-"];
    digest
        .iter()
        .any(|algorithm| tag.strip_prefix(algorithm).is_some_and(hex))
}

/// `HOST/NAME[:TAG]`, with or without its transport.
pub fn named(text: &str) -> Result<Name, Failure> {
    let name = text.strip_prefix("docker://").unwrap_or(text);
    let name: Name = name
        .parse()
        .map_err(|error| Failure::usage(chain(&error)))?;
    if name.registry.is_none() {
        return Err(
            Failure::usage(format!("{text} names no registry")).hint(format!(
                "name it in full, such as registry.example.org/{text}"
            )),
        );
    }
    Ok(name)
}

/// `HOST/NAME`.
pub fn name_alone(name: &Name) -> String {
    format!(
        "{}/{}",
        name.registry.as_deref().unwrap_or_default(),
        name.repository
    )
}
