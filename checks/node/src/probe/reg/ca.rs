//! `reg.ca`: are the certificates of authorities there?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::package::Package;
use crate::{Finding, Manual, Reading, Site};

const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
];

/// The row.
pub static PROBE: Probe = Probe {
    id: "reg.ca",
    manual: Manual {
        title: "Certificates for TLS",
        what: "Whether there is a bundle of certificate authorities.",
        why: "Without it every pull ends in \"x509: certificate signed by unknown authority\".",
        how: "SSL_CERT_FILE, or the usual places of the distributions.",
        user: "Name the bundle that has the certificate: export SSL_CERT_FILE=FILE",
        admin: "Install ca-certificates.",
        refs: &["update-ca-certificates(8)", "update-ca-trust(8)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    match site.host.env("SSL_CERT_FILE") {
        Some(file) => Reading::new().stat(site, &file),
        None => {
            let there = BUNDLES.iter().find(|path| site.host.stat(path).is_ok());
            there
                .into_iter()
                .fold(Reading::new(), |reading, path| reading.stat(site, path))
        }
    }
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    match reading.stats.first() {
        Some((path, Ok(_))) => Finding::pass(format!("{path} is there")),
        Some((path, Err(errno))) => Finding::fail(format!("SSL_CERT_FILE names {path}: {errno}"))
            .step(user(
                Cost::User,
                "use the bundle of the system",
                "unset SSL_CERT_FILE",
            )),
        None => Finding::fail("there is no bundle of certificate authorities")
            .step(Package::named("ca-certificates").install("ca-certificates", site)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    #[test]
    fn a_variable_that_leads_nowhere_is_a_failure() {
        let mut host = Scripted::new().stat(BUNDLES[0], stat(0o100644));
        let find = |host: &Scripted| {
            let site = Site::new(host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find(&host), "pass");
        assert_eq!(find(&Scripted::new()), "fail");
        host.env.insert("SSL_CERT_FILE".into(), "/gone.pem".into());
        assert_eq!(find(&host), "fail");
    }
}
