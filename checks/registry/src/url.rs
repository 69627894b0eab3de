//! Where a request goes: scheme, authority and the rest, and where a redirect leads.

use std::fmt;

/// An address of HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    /// Whether TLS protects it.
    pub(crate) tls: bool,
    /// `HOST[:PORT]`.
    pub(crate) authority: String,
    /// The path and the query, which begins with a slash.
    pub(crate) path: String,
}

impl Url {
    /// An address.
    pub(crate) fn new(tls: bool, authority: &str, path: impl Into<String>) -> Self {
        let (authority, path) = (authority.to_owned(), path.into());
        Self {
            tls,
            authority,
            path,
        }
    }

    /// Reads an absolute address; one with a user in it is refused.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let uri: ureq::http::Uri = text.parse().ok()?;
        let tls = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?.as_str();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let path = match path.starts_with('/') {
            true => path.to_owned(),
            false => format!("/{path}"),
        };
        (!authority.contains('@')).then(|| Self::new(tls, authority, path))
    }

    /// Where a `Location` leads from here.
    pub(crate) fn join(&self, location: &str) -> Option<Self> {
        let scheme = if self.tls { "https" } else { "http" };
        let before_colon = location.split_once(':').map(|(before, _)| before);
        if before_colon.is_some_and(|word| word.bytes().all(|b| b.is_ascii_alphanumeric())) {
            return Self::parse(location);
        }
        if location.starts_with("//") {
            return Self::parse(&format!("{scheme}:{location}"));
        }
        let path = self.path.split('?').next().unwrap_or("/");
        let base = path.rsplit_once('/').map_or("", |(base, _)| base);
        let path = match location.starts_with('/') {
            true => location.to_owned(),
            false => format!("{base}/{location}"),
        };
        Self::parse(&format!("{scheme}://{}{path}", self.authority))
    }

    /// Whether both lead to the same server.
    pub(crate) fn same_origin(&self, other: &Self) -> bool {
        self.tls == other.tls && self.authority.eq_ignore_ascii_case(&other.authority)
    }

    /// The host without its port and without brackets.
    pub(crate) fn host(&self) -> &str {
        host(&self.authority)
    }

    /// The port.
    pub(crate) fn port(&self) -> u16 {
        let after = self
            .authority
            .rsplit_once(']')
            .map_or(&*self.authority, |(_, after)| after);
        let port = after
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok());
        port.unwrap_or(if self.tls { 443 } else { 80 })
    }

    /// The whole address, for the request itself.
    pub(crate) fn full(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority, self.path)
    }
}

/// The address for messages: a query may hold a signature and is left out.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let full = self.full();
        f.write_str(full.split('?').next().unwrap_or_default())
    }
}

/// The host of `HOST[:PORT]`.
pub(crate) fn host(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    authority.split(':').next().unwrap_or_default()
}

/// Writes a text as a part of a query.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_followed_as_written() {
        let here = Url::parse("https://h.example:5000/v2/a/blobs/x?y=1").unwrap();
        let to = |location: &str| here.join(location).map(|url| url.full());
        assert_eq!(to("/b?c").as_deref(), Some("https://h.example:5000/b?c"));
        assert_eq!(
            to("z").as_deref(),
            Some("https://h.example:5000/v2/a/blobs/z")
        );
        assert_eq!(to("//o.example/b").as_deref(), Some("https://o.example/b"));
        assert_eq!(to("http://o.example").as_deref(), Some("http://o.example/"));
        assert_eq!(to("https://user:secret@o.example/"), None);
        assert_eq!(to("https://"), None);
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let url = |text| Url::parse(text).unwrap();
        assert!(url("https://a.example/x").same_origin(&url("https://A.example/y")));
        for other in [
            "http://a.example/",
            "https://a.example:444/",
            "https://b.example/",
        ] {
            assert!(
                !url("https://a.example/").same_origin(&url(other)),
                "{other}"
            );
        }
        assert_eq!(
            (
                url("https://[::1]:7/").host(),
                url("https://[::1]:7/").port()
            ),
            ("::1", 7)
        );
        assert_eq!(url("http://a.example/").port(), 80);
    }

    #[test]
    fn signatures_are_not_told() {
        let url = Url::parse("https://a.example/b?X-Signature=secret").unwrap();
        assert_eq!(url.to_string(), "https://a.example/b");
        assert_eq!(encode("repository:a/b:pull"), "repository%3Aa%2Fb%3Apull");
    }
}
