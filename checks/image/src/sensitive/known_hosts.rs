//! Hosts that a user logged in to (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): no secret, but it tells
//! what a site has.

use super::{Detector, Sightings, Source};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.hpc.known-hosts",
    "The names of hosts that a user logged in to, a clue and no secret.",
)
.named(&["known_hosts", "known_hosts.old", "ssh_known_hosts"], file);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let text = source.text();
    let is_host = |line: &&str| {
        line.split_whitespace()
            .any(|word| word.starts_with("ssh-") || word.starts_with("ecdsa-sha2-"))
    };
    // Hashed names begin with `|1|`; hosts of everybody are not the site's.
    let is_public = |line: &str| {
        [
            "github.com",
            "gitlab.com",
            "bitbucket.org",
            "ssh.dev.azure.com",
        ]
        .iter()
        .any(|host| line.starts_with(host))
    };
    let open = text
        .lines()
        .filter(is_host)
        .filter(|line| !line.starts_with('|') && !is_public(line))
        .count();
    if open > 0 {
        sightings.file(DETECTOR.id, format!("the names of {open} hosts"));
        sightings.only_a_clue();
    }
}
