//! `reg.proxycache`: does the mirror hand on what it does not hold?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, registry};

/// A small image of Docker Hub that has been there for years.
const IMAGE: &str = "library/hello-world/manifests/latest";

/// The row.
pub static PROBE: Probe = Probe {
    id: "reg.proxycache",
    manual: Manual {
        title: "Pull-through cache",
        what: "Whether the first mirror of Docker Hub that registries.conf names hands out an image of Docker Hub.",
        why: "A mirror that holds only what was copied to it answers 404 for all else, and each node goes on to Docker Hub as if there were no mirror.",
        how: "One request to the mirror for the manifest of library/hello-world. Only with --network.",
        user: "",
        admin: "Make the mirror a pull-through cache: a proxy project of Harbor, sync with onDemand of zot, proxy.remoteurl of distribution.",
        refs: &[
            "containers-registries.conf(5)",
            "https://distribution.github.io/distribution/recipes/mirror/",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    if !site.network {
        return Reading::new();
    }
    let mirrors = registry::mirrors_of_hub(&registry::read(site));
    let Some(mirror) = mirrors.first() else {
        return Reading::new();
    };
    let reading = Reading::new().fact("registry", mirror);
    match site.host.which("curl") {
        Some(curl) => registry::get(reading, site, &curl, &address(mirror)),
        None => reading,
    }
}

/// Where a mirror, HOST or HOST/PATH, has the manifest.
fn address(mirror: &str) -> String {
    match mirror.split_once('/') {
        Some((host, path)) => format!("https://{host}/v2/{path}/{IMAGE}"),
        None => format!("https://{mirror}/v2/{IMAGE}"),
    }
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if site.network && reading.facts.is_empty() {
        return Finding::skipped("no mirror of Docker Hub is configured").holding(false);
    }
    let answer = match registry::answer(reading, site) {
        Ok(answer) => answer,
        Err(finding) => return finding,
    };
    let name = answer.registry;
    match answer.status {
        200 => Finding::pass(format!("{name} hands out images of Docker Hub")),
        404 => Finding::warn(format!(
            "{name} does not hand on what it does not hold: each node asks Docker Hub"
        ))
        .holding(false)
        .step(admin(
            Cost::AdminPackage,
            "make the mirror a pull-through cache",
            "",
        )),
        401 | 403 => Finding::unknown(format!(
            "{name} wants a log-in ({}), without which it does not tell",
            answer.status
        )),
        0 => Finding::fail(format!(
            "{name} does not answer (curl ended with {})",
            answer.curl
        )),
        status => Finding::unknown(format!("{name} answers {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::tests::answered;
    use crate::scripted::Scripted;

    #[test]
    fn the_answer_decides() {
        assert_eq!(answered(0, "200", judge), "pass");
        assert_eq!(answered(0, "404", judge), "warn");
        assert_eq!(answered(0, "401", judge), "unknown");
        assert_eq!(answered(7, "000", judge), "fail");
        assert_eq!(answered(0, "500", judge), "unknown");
    }

    #[test]
    fn only_a_mirror_of_docker_hub_is_asked() {
        let text = "[[registry]]\nlocation=\"quay.io\"\n[[registry.mirror]]\nlocation=\"a\"\n\
                    [[registry]]\nprefix=\"docker.io\"\nlocation=\"x\"\n[[registry.mirror]]\nlocation=\"b/hub\"\n";
        let host = Scripted::new().file("/etc/containers/registries.conf", text);
        let mut site = Site::new(&host);
        site.network = true;
        let reading = read(&site);
        assert_eq!(reading.facts[0].1, "b/hub");
        assert_eq!(
            address("b/hub"),
            "https://b/v2/hub/library/hello-world/manifests/latest"
        );
        let none = Scripted::new();
        let mut site = Site::new(&none);
        site.network = true;
        assert_eq!(judge(&read(&site), &site).status.as_str(), "skipped");
    }
}
