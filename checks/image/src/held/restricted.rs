//! Files of vendors, by the table of their terms. What is below one tree, or belongs to one
//! package, and is not named itself is told once, with the number of files.

use std::collections::BTreeMap;

use hpcctl_license_db::redistribution::{self, Finder, Found, MatchedBy, State, Subject};
use hpcctl_model::scan::{Redistribution, Restricted};

use super::{Item, Merged};
use crate::tree::{Entry, Mark, Member};

/// What the layer tells of a file that a row is for.
#[derive(Debug)]
pub(super) struct Named {
    soname: Option<String>,
    build_id: Option<String>,
    /// What the file holds, where that is what the row is for.
    member: Option<Member>,
}

impl Named {
    /// What the row is looked up for.
    fn subject<'a>(&'a self, path: &'a str) -> Subject<'a> {
        match &self.member {
            Some(member) => Subject {
                path: &member.path,
                soname: member.soname.as_deref(),
                ..Subject::default()
            },
            None => Subject {
                path,
                soname: self.soname.as_deref(),
                build_id: self.build_id.as_deref(),
                purl: None,
            },
        }
    }
}

/// What rows are for: the file, by its path, its SONAME or its build-id, and what it holds.
pub(super) fn named(finder: &mut Finder, entry: &Entry<'_>, marks: &[&Mark]) -> Vec<Named> {
    let soname = marks.iter().find_map(|mark| match mark {
        Mark::Soname(soname) => Some(soname.clone()),
        _ => None,
    });
    let build_id = marks.iter().find_map(|mark| match mark {
        Mark::BuildId(id) => Some(id.clone()),
        _ => None,
    });
    let members = marks.iter().filter_map(|mark| match mark {
        Mark::Holds(member) => Some(member.clone()),
        _ => None,
    });
    let held = members.map(|member| Named {
        soname: None,
        build_id: None,
        member: Some(member),
    });
    let file = Named {
        soname,
        build_id,
        member: None,
    };
    let mut is_restricted = |named: &Named| {
        let found = finder.terms_of(&named.subject(entry.path));
        found.iter().any(|found| found.terms.state != State::Yes)
    };
    let all = [file].into_iter().chain(held);
    all.filter(|named| is_restricted(named)).collect()
}

/// What makes several files one line of the report.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    layer: usize,
    terms: &'static str,
    /// The file, the tree or the package.
    of: String,
    deleted: bool,
}

/// The files of a line.
struct Files {
    found: Found,
    path: String,
    detail: String,
    /// The package that all of them belong to.
    package: Option<String>,
    count: u64,
}

/// What the report says.
pub(super) fn report(
    items: Vec<Item<Named>>,
    mut finder: Finder,
    merged: &Merged<'_>,
) -> Vec<Restricted> {
    let mut lines = BTreeMap::new();
    for item in &items {
        let id = merged.visible(item);
        if let Some(member) = &item.what.member {
            hold(&mut lines, item, member, &mut finder, id.is_none());
            continue;
        }
        let subject = Subject {
            purl: id.and_then(|id| merged.purl(id)),
            ..item.what.subject(&item.path)
        };
        let found = finder.terms_of(&subject);
        add(&mut lines, item.layer, &subject, found, id.is_none());
    }
    // What only the package tells; in the order of the tree, so that the first file is always
    // the same.
    let mut owned: Vec<_> = merged.purls.iter().collect();
    owned.sort_unstable_by_key(|(id, _)| **id);
    for (id, purl) in owned {
        if !finder.names_package(purl) {
            continue;
        }
        let path = merged.tree.path(*id);
        let subject = Subject {
            path: path.trim_start_matches('/'),
            purl: Some(purl),
            ..Subject::default()
        };
        let found = finder.terms_of(&subject).into_iter();
        let found = found
            .filter(|found| found.by == MatchedBy::Package)
            .collect();
        let layer = merged.tree.node(*id).layer as usize;
        add(&mut lines, layer, &subject, found, false);
    }
    let lines = lines.into_iter();
    lines
        .map(|(line, files)| told(line, files, merged))
        .collect()
}

fn add(
    lines: &mut BTreeMap<Line, Files>,
    layer: usize,
    subject: &Subject<'_>,
    found: Vec<Found>,
    deleted: bool,
) {
    for found in found {
        let terms = found.terms;
        if terms.state == State::Yes {
            continue;
        }
        let (of, path, detail) = match found.by {
            MatchedBy::Tree => {
                let top = redistribution::top_of(found.pattern, subject.path);
                (top, top, found.pattern)
            }
            MatchedBy::Package => {
                let purl = subject.purl.unwrap_or("");
                (purl, subject.path, purl)
            }
            MatchedBy::Soname => {
                let soname = subject.soname.unwrap_or("");
                (subject.path, subject.path, soname)
            }
            MatchedBy::Path | MatchedBy::BuildId => (subject.path, subject.path, found.pattern),
        };
        let line = Line {
            layer,
            terms: &terms.id,
            of: of.to_owned(),
            deleted,
        };
        let files = lines.entry(line).or_insert_with(|| Files {
            found,
            path: path.to_owned(),
            detail: detail.to_owned(),
            package: subject.purl.map(str::to_owned),
            count: 0,
        });
        if files.package.as_deref() != subject.purl {
            files.package = None;
        }
        files.count += 1;
    }
}

/// Adds what an archive holds: one line for each row.
fn hold(
    lines: &mut BTreeMap<Line, Files>,
    item: &Item<Named>,
    member: &Member,
    finder: &mut Finder,
    deleted: bool,
) {
    let found = finder.terms_of(&item.what.subject(&item.path));
    for found in found
        .into_iter()
        .filter(|found| found.terms.state != State::Yes)
    {
        let line = Line {
            layer: item.layer,
            terms: &found.terms.id,
            of: item.path.clone(),
            deleted,
        };
        let soname = member
            .soname
            .as_ref()
            .filter(|_| found.by == MatchedBy::Soname);
        let what = soname.unwrap_or(&member.path);
        let more = match member.count {
            0 | 1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        lines.entry(line).or_insert_with(|| Files {
            found,
            path: item.path.clone(),
            detail: format!("{what}{more} in this archive"),
            package: None,
            count: 0,
        });
    }
}

fn told(line: Line, files: Files, merged: &Merged<'_>) -> Restricted {
    let terms = files.found.terms;
    let is_many = matches!(files.found.by, MatchedBy::Tree | MatchedBy::Package);
    let detail = match files.count {
        // What an archive holds was counted.
        count if is_many && count > 0 => format!("{}, {count} files", files.detail),
        _ => files.detail,
    };
    Restricted {
        path: format!("/{}", files.path),
        layer: merged.layer(line.layer),
        terms: terms.id.clone(),
        state: state(terms.state),
        matched_by: files.found.by.as_str().to_owned(),
        detail,
        text: text(terms),
        source: format!("{}; {}", terms.source, terms.date),
        deleted: line.deleted,
        package: files.package,
    }
}

fn state(state: State) -> Redistribution {
    match state {
        State::Yes => Redistribution::Yes,
        State::Conditional => Redistribution::Conditional,
        State::NeedsDecision => Redistribution::NeedsDecision,
        State::No => Redistribution::No,
    }
}

/// Whose it is, on which conditions it may be passed on, and what to do.
fn text(terms: &redistribution::Terms) -> String {
    let conditions = terms.conditions.iter();
    let conditions = conditions.filter_map(|id| redistribution::condition(id));
    let conditions: Vec<&str> = conditions.collect();
    let what = format!("{} of {}", terms.product, terms.holder);
    let may = match (terms.state, conditions.is_empty()) {
        (State::No, _) => "it may not be passed on".to_owned(),
        (State::NeedsDecision, true) => "the site has to decide".to_owned(),
        (State::NeedsDecision, false) => {
            format!(
                "the site has to decide; known so far: {}",
                conditions.join("; ")
            )
        }
        (State::Yes | State::Conditional, _) => {
            format!("it may be passed on if: {}", conditions.join("; "))
        }
    };
    let advice = terms.advice.as_ref();
    let advice = advice.map_or(String::new(), |advice| format!("; {advice}"));
    format!("{what}: {may}{advice}")
}
