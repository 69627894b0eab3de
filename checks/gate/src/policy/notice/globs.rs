//! Globs that match nothing, whatever the image: what they are compared with never looks so.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use hpcctl_license_db::{expression, known};

use super::Notices;
use crate::policy::{Origin, Pattern, Set, WILD};

/// Every id that reports may name.
static IDS: LazyLock<BTreeSet<String>> =
    LazyLock::new(|| known::all().into_iter().map(|known| known.id).collect());

impl Notices<'_> {
    /// Globs of the policy that match nothing.
    pub(super) fn globs(&mut self) {
        let policy = self.policy;
        for set in &policy.waivers {
            let (waiver, origin) = (&set.value, &set.origin);
            self.glob(origin, waiver.path.as_ref(), path);
            self.glob(origin, waiver.package.as_ref(), purl);
            self.glob(origin, waiver.license.as_ref(), license);
        }
        for set in &policy.privileged {
            self.glob(&set.origin, Some(&set.value.path), path);
        }
        for set in &policy.clarifications {
            self.glob(&set.origin, Some(&set.value.package), purl);
        }
        let mut before: Vec<(&str, String)> = Vec::new();
        for (name, class) in &policy.destinations {
            for Set {
                value: glob,
                origin,
            } in &class.matches
            {
                self.glob(origin, Some(glob), destination);
                let text = glob.to_string();
                let (registry, _) = text.split_once('/').unwrap_or((&text, ""));
                if registry.contains("**") || registry == "*" {
                    let message = format!(
                        "{text} is about every registry, also those of others: a destination is HOST/NAME"
                    );
                    self.say(origin, message);
                }
                let earlier = before.iter().find(|(_, other)| *other == text);
                if let Some((other, _)) = earlier.filter(|(other, _)| other != name) {
                    let message =
                        format!("{text} is of the class {other} already, whose name comes first");
                    self.say(origin, message);
                }
                before.push((name, text));
            }
        }
    }

    fn glob(&mut self, origin: &Origin, glob: Option<&Pattern>, why: Why) {
        let told = glob.and_then(|glob| Some((glob, why(glob)?)));
        if let Some((glob, why)) = told {
            self.say(origin, format!("{glob} matches nothing: {why}"));
        }
    }
}

/// Why a glob matches nothing; none where it may match something.
type Why = fn(&Pattern) -> Option<&'static str>;

fn path(glob: &Pattern) -> Option<&'static str> {
    let text = glob.to_string();
    let is_odd = ["//", "/./", "/../"].iter().any(|odd| text.contains(odd));
    if is_odd {
        return Some("paths of an image hold no //, /./ or /../");
    }
    text.ends_with('/')
        .then_some("no path of a file ends with a slash; what is below a directory is DIRECTORY/**")
}

fn purl(glob: &Pattern) -> Option<&'static str> {
    let text = glob.to_string();
    let is_purl = text.starts_with("pkg:") || text.starts_with(WILD);
    if !is_purl {
        return Some("packages are named by their purl, which begins with pkg:");
    }
    // Beside other characters ** is no more than *.
    let may_hold_slashes = text.contains(['/', '{']) || text == "**";
    (!may_hold_slashes)
        .then_some("a purl holds slashes, which * does not match; ** between slashes does")
}

/// A finding names a licence, or an expression in full.
fn license(glob: &Pattern) -> Option<&'static str> {
    let text = glob.to_string();
    let may_be_of_a_package = text.starts_with(expression::REF) || text.starts_with(WILD);
    let may_be_several = text.contains([' ', '(']);
    if may_be_of_a_package || may_be_several || IDS.iter().any(|id| glob.matches(id)) {
        return None;
    }
    Some("there is no such licence; hpcctl license list names those that there are")
}

fn destination(glob: &Pattern) -> Option<&'static str> {
    let text = glob.to_string();
    if text.contains("://") {
        return Some("a destination is HOST/NAME, without a transport");
    }
    let (_, name) = match text.rsplit_once('/') {
        Some(parts) => parts,
        None if text.contains("**") => return None,
        None => return Some("a destination is HOST/NAME; all of a host is HOST/**"),
    };
    name.contains(['@', ':'])
        .then_some("a destination is HOST/NAME, without a tag or a digest")
}
