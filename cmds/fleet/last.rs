//! The last merge, in the state directory: what `fleet match` goes by.

use std::io;
use std::path::{Path, PathBuf};

use hpcctl_model::Envelope;
use hpcctl_model::fleet::Fleet;
use hpcctl_reports::history::json_error;

use crate::bounded;
use crate::failure::{Failure, chain};
use crate::state::{self, Kept};
use crate::ui::Ui;

/// The largest report that is read.
const MOST: u64 = 256 << 20;

/// The schema of a report of many nodes.
const SCHEMA: &str = "hpcctl.fleet/1";

/// Keeps a report; where that cannot be, the report is what counts.
pub fn keep(report: &Envelope<Fleet>, kept: &Kept, ui: &Ui) {
    // What no node answered says nothing that the last merge did not.
    if report.result.groups.is_empty() {
        return;
    }
    let Ok(directory) = kept.directory() else {
        ui.warn("not kept for fleet match: there is no state directory (--state DIR names one)");
        return;
    };
    let path = below(&directory);
    let bytes = serde_json::to_vec(report).map_err(io::Error::other);
    if let Err(error) = bytes.and_then(|bytes| state::write(&path, &bytes)) {
        let path = path.display();
        ui.warn(&format!("not kept for fleet match: {path}: {error}"));
    }
}

/// Reads the last merge, or a report that was named.
pub fn read(named: Option<&Path>, kept: &Kept) -> Result<Fleet, Failure> {
    let path = match named {
        Some(path) => path.to_path_buf(),
        None => below(&kept.directory()?),
    };
    let name = path.display();
    let hint = "hpcctl fleet run and fleet merge keep one; --from FILE names another";
    let failed = |why: String| {
        Failure::unreachable(format!("cannot read the fleet {name}: {why}")).hint(hint)
    };
    let bytes = bounded::bytes(&path, MOST).map_err(|error| failed(chain(&error)))?;
    let report: Envelope<serde_json::Value> =
        serde_json::from_slice(&bytes).map_err(|error| failed(json_error(&error, bytes.len())))?;
    if report.schema != SCHEMA {
        return Err(failed(format!("it is {:?}, not {SCHEMA}", report.schema)));
    }
    serde_json::from_value(report.result).map_err(|error| failed(error.to_string()))
}

fn below(directory: &Path) -> PathBuf {
    directory.join("fleet.json")
}
