//! `runc`: `runc run` of a bundle, runc(8).

use super::Row;
use crate::bundle;

/// The row.
pub static EXECUTOR: Row = Row {
    name: "runc",
    networks: &["host", "none"],
    tried: true,
    apart: false,
    open: |site| bundle::open(site, "runc"),
};
