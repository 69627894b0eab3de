//! `content.vendor`: files whose holder restricts who may pass them on.

use std::borrow::Cow;

use hpcctl_model::gate::Level;
use hpcctl_model::scan::{Redistribution, Restricted};

use super::{Raised, Rule};
use crate::agreed;
use crate::case::Context;

pub(super) static RULE: Rule = Rule {
    id: "content.vendor",
    title: "files of vendors and their terms",
    manual: "\
Drivers, compilers, MPI libraries and applications of vendors come with terms of their own: some
files may be passed on, some on conditions, some never. A driver library in an image is a fault
twice over: it may not be passed on, and it does not fit the driver of another machine.

Judged file by file, by path, SONAME, build-id and package, against the table of redistribution
terms; [vendor] says what each state weighs, [[vendor.decision]] what the site has agreed with a
holder, until it lapses. A decision holds for the vendor's own licence of the package, too (see
license.terms).

Bind the host's own files at run time, remove what is not on the vendor's list, or record the
site's decision.",
    fixed: false,
    look,
    clean,
};

fn clean(context: &Context<'_>) -> Cow<'static, str> {
    let files = context.case.scan.restricted.iter();
    let visible = files.filter(|file| !file.deleted);
    match visible.count() {
        0 => "no file whose holder restricts passing it on".into(),
        // All of them, or they would be findings.
        1 => "1 file or tree of a vendor, which the policy allows".into(),
        count => format!("{count} files or trees of vendors, which the policy allows").into(),
    }
}

fn look(context: &Context<'_>) -> Vec<Raised> {
    let files = context
        .case
        .scan
        .restricted
        .iter()
        .filter(|file| !file.deleted);
    files.filter_map(|file| raised(context, file)).collect()
}

/// What a file of a vendor comes to; none where it may be passed on.
pub(super) fn raised(context: &Context<'_>, file: &Restricted) -> Option<Raised> {
    let vendor = &context.policy.vendor;
    let decided = agreed::on(context, &file.terms);
    let level = match (decided, file.state) {
        (Some(set), _) => Some(agreed::level(set)),
        (None, Redistribution::Yes) => return None,
        (None, Redistribution::Conditional) => vendor.conditional.clone(),
        (None, Redistribution::NeedsDecision) => vendor.needs_decision.clone(),
        (None, Redistribution::No) => vendor.no.clone(),
    };
    if level.as_ref().is_some_and(|set| set.value == Level::Allow) {
        return None;
    }
    let decision = decided.map_or(String::new(), agreed::said);
    Some(Raised {
        level,
        text: format!(
            "{} is {} (by {} {}): {} [{}]{decision}",
            file.path, file.terms, file.matched_by, file.detail, file.text, file.source
        ),
        layer: file.layer.clone(),
        path: Some(file.path.clone()),
        deleted: file.deleted,
        package: file.package.clone(),
        remedy: match file.state {
            _ if decided.is_some_and(|set| set.value.level == Level::Deny) => {
                "Leave it out of the image: that is what the site has decided.".into()
            }
            _ if decided.is_some() => "Keep to what the site has agreed with the holder.".into(),
            Redistribution::Yes | Redistribution::Conditional => {
                "Keep the file unmodified and pass on the vendor's terms with it.".into()
            }
            Redistribution::NeedsDecision => format!(
                "Have the site decide, and record it in the site's policy:\n[[vendor.decision]]\nterms = {:?}\nlevel = …\nowner = …\nreference = …\ndecided = …\nexpires = …",
                file.terms
            ),
            Redistribution::No => {
                "Leave it out of the image, and bind the host's own at run time.".into()
            }
        },
        ..Raised::default()
    })
}
