//! The forms of tokens, a row each.

use super::right::{
    Right, alphanumeric, aws, azure_signature, base32, crc32, dotted, hexadecimal, hugging_face,
    pypi, random, slack_hook,
};
use crate::sensitive::value;

/// A form of tokens.
pub(super) struct Form {
    /// What it begins with.
    pub(super) prefix: &'static str,
    /// Whose token it is.
    pub(super) of: &'static str,
    /// How many characters follow, at least and at most.
    pub(super) length: (usize, usize),
    /// Which characters.
    pub(super) alphabet: fn(u8) -> bool,
    /// Whether the part after the prefix is right.
    pub(super) is_right: fn(&str) -> Right,
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

/// The forms, each by what it begins with.
pub(super) static FORMS: &[Form] = &[
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
