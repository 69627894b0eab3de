//! containers.conf(5), merged in the order in which podman reads it.
//!
//! The order was seen with podman 4.3.1: the vendor's file, the admin's file and directory,
//! and for an ordinary user the file and directory in the home; root reads those of its own
//! home from podman 5 on. `CONTAINERS_CONF` replaces them all.

use toml::{Table, Value};

use crate::{Reading, Site, version};

/// The first release of podman that reads the home of root.
const ROOT_READS_HOME: (u32, u32) = (5, 0);

/// The file that the settings of this program go to.
pub const OWN_NAME: &str = "90-hpcctl.conf";

/// The most files of one directory that are read.
const FILES: usize = 64;

/// The settings that checks judge by; the last file that sets one wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// `default_ulimits` of `[containers]`: the list, and the file that set it.
    pub ulimits: Option<(Vec<String>, String)>,
    /// `netns` of `[containers]`, and the file that set it.
    pub netns: Option<(String, String)>,
    /// `runtime` of `[engine]`, and the file that set it.
    pub runtime: Option<(String, String)>,
    /// `conmon_path` of `[engine]`: where to look for the monitor of containers.
    pub conmon: Option<Vec<String>>,
    /// `[engine.runtimes]`: where to look for a runtime of this name.
    pub runtimes: Vec<(String, Vec<String>)>,
    /// A file that cannot be parsed: podman then refuses to start.
    pub broken: Option<String>,
}

/// Reads every file that podman would read.
pub fn read(site: &Site<'_>) -> Reading {
    let reading = files(site)
        .iter()
        .fold(Reading::new(), |reading, path| reading.file(site, path));
    let mut reading = reading;
    // Which of them are absent says nothing.
    reading.files.retain(|(_, read)| read.is_ok());
    reading
}

/// Merges what was read.
pub fn merge(reading: &Reading) -> Settings {
    let mut merged = Settings::default();
    for (path, read) in &reading.files {
        let Some(text) = read.as_ref().ok().filter(|_| is_one(path)) else {
            continue;
        };
        match text.parse::<Table>() {
            Ok(table) => merged.add(&table, path),
            Err(_) => {
                merged.broken.get_or_insert_with(|| path.clone());
            }
        }
    }
    merged
}

/// Where the caller writes a setting of its own so that podman reads it last.
pub fn own_file(site: &Site<'_>) -> String {
    if let Some(path) = only(site) {
        return path;
    }
    let dir = if site.is_root() {
        "/etc/containers".into()
    } else {
        home(site).unwrap_or_else(|| "~/.config/containers".into())
    };
    format!("{dir}/containers.conf.d/{OWN_NAME}")
}

/// The file that replaces all others.
pub fn only(site: &Site<'_>) -> Option<String> {
    site.host
        .env("CONTAINERS_CONF")
        .filter(|path| !path.is_empty())
}

/// Whether a file that a check read is one of these.
fn is_one(path: &str) -> bool {
    !path.starts_with("/proc/") && !path.starts_with("/sys/")
}

fn files(site: &Site<'_>) -> Vec<String> {
    if let Some(path) = only(site) {
        return vec![path];
    }
    let mut files = vec!["/usr/share/containers/containers.conf".to_owned()];
    files.extend(in_dir(site, "/etc/containers"));
    if let Some(dir) = home(site) {
        let own = in_dir(site, &dir);
        if !site.is_root() || (is_there(site, &own) && root_reads_home(site)) {
            files.extend(own);
        }
    }
    files
}

fn is_there(site: &Site<'_>, files: &[String]) -> bool {
    files.iter().any(|path| site.host.stat(path).is_ok())
}

/// Whether this podman reads the home of root.
fn root_reads_home(site: &Site<'_>) -> bool {
    let podman = site.host.which("podman");
    let release = podman.and_then(|path| version::printed(&site.version(&path)));
    release >= Some(ROOT_READS_HOME)
}

/// The file in a directory, then those of its `containers.conf.d` in the order of their names.
fn in_dir(site: &Site<'_>, dir: &str) -> Vec<String> {
    let parts = format!("{dir}/containers.conf.d");
    let names = site.host.list(&parts).unwrap_or_default();
    let is_left_out = |name: &str| site.afresh && name == OWN_NAME;
    let names = names
        .iter()
        .filter(|name| name.ends_with(".conf") && !is_left_out(name));
    std::iter::once(format!("{dir}/containers.conf"))
        .chain(names.take(FILES).map(|name| format!("{parts}/{name}")))
        .collect()
}

fn home(site: &Site<'_>) -> Option<String> {
    let set = |name| site.host.env(name).filter(|value| !value.is_empty());
    let config = set("XDG_CONFIG_HOME").or_else(|| Some(format!("{}/.config", set("HOME")?)))?;
    Some(format!("{config}/containers"))
}

impl Settings {
    fn add(&mut self, table: &Table, path: &str) {
        let part = |section: &str, key: &str| table.get(section)?.as_table()?.get(key);
        if let Some(list) = part("containers", "default_ulimits").and_then(strings) {
            self.ulimits = Some((list, path.to_owned()));
        }
        let netns = part("containers", "netns").and_then(Value::as_str);
        if let Some(netns) = netns.filter(|netns| !netns.is_empty()) {
            self.netns = Some((netns.to_owned(), path.to_owned()));
        }
        let runtime = part("engine", "runtime").and_then(Value::as_str);
        if let Some(name) = runtime.filter(|name| !name.is_empty()) {
            self.runtime = Some((name.to_owned(), path.to_owned()));
        }
        if let Some(paths) = part("engine", "conmon_path").and_then(strings) {
            self.conmon = Some(paths);
        }
        let runtimes = part("engine", "runtimes").and_then(Value::as_table);
        for (name, paths) in runtimes.into_iter().flatten() {
            if let Some(paths) = strings(paths) {
                self.runtimes.retain(|(known, _)| known != name);
                self.runtimes.push((name.clone(), paths));
            }
        }
    }
}

fn strings(value: &Value) -> Option<Vec<String>> {
    let list = value.as_array()?.iter();
    Some(
        list.filter_map(Value::as_str)
            .map(ToOwned::to_owned)
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    const VENDOR: &str = "/usr/share/containers/containers.conf";
    const ADMIN: &str = "/etc/containers/containers.conf";

    #[test]
    fn the_last_file_that_sets_a_value_wins() {
        let mut host = Scripted::new()
            .file(
                VENDOR,
                "[engine]\nruntime = \"crun\"\n[engine.runtimes]\ncrun = [\"/opt/crun\"]\n",
            )
            .file(ADMIN, "[containers]\ndefault_ulimits = [\"nofile=1:2\"]\n")
            .file(
                "/home/alice/.config/containers/containers.conf",
                "[engine]\nruntime = \"runc\"\n[containers]\ndefault_ulimits = []\n",
            );
        host.env.insert("HOME".into(), "/home/alice".into());
        let found = merge(&read(&Site::new(&host)));
        assert_eq!(found.runtime.unwrap().0, "runc");
        assert_eq!(found.ulimits.unwrap().0, Vec::<String>::new());
        assert_eq!(found.runtimes[0].1, ["/opt/crun"]);
    }

    #[test]
    fn root_does_not_read_its_home() {
        let own = "/root/.config/containers/containers.conf";
        let mut host = Scripted::new()
            .by_root()
            .file(own, "[engine]\nruntime = \"runc\"\n");
        host.env.insert("HOME".into(), "/root".into());
        assert_eq!(merge(&read(&Site::new(&host))), Settings::default());
        host.env.insert("CONTAINERS_CONF".into(), own.into());
        assert_eq!(
            merge(&read(&Site::new(&host))).runtime.unwrap(),
            ("runc".into(), own.into())
        );
    }

    #[test]
    fn what_was_emitted_before_is_left_out_where_it_is_emitted_anew() {
        let mut host = Scripted::new().file(
            "/home/alice/.config/containers/containers.conf.d/90-hpcctl.conf",
            "[engine]\nruntime = \"runc\"\n",
        );
        host.env.insert("HOME".into(), "/home/alice".into());
        let mut site = Site::new(&host);
        assert!(merge(&read(&site)).runtime.is_some());
        site.afresh = true;
        assert!(merge(&read(&site)).runtime.is_none());
    }

    #[test]
    fn a_file_that_cannot_be_parsed_is_named() {
        let host = Scripted::new().file(ADMIN, "[containers\n");
        assert_eq!(
            merge(&read(&Site::new(&host))).broken.as_deref(),
            Some(ADMIN)
        );
    }
}
