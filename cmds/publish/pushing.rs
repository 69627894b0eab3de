//! The way of an image into a registry, in the only order that lets nothing out too early.

use hpcctl_gate::attest::{Bundle, SigningKey, Statement, sign};
use hpcctl_license_db::policy;
use hpcctl_model::publish::{Attached, Blobs, Published};
use hpcctl_registry::{
    self as registry, Arrival, Artifact, Before, Client, Digest, Name, Part, Progress, Push,
    PushError, ReadBack, Source,
};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::destination::name_alone;
use super::documents::{Document, documents};
use crate::decisions;
use crate::emit;
use crate::failure::{Failure, chain};
use crate::fault;
use crate::gate::Decided;
use crate::ui::Ui;

/// The annotation that names a document.
const TITLE: &str = "org.opencontainers.image.title";

/// What the statement is called.
const STATEMENT: &str = "statement.sigstore.json";

/// Pushes, reads back, attaches, and moves the tag; `moved` is told of that at once.
pub fn push(
    client: &Client,
    name: &Name,
    source: &dyn Source,
    key: &SigningKey,
    decided: &Decided,
    moved: impl FnOnce(&Published) -> Result<(), Failure>,
    ui: &Ui,
) -> Result<Published, Failure> {
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
    let to = name_alone(name);
    let (attached, held) = attached(&push, &read, &to, key, decided)?;
    let listed = || {
        let listed = push.confirm_attached(&held);
        listed.map_err(|error| failure(&error))
    };
    listed()?;
    fault::may_come("attached");
    if let Some(tag) = &name.tag {
        let moved = push.move_tag(&read, tag, &Before::At(before.clone()));
        moved.map_err(|error| failure(&error))?;
    }
    let published = Published {
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
    };
    // Whoever published the same at the same time may have written an older list meanwhile.
    let (noted, listed) = (moved(&published), listed());
    let done = noted.and(listed);
    done.map_err(|failure| failure.yet(&all_the_same(&published)))?;
    Ok(published)
}

/// That an image is published, where something went wrong afterwards.
pub fn all_the_same(published: &Published) -> String {
    let Published {
        name, tag, digest, ..
    } = published;
    match tag {
        Some(tag) => {
            format!("it is published all the same: the tag was moved, {name}:{tag} is {digest}")
        }
        None => format!("it is published all the same: {name}@{digest} is there"),
    }
}

/// Attaches the documents and the signed statement about them; answers what is told of them, and
/// what has to stay listed.
fn attached(
    push: &Push<'_>,
    read: &ReadBack,
    to: &str,
    key: &SigningKey,
    decided: &Decided,
) -> Result<(Vec<Attached>, Vec<registry::Attached>), Failure> {
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
    // Who gets the image goes by what this policy chose, and by what that asks for.
    let verdict = &mut scan.result.verdict;
    verdict.choices.clone_from(&gate.result.choices);
    verdict.obligations = policy::with_choices(&verdict.obligations, &verdict.choices);
    let (mut all, mut held) = (Vec::new(), Vec::new());
    let mut attach = |all: &mut Vec<Attached>, document: &Document| {
        let there = push.attach(read, &artifact(document));
        let there = there.map_err(|error| failure(&error))?;
        all.push(told(document, &there.manifest.digest));
        held.push(there);
        Ok(())
    };
    for document in &documents(&scan, &gate)? {
        attach(&mut all, document)?;
    }
    let statement = statement(to, read.digest(), decided, &all);
    attach(&mut all, &signed(&statement, key)?)?;
    Ok((all, held))
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
        "choices": decisions::choices(gate),
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
