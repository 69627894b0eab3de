//! Of choices of licences the branches that a policy chose: what is passed on under which licence has
//! to be known afterwards, also where nothing stood against it.

use std::collections::{BTreeMap, BTreeSet};

use hpcctl_license_db::expression;
use hpcctl_model::gate::Level;
use hpcctl_model::scan::Choice;

use crate::case::Context;
use crate::policy::Set;
use crate::{agreed, clarify};

/// Every choice in the licences that license.terms judges, by expression and branch.
pub(crate) fn made(context: &Context<'_>) -> Vec<Choice> {
    let scan = context.case.scan;
    let packages = scan.packages.iter().filter(|package| package.judged);
    let packages = packages.filter_map(|package| {
        let license = clarify::license(context, package)?;
        let decided = || agreed::on_package(context, package).level();
        let chosen = branch(context, license, decided)?;
        Some((license, chosen, package.purl.as_str()))
    });
    let files = scan.files.iter().filter(|file| file.judged);
    let files = files.filter_map(|file| {
        let license = file.licenses.as_deref()?;
        let decided = || agreed::on_file(context, &file.path).level();
        let chosen = branch(context, license, decided)?;
        Some((license, chosen, file.path.as_str()))
    });
    let mut made: BTreeMap<(&str, String), BTreeSet<&str>> = BTreeMap::new();
    for (license, chosen, subject) in packages.chain(files) {
        made.entry((license, chosen)).or_default().insert(subject);
    }
    let made = made.into_iter();
    made.map(|((license, chosen), subjects)| Choice {
        license: license.to_owned(),
        chosen,
        subjects: subjects.into_iter().map(str::to_owned).collect(),
    })
    .collect()
}

/// The branch that license.terms goes by; none where there is nothing to choose.
fn branch(
    context: &Context<'_>,
    license: &str,
    decided: impl FnOnce() -> Option<Set<Level>>,
) -> Option<String> {
    // Most licences are no choice, and cost no more than this.
    license.contains("OR").then_some(())?;
    let whole = expression::parse(license)?.to_string();
    let decided = decided();
    let read = context
        .policy
        .weigh(context.class, Some(license), decided.as_ref())?;
    let chosen = read.chosen.filter(|chosen| *chosen != whole)?;
    // What was chosen may stand there besides.
    expression::parse(&chosen).map(|node| node.to_string())
}
