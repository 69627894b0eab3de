//! The names of the Creative Commons licences, which are put together from elements:
//! "Creative Commons Attribution-Share Alike 3.0 Unported", "CC BY-NC 4.0"
//! (creativecommons.org/licenses).

use hpcctl_model::license::Kind;

use super::finding::{Finding, MAX_FINDINGS, Taken, Vague};
use super::phrase::context::{denied, granted};
use super::phrase::row::listed;
use super::words::Words;
use crate::expression;

/// The most words of a name.
const MAX_NAME: usize = 14;

/// The words of elements, as they are written together or apart, and what each stands for. A
/// longer one comes before its start.
const ELEMENTS: &[(&str, Element)] = &[
    ("attribution", Element::By),
    ("by", Element::By),
    ("noncommercial", Element::Nc),
    ("nc", Element::Nc),
    ("sharealike", Element::Sa),
    ("sa", Element::Sa),
    ("noderivativeworks", Element::Nd),
    ("noderivatives", Element::Nd),
    ("noderivs", Element::Nd),
    ("noderiv", Element::Nd),
    ("nd", Element::Nd),
    ("license", Element::Word),
    ("licence", Element::Word),
    ("public", Element::Word),
    ("version", Element::Word),
    ("the", Element::Word),
    ("v", Element::Word),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Element {
    By,
    Nc,
    Sa,
    Nd,
    /// Stands between the others and says nothing.
    Word,
}

/// The names among the words that are not taken.
pub(crate) fn find(words: &Words, taken: &Taken) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < words.len() && out.len() < MAX_FINDINGS {
        let named = if taken.is(at) { None } else { name(words, at) };
        let Some((license, end)) = named else {
            at += 1;
            continue;
        };
        let mut finding = Finding::new(at..end, license, Kind::Reference);
        let license = (at..end + 3).any(|i| words.word(i).starts_with("licen"));
        let versionless = finding.license.starts_with(expression::REF);
        let told = granted(words, at) || listed(words, at, end) || (license && !versionless);
        if versionless {
            finding.vague = Vague::Family;
        }
        if !told || denied(words, at) {
            finding = finding.clue();
        }
        out.push(finding);
        at = end;
    }
    out
}

/// The id of the name at a place, and where it ends.
fn name(words: &Words, at: usize) -> Option<(String, usize)> {
    let first = words.word(at);
    let (mut joined, mut next) = match first {
        "creative" if words.word(at + 1) == "commons" => (String::new(), at + 2),
        "creativecommons" | "cc" => (String::new(), at + 1),
        _ => (first.strip_prefix("cc")?.to_owned(), at + 1),
    };
    if joined.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    while next < at + MAX_NAME {
        let word = words.word(next);
        let number = word.strip_prefix('v').unwrap_or(word);
        if matches!(number, "1.0" | "2.0" | "2.1" | "2.5" | "3.0" | "4.0") {
            let (id, port) = id(&joined, number, words.word(next + 1), words.word(next + 2))?;
            return Some((id, next + 1 + port));
        }
        let len = joined.len();
        joined.push_str(word);
        let goes_on = !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
        if !goes_on || elements(&joined).is_none() {
            joined.truncate(len);
            break;
        }
        next += 1;
    }
    Some((family(&joined)?, next))
}

/// The reference of a name without a version. "Creative Commons by Jane" names none: one element
/// has to be written out.
fn family(joined: &str) -> Option<String> {
    let elements = elements(joined)?;
    let told = |element: &&Element| **element != Element::Word;
    let told = elements.iter().filter(told).count() > 1 || joined.contains("attribution");
    told.then(|| versionless(&elements))
}

/// The reference of a name without a version.
fn versionless(elements: &[Element]) -> String {
    format!("{}CC{}", expression::REF, short(elements))
}

/// All such references.
pub(super) fn names() -> impl Iterator<Item = String> {
    let all = [Element::By, Element::Nc, Element::Nd, Element::Sa];
    (1..1 << all.len()).map(move |set| {
        let of = all.iter().enumerate();
        let of = of.filter(|(n, _)| set >> n & 1 == 1);
        versionless(&of.map(|(_, element)| *element).collect::<Vec<_>>())
    })
}

/// The elements in the order of the ids.
fn short(elements: &[Element]) -> String {
    let order = [
        (Element::By, "-BY"),
        (Element::Nc, "-NC"),
        (Element::Nd, "-ND"),
        (Element::Sa, "-SA"),
    ];
    let order = order
        .iter()
        .filter(|(element, _)| elements.contains(element));
    order.map(|(_, short)| *short).collect()
}

/// The id, and how many words behind the version name the country of a port.
fn id(joined: &str, number: &str, next: &str, second: &str) -> Option<(String, usize)> {
    let mut elements = elements(joined)?;
    // Since version 2.0 every licence asks for attribution, whether its name says so or not.
    let named = elements.iter().any(|element| *element != Element::Word);
    if named && number != "1.0" {
        elements.push(Element::By);
    }
    let id = format!("CC{}-{number}", short(&elements));
    let (country, len) = match (next, second) {
        ("united", "states") => ("-US", 2),
        ("united", "kingdom") => ("-UK", 2),
        ("germany", _) => ("-DE", 1),
        ("netherlands", _) => ("-NL", 1),
        ("austria", _) => ("-AT", 1),
        ("australia", _) => ("-AU", 1),
        ("france", _) => ("-FR", 1),
        ("unported" | "international" | "generic", _) => ("", 1),
        _ => ("", 0),
    };
    let port = format!("{id}{country}");
    [(port, len), (id, 0)]
        .into_iter()
        .find(|(id, _)| spdx::license_id(id).is_some())
}

/// The elements of words that were written together, or none where another word is among them.
/// The last may be the start of one.
fn elements(joined: &str) -> Option<Vec<Element>> {
    let mut out = Vec::new();
    let mut rest = joined;
    while !rest.is_empty() {
        let found = ELEMENTS.iter().find_map(|(word, element)| {
            Some((*element, rest.strip_prefix(word)?)).filter(|(_, rest)| !goes_on(rest))
        });
        match found {
            Some((element, after)) => {
                out.push(element);
                rest = after;
            }
            None => {
                let begun = ELEMENTS.iter().any(|(word, _)| word.starts_with(rest));
                return begun.then_some(out);
            }
        }
    }
    Some(out)
}

/// Whether what follows shows that another element was meant: `nd` in `ndcommercial`.
fn goes_on(rest: &str) -> bool {
    !rest.is_empty()
        && !ELEMENTS
            .iter()
            .any(|(word, _)| rest.starts_with(word) || word.starts_with(rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hpcctl_model::license::State;

    fn licenses(text: &str) -> Vec<(String, State)> {
        let words = Words::of(text);
        let found = find(&words, &Taken::new(words.len()));
        found.into_iter().map(|f| (f.license, f.state)).collect()
    }

    #[test]
    fn reads_names() {
        for (text, license) in [
            (
                "under the Creative Commons Attribution-Share Alike 3.0 license",
                "CC-BY-SA-3.0",
            ),
            (
                "under a Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International License",
                "CC-BY-NC-SA-4.0",
            ),
            (
                "under Creative Commons Attribution - Non Commercial - No Derivs 2.5",
                "CC-BY-NC-ND-2.5",
            ),
            ("licensed under CC BY-SA 4.0", "CC-BY-SA-4.0"),
            ("License: CC-BY-NC-4.0", "CC-BY-NC-4.0"),
            (
                "under the Creative Commons Attribution 3.0 United States License",
                "CC-BY-3.0-US",
            ),
            (
                "under the Creative Commons Attribution License (v3.0)",
                "CC-BY-3.0",
            ),
            (
                "Creative Commons Attribution No Derivative Works version 2.0 license",
                "CC-BY-ND-2.0",
            ),
            ("under the CC Share-alike 2.5 license", "CC-BY-SA-2.5"),
            (
                "licensed under Creative Commons NonCommercial-ShareAlike 3.0",
                "CC-BY-NC-SA-3.0",
            ),
            ("under the CC ShareAlike 1.0 license", "CC-SA-1.0"),
            (
                "available under the creative commons CC-BY-SA license",
                "LicenseRef-CC-BY-SA",
            ),
            (
                "under a Creative Commons Attribution-NonCommercial license",
                "LicenseRef-CC-BY-NC",
            ),
            ("License: CC BY-ND", "LicenseRef-CC-BY-ND"),
            (
                "licensed under the Creative Commons Attribution License",
                "LicenseRef-CC-BY",
            ),
        ] {
            assert_eq!(
                licenses(text),
                [(license.to_owned(), State::Likely)],
                "{text}"
            );
        }
    }

    #[test]
    fn other_words_are_no_names() {
        for text in [
            "Creative Commons is an organization",
            "cc 4.0",
            "the ccache 3.0 license",
            "CC0 1.0",
            "Creative Commons Zero 1.0",
            "under the CC public license 3.0",
            "share alike 2.5",
            "licensed under Creative Commons by Jane Doe",
            "under CC by the authors",
        ] {
            assert!(licenses(text).is_empty(), "{text}: {:?}", licenses(text));
        }
        assert_eq!(licenses("like CC BY 4.0")[0].1, State::Clue);
        let told = "the Creative Commons Attribution-ShareAlike license is long";
        assert_eq!(licenses(told)[0].1, State::Clue);
    }
}
