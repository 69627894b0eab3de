//! `reg.429`: has the registry had enough of this site?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::{admin, user};
use crate::{Finding, Manual, Reading, Site, registry};

/// The exit statuses of curl for a connection that was broken off: while TLS began, and later.
const BROKEN_OFF: &[i32] = &[35, 56];

/// The row.
pub static PROBE: Probe = Probe {
    id: "reg.429",
    manual: Manual {
        title: "Too many requests",
        what: "Whether the registry refuses this address because of too many requests.",
        why: "A job of a thousand nodes that pulls at once looks like an attack. Registries answer 429, then drop the connections of the whole site for hours: what fails is the next user's job.",
        how: "The answer to one request for /v2/: 429, or 403 from a registry that asks everybody to log in. A connection that is broken off may be a ban or a firewall. Only with --network.",
        user: "Wait; then pull once and start from one file on the shared file system.",
        admin: "A pull-through cache at the site; ask the registry for the ban to be lifted.",
        refs: &[
            "https://docs.docker.com/docker-hub/usage/",
            "https://www.rfc-editor.org/rfc/rfc6585#section-4",
        ],
    },
    read: registry::ask,
    judge,
};

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let answer = match registry::answer(reading, site) {
        Ok(answer) => answer,
        Err(finding) => return finding,
    };
    let name = answer.registry;
    match (answer.curl, answer.status) {
        (_, 429) => {
            let wait = answer.header("retry-after");
            let wait = wait.map_or(String::new(), |wait| {
                format!(", to be tried again after {wait}")
            });
            Finding::fail(format!("{name} answers 429, too many requests{wait}"))
                .step(user(
                    Cost::User,
                    "wait, and pull once for all nodes",
                    "podman pull IMAGE && podman save --format oci-archive -o IMAGE.tar IMAGE",
                ))
                .step(admin(
                    Cost::AdminPackage,
                    "run a pull-through cache and name it as [[registry.mirror]]",
                    "",
                ))
        }
        (_, 403) => Finding::unknown(format!(
            "{name} answers 403: it refuses this address, or a proxy on the way does"
        )),
        (curl, 0) if BROKEN_OFF.contains(&curl) => Finding::unknown(format!(
            "the connection to {name} was broken off: a firewall, or a ban of the site"
        )),
        (_, 0) => Finding::skipped("needs reg.v2ping, which fails"),
        (_, status) => Finding::pass(format!("{name} answers {status}, and not 429")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::tests::answered;

    #[test]
    fn only_429_is_certain() {
        assert_eq!(answered(0, "429", judge), "fail");
        assert_eq!(answered(0, "401", judge), "pass");
        assert_eq!(answered(0, "403", judge), "unknown");
        assert_eq!(answered(35, "000", judge), "unknown");
        assert_eq!(answered(6, "000", judge), "skipped");
    }
}
