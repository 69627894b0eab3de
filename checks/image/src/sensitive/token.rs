//! Tokens that are known by their own form: a prefix, an alphabet, a length, and a checksum
//! where the form has one. Forms are those that the services document for the scanners of secrets.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

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

/// A form of tokens.
struct Form {
    /// What it begins with.
    prefix: &'static str,
    /// Whose token it is.
    of: &'static str,
    /// How many characters follow, at least and at most.
    length: (usize, usize),
    /// Which characters.
    alphabet: fn(u8) -> bool,
    /// Whether the part after the prefix is right.
    is_right: fn(&str) -> Right,
}

/// What a closer look says of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    /// Its checksum is right, or it has none and is random.
    Yes,
    /// Its checksum is wrong, so it was made up.
    MadeUp,
    /// It is none.
    No,
}

const fn form(
    prefix: &'static str,
    of: &'static str,
    length: (usize, usize),
    alphabet: fn(u8) -> bool,
    is_right: fn(&str) -> Right,
) -> Form {
    Form {
        prefix,
        of,
        length,
        alphabet,
        is_right,
    }
}

static FORMS: &[Form] = &[
    form(
        "ghp_",
        "a user's token of GitHub",
        (36, 36),
        alphanumeric,
        crc32,
    ),
    form(
        "gho_",
        "an OAuth token of GitHub",
        (36, 36),
        alphanumeric,
        crc32,
    ),
    form(
        "ghu_",
        "a token of an app of GitHub",
        (36, 36),
        alphanumeric,
        crc32,
    ),
    form(
        "ghs_",
        "a token of an app of GitHub",
        (36, 36),
        alphanumeric,
        crc32,
    ),
    form(
        "ghr_",
        "a refresh token of GitHub",
        (36, 80),
        alphanumeric,
        random,
    ),
    form(
        "github_pat_",
        "a fine-grained token of GitHub",
        (82, 82),
        value::is_word,
        random,
    ),
    form(
        "glpat-",
        "a user's token of GitLab",
        (20, 64),
        dotted,
        random,
    ),
    form(
        "gldt-",
        "a deploy token of GitLab",
        (20, 64),
        dotted,
        random,
    ),
    form(
        "glrt-",
        "a runner's token of GitLab",
        (20, 64),
        dotted,
        random,
    ),
    form(
        "glptt-",
        "a trigger token of GitLab",
        (40, 40),
        alphanumeric,
        random,
    ),
    form(
        "glcbt-",
        "a job's token of GitLab",
        (20, 64),
        dotted,
        random,
    ),
    form("AKIA", "a key id of AWS", (16, 16), base32, aws),
    form("ASIA", "a temporary key id of AWS", (16, 16), base32, aws),
    form("AIza", "a key of Google", (35, 35), value::is_word, random),
    form(
        "ya29.",
        "an access token of Google",
        (60, 400),
        value::is_word,
        random,
    ),
    form(
        "xoxb-",
        "a bot's token of Slack",
        (30, 120),
        value::is_word,
        random,
    ),
    form(
        "xoxp-",
        "a user's token of Slack",
        (30, 160),
        value::is_word,
        random,
    ),
    form(
        "xoxa-",
        "an app's token of Slack",
        (30, 160),
        value::is_word,
        random,
    ),
    form(
        "xoxr-",
        "a refresh token of Slack",
        (30, 160),
        value::is_word,
        random,
    ),
    form(
        "xapp-",
        "an app's token of Slack",
        (40, 160),
        value::is_word,
        random,
    ),
    form(
        "hooks.slack.com/services/",
        "a webhook of Slack",
        (40, 60),
        |byte| alphanumeric(byte) || byte == b'/',
        slack_hook,
    ),
    form(
        "hf_",
        "a token of Hugging Face",
        (34, 37),
        alphanumeric,
        hugging_face,
    ),
    form("npm_", "a token of npm", (36, 36), alphanumeric, crc32),
    form("pypi-", "a token of PyPI", (80, 400), value::is_word, pypi),
    form(
        "dckr_pat_",
        "a token of Docker Hub",
        (27, 32),
        value::is_word,
        random,
    ),
    form(
        "dckr_oat_",
        "an organisation's token of Docker Hub",
        (27, 40),
        value::is_word,
        random,
    ),
    form(
        "sk-ant-",
        "a key of Anthropic",
        (80, 120),
        value::is_word,
        random,
    ),
    form(
        "sk-proj-",
        "a key of OpenAI",
        (40, 200),
        value::is_word,
        random,
    ),
    form(
        "sk_live_",
        "a key of Stripe",
        (24, 110),
        alphanumeric,
        random,
    ),
    form(
        "rk_live_",
        "a restricted key of Stripe",
        (24, 110),
        alphanumeric,
        random,
    ),
    form(
        "hvs.",
        "a token of Vault",
        (24, 200),
        value::is_word,
        random,
    ),
    form(
        "dop_v1_",
        "a token of DigitalOcean",
        (64, 64),
        hexadecimal,
        random,
    ),
    form(
        "tskey-",
        "a key of Tailscale",
        (20, 80),
        value::is_word,
        random,
    ),
    form(
        "sntrys_",
        "a token of Sentry",
        (60, 400),
        |byte| alphanumeric(byte) || b"+/=_".contains(&byte),
        random,
    ),
    form(
        "NRAK-",
        "a key of New Relic",
        (27, 27),
        alphanumeric,
        random,
    ),
    form(
        "lin_api_",
        "a key of Linear",
        (40, 40),
        alphanumeric,
        random,
    ),
    form("gsk_", "a key of Groq", (52, 52), alphanumeric, random),
    form(
        "wandb_v1_",
        "a key of Weights & Biases",
        (30, 120),
        value::is_word,
        random,
    ),
    form(
        "SharedAccessSignature=",
        "a shared access signature of Azure",
        (30, 400),
        |byte| !byte.is_ascii_whitespace() && byte != b'"',
        azure_signature,
    ),
    form(
        "ATATT3xFf",
        "a token of Atlassian",
        (100, 240),
        |byte| value::is_word(byte) || byte == b'=',
        random,
    ),
    form(
        "figd_",
        "a token of Figma",
        (40, 60),
        value::is_word,
        random,
    ),
    form(
        "glsa_",
        "a token of Grafana",
        (41, 41),
        value::is_word,
        random,
    ),
    form("nvapi-", "a key of NGC", (60, 80), value::is_word, random),
];

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

fn alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn dotted(byte: u8) -> bool {
    value::is_word(byte) || byte == b'.'
}

fn base32(byte: u8) -> bool {
    byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte)
}

fn hexadecimal(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

fn yes(is: bool) -> Right {
    if is { Right::Yes } else { Right::No }
}

fn random(token: &str) -> Right {
    yes(value::is_random(token) && value::entropy(token.as_bytes()) > 3.3)
}

/// Of key ids of AWS, examples end in `EXAMPLE`.
fn aws(token: &str) -> Right {
    let has_digit = token.bytes().any(|byte| byte.is_ascii_digit());
    yes(has_digit
        && !token.ends_with("EXAMPLE")
        && !value::is_stand_in(token)
        && value::entropy(token.as_bytes()) > 2.8)
}

/// The last six characters are the CRC-32 of those before, in base 62.
fn crc32(token: &str) -> Right {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    if random(token) != Right::Yes {
        return Right::No;
    }
    let (body, sum) = token.split_at(token.len() - 6);
    let mut left = crc(body.as_bytes()) as usize;
    let mut right = [b'0'; 6];
    for digit in right.iter_mut().rev() {
        *digit = DIGITS[left % 62];
        left /= 62;
    }
    if sum.as_bytes() == right {
        Right::Yes
    } else {
        Right::MadeUp
    }
}

/// The CRC-32 of zlib.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
        crc
    })
}

/// Letters mostly; `hf_` begins names of functions too.
fn hugging_face(token: &str) -> Right {
    let has = |is: fn(&u8) -> bool| token.bytes().any(|byte| is(&byte));
    let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    yes(is_mixed && !value::is_stand_in(token) && value::entropy(token.as_bytes()) > 3.8)
}

/// A macaroon: after its version comes the place it is for.
fn pypi(token: &str) -> Right {
    let start = URL_SAFE_NO_PAD
        .decode(&token[..token.len().min(40) / 4 * 4])
        .unwrap_or_default();
    let is_one = start.starts_with(b"\x02\x01\x08pypi.org")
        || start.starts_with(b"\x02\x01\x0dtest.pypi.org");
    yes(is_one && value::entropy(token.as_bytes()) > 4.0)
}

/// `T…/B…/SECRET`
fn slack_hook(path: &str) -> Right {
    let parts: Vec<&str> = path.split('/').collect();
    yes(
        matches!(parts[..], [team, hook, key] if team.starts_with('T') && hook.starts_with('B') && key.len() == 24 && value::is_random(key)),
    )
}

fn azure_signature(value: &str) -> Right {
    yes(value.contains("sig=") && value.contains("sv="))
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
    fn the_checksum_of_github() {
        assert_eq!(crc(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"), Right::Yes);
        assert_eq!(crc32("zQWBuTSOoRi4A9spHcVY5ncnsDkxkK0mLq17"), Right::MadeUp);
    }

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
