//! What was found in an image: from the report of an earlier scan of the same digest, where the
//! layers still have their bytes, else by scanning it.

use std::path::{Path, PathBuf};

use hpcctl_image::Options;
use hpcctl_model::Envelope;
use hpcctl_model::scan::{Scan, Sensitive};
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

/// The report of a scan of the image.
pub fn scanned(judged: &Judged, trust: Trust, ui: &Ui) -> Result<Envelope<Scan>, Failure> {
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
    let known = kept.as_deref().filter(|_| !judged.rescan).and_then(known);
    // The digest is that of the manifest: the layers may be damaged since.
    let is_intact = || {
        let intact = hpcctl_image::is_intact(&reference, &options);
        intact.map_err(|error| scan::failure(&reference, &error))
    };
    if let Some(known) = known
        && is_intact()?
    {
        return Ok(Envelope {
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
        });
    }
    let begun = Timestamp::now();
    let scanned = scan::carried_out(&reference, &options, ui)?;
    let report = emit::envelope("scan", begun, scanned.scan, scanned.unknowns);
    // What is not whole would have to be read again. The digest is that of the documents of the
    // image: a bill of materials only claims to be about one.
    let path = kept.filter(|_| report.result.image.digest == resolved.digest);
    let of_index = |found: &Sensitive| found.path.starts_with("index:");
    let is_of_digest = !report.result.sensitive.iter().any(of_index);
    if let Some(path) = path.filter(|_| report.result.is_whole() && is_of_digest) {
        keep(&path, &report, ui);
    }
    Ok(report)
}

/// Where the report of an image of this digest would be kept.
fn path(digest: Option<&str>, directory: &Path) -> Option<PathBuf> {
    let hex = digest?.strip_prefix("sha256:")?;
    let is_digest = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then(|| directory.join("scans").join(format!("sha256-{hex}.json")))
}

/// A report that is there, whole, and from this very version of hpcctl.
fn known(path: &Path) -> Option<Envelope<Scan>> {
    let bytes = bounded::bytes(path, LIMIT).ok()?;
    let report: Envelope<Scan> = serde_json::from_slice(&bytes).ok()?;
    let hex = path.file_stem()?.to_str()?.replacen('-', ":", 1);
    let is_of_us =
        report.schema == "hpcctl.scan/1" && report.tool.version == env!("CARGO_PKG_VERSION");
    let is_of_image = report.result.image.digest.as_deref() == Some(&hex);
    let is_whole = report.result.is_whole() && report.unknowns.is_empty();
    (is_of_us && is_of_image && is_whole).then_some(report)
}

/// Keeps a report; where that cannot be done, the next gate scans again.
fn keep(path: &Path, report: &Envelope<Scan>, ui: &Ui) {
    let written = serde_json::to_vec(report)
        .map_err(|error| error.to_string())
        .and_then(|bytes| state::write(path, &bytes).map_err(|error| error.to_string()));
    if let Err(why) = written {
        ui.warn(&format!(
            "cannot keep the scan at {}: {why}",
            path.display()
        ));
    }
}
