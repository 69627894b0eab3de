//! `reg.conf`: is registries.conf valid?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, registry};

/// The row.
pub static PROBE: Probe = Probe {
    id: "reg.conf",
    manual: Manual {
        title: "Configuration of registries",
        what: "Whether registries.conf and the files of registries.conf.d can be parsed, and are of version 2.",
        why: "Podman, Buildah and Skopeo refuse to pull anything when one of the files is malformed.",
        how: "Parses /etc/containers/registries.conf, ~/.config/containers/registries.conf and the .conf files of registries.conf.d.",
        user: "",
        admin: "Mend the file that is named.",
        refs: &["containers-registries.conf(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    registry::read(site)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    if reading.files.is_empty() {
        return Finding::skipped("there is no registries.conf");
    }
    for (path, text) in reading
        .files
        .iter()
        .filter_map(|(path, read)| Some((path, read.as_ref().ok()?)))
    {
        match text.parse::<toml::Table>() {
            Err(error) => {
                let line = error.message().lines().next().unwrap_or("").to_owned();
                return Finding::fail(format!("{path} cannot be parsed: {line}"));
            }
            Ok(table) if table.contains_key("registries") => {
                return Finding::warn(format!("{path} is of version 1, which newer tools refuse"));
            }
            Ok(_) => {}
        }
    }
    Finding::pass(format!("{} files are valid", reading.files.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn versions_and_faults_are_told_apart() {
        let find = |text: &str| {
            let host = Scripted::new().file("/etc/containers/registries.conf", text);
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(
            find("unqualified-search-registries = [\"docker.io\"]\n"),
            "pass"
        );
        assert_eq!(find("[registries.search]\nregistries = []\n"), "warn");
        assert_eq!(find("unqualified = [\n"), "fail");
    }
}
