//! What goes with an image: the documents that are attached to it.

use hpcctl_model::Envelope;
use hpcctl_model::gate::Gate;
use hpcctl_model::scan::Scan;
use hpcctl_reports::{Kind, Options, Output, Report};

use crate::failure::{Failure, chain};

/// A document.
pub struct Document {
    /// What it is called.
    pub title: &'static str,
    /// Its media type, which is the type of its artifact, too.
    pub media_type: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The documents of a scan: the format, what it is called, and its media type.
const OF_SCAN: [(&str, &str, &str); 3] = [
    (
        "cyclonedx-json",
        "sbom.cdx.json",
        "application/vnd.cyclonedx+json",
    ),
    ("notice", "NOTICE", "text/vnd.hpcctl.notice"),
    ("source-index", "sources.tsv", "text/vnd.hpcctl.sources"),
];

/// What the decision is called, and its media type.
const DECISION: (&str, &str) = ("decision.json", "application/vnd.hpcctl.gate.v1+json");

/// The documents that go with an image.
pub fn documents(scan: &Envelope<Scan>, gate: &Envelope<Gate>) -> Result<Vec<Document>, Failure> {
    let of_scan = OF_SCAN.iter().map(|(format, title, media_type)| {
        let bytes = written(&Report::Scan(scan), format, Kind::Scan)?;
        Ok(Document {
            title,
            media_type,
            bytes,
        })
    });
    let mut documents = of_scan.collect::<Result<Vec<_>, Failure>>()?;
    let (title, media_type) = DECISION;
    documents.push(Document {
        title,
        media_type,
        bytes: written(&Report::Gate(gate), "json", Kind::Gate)?,
    });
    Ok(documents)
}

fn written(report: &Report<'_>, format: &str, kind: Kind) -> Result<Vec<u8>, Failure> {
    let fault = |error: &dyn std::error::Error| Failure::fault(chain(error));
    let output = Output::parse(format, kind).map_err(|error| fault(&error))?;
    let options = Options {
        verbose: true,
        width: 100,
        color: false,
    };
    let mut bytes = Vec::new();
    let write = output.format.write;
    write(report, None, &options, &mut bytes).map_err(|error| fault(&error))?;
    Ok(bytes)
}
