//! `crun`: `crun run` of a bundle, crun(8).

use super::Row;
use crate::bundle;

/// The row.
pub static EXECUTOR: Row = Row {
    name: "crun",
    networks: &["host", "none"],
    tried: true,
    apart: false,
    open: |site| bundle::open(site, "crun"),
};
