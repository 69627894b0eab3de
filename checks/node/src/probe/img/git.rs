//! `img.git`: can ch-image keep its cache?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::package::Package;
use crate::runtime::{judge_installed, look_for};
use crate::{Finding, Manual, Reading, Site, version};

/// The first release that commits under a name of its own.
const OWN_IDENTITY: (u32, u32) = (0, 32);

/// The row.
pub static PROBE: Probe = Probe {
    id: "img.git",
    manual: Manual {
        title: "Git for Charliecloud's build cache",
        what: "Whether git is installed and knows a name and an address of the caller.",
        why: "ch-image keeps its build cache in a Git repository: an import or a build ends in \"unable to auto-detect email address\" without an identity, before Charliecloud 0.32.",
        how: "Looks for git in PATH, ch-run --version, GIT_AUTHOR_EMAIL and GIT_COMMITTER_EMAIL, and user.email in ~/.gitconfig, ~/.config/git/config and /etc/gitconfig. CH_IMAGE_CACHE=disabled needs none of it.",
        user: "Tell git who you are (git config --global user.email), or build without the cache: export CH_IMAGE_CACHE=disabled",
        admin: "",
        refs: &["ch-image(1)", "git-config(1)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let mut reading = look_for(site, &["git"]);
    if let Some(path) = site.host.which("ch-run") {
        reading = reading.version(site, &path);
    }
    for name in ["CH_IMAGE_CACHE", "GIT_COMMITTER_EMAIL", "EMAIL"] {
        if let Some(value) = site.host.env(name) {
            reading = reading.fact(name, value);
        }
    }
    let home = site.host.env("HOME").unwrap_or_default();
    for path in [
        format!("{home}/.gitconfig"),
        format!("{home}/.config/git/config"),
        "/etc/gitconfig".into(),
    ] {
        let email = site.host.read(&path).ok().and_then(|text| email(&text));
        if let Some(email) = email {
            reading = reading.fact(&path, email);
        }
    }
    reading
}

/// `email` of the section `user`.
fn email(text: &str) -> Option<String> {
    let mut in_user = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            in_user = line.eq_ignore_ascii_case("[user]");
        }
        let pair = line.split_once('=').filter(|_| in_user);
        if let Some((_, value)) = pair.filter(|(key, _)| key.trim().eq_ignore_ascii_case("email")) {
            return Some(value.trim().to_owned());
        }
    }
    None
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let facts = &reading.facts;
    let disabled = facts
        .iter()
        .any(|(name, value)| name == "CH_IMAGE_CACHE" && value == "disabled");
    if disabled {
        return Finding::pass("the build cache is disabled, so that ch-image needs no git");
    }
    let disable = user(
        Cost::User,
        "build without the cache",
        "export CH_IMAGE_CACHE=disabled",
    );
    let there = judge_installed(reading, "git", Package::named("git").install("git", site));
    if there.holds != Some(true) {
        return Finding {
            steps: std::iter::once(disable).chain(there.steps).collect(),
            ..there
        };
    }
    let release = reading.ran.first().and_then(version::printed);
    if release.is_some_and(|release| release >= OWN_IDENTITY) {
        return Finding::pass("git is there, and this ch-image commits under a name of its own");
    }
    match facts.iter().find(|(name, _)| name != "git" && name != "CH_IMAGE_CACHE") {
        Some((by, _)) => Finding::pass(format!("git knows an address of the caller, by {by}")),
        None => Finding::warn("git knows no address of the caller: ch-image cannot commit to its cache")
            .holding(false)
            .step(disable)
            .step(user(
                Cost::UserConfig,
                "tell git who you are",
                "git config --global user.name \"$USER\" && git config --global user.email \"$USER@$(hostname)\"",
            )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn an_identity_or_no_cache() {
        let mut host = Scripted::new().program("git", "/usr/bin/git");
        let find = |host: &Scripted| {
            let site = Site::new(host);
            judge(&read(&site), &site).holds
        };
        assert_eq!(find(&Scripted::new()), Some(false));
        assert_eq!(find(&host), Some(false));
        host.env.insert("HOME".into(), "/home/alice".into());
        let known = host.clone().file(
            "/home/alice/.gitconfig",
            "[core]\n\temail = no\n[user]\n\temail = a@b.org\n",
        );
        assert_eq!(find(&known), Some(true));
        host.env.insert("CH_IMAGE_CACHE".into(), "disabled".into());
        assert_eq!(find(&host), Some(true));
    }
}
