//! A kernel module that serves programs by a device file of its own name.

use hpcctl_host::{Op, Trial};
use hpcctl_model::doctor::Cost;

use crate::finding::admin;
use crate::{Finding, Reading, Site, attribute};

/// The module.
pub(crate) struct Module {
    pub(crate) name: &'static str,
}

impl Module {
    fn node(&self) -> String {
        format!("/dev/{}", self.name)
    }

    /// Looks whether it is loaded, and opens its device where it is.
    pub(crate) fn read(&self, site: &Site<'_>) -> Reading {
        let reading = Reading::new().stat(site, &format!("/sys/module/{}", self.name));
        if !matches!(reading.stats.first(), Some((_, Ok(_)))) {
            return reading;
        }
        let trial = Trial::new().op(Op::Open {
            path: self.node(),
            write: true,
        });
        reading.trial(site, &trial)
    }

    /// Judges whether the caller can use it.
    pub(crate) fn judge(&self, reading: &Reading) -> Finding {
        let Some(tried) = reading.tried.first() else {
            return Finding::skipped("the module is not loaded").holding(false);
        };
        if let Some(finding) = attribute::unprepared(tried) {
            return finding;
        }
        let node = self.node();
        match tried.failed() {
            None => Finding::pass(format!("{node} can be opened")),
            Some(step) => Finding::warn(format!("the module is loaded, but {step}"))
                .holding(false)
                .step(admin(
                    Cost::AdminSysctl,
                    "let everybody open it",
                    &format!("chmod 0666 {node}"),
                )),
        }
    }
}
