//! Which OCI runtime podman starts: by configuration, else the first that it finds.
//!
//! The order was seen with podman 4.3.1: the paths of `[engine.runtimes]`, then PATH.

use crate::Site;
use crate::containers_conf::Settings;

/// The runtimes that podman looks for when none is configured, in its order.
pub const DEFAULT: &[&str] = &["crun", "runc"];

/// By what name a check notes the one that podman starts.
pub const CHOSEN: &str = "podman's runtime";

/// Where podman looks before PATH, unless `[engine.runtimes]` says otherwise.
const DIRS: &[&str] = &[
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/sbin",
    "/bin",
    "/run/current-system/sw/bin",
];

/// A runtime by name, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The name, or the path that was configured; empty where none is installed.
    pub name: String,
    /// Where it was found.
    pub path: Option<String>,
    /// The file that names it.
    pub by: Option<String>,
}

/// The runtime that podman will start.
pub fn chosen(settings: &Settings, site: &Site<'_>) -> Chosen {
    if let Some((name, file)) = &settings.runtime {
        return Chosen {
            name: name.clone(),
            path: find(name, settings, site),
            by: Some(file.clone()),
        };
    }
    let found = DEFAULT.iter().find_map(|name| {
        let path = find(name, settings, site)?;
        Some(((*name).to_owned(), path))
    });
    let (name, path) = found.unzip();
    Chosen {
        name: name.unwrap_or_default(),
        path,
        by: None,
    }
}

/// Where podman finds a runtime of a name.
pub fn find(name: &str, settings: &Settings, site: &Site<'_>) -> Option<String> {
    let there = |path: &String| site.host.stat(path).is_ok();
    if name.starts_with('/') {
        return Some(name.to_owned()).filter(there);
    }
    let configured = settings.runtimes.iter().find(|(known, _)| known == name);
    let paths = match configured {
        Some((_, paths)) => paths.clone(),
        None => DIRS.iter().map(|dir| format!("{dir}/{name}")).collect(),
    };
    paths
        .into_iter()
        .find(there)
        .or_else(|| site.host.which(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    fn settings(runtime: Option<&str>) -> Settings {
        Settings {
            runtime: runtime.map(|name| (name.into(), "/etc/containers/containers.conf".into())),
            runtimes: vec![("mine".into(), vec!["/opt/mine".into()])],
            ..Settings::default()
        }
    }

    #[test]
    fn the_configured_one_wins_and_crun_comes_before_runc() {
        let host = Scripted::new()
            .stat("/usr/sbin/runc", stat(0o100755))
            .stat("/opt/mine", stat(0o100755))
            .program("crun", "/home/alice/bin/crun");
        let site = Site::new(&host);
        let path = |runtime| chosen(&settings(runtime), &site).path;
        assert_eq!(path(None).as_deref(), Some("/home/alice/bin/crun"));
        assert_eq!(path(Some("runc")).as_deref(), Some("/usr/sbin/runc"));
        assert_eq!(
            path(Some("/usr/sbin/runc")).as_deref(),
            Some("/usr/sbin/runc")
        );
        assert_eq!(path(Some("mine")).as_deref(), Some("/opt/mine"));
        assert_eq!(path(Some("youki")), None);
    }

    #[test]
    fn none_is_found_where_none_is_installed() {
        let found = chosen(&Settings::default(), &Site::new(&Scripted::new()));
        assert_eq!((found.name.as_str(), found.path), ("", None));
    }
}
