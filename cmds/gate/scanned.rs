//! What was found in an image: from the report of an earlier scan of the same digest, where the
//! layers still have their bytes, else by scanning it.
//!
//! A report that is kept counts only as a record of the log of decisions has it, and that only where the
//! whole log is as it was written: whoever changes one has to write the log anew, with its head.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hpcctl_image::Options;
use hpcctl_model::Envelope;
use hpcctl_model::scan::{Scan, Sensitive};
use hpcctl_registry::Digest;
use jiff::Timestamp;

use super::Judged;
use crate::bounded;
use crate::emit;
use crate::failure::Failure;
use crate::scan;
use crate::state;
use crate::trust::Trust;
use crate::ui::Ui;

/// No report is larger.
const LIMIT: u64 = 1 << 30;

/// The report of a scan of the image, and the digest of what is kept of it. Of what was kept before,
/// only what has one of the digests in `logged` counts.
pub fn scanned(
    judged: &Judged,
    trust: Trust,
    logged: &BTreeSet<String>,
    ui: &Ui,
) -> Result<(Envelope<Scan>, Option<String>), Failure> {
    let reference = scan::parsed(&judged.reference)?;
    let options = Options {
        insecure: trust.is_blind(),
        platform: judged.platform.clone(),
        ..Options::default()
    };
    let directory = state::directory(judged.state.as_deref())?;
    let resolved = hpcctl_image::resolve(&reference, &options);
    let resolved = resolved.map_err(|error| scan::failure(&reference, &error))?;
    let kept = path(resolved.digest.as_deref(), &directory);
    let known = kept.as_deref().filter(|_| !judged.rescan);
    let known = known.and_then(|path| known_as(path, logged));
    // The digest is that of the manifest: the layers may be damaged since.
    let is_intact = || {
        let intact = hpcctl_image::is_intact(&reference, &options);
        intact.map_err(|error| scan::failure(&reference, &error))
    };
    if let Some((known, sha256)) = known
        && is_intact()?
    {
        let known = Envelope {
            result: Scan {
                image: hpcctl_model::scan::Image {
                    // The same bytes, but perhaps asked for by another name.
                    reference: reference.to_string(),
                    other_platforms: resolved.other_platforms,
                    ..known.result.image
                },
                ..known.result
            },
            ..known
        };
        return Ok((known, Some(sha256)));
    }
    let begun = Timestamp::now();
    let scanned = scan::carried_out(&reference, &options, ui)?;
    let report = emit::envelope("scan", begun, scanned.scan, scanned.unknowns);
    // What is not whole would have to be read again. The digest is that of the documents of the
    // image: a bill of materials only claims to be about one.
    let path = kept.filter(|_| report.result.image.digest == resolved.digest);
    let of_index = |found: &Sensitive| found.path.starts_with("index:");
    let is_of_digest = !report.result.sensitive.iter().any(of_index);
    let path = path.filter(|_| report.result.is_whole() && is_of_digest);
    let sha256 = path.and_then(|path| keep(&path, &report, ui));
    Ok((report, sha256))
}

/// Where the report of an image of this digest would be kept.
fn path(digest: Option<&str>, directory: &Path) -> Option<PathBuf> {
    let hex = digest?.strip_prefix("sha256:")?;
    let is_digest = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then(|| directory.join("scans").join(format!("sha256-{hex}.json")))
}

/// A report that is there as it was logged, whole, and from this very version of hpcctl; with its
/// digest.
fn known_as(path: &Path, logged: &BTreeSet<String>) -> Option<(Envelope<Scan>, String)> {
    let bytes = bounded::bytes(path, LIMIT).ok()?;
    let sha256 = Digest::sha256(&bytes).to_string();
    if !logged.contains(&sha256) {
        return None;
    }
    let report: Envelope<Scan> = serde_json::from_slice(&bytes).ok()?;
    let hex = path.file_stem()?.to_str()?.replacen('-', ":", 1);
    let is_of_us =
        report.schema == "hpcctl.scan/1" && report.tool.version == env!("CARGO_PKG_VERSION");
    let is_of_image = report.result.image.digest.as_deref() == Some(&hex);
    let is_whole = report.result.is_whole() && report.unknowns.is_empty();
    (is_of_us && is_of_image && is_whole).then_some((report, sha256))
}

/// Keeps a report, and answers its digest; where that cannot be done, the next gate scans again.
fn keep(path: &Path, report: &Envelope<Scan>, ui: &Ui) -> Option<String> {
    let bytes = serde_json::to_vec(report).map_err(|error| error.to_string());
    let written = bytes.and_then(|bytes| {
        state::write(path, &bytes).map_err(|error| error.to_string())?;
        Ok(Digest::sha256(&bytes).to_string())
    });
    let told = written.map_err(|why| {
        ui.warn(&format!(
            "cannot keep the scan at {}: {why}",
            path.display()
        ));
    });
    told.ok()
}
