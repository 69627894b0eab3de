//! `docker.home`: do images of rootless Docker lie where RootlessKit leaves paths alone?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::{Finding, Manual, Reading, Site};

/// Directories that dockerd-rootless.sh has RootlessKit copy up.
const COPIED: &[&str] = &["/etc/", "/run/"];

/// The row.
pub static PROBE: Probe = Probe {
    id: "docker.home",
    manual: Manual {
        title: "Place of the images of rootless Docker",
        what: "Whether XDG_DATA_HOME, else HOME/.local/share, lies outside of /etc and /run.",
        why: "dockerd-rootless.sh has RootlessKit replace the entries of /etc and /run by symbolic links; runc refuses a root file system behind one: \"not an absolute path, or a symlink\". Homes of service accounts lie there.",
        how: "Looks at the two variables.",
        user: "export XDG_DATA_HOME=/var/tmp/$USER/share",
        admin: "Give the account a home outside of /etc and /run.",
        refs: &["https://github.com/rootless-containers/rootlesskit"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let set = |name| site.host.env(name).filter(|dir| !dir.is_empty());
    let home = || set("HOME").map(|home| format!("{home}/.local/share"));
    match set("XDG_DATA_HOME").or_else(home) {
        Some(dir) => Reading::new().fact("images below", dir),
        None => Reading::new(),
    }
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some((_, dir)) = reading.facts.first() else {
        return Finding::fail("neither HOME nor XDG_DATA_HOME is set");
    };
    match COPIED.iter().find(|copied| dir.starts_with(*copied)) {
        Some(copied) => Finding::warn(format!(
            "rootless Docker keeps images below {dir}; runc refuses paths in {copied} there"
        ))
        .holding(false)
        .step(user(
            Cost::User,
            "keep the images elsewhere",
            "export XDG_DATA_HOME=/var/tmp/$USER/share",
        )),
        None => Finding::pass(format!("rootless Docker keeps images below {dir}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn a_home_below_run_is_told() {
        let mut host = Scripted::new();
        let mut find = |home: &str| {
            host.env.insert("HOME".into(), home.into());
            let site = Site::new(&host);
            judge(&read(&site), &site).holds
        };
        assert_eq!(find("/run/service"), Some(false));
        assert_eq!(find("/home/run"), Some(true));
    }
}
