//! What a decision is made about.

use std::collections::HashMap;

use hpcctl_model::Unknown;
use hpcctl_model::scan::{Layer, Scan};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::evidence::Evidence;
use crate::policy::Policy;

/// What a decision is made about: nothing else counts.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// What was found in the image.
    pub scan: &'a Scan,
    /// What could not be read.
    pub unknowns: &'a [Unknown],
    /// `HOST/NAME`, where it is known.
    pub destination: Option<&'a str>,
    /// Other results of the same image.
    pub results: &'a [Evidence],
    /// The time that waivers, decisions and ages are reckoned by.
    pub now: Timestamp,
}

/// A case under one policy.
pub(crate) struct Context<'a> {
    pub(crate) case: Case<'a>,
    pub(crate) policy: &'a Policy,
    /// The class of the destination.
    pub(crate) class: &'a str,
    pub(crate) today: Date,
    layers: HashMap<&'a str, &'a Layer>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(case: Case<'a>, policy: &'a Policy) -> Self {
        let layers = case.scan.image.layers.iter();
        let layers = layers.filter_map(|layer| Some((layer.digest.as_deref()?, layer)));
        Self {
            case,
            policy,
            class: policy.class(case.destination),
            today: TimeZone::UTC.to_datetime(case.now).date(),
            layers: layers.collect(),
        }
    }

    /// The instruction that made a layer.
    pub(crate) fn created_by(&self, layer: Option<&str>) -> Option<&'a str> {
        self.layers.get(layer?)?.created_by.as_deref()
    }
}
