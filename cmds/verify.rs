//! `hpcctl verify`: does what is published match a good decision.

use std::io::Read;
use std::path::PathBuf;

use clap::Args;
use hpcctl_gate::attest::{Bundle, PublicKey, Statement, verify};
use hpcctl_gate::log::Head;
use hpcctl_image::{Exactly, Reference, exact};
use hpcctl_model::gate::Outcome;
use hpcctl_model::publish::{Attached, Attested, Verify as Verified};
use hpcctl_registry::{Client, Descriptor, Digest, Repository, Source};
use hpcctl_reports::{Kind, Report};
use jiff::Timestamp;
use serde_json::Value;

use crate::emit;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::publish::{key, name_alone, named};
use crate::scan;
use crate::trust::Trust;
use crate::ui::Ui;

/// No manifest or bundle is larger; no document.
const SMALL: u64 = 16 << 20;
const DOCUMENT: u64 = 1 << 30;

/// Bytes that are read at a time.
const BUFFER: usize = 64 * 1024;

/// Verify that what is published matches a good decision.
///
/// Resolves the name to a digest, reads every byte of the image and of what is attached to it, and
/// looks for a statement on this digest that the key signed, whose decision was to publish, and
/// whose documents are there as they were.
///
/// What is verified is the digest that the name leads to now. A tag that was moved back to an older
/// image, or to another one of the same name, verifies if that one has a good decision of its own:
/// the time of the decision is printed, and REF with a digest leaves no room.
///
/// Read are Sigstore bundles that are attached as referrers, as hpcctl publish writes them, with or
/// without the registry's API. Signatures under a tag such as sha256-….sig, as cosign before 3 and
/// skopeo write them, and those of GPG are not read; where nothing else is there, that is told.
#[derive(Debug, Args)]
#[command(after_long_help = "\
EXAMPLES
  hpcctl verify registry.example.org/lab/image:v1 --key site.pub
  hpcctl verify registry.example.org/lab/image@sha256:… --key site.pub -o json

EXIT STATUS
  0 it matches, 1 it does not, 4 the key is not valid, 5 the registry cannot be reached or the
  image is not there.")]
pub struct Verify {
    /// The image
    #[arg(value_name = "HOST/NAME[:TAG|@DIGEST]")]
    reference: String,
    /// The public key, or the private one, whose public half is used
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Where the decision must have let it go, for a copy of what was published there [default:
    /// where REF is]
    #[arg(long, value_name = "HOST/NAME")]
    decided_for: Option<String>,
    #[command(flatten)]
    trust: Trust,
    #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Verify))]
    output: Vec<String>,
}

impl Verify {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        let outputs = emit::outputs(&self.output, Kind::Verify)?;
        let name = named(&self.reference)?;
        let key = key(&self.key, PublicKey::from_pem)?;
        let begun = Timestamp::now();
        let found = Client::new(self.trust.settings()?)
            .find(&name, SMALL)
            .map_err(|error| unreachable(&self.reference, &error))?;
        let digest = found.manifest.digest.clone();
        let mut problems = self.image(&name, &digest)?;
        let (referrers, _) = found
            .repository
            .referrers(&digest)
            .map_err(|error| unreachable(&self.reference, &error))?;
        let of_us =
            |referrer: &&Descriptor| referrer.artifact_type.as_deref() == Some(Bundle::MEDIA_TYPE);
        let decisions: Vec<Attested> = referrers
            .iter()
            .filter(of_us)
            .map(|referrer| attested(&found.repository, referrer, &digest, &key, &referrers))
            .collect();
        problems.extend(self.decided(&name_alone(&name), &decisions));
        if decisions.is_empty() {
            problems.extend(unread(&found.repository, &digest));
        }
        let result = Verified {
            reference: self.reference.clone(),
            digest: digest.to_string(),
            verified: problems.is_empty(),
            decisions,
            problems,
        };
        let exit = if result.verified {
            Exit::Clean
        } else {
            Exit::Findings
        };
        let report = emit::envelope("verify", begun, result, Vec::new());
        emit::write(&Report::Verify(&report), &outputs, ui)?;
        Ok(exit)
    }

    /// What is wrong with the decisions, where the image is at `place`.
    fn decided(&self, place: &str, decisions: &[Attested]) -> Vec<String> {
        let signed = decisions
            .iter()
            .filter(|decision| decision.outcome.is_some());
        let place = self.decided_for.as_deref().unwrap_or(place);
        let is_here = |decision: &&Attested| decision.destination.as_deref() == Some(place);
        let (here, elsewhere): (Vec<&Attested>, Vec<&Attested>) = signed.partition(is_here);
        // The newest of those that the key signed counts: an older leave may have been taken back.
        let newest = here.into_iter().max_by_key(|decision| {
            let now = decision.now.as_deref();
            now.and_then(|now| now.parse::<Timestamp>().ok())
        });
        match (newest, elsewhere.first()) {
            (None, None) => vec!["No decision about this digest is signed by the key.".to_owned()],
            (None, Some(decision)) => {
                let about = decision.destination.as_deref().unwrap_or("no destination");
                vec![format!(
                    "The decision that the key signed is about {about}, not about {place}; where this is a copy of what was published there, say --decided-for {about}."
                )]
            }
            (Some(newest), _) => {
                let refused = newest.outcome != Some(Outcome::Allow);
                let refused = refused.then(|| "The newest decision was not to publish.".to_owned());
                refused
                    .into_iter()
                    .chain(newest.problems.iter().cloned())
                    .collect()
            }
        }
    }

    /// Reads every byte of the image, and tells which are not what their digests say.
    fn image(&self, name: &hpcctl_registry::Name, digest: &Digest) -> Result<Vec<String>, Failure> {
        let mut name = name.clone();
        (name.digest, name.tag) = (Some(digest.clone()), None);
        let reference: Reference = scan::parsed(&format!("docker://{name}"))?;
        let how = Exactly {
            digest: Some(digest),
            insecure: self.trust.is_blind(),
            ..Exactly::default()
        };
        let source = exact(&reference, &how).map_err(|error| scan::failure(&reference, &error))?;
        let mut problems = Vec::new();
        read_all(&*source, &source.root().bytes, &mut problems, 0);
        Ok(problems)
    }
}

/// That there is a signature of a form that is not read.
fn unread(repository: &Repository, digest: &Digest) -> Option<String> {
    let tag = format!("{}-{}.sig", digest.algorithm(), digest.hex());
    repository.manifest(&tag, SMALL).ok()?;
    Some(format!(
        "There is a signature under the tag {tag}, as cosign before 3 writes it: it is not read, and says nothing of a decision."
    ))
}

fn unreachable(reference: &str, error: &hpcctl_registry::Error) -> Failure {
    let failure = Failure::unreachable(format!("cannot verify {reference}: {}", chain(error)));
    match error.advice() {
        Some(advice) => failure.hint(advice),
        None => failure,
    }
}

/// Reads what a manifest names: blobs, and of an index its manifests and their blobs.
fn read_all(source: &dyn Source, manifest: &[u8], problems: &mut Vec<String>, depth: usize) {
    let Ok(manifest) = serde_json::from_slice::<Value>(manifest) else {
        problems.push("A manifest is no JSON.".to_owned());
        return;
    };
    let entries = |field: &str| manifest[field].as_array().cloned().unwrap_or_default();
    let named = |entry: &Value| {
        let digest: Option<Digest> = entry["digest"].as_str()?.parse().ok();
        Some((digest?, entry["size"].as_u64()?))
    };
    for (digest, _) in entries("manifests").iter().filter_map(named) {
        match source.manifest(&digest, SMALL) {
            Ok(bytes) if digest.same_kind(&bytes) == digest && depth < 4 => {
                read_all(source, &bytes, problems, depth + 1);
            }
            Ok(_) => problems.push(format!("The manifest {digest} has other bytes.")),
            Err(error) => problems.push(format!("The manifest {digest} cannot be read: {error}.")),
        }
    }
    let config = manifest.get("config").cloned().into_iter();
    for (digest, size) in config
        .chain(entries("layers"))
        .filter_map(|entry| named(&entry))
    {
        if let Err(why) = read_blob(source, &digest, size) {
            problems.push(format!("The blob {digest} {why}."));
        }
    }
}

fn read_blob(source: &dyn Source, digest: &Digest, size: u64) -> Result<(), String> {
    let unreadable = |why: String| format!("cannot be read: {why}");
    let mut blob = source
        .blob(digest, size, 0)
        .map_err(|error| unreadable(error.to_string()))?;
    let mut hasher = digest.hasher();
    let mut buffer = vec![0; BUFFER];
    loop {
        match blob
            .read(&mut buffer)
            .map_err(|error| unreadable(error.to_string()))?
        {
            0 => break,
            len => hasher.add(&buffer[..len]),
        }
    }
    match hasher.digest() == *digest {
        true => Ok(()),
        false => Err("has other bytes".to_owned()),
    }
}

/// Reads a statement, and what it names.
fn attested(
    repository: &Repository,
    referrer: &Descriptor,
    digest: &Digest,
    key: &PublicKey,
    listed: &[Descriptor],
) -> Attested {
    let mut attested = Attested {
        manifest: referrer.digest.to_string(),
        outcome: None,
        destination: None,
        now: None,
        waivers: Vec::new(),
        record: None,
        notes: Vec::new(),
        problems: Vec::new(),
    };
    let statement = match statement(repository, &referrer.digest, digest, key) {
        Ok(statement) => statement,
        Err(why) => {
            attested.problems.push(why);
            return attested;
        }
    };
    let predicate = &statement.predicate;
    let text = |pointer: &str| {
        predicate
            .pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    attested.outcome = serde_json::from_value(predicate["outcome"].clone()).ok();
    attested.destination = text("/destination/name");
    attested.now = text("/now");
    attested.waivers = serde_json::from_value(predicate["waivers"].clone()).unwrap_or_default();
    let record: Option<Head> = serde_json::from_value(predicate["log"].clone()).ok();
    attested.record = record.map(|Head { records, sha256 }| format!("{records}:{sha256}"));
    match serde_json::from_value::<Vec<Attached>>(predicate["documents"].clone()) {
        Ok(documents) => {
            let problems = documents.iter().filter_map(|document| {
                let wrong = document_is(repository, document).err()?;
                Some(format!("{} {wrong}.", document.title))
            });
            attested.problems.extend(problems);
            let unlisted = documents.iter().filter(|document| {
                let mut listed = listed.iter();
                !listed.any(|one| one.digest.to_string() == document.manifest)
            });
            attested.notes.extend(unlisted.map(|document| {
                let title = &document.title;
                format!(
                    "{title} is there, but not listed with what is attached: others do not find it."
                )
            }));
        }
        Err(_) => attested
            .problems
            .push("The statement names no documents.".to_owned()),
    }
    attested
}

fn statement(
    repository: &Repository,
    manifest: &Digest,
    digest: &Digest,
    key: &PublicKey,
) -> Result<Statement, String> {
    let bytes = content(repository, manifest)?;
    let bundle: Bundle =
        serde_json::from_slice(&bytes).map_err(|error| format!("It is no bundle: {error}."))?;
    let statement =
        verify(&bundle, key).map_err(|error| format!("It does not verify: {error}."))?;
    match statement.is_about(&digest.to_string()) {
        true => Ok(statement),
        false => Err("The statement is about another image.".to_owned()),
    }
}

fn document_is(repository: &Repository, document: &Attached) -> Result<(), String> {
    let manifest: Digest = document
        .manifest
        .parse()
        .map_err(|()| "has no digest".to_owned())?;
    let bytes = content(repository, &manifest)?;
    match Digest::sha256(&bytes).to_string() == document.digest {
        true => Ok(()),
        false => Err("is not as it was".to_owned()),
    }
}

/// The one document of an artifact.
fn content(repository: &Repository, manifest: &Digest) -> Result<Vec<u8>, String> {
    let unreadable = |error: &hpcctl_registry::Error| format!("cannot be read: {}", chain(error));
    let artifact = repository
        .manifest(&manifest.to_string(), SMALL)
        .map_err(|error| unreadable(&error))?;
    let artifact: Value =
        serde_json::from_slice(&artifact.bytes).map_err(|error| error.to_string())?;
    let digest = artifact.pointer("/layers/0/digest").and_then(Value::as_str);
    let digest: Option<Digest> = digest.and_then(|digest| digest.parse().ok());
    let digest = digest.ok_or_else(|| "is no artifact with a document".to_owned())?;
    repository
        .document(&digest, DOCUMENT)
        .map_err(|error| unreadable(&error))
}
