//! `sch.slurm.ociconf`: does this release of Slurm understand its oci.conf?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, slurm, version};

/// The keys of 21.08 and 22.05.
const FIRST: &[&str] = &[
    "containerpath",
    "runtimecreate",
    "runtimedelete",
    "runtimekill",
    "runtimequery",
    "runtimerun",
    "runtimestart",
];

/// The release since which there are more, and those.
const LATER: (u32, u32) = (23, 2);
const SINCE_LATER: &[&str] = &[
    "containerpath",
    "debugflags",
    "disablecleanup",
    "disablehooks",
    "envexclude",
    "filedebug",
    "ignorefileconfigjson",
    "mountspooldir",
    "runtimeenvexclude",
    "srunargs",
    "srunpath",
    "stdiodebug",
    "syslogdebug",
];

/// The row.
pub static PROBE: Probe = Probe {
    id: "sch.slurm.ociconf",
    manual: Manual {
        title: "Keys of Slurm's oci.conf",
        what: "Whether every key in oci.conf is one that the installed release of Slurm knows, and the programs it names are there.",
        why: "A key of a later release makes each container step fail with \"Could not parse oci.conf file\".",
        how: "srun --version; the keys of oci.conf against those of the release; the first word of each RunTime command.",
        user: "",
        admin: "Remove the keys that the release does not know.",
        refs: &["oci.conf(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let reading = slurm::read(site, "oci.conf");
    match (reading.files.first(), site.host.which("srun")) {
        (Some((_, Ok(_))), Some(srun)) => reading.version(site, &srun),
        _ => reading,
    }
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some((path, Ok(text))) = reading.files.first() else {
        return Finding::skipped("there is no oci.conf");
    };
    let release = reading
        .ran
        .first()
        .and_then(|ran| version::release(&ran.stdout));
    let Some(release) = release else {
        return Finding::unknown("the release of Slurm is not known");
    };
    let settings = slurm::settings(text);
    let mut unknown = settings
        .iter()
        .filter(|(key, value)| !knows(key, value, release));
    if let Some((key, value)) = unknown.next() {
        let others = unknown.map(|(key, _)| format!(" -e '/^{key} *=/Id'"));
        let others: String = others.collect();
        let (year, month) = release;
        return Finding::fail(format!(
            "Slurm {year}.{month:02} does not know {key}={value} in {path}: every container step fails"
        ))
        .step(admin(
            Cost::AdminSysctl,
            "remove the keys that it does not know",
            &format!("sed -i -e '/^{key} *=/Id'{others} {path}"),
        ));
    }
    let programs = settings
        .iter()
        .filter(|(key, _)| key.to_lowercase().starts_with("runtime"));
    let programs = programs.filter_map(|(_, value)| value.split_whitespace().next());
    let gone = |program: &&str| match program.starts_with('/') {
        true => site.host.stat(program).is_err(),
        false => site.host.which(program).is_none(),
    };
    let mut programs = programs.filter(|word| !word.starts_with("env") && !word.contains('='));
    match programs.find(gone) {
        Some(program) => Finding::fail(format!("{path} names {program}, which is not there")),
        None => Finding::pass(format!("{path} has only keys that this release knows")),
    }
}

/// Whether a release knows a key with this value.
fn knows(key: &str, value: &str, release: (u32, u32)) -> bool {
    let key = key.to_lowercase();
    let of = |keys: &[&str]| keys.contains(&key.as_str());
    let boolean = ["true", "false", "yes", "no", "0", "1"].contains(&value.to_lowercase().as_str());
    if of(FIRST) {
        return true;
    }
    if key == "createenvfile" {
        return boolean || release >= LATER;
    }
    of(SINCE_LATER) && release >= LATER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_later_releases_are_not_known() {
        assert!(knows("RunTimeRun", "runc run", (22, 5)));
        assert!(!knows("RunTimeEnvExclude", "^SLURM", (22, 5)));
        assert!(knows("RunTimeEnvExclude", "^SLURM", (23, 2)));
        assert!(!knows("CreateEnvFile", "disabled", (22, 5)));
        assert!(knows("CreateEnvFile", "true", (22, 5)));
        assert!(!knows("NoSuchKey", "x", (25, 5)));
    }

    #[test]
    fn the_key_is_named() {
        let mut ran = crate::scripted::ran(&["srun"], hpcctl_host::command::End::Exit(0), "");
        ran.stdout = "slurm-wlm 22.05.8\n".into();
        let reading = Reading {
            files: vec![("/etc/slurm/oci.conf".into(), Ok("DisableHooks=x\n".into()))],
            ran: vec![ran],
            ..Reading::new()
        };
        let found = judge(&reading, &Site::new(&crate::scripted::Scripted::new()));
        assert!(
            found
                .summary
                .starts_with("Slurm 22.05 does not know DisableHooks=x"),
            "{}",
            found.summary
        );
    }
}
