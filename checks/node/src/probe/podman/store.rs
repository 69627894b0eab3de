//! `podman.store`: do the options of storage.conf fit the store that is there?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::{Finding, Manual, Reading, Site, podman_store};

/// The row.
pub static PROBE: Probe = Probe {
    id: "podman.store",
    manual: Manual {
        title: "Podman's store and its driver",
        what: "Whether the driver that storage.conf names is the one that the user's store was made with.",
        why: "Podman's database keeps the driver of its first run. Another one in storage.conf is overruled, and its options then stop every command: \"vfs driver does not support overlay.ignore_chown_errors options\".",
        how: "The user's storage.conf, and which of overlay-images and vfs-images are in graphroot.",
        user: "Name the driver of the store in storage.conf, or let the store begin anew, without its images and containers: podman system reset",
        admin: "",
        refs: &["containers-storage.conf(5)", "podman-system-reset(1)"],
    },
    read: |site| match site.is_root() || site.host.which("podman").is_none() {
        true => Reading::new(),
        false => podman_store::read(site),
    },
    judge,
};

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let settings = podman_store::merge(reading);
    if let Some(path) = &settings.broken {
        return Finding::fail(format!(
            "{path} cannot be parsed, so that podman refuses to start"
        ));
    }
    let Some(store) = podman_store::store_driver(reading) else {
        return Finding::skipped("there is no store of one driver yet").holding(true);
    };
    match &settings.driver {
        None => Finding::pass(format!("the store was made with {store}, and stays with it")),
        Some((driver, _)) if driver == store => {
            Finding::pass(format!("storage.conf and the store have the driver {store}"))
        }
        Some((driver, path)) if settings.one_owner.as_ref() == Some(path) => Finding::fail(format!(
            "the store was made with {store}, and the options that {path} sets for {driver} stop podman"
        ))
        .step(user(
            Cost::UserConfig,
            "name the driver of the store",
            &format!(
                "sed -i 's/^\\( *driver *= *\\).*/\\1\"{store}\"/; s/storage.options.{driver}/storage.options.{store}/' {path}"
            ),
        )),
        Some((driver, path)) => Finding::warn(format!(
            "{path} names the driver {driver}, but the store was made with {store} and stays with it"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    #[test]
    fn options_for_another_driver_stop_podman() {
        let find = |conf: &str| {
            let mut host = Scripted::new()
                .file("/h/.config/containers/storage.conf", conf)
                .stat(
                    "/h/.local/share/containers/storage/vfs-images",
                    stat(0o040_700),
                );
            host.env.insert("HOME".into(), "/h".into());
            let site = Site::new(&host);
            judge(&podman_store::read(&site), &site).status.as_str()
        };
        let option = "[storage.options.overlay]\nignore_chown_errors = \"true\"\n";
        assert_eq!(
            find(&format!("[storage]\ndriver = \"overlay\"\n{option}")),
            "fail"
        );
        assert_eq!(find("[storage]\ndriver = \"overlay\"\n"), "warn");
        assert_eq!(find("[storage]\ndriver = \"vfs\"\n"), "pass");
        assert_eq!(find(""), "pass");
        assert_eq!(find("[storage"), "fail");
    }
}
