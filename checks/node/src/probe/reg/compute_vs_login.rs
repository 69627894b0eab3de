//! `reg.compute_vs_login`: do compute nodes reach what login nodes reach?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::{admin, user};
use crate::scheduler::{self, SCHEDULERS};
use crate::{Finding, Manual, Reading, Site, registry};

const ROUTES: &str = "/proc/net/route";
const ROUTES_6: &str = "/proc/net/ipv6_route";
const RESOLVER: &str = "/etc/resolv.conf";
const PROXIES: &[&str] = &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// A route to everywhere, in the form of the two files.
const EVERYWHERE: &str = "00000000";
const EVERYWHERE_6: &str = "00000000000000000000000000000000 00 ";

/// The row.
pub static PROBE: Probe = Probe {
    id: "reg.compute_vs_login",
    manual: Manual {
        title: "Registries from compute nodes",
        what: "Inside a job: whether this node has a way out, a default route or a proxy, by which a registry can be reached.",
        why: "Login nodes reach the internet and compute nodes often do not. An image that was pulled by hand on the login node starts there; the job that pulls it hangs until its connections time out, on each node.",
        how: "Inside a job: the variables of proxies, /etc/resolv.conf, and the routes of /proc/net/route and /proc/net/ipv6_route; with --network the answer of the registry, too. From a login node nothing can be told.",
        user: "Pull on the login node, to a file on the shared file system; run `hpcctl doctor --network` in a job.",
        admin: "A mirror inside the cluster, or a proxy whose variables every job gets.",
        refs: &["route(8)", "resolv.conf(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let Some((variable, job)) = scheduler::job(site) else {
        return Reading::new();
    };
    let mut reading = registry::ask(site);
    // The answer is read by its first fact, the name of the registry.
    for name in PROXIES {
        if site.host.env(name).is_some_and(|value| !value.is_empty()) {
            // Its value may hold a password.
            reading = reading.fact(name, "set");
        }
    }
    reading
        .fact(variable, job)
        .file(site, ROUTES)
        .file(site, ROUTES_6)
        .file(site, RESOLVER)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if reading.files.is_empty() {
        let submits = SCHEDULERS
            .iter()
            .any(|known| site.host.which(known.submit).is_some());
        return match submits {
            true => {
                Finding::unknown("this is no job: what compute nodes reach can only be told in one")
            }
            false => Finding::skipped("this is no job of a scheduler"),
        };
    }
    let proxy = reading
        .facts
        .iter()
        .any(|(name, _)| PROXIES.contains(&name.as_str()));
    if site.network {
        return match registry::answer(reading, site) {
            Ok(answer) if answer.status != 0 => {
                Finding::pass(format!("{} answers this compute node", answer.registry))
            }
            Ok(answer) => pull_before(Finding::fail(format!(
                "{} does not answer this compute node (curl ended with {})",
                answer.registry, answer.curl
            ))),
            Err(finding) => finding,
        };
    }
    let way = match (proxy, default_route(reading)) {
        (true, _) => "a proxy",
        (false, Some(true)) => "a default route",
        (false, Some(false)) => {
            return pull_before(
                Finding::warn("this compute node has neither a default route nor a proxy: it reaches only registries in its own networks")
                    .holding(false),
            );
        }
        (false, None) => return Finding::unknown("the routes of this node cannot be read"),
    };
    let names = reading.text(RESOLVER).is_some_and(|text| {
        text.lines()
            .any(|line| line.trim_start().starts_with("nameserver"))
    });
    let resolver = if names {
        "name servers"
    } else {
        "no name server"
    };
    Finding::unknown(format!(
        "this compute node has {way} and {resolver}; whether a registry answers is tried only with --network"
    ))
}

/// Whether a route leads everywhere; none where the routes cannot be read.
fn default_route(reading: &Reading) -> Option<bool> {
    let routes = reading.text(ROUTES)?;
    let has = routes
        .lines()
        .any(|line| line.split_whitespace().nth(1) == Some(EVERYWHERE));
    // Linux lists a route to everywhere over lo even where there is no IPv6.
    let has_6 = reading.text(ROUTES_6).is_some_and(|text| {
        text.lines()
            .any(|line| line.starts_with(EVERYWHERE_6) && !line.ends_with(" lo"))
    });
    Some(has || has_6)
}

fn pull_before(finding: Finding) -> Finding {
    finding
        .step(user(
            Cost::User,
            "pull on the login node, to a file that the compute nodes see",
            "apptainer pull IMAGE.sif docker://IMAGE",
        ))
        .step(user(
            Cost::User,
            "pull on the login node with podman, to a file that the compute nodes see",
            "podman pull IMAGE && podman save --format oci-archive -o IMAGE.tar IMAGE",
        ))
        .step(admin(
            Cost::AdminPackage,
            "run a mirror inside the cluster, or a proxy",
            "",
        ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    const HEAD: &str = "Iface\tDestination\tGateway\n";

    fn find(host: &Scripted) -> Finding {
        let site = Site::new(host);
        judge(&read(&site), &site)
    }

    fn job(routes: &str) -> Scripted {
        let mut host = Scripted::new().file(ROUTES, &format!("{HEAD}{routes}"));
        host.env.insert("SLURM_JOB_ID".into(), "7".into());
        host
    }

    #[test]
    fn a_node_without_a_way_out_is_named() {
        let shut = find(&job("ib0\t0000000A\t00000000\n"));
        assert_eq!((shut.status.as_str(), shut.steps.len()), ("warn", 3));
        let mut proxied = job("ib0\t0000000A\t00000000\n");
        proxied
            .env
            .insert("https_proxy".into(), "http://u:secret@p:1".into());
        let found = find(&proxied);
        assert!(found.summary.contains("a proxy"), "{found:?}");
        let site = Site::new(&proxied);
        assert!(!format!("{:?}", read(&site)).contains("secret"));
        let routed = find(&job("eth0\t00000000\t0101A8C0\n"));
        assert_eq!(routed.status.as_str(), "unknown");
    }

    #[test]
    fn only_a_route_that_leads_out_counts() {
        let lo = format!("{EVERYWHERE_6}x 00 y z 00000001 00000000 00200200       lo\n");
        let found = find(&job("").file(ROUTES_6, &lo));
        assert_eq!(found.status.as_str(), "warn");
        let eth = lo.replace("      lo", "    eth0");
        let found = find(&job("").file(ROUTES_6, &eth));
        assert_eq!(found.status.as_str(), "unknown");
    }

    #[test]
    fn outside_of_a_job_nothing_is_known() {
        assert_eq!(find(&Scripted::new()).status.as_str(), "skipped");
        let login = Scripted::new().program("sbatch", "/usr/bin/sbatch");
        assert_eq!(find(&login).status.as_str(), "unknown");
    }
}
