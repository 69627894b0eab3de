//! Whom to trust: the certificates of authorities.
//!
//! `SSL_CERT_FILE` and `SSL_CERT_DIR` as OpenSSL has them, else the bundle of the distribution;
//! beside it the site's own for one registry, containers-certs.d(5).

use std::path::Path;
use std::sync::Arc;

use hpcctl_host::{Errno, Host, Live, file};
use ureq::tls::{Certificate, PemItem, parse_pem};

use crate::Error;

/// The bundles of the distributions.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Bytes of a bundle that are read.
const MOST: u64 = 16 << 20;

/// Where certificates are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Authorities {
    /// `SSL_CERT_FILE`.
    file: Option<String>,
    /// `SSL_CERT_DIR`.
    dirs: Vec<String>,
    /// Directories with one directory a registry.
    per_registry: Vec<String>,
    /// The bundle of the distribution.
    bundle: Option<String>,
}

impl Authorities {
    /// Finds out where certificates are.
    pub(crate) fn load(env: &dyn Fn(&str) -> Option<String>, root: &str) -> Self {
        let given = |name: &str| env(name).filter(|value| !value.is_empty());
        let home = given("HOME").map(|home| format!("{home}/.config/containers/certs.d"));
        let system = ["containers", "docker"].map(|of| format!("{root}/etc/{of}/certs.d"));
        let mut bundles = BUNDLES.iter().map(|path| format!("{root}{path}"));
        Self {
            file: given("SSL_CERT_FILE"),
            dirs: given("SSL_CERT_DIR")
                .map(|dirs| dirs.split(':').map(ToOwned::to_owned).collect())
                .unwrap_or_default(),
            per_registry: home.into_iter().chain(system).collect(),
            bundle: bundles.find(|path| Path::new(path).is_file()),
        }
    }

    /// The certificates that a registry is judged by.
    pub(crate) fn of(&self, authority: &str) -> Result<Arc<Vec<Certificate<'static>>>, Error> {
        let mut found = Vec::new();
        match (&self.file, &self.bundle) {
            (Some(path), _) => {
                read(path, &mut found)?;
                if found.is_empty() {
                    return Err(broken(path, "it holds no certificate"));
                }
            }
            (None, Some(path)) if self.dirs.is_empty() => read(path, &mut found)?,
            _ => {}
        }
        for dir in &self.dirs {
            read_all(dir, |_| true, &mut found)?;
        }
        // A name with a slash would lead elsewhere; an authority has none.
        for dir in &self.per_registry {
            let dir = format!("{dir}/{authority}");
            read_all(&dir, |name| name.ends_with(".crt"), &mut found)?;
        }
        Ok(Arc::new(found))
    }
}

fn read_all(
    dir: &str,
    wanted: impl Fn(&str) -> bool,
    found: &mut Vec<Certificate<'static>>,
) -> Result<(), Error> {
    let names = match Live.list(dir) {
        Ok(names) => names,
        Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(()),
        Err(errno) => return Err(broken(dir, errno)),
    };
    for name in names.iter().filter(|name| wanted(name)) {
        let path = format!("{dir}/{name}");
        if Path::new(&path).is_file() {
            read(&path, found)?;
        }
    }
    Ok(())
}

fn read(path: &str, found: &mut Vec<Certificate<'static>>) -> Result<(), Error> {
    let text = file::read_at_most(path, MOST).map_err(|errno| broken(path, errno))?;
    let items = parse_pem(text.as_bytes()).filter_map(Result::ok);
    found.extend(items.filter_map(|item| match item {
        PemItem::Certificate(certificate) => Some(certificate),
        _ => None,
    }));
    Ok(())
}

fn broken(path: &str, why: impl ToString) -> Error {
    Error::Configuration {
        path: path.to_owned(),
        why: why.to_string(),
    }
}
