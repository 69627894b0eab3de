//! Which proxy a request goes through: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`.
//!
//! The meaning of the variables is that of curl(1) and of Go's programs: capital or small, a
//! name in `NO_PROXY` covers what lies below it, and the loopback is never reached by a proxy.

use std::net::IpAddr;

use crate::Error;
use crate::url::Url;

/// The proxies of the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Proxies {
    /// For https.
    https: Option<String>,
    /// For http.
    http: Option<String>,
    /// What is reached directly.
    except: Vec<String>,
}

impl Proxies {
    /// Reads the variables.
    pub(crate) fn read(env: &dyn Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&str]| {
            let values = names.iter().filter_map(|name| env(name));
            values
                .map(|value| value.trim().to_owned())
                .find(|value| !value.is_empty())
        };
        let except = first(&["no_proxy", "NO_PROXY"]).unwrap_or_default();
        Self {
            https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            http: first(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]),
            except: except
                .split([',', ' '])
                .filter(|one| !one.is_empty())
                .map(str::to_ascii_lowercase)
                .collect(),
        }
    }

    /// The proxy for this address.
    pub(crate) fn of(&self, url: &Url) -> Result<Option<ureq::Proxy>, Error> {
        let proxy = if url.tls { &self.https } else { &self.http };
        let Some(proxy) = proxy.as_ref().filter(|_| !self.is_direct(url)) else {
            return Ok(None);
        };
        // The address may hold a password, so it is not told.
        let read = ureq::Proxy::new(proxy).map_err(|_| Error::Configuration {
            path: if url.tls { "HTTPS_PROXY" } else { "HTTP_PROXY" }.to_owned(),
            why: "it is no address of a proxy".to_owned(),
        })?;
        Ok(Some(read))
    }

    fn is_direct(&self, url: &Url) -> bool {
        let host = url.host().to_ascii_lowercase();
        let address = host.parse::<IpAddr>().ok();
        if is_loopback(&host) {
            return true;
        }
        self.except.iter().any(|entry| {
            if entry == "*" {
                return true;
            }
            if let (Some(address), Some((net, bits))) = (address, entry.split_once('/')) {
                return is_within(address, net, bits);
            }
            let (name, port) = match entry.rsplit_once(':') {
                Some((name, port)) if !name.contains(':') => (name, port.parse::<u16>().ok()),
                _ => (entry.as_str(), None),
            };
            let name = name.trim_start_matches("*.");
            let below = host.strip_suffix(name.trim_start_matches('.'));
            let matches = below.is_some_and(|before| {
                before.ends_with('.') || (before.is_empty() && !name.starts_with('.'))
            });
            matches && port.is_none_or(|port| port == url.port())
        })
    }
}

/// Whether this host is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn is_within(address: IpAddr, net: &str, bits: &str) -> bool {
    let (Ok(net), Ok(bits)) = (net.parse::<IpAddr>(), bits.parse::<u32>()) else {
        return false;
    };
    match (address, net) {
        (IpAddr::V4(address), IpAddr::V4(net)) if bits <= 32 => {
            let differ = u32::from(address) ^ u32::from(net);
            u64::from(differ) >> (32 - bits) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(net)) if bits <= 128 => {
            let differ = u128::from(address) ^ u128::from(net);
            bits == 0 || differ >> (128 - bits) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        Proxies::read(&|name| {
            let mut found = variables.iter().filter(|(key, _)| *key == name);
            found.next().map(|(_, value)| (*value).to_owned())
        })
    }

    fn through(proxies: &Proxies, url: &str) -> Option<String> {
        let proxy = proxies.of(&Url::parse(url).unwrap()).unwrap();
        proxy.map(|proxy| proxy.host().to_owned())
    }

    #[test]
    fn each_scheme_has_its_proxy() {
        let both = proxies(&[
            ("HTTPS_PROXY", "http://s.example:3128"),
            ("http_proxy", "p.example"),
        ]);
        assert_eq!(
            through(&both, "https://r.example/").as_deref(),
            Some("s.example")
        );
        assert_eq!(
            through(&both, "http://r.example/").as_deref(),
            Some("p.example")
        );
        let one = proxies(&[("ALL_PROXY", "a.example:1"), ("HTTPS_PROXY", "")]);
        assert_eq!(
            through(&one, "https://r.example/").as_deref(),
            Some("a.example")
        );
        assert_eq!(through(&Proxies::default(), "https://r.example/"), None);
        for own in [
            "http://localhost:5000/",
            "http://127.0.0.2/",
            "https://[::1]/",
        ] {
            assert_eq!(through(&one, own), None, "{own}");
        }
    }

    #[test]
    fn exceptions_are_reached_directly() {
        let list = "site.example, .only-below.example,10.0.0.0/8,r.example:5000,fd00::/8";
        let some = proxies(&[("ALL_PROXY", "a.example:1"), ("no_proxy", list)]);
        for direct in [
            "https://site.example/",
            "https://r.SITE.example/",
            "https://x.only-below.example/",
            "https://10.9.8.7:5000/",
            "http://r.example:5000/",
            "https://[fd00::1]/",
        ] {
            assert_eq!(through(&some, direct), None, "{direct}");
        }
        for not in [
            "https://mysite.example/",
            "https://only-below.example/",
            "https://11.0.0.1/",
            "https://r.example/",
            "https://[fe00::1]/",
        ] {
            assert!(through(&some, not).is_some(), "{not}");
        }
    }

    #[test]
    fn a_broken_address_is_refused_without_telling_it() {
        let broken = proxies(&[("HTTPS_PROXY", "ftp://user:secret@p.example")]);
        let error = broken
            .of(&Url::parse("https://r.example/").unwrap())
            .unwrap_err();
        assert!(
            error.is_configuration() && !error.to_string().contains("secret"),
            "{error}"
        );
    }
}
