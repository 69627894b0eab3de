//! `podman.one_owner`: are all files of images given to one owner?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::podman_store::{self, Settings};
use crate::{Finding, Manual, Reading, Site, overlay, storage_conf};

/// The row.
pub static PROBE: Probe = Probe {
    id: "podman.one_owner",
    manual: Manual {
        title: "One owner for all files of an image",
        what: "Whether ignore_chown_errors is set, so that rootless podman gives every file of an image to the user where other ids cannot be mapped.",
        why: "Without a range of subordinate ids podman cannot unpack an image whose files have several owners: \"potentially insufficient UIDs or GIDs\". With the option it can, and programs that drop to another user fail.",
        how: "storage.conf as podman merges it, and which driver the user's store was made with; a trial of an overlay where the store is new.",
        user: "Give all files of images to one owner, by a line under [storage.options] in ~/.config/containers/storage.conf, beside the driver of the store: ignore_chown_errors = \"true\"",
        admin: "",
        refs: &["containers-storage.conf(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    if site.is_root() || site.host.which("podman").is_none() {
        return Reading::new();
    }
    let reading = podman_store::read(site);
    if podman_store::store_driver(&reading).is_some() {
        return reading;
    }
    reading.trial(site, &overlay::on_disk(site))
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if site.is_root() {
        return Finding::skipped("root maps every id").holding(false);
    }
    if site.host.which("podman").is_none() {
        return Finding::skipped("podman is not installed").holding(false);
    }
    let settings = podman_store::merge(reading);
    if let Some(path) = &settings.broken {
        return Finding::unknown(format!("{path} cannot be parsed"));
    }
    match &settings.one_owner {
        Some(path) => Finding::pass(format!("{path} gives all files of images to the user")),
        None => {
            let finding = Finding::skipped("files of images keep their owners, as is the default");
            let finding = finding.holding(false);
            match command(reading, &settings, site) {
                Some(command) => finding.step(user(
                    Cost::UserConfig,
                    "give all files of images to one owner, as they are unpacked",
                    &command,
                )),
                None => finding,
            }
        }
    }
}

/// The command that sets the option: in a new file with the driver, or in the user's own.
fn command(reading: &Reading, settings: &Settings, site: &Site<'_>) -> Option<String> {
    const OPTION: &str = "ignore_chown_errors = \"true\"";
    let path = storage_conf::own_file(site)?;
    let directory = path
        .rsplit_once('/')
        .map_or(".", |(directory, _)| directory);
    let Some(text) = reading.text(&path) else {
        let driver = driver(reading);
        return Some(format!(
            "mkdir -p {directory} && printf '[storage]\\ndriver = \"{driver}\"\\n[storage.options]\\n{OPTION}\\n' > {path}"
        ));
    };
    // A driver must be named, else podman refuses the file.
    settings.driver.as_ref()?;
    let section = |line: &str| line.trim() == "[storage.options]";
    Some(if text.lines().any(section) {
        format!("sed -i '/^\\[storage.options\\]/a {OPTION}' {path}")
    } else {
        format!("printf '\\n[storage.options]\\n{OPTION}\\n' >> {path}")
    })
}

/// The driver of the store; of a new one the overlay where it can be mounted, else copies.
fn driver(reading: &Reading) -> &str {
    let tried = reading.tried.first();
    let mounts = tried.is_some_and(|tried| !tried.steps.is_empty() && tried.failed().is_none());
    let of_new = if mounts { "overlay" } else { "vfs" };
    podman_store::store_driver(reading).unwrap_or(of_new)
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Errno;

    use super::*;
    use crate::scripted::{Scripted, stat, tried};

    const OWN: &str = "/home/alice/.config/containers/storage.conf";
    const STORE: &str = "/home/alice/.local/share/containers/storage";

    fn host() -> Scripted {
        let mut host = Scripted::new().program("podman", "/usr/bin/podman");
        host.env.insert("HOME".into(), "/home/alice".into());
        host
    }

    fn find(host: &Scripted, overlay: Result<i64, Errno>) -> Finding {
        let site = Site::new(host);
        let mut reading = podman_store::read(&site);
        reading.tried = vec![tried(&[("mount(overlay, merged)", overlay)])];
        judge(&reading, &site)
    }

    fn command(found: &Finding) -> &str {
        found.steps[0].command.as_deref().unwrap()
    }

    #[test]
    fn the_driver_is_that_of_the_store_or_the_one_that_works() {
        let new = find(&host(), Ok(0));
        assert_eq!(new.holds, Some(false));
        assert!(command(&new).contains("driver = \"overlay\""));
        assert!(command(&find(&host(), Err(Errno::EPERM))).contains("driver = \"vfs\""));
        let used = host().stat(&format!("{STORE}/vfs-images"), stat(0o040_700));
        assert!(command(&find(&used, Ok(0))).contains("driver = \"vfs\""));
    }

    #[test]
    fn a_file_of_the_users_is_added_to() {
        let plain = host().file(OWN, "[storage]\ndriver = \"vfs\"\n");
        assert!(command(&find(&plain, Ok(0))).contains(">> "));
        let options = host().file(OWN, "[storage]\ndriver = \"vfs\"\n[storage.options]\n");
        assert!(command(&find(&options, Ok(0))).starts_with("sed -i"));
        let set = host().file(
            OWN,
            "[storage]\ndriver = \"vfs\"\n[storage.options]\nignore_chown_errors = \"true\"\n",
        );
        assert_eq!(find(&set, Ok(0)).holds, Some(true));
    }
}
