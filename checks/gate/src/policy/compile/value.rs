//! Single values of a policy: globs, dates, sizes, digests, names of rules and of licences.

use std::collections::BTreeSet;
use std::ops::Range;

use hpcctl_license_db::expression;
use hpcctl_license_db::policy::Class;
use jiff::civil::Date;
use toml::Spanned;

use super::Reader;
use crate::decide::ID_BYTES;
use crate::policy::licenses::CLASS;
use crate::policy::text::MOST;
use crate::policy::{Origin, Pattern, Set};
use crate::rules;

/// What is in front of a digest.
const SHA256: &str = "sha256:";

impl Reader<'_> {
    /// Something is wrong, and where.
    pub(super) fn wrong(&mut self, span: &Range<usize>, message: impl Into<String>) {
        if self.remarks.len() < MOST {
            self.remarks.push(self.text.remark(span, message));
        }
    }

    pub(super) fn origin(&self, span: &Range<usize>) -> Origin {
        self.text.origin(span)
    }

    pub(super) fn set<T>(&self, given: Spanned<T>) -> Set<T> {
        let origin = self.origin(&given.span());
        Set {
            value: given.into_inner(),
            origin,
        }
    }

    /// A value that was given, or the inherited one.
    pub(super) fn or<T>(
        &self,
        given: Option<Spanned<T>>,
        inherited: Option<Set<T>>,
    ) -> Option<Set<T>> {
        given.map(|given| self.set(given)).or(inherited)
    }

    /// A rule whose findings can weigh less.
    pub(super) fn rule(&mut self, id: &Spanned<String>) -> Option<&'static str> {
        let rule = rules::RULES.iter().find(|rule| rule.id == id.get_ref());
        let message = match rule {
            Some(rule) if !rule.fixed => return Some(rule.id),
            Some(rule) => format!(
                "{} always denies: it can be neither lowered nor waived",
                rule.id
            ),
            None => format!(
                "there is no rule {}; hpcctl gate list names them",
                id.get_ref()
            ),
        };
        self.wrong(&id.span(), message);
        None
    }

    pub(super) fn license_or_class(&mut self, id: &Spanned<String>) -> Option<String> {
        let Some(class) = id.get_ref().strip_prefix(CLASS) else {
            return self.license(id);
        };
        let mut own = self.policy.licenses.classes.values();
        if known_class(class) || own.any(|set| set.value == class) {
            return Some(id.get_ref().clone());
        }
        let names: BTreeSet<&str> = Class::ALL.iter().map(|class| class.id()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let message = format!(
            "there is no class {class}; the built-in ones are {}",
            names.join(", ")
        );
        self.wrong(&id.span(), message);
        None
    }

    /// One licence, spelled as SPDX spells it.
    pub(super) fn license(&mut self, id: &Spanned<String>) -> Option<String> {
        let message = match expression::parse(id.get_ref()) {
            Some(expression::Node::License(license)) => return Some(license),
            Some(_) => "one licence is asked for here, not an expression".to_owned(),
            None => format!(
                "{} is no SPDX licence; licences that SPDX does not list are called LicenseRef-NAME",
                id.get_ref()
            ),
        };
        self.wrong(&id.span(), message);
        None
    }

    pub(super) fn pattern(&mut self, glob: &Spanned<String>) -> Option<Pattern> {
        self.glob(glob.get_ref(), &glob.span())
    }

    /// A glob of paths of the image, from the root.
    pub(super) fn paths(&mut self, glob: &Spanned<String>) -> Option<Pattern> {
        self.glob(&absolute(glob.get_ref()), &glob.span())
    }

    fn glob(&mut self, glob: &str, span: &Range<usize>) -> Option<Pattern> {
        match Pattern::new(glob) {
            Ok(pattern) => Some(pattern),
            Err(message) => {
                self.wrong(span, message);
                None
            }
        }
    }

    pub(super) fn date(&mut self, text: &Spanned<String>) -> Option<Date> {
        // A time of day, or a zone, would be passed over.
        let date = Some(text.get_ref()).filter(|text| text.len() == "2026-01-01".len());
        let date = date.and_then(|text| text.parse().ok());
        if date.is_none() {
            let message = format!("{:?} is no date: YYYY-MM-DD", text.get_ref());
            self.wrong(&text.span(), message);
        }
        date
    }

    /// The first and the last day that something holds.
    pub(super) fn term(
        &mut self,
        from: &Spanned<String>,
        to: &Spanned<String>,
    ) -> Option<(Date, Date)> {
        let (first, last) = (self.date(from), self.date(to));
        let (first, last) = first.zip(last)?;
        if last < first {
            self.wrong(&to.span(), "it lapses before it begins");
            return None;
        }
        Some((first, last))
    }

    /// A text that has to say something.
    pub(super) fn said(&mut self, what: &str, text: &Spanned<String>) {
        if text.get_ref().trim().is_empty() {
            self.wrong(&text.span(), format!("{what} is empty"));
        }
    }

    /// A SHA-256 digest in hex, with or without the name of the algorithm in front.
    pub(super) fn digest(&mut self, text: &Spanned<String>) -> Option<String> {
        let hex = text.get_ref().trim_start_matches(SHA256);
        if hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some(hex.to_ascii_lowercase());
        }
        let message = format!(
            "{:?} is no SHA-256 digest, which has 64 hexadecimal digits",
            text.get_ref()
        );
        self.wrong(&text.span(), message);
        None
    }

    /// The id of a finding, as reports write it.
    pub(super) fn finding(&mut self, text: &Spanned<String>) -> Option<String> {
        let id = text.get_ref();
        if id.len() == 2 * ID_BYTES && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some(id.to_ascii_lowercase());
        }
        let message = format!(
            "{id:?} is no id of a finding, which has {} hexadecimal digits",
            2 * ID_BYTES
        );
        self.wrong(&text.span(), message);
        None
    }

    /// The digest of an image or of a layer, as reports write it.
    pub(super) fn named_digest(&mut self, text: &Spanned<String>) -> Option<String> {
        self.digest(text).map(|hex| format!("{SHA256}{hex}"))
    }

    /// `8 GiB`: a number and a unit.
    pub(super) fn size(&mut self, text: &Spanned<String>) -> Option<Set<u64>> {
        let Some(value) = bytes(text.get_ref()) else {
            let message = format!(
                "{:?} is no size: a number and B, KiB, MiB, GiB or TiB",
                text.get_ref()
            );
            self.wrong(&text.span(), message);
            return None;
        };
        let origin = self.origin(&text.span());
        Some(Set { value, origin })
    }
}

pub(super) fn known_class(name: &str) -> bool {
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
pub(super) fn absolute(path: &str) -> String {
    format!("/{}", path.trim_start_matches('/'))
}
