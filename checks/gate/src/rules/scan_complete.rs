//! `scan.complete`: whether everything in the image was looked at.

use super::{Raised, Rule};
use crate::case::Context;

pub(super) static RULE: Rule = Rule {
    id: "scan.complete",
    title: "everything was looked at",
    manual: "\
What could not be read may be what refuses: a layer that is cut short, a database that is broken,
a file that was left out because --exclude said so. Such a scan is incomplete, and an incomplete
scan is never allowed: no policy can lower this rule and no waiver covers it.

Judged by the unknowns of the scan, what it left out, and whether it found any package at all.

Repair the image or give the rights that reading it takes, and scan again.",
    fixed: true,
    look,
    clean: |_| "everything in the image was read".into(),
};

fn look(context: &Context<'_>) -> Vec<Raised> {
    let scan = context.case.scan;
    let mut raised: Vec<Raised> = Vec::new();
    for unknown in context.case.unknowns {
        raised.push(Raised {
            text: format!("{} could not be read: {}.", unknown.what, unknown.why),
            remedy: "Repair the image, or read it as somebody who may, and scan again.".into(),
            ..Raised::default()
        });
    }
    if !scan.complete && raised.is_empty() {
        raised.push(incomplete("The scan says that it is not complete."));
    }
    for path in &scan.left_out.paths {
        raised.push(incomplete(format!("{path} was left out of the scan.")));
    }
    for cataloger in &scan.left_out.catalogers {
        let text = format!("The cataloger {cataloger} was left out of the scan.");
        raised.push(incomplete(text));
    }
    for kind in &scan.left_out.types {
        let text = format!("Packages of the type {kind} were left out of the scan.");
        raised.push(incomplete(text));
    }
    if scan.packages.is_empty() && scan.unowned.is_empty() {
        raised.push(Raised {
            text: "Nothing that could be judged was found in the image: no package, and no file of nobody.".into(),
            remedy: "See that it is the image that was meant, and that its packages are of a kind that hpcctl scan catalogers names.".into(),
            ..Raised::default()
        });
    }
    raised
}

fn incomplete(text: impl Into<String>) -> Raised {
    Raised {
        text: text.into(),
        remedy: "Scan the whole image.".into(),
        ..Raised::default()
    }
}
