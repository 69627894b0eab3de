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
    let read = policy.weigh(class, Some(license), None).unwrap();
    (read.level.value, read.chosen.unwrap_or_default())
}

#[test]
fn the_built_in_policy_is_whole() {
    let policies = policies(None, None).unwrap();
    let policy = &policies.tried()[0];
    for rule in crate::RULES.iter().filter(|rule| !rule.fixed) {
        assert!(policy.level(PUBLIC, rule.id).is_some(), "{}", rule.id);
    }
    assert!(policy.weigh(PUBLIC, None, None).is_some());
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
        (("W-1", ""), "project.toml:3:6: id is empty"),
        (("a@example.org", " "), "project.toml:5:9: owner is empty"),
        (
            ("b@example.org", ""),
            "project.toml:6:15: approved-by is empty",
        ),
        (("it is needed", ""), "project.toml:7:10: reason is empty"),
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

fn notices(site: Option<&str>, project: Option<&str>) -> Vec<String> {
    let policies = policies(site, project).unwrap();
    let remarks = policies.notices("2026-02-20".parse().unwrap());
    let first = |remark: &Remark| remark.to_string().lines().next().unwrap().to_owned();
    remarks.iter().map(first).collect()
}

/// A policy with something wrong in each of its tables.
const WRONG: &str = "version = 1
licences = 1
[rules]
\"no.rule\" = \"deny\"
\"image.size\" = \"block\"
[image]
max-size = \"8 GB\"
[[base.approved]]
name = \"debian\"
diff-ids = [\"sha256:zz\", \"\"]
[[privileged.allow]]
path = \"/usr/bin/su\"
sha256 = \"zz\"
[[privileged.allow]]
path = \"a{\"
[[waiver]]
id = \"W-1\"
rule = \"no.rule\"
scope = { sha256 = \"zz\", path = \"b{\" }
owner = \"\"
approved-by = \"b\"
reason = \"c\"
from = \"2026-01-01\"
expires = \"soon\"
[[waiver]]
id = \"W-2\"
[[clarify]]
expression = 5
";

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let is = error(WRONG);
    let expected = [
        "2:1: unknown field `licences`",
        "4:1: there is no rule no.rule",
        "5:16: unknown variant `block`",
        "7:12: \"8 GB\" is no size",
        "10:13: \"sha256:zz\" is no SHA-256 digest",
        "10:26: \"\" is no SHA-256 digest",
        "13:10: \"zz\" is no SHA-256 digest",
        "15:8: \"/a{\" is no glob",
        "18:8: there is no rule no.rule",
        "19:20: \"zz\" is no SHA-256 digest",
        "19:33: \"/b{\" is no glob",
        "20:9: owner is empty",
        "24:11: \"soon\" is no date",
        "25:1: missing field `rule`",
        "25:1: missing field `owner`",
        "25:1: missing field `approved-by`",
        "25:1: missing field `reason`",
        "25:1: missing field `from`",
        "25:1: missing field `expires`",
        "27:1: missing field `package`",
        "27:1: missing field `reason`",
        "27:1: missing field `evidence`",
        "28:14: invalid type: integer `5`",
    ];
    let places = is
        .lines()
        .filter_map(|line| line.strip_prefix("project.toml:"));
    let places: Vec<&str> = places.collect();
    assert_eq!(places.len(), expected.len(), "{is}");
    for (place, expected) in places.iter().zip(expected) {
        assert!(place.starts_with(expected), "{place}\n{expected}");
    }
    assert!(is.matches('^').count() >= expected.len(), "{is}");
}

#[test]
fn mistakes_of_spelling_are_told_together_and_nothing_else() {
    let is = error("version = 1\na = \nb = 'x\n[rules]\n\"no.rule\" = \"deny\"\n");
    assert!(is.contains("project.toml:2:"), "{is}");
    assert!(is.contains("project.toml:3:"), "{is}");
    assert!(!is.contains("there is no rule"), "{is}");
    let many = format!("version = 1\n{}", "[[waiver]]\n".repeat(70));
    let is = error(&many);
    assert!(is.ends_with("no more than 50 places are told"), "{is}");
    // However many there are, the end comes soon.
    let begun = std::time::Instant::now();
    for line in [
        "x\n",
        "x = 1\n[y]\n",
        "[[waiver]]\nid = 1\n",
        "[[clarify]]\npackage = \"\"\n",
    ] {
        let is = error(&format!("version = 1\n{}", line.repeat(20_000)));
        assert!(is.lines().count() < 4 * 50 + 2, "{line:?}");
    }
    let many = (0..20_000).map(|n| format!("\"LicenseRef-{n}\",\n"));
    let many = format!(
        "version = 1\n[licenses]\nallow = [\n{}]\n",
        many.collect::<String>()
    );
    assert!(policies(None, Some(&many)).is_ok());
    assert!(begun.elapsed().as_secs() < 60);
    for hostile in [
        "[[",
        "\0",
        "version = 1\n[rules.x]\n",
        "a.b.c.d = [[[{x=1}]]]",
        "\u{feff}",
    ] {
        assert!(policies(None, Some(hostile)).is_err(), "{hostile:?}");
    }
}

#[test]
fn leave_that_is_of_no_use_is_told() {
    let day = |from: &str, to: &str| waiver(&[("2026-01-01", from), ("2026-03-01", to)]);
    let scoped = |text: String| text.replace("owner", "scope = { path = \"/a\" }\nowner");
    assert_eq!(
        notices(None, Some(&scoped(waiver(&[])))),
        ["project.toml:2:1: the waiver W-1 lapses in 9 days"]
    );
    assert_eq!(
        notices(None, Some(&scoped(day("2026-01-01", "2026-04-01")))),
        [""; 0]
    );
    assert_eq!(
        notices(None, Some(&day("2026-01-01", "2026-02-01"))),
        [
            "project.toml:2:1: the waiver W-1 lapsed on 2026-02-01: it covers nothing any more",
            "project.toml:2:1: the waiver W-1 names no package, path, licence, digest or finding: it covers the whole rule",
        ]
    );
    let allowed = scoped(day("2026-01-01", "2026-04-01")) + "[rules]\n\"image.size\" = \"allow\"\n";
    assert_eq!(
        notices(None, Some(&allowed)),
        ["project.toml:2:1: the waiver W-1 is about image.size, which is allowed everywhere"]
    );
    let decision = |to: &str| {
        format!(
            "[[vendor.decision]]\nterms = \"intel.mkl\"\nlevel = \"allow\"\nowner = \"a\"\n\
             reference = \"b\"\ndecided = \"2026-01-01\"\nexpires = \"{to}\"\n"
        )
    };
    let text = format!(
        "version = 1\n{}{}",
        decision("2026-02-01"),
        decision("2026-01-09")
    );
    assert_eq!(
        notices(None, Some(&text)),
        [
            "project.toml:2:1: the decision on intel.mkl lapsed on 2026-02-01: it holds no more",
            "project.toml:9:1: the decision on intel.mkl lapsed on 2026-01-09: it holds no more",
            "project.toml:9:1: intel.mkl is decided already at project.toml:2, for all of this time: that one counts",
        ]
    );
    let backwards = format!("version = 1\n{}", decision("2025-01-01"));
    assert!(error(&backwards).contains("project.toml:8:11: it lapses before it begins"));
    let nameless = "version = 1\n[destinations.friends.rules]\n\"image.size\" = \"deny\"\n";
    assert_eq!(
        notices(None, Some(nameless)),
        ["project.toml:2:15: no destination is of the class friends: it has no match"]
    );
    // What is printed for a site to begin with says nothing that is of no use.
    assert_eq!(notices(Some(BUILT_IN), None), [""; 0]);
    assert_eq!(notices(None, Some(BUILT_IN)), [""; 0]);
}

#[test]
fn what_matches_nothing_is_told() {
    let scoped = |scope: &str| {
        let text = waiver(&[("2026-03-01", "2026-06-01")]);
        text.replace("owner", &format!("scope = {{ {scope} }}\nowner"))
    };
    let privileged = |path: &str| format!("version = 1\n[[privileged.allow]]\npath = \"{path}\"\n");
    let clarify = |package: &str| {
        let image = "ab".repeat(32);
        format!(
            "version = 1\n[[clarify]]\npackage = \"{package}\"\nexpression = \"MIT\"\n\
             reason = \"read\"\nevidence = [{{ image = \"{image}\" }}]\n"
        )
    };
    let based = |approved: &str| {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let approved = approved.replace("{}", &digest);
        format!("version = 1\n[rules]\n\"image.base\" = \"deny\"\n{approved}")
    };
    let matched = |glob: &str| format!("version = 1\n[destinations.lab]\nmatch = [\"{glob}\"]\n");
    let listed = |id: &str| format!("version = 1\n[licenses]\nreview = [\"{id}\"]\n");
    for (text, told) in [
        (scoped("path = \"/opt/x/\""), "/opt/x/ matches nothing: no path of a file ends"),
        (scoped("path = \"/opt//x\""), "/opt//x matches nothing: paths of an image hold no"),
        (scoped("path = \"opt/x/**\""), ""),
        (scoped("package = \"deb/debian/a\""), "deb/debian/a matches nothing: packages are"),
        (scoped("package = \"pkg:deb/debian/a@*\""), ""),
        (scoped("package = \"*/a@*\""), ""),
        (scoped("license = \"Mitt\""), "Mitt matches nothing: there is no such licence"),
        (scoped("license = \"GPL-7*\""), "GPL-7* matches nothing: there is no such licence"),
        (scoped("license = \"CC-BY-NC*\""), ""),
        (scoped("license = \"MIT AND *\""), ""),
        (scoped("license = \"LicenseRef-ours\""), ""),
        (privileged("/usr/bin/"), "/usr/bin/ matches nothing: no path of a file ends"),
        (privileged("/usr/bin/*"), ""),
        (clarify("foo"), "foo matches nothing: packages are named by their purl"),
        (clarify("pkg:pypi/foo@*"), ""),
        (matched("docker.io"), "docker.io matches nothing: a destination is HOST/NAME"),
        (matched("docker://docker.io/**"), "docker://docker.io/** matches nothing"),
        (matched("docker.io/a:v1"), "without a tag or a digest"),
        (matched("docker.io:5000/**"), ""),
        (matched("**"), "** is about every registry, also those of others"),
        (matched("**/lab/**"), "**/lab/** is about every registry"),
        (matched("*/lab/**"), "*/lab/** is about every registry"),
        (scoped("path = \"/**\""), "it covers the whole rule"),
        (scoped("package = \"**\""), "it covers the whole rule"),
        (scoped("package = \"pkg:*/**\""), "it covers the whole rule"),
        (scoped("package = \"pkg:deb/**\""), ""),
        (scoped("path = \"/**/*\""), "it covers the whole rule"),
        (scoped("path = \"/opt/**\""), ""),
        (scoped("license = \"*\""), "it covers the whole rule"),
        (scoped("license = \"?*\""), "it covers the whole rule"),
        (scoped("license = \"LicenseRef-*\""), ""),
        (scoped("path = \"/a\"").replace("b@example.org", "a@example.org"), "is approved by its owner"),
        (privileged("/**"), "it allows every file"),
        (clarify("**"), "it stands for the licence of every package"),
        (clarify("*"), "* matches nothing: a purl holds slashes"),
        (clarify("pkg:**"), "pkg:** matches nothing: a purl holds slashes"),
        (based(""), "so that image.base refuses every image"),
        (based("[[base.approved]]\nname = \"a\"\ndiff-ids = [\"{}\"]\n"), ""),
        (
            "version = 1\n[destinations.a]\nmatch = [\"h/**\"]\n[destinations.b]\nmatch = [\"h/**\"]\n".into(),
            "h/** is of the class a already",
        ),
        (listed("LicenseRef-intel-eula"), "it is LicenseRef-Intel-EULA there"),
        (listed("LicenseRef-ours"), ""),
        (listed("AGPL-3.0-only"), "AGPL-3.0-or-later is another licence, and weighs warn"),
        (listed("GPL-3.0-or-later"), ""),
        (
            "version = 1\n[licenses.classes]\nx = [\"LicenseRef-a\", \"LicenseRef-b\"]\n".into(),
            "no list names class:x",
        ),
    ] {
        let is = notices(None, Some(&text));
        let expected = usize::from(!told.is_empty());
        assert_eq!(is.len(), expected, "{text}\n{is:#?}");
        assert!(is.iter().all(|line| line.contains(told)), "{told}\n{is:#?}");
    }
}

#[test]
fn what_would_loosen_the_site_s_policy_is_told() {
    let site = "version = 1\n[rules]\n\"image.size\" = \"deny\"\n[licenses]\nreview = [\"MIT\"]\n\
                [image]\nmax-size = \"1 GiB\"\nrequired-labels = [\"a\", \"b\"]\n\
                [destinations.lab]\nmatch = [\"l/**\"]\n";
    let project = "version = 1
[rules]
\"image.size\" = \"warn\"
\"image.labels\" = \"deny\"
[licenses]
allow = [\"MIT\", \"ISC\", \"class:non-commercial\"]
deny = [\"Zlib\"]
unknown = \"warn\"
[vendor]
no = \"allow\"
[image]
max-size = \"2 GiB\"
max-layers = 3
required-labels = [\"a\"]
[results]
severity = \"critical\"
[destinations.lab.rules]
\"content.unowned\" = \"allow\"
[[privileged.allow]]
path = \"/usr/bin/su\"
";
    let told = notices(Some(site), Some(project));
    let lines: Vec<&str> = told
        .iter()
        .map(|line| line.split(':').nth(1).unwrap())
        .collect();
    assert_eq!(
        lines,
        ["3", "6", "6", "8", "10", "12", "14", "16", "18", "19"],
        "{told:#?}"
    );
    assert_eq!(
        told[0],
        "project.toml:3:16: of no use: the site's policy says deny (site.toml:3), and the stricter counts"
    );
    // Alone it may say so.
    assert_eq!(notices(None, Some(project)), [""; 0]);
}

#[test]
fn a_rule_without_quotes_is_told_to_have_them() {
    let error = Policies::read(
        Some(("p", "version = 1\n[rules]\nlicense.terms = \"deny\"\n")),
        None,
    );
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("put quotes around it")
    );
}
