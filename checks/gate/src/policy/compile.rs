//! From a policy as it is written to one that everything is inherited in: names are looked up,
//! globs, dates and sizes read, and what is wrong is shown where it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use hpcctl_license_db::expression;
use hpcctl_license_db::policy::Class;
use hpcctl_license_db::redistribution;
use hpcctl_model::gate::Level;
use jiff::civil::Date;
use toml::Spanned;

use super::file::{self, File, Keyed};
use super::licenses::CLASS;
use super::{
    AllowedFile, Base, Clarification, Pattern, Policy, PolicyError, Proof, Set, Text,
    VendorDecision, Waiver,
};
use crate::evidence::KINDS;
use crate::rules;

/// The version of the format.
const VERSION: u32 = 1;

/// The policy that is read, to which everything goes with its place.
struct Reader<'a> {
    text: &'a Text,
    policy: Policy,
}

impl Policy {
    /// This policy with what another says over it.
    ///
    /// `may_loosen` is false for a project's policy over a site's, which may neither waive nor
    /// clarify nor decide for the site.
    pub(crate) fn over(&self, text: &Text, may_loosen: bool) -> Result<Self, PolicyError> {
        let file: File = toml::from_str(&text.text).map_err(|error| {
            let message = error.message().trim_end_matches('\n').replace('\n', ", ");
            text.error(&error.span().unwrap_or(0..0), message)
        })?;
        let mut reader = Reader {
            text,
            policy: self.clone(),
        };
        reader.read(file, may_loosen)?;
        Ok(reader.policy)
    }
}

impl Reader<'_> {
    fn read(&mut self, file: File, may_loosen: bool) -> Result<(), PolicyError> {
        self.version(file.version.as_ref())?;
        if !may_loosen {
            self.refuse_loosening(&file)?;
        }
        self.policy.rules.extend(self.levels(file.rules)?);
        self.licenses(file.licenses)?;
        self.vendor(file.vendor)?;
        set(&mut self.policy.doubtful, file.secrets.doubtful, self.text);
        self.image(file.image)?;
        self.bases(file.base)?;
        self.files(file.privileged)?;
        if let Some(size) = file.data.max_size {
            self.policy.data_max_bytes = Some(self.size(&size)?);
        }
        self.results(file.results)?;
        self.destinations(file.destinations)?;
        set(
            &mut self.policy.waiver_terms.max_days,
            file.waivers.max_days,
            self.text,
        );
        set(
            &mut self.policy.waiver_terms.warn_days,
            file.waivers.warn_days,
            self.text,
        );
        self.clarifications(file.clarify)?;
        self.waivers(file.waiver)
    }

    fn version(&self, version: Option<&Spanned<u32>>) -> Result<(), PolicyError> {
        match version {
            Some(version) if *version.get_ref() == VERSION => Ok(()),
            Some(version) => {
                let message = format!("this hpcctl reads version {VERSION} of policies");
                Err(self.text.error(&version.span(), message))
            }
            None => {
                let message = format!("a policy begins with version = {VERSION}");
                Err(self.text.error(&(0..0), message))
            }
        }
    }

    fn refuse_loosening(&self, file: &File) -> Result<(), PolicyError> {
        let waiver = file.waiver.first().map(|w| (w.span(), "a waiver"));
        let clarify = file.clarify.first().map(|c| (c.span(), "a clarification"));
        let decision = file.vendor.decision.first();
        let decision = decision.map(|d| (d.span(), "a decision on a vendor's terms"));
        match waiver.or(clarify).or(decision) {
            Some((span, what)) => {
                let message = format!(
                    "{what} belongs into the site's policy, which this one can only tighten"
                );
                Err(self.text.error(&span, message))
            }
            None => Ok(()),
        }
    }

    fn levels(
        &self,
        given: Keyed<Spanned<Level>>,
    ) -> Result<BTreeMap<&'static str, Set<Level>>, PolicyError> {
        let levels = given.into_iter().map(|(id, level)| {
            let rule = self.rule(&id)?;
            Ok((rule, self.set(level)))
        });
        levels.collect()
    }

    fn rule(&self, id: &Spanned<String>) -> Result<&'static str, PolicyError> {
        let rule = rules::RULES.iter().find(|rule| rule.id == id.get_ref());
        let message = match rule {
            Some(rule) if !rule.fixed => return Ok(rule.id),
            Some(rule) => format!(
                "{} always denies: it can be neither lowered nor waived",
                rule.id
            ),
            None => {
                let ids: Vec<&str> = rules::RULES.iter().map(|rule| rule.id).collect();
                format!(
                    "there is no rule {}; the rules are {}",
                    id.get_ref(),
                    ids.join(", ")
                )
            }
        };
        Err(self.text.error(&id.span(), message))
    }

    fn licenses(&mut self, given: file::Licenses) -> Result<(), PolicyError> {
        for (class, ids) in given.classes {
            if known_class(class.get_ref()) {
                let message = format!(
                    "the class {} is built in; choose another name",
                    class.get_ref()
                );
                return Err(self.text.error(&class.span(), message));
            }
            for id in ids {
                let name = self.license(&id)?;
                self.policy
                    .licenses
                    .classes
                    .insert(name, class.get_ref().clone());
            }
        }
        let lists = [
            (Level::Allow, given.allow),
            (Level::Warn, given.warn),
            (Level::Review, given.review),
            (Level::Deny, given.deny),
        ];
        let levels = self.lists(lists)?;
        self.policy.licenses.levels.extend(levels);
        set(
            &mut self.policy.licenses.unlisted,
            given.unlisted,
            self.text,
        );
        set(&mut self.policy.licenses.unknown, given.unknown, self.text);
        Ok(())
    }

    fn lists(
        &self,
        lists: [(Level, Vec<Spanned<String>>); 4],
    ) -> Result<BTreeMap<String, Set<Level>>, PolicyError> {
        let mut levels: BTreeMap<String, Set<Level>> = BTreeMap::new();
        for (value, ids) in lists {
            for id in ids {
                let name = self.license_or_class(&id)?;
                let origin = self.text.origin(&id.span());
                if let Some(before) = levels.get(&name) {
                    let message = format!(
                        "{name} is listed already, as {} at {}",
                        before.value.as_str(),
                        before.origin
                    );
                    return Err(self.text.error(&id.span(), message));
                }
                levels.insert(name, Set { value, origin });
            }
        }
        Ok(levels)
    }

    fn license_or_class(&self, id: &Spanned<String>) -> Result<String, PolicyError> {
        match id.get_ref().strip_prefix(CLASS) {
            None => self.license(id),
            Some(class) => {
                let own = self.policy.licenses.classes.values();
                if known_class(class) || own.into_iter().any(|name| name == class) {
                    return Ok(id.get_ref().clone());
                }
                let names: BTreeSet<&str> = Class::ALL.iter().map(|class| class.id()).collect();
                let names: Vec<&str> = names.into_iter().collect();
                let message = format!(
                    "there is no class {class}; the built-in ones are {}",
                    names.join(", ")
                );
                Err(self.text.error(&id.span(), message))
            }
        }
    }

    /// One licence, spelled as SPDX spells it.
    fn license(&self, id: &Spanned<String>) -> Result<String, PolicyError> {
        match expression::parse(id.get_ref()) {
            Some(expression::Node::License(license)) => Ok(license),
            Some(_) => {
                let message = "one licence is asked for here, not an expression";
                Err(self.text.error(&id.span(), message))
            }
            None => {
                let message = format!(
                    "{} is no SPDX licence; licences that SPDX does not list are called LicenseRef-NAME",
                    id.get_ref()
                );
                Err(self.text.error(&id.span(), message))
            }
        }
    }

    fn vendor(&mut self, given: file::Vendor) -> Result<(), PolicyError> {
        let vendor = &mut self.policy.vendor;
        set(&mut vendor.conditional, given.conditional, self.text);
        set(&mut vendor.needs_decision, given.needs_decision, self.text);
        set(&mut vendor.no, given.no, self.text);
        for decision in given.decision {
            let origin = self.text.origin(&decision.span());
            if !redistribution::rows()
                .iter()
                .any(|row| row.id == decision.get_ref().terms)
            {
                let terms = &decision.get_ref().terms;
                let message = format!("there are no terms {terms}; hpcctl gate terms lists them");
                return Err(self.text.error(&decision.span(), message));
            }
            let decision = decision.into_inner();
            let value = VendorDecision {
                decided: self.date(&decision.decided)?,
                expires: self.date(&decision.expires)?,
                terms: decision.terms,
                level: decision.level,
                owner: decision.owner,
                reference: decision.reference,
            };
            self.policy.vendor.decisions.push(Set { value, origin });
        }
        Ok(())
    }

    fn image(&mut self, given: file::Image) -> Result<(), PolicyError> {
        if let Some(size) = given.max_size {
            self.policy.image.max_bytes = Some(self.size(&size)?);
        }
        let image = &mut self.policy.image;
        set(&mut image.max_files, given.max_files, self.text);
        set(&mut image.max_layers, given.max_layers, self.text);
        set(&mut image.max_age_days, given.max_age_days, self.text);
        set(&mut image.required_labels, given.required_labels, self.text);
        Ok(())
    }

    fn bases(&mut self, given: file::Base) -> Result<(), PolicyError> {
        for base in given.approved {
            let origin = self.text.origin(&base.span());
            if base.get_ref().diff_ids.is_empty() {
                let message =
                    "a base is known by the digests of its plain layers: diff-ids = [\"sha256:…\"]";
                return Err(self.text.error(&base.span(), message));
            }
            let file::Approved { name, diff_ids } = base.into_inner();
            let value = Base { name, diff_ids };
            self.policy.approved.push(Set { value, origin });
        }
        Ok(())
    }

    fn files(&mut self, given: file::Privileged) -> Result<(), PolicyError> {
        for allowed in given.allow {
            let origin = self.text.origin(&allowed.span());
            let path = self.pattern(&allowed.get_ref().path, &allowed.span())?;
            let sha256 = allowed.into_inner().sha256;
            let value = AllowedFile { path, sha256 };
            self.policy.privileged.push(Set { value, origin });
        }
        Ok(())
    }

    fn results(&mut self, given: file::Results) -> Result<(), PolicyError> {
        if let Some(required) = &given.required {
            let unknown = required
                .get_ref()
                .iter()
                .find(|kind| !KINDS.contains(&kind.as_str()));
            if let Some(kind) = unknown {
                let message = format!(
                    "there are no results of {kind}; choose of {}",
                    KINDS.join(", ")
                );
                return Err(self.text.error(&required.span(), message));
            }
        }
        set(&mut self.policy.results.required, given.required, self.text);
        set(
            &mut self.policy.results.max_age_days,
            given.max_age_days,
            self.text,
        );
        set(&mut self.policy.results.severity, given.severity, self.text);
        Ok(())
    }

    fn destinations(&mut self, given: Keyed<file::Destination>) -> Result<(), PolicyError> {
        for (name, given) in given {
            let rules = self.levels(given.rules)?;
            let lists = given.licenses;
            let levels = self.lists([
                (Level::Allow, lists.allow),
                (Level::Warn, lists.warn),
                (Level::Review, lists.review),
                (Level::Deny, lists.deny),
            ])?;
            let matches = given.matches.iter();
            let matches = matches.map(|glob| self.pattern(glob.get_ref(), &glob.span()));
            let matches = matches.collect::<Result<Vec<_>, _>>()?;
            let entry = self
                .policy
                .destinations
                .entry(name.into_inner())
                .or_default();
            entry.matches.extend(matches);
            entry.rules.extend(rules);
            entry.licenses.levels.extend(levels);
            set(&mut entry.licenses.unlisted, lists.unlisted, self.text);
            set(&mut entry.licenses.unknown, lists.unknown, self.text);
        }
        Ok(())
    }

    fn clarifications(&mut self, given: Vec<Spanned<file::Clarify>>) -> Result<(), PolicyError> {
        for clarify in given {
            let span = clarify.span();
            let origin = self.text.origin(&span);
            let clarify = clarify.into_inner();
            if expression::parse(clarify.expression.get_ref()).is_none() {
                let message = format!("{} is no SPDX expression", clarify.expression.get_ref());
                return Err(self.text.error(&clarify.expression.span(), message));
            }
            if clarify.evidence.is_empty() || clarify.reason.trim().is_empty() {
                let message = "a clarification has a reason and evidence: the file that was read, and its SHA-256 digest";
                return Err(self.text.error(&span, message));
            }
            let evidence = clarify.evidence.into_iter();
            let value = Clarification {
                package: self.pattern(&clarify.package, &span)?,
                expression: clarify.expression.into_inner(),
                reason: clarify.reason,
                evidence: evidence
                    .map(|one| self.proof(one))
                    .collect::<Result<_, _>>()?,
            };
            self.policy.clarifications.push(Set { value, origin });
        }
        Ok(())
    }

    fn proof(&self, given: Spanned<file::Evidence>) -> Result<Proof, PolicyError> {
        let span = given.span();
        let file::Evidence {
            path,
            sha256,
            image,
        } = given.into_inner();
        let hex = sha256.as_deref().or(image.as_deref()).map(bare);
        let is_digest =
            |hex: &String| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        let hex = hex.filter(is_digest).ok_or_else(|| {
            let message = "a SHA-256 digest has 64 hexadecimal digits";
            self.text.error(&span, message)
        })?;
        match (path, sha256.is_some(), image.is_some()) {
            (Some(path), true, false) => Ok(Proof::File {
                path: absolute(&path),
                sha256: hex,
            }),
            (None, false, true) => Ok(Proof::Image(format!("sha256:{hex}"))),
            _ => {
                let message = "evidence is a file, with path and sha256, or image = \"sha256:…\"";
                Err(self.text.error(&span, message))
            }
        }
    }

    fn waivers(&mut self, given: Vec<Spanned<file::Waiver>>) -> Result<(), PolicyError> {
        for waiver in given {
            let span = waiver.span();
            let value = self.waiver(waiver.into_inner(), &span)?;
            let origin = self.text.origin(&span);
            self.policy.waivers.push(Set { value, origin });
        }
        Ok(())
    }

    fn waiver(&self, given: file::Waiver, span: &Range<usize>) -> Result<Waiver, PolicyError> {
        if let Some(twice) = self
            .policy
            .waivers
            .iter()
            .find(|w| w.value.id == *given.id.get_ref())
        {
            let message = format!(
                "the waiver {} is there already, at {}",
                twice.value.id, twice.origin
            );
            return Err(self.text.error(&given.id.span(), message));
        }
        let said = [
            ("owner", &given.owner),
            ("approved-by", &given.approved_by),
            ("reason", &given.reason),
        ];
        if let Some((what, _)) = said.iter().find(|(_, text)| text.trim().is_empty()) {
            return Err(self.text.error(span, format!("a waiver has {what}")));
        }
        let (from, expires) = (self.date(&given.from)?, self.date(&given.expires)?);
        if expires < from {
            let message = "it lapses before it begins";
            return Err(self.text.error(&given.expires.span(), message));
        }
        let days = from.until(expires).map_or(i32::MAX, |span| span.get_days());
        let most = self.policy.waiver_terms.max_days.as_ref();
        if let Some(most) = most.filter(|most| i64::from(days) > i64::from(most.value)) {
            let message = format!(
                "a waiver holds {} days at most ({}), this one {days}",
                most.value, most.origin
            );
            return Err(self.text.error(&given.expires.span(), message));
        }
        let scope = given.scope;
        let pattern = |text: Option<String>| text.map(|text| self.pattern(&text, span)).transpose();
        Ok(Waiver {
            rule: self.rule(&given.rule)?,
            id: given.id.into_inner(),
            image: pattern(scope.image)?,
            package: pattern(scope.package)?,
            path: pattern(scope.path.map(|path| absolute(&path)))?,
            license: pattern(scope.license)?,
            sha256: scope.sha256.as_deref().map(bare),
            owner: given.owner,
            approved_by: given.approved_by,
            reason: given.reason,
            ticket: given.ticket,
            from,
            expires,
        })
    }

    fn pattern(&self, glob: &str, span: &Range<usize>) -> Result<Pattern, PolicyError> {
        Pattern::new(glob).map_err(|message| self.text.error(span, message))
    }

    fn date(&self, text: &Spanned<String>) -> Result<Date, PolicyError> {
        text.get_ref().parse().map_err(|_| {
            let message = format!("{:?} is no date: YYYY-MM-DD", text.get_ref());
            self.text.error(&text.span(), message)
        })
    }

    /// `8 GiB`: a number and a unit.
    fn size(&self, text: &Spanned<String>) -> Result<Set<u64>, PolicyError> {
        let value = bytes(text.get_ref()).ok_or_else(|| {
            let message = format!(
                "{:?} is no size: a number and B, KiB, MiB, GiB or TiB",
                text.get_ref()
            );
            self.text.error(&text.span(), message)
        })?;
        let origin = self.text.origin(&text.span());
        Ok(Set { value, origin })
    }

    fn set<T>(&self, given: Spanned<T>) -> Set<T> {
        let origin = self.text.origin(&given.span());
        Set {
            value: given.into_inner(),
            origin,
        }
    }
}

/// Puts a value that was given in the place of the inherited one.
fn set<T>(to: &mut Option<Set<T>>, given: Option<Spanned<T>>, text: &Text) {
    if let Some(given) = given {
        let origin = text.origin(&given.span());
        *to = Some(Set {
            value: given.into_inner(),
            origin,
        });
    }
}

fn known_class(name: &str) -> bool {
    Class::ALL.iter().any(|class| class.id() == name)
}

fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim() {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// A path of the image, from the root.
fn absolute(path: &str) -> String {
    format!("/{}", path.trim_start_matches('/'))
}

/// A digest without the name of the algorithm.
fn bare(digest: &str) -> String {
    digest.trim_start_matches("sha256:").to_ascii_lowercase()
}
