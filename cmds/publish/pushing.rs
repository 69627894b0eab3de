//! The way of an image into a registry, in the only order that lets nothing out too early.

use hpcctl_gate::attest::{Bundle, SigningKey, Statement, sign};
use hpcctl_model::publish::{Attached, Blobs, Published};
use hpcctl_registry::{
    Arrival, Artifact, Before, Client, Digest, Name, Part, Progress, PushError, Source,
};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::destination::name_alone;
use super::documents::{Document, documents};
use crate::emit;
use crate::failure::{Failure, chain};
use crate::fault;
use crate::gate::Decided;
use crate::ui::Ui;

/// The annotation that names a document.
const TITLE: &str = "org.opencontainers.image.title";

/// What the statement is called.
const STATEMENT: &str = "statement.sigstore.json";

/// Pushes, reads back, attaches, and moves the tag.
pub fn push(
    client: &Client,
    name: &Name,
    source: &dyn Source,
    key: &SigningKey,
    decided: &Decided,
    ui: &Ui,
) -> Result<Published, Failure> {
    let to = name_alone(name);
    let push = client.push(name, source).map_err(|error| failure(&error))?;
    let before = match &name.tag {
        Some(tag) => push.tag(tag).map_err(|error| failure(&error))?,
        None => None,
    };
    let bar = Bar(ui.progress("pushing"));
    let blobs = push.blobs(&bar);
    bar.0.finish_and_clear();
    let blobs = blobs.map_err(|error| failure(&error))?;
    push.manifest_by_digest().map_err(|error| failure(&error))?;
    let read = push.read_back().map_err(|error| failure(&error))?;
    // What is published says where it is, not where it was made.
    let published = format!("docker://{to}@{}", read.digest());
    let mut gate = emit::envelope(
        "gate",
        decided.begun,
        decided.gate.clone(),
        decided.scan.unknowns.clone(),
    );
    gate.result.subject.reference.clone_from(&published);
    let mut scan = decided.scan.clone();
    scan.result.image.reference = published;
    let documents = documents(&scan, &gate)?;
    let mut held = Vec::new();
    let mut attached = Vec::new();
    for document in &documents {
        let there = push
            .attach(&read, &artifact(document))
            .map_err(|error| failure(&error))?;
        attached.push(told(document, &there.manifest.digest));
        held.push(there);
    }
    let statement = statement(&to, read.digest(), decided, &attached);
    let bundle = signed(&statement, key)?;
    let there = push
        .attach(&read, &artifact(&bundle))
        .map_err(|error| failure(&error))?;
    attached.push(told(&bundle, &there.manifest.digest));
    held.push(there);
    push.confirm_attached(&held)
        .map_err(|error| failure(&error))?;
    fault::may_come("attached");
    if let Some(tag) = &name.tag {
        let moved = push.move_tag(&read, tag, &Before::At(before.clone()));
        moved.map_err(|error| failure(&error))?;
    }
    Ok(Published {
        name: to,
        tag: name.tag.clone(),
        digest: read.digest().to_string(),
        before: before.map(|digest| digest.to_string()),
        blobs: Blobs {
            there: blobs.there,
            mounted: blobs.mounted,
            sent: blobs.sent,
            bytes: blobs.bytes,
        },
        attached,
        signed_by: key.public().id(),
    })
}

/// What is said of the image: the decision, by what it was made, and the documents beside it.
fn statement(name: &str, digest: &Digest, decided: &Decided, attached: &[Attached]) -> Statement {
    let gate = &decided.gate;
    let waivers: Vec<&String> = gate
        .decision
        .rules
        .iter()
        .flat_map(|rule| &rule.waived_by)
        .collect();
    let rules: Vec<Value> = gate
        .decision
        .rules
        .iter()
        .map(|rule| json!({"id": rule.id, "outcome": rule.outcome.as_str(), "waived_by": rule.waived_by}))
        .collect();
    let predicate = json!({
        "outcome": gate.decision.outcome,
        "destination": gate.destination,
        "now": gate.now,
        "policies": gate.policies,
        "rules": rules,
        "waivers": waivers,
        "tool": {"name": "hpcctl", "version": env!("CARGO_PKG_VERSION")},
        "documents": attached,
        // What the log of decisions holds, where nobody can change it.
        "log": decided.logged,
    });
    Statement::decision(name, &digest.to_string(), predicate)
}

fn signed(statement: &Statement, key: &SigningKey) -> Result<Document, Failure> {
    let bundle = sign(statement, key).map_err(|error| Failure::fault(chain(&error)))?;
    Ok(Document {
        title: STATEMENT,
        media_type: Bundle::MEDIA_TYPE,
        bytes: serde_json::to_vec(&bundle).map_err(|error| Failure::fault(error.to_string()))?,
    })
}

fn artifact(document: &Document) -> Artifact {
    let title = (TITLE.to_owned(), document.title.to_owned());
    Artifact {
        artifact_type: document.media_type.to_owned(),
        parts: vec![Part {
            media_type: document.media_type.to_owned(),
            bytes: document.bytes.clone(),
            annotations: [title].into(),
        }],
        annotations: Default::default(),
    }
}

fn told(document: &Document, manifest: &Digest) -> Attached {
    Attached {
        title: document.title.to_owned(),
        media_type: document.media_type.to_owned(),
        digest: Digest::sha256(&document.bytes).to_string(),
        manifest: manifest.to_string(),
    }
}

fn failure(error: &PushError) -> Failure {
    let message = error.to_string();
    let failure = if error.is_configuration() {
        Failure::configuration(message)
    } else {
        Failure::unreachable(message)
    };
    match error.advice() {
        Some(advice) => failure.hint(advice),
        None => failure,
    }
}

/// Shows how far a push has come.
struct Bar(ProgressBar);

impl Progress for Bar {
    fn total(&self, blobs: usize, bytes: u64) {
        self.0.set_length(bytes);
        self.0.set_message(format!("pushing {blobs} blobs"));
    }

    fn sent(&self, _blob: &Digest, _bytes: u64) {}

    fn arrived(&self, _blob: &Digest, bytes: u64, _arrival: Arrival) {
        self.0.inc(bytes);
    }
}
