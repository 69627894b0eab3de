//! CycloneDX in JSON.

use super::cyclonedx;
use crate::Limits;
use crate::sbom::Bill;

/// Reads a file.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Bill, String> {
    let bom = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    cyclonedx::bill(bom, limits)
}
