//! Of `abi`: each library of the host in the place of what programs need, the ways to use MPI, and what a
//! container had loaded.

use hpcctl_model::Envelope;
use hpcctl_model::abi::{Abi, AbiVerdict, Binding, Proof, ProofOutcome, Way};

use super::{Answer, Answers, Level, names};
use crate::writer::abi_table::unserved;

pub(super) fn answers(report: &Envelope<Abi>) -> Answers {
    let abi = &report.result;
    let mut answers = Answers::about("abi", report);
    answers.subject = abi.image.reference.clone();
    answers.rows.extend(abi.bindings.iter().map(of_binding));
    answers
        .rows
        .extend(unserved(abi).into_iter().map(|name| Answer {
            id: name.to_owned(),
            state: "none",
            level: Level::Doubtful,
            text: "no library of the host stands for it".into(),
            ..Answer::default()
        }));
    answers.rows.extend(abi.ways.iter().map(of_way));
    answers.rows.extend(abi.proof.iter().map(of_proof));
    answers.head = match answers.rows.is_empty() {
        true => "no program uses MPI, a fabric or a GPU by a library".into(),
        false => answers.counts(),
    };
    answers
}

fn level(verdict: AbiVerdict) -> Level {
    match verdict {
        AbiVerdict::Works => Level::Good,
        AbiVerdict::Degraded => Level::Doubtful,
        AbiVerdict::Unknown => Level::Unknown,
        AbiVerdict::Fails => Level::Bad,
    }
}

fn of_binding(binding: &Binding) -> Answer {
    let because = binding.because.iter().map(|reason| &*reason.text);
    let because: Vec<&str> = because.collect();
    let (path, family) = (&binding.host_path, &binding.family);
    Answer {
        id: binding.soname.clone(),
        state: binding.verdict.as_str(),
        level: level(binding.verdict),
        text: match because.is_empty() {
            true => format!("{path} ({family})"),
            false => format!("{path} ({family}): {}", because.join("; ")),
        },
        fix: binding.fix.first().cloned(),
        on: names(&binding.programs),
        ..Answer::default()
    }
}

fn of_way(way: &Way) -> Answer {
    let launchers = way.launchers.iter();
    let launchers = launchers.map(|one| format!("by {} ({})", one.path, one.protocol));
    let told = launchers.chain(way.because.iter().cloned());
    Answer {
        id: way.way.clone(),
        state: way.verdict.as_str(),
        level: level(way.verdict),
        text: told.collect::<Vec<_>>().join("; "),
        on: way.soname.clone(),
        ..Answer::default()
    }
}

fn of_proof(proof: &Proof) -> Answer {
    Answer {
        id: "proof".into(),
        state: proof.outcome.as_str(),
        level: match proof.outcome {
            ProofOutcome::Proved => Level::Good,
            ProofOutcome::Unknown => Level::Unknown,
            ProofOutcome::Disproved => Level::Bad,
        },
        text: match proof.because.is_empty() {
            true => format!("in {}, what was bound is what was loaded", proof.runtime),
            false => format!("in {}: {}", proof.runtime, proof.because.join("; ")),
        },
        on: Some(proof.program.clone()).filter(|program| !program.is_empty()),
        ..Answer::default()
    }
}
