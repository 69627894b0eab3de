//! The wire: one request after the other, with deadlines, TLS, proxies and redirects.
//!
//! Redirects are followed here and not by ureq: who a request comes from is told to the server
//! that asked for it, never to another one that it leads to (RFC 9110, section 15.4).

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::CertificateError;
use ureq::http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use ureq::http::{HeaderName, Method, Request, Response};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, SendBody};

use crate::error::AUTHORITY;
use crate::url::Url;
use crate::{Error, Settings};

/// Redirects that are followed.
const REDIRECTS: usize = 8;

/// Bytes of the headers of an answer.
const HEADERS: usize = 64 * 1024;

/// What a stream of bytes is sent as.
const OCTETS: &str = "application/octet-stream";

/// A request.
#[derive(Clone)]
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) accept: &'a str,
    /// The value of `Authorization`.
    pub(crate) authorization: Option<&'a str>,
    /// More headers.
    pub(crate) headers: &'a [(HeaderName, String)],
    pub(crate) payload: Payload<'a>,
    /// Whether certificates are checked.
    pub(crate) verify: bool,
}

/// What a request carries; it can be sent again.
#[derive(Clone, Copy)]
pub(crate) enum Payload<'a> {
    /// Nothing.
    Nothing,
    /// The fields of a form, with credentials in them: no redirect passes them on.
    Form(&'a str),
    /// A document.
    Bytes {
        media_type: &'a str,
        bytes: &'a [u8],
    },
    /// So many bytes, which are read as they are sent.
    Stream { bytes: &'a dyn Stream, size: u64 },
}

/// Bytes that can be read more than once.
pub(crate) trait Stream {
    /// Begins to read them.
    fn open(&self) -> io::Result<Box<dyn Read + '_>>;
}

impl Payload<'_> {
    /// No bytes, of a method that carries some elsewhere.
    pub(crate) const EMPTY: Self = Self::Bytes {
        media_type: OCTETS,
        bytes: &[],
    };
}

/// The wire.
pub(crate) struct Transport {
    settings: Settings,
    agents: Mutex<HashMap<(bool, String, bool), Agent>>,
}

impl Transport {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            agents: Mutex::new(HashMap::new()),
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Makes a request and follows redirects; any status is an answer.
    pub(crate) fn call(&self, call: &Call<'_>) -> Result<Response<Body>, Error> {
        let mut here = call.clone();
        for _ in 0..=REDIRECTS {
            let answer = self.once(&here)?;
            if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(answer);
            }
            let location = answer.headers().get(LOCATION);
            let location = location.and_then(|value| value.to_str().ok());
            // A browser would turn anything else into a GET (RFC 9110, section 15.4).
            let keeps = matches!(answer.status().as_u16(), 307 | 308)
                || matches!(here.method, Method::GET | Method::HEAD);
            let may = keeps && !matches!(here.payload, Payload::Form(_));
            here.url = next(&here.url, location, may)?;
            if !here.url.same_origin(&call.url) {
                here.authorization = None;
                here.verify = true;
            }
        }
        Err(Error::Protocol {
            url: call.url.to_string(),
            why: format!("it leads through more than {REDIRECTS} redirects"),
        })
    }

    fn once(&self, call: &Call<'_>) -> Result<Response<Body>, Error> {
        let malformed = |error: ureq::http::Error| Error::Protocol {
            url: call.url.to_string(),
            why: format!("the request cannot be written: {error}"),
        };
        let agent = self.agent(&call.url, call.verify)?;
        let mut request = Request::builder()
            .method(&call.method)
            .uri(call.url.full())
            .header(ACCEPT, call.accept);
        if let Some(value) = call.authorization {
            request = request.header(AUTHORIZATION, value);
        }
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        let answer = match call.payload {
            Payload::Nothing => agent.run(request.body(()).map_err(malformed)?),
            Payload::Form(form) => {
                let request = request
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(form.to_owned());
                agent.run(request.map_err(malformed)?)
            }
            Payload::Bytes { media_type, bytes } => {
                let request = request.header(CONTENT_TYPE, media_type).body(bytes);
                agent.run(request.map_err(malformed)?)
            }
            Payload::Stream { bytes, size } => {
                let mut reader = bytes
                    .open()
                    .map_err(|error| self.fault(&call.url, &error.into()))?;
                let request = request
                    .header(CONTENT_TYPE, OCTETS)
                    .header(CONTENT_LENGTH, size)
                    .body(SendBody::from_reader(&mut reader));
                agent.run(request.map_err(malformed)?)
            }
        };
        answer.map_err(|error| self.fault(&call.url, &error))
    }

    /// The agent for a server, which keeps its connections.
    fn agent(&self, url: &Url, verify: bool) -> Result<Agent, Error> {
        let key = (url.tls, url.authority.clone(), verify);
        let mut agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(agent) = agents.get(&key) {
            return Ok(agent.clone());
        }
        let mut tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .disable_verification(!verify)
            .root_certs(RootCerts::Specific(Arc::default()));
        if url.tls && verify {
            let roots = self.settings.authorities.of(&url.authority)?;
            tls = tls.root_certs(RootCerts::Specific(roots));
        }
        let patience = &self.settings.patience;
        let config = Agent::config_builder()
            .tls_config(tls.build())
            .proxy(self.settings.proxies.of(url)?)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(HEADERS)
            .user_agent(concat!("hpcctl/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(patience.connect))
            .timeout_connect(Some(patience.connect))
            .timeout_recv_response(Some(patience.silence))
            .timeout_per_read(Some(patience.silence))
            .timeout_per_write(Some(patience.silence));
        let agent = config.build().new_agent();
        agents.insert(key, agent.clone());
        Ok(agent)
    }

    /// What an error of the wire means.
    pub(crate) fn fault(&self, url: &Url, error: &ureq::Error) -> Error {
        let patience = &self.settings.patience;
        let proxy = self.settings.proxies.of(url).ok().flatten();
        let via = proxy.map_or(String::new(), |proxy| {
            format!(", through the proxy {}:{}", proxy.host(), proxy.port())
        });
        let address = url.to_string();
        let seconds = |wait: Duration| wait.as_secs();
        let why = match error {
            ureq::Error::Rustls(error) => return tls_fault(address, error),
            ureq::Error::Io(error) => {
                let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
                match inner {
                    Some(error) => return tls_fault(address, error),
                    None => broken_off(error),
                }
            }
            ureq::Error::HostNotFound => format!("no address is known for {}", url.host()),
            ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => {
                format!("no connection within {} s", seconds(patience.connect))
            }
            ureq::Error::Timeout(_) => format!("no answer for {} s", seconds(patience.silence)),
            ureq::Error::ConnectProxyFailed(why) => format!("the proxy refuses it: {why}"),
            ureq::Error::ConnectionFailed => "no connection".to_owned(),
            ureq::Error::LargeResponseHeader(..) => {
                let why = format!("the headers of the answer are larger than {HEADERS} bytes");
                return Error::Protocol { url: address, why };
            }
            ureq::Error::Protocol(why) => {
                let why = format!("the answer is not HTTP: {why}");
                return Error::Protocol { url: address, why };
            }
            other => other.to_string(),
        };
        Error::Unreachable {
            url: address,
            why: format!("{why}{via}"),
        }
    }
}

/// Where a redirect leads.
pub(crate) fn next(from: &Url, location: Option<&str>, may: bool) -> Result<Url, Error> {
    let refuse = |why: &str| Error::Protocol {
        url: from.to_string(),
        why: why.to_owned(),
    };
    if !may {
        return Err(refuse("a redirect leads a request on that must not be"));
    }
    let location = location.ok_or_else(|| refuse("a redirect does not say where to"))?;
    let next = from
        .join(location)
        .ok_or_else(|| refuse("a redirect leads to no address"))?;
    match from.tls && !next.tls {
        true => Err(refuse("a redirect leads from https to http")),
        false => Ok(next),
    }
}

fn broken_off(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "the connection is refused".to_owned(),
        io::ErrorKind::UnexpectedEof => "the connection was closed".to_owned(),
        _ => error.to_string(),
    }
}

fn tls_fault(url: String, error: &rustls::Error) -> Error {
    let rustls::Error::InvalidCertificate(wrong) = error else {
        let why = format!("TLS cannot be set up: {error}");
        return Error::Tls { url, why };
    };
    let why = match wrong {
        CertificateError::UnknownIssuer => {
            "its certificate is signed by an authority that is not known here".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name".to_owned()
        }
        // webpki has a name for it that rustls hands on as it is.
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => AUTHORITY.to_owned(),
        other => format!("its certificate is not accepted: {other}"),
    };
    Error::Untrusted { url, why }
}

#[cfg(test)]
mod tests {
    use rustls::RootCertStore;
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

    use super::*;

    // Made with openssl req -x509 for these tests, for r.example and with CA:TRUE.
    const AUTHORITY_SHOWN: &str = include_str!("../tests/certificates/authority.pem");

    /// What rustls says of a server that shows the certificate of the authority that is trusted.
    fn refused() -> rustls::Error {
        let shown = CertificateDer::from_pem_slice(AUTHORITY_SHOWN.as_bytes()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(shown.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        let name = ServerName::try_from("r.example").unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000));
        let verified = verifier.build().unwrap();
        let verified = verified.verify_server_cert(&shown, &[], &name, &[], now);
        verified.unwrap_err()
    }

    #[test]
    fn a_redirect_never_leaves_tls_nor_takes_a_form_along() {
        let from = Url::parse("https://r.example/v2/a").unwrap();
        let to = |location| next(&from, location, true).map(|url| url.full());
        assert_eq!(to(Some("/b")).unwrap(), "https://r.example/b");
        for location in [None, Some("http://r.example/b"), Some("ftp://r.example/b")] {
            assert!(to(location).is_err(), "{location:?}");
        }
        assert!(next(&from, Some("/b"), false).is_err());
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_told() {
        let of = |error: rustls::Error| {
            let error = ureq::Error::Io(io::Error::new(io::ErrorKind::InvalidData, error));
            let url = Url::parse("https://r.example/v2/").unwrap();
            Transport::new(Settings::default()).fault(&url, &error)
        };
        let told = |wrong| of(rustls::Error::InvalidCertificate(wrong));
        let error = told(CertificateError::UnknownIssuer);
        assert!(matches!(error, Error::Untrusted { .. }), "{error:?}");
        assert!(error.advice().unwrap().contains("SSL_CERT_FILE"));
        let error = of(refused());
        assert!(error.to_string().contains("(CA:TRUE)"), "{error}");
        assert!(error.advice().unwrap().contains("CA:FALSE"));
        assert!(
            told(CertificateError::Expired)
                .to_string()
                .contains("expired")
        );
    }
}
