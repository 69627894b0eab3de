//! The driver and the options of rootless podman's store.
//!
//! The order was seen with podman 4.3.1: of the admin's file a user takes the option for owners,
//! of one's own file everything; `CONTAINERS_STORAGE_CONF` replaces both. A store keeps the
//! driver that made it, whatever the files say later.

use toml::{Table, Value};

use crate::storage_conf::ADMIN;
use crate::{Reading, Site, storage_conf};

/// The drivers that rootless podman picks from.
const DRIVERS: [&str; 2] = ["overlay", "vfs"];

/// The fact that names the driver of the store.
pub const STORE_DRIVER: &str = "driver of the store";

/// What checks judge by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// `driver` of `[storage]`, and the file that set it.
    pub driver: Option<(String, String)>,
    /// The file that sets `ignore_chown_errors`.
    pub one_owner: Option<String>,
    /// A file that cannot be parsed.
    pub broken: Option<String>,
}

/// Reads the files, and which drivers have left images in the store.
pub fn read(site: &Site<'_>) -> Reading {
    let own = storage_conf::own_file(site);
    let replaced = storage_conf::named_file(site).is_some();
    let admin = (!replaced).then(|| ADMIN.to_owned());
    let mut reading = admin
        .iter()
        .chain(&own)
        .fold(Reading::new(), |reading, path| reading.file(site, path));
    reading.files.retain(|(_, read)| read.is_ok());
    let used: Vec<&str> = storage_conf::read(site).map_or(Vec::new(), |storage| {
        let root = storage.graphroot;
        let has = |driver: &&str| site.host.stat(&format!("{root}/{driver}-images")).is_ok();
        DRIVERS.into_iter().filter(has).collect()
    });
    match used[..] {
        [one] => reading.fact(STORE_DRIVER, one),
        _ => reading,
    }
}

/// The driver of the store, where it is known.
pub fn store_driver(reading: &Reading) -> Option<&str> {
    let fact = reading.facts.iter().find(|(name, _)| name == STORE_DRIVER);
    fact.map(|(_, driver)| driver.as_str())
}

/// Merges what was read.
pub fn merge(reading: &Reading) -> Settings {
    let mut merged = Settings::default();
    for (path, read) in &reading.files {
        let Ok(text) = read else { continue };
        match text.parse::<Table>() {
            Ok(table) => merged.add(&table, path),
            Err(_) => {
                merged.broken.get_or_insert_with(|| path.clone());
            }
        }
    }
    merged
}

impl Settings {
    fn add(&mut self, table: &Table, path: &str) {
        let Some(storage) = table.get("storage") else {
            return;
        };
        // The driver of the admin's file is that of root's store.
        if path != ADMIN
            && let Some(driver) = storage.get("driver").and_then(Value::as_str)
        {
            self.driver = Some((driver.to_owned(), path.to_owned()));
        }
        let options = storage.get("options");
        let of_driver = DRIVERS.iter().map(|driver| options?.get(driver));
        let set = |part: Option<&Value>| is_true(part?.get("ignore_chown_errors")?);
        let mut parts = std::iter::once(options).chain(of_driver);
        if parts.any(|part| set(part) == Some(true)) {
            self.one_owner = Some(path.to_owned());
        }
    }
}

fn is_true(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    const OWN: &str = "/home/alice/.config/containers/storage.conf";

    fn host() -> Scripted {
        let mut host = Scripted::new();
        host.env.insert("HOME".into(), "/home/alice".into());
        host
    }

    #[test]
    fn the_user_takes_the_option_of_the_admin_but_not_the_driver() {
        let text = "[storage]\ndriver = \"overlay\"\n[storage.options.overlay]\nignore_chown_errors = \"true\"\n";
        let admin = host().file(ADMIN, text);
        let found = merge(&read(&Site::new(&admin)));
        assert_eq!(
            (found.driver, found.one_owner.as_deref()),
            (None, Some(ADMIN))
        );
        let own = host().file(OWN, text);
        let found = merge(&read(&Site::new(&own)));
        assert_eq!(found.driver.unwrap().0, "overlay");
        assert_eq!(found.one_owner.as_deref(), Some(OWN));
        let not = host().file(OWN, "[storage.options]\nignore_chown_errors = \"false\"\n");
        assert_eq!(merge(&read(&Site::new(&not))).one_owner, None);
    }

    #[test]
    fn the_store_tells_its_driver() {
        let store = "/home/alice/.local/share/containers/storage";
        let host = host().stat(&format!("{store}/vfs-images"), stat(0o040_700));
        assert_eq!(store_driver(&read(&Site::new(&host))), Some("vfs"));
        let both = host.stat(&format!("{store}/overlay-images"), stat(0o040_700));
        assert_eq!(store_driver(&read(&Site::new(&both))), None);
    }

    #[test]
    fn a_file_that_cannot_be_parsed_is_named() {
        let host = host().file(OWN, "[storage\n");
        let found = merge(&read(&Site::new(&host)));
        assert_eq!(found.broken.as_deref(), Some(OWN));
    }
}
