//! Of `fleet`: what each group of nodes found, and which nodes did not report.

use hpcctl_model::Envelope;
use hpcctl_model::fleet::{Finding, Fleet, Group, Nodes};

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
    answers.rows.push(absent("missing", &fleet.missing));
    answers.rows.push(absent("unreadable", &fleet.unreadable));
    for group in &fleet.groups {
        answers.rows.push(of_group(group));
        answers
            .rows
            .extend(group.findings.iter().map(|finding| of(group, finding)));
    }
    answers
}

/// Nodes that did not report as they should.
fn absent(id: &str, nodes: &Nodes) -> Answer {
    Answer {
        id: id.into(),
        state: if nodes.count > 0 { "some" } else { "none" },
        level: if nodes.count > 0 {
            Level::Unknown
        } else {
            Level::Good
        },
        text: nodes.count.to_string(),
        on: Some(nodes.set.clone()).filter(|set| !set.is_empty()),
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
