//! `net.http_proxy`: which proxies would a container inherit?

use super::Probe;
use crate::{Finding, Manual, Reading, Site};

/// The variables; podman passes them on to containers.
const NAMES: &[&str] = &["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"];

/// The row.
pub static PROBE: Probe = Probe {
    id: "net.http_proxy",
    manual: Manual {
        title: "Proxy variables",
        what: "http_proxy, https_proxy and their kin in the environment.",
        why: "Compute nodes often reach registries through a proxy only. Registries speak HTTPS: http_proxy alone does not help. A proxy on 127.0.0.1 is another 127.0.0.1 in a container with a network of its own.",
        how: "Reads the environment; names and passwords in the addresses are left out.",
        user: "Take --network=host for a proxy on this node, and name the proxy: export https_proxy=http://PROXY:PORT",
        admin: "Set the variables for logins and jobs alike.",
        refs: &["podman-run(1)", "curl(1)"],
    },
    read: |site| {
        NAMES.iter().fold(Reading::new(), |reading, name| {
            match site.host.env(name).filter(|value| !value.is_empty()) {
                Some(value) => reading.fact(name, address(&value)),
                None => reading,
            }
        })
    },
    judge,
};

/// The address without the user's name and password, and without a path.
fn address(value: &str) -> String {
    let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{}", host.split('/').next().unwrap_or(""))
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    if reading.facts.is_empty() {
        return Finding::skipped("no proxy is set");
    }
    let https = reading
        .facts
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("https_proxy"));
    let Some((name, value)) = https else {
        return Finding::warn("http_proxy is set, https_proxy is not: registries speak HTTPS");
    };
    let host = value.split_once("://").map_or("", |(_, host)| host);
    let local = ["localhost", "127.", "[::1]"];
    if local.iter().any(|local| host.starts_with(local)) {
        return Finding::warn(format!(
            "{name} is {value}, which a container with a network of its own does not reach"
        ));
    }
    Finding::pass(format!("{name} is {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    fn find(name: &str, value: &str) -> Finding {
        let mut host = Scripted::new();
        host.env.insert(name.into(), value.into());
        let site = Site::new(&host);
        judge(&(PROBE.read)(&site), &site)
    }

    #[test]
    fn a_proxy_is_judged_and_its_password_is_not_shown() {
        assert_eq!(find("https_proxy", "").status.as_str(), "skipped");
        assert_eq!(
            find("http_proxy", "http://proxy:3128").status.as_str(),
            "warn"
        );
        assert_eq!(
            find("https_proxy", "127.0.0.1:3128").status.as_str(),
            "warn"
        );
        let found = find("HTTPS_PROXY", "http://alice:p@ss/word@proxy:3128/x");
        assert_eq!(found.summary, "HTTPS_PROXY is http://proxy:3128");
    }
}
