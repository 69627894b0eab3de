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
    let mut made: BTreeMap<(&str, String), BTreeSet<&str>> = BTreeMap::new();
    for package in scan.packages.iter().filter(|package| package.judged) {
        let Some(license) = clarify::license(context, package) else {
            continue;
        };
        let decided = agreed::on_package(context, package).level();
        if let Some(branch) = branch(context, license, decided.as_ref()) {
            let subjects = made.entry((license, branch)).or_default();
            subjects.insert(&package.purl);
        }
    }
    for file in scan.files.iter().filter(|file| file.judged) {
        let Some(license) = file.licenses.as_deref() else {
            continue;
        };
        let decided = agreed::on_file(context, &file.path).level();
        if let Some(branch) = branch(context, license, decided.as_ref()) {
            made.entry((license, branch))
                .or_default()
                .insert(&file.path);
        }
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
fn branch(context: &Context<'_>, license: &str, decided: Option<&Set<Level>>) -> Option<String> {
    // Most licences are no choice, and cost no more than this.
    license.contains("OR").then_some(())?;
    let whole = expression::parse(license)?.to_string();
    let read = context
        .policy
        .weigh(context.class, Some(license), decided)?;
    let chosen = read.chosen.filter(|chosen| *chosen != whole)?;
    // What was chosen may stand there besides.
    expression::parse(&chosen).map(|node| node.to_string())
}
