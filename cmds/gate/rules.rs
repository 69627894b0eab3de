//! `hpcctl gate list`, `gate explain` and `gate terms`: the rules, their manuals, and the terms of
//! vendors.

use std::fmt::Write as _;

use hpcctl_gate::RULES;
use hpcctl_license_db::redistribution;

use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;

/// Lists the rules, a line each.
pub fn list() -> Result<Exit, Failure> {
    let width = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let lines = RULES.iter().fold(String::new(), |mut text, rule| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{:width$}  {}", rule.id, rule.title);
        text
    });
    emit::to_stdout(lines.as_bytes())?;
    Ok(Exit::Clean)
}

/// Lists the terms of vendors, a line each: what a `[[vendor.decision]]` can be about.
pub fn terms() -> Result<Exit, Failure> {
    let rows = redistribution::rows();
    let width = rows.iter().map(|row| row.id.len()).max().unwrap_or(0);
    let lines = rows.iter().fold(String::new(), |mut text, row| {
        let (state, holder, product) = (row.state.as_str(), &row.holder, &row.product);
        let _ = writeln!(text, "{:width$}  {state:14}  {holder}: {product}", row.id);
        text
    });
    emit::to_stdout(lines.as_bytes())?;
    Ok(Exit::Clean)
}

/// Prints the manuals of rules, of all where none is named.
pub fn explain(ids: &[String]) -> Result<Exit, Failure> {
    let mut pages = Vec::new();
    let all: Vec<String> = RULES.iter().map(|rule| rule.id.to_owned()).collect();
    let ids = if ids.is_empty() { &all } else { ids };
    for id in ids {
        let rule = RULES.iter().find(|rule| rule.id == id);
        let rule = rule.ok_or_else(|| {
            Failure::usage(format!("there is no rule {id}")).hint("hpcctl gate list names them")
        })?;
        pages.push(format!("{}: {}\n\n{}\n", rule.id, rule.title, rule.manual));
    }
    emit::to_stdout(pages.join("\n").as_bytes())?;
    Ok(Exit::Clean)
}
