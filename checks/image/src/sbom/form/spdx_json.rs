//! SPDX in JSON.

use super::spdx;
use crate::Limits;
use crate::sbom::Bill;

/// Reads a file.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Bill, String> {
    let document = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    spdx::bill(document, limits)
}
