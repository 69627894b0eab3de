//! `reg.auth`: are credentials for registries kept safe?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "reg.auth",
    manual: Manual {
        title: "Credentials for registries",
        what: "Whether the files that hold credentials for registries can be read by others.",
        why: "A token in a home that everybody can read, or on a shared file system, is everybody's.",
        how: "The mode of REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR/containers/auth.json, ~/.config/containers/auth.json, ~/.docker/config.json; what is in them is not read.",
        user: "Close the file to others: chmod 0600 FILE",
        admin: "",
        refs: &["containers-auth.json(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let of =
        |variable: &str, below: &str| site.host.env(variable).map(|dir| format!("{dir}{below}"));
    let places = [
        of("REGISTRY_AUTH_FILE", ""),
        of("XDG_RUNTIME_DIR", "/containers/auth.json"),
        of("HOME", "/.config/containers/auth.json"),
        of("HOME", "/.docker/config.json"),
        of("HOME", "/.apptainer/docker-config.json"),
    ];
    let there = places
        .into_iter()
        .flatten()
        .filter(|path| site.host.stat(path).is_ok());
    there.fold(Reading::new(), |reading, path| reading.stat(site, &path))
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let open = reading
        .stats
        .iter()
        .find(|(_, stat)| stat.as_ref().is_ok_and(|stat| stat.mode & 0o077 != 0));
    match (reading.stats.len(), open) {
        (0, _) => Finding::skipped("no credentials for registries are kept here"),
        (_, Some((path, _))) => Finding::warn(format!("others can read {path}")).step(user(
            Cost::UserConfig,
            "close the file",
            &format!("chmod 0600 {path}"),
        )),
        (count, None) => Finding::pass(format!(
            "{count} files with credentials are closed to others"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    #[test]
    fn an_open_file_is_named() {
        let find = |mode| {
            let mut host = Scripted::new().stat("/home/alice/.docker/config.json", stat(mode));
            host.env.insert("HOME".into(), "/home/alice".into());
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find(0o100644), "warn");
        assert_eq!(find(0o100600), "pass");
    }
}
