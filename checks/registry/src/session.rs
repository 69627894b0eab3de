//! A conversation with one registry about one repository: logins, and what the answers mean.
//!
//! The exchange of a challenge for a token is that of the registry token specification and of
//! its OAuth 2 form for identity tokens.

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde::Deserialize;
use ureq::Body;
use ureq::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use ureq::http::{HeaderMap, Response};

use crate::Error;
use crate::challenge::Challenge;
use crate::credentials::{Credential, Secret};
use crate::name::is_docker;
use crate::proxy::is_loopback;
use crate::registries::Endpoint;
use crate::retry::retry_after;
use crate::transport::{Call, Transport};
use crate::url::{Url, encode, host};

/// Where Docker's registry answers.
const DOCKER_HOST: &str = "registry-1.docker.io";

/// Logins for one request: one, and another where a token has run out.
const LOGINS: u32 = 2;

/// Greetings before a registry counts as not there.
const GREETINGS: u32 = 2;

/// Bytes of a token's document.
const TOKEN: u64 = 1 << 20;

/// Bytes of a registry's words on an error, and how many of them are told.
const WORDS: u64 = 16 << 10;
const TOLD: usize = 200;

/// A conversation with one registry about one repository.
pub(crate) struct Session {
    transport: Arc<Transport>,
    endpoint: Endpoint,
    tls: bool,
    verify: bool,
    login: Mutex<Login>,
}

/// Who the registry takes us for.
#[derive(Default)]
struct Login {
    /// The value of `Authorization`.
    header: Option<String>,
    /// Where the credentials come from.
    from: Option<String>,
    /// How many logins there were.
    count: u64,
}

/// What is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// The path below `/v2/`.
    pub(crate) path: &'a str,
    pub(crate) accept: &'a str,
    /// The byte to begin at.
    pub(crate) from: Option<u64>,
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
}

impl Session {
    /// Greets a registry, and finds out whether it speaks TLS.
    pub(crate) fn open(transport: Arc<Transport>, endpoint: Endpoint) -> Result<Self, Error> {
        let tls_verify = transport.settings().tls_verify || endpoint.mirror;
        let verify = tls_verify && !endpoint.insecure;
        let may_be_plain = !verify || is_loopback(host(&endpoint.registry));
        let mut session = Self {
            transport,
            endpoint,
            tls: true,
            verify,
            login: Mutex::default(),
        };
        // Where there is another way, this one is not insisted on.
        let tries = if may_be_plain || session.endpoint.mirror {
            1
        } else {
            GREETINGS
        };
        let greeting = match session.greet(tries) {
            Err(error) if may_be_plain && !matches!(error, Error::Untrusted { .. }) => {
                session.tls = false;
                // The server that refuses both is best described by what it said to TLS.
                session.greet(1).map_err(|plain| match plain {
                    Error::Unreachable { .. } => error,
                    plain => plain,
                })
            }
            answer => answer,
        }?;
        if greeting.status() == 401 {
            // What the challenge does not say here, the next one does.
            if let Some(challenge) = challenge(greeting.headers()) {
                session.log_in(&challenge, 0, None)?;
            }
        }
        Ok(session)
    }

    fn greet(&self, tries: u32) -> Result<Response<Body>, Error> {
        let patience = self.transport.settings().patience;
        let call = Call {
            url: self.url("/v2/"),
            accept: "*/*",
            authorization: None,
            from: None,
            form: None,
            verify: self.verify,
        };
        let mut tried = 0;
        loop {
            tried += 1;
            match self.transport.call(&call) {
                Err(error) if error.is_passing() && tried < tries && patience.wait(tried, None) => {
                }
                answer => return answer,
            }
        }
    }

    /// The repository that it is about.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> Url {
        let registry = match is_docker(&self.endpoint.registry) {
            true => DOCKER_HOST,
            false => &self.endpoint.registry,
        };
        Url::new(self.tls, registry, path)
    }

    /// Asks until there is an answer of success, as often as the patience says.
    pub(crate) fn get(&self, ask: Ask<'_>) -> Result<Response<Body>, Error> {
        let url = self.url(&format!("/v2/{}/{}", self.endpoint.repository, ask.path));
        let mut logins = 0;
        let (mut tried, patience) = (0, self.transport.settings().patience);
        loop {
            let (authorization, serial) = self.authorization();
            let answer = self.transport.call(&Call {
                url: url.clone(),
                accept: ask.accept,
                authorization: authorization.as_deref(),
                from: ask.from,
                form: None,
                verify: self.verify,
            });
            let answer = match answer {
                Ok(answer) if answer.status().is_success() => return Ok(answer),
                answer => answer,
            };
            if let Ok(answer) = &answer {
                if answer.status() == 401 && logins < LOGINS {
                    if let Some(challenge) = challenge(answer.headers()) {
                        logins += 1;
                        if self.log_in(&challenge, serial, authorization.as_deref())? {
                            continue;
                        }
                    }
                }
            }
            tried += 1;
            let (error, wait) = self.refusal(&url, answer);
            let again = error.is_passing() || matches!(error, Error::RateLimited { .. });
            if !again || !patience.wait(tried, wait) {
                return Err(error);
            }
        }
    }

    /// What an answer without success means, and how long it asks to wait.
    fn refusal(
        &self,
        url: &Url,
        answer: Result<Response<Body>, Error>,
    ) -> (Error, Option<std::time::Duration>) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return (error, None),
        };
        let wait = text(answer.headers(), RETRY_AFTER.as_str());
        let wait = wait.and_then(|value| retry_after(value, SystemTime::now()));
        let limit = limit(answer.headers());
        let status = answer.status().as_u16();
        let (url, why) = (url.to_string(), words(answer));
        let error = match status {
            401 => self.unauthorized(url, why),
            403 => Error::Forbidden { url, why },
            404 => Error::NotFound { url, why },
            429 => Error::RateLimited { url, limit, wait },
            status => Error::Status { url, status, why },
        };
        (error, wait)
    }

    fn unauthorized(&self, url: String, why: String) -> Error {
        let login = self.login.lock().unwrap_or_else(PoisonError::into_inner);
        Error::Unauthorized {
            url,
            why,
            from: login.from.clone(),
            registry: self.endpoint.registry.clone(),
        }
    }

    fn authorization(&self) -> (Option<String>, u64) {
        let login = self.login.lock().unwrap_or_else(PoisonError::into_inner);
        (login.header.clone(), login.count)
    }

    /// Does what the registry asks for, unless another thread did it since `serial`; whether
    /// that is anything else than was sent before.
    fn log_in(
        &self,
        challenge: &Challenge,
        serial: u64,
        before: Option<&str>,
    ) -> Result<bool, Error> {
        let mut login = self.login.lock().unwrap_or_else(PoisonError::into_inner);
        if login.count != serial {
            return Ok(true);
        }
        let Endpoint {
            registry,
            repository,
            ..
        } = &self.endpoint;
        let credential = self
            .transport
            .settings()
            .keyring
            .find(registry, repository)?;
        login.from = credential
            .as_ref()
            .map(|credential| credential.from.clone());
        login.header = match challenge {
            Challenge::Basic => credential.and_then(|credential| credential.basic()),
            Challenge::Bearer {
                realm,
                service,
                scope,
            } => {
                let scope = scope
                    .clone()
                    .unwrap_or_else(|| format!("repository:{repository}:pull"));
                let token = self.token(realm, service.as_deref(), &scope, credential.as_ref());
                Some(format!("Bearer {}", token?))
            }
        };
        login.count += 1;
        Ok(login.header.as_deref() != before)
    }

    fn token(
        &self,
        realm: &str,
        service: Option<&str>,
        scope: &str,
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
        let mut query = format!("scope={}", encode(scope));
        if let Some(service) = service {
            query = format!("service={}&{query}", encode(service));
        }
        let identity = match credential.map(|credential| &credential.secret) {
            Some(Secret::Identity(token)) => Some(token),
            _ => None,
        };
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
        let call = Call {
            url,
            accept: "application/json",
            authorization: basic.as_deref(),
            from: None,
            form: form.as_deref(),
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

fn challenge(headers: &HeaderMap) -> Option<Challenge> {
    let values = headers.get_all(WWW_AUTHENTICATE).iter();
    Challenge::of(values.filter_map(|value| value.to_str().ok()))
}

/// The limit on requests, as registries name it: `100;w=21600` is a hundred in six hours.
fn limit(headers: &HeaderMap) -> Option<String> {
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
fn words(answer: Response<Body>) -> String {
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

fn cut(text: &str, most: usize) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(most)
        .collect()
}
