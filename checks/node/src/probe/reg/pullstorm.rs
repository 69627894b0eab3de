//! `reg.pullstorm`: will many nodes ask one registry at once?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::{admin, user};
use crate::{Finding, Manual, Reading, Site, registry, scheduler};

/// Variables in which a scheduler tells the number of nodes.
const COUNTS: &[&str] = &["SLURM_JOB_NUM_NODES", "SLURM_NNODES", "LSB_DJOB_NUMHOSTS"];

/// A file of PBS with a line for each rank.
const NODEFILE: &str = "PBS_NODEFILE";

/// The name of the fact.
const NODES: &str = "nodes of the job";

/// From so many nodes on it is worth a word.
const MANY: usize = 4;

/// The row.
pub static PROBE: Probe = Probe {
    id: "reg.pullstorm",
    manual: Manual {
        title: "Many pulls at once",
        what: "Inside a job of several nodes: whether a mirror is configured that would take their pulls.",
        why: "Each node that pulls asks the registry for the same layers, from one address. Docker Hub allows a hundred pulls in six hours to an address without a log-in: one job uses them up for the site.",
        how: "SLURM_JOB_NUM_NODES, LSB_DJOB_NUMHOSTS or the names in PBS_NODEFILE, against the mirrors of registries.conf.",
        user: "Pull once before the job, to a file on the shared file system (SIF, squashfs, OCI archive), and start from that.",
        admin: "Run a pull-through cache and name it as [[registry.mirror]].",
        refs: &[
            "containers-registries.conf(5)",
            "https://docs.docker.com/docker-hub/usage/",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    if scheduler::job(site).is_none() {
        return Reading::new();
    }
    let reading = registry::read(site);
    match nodes(site) {
        Some(count) => reading.fact(NODES, count),
        None => reading,
    }
}

/// How many nodes the job has; none where no variable tells.
fn nodes(site: &Site<'_>) -> Option<usize> {
    let counted = COUNTS
        .iter()
        .find_map(|name| site.host.env(name)?.parse().ok());
    counted.or_else(|| {
        let text = site.host.read(&site.host.env(NODEFILE)?).ok()?;
        let mut names: Vec<&str> = text.lines().map(str::trim).collect();
        names.retain(|name| !name.is_empty());
        names.sort_unstable();
        names.dedup();
        Some(names.len())
    })
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if scheduler::job(site).is_none() {
        return Finding::skipped("this is no job of a scheduler");
    }
    let count = reading
        .facts
        .first()
        .and_then(|(_, count)| count.parse().ok());
    let Some(count): Option<usize> = count else {
        return Finding::unknown("the scheduler does not tell how many nodes the job has");
    };
    if count < MANY {
        return Finding::pass(format!(
            "this job has {count} nodes, too few to trouble a registry"
        ));
    }
    let settings = registry::settings(reading);
    match settings.mirrors.first() {
        Some(mirror) => Finding::pass(format!(
            "this job has {count} nodes, and {mirror} is configured as a mirror"
        )),
        None => Finding::warn(format!(
            "this job has {count} nodes and no mirror: pulled on each of them, an image is asked for {count} times from one address"
        ))
        .holding(false)
        .step(user(
            Cost::User,
            "pull once, to a file on the shared file system, and start from that",
            "apptainer pull IMAGE.sif docker://IMAGE",
        ))
        .step(user(
            Cost::User,
            "pull once with podman, to a file on the shared file system, and load that",
            "podman pull IMAGE && podman save --format oci-archive -o IMAGE.tar IMAGE",
        ))
        .step(admin(
            Cost::AdminPackage,
            "run a pull-through cache and name it as [[registry.mirror]]",
            "",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    fn find(variables: &[(&str, &str)], conf: &str) -> &'static str {
        let mut host = Scripted::new()
            .file("/etc/containers/registries.conf", conf)
            .file("/var/spool/nodes", "a\na\nb\nc\nd\n");
        for (name, value) in variables {
            host.env.insert((*name).into(), (*value).into());
        }
        let site = Site::new(&host);
        judge(&read(&site), &site).status.as_str()
    }

    #[test]
    fn many_nodes_without_a_mirror_are_warned() {
        let slurm = ("SLURM_JOB_ID", "1");
        let many = ("SLURM_JOB_NUM_NODES", "100");
        let mirror = "[[registry]]\nlocation=\"docker.io\"\n[[registry.mirror]]\nlocation=\"m\"\n";
        assert_eq!(find(&[], ""), "skipped");
        assert_eq!(find(&[slurm], ""), "unknown");
        assert_eq!(find(&[slurm, ("SLURM_JOB_NUM_NODES", "1")], ""), "pass");
        assert_eq!(find(&[slurm, many], ""), "warn");
        assert_eq!(find(&[slurm, many], mirror), "pass");
    }

    #[test]
    fn the_node_file_of_pbs_is_counted_by_name() {
        let pbs = [("PBS_JOBID", "1"), ("PBS_NODEFILE", "/var/spool/nodes")];
        assert_eq!(find(&pbs, ""), "warn");
        assert_eq!(find(&[pbs[0], ("PBS_NODEFILE", "/gone")], ""), "unknown");
    }
}
