//! `file.privileged`: files that give more rights.

use std::collections::HashSet;

use hpcctl_model::scan::{PrivilegeKind, Privileged};

use super::{Raised, Rule};
use crate::case::Context;

pub(super) static RULE: Rule = Rule {
    id: "file.privileged",
    title: "set-user-id programs, capabilities, devices",
    manual: "\
Where an image is unpacked by root or run by a runtime that is set-user-id itself, its set-user-id
programs, file capabilities and devices are real. Distributions bring some; what an image adds is
rarely meant.

Judged by the mode and the extended attributes of each file; [[privileged.allow]] names those that
may be there, best with the digest of the file, and what an approved base brought is not told. What a
later layer deletes or replaces is told in layer.history.

Remove the bit (chmod u-s,g-s), the capabilities (setcap -r) or the device, or name the file in the
policy.",
    fixed: false,
    look,
    clean: |_| {
        "no file that gives more rights but those that the policy names or an approved base brought"
            .into()
    },
};

/// How it is taken away.
fn away(kind: PrivilegeKind) -> &'static str {
    match kind {
        PrivilegeKind::Setuid | PrivilegeKind::Setgid => "Remove the bit (chmod u-s,g-s)",
        PrivilegeKind::Capabilities => "Remove the capabilities (setcap -r)",
        PrivilegeKind::Device => "Remove the device, which runtimes make anew",
        PrivilegeKind::WorldWritable => "Take the right to write from others (chmod o-w)",
    }
}

/// The lines of a policy that name it.
fn named(file: &Privileged) -> String {
    let sha256 = file.sha256.as_ref();
    let sha256 = sha256.map_or(String::new(), |hex| format!("\nsha256 = {hex:?}"));
    format!(
        "[[privileged.allow]]\npath = {:?}{sha256}",
        globset::escape(&file.path)
    )
}

fn look(context: &Context<'_>) -> Vec<Raised> {
    let files = told(context, false);
    files.map(|file| raised(context, file)).collect()
}

/// The files that nobody allows, of those that are there or of those that a later layer deletes.
fn told<'a>(context: &'a Context<'_>, deleted: bool) -> impl Iterator<Item = &'a Privileged> {
    let files = context.case.scan.privileged.iter();
    files.filter(move |file| file.deleted == deleted && !is_allowed(context, file))
}

/// What lower layers hold of such files. The same file that is there again with the same right, and is
/// told, is told once; another program under its path is another one.
pub(super) fn of_lower(context: &Context<'_>) -> Vec<Raised> {
    let there: HashSet<_> = told(context, false).map(same).collect();
    let lower = told(context, true).filter(|file| !there.contains(&same(file)));
    let level = context.policy.level(context.class, RULE.id);
    let of_lower = |file: &Privileged| {
        let seen = raised(context, file);
        Raised {
            level: level.cloned(),
            text: format!(
                "{} A later layer deletes or replaces it, and it ships all the same.",
                seen.text
            ),
            deleted: true,
            remedy: format!(
                "{} in the instruction that brings it, or squash the image, or name it in the \
                 site's policy:\n{}",
                away(file.kind),
                named(file)
            ),
            ..seen
        }
    };
    lower.map(of_lower).collect()
}

/// What the same file with the same right has in common.
fn same(file: &Privileged) -> (&str, PrivilegeKind, Option<&str>) {
    (&file.path, file.kind, file.sha256.as_deref())
}

fn raised(context: &Context<'_>, file: &Privileged) -> Raised {
    let detail = file.detail.as_deref();
    let detail = detail.map_or(String::new(), |detail| format!(" ({detail})"));
    Raised {
        text: format!(
            "{} is {}, mode {}{detail}.{}",
            file.path,
            file.kind.as_str(),
            file.mode,
            named_otherwise(context, file)
        ),
        layer: file.layer.clone(),
        path: Some(file.path.clone()),
        sha256: file.sha256.clone(),
        remedy: format!(
            "{}, or name it in the site's policy:\n{}",
            away(file.kind),
            named(file)
        ),
        ..Raised::default()
    }
}

/// That the policy names the file with another digest, with a space in front.
fn named_otherwise(context: &Context<'_>, file: &Privileged) -> String {
    let mut named = context.policy.privileged.iter();
    let other = named.find_map(|set| {
        let sha256 = set.value.sha256.as_ref()?;
        set.value
            .path
            .matches(&file.path)
            .then_some((sha256, &set.origin))
    });
    let is = match &file.sha256 {
        Some(sha256) => format!("it is {sha256} here"),
        None => "it has none".to_owned(),
    };
    other.map_or(String::new(), |(sha256, origin)| {
        format!(" {origin} names it with the digest {sha256}; {is}.")
    })
}

fn is_allowed(context: &Context<'_>, file: &Privileged) -> bool {
    let named = context.policy.privileged.iter().any(|set| {
        let allowed = &set.value;
        let is_equal = |sha256: &String| file.sha256.as_ref() == Some(sha256);
        allowed.path.matches(&file.path) && allowed.sha256.as_ref().is_none_or(is_equal)
    });
    named || super::image_base::brought(context, file.layer.as_deref())
}
