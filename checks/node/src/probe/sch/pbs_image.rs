//! `sch.pbs.image`: does PBS have the resource container_image?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, pbs};

const RESOURCE: &str = "container_image";

/// The row.
pub static PROBE: Probe = Probe {
    id: "sch.pbs.image",
    manual: Manual {
        title: "PBS resource container_image",
        what: "Whether the PBS server has the resource container_image.",
        why: "The container plugin of PBS Professional takes the image from this resource; without it qsub answers \"Unknown resource\" (status 187), and CONTAINER_IMAGE is a variable that nobody reads.",
        how: "qmgr -c \"list resource container_image\", where qmgr is in PATH. Users without the right to ask get no answer: unknown.",
        user: "Run the container in the job script itself: ch-run IMAGE -- …",
        admin: "The container hook of PBS Professional, a commercial product; OpenPBS has none.",
        refs: &["qmgr(8B)", "pbs_resources(7B)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    pbs::resource(site, RESOURCE)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    pbs::judge_resource(reading, RESOURCE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn it_does_not_apply_without_pbs() {
        let host = Scripted::new();
        let site = Site::new(&host);
        let found = judge(&read(&site), &site);
        assert_eq!(
            (found.status.as_str(), found.holds),
            ("skipped", Some(false))
        );
    }
}
