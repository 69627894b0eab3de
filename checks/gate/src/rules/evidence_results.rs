//! `evidence.results`: other results of the same image.

use super::{Raised, Rule};
use crate::case::Context;
use crate::evidence::{Evidence, VULNERABILITIES};
use crate::policy::Set;

pub(super) static RULE: Rule = Rule {
    id: "evidence.results",
    title: "results of other commands about the image",
    manual: "\
A site may ask that an image was tried before it is published: that a runtime can run it (`hpcctl
doctor --image REF -o json`; a runtime that is installed, not hpcctl's own launcher), what it costs (`hpcctl bench --image REF -o json`; the start of a
container does not count), that the libraries of a host work in it (`hpcctl abi`), and that a
scanner looked for vulnerabilities (CycloneDX or SARIF).

Judged by the results that --result hands in: each kind that [results] requires has to be there,
about the same digest, not older than max-age-days, and without anything that failed, cost too much
or could not be told. A result of `hpcctl abi` has to be of all programs that use such a library; a
proof that it holds has to have come out. A VEX document, or a list without the tool and the
components that it is about, is no scan.

Run the command on the image and hand in its JSON.",
    fixed: false,
    look,
    clean: |_| "the results that the policy asks for are there".into(),
};

fn look(context: &Context<'_>) -> Vec<Raised> {
    let Some(required) = &context.policy.results.required else {
        return Vec::new();
    };
    // The line that asks for them, at the level of the rule.
    let level = context.policy.level(context.class, RULE.id);
    let level = level.map(|level| Set {
        value: level.value,
        origin: required.origin.clone(),
    });
    let kinds = required.value.iter();
    let told = kinds.flat_map(|kind| {
        let missing = missing(context, kind);
        missing.into_iter().map(move |text| (kind, text))
    });
    told.map(|(kind, text)| Raised {
        level: level.clone(),
        text,
        remedy: match kind.as_str() {
            VULNERABILITIES => "Let a scanner of vulnerabilities look at the image by its digest, and hand in its CycloneDX or SARIF with --result.".into(),
            "doctor" => "Run hpcctl doctor --image REF -o json on this image, and hand in its JSON with --result.".into(),
            "bench" => "Run hpcctl bench --image REF -o json=FILE on this image, as containers-storage:NAME or sif:FILE, which have its digest, and hand in the file with --result.".into(),
            kind => format!("Run hpcctl {kind} on this image, and hand in its JSON with --result."),
        },
        ..Raised::default()
    })
    .collect()
}

/// Why there is no result of a kind, or none that speaks for the image.
fn missing(context: &Context<'_>, kind: &str) -> Vec<String> {
    let digest = context.case.scan.image.digest.as_deref();
    let of_kind = || context.case.results.iter().filter(|it| it.kind == kind);
    let about = || of_kind().filter(|result| result.is_about(digest));
    let scan = about().find(|result| result.is_scan);
    let Some(result) = scan.or_else(|| about().next()) else {
        let others = of_kind().map(|result| match result.digests.first() {
            Some(other) => format!("{} is about {other}, not about this image.", result.file),
            None => format!("{} names no digest of an image.", result.file),
        });
        let others: Vec<String> = others.collect();
        return match others.is_empty() {
            true => vec![format!("No result of {kind} was handed in.")],
            false => others,
        };
    };
    let no_scan = (!result.is_scan).then(|| {
        let file = &result.file;
        format!("{file} names no tool with the components that it looked at: it is no scan.")
    });
    let against = result.against.iter();
    let against = against.map(|text| format!("{}: {text}", result.file));
    too_old(context, result)
        .into_iter()
        .chain(no_scan)
        .chain(against)
        .collect()
}

/// Why the age of a result is against it.
pub(super) fn too_old(context: &Context<'_>, result: &Evidence) -> Option<String> {
    let most = context.policy.results.max_age_days.as_ref()?;
    let Some(made) = result.made else {
        let text = format!(
            "{} does not say when it was made; {} days are allowed ({}).",
            result.file, most.value, most.origin
        );
        return Some(text);
    };
    let days = context.case.now.duration_since(made).as_hours() / 24;
    let is_fresh = (0..=i64::from(most.value)).contains(&days);
    let age = match days < 0 {
        true => format!("says that it was made {} days from now", -days),
        false => format!("is {days} days old"),
    };
    (!is_fresh).then(|| {
        format!(
            "{} {age}; {} days are allowed ({}).",
            result.file, most.value, most.origin
        )
    })
}
