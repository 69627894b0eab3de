//! What is valid in a policy and of no use: leave that has lapsed, what nothing makes use of, and
//! what would loosen the site's policy.

use hpcctl_license_db::{expression, known};
use hpcctl_model::gate::Level;
use jiff::civil::Date;

use super::licenses::CLASS;
use super::text::Remark;
use super::{Licenses, Origin, PACKAGES, PATHS, PUBLIC, Policies, Policy, Set, Text, Waiver};
use crate::waive::is_broad;

mod globs;

/// The rule about bases.
const BASE: &str = "image.base";

/// From so many days on a decision on a vendor's terms is told as a long one: three years.
const LONG: i32 = 3 * 366;

/// What is said of a policy, with what it is compared.
struct Notices<'a> {
    text: &'a Text,
    policy: &'a Policy,
    remarks: Vec<Remark>,
}

/// What is of no use in the last of the policies.
pub(super) fn notices(policies: &Policies, today: Date) -> Vec<Remark> {
    let Some(policy) = policies.tried.last() else {
        return Vec::new();
    };
    let mut notices = Notices {
        text: &policies.last,
        policy,
        remarks: Vec::new(),
    };
    notices.decisions(today);
    notices.waivers(today);
    notices.broad();
    notices.names();
    notices.globs();
    if let [site, _project] = &policies.tried[..] {
        notices.loosens(site);
    }
    notices.remarks.sort_by_key(Remark::place);
    notices.remarks
}

impl Notices<'_> {
    fn say(&mut self, origin: &Origin, message: impl Into<String>) {
        if self.text.says(origin) {
            self.remarks.push(self.text.about(origin, message));
        }
    }

    fn decisions(&mut self, today: Date) {
        let decisions = &self.policy.vendor.decisions;
        for (place, set) in decisions.iter().enumerate() {
            let decision = &set.value;
            if decision.expires < today {
                let message = format!(
                    "the decision on {} lapsed on {}: it holds no more",
                    decision.terms, decision.expires
                );
                self.say(&set.origin, message);
            }
            let term = decision.decided.until(decision.expires);
            let days = term.map_or(i32::MAX, |span| span.get_days());
            if days > LONG {
                let message = format!(
                    "the decision on {} holds for {days} days: terms change in less",
                    decision.terms
                );
                self.say(&set.origin, message);
            }
            let mut before = decisions[..place].iter();
            let covered = before.find(|other| {
                let other = &other.value;
                let term = other.decided..=other.expires;
                other.terms == decision.terms
                    && term.contains(&decision.decided)
                    && term.contains(&decision.expires)
            });
            if let Some(other) = covered {
                let message = format!(
                    "{} is decided already at {}, for all of this time: that one counts",
                    decision.terms, other.origin
                );
                self.say(&set.origin, message);
            }
        }
    }

    fn waivers(&mut self, today: Date) {
        let policy = self.policy;
        let warn = policy.waiver_terms.warn_days.as_ref();
        let warn = warn.map_or(0, |set| i64::from(set.value));
        for set in &policy.waivers {
            let waiver = &set.value;
            let left = today.until(waiver.expires).map(|span| span.get_days());
            let left = left.map_or(i64::MAX, i64::from);
            if left < 0 {
                let message = format!(
                    "the waiver {} lapsed on {}: it covers nothing any more",
                    waiver.id, waiver.expires
                );
                self.say(&set.origin, message);
            } else if left <= warn {
                let message = format!("the waiver {} lapses in {left} days", waiver.id);
                self.say(&set.origin, message);
            }
            if is_broad(waiver) {
                let message = format!(
                    "the waiver {} names no package, path, licence, digest or finding: it covers the whole rule",
                    waiver.id
                );
                self.say(&set.origin, message);
            }
            if waiver.owner.trim() == waiver.approved_by.trim() {
                let message = format!(
                    "the waiver {} is approved by its owner: nobody else has looked at it",
                    waiver.id
                );
                self.say(&set.origin, message);
            }
            if is_of_no_rule(policy, waiver) {
                let message = format!(
                    "the waiver {} is about {}, which is allowed everywhere",
                    waiver.id, waiver.rule
                );
                self.say(&set.origin, message);
            }
        }
    }

    /// Leave that covers more than anybody can have looked at, and a rule that compares with nothing.
    fn broad(&mut self) {
        let policy = self.policy;
        for set in &policy.privileged {
            if set.value.path.is_all(PATHS) && set.value.sha256.is_none() {
                self.say(
                    &set.origin,
                    "it allows every file, whatever rights it gives",
                );
            }
        }
        for set in &policy.clarifications {
            if set.value.package.is_all(PACKAGES) {
                let message = "it stands for the licence of every package, whatever that is";
                self.say(&set.origin, message);
            }
        }
        let base = policy.rules.get(BASE);
        let base = base.filter(|set| set.value > Level::Warn && policy.approved.is_empty());
        if let Some(set) = base {
            let message = format!(
                "no base is approved ([[base.approved]]), so that {BASE} refuses every image"
            );
            self.say(&set.origin, message);
        }
    }

    /// Names that nothing makes use of.
    fn names(&mut self) {
        let policy = self.policy;
        for (name, class) in &policy.destinations {
            let origin = class.origin.as_ref().filter(|_| class.matches.is_empty());
            // Those that are built in wait for the site's names.
            let origin = origin.filter(|_| !["lab", "site", PUBLIC].contains(&name.as_str()));
            if let Some(origin) = origin {
                let message = format!("no destination is of the class {name}: it has no match");
                self.say(origin, message);
            }
        }
        let lists = policy.destinations.values().map(|class| &class.licenses);
        let lists: Vec<&Licenses> = lists.chain([&policy.licenses]).collect();
        let mut unlisted: Vec<(&str, &Origin)> = Vec::new();
        for set in policy.licenses.classes.values() {
            let key = format!("{CLASS}{}", set.value);
            let is_listed = lists.iter().any(|lists| lists.levels.contains_key(&key));
            if !is_listed && unlisted.iter().all(|(class, _)| *class != set.value) {
                unlisted.push((&set.value, &set.origin));
            }
        }
        for (class, origin) in unlisted {
            let message =
                format!("no list names {CLASS}{class}: its licences weigh what is unlisted");
            self.say(origin, message);
        }
        self.spelled_otherwise();
        self.later_versions();
    }

    /// A licence in one version that a list names, where "or later" of it weighs less.
    fn later_versions(&mut self) {
        let policy = self.policy;
        for (id, set) in &policy.licenses.levels {
            let Some(version) = id.strip_suffix("-only") else {
                continue;
            };
            let later = format!("{version}-or-later");
            let weighs = policy.level_of_license(PUBLIC, &later);
            if let Some(weighs) = weighs.filter(|weighs| weighs.value < set.value) {
                let message = format!(
                    "{later} is another licence, and weighs {} ({})",
                    weighs.value.as_str(),
                    weighs.origin
                );
                self.say(&set.origin, message);
            }
        }
    }

    /// Names of licences that differ from one that is known in the case of their letters alone.
    fn spelled_otherwise(&mut self) {
        let policy = self.policy;
        let destinations = policy.destinations.values();
        let of_destinations = destinations.flat_map(|class| &class.licenses.levels);
        let levels = policy.licenses.levels.iter().chain(of_destinations);
        let listed = levels.map(|(id, set)| (id, &set.origin));
        let classed = policy.licenses.classes.iter();
        let classed = classed.map(|(id, set)| (id, &set.origin));
        for (id, origin) in listed.chain(classed) {
            if !id.starts_with(expression::REF) || !self.text.says(origin) {
                continue;
            }
            let known = known::find(id).filter(|known| known.id != *id);
            if let Some(known) = known {
                let message = format!("reports do not name {id}: it is {} there", known.id);
                self.say(origin, message);
            }
        }
    }

    /// What a project says more mildly than the site, which counts all the same.
    fn loosens(&mut self, site: &Policy) {
        let policy = self.policy;
        for (rule, level) in &policy.rules {
            self.milder(level, site.rules.get(rule));
        }
        self.licenses(&policy.licenses, site, PUBLIC);
        for (name, class) in &policy.destinations {
            // Which class of the site's a new class meets is not known here.
            if !site.destinations.contains_key(name) {
                continue;
            }
            for (rule, level) in &class.rules {
                self.milder(level, site.level(name, rule));
            }
            self.licenses(&class.licenses, site, name);
        }
        let (ours, theirs) = (&policy.vendor, &site.vendor);
        self.milder_of(ours.conditional.as_ref(), theirs.conditional.as_ref());
        self.milder_of(ours.needs_decision.as_ref(), theirs.needs_decision.as_ref());
        self.milder_of(ours.no.as_ref(), theirs.no.as_ref());
        self.milder_of(policy.doubtful.as_ref(), site.doubtful.as_ref());
        let (ours, theirs) = (&policy.image, &site.image);
        self.larger(ours.max_bytes.as_ref(), theirs.max_bytes.as_ref());
        self.larger(ours.max_files.as_ref(), theirs.max_files.as_ref());
        self.larger(ours.max_layers.as_ref(), theirs.max_layers.as_ref());
        self.larger(ours.max_age_days.as_ref(), theirs.max_age_days.as_ref());
        self.fewer(
            ours.required_labels.as_ref(),
            theirs.required_labels.as_ref(),
        );
        self.larger(policy.data_max_bytes.as_ref(), site.data_max_bytes.as_ref());
        let (ours, theirs) = (&policy.results, &site.results);
        self.larger(ours.max_age_days.as_ref(), theirs.max_age_days.as_ref());
        self.larger(ours.severity.as_ref(), theirs.severity.as_ref());
        self.fewer(ours.required.as_ref(), theirs.required.as_ref());
        self.leave(policy);
    }

    fn licenses(&mut self, ours: &Licenses, site: &Policy, class: &str) {
        for (key, level) in &ours.levels {
            let theirs = site.level_of_license(class, key);
            self.milder(level, theirs);
        }
        let unlisted = ours.unlisted.as_ref();
        self.milder_of(unlisted, site.unlisted(class));
        self.milder_of(ours.unknown.as_ref(), site.unknown(class));
    }

    /// What only ever gives leave, which a project cannot.
    fn leave(&mut self, policy: &Policy) {
        const NO_USE: &str = "of no use in a project's policy: the site's has to say it";
        let bases = policy.approved.iter().map(|set| &set.origin);
        let files = policy.privileged.iter().map(|set| &set.origin);
        let terms = &policy.waiver_terms;
        let terms = [&terms.max_days, &terms.warn_days];
        let terms = terms.into_iter().flatten().map(|set| &set.origin);
        for origin in bases.chain(files).chain(terms) {
            self.say(origin, NO_USE);
        }
    }

    fn milder(&mut self, ours: &Set<Level>, theirs: Option<&Set<Level>>) {
        if let Some(theirs) = theirs.filter(|theirs| ours.value < theirs.value) {
            let message = format!(
                "of no use: the site's policy says {} ({}), and the stricter counts",
                theirs.value.as_str(),
                theirs.origin
            );
            self.say(&ours.origin, message);
        }
    }

    fn milder_of(&mut self, ours: Option<&Set<Level>>, theirs: Option<&Set<Level>>) {
        if let Some(ours) = ours {
            self.milder(ours, theirs);
        }
    }

    fn larger<T: PartialOrd>(&mut self, ours: Option<&Set<T>>, theirs: Option<&Set<T>>) {
        let larger = ours.zip(theirs).filter(|(a, b)| a.value > b.value);
        if let Some((ours, theirs)) = larger {
            let message = format!(
                "of no use: what the site's policy says is stricter ({}), and counts",
                theirs.origin
            );
            self.say(&ours.origin, message);
        }
    }

    fn fewer(&mut self, ours: Option<&Set<Vec<String>>>, theirs: Option<&Set<Vec<String>>>) {
        let fewer = ours.zip(theirs).filter(|(ours, theirs)| {
            let is_part = ours.value.iter().all(|one| theirs.value.contains(one));
            is_part && ours.value.len() < theirs.value.len()
        });
        if let Some((ours, theirs)) = fewer {
            let message = format!(
                "of no use: the site's policy asks for more ({}), and counts",
                theirs.origin
            );
            self.say(&ours.origin, message);
        }
    }
}

/// Whether nothing that a waiver is about is ever found.
fn is_of_no_rule(policy: &Policy, waiver: &Waiver) -> bool {
    let level = |set: &Set<Level>| set.value > Level::Allow;
    let everywhere = policy.rules.get(waiver.rule).is_some_and(level);
    let mut classes = policy.destinations.values();
    !everywhere && !classes.any(|class| class.rules.get(waiver.rule).is_some_and(level))
}
