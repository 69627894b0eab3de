//! From a policy as it is written to one that everything is inherited in: names are looked up,
//! globs, dates and sizes read, and all that is wrong is shown where it stands.

use std::collections::BTreeMap;

use hpcctl_model::gate::Level;
use toml::Spanned;

use super::file::{self, File, Keyed};
use super::parse::parse;
use super::text::Remark;
use super::{AllowedFile, Base, Policy, PolicyError, Set, Text};
use crate::evidence::KINDS;

mod leave;
mod value;

use value::known_class;

/// The version of the format.
const VERSION: u32 = 1;

/// The policy that is read, to which everything goes with its place.
struct Reader<'a> {
    text: &'a Text,
    policy: Policy,
    /// What is wrong.
    remarks: Vec<Remark>,
}

impl Policy {
    /// This policy with what another says over it.
    ///
    /// `may_loosen` is false for a project's policy over a site's, which may neither waive nor
    /// clarify nor decide for the site.
    pub(crate) fn over(&self, text: &Text, may_loosen: bool) -> Result<Self, PolicyError> {
        let (file, remarks) = parse(text);
        let mut reader = Reader {
            text,
            policy: self.clone(),
            remarks,
        };
        if let Some(file) = file {
            reader.read(file, may_loosen);
        }
        if reader.remarks.is_empty() {
            Ok(reader.policy)
        } else {
            Err(PolicyError::new(reader.remarks))
        }
    }
}

impl Reader<'_> {
    fn read(&mut self, file: File, may_loosen: bool) {
        self.version(file.version.as_ref());
        if !may_loosen {
            self.refuse_loosening(&file);
        }
        let levels = self.levels(file.rules);
        for class in self.policy.destinations.values_mut() {
            tighten(&mut class.rules, &levels);
        }
        self.policy.rules.extend(levels);
        self.licenses(file.licenses);
        self.vendor(file.vendor);
        self.policy.doubtful = self.or(file.secrets.doubtful, self.policy.doubtful.clone());
        self.image(file.image);
        self.bases(file.base);
        self.files(file.privileged);
        if let Some(size) = file.data.max_size {
            self.policy.data_max_bytes = self.size(&size);
        }
        self.results(file.results);
        self.destinations(file.destinations);
        let terms = self.policy.waiver_terms.clone();
        self.policy.waiver_terms.max_days = self.or(file.waivers.max_days, terms.max_days);
        self.policy.waiver_terms.warn_days = self.or(file.waivers.warn_days, terms.warn_days);
        self.clarifications(file.clarify);
        self.waivers(file.waiver);
    }

    fn version(&mut self, version: Option<&Spanned<u32>>) {
        match version {
            Some(version) if *version.get_ref() == VERSION => {}
            Some(version) => {
                let message = format!("this hpcctl reads version {VERSION} of policies");
                self.wrong(&version.span(), message);
            }
            None => {
                let message = format!("a policy begins with version = {VERSION}");
                self.wrong(&(0..0), message);
            }
        }
    }

    fn refuse_loosening(&mut self, file: &File) {
        let waivers = file.waiver.iter().map(|w| (w.span(), "a waiver"));
        let clarify = file.clarify.iter().map(|c| (c.span(), "a clarification"));
        let decisions = file.vendor.decision.iter();
        let decisions = decisions.map(|d| (d.span(), "a decision on a vendor's terms"));
        for (span, what) in waivers.chain(clarify).chain(decisions) {
            let message =
                format!("{what} belongs into the site's policy, which this one can only tighten");
            self.wrong(&span, message);
        }
    }

    fn levels(&mut self, given: Keyed<Spanned<Level>>) -> BTreeMap<&'static str, Set<Level>> {
        let mut levels = BTreeMap::new();
        for (id, level) in given {
            if let Some(rule) = self.rule(&id) {
                levels.insert(rule, self.set(level));
            }
        }
        levels
    }

    fn licenses(&mut self, given: file::Licenses) {
        for (class, ids) in given.classes {
            if known_class(class.get_ref()) {
                let message = format!(
                    "the class {} is built in; choose another name",
                    class.get_ref()
                );
                self.wrong(&class.span(), message);
            }
            for id in ids {
                if let Some(name) = self.license(&id) {
                    let set = Set {
                        value: class.get_ref().clone(),
                        origin: self.origin(&id.span()),
                    };
                    self.policy.licenses.classes.insert(name, set);
                }
            }
        }
        let levels = self.lists([
            (Level::Allow, given.allow),
            (Level::Warn, given.warn),
            (Level::Review, given.review),
            (Level::Deny, given.deny),
        ]);
        let unlisted = given.unlisted.map(|level| self.set(level));
        let unknown = given.unknown.map(|level| self.set(level));
        for class in self.policy.destinations.values_mut() {
            let inherited = &mut class.licenses;
            tighten(&mut inherited.levels, &levels);
            raise(inherited.unlisted.as_mut(), unlisted.as_ref());
            raise(inherited.unknown.as_mut(), unknown.as_ref());
        }
        let licenses = &mut self.policy.licenses;
        licenses.levels.extend(levels);
        licenses.unlisted = unlisted.or(licenses.unlisted.take());
        licenses.unknown = unknown.or(licenses.unknown.take());
    }

    fn lists(&mut self, lists: [(Level, Vec<Spanned<String>>); 4]) -> BTreeMap<String, Set<Level>> {
        let mut levels: BTreeMap<String, Set<Level>> = BTreeMap::new();
        for (value, ids) in lists {
            for id in ids {
                let Some(name) = self.license_or_class(&id) else {
                    continue;
                };
                if let Some(before) = levels.get(&name) {
                    let message = format!(
                        "{name} is listed already, as {} at {}",
                        before.value.as_str(),
                        before.origin
                    );
                    self.wrong(&id.span(), message);
                    continue;
                }
                let origin = self.origin(&id.span());
                levels.insert(name, Set { value, origin });
            }
        }
        levels
    }

    fn vendor(&mut self, given: file::Vendor) {
        let inherited = self.policy.vendor.clone();
        let conditional = self.or(given.conditional, inherited.conditional);
        let needs_decision = self.or(given.needs_decision, inherited.needs_decision);
        let no = self.or(given.no, inherited.no);
        let vendor = &mut self.policy.vendor;
        vendor.conditional = conditional;
        vendor.needs_decision = needs_decision;
        vendor.no = no;
        self.decisions(given.decision);
    }

    fn image(&mut self, given: file::Image) {
        let mut image = self.policy.image.clone();
        if let Some(size) = given.max_size {
            image.max_bytes = self.size(&size);
        }
        image.max_files = self.or(given.max_files, image.max_files);
        image.max_layers = self.or(given.max_layers, image.max_layers);
        image.max_age_days = self.or(given.max_age_days, image.max_age_days);
        let is_empty = |labels: &Spanned<Vec<String>>| {
            let mut labels = labels.get_ref().iter();
            labels.any(|label| label.trim().is_empty())
        };
        if let Some(labels) = given.required_labels.as_ref().filter(|it| is_empty(it)) {
            self.wrong(&labels.span(), "a label has a name");
        }
        image.required_labels = self.or(given.required_labels, image.required_labels);
        self.policy.image = image;
    }

    fn bases(&mut self, given: file::Base) {
        for base in given.approved {
            let span = base.span();
            let file::Approved { name, diff_ids } = base.into_inner();
            if diff_ids.is_empty() {
                let message =
                    "a base is known by the digests of its plain layers: diff-ids = [\"sha256:…\"]";
                self.wrong(&span, message);
            }
            let diff_ids = diff_ids.iter().filter_map(|one| self.named_digest(one));
            let value = Base {
                name,
                diff_ids: diff_ids.collect(),
            };
            let origin = self.origin(&span);
            self.policy.approved.push(Set { value, origin });
        }
    }

    fn files(&mut self, given: file::Privileged) {
        for allowed in given.allow {
            let origin = self.origin(&allowed.span());
            let allowed = allowed.into_inner();
            let sha256 = allowed.sha256.map(|digest| self.digest(&digest));
            let path = self.paths(&allowed.path);
            if let (Some(path), sha256) = (path, sha256.flatten()) {
                let value = AllowedFile { path, sha256 };
                self.policy.privileged.push(Set { value, origin });
            }
        }
    }

    fn results(&mut self, given: file::Results) {
        for kind in given.required.iter().flat_map(|kinds| kinds.get_ref()) {
            if !KINDS.contains(&kind.get_ref().as_str()) {
                let message = format!(
                    "there are no results of {}; choose from {}",
                    kind.get_ref(),
                    KINDS.join(", ")
                );
                self.wrong(&kind.span(), message);
            }
        }
        let mut results = self.policy.results.clone();
        let required = given.required.map(|kinds| {
            let span = kinds.span();
            let kinds = kinds.into_inner().into_iter().map(Spanned::into_inner);
            Spanned::new(span, kinds.collect())
        });
        results.required = self.or(required, results.required);
        results.max_age_days = self.or(given.max_age_days, results.max_age_days);
        results.severity = self.or(given.severity, results.severity);
        self.policy.results = results;
    }

    fn destinations(&mut self, given: Keyed<file::Destination>) {
        for (name, given) in given {
            let origin = self.origin(&name.span());
            let rules = self.levels(given.rules);
            let lists = given.licenses;
            let levels = self.lists([
                (Level::Allow, lists.allow),
                (Level::Warn, lists.warn),
                (Level::Review, lists.review),
                (Level::Deny, lists.deny),
            ]);
            let matches = given.matches.iter().filter_map(|glob| {
                let origin = self.origin(&glob.span());
                let value = self.pattern(glob)?;
                Some(Set { value, origin })
            });
            let matches: Vec<_> = matches.collect();
            let mut destinations = std::mem::take(&mut self.policy.destinations);
            let entry = destinations.entry(name.into_inner()).or_default();
            entry.origin.get_or_insert(origin);
            entry.matches.extend(matches);
            entry.rules.extend(rules);
            let licenses = &mut entry.licenses;
            licenses.levels.extend(levels);
            licenses.unlisted = self.or(lists.unlisted, licenses.unlisted.take());
            licenses.unknown = self.or(lists.unknown, licenses.unknown.take());
            self.policy.destinations = destinations;
        }
    }
}

/// Makes what a class of destinations inherited as strict as what a policy now says as a whole: what
/// an earlier policy says of the class is no leave from a later one.
fn tighten<K: Ord>(inherited: &mut BTreeMap<K, Set<Level>>, given: &BTreeMap<K, Set<Level>>) {
    for (key, level) in given {
        raise(inherited.get_mut(key), Some(level));
    }
}

fn raise(inherited: Option<&mut Set<Level>>, given: Option<&Set<Level>>) {
    if let Some((inherited, given)) = inherited.zip(given)
        && inherited.value < given.value
    {
        *inherited = given.clone();
    }
}
