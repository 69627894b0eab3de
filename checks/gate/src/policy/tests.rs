use super::*;

fn policies(site: Option<&str>, project: Option<&str>) -> Result<Policies, String> {
    let site = site.map(|text| ("site.toml", text));
    let project = project.map(|text| ("project.toml", text));
    Policies::read(site, project).map_err(|error| error.to_string())
}

fn one(text: &str) -> Policy {
    let text = format!("version = 1\n{text}");
    policies(None, Some(&text)).unwrap().tried()[0].clone()
}

fn error(text: &str) -> String {
    policies(None, Some(text)).unwrap_err()
}

fn weigh(policy: &Policy, class: &str, license: &str) -> (Level, String) {
    let read = policy.weigh(class, Some(license)).unwrap();
    (read.level.value, read.chosen.unwrap_or_default())
}

#[test]
fn the_built_in_policy_is_whole() {
    let policies = policies(None, None).unwrap();
    let policy = &policies.tried()[0];
    for rule in crate::RULES.iter().filter(|rule| !rule.fixed) {
        assert!(policy.level(PUBLIC, rule.id).is_some(), "{}", rule.id);
    }
    assert!(policy.weigh(PUBLIC, None).is_some());
    assert_eq!(policies.used()[0].sha256.len(), 64);
    // What `policy init` prints stands on its own as well.
    assert!(Policies::read(Some(("site.toml", BUILT_IN)), None).is_ok());
}

#[test]
fn expressions_weigh_as_spdx_means_them() {
    let policy = one("[licenses]\ndeny = [\"GPL-3.0-only\"]\nreview = [\"class:copyleft\"]\n");
    let cases = [
        ("MIT", Level::Allow, "MIT"),
        ("MIT OR GPL-3.0-only", Level::Allow, "MIT"),
        ("LGPL-2.1-only OR MIT", Level::Allow, "MIT"),
        (
            "GPL-3.0-only OR GPL-2.0-only",
            Level::Review,
            "GPL-2.0-only",
        ),
        ("MIT AND GPL-3.0-only", Level::Deny, "MIT AND GPL-3.0-only"),
        (
            "MIT AND (GPL-3.0-only OR Zlib)",
            Level::Allow,
            "MIT AND Zlib",
        ),
        ("GPL-2.0-or-later", Level::Review, "GPL-2.0-or-later"),
        ("LicenseRef-of-nobody", Level::Deny, "LicenseRef-of-nobody"),
        ("no expression at all", Level::Deny, ""),
    ];
    for (license, level, chosen) in cases {
        let (is, branch) = weigh(&policy, PUBLIC, license);
        assert_eq!((is, branch.as_str()), (level, chosen), "{license}");
    }
}

#[test]
fn what_is_more_particular_goes_first() {
    let policy = one("
[licenses]
allow = [\"LicenseRef-ours\"]
deny = [\"LicenseRef-theirs\"]
[licenses.classes]
partners = [\"LicenseRef-partner\"]
[destinations.lab]
match = [\"registry.lab/**\"]
[destinations.lab.licenses]
review = [\"LicenseRef-theirs\"]
allow = [\"class:partners\"]
");
    assert_eq!(weigh(&policy, PUBLIC, "LicenseRef-ours").0, Level::Allow);
    assert_eq!(weigh(&policy, PUBLIC, "LicenseRef-theirs").0, Level::Deny);
    assert_eq!(weigh(&policy, "lab", "LicenseRef-theirs").0, Level::Review);
    assert_eq!(weigh(&policy, "lab", "LicenseRef-partner").0, Level::Allow);
    assert_eq!(weigh(&policy, PUBLIC, "LicenseRef-partner").0, Level::Deny);
    assert_eq!(policy.class(Some("registry.lab/a/b")), "lab");
    assert_eq!(policy.class(Some("docker.io/a/b")), PUBLIC);
    assert_eq!(policy.class(None), PUBLIC);
}

#[test]
fn what_is_wrong_is_shown_where_it_stands() {
    let cases = [
        ("", "project.toml:1:1: a policy begins with version = 1"),
        (
            "version = 2",
            "project.toml:1:11: this hpcctl reads version 1",
        ),
        (
            "version = 1\n[rules]\n\"no.rule\" = \"deny\"",
            "project.toml:3:1: there is no rule no.rule;",
        ),
        (
            "version = 1\n[rules]\n\"image.size\" = \"block\"",
            "project.toml:3:16: unknown variant `block`",
        ),
        (
            "version = 1\nlicences = 1",
            "project.toml:2:1: unknown field `licences`",
        ),
        (
            "version = 1\n[licenses]\nallow = [\"MIT\"]\ndeny = [\"MIT\"]",
            "project.toml:4:9: MIT is listed already, as allow at project.toml:3",
        ),
        (
            "version = 1\n[licenses]\nallow = [\"Mitt\"]",
            "project.toml:3:10: Mitt is no SPDX licence;",
        ),
        (
            "version = 1\n[licenses]\nallow = [\"MIT OR ISC\"]",
            "project.toml:3:10: one licence is asked for here",
        ),
        (
            "version = 1\n[licenses]\nallow = [\"class:nice\"]",
            "project.toml:3:10: there is no class nice;",
        ),
        (
            "version = 1\n[image]\nmax-size = \"8 GB\"",
            "project.toml:3:12: \"8 GB\" is no size",
        ),
        (
            "version = 1\n[rules]\n\"scan.complete\" = \"warn\"",
            "project.toml:3:1: scan.complete always denies",
        ),
        (
            "version = 1\n[destinations.x]\nmatch = [\"a{\"]",
            "project.toml:3:10: \"a{\" is no glob",
        ),
    ];
    for (text, expected) in cases {
        let is = error(text);
        assert!(is.starts_with(expected), "{text}\n{is}");
        assert!(is.contains('^'), "{is}");
    }
}

/// A waiver with some of its lines changed.
fn waiver(changed: &[(&str, &str)]) -> String {
    let mut text = "version = 1
[[waiver]]
id = \"W-1\"
rule = \"image.size\"
owner = \"a@example.org\"
approved-by = \"b@example.org\"
reason = \"it is needed\"
from = \"2026-01-01\"
expires = \"2026-03-01\"
"
    .to_owned();
    for (from, to) in changed {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    text
}

#[test]
fn a_waiver_is_bounded() {
    assert!(policies(None, Some(&waiver(&[]))).is_ok());
    let cases = [
        (
            ("expires = \"2026-03-01\"\n", ""),
            "missing field `expires`",
        ),
        (("a@example.org", " "), "a waiver has owner"),
        (("b@example.org", ""), "a waiver has approved-by"),
        (("it is needed", ""), "a waiver has reason"),
        (("2026-03-01", "2025-12-31"), "it lapses before it begins"),
        (
            ("2026-03-01", "2027-01-01"),
            "a waiver holds 180 days at most (built-in:",
        ),
        (("2026-03-01", "soon"), "\"soon\" is no date"),
        (
            ("image.size", "scan.complete"),
            "scan.complete always denies",
        ),
    ];
    for (change, expected) in cases {
        let is = error(&waiver(&[change]));
        assert!(is.contains(expected), "{change:?}\n{is}");
    }
    let twice = waiver(&[]) + waiver(&[]).trim_start_matches("version = 1\n");
    assert!(error(&twice).contains("the waiver W-1 is there already, at project.toml:2"));
}

#[test]
fn a_project_cannot_waive_what_the_site_says() {
    let site = "version = 1\n[rules]\n\"image.size\" = \"deny\"\n";
    let is = policies(Some(site), Some(&waiver(&[]))).unwrap_err();
    assert!(
        is.contains("a waiver belongs into the site's policy"),
        "{is}"
    );
    let loose = "version = 1\n[rules]\n\"image.size\" = \"warn\"\n";
    let both = policies(Some(site), Some(loose)).unwrap();
    assert_eq!(both.tried().len(), 2);
    assert_eq!(
        both.tried()[0].level(PUBLIC, "image.size").unwrap().value,
        Level::Deny
    );
    // A project inherits what it does not say.
    let silent = policies(Some(site), Some("version = 1\n")).unwrap();
    assert_eq!(
        silent.tried()[1].level(PUBLIC, "image.size").unwrap().value,
        Level::Deny
    );
}
