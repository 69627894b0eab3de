//! Tokens that are known by their own form: a prefix, an alphabet, a length, and a checksum
//! where the form has one. Forms are those that the services document for the scanners of secrets.

mod form;
mod right;

use form::FORMS;
use right::{Right, dotted, random};

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector =
    Detector::new("secret.token", "A token of a service, known by its form.").holding(
        &[
            "ghp_",
            "gho_",
            "ghu_",
            "ghs_",
            "ghr_",
            "github_pat_",
            "glpat-",
            "gldt-",
            "glrt-",
            "glptt-",
            "glcbt-",
            "AKIA",
            "ASIA",
            "AIza",
            "ya29.",
            "xoxb-",
            "xoxp-",
            "xoxa-",
            "xoxr-",
            "xapp-",
            "hooks.slack.com/services/",
            "hf_",
            "npm_",
            "pypi-AgEIcHlwaS5vcmc",
            "pypi-AgENdGVzdC5weXBpLm9yZ",
            "dckr_pat_",
            "dckr_oat_",
            "sk-ant-",
            "sk-proj-",
            "sk_live_",
            "rk_live_",
            "hvs.",
            "dop_v1_",
            "tskey-",
            "sntrys_",
            "NRAK-",
            "lin_api_",
            "gsk_",
            "wandb_v1_",
            "SharedAccessSignature=",
            "8Q~",
            "ATATT3xFf",
            "figd_",
            "glsa_",
            "nvapi-",
        ],
        place,
    );

fn place(source: &Source<'_>, at: usize, sightings: &mut Sightings) {
    let rest = &source.bytes[at..];
    if rest.starts_with(b"8Q~") {
        azure_secret(source, at, sightings);
        return;
    }
    let form = FORMS
        .iter()
        .find(|form| rest.starts_with(form.prefix.as_bytes()));
    let Some(form) = form.filter(|_| value::begins_word(source.bytes, at)) else {
        return;
    };
    let from = at + form.prefix.len();
    let (least, most) = form.length;
    let token = value::run(source.bytes, from, most + 1, form.alphabet);
    if !(least..=most).contains(&token.len()) {
        return;
    }
    match (form.is_right)(token) {
        Right::Yes => sightings.at(DETECTOR.id, source, at, form.of),
        Right::MadeUp => {
            let text = format!("{}, with a wrong checksum", form.of);
            sightings.at(DETECTOR.id, source, at, text);
            sightings.only_a_clue();
        }
        Right::No => {}
    }
}

/// A client's secret of Azure: three characters, a digit and `Q~`, and 31 to 34 more.
fn azure_secret(source: &Source<'_>, at: usize, sightings: &mut Sightings) {
    let Some(from) = at.checked_sub(3) else {
        return;
    };
    let token = value::run(source.bytes, from, 41, |byte| dotted(byte) || byte == b'~');
    if (37..=40).contains(&token.len())
        && value::begins_word(source.bytes, from)
        && random(token) == Right::Yes
    {
        sightings.at(DETECTOR.id, source, from, "a client's secret of Azure");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_literal_has_a_form() {
        for literal in DETECTOR
            .literals
            .iter()
            .filter(|literal| **literal != "8Q~")
        {
            let mut forms = FORMS.iter();
            assert!(
                forms.any(|form| literal.starts_with(form.prefix)),
                "{literal}"
            );
        }
    }
}
