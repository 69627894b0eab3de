//! Of `fleet`: what each group of nodes found, and which nodes did not report.

use hpcctl_model::Envelope;
use hpcctl_model::fleet::{Finding, Fleet, Group, Lines, Nodes};

use super::doctor::{level, level_of};
use super::{Answer, Answers, Level};
use crate::writer::fleet_table::summary::summary;
use crate::writer::fleet_table::{because, most};

pub(super) fn answers(report: &Envelope<Fleet>) -> Answers {
    let fleet = &report.result;
    let mut answers = Answers::about("fleet", report);
    answers.is_closed = true;
    answers.subject = "nodes".into();
    let mut lines = summary(fleet).into_iter();
    answers.head = lines.next().map_or_else(String::new, |(_, line)| line);
    for (id, nodes, level) in [
        ("missing", &fleet.missing, Level::Unknown),
        ("unreadable", &fleet.unreadable, Level::Unknown),
        ("unexpected", &fleet.unexpected, Level::Doubtful),
        ("clock", &fleet.clock, Level::Doubtful),
    ] {
        answers.rows.push(of_nodes(id, nodes, level));
    }
    answers.rows.push(of_lines(&fleet.lines));
    for group in &fleet.groups {
        answers.rows.push(of_group(group));
        answers.rows.extend(group.cut.then(|| of_cut(group)));
        answers
            .rows
            .extend(group.findings.iter().map(|finding| of(group, finding)));
    }
    answers
}

/// Nodes that did not report as they should.
fn of_nodes(id: &str, nodes: &Nodes, level: Level) -> Answer {
    Answer {
        id: id.into(),
        text: nodes.count.to_string(),
        on: Some(nodes.set.clone()).filter(|set| !set.is_empty()),
        ..some_or_none(nodes.count, level)
    }
}

/// Lines of which it is not known what they would have told: they may name no node.
fn of_lines(lines: &Lines) -> Answer {
    let unread = lines.truncated + lines.damaged + lines.other_version;
    Answer {
        id: "lines".into(),
        text: format!(
            "{} truncated, {} damaged, {} of another version",
            lines.truncated, lines.damaged, lines.other_version
        ),
        ..some_or_none(unread, Level::Unknown)
    }
}

fn some_or_none(count: u64, level: Level) -> Answer {
    let (state, level) = match count {
        0 => ("none", Level::Good),
        _ => ("some", level),
    };
    Answer {
        state,
        level,
        ..Answer::default()
    }
}

fn of_group(group: &Group) -> Answer {
    Answer {
        id: "run".into(),
        state: group.run.as_str(),
        level: level(group.run),
        text: because(group).collect::<Vec<_>>().join("; "),
        on: Some(group.nodes.set.clone()),
        ..Answer::default()
    }
}

/// What was left out of the lines of a group.
fn of_cut(group: &Group) -> Answer {
    Answer {
        id: "cut".into(),
        state: "some",
        level: Level::Unknown,
        text: "their lines had no room for all that they found".into(),
        on: Some(group.nodes.set.clone()),
        ..Answer::default()
    }
}

fn of(group: &Group, finding: &Finding) -> Answer {
    Answer {
        id: finding.id.clone(),
        state: finding.status.as_str(),
        level: level_of(finding.status),
        text: most(&finding.values),
        on: Some(group.nodes.set.clone()),
        ..Answer::default()
    }
}
