//! What is read from an answer: its bytes, its headers, and the registry's own words.
//!
//! Sources: the OCI distribution specification 1.1 ("Error codes"), and the headers with which
//! registries name a limit on requests.

use std::io::Read;

use serde::Deserialize;
use ureq::Body;
use ureq::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use ureq::http::{HeaderMap, Response};

use crate::Error;
use crate::challenge::Challenge;
use crate::transport::Transport;
use crate::url::Url;

/// Bytes of a registry's words on an error, and how many of them are told.
const WORDS: u64 = 16 << 10;
const TOLD: usize = 200;

/// Reads an answer whole, when it is no larger than `limit`.
pub(crate) fn read(
    answer: Response<Body>,
    limit: u64,
    url: &Url,
    transport: &Transport,
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let mut body = answer.into_body().into_reader().take(limit + 1);
    match body.read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 > limit => Err(Error::TooLarge {
            url: url.to_string(),
            limit,
        }),
        Ok(_) => Ok(bytes),
        Err(error) => Err(transport.fault(url, &error.into())),
    }
}

/// A header that is text.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The media type of an answer, without parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let value = text(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    let value = value.split(';').next().unwrap_or_default();
    value.trim().to_ascii_lowercase()
}

/// What it asks for.
pub(crate) fn challenge(headers: &HeaderMap) -> Option<Challenge> {
    let values = headers.get_all(WWW_AUTHENTICATE).iter();
    Challenge::of(values.filter_map(|value| value.to_str().ok()))
}

/// The limit on requests, as registries name it: `100;w=21600` is a hundred in six hours.
pub(crate) fn limit(headers: &HeaderMap) -> Option<String> {
    let of = |name: &str| text(headers, name).map(|value| cut(value, 40));
    let limit = of("ratelimit-limit").or(of("x-ratelimit-limit"))?;
    let source = of("docker-ratelimit-source");
    let source = source.map_or(String::new(), |source| format!(" for {source}"));
    Some(match limit.split_once(";w=") {
        Some((count, seconds)) => format!("{count} in {seconds} s{source}"),
        None => format!("{limit}{source}"),
    })
}

/// What a registry says about an error: `{"errors":[{"code","message"}]}`.
pub(crate) fn words(answer: Response<Body>) -> String {
    #[derive(Deserialize)]
    struct Errors {
        #[serde(default)]
        errors: Vec<One>,
    }
    #[derive(Deserialize)]
    struct One {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let mut bytes = Vec::new();
    // What cannot be read says nothing.
    let _ = answer
        .into_body()
        .into_reader()
        .take(WORDS)
        .read_to_end(&mut bytes);
    let errors: Option<Errors> = serde_json::from_slice(&bytes).ok();
    let first = errors.and_then(|errors| errors.errors.into_iter().next());
    let said = first.map(|one| match one.message.as_str() {
        "" => one.code,
        _ => one.message,
    });
    cut(&said.unwrap_or_default(), TOLD)
}

pub(crate) fn cut(text: &str, most: usize) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(most)
        .collect()
}
