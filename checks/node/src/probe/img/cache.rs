//! `img.cache`: where do images and caches go?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, filesystem};

/// A variable, and where the runtime goes without it.
const PLACES: &[(&str, &str)] = &[
    ("APPTAINER_CACHEDIR", "~/.apptainer/cache"),
    ("SINGULARITY_CACHEDIR", "~/.singularity/cache"),
    ("CH_IMAGE_STORAGE", "/var/tmp/$USER.ch"),
    ("ENROOT_CACHE_PATH", "~/.cache/enroot"),
    ("XDG_DATA_HOME", "~/.local/share"),
];

/// Less than this does not hold an image.
const LEAST: u64 = 2 << 30;

/// The row.
pub static PROBE: Probe = Probe {
    id: "img.cache",
    manual: Manual {
        title: "Storage of images",
        what: "Where the runtimes keep images and caches, on which file system, and how much room there is.",
        why: "The defaults are in the home: quotas fill, and a parallel file system suffers from many small files. A shared file system without user attributes breaks overlays.",
        how: "APPTAINER_CACHEDIR, SINGULARITY_CACHEDIR, CH_IMAGE_STORAGE, ENROOT_CACHE_PATH and XDG_DATA_HOME, or their defaults; statfs(2) of each, or of the nearest directory that is there.",
        user: "Point the variables to a local disk or to scratch.",
        admin: "Set them for everybody in /etc/profile.d.",
        refs: &["ch-image(1)", "apptainer(1)", "containers-storage.conf(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let home = site.host.env("HOME").unwrap_or_else(|| "/".into());
    PLACES
        .iter()
        .fold(Reading::new(), |reading, (variable, default)| {
            let place = site.host.env(variable).filter(|dir| !dir.is_empty());
            let place = place.unwrap_or_else(|| {
                default
                    .replace('~', &home)
                    .replace("$USER", &site.caller.name)
            });
            let place = nearest(site, &place);
            match reading.stats.iter().any(|(known, _)| *known == place) {
                true => reading,
                false => reading.stat(site, &place),
            }
        })
}

/// The path, or the nearest directory above it that is there.
fn nearest(site: &Site<'_>, path: &str) -> String {
    let mut path = path;
    while site.host.stat(path).is_err() {
        match path.rsplit_once('/') {
            Some((above, _)) if !above.is_empty() => path = above,
            _ => return "/".into(),
        }
    }
    path.to_owned()
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let stats = || {
        reading
            .stats
            .iter()
            .filter_map(|(path, stat)| Some((path, stat.as_ref().ok()?)))
    };
    if stats().next().is_none() {
        return Finding::unknown("none of the places can be looked at");
    }
    if let Some((path, stat)) = stats().find(|(_, stat)| stat.free_bytes < LEAST) {
        return Finding::warn(format!(
            "{path} has {} MiB free for images",
            stat.free_bytes >> 20
        ));
    }
    let network = stats().find(|(_, stat)| filesystem::kind(stat).is_some_and(|kind| kind.network));
    match network {
        Some((path, stat)) => Finding::warn(format!(
            "images and caches go to {path}, on {}: many small files there are slow for everybody",
            filesystem::name(stat)
        )),
        None => {
            let places: Vec<String> = stats()
                .map(|(path, stat)| format!("{path} ({})", filesystem::name(stat)))
                .collect();
            Finding::pass(format!("images and caches go to {}", places.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    #[test]
    fn the_place_and_its_file_system_are_judged() {
        let find = |fs_type: u64, free: u64| {
            let mut there = stat(0o040700);
            (there.fs_type, there.free_bytes) = (fs_type, free);
            let mut host = Scripted::new()
                .stat("/home/alice", there.clone())
                .stat("/var/tmp", there);
            host.env.insert("HOME".into(), "/home/alice".into());
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find(0xEF53, 1 << 40), "pass");
        assert_eq!(find(0x6969, 1 << 40), "warn");
        assert_eq!(find(0xEF53, 1 << 20), "warn");
    }
}
