//! What people of the site gave leave to: decisions on vendors' terms, clarifications and waivers.

use std::ops::Range;

use hpcctl_license_db::{expression, redistribution};
use toml::Spanned;

use super::Reader;
use super::value::absolute;
use crate::policy::{Clarification, Proof, Set, VendorDecision, Waiver, file};

impl Reader<'_> {
    pub(super) fn decisions(&mut self, given: Vec<Spanned<file::VendorDecision>>) {
        for decision in given {
            let origin = self.origin(&decision.span());
            if let Some(value) = self.decision(decision.into_inner()) {
                self.policy.vendor.decisions.push(Set { value, origin });
            }
        }
    }

    fn decision(&mut self, given: file::VendorDecision) -> Option<VendorDecision> {
        let terms = given.terms.get_ref();
        let is_known = redistribution::rows().iter().any(|row| row.id == *terms);
        if !is_known {
            let message = format!("there are no terms {terms}; hpcctl gate terms lists them");
            self.wrong(&given.terms.span(), message);
        }
        self.said("owner", &given.owner);
        self.said("reference", &given.reference);
        let (decided, expires) = self.term(&given.decided, &given.expires)?;
        Some(VendorDecision {
            decided,
            expires,
            terms: given.terms.into_inner(),
            level: given.level,
            owner: given.owner.into_inner(),
            reference: given.reference.into_inner(),
        })
    }

    pub(super) fn clarifications(&mut self, given: Vec<Spanned<file::Clarify>>) {
        for clarify in given {
            let span = clarify.span();
            if let Some(value) = self.clarification(clarify.into_inner(), &span) {
                let origin = self.origin(&span);
                self.policy.clarifications.push(Set { value, origin });
            }
        }
    }

    fn clarification(
        &mut self,
        given: file::Clarify,
        span: &Range<usize>,
    ) -> Option<Clarification> {
        if expression::parse(given.expression.get_ref()).is_none() {
            let message = format!("{} is no SPDX expression", given.expression.get_ref());
            self.wrong(&given.expression.span(), message);
        }
        self.said("reason", &given.reason);
        if given.evidence.is_empty() {
            let message =
                "a clarification has evidence: the file that was read, and its SHA-256 digest";
            self.wrong(span, message);
        }
        let evidence = given.evidence.into_iter();
        let evidence: Vec<Option<Proof>> = evidence.map(|one| self.proof(one)).collect();
        Some(Clarification {
            package: self.pattern(&given.package)?,
            expression: given.expression.into_inner(),
            reason: given.reason.into_inner(),
            evidence: evidence.into_iter().collect::<Option<_>>()?,
        })
    }

    fn proof(&mut self, given: Spanned<file::Evidence>) -> Option<Proof> {
        let span = given.span();
        match given.into_inner() {
            file::Evidence {
                path: Some(path),
                sha256: Some(sha256),
                image: None,
            } => Some(Proof::File {
                path: absolute(&path),
                sha256: self.digest(&sha256)?,
            }),
            file::Evidence {
                path: None,
                sha256: None,
                image: Some(image),
            } => Some(Proof::Image(self.named_digest(&image)?)),
            _ => {
                let message = "evidence is a file, with path and sha256, or image = \"sha256:…\"";
                self.wrong(&span, message);
                None
            }
        }
    }

    pub(super) fn waivers(&mut self, given: Vec<Spanned<file::Waiver>>) {
        for waiver in given {
            let origin = self.origin(&waiver.span());
            if let Some(value) = self.waiver(waiver.into_inner()) {
                self.policy.waivers.push(Set { value, origin });
            }
        }
    }

    fn waiver(&mut self, given: file::Waiver) -> Option<Waiver> {
        let mut known = self.policy.waivers.iter();
        if let Some(twice) = known.find(|w| w.value.id == *given.id.get_ref()) {
            let message = format!(
                "the waiver {} is there already, at {}",
                twice.value.id, twice.origin
            );
            self.wrong(&given.id.span(), message);
        }
        self.said("id", &given.id);
        self.said("owner", &given.owner);
        self.said("approved-by", &given.approved_by);
        self.said("reason", &given.reason);
        let term = self.term(&given.from, &given.expires);
        if let Some((from, expires)) = term {
            let days = from.until(expires).map_or(i32::MAX, |span| span.get_days());
            let most = self.policy.waiver_terms.max_days.as_ref();
            if let Some(most) = most.filter(|most| i64::from(days) > i64::from(most.value)) {
                let message = format!(
                    "a waiver holds {} days at most ({}), this one {days}",
                    most.value, most.origin
                );
                self.wrong(&given.expires.span(), message);
            }
        }
        let rule = self.rule(&given.rule);
        let scope = given.scope;
        // A part that is wrong has been told, and the policy holds nowhere.
        let image = scope.image.and_then(|glob| self.pattern(&glob));
        let package = scope.package.and_then(|glob| self.pattern(&glob));
        let path = scope.path.and_then(|glob| self.paths(&glob));
        let license = scope.license.and_then(|glob| self.pattern(&glob));
        let sha256 = scope.sha256.and_then(|digest| self.digest(&digest));
        let finding = scope.finding.and_then(|id| self.finding(&id));
        let (from, expires) = term?;
        Some(Waiver {
            rule: rule?,
            id: given.id.into_inner(),
            image,
            package,
            path,
            license,
            sha256,
            finding,
            owner: given.owner.into_inner(),
            approved_by: given.approved_by.into_inner(),
            reason: given.reason.into_inner(),
            ticket: given.ticket,
            from,
            expires,
        })
    }
}
