//! The limits that podman and buildah set for a container, against those of the caller.

use hpcctl_host::Resource;
use hpcctl_model::doctor::{Cost, Step};

use crate::finding::{admin, user};
use crate::limit::{self, parse, shown};
use crate::{Reading, Site, containers_conf};

/// What podman sets where the caller's own limit is no bound for it.
pub(crate) const MAXIMUM: u64 = 1_048_576;

/// How many processes a node may have.
pub(crate) const PID_MAX: &str = "/proc/sys/kernel/pid_max";

/// Reads what podman merges its own limits from.
pub(crate) fn read(site: &Site<'_>) -> Reading {
    let reading = limit::read(containers_conf::read(site), site, Resource::Nofile);
    limit::read(reading, site, Resource::Nproc).file(site, PID_MAX)
}

/// The hard limits that hold when podman starts a container.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hard {
    pub(crate) nofile: u64,
    pub(crate) nproc: u64,
    /// Podman's own default for processes; none where it cannot be set.
    pub(crate) default_nproc: Option<u64>,
}

impl Hard {
    /// The limits that podman finds; it lowers its own when it starts.
    pub(crate) fn of(reading: &Reading) -> Option<Self> {
        let nofile = limit::noted(reading, Resource::Nofile)?.hard;
        let nproc = limit::noted(reading, Resource::Nproc)?.hard;
        let pid_max = reading
            .text(PID_MAX)
            .and_then(|text| text.trim().parse().ok());
        let default_nproc = [pid_max.unwrap_or(MAXIMUM), MAXIMUM]
            .into_iter()
            .find(|value| *value <= nproc);
        Some(Self {
            nofile: nofile.min(MAXIMUM),
            nproc: default_nproc.unwrap_or(nproc),
            default_nproc,
        })
    }

    /// Which of the limits that are asked for are above the hard ones, in words.
    pub(crate) fn exceeded_by(self, asked: &[(String, u64)]) -> Option<String> {
        let over = asked.iter().filter_map(|(name, value)| {
            let bound = match name.as_str() {
                "nofile" => self.nofile,
                _ => self.nproc,
            };
            (*value > bound).then(|| {
                format!(
                    "{name} {} above the hard limit {}",
                    shown(*value),
                    shown(bound)
                )
            })
        });
        let over: Vec<String> = over.collect();
        (!over.is_empty()).then(|| over.join(" and "))
    }

    /// Writes the list with the limits that hold.
    pub(crate) fn write(self, site: &Site<'_>) -> Step {
        let (files, processes) = (shown(self.nofile), number(self.nproc));
        let list = format!(
            "default_ulimits=[\"nofile={files}:{files}\",\"nproc={processes}:{processes}\"]"
        );
        let file = containers_conf::own_file(site);
        let text = format!("set default_ulimits in {file} within the hard limits");
        let command = match containers_conf::only(site) {
            Some(_) => list,
            None => {
                let dir = file.rsplit_once('/').map_or("", |(dir, _)| dir);
                format!("mkdir -p {dir} && printf '[containers]\\n{list}\\n' > {file}")
            }
        };
        match site.is_root() {
            true => admin(Cost::AdminSysctl, &text, &command),
            false => user(Cost::UserConfig, &text, &command),
        }
    }
}

/// As podman reads it: unlimited is -1.
fn number(value: u64) -> String {
    match value {
        u64::MAX => "-1".into(),
        value => value.to_string(),
    }
}

/// The entries of `default_ulimits`, by name.
pub(crate) fn entries(list: &[String]) -> Vec<(String, u64)> {
    list.iter().filter_map(|entry| entry_of(entry)).collect()
}

/// `NAME=SOFT:HARD` or `NAME=BOTH`; only the names whose limits are known here.
fn entry_of(entry: &str) -> Option<(String, u64)> {
    let (name, values) = entry.split_once('=')?;
    let hard = values.rsplit(':').next()?;
    ["nofile", "nproc"]
        .contains(&name)
        .then_some((name.to_owned(), parse(hard)?))
}
