//! A conversation with one registry about one repository: logins, and what the answers mean.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use ureq::Body;
use ureq::http::header::RETRY_AFTER;
use ureq::http::{HeaderMap, HeaderName, Method, Response};

use crate::Error;
use crate::answer::{challenge, limit, read, text, words};
use crate::challenge::Challenge;
use crate::name::is_docker;
use crate::proxy::is_loopback;
use crate::rate::RateLimit;
use crate::registries::Endpoint;
use crate::retry::retry_after;
use crate::transport::{Call, Payload, Transport};
use crate::url::{Url, host};

/// Where Docker's registry answers.
const DOCKER_HOST: &str = "registry-1.docker.io";

/// Logins for one request: one, and another where a token has run out.
const LOGINS: u32 = 2;

/// Greetings before a registry counts as not there.
const GREETINGS: u32 = 2;

/// A conversation with one registry about one repository.
pub(crate) struct Session {
    pub(crate) transport: Arc<Transport>,
    pub(crate) endpoint: Endpoint,
    /// Whether TLS is spoken.
    pub(crate) tls: bool,
    /// Whether certificates are checked.
    pub(crate) verify: bool,
    access: Access,
    login: Mutex<Login>,
    /// The limit on requests that was told last.
    rate: Mutex<Option<RateLimit>>,
}

/// What a conversation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Pull,
    Push,
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
#[derive(Clone)]
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) accept: &'a str,
    pub(crate) headers: &'a [(HeaderName, String)],
    pub(crate) payload: Payload<'a>,
    /// Another repository of the registry that is read from.
    pub(crate) also: Option<&'a str>,
}

impl Ask<'_> {
    /// A request that carries nothing.
    pub(crate) fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            accept: "*/*",
            headers: &[],
            payload: Payload::Nothing,
            also: None,
        }
    }
}

/// An answer that was read whole.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

/// A request without success.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: Error,
    /// How long the registry asks to wait.
    pub(crate) wait: Option<Duration>,
    /// Whether trying again may help.
    pub(crate) again: bool,
}

impl Refusal {
    /// One that trying again does not help, or that was tried often enough.
    pub(crate) fn at_last(error: Error) -> Self {
        Self {
            error,
            wait: None,
            again: false,
        }
    }
}

impl Session {
    /// Greets a registry, and finds out whether it speaks TLS.
    pub(crate) fn open(
        transport: Arc<Transport>,
        endpoint: Endpoint,
        access: Access,
    ) -> Result<Self, Error> {
        let tls_verify = transport.settings().tls_verify || endpoint.mirror;
        let verify = tls_verify && !endpoint.insecure;
        let may_be_plain = !verify || is_loopback(host(&endpoint.registry));
        let mut session = Self {
            transport,
            endpoint,
            tls: true,
            verify,
            access,
            login: Mutex::default(),
            rate: Mutex::default(),
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
                session.log_in(&challenge, None, (0, None))?;
            }
        }
        Ok(session)
    }

    fn greet(&self, tries: u32) -> Result<Response<Body>, Error> {
        let patience = self.transport.settings().patience;
        let call = Call {
            method: Method::GET,
            url: self.url("/v2/"),
            accept: "*/*",
            authorization: None,
            headers: &[],
            payload: Payload::Nothing,
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

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> Url {
        let registry = match is_docker(&self.endpoint.registry) {
            true => DOCKER_HOST,
            false => &self.endpoint.registry,
        };
        Url::new(self.tls, registry, path)
    }

    /// The address of what lies below the repository.
    pub(crate) fn below(&self, path: &str) -> Url {
        self.url(&format!("/v2/{}/{path}", self.endpoint.repository))
    }

    /// Asks until there is an answer of success, as often as the patience says.
    pub(crate) fn send(&self, ask: &Ask<'_>) -> Result<Response<Body>, Error> {
        let (mut tried, patience) = (0, self.transport.settings().patience);
        loop {
            let refusal = match self.attempt(ask) {
                Ok(answer) => return Ok(answer),
                Err(refusal) => refusal,
            };
            tried += 1;
            if !refusal.again || !patience.wait(tried, refusal.wait) {
                return Err(refusal.error);
            }
        }
    }

    /// Asks for a document of at most `limit` bytes; one that breaks off is asked for again.
    pub(crate) fn fetch(&self, ask: &Ask<'_>, limit: u64) -> Result<Document, Error> {
        let (mut tried, patience) = (0, self.transport.settings().patience);
        loop {
            let answer = self.send(ask)?;
            let headers = answer.headers().clone();
            tried += 1;
            match read(answer, limit, &ask.url, &self.transport) {
                Ok(bytes) => return Ok(Document { headers, bytes }),
                Err(error) if error.is_passing() && patience.wait(tried, None) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Asks once, and logs in where the registry wants to know who asks.
    pub(crate) fn attempt(&self, ask: &Ask<'_>) -> Result<Response<Body>, Refusal> {
        // Who we are is told to the registry only, not to where it stores uploads.
        let own = ask.url.same_origin(&self.url("/"));
        let mut logins = 0;
        loop {
            let (authorization, serial) = self.authorization();
            let answer = self.transport.call(&Call {
                method: ask.method.clone(),
                url: ask.url.clone(),
                accept: ask.accept,
                authorization: authorization.as_deref().filter(|_| own),
                headers: ask.headers,
                payload: ask.payload,
                verify: self.verify || !own,
            });
            let answer = match answer {
                Ok(answer) if answer.status().is_success() => {
                    self.note_rate(&answer);
                    return Ok(answer);
                }
                answer => answer,
            };
            if let Ok(answer) = &answer
                && own
                && answer.status() == 401
                && logins < LOGINS
                && let Some(challenge) = challenge(answer.headers())
            {
                logins += 1;
                let before = (serial, authorization.as_deref());
                match self.log_in(&challenge, ask.also, before) {
                    Ok(true) => continue,
                    Ok(false) => {}
                    // A login was tried as often as the patience says.
                    Err(error) => return Err(Refusal::at_last(error)),
                }
            }
            let (error, wait) = self.refusal(&ask.url, answer);
            let again = error.is_passing() || matches!(error, Error::RateLimited { .. });
            return Err(Refusal { error, wait, again });
        }
    }

    fn note_rate(&self, answer: &Response<Body>) {
        if let Some(told) = RateLimit::of(answer.headers()) {
            *self.rate.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
        }
    }

    /// The limit on requests that the registry told last.
    pub(crate) fn rate(&self) -> Option<RateLimit> {
        let rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        rate.clone()
    }

    /// What an answer without success means, and how long it asks to wait.
    pub(crate) fn refusal(
        &self,
        url: &Url,
        answer: Result<Response<Body>, Error>,
    ) -> (Error, Option<Duration>) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return (error, None),
        };
        let wait = text(answer.headers(), RETRY_AFTER.as_str());
        let wait = wait.and_then(|value| retry_after(value, SystemTime::now()));
        self.note_rate(&answer);
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
        also: Option<&str>,
        (serial, before): (u64, Option<&str>),
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
                let scopes = self.scopes(scope.as_deref(), also);
                let token = self.token(realm, service.as_deref(), &scopes, credential.as_ref());
                Some(format!("Bearer {}", token?))
            }
        };
        login.count += 1;
        Ok(login.header.as_deref() != before)
    }

    /// What a token is asked for: what the registry wants, and what will be wanted next.
    fn scopes(&self, asked: Option<&str>, also: Option<&str>) -> Vec<String> {
        let repository = &self.endpoint.repository;
        let mut scopes: Vec<String> = asked.into_iter().map(str::to_owned).collect();
        let own = match self.access {
            Access::Pull if asked.is_some() => None,
            Access::Pull => Some(format!("repository:{repository}:pull")),
            Access::Push => Some(format!("repository:{repository}:pull,push")),
        };
        let also = also.map(|other| format!("repository:{other}:pull"));
        for scope in own.into_iter().chain(also) {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        scopes
    }
}
