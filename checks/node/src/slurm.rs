//! Slurm's configuration files, as far as a user may read them.
//!
//! Sources: slurm.conf(5), cgroup.conf(5), and what Slurm 22.05 does with them.

use hpcctl_host::Errno;

use crate::{Finding, Reading, Site};

/// Where plugins are, unless PluginDir says otherwise.
pub const PLUGINS: &str = "/usr/lib64/slurm";

/// Directories of the configuration; the third is that of nodes that fetch theirs.
const DIRECTORIES: &[&str] = &["/etc/slurm", "/etc/slurm-llnl", "/run/slurm/conf"];

/// The directory of the configuration; none where Slurm is not configured.
pub fn directory(site: &Site<'_>) -> Option<String> {
    if let Some(file) = site.host.env("SLURM_CONF") {
        let (dir, _) = file.rsplit_once('/')?;
        return Some(dir.to_owned());
    }
    let is_there = |dir: &&&str| site.host.read(&format!("{dir}/slurm.conf")).is_ok();
    DIRECTORIES
        .iter()
        .find(is_there)
        .map(|dir| (*dir).to_owned())
}

/// Reads a file of the configuration; nothing is read where Slurm is not configured.
pub fn read(site: &Site<'_>, file: &str) -> Reading {
    match directory(site) {
        Some(dir) => Reading::new().file(site, &format!("{dir}/{file}")),
        None => Reading::new(),
    }
}

/// What that file held, empty where it is not there; else what to say of it.
pub fn text(reading: &Reading) -> Result<&str, Finding> {
    match reading.files.first() {
        None => Err(Finding::skipped("Slurm is not configured here")),
        Some((_, Ok(text))) => Ok(text),
        Some((_, Err(Errno::ENOENT))) => Ok(""),
        Some((path, Err(errno))) => {
            Err(Finding::unknown(format!("{path} cannot be read: {errno}")))
        }
    }
}

/// The settings of a file, one a line: KEY=VALUE.
pub fn settings(text: &str) -> Vec<(String, String)> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or(""));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs
        .map(|(key, value)| {
            (
                key.trim().to_owned(),
                value.trim().trim_matches('"').to_owned(),
            )
        })
        .collect()
}

/// The value of a key, whose case does not matter; the last one wins.
pub fn setting(text: &str, key: &str) -> Option<String> {
    let found = settings(text)
        .into_iter()
        .rfind(|(known, _)| known.eq_ignore_ascii_case(key));
    found.map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_slurm_reads_them() {
        let text =
            "# comment\nProctrackType = proctrack/cgroup # why\nproctracktype=proctrack/pgid\n";
        assert_eq!(
            setting(text, "ProctrackType").as_deref(),
            Some("proctrack/pgid")
        );
        assert_eq!(setting(text, "TaskPlugin"), None);
    }
}
