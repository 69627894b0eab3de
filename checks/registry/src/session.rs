//! A conversation with one registry about one repository: logins, and what the answers mean.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use ureq::Body;
use ureq::http::Response;
use ureq::http::header::RETRY_AFTER;

use crate::Error;
use crate::answer::{challenge, limit, text, words};
use crate::challenge::Challenge;
use crate::name::is_docker;
use crate::proxy::is_loopback;
use crate::registries::Endpoint;
use crate::retry::retry_after;
use crate::transport::{Call, Transport};
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
            if let Ok(answer) = &answer
                && answer.status() == 401
                && logins < LOGINS
                && let Some(challenge) = challenge(answer.headers())
            {
                logins += 1;
                if self.log_in(&challenge, serial, authorization.as_deref())? {
                    continue;
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
    pub(crate) fn refusal(
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
}
