//! `hpcctl publish`: gate an image, push exactly the gated bytes, attach what goes with it, read
//! back, and only then move the tag.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use clap::Args;
use hpcctl_gate::attest::{KeyError, SigningKey};
use hpcctl_image::{Exactly, Reference, exact};
use hpcctl_model::gate::Outcome;
use hpcctl_model::publish::Publish as Published;
use hpcctl_registry::{Client, Digest, Name};
use hpcctl_reports::{Kind, Report};
use serde_json::json;

use crate::bounded;
use crate::emit;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::gate::{Decided, Judged, decided, exit};
use crate::scan;
use crate::trust::Trust;
use crate::ui::Ui;

mod destination;
mod documents;
mod pushing;

pub use destination::{destination, name_alone, named};

/// No key is larger.
const KEY: u64 = 1 << 20;

/// Publish an image: exactly the bytes that were gated.
///
/// Resolves the image to a digest once, gates it, pushes the gated manifest and its blobs by
/// digest without writing anything anew, reads every byte back, also of what was there before,
/// attaches the bill of materials, the notices, the sources, the decision and a signed statement,
/// and moves the tag last of all. Until then nobody who pulls the tag sees anything of it. Pushes
/// are tried again where the registry is busy or a connection breaks, and go on where they stopped.
/// Of an image for several platforms one is gated and published, without the index above it.
#[derive(Debug, Args)]
#[command(after_long_help = "\
EXAMPLES
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out site.key
  openssl pkey -in site.key -pubout -out site.pub
  hpcctl publish oci:layout:v1 registry.example.org/lab/image:v1 --key site.key
  hpcctl verify registry.example.org/lab/image:v1 --key site.pub

KEYS
  ECDSA on P-256 or Ed25519, in PEM by PKCS #8. The statement is an in-toto statement in a DSSE
  envelope, as a Sigstore bundle.

EXIT STATUS
  0 it is published, 1 the decision was not to, 3 not everything could be looked at, 4 a policy or
  the key is not valid, 5 the image or the registry cannot be reached or used: the tag is where it
  was, unless the message says that it was moved, as where only the report cannot be written.")]
pub struct Publish {
    #[command(flatten)]
    judged: Judged,
    #[command(flatten)]
    trust: Trust,
    /// Where it goes; without a tag it is there by its digest alone
    #[arg(value_name = "HOST/NAME[:TAG]")]
    destination: String,
    /// The key that signs
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Publish))]
    output: Vec<String>,
}

impl Publish {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        let outputs = emit::outputs(&self.output, Kind::Publish)?;
        let name = destination(&self.destination, self.trust)?;
        let key = key(&self.key, SigningKey::from_pem)?;
        warn_of_readers(&self.key, ui);
        let to = name_alone(&name);
        let decided = decided("publish", &self.judged, self.trust, Some(&to), None, ui)?;
        let outcome = decided.gate.decision.outcome;
        let published = match outcome {
            Outcome::Allow => Some(self.publish(&name, &key, &decided, ui)?),
            _ => None,
        };
        let result = Published {
            gate: decided.gate,
            published,
        };
        let report = emit::envelope("publish", decided.begun, result, decided.scan.unknowns);
        let written = emit::write(&Report::Publish(&report), &outputs, ui);
        written.map_err(|failure| match &report.result.published {
            Some(published) => failure.yet(&pushing::all_the_same(published)),
            None => failure,
        })?;
        Ok(exit(outcome))
    }

    fn publish(
        &self,
        name: &Name,
        key: &SigningKey,
        decided: &Decided,
        ui: &Ui,
    ) -> Result<hpcctl_model::publish::Published, Failure> {
        let gated = decided
            .gate
            .subject
            .digest
            .as_deref()
            .and_then(|digest| digest.parse().ok());
        let gated: Digest = gated.ok_or_else(|| Failure::fault("what was gated has no digest"))?;
        let reference = pinned(&self.judged.reference, &gated)?;
        let how = Exactly {
            digest: Some(&gated),
            insecure: self.trust.is_blind(),
            ..Exactly::default()
        };
        let source = exact(&reference, &how).map_err(|error| scan::failure(&reference, &error))?;
        // Whatever the name stands for by now: these bytes and no others were gated.
        if source.root().digest != gated {
            let found = &source.root().digest;
            let message =
                format!("cannot publish {reference}: it is {found} now, and {gated} was gated");
            return Err(
                Failure::unreachable(message).hint("publish again, so that it is gated anew")
            );
        }
        let client = Client::new(self.trust.settings()?);
        let room = decided.log.room()?;
        let moved = |published: &hpcctl_model::publish::Published| {
            drop(room);
            decided.log.append(json!({
                "event": "published",
                "subject": {"digest": published.digest, "reference": decided.gate.subject.reference},
                "destination": {"name": published.name, "tag": published.tag},
                "before": published.before,
                "signed_by": published.signed_by,
                "outcome": "allow",
                "now": decided.gate.now,
            }))?;
            Ok(())
        };
        pushing::push(&client, name, &*source, key, decided, moved, ui)
    }
}

/// Reads a key in PEM.
pub fn key<K>(path: &Path, parse: fn(&str) -> Result<K, KeyError>) -> Result<K, Failure> {
    let name = path.display();
    let unusable =
        |why: String| Failure::configuration(format!("cannot use the key {name}: {why}"));
    let text = bounded::text(path, KEY).map_err(|error| unusable(error.to_string()))?;
    parse(&text).map_err(|error| unusable(chain(&error)))
}

/// Tells that others than its owner may read a key, and so sign as the owner does.
fn warn_of_readers(key: &Path, ui: &Ui) {
    let mode = fs::metadata(key).map_or(0, |file| file.mode() & 0o777);
    if mode & 0o077 != 0 {
        let name = key.display();
        ui.warn(&format!(
            "others may read the key {name} (mode {mode:o}), and sign with it: chmod 600 {name}"
        ));
    }
}

/// The reference to these very bytes: of a registry by the digest, since a tag may move.
fn pinned(reference: &str, digest: &Digest) -> Result<Reference, Failure> {
    let Some(name) = reference.strip_prefix("docker://") else {
        return scan::parsed(reference);
    };
    let mut name: Name = name
        .parse()
        .map_err(|error| Failure::usage(chain(&error)))?;
    name.digest = Some(digest.clone());
    name.tag = None;
    scan::parsed(&format!("docker://{name}"))
}
