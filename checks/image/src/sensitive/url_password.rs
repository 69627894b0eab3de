//! Passwords in addresses (RFC 3986, 3.2.1): `SCHEME://USER:PASSWORD@HOST`.

use super::{Detector, Sightings, Source, value};

pub(super) const DETECTOR: Detector =
    Detector::new("secret.url-password", "A password in an address.").holding(&["://"], place);

fn place(source: &Source<'_>, at: usize, sightings: &mut Sightings) {
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || b"/\"'<>()[]{}`\\,;|#?".contains(byte);
    let rest = &source.bytes[at + 3..source.bytes.len().min(at + 3 + 300)];
    let authority = &rest[..rest.iter().position(is_end).unwrap_or(rest.len())];
    let Some(end) = memchr::memrchr(b'@', authority) else {
        return;
    };
    let (Ok(login), Ok(host)) = (
        std::str::from_utf8(&authority[..end]),
        std::str::from_utf8(&authority[end + 1..]),
    ) else {
        return;
    };
    let Some((user, password)) = login.split_once(':') else {
        return;
    };
    let is_example = [
        "example.",
        ".example",
        "localhost",
        "127.0.0.1",
        "host",
        "server",
        "proxy.com",
        "domain",
        "bogus",
        "site.com",
        "foo",
        "bar",
    ];
    let is_example =
        host.is_empty() || host.ends_with(':') || is_example.iter().any(|part| host.contains(part));
    let is_other = password != user;
    if value::is_password(password)
        && password.len() >= 5
        && !value::is_plain_word(password)
        && is_other
        && !is_example
    {
        let host: String = host
            .chars()
            .filter(|one| !one.is_control())
            .take(80)
            .collect();
        sightings.at(
            DETECTOR.id,
            source,
            at,
            format!("a password for {host} in an address"),
        );
    }
}
