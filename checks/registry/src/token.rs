//! Tokens: what a challenge sends for, with credentials or without.
//!
//! Sources: the registry token specification, and its OAuth 2 form for identity tokens.

use serde::Deserialize;
use ureq::Body;
use ureq::http::{Method, Response};

use crate::Error;
use crate::answer::{read, words};
use crate::credentials::{Credential, Secret};
use crate::session::Session;
use crate::transport::{Call, Payload};
use crate::url::{Url, encode};

/// Bytes of a token's document.
const TOKEN: u64 = 1 << 20;

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
}

impl Session {
    /// Fetches a token for these scopes.
    pub(crate) fn token(
        &self,
        realm: &str,
        service: Option<&str>,
        scopes: &[String],
        credential: Option<&Credential>,
    ) -> Result<String, Error> {
        let wrong = |why: &str| Error::Protocol {
            url: self.url("/v2/").to_string(),
            why: format!(
                "it sends for a token to {}: {why}",
                realm.split('?').next().unwrap_or("")
            ),
        };
        let mut url = Url::parse(realm).ok_or_else(|| wrong("this is no address"))?;
        if self.tls && self.verify && !url.tls {
            return Err(wrong("that way is not protected by TLS"));
        }
        let identity = match credential.map(|credential| &credential.secret) {
            Some(Secret::Identity(token)) => Some(token),
            _ => None,
        };
        let query = query(service, scopes, identity.is_some());
        let form = identity.map(|token| {
            let token = encode(token);
            format!("grant_type=refresh_token&client_id=hpcctl&refresh_token={token}&{query}")
        });
        if form.is_none() {
            let mark = if url.path.contains('?') { '&' } else { '?' };
            url.path = format!("{}{mark}{query}", url.path);
        }
        let verify = self.verify || !url.same_origin(&self.url("/"));
        let basic = credential.and_then(Credential::basic);
        let method = if form.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        let call = Call {
            method,
            url,
            accept: "application/json",
            authorization: basic.as_deref(),
            headers: &[],
            payload: form.as_deref().map_or(Payload::Nothing, Payload::Form),
            verify,
        };
        let answer = self.ask_for_token(&call, credential)?;
        let document = read(answer, TOKEN, &call.url, &self.transport)?;
        let token: Token = serde_json::from_slice(&document).map_err(|_| Error::NotARegistry {
            url: call.url.to_string(),
            what: "no token".to_owned(),
        })?;
        let token = token
            .token
            .filter(|token| !token.is_empty())
            .or(token.access_token);
        let token = token.filter(|token| token.bytes().all(|byte| byte.is_ascii_graphic()));
        token.ok_or_else(|| wrong("what it gives out is no token"))
    }

    fn ask_for_token(
        &self,
        call: &Call<'_>,
        credential: Option<&Credential>,
    ) -> Result<Response<Body>, Error> {
        let (mut tried, patience) = (0, self.transport.settings().patience);
        loop {
            tried += 1;
            let (error, wait) = match self.transport.call(call) {
                Ok(answer) if answer.status().is_success() => return Ok(answer),
                // The login is held by the caller, so its origin is told from here.
                Ok(answer) if answer.status() == 401 => {
                    return Err(Error::Unauthorized {
                        url: call.url.to_string(),
                        why: words(answer),
                        from: credential.map(|credential| credential.from.clone()),
                        registry: self.endpoint.registry.clone(),
                    });
                }
                answer => self.refusal(&call.url, answer),
            };
            let again = error.is_passing() || matches!(error, Error::RateLimited { .. });
            if !again || !patience.wait(tried, wait) {
                return Err(error);
            }
        }
    }
}

/// The parameters of a request for a token.
fn query(service: Option<&str>, scopes: &[String], is_form: bool) -> String {
    // OAuth 2 has one parameter for all scopes (RFC 6749, section 3.3).
    let scopes = match is_form {
        true => vec![scopes.join(" ")],
        false => scopes.to_vec(),
    };
    let service = service.map(|service| format!("service={}", encode(service)));
    let scopes = scopes
        .iter()
        .map(|scope| format!("scope={}", encode(scope)));
    let all: Vec<String> = service.into_iter().chain(scopes).collect();
    all.join("&")
}
