//! `sch.pbs.hook`: does PBS have a hook that starts containers?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, pbs};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sch.pbs.hook",
    manual: Manual {
        title: "Container hook of PBS",
        what: "Whether the PBS server has an enabled hook for containers.",
        why: "The directives of a job are only words without it.",
        how: "qmgr -c \"list hook\", where qmgr is in PATH; only managers may ask, others get no answer: unknown.",
        user: "Ask the site.",
        admin: "qmgr -c \"set hook PBS_hpc_container enabled = True\"",
        refs: &["qmgr(8B)", "pbs_hooks(7B)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    pbs::list_hooks(site)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some(ran) = reading.ran.first() else {
        return Finding::skipped("PBS is not installed here").holding(false);
    };
    if !ran.ok() {
        return Finding::unknown(format!("qmgr does not list hooks: {}", ran.first_line()));
    }
    let hooks = pbs::hooks(&ran.stdout);
    match hooks
        .iter()
        .find(|(name, _)| name.to_lowercase().contains("container"))
    {
        Some((name, true)) => Finding::pass(format!("the hook {name} is enabled")),
        Some((name, false)) => {
            Finding::fail(format!("the hook {name} is not enabled")).step(admin(
                Cost::AdminSysctl,
                "enable it",
                &format!("qmgr -c \"set hook {name} enabled = True\""),
            ))
        }
        None => Finding::warn("the PBS server has no hook for containers").holding(false),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::command::End;

    use super::*;
    use crate::scripted::{Scripted, ran};

    fn find(stdout: &str, status: i32) -> &'static str {
        let mut run = ran(&["qmgr"], End::Exit(status), "");
        run.stdout = stdout.into();
        let reading = Reading {
            ran: vec![run],
            ..Reading::new()
        };
        judge(&reading, &Site::new(&Scripted::new()))
            .status
            .as_str()
    }

    #[test]
    fn no_right_to_ask_is_unknown() {
        assert_eq!(
            find("Hook PBS_hpc_container\n    enabled = true\n", 0),
            "pass"
        );
        assert_eq!(
            find("Hook PBS_hpc_container\n    enabled = false\n", 0),
            "fail"
        );
        assert_eq!(find("Hook pbs_cgroups\n    enabled = true\n", 0), "warn");
        assert_eq!(find("", 1), "unknown");
    }
}
