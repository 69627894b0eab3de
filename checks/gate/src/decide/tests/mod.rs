use std::collections::BTreeMap;

use hpcctl_model::Unknown;
use hpcctl_model::gate::WaiverState;
use hpcctl_model::scan::{
    ContentKind, File, Image, LeftOut, Licenses, Location, Package, Redistribution, Restricted,
    Scan, Sensitive, Totals, UnownedFile, Verdict,
};
use jiff::Timestamp;

use super::*;
use crate::evidence::{Evidence, Severity, VULNERABILITIES, Vulnerability};

mod choices;
mod content;
mod evidence;
mod leave;

fn package(name: &str, license: Option<&str>) -> Package {
    Package {
        name: name.into(),
        version: "1".into(),
        kind: "deb".into(),
        purl: format!("pkg:deb/debian/{name}@1"),
        licenses: Licenses {
            declared: None,
            detected: None,
            concluded: license.map(str::to_owned),
        },
        locations: vec![Location {
            path: "/var/lib/dpkg/status".into(),
            layer: None,
            created_by: None,
        }],
        license_files: Vec::new(),
        readmes: Vec::new(),
        found_by: "dpkg".into(),
        supplier: None,
        source: None,
        files: 1,
        owned_files: Vec::new(),
        owned_by: None,
        depends: Vec::new(),
        judged: true,
    }
}

fn scan(packages: Vec<Package>) -> Scan {
    Scan {
        image: Image {
            reference: "oci:layout".into(),
            digest: Some("sha256:aa".into()),
            format: "oci".into(),
            platform: None,
            other_platforms: Vec::new(),
            supplier: None,
            layers: Vec::new(),
            holds: Vec::new(),
            labels: BTreeMap::new(),
            created: None,
            user: None,
        },
        complete: true,
        left_out: LeftOut::default(),
        packages,
        files: Vec::new(),
        unowned: Vec::new(),
        sensitive: Vec::new(),
        privileged: Vec::new(),
        restricted: Vec::new(),
        removed: Vec::new(),
        conflicts: Vec::new(),
        texts: Default::default(),
        totals: Totals::default(),
        verdict: Verdict {
            outcome: hpcctl_model::scan::Outcome::Publishable,
            reasons: Vec::new(),
            obligations: Vec::new(),
            choices: Vec::new(),
        },
    }
}

struct Asked<'a> {
    site: Option<&'a str>,
    project: Option<&'a str>,
    unknowns: &'a [Unknown],
    destination: Option<&'a str>,
    results: &'a [Evidence],
    now: &'a str,
}

const ASKED: Asked<'_> = Asked {
    site: None,
    project: None,
    unknowns: &[],
    destination: None,
    results: &[],
    now: "2026-02-01T12:00:00Z",
};

fn gate(scan: &Scan, asked: &Asked<'_>) -> Gate {
    let site = asked.site.map(|text| ("site.toml", text));
    let project = asked.project.map(|text| ("project.toml", text));
    let policies = Policies::read(site, project).unwrap();
    let case = Case {
        scan,
        unknowns: asked.unknowns,
        destination: asked.destination,
        results: asked.results,
        now: asked.now.parse::<Timestamp>().unwrap(),
    };
    decide(case, &policies)
}

fn rule<'a>(gate: &'a Gate, id: &str) -> &'a RuleResult {
    gate.decision
        .rules
        .iter()
        .find(|rule| rule.id == id)
        .unwrap()
}

#[test]
fn every_rule_is_listed_and_a_good_image_passes() {
    let gate = gate(&scan(vec![package("a", Some("MIT"))]), &ASKED);
    assert_eq!(gate.decision.rules.len(), RULES.len());
    assert_eq!(gate.decision.outcome, Outcome::Allow);
    assert_eq!(gate.destination.class, "public");
    // Labels are only warned of.
    assert_eq!(rule(&gate, "image.labels").findings.len(), 2);
}

#[test]
fn nothing_unknown_is_allowed() {
    let no_license = gate(&scan(vec![package("a", None)]), &ASKED);
    assert_eq!(no_license.decision.outcome, Outcome::Deny);
    let finding = &rule(&no_license, "license.terms").findings[0];
    assert_eq!(finding.package.as_deref(), Some("pkg:deb/debian/a@1"));
    assert!(
        finding.policy.starts_with("built-in:"),
        "{}",
        finding.policy
    );

    let unknowns = [Unknown::new("layer", "cut short")];
    let asked = Asked {
        unknowns: &unknowns,
        ..ASKED
    };
    let good = scan(vec![package("a", Some("MIT"))]);
    assert_eq!(gate(&good, &asked).decision.outcome, Outcome::Incomplete);
    assert_eq!(
        gate(&scan(Vec::new()), &ASKED).decision.outcome,
        Outcome::Incomplete
    );
    let mut silent = good.clone();
    silent.complete = false;
    assert_eq!(gate(&silent, &ASKED).decision.outcome, Outcome::Incomplete);
    let mut partial = good;
    partial.left_out.paths.push("/opt".into());
    assert_eq!(gate(&partial, &ASKED).decision.outcome, Outcome::Incomplete);
}

#[test]
fn destinations_differ() {
    let site = "version = 1\n[destinations.lab]\nmatch = [\"registry.lab/**\"]\n";
    let asked = |destination| Asked {
        site: Some(site),
        destination: Some(destination),
        ..ASKED
    };
    let image = scan(vec![package("a", Some("CC-BY-NC-4.0"))]);
    let lab = gate(&image, &asked("registry.lab/x"));
    assert_eq!(
        (lab.destination.class.as_str(), lab.decision.outcome),
        ("lab", Outcome::Review)
    );
    let public = gate(&image, &asked("docker.io/x"));
    assert_eq!(public.decision.outcome, Outcome::Deny);
    let mut directory = image;
    directory.image.digest = None;
    let unbound = gate(&directory, &asked("registry.lab/x"));
    assert_eq!(rule(&unbound, "destination.class").outcome, Outcome::Deny);
}

#[test]
fn a_project_only_tightens() {
    let site = "version = 1\n[licenses]\nreview = [\"MIT\"]\n";
    let image = scan(vec![package("a", Some("MIT")), package("b", Some("ISC"))]);
    let outcome = |project| {
        let asked = Asked {
            site: Some(site),
            project: Some(project),
            ..ASKED
        };
        let gate = gate(&image, &asked);
        let found = rule(&gate, "license.terms").findings.iter();
        let levels: Vec<_> = found.map(|f| (f.level, f.policy.clone())).collect();
        (gate.decision.outcome, levels)
    };
    let loosened = outcome("version = 1\n[licenses]\nallow = [\"MIT\"]\n");
    assert_eq!(
        loosened,
        (Outcome::Review, vec![(Level::Review, "site.toml:3".into())])
    );
    let tightened = outcome("version = 1\n[licenses]\ndeny = [\"ISC\"]\n");
    let expected = vec![
        (Level::Deny, "project.toml:3".into()),
        (Level::Review, "site.toml:3".into()),
    ];
    assert_eq!(tightened, (Outcome::Deny, expected));
}

fn restricted(state: Redistribution, deleted: bool) -> Restricted {
    Restricted {
        path: "/opt/lib/libx.so.1".into(),
        layer: None,
        terms: "nvidia.driver".into(),
        state,
        matched_by: "soname".into(),
        detail: "libx.so.1".into(),
        text: "by X.".into(),
        source: "X, 2026".into(),
        deleted,
        package: None,
    }
}

#[test]
fn ids_are_stable_and_differ() {
    let image = scan(vec![package("a", None), package("b", None)]);
    let ids = || -> Vec<String> {
        let gate = gate(&image, &ASKED);
        rule(&gate, "license.terms")
            .findings
            .iter()
            .map(|f| f.id.clone())
            .collect()
    };
    assert_eq!(ids(), ids());
    assert_ne!(ids()[0], ids()[1]);
    assert_eq!(ids()[0].len(), 2 * ID_BYTES);
}

#[test]
fn what_is_said_as_a_whole_later_holds_in_the_classes_that_were_there() {
    let lab = "[destinations.lab]\nmatch = [\"registry.lab/**\"]\n";
    let strict = "[rules]\n\"license.terms\" = \"deny\"\n[licenses]\nunknown = \"deny\"\nunlisted = \"deny\"\ndeny = [\"class:non-commercial\"]\n";
    let own = "[destinations.lab.licenses]\nunknown = \"warn\"\n";
    let text = |parts: &[&str]| format!("version = 1\n{}", parts.concat());
    let outcome = |license, site: &str, project: Option<&str>| {
        let asked = Asked {
            site: Some(site),
            project,
            destination: Some("registry.lab/x"),
            ..ASKED
        };
        gate(&scan(vec![package("a", license)]), &asked)
            .decision
            .outcome
    };
    let (site, tight) = (text(&[lab]), text(&[strict, lab]));
    for license in [None, Some("LicenseRef-own"), Some("CC-BY-NC-4.0")] {
        assert_eq!(outcome(license, &site, None), Outcome::Review);
        assert_eq!(outcome(license, &tight, None), Outcome::Deny, "{license:?}");
        let project = text(&[strict]);
        assert_eq!(outcome(license, &site, Some(&project)), Outcome::Deny);
    }
    // What the same policy says of the class is more particular.
    assert_eq!(
        outcome(None, &text(&[strict, lab, own]), None),
        Outcome::Allow
    );
}

#[test]
fn the_glob_that_says_most_of_a_name_counts() {
    let site = "version = 1\n[destinations.lab]\nmatch = [\"reg.org/**\"]\n[destinations.public]\nmatch = [\"reg.org/pub/**\"]\n[destinations.any]\nmatch = [\"**/lab/**\"]\n";
    let project = "version = 1\n[destinations.secret]\nmatch = [\"reg.org/lab/secret/**\"]\n[destinations.secret.licenses]\ndeny = [\"MIT\"]\n";
    let image = scan(vec![package("a", Some("MIT"))]);
    let of = |destination, project| {
        let asked = Asked {
            site: Some(site),
            project,
            destination: Some(destination),
            ..ASKED
        };
        let gate = gate(&image, &asked);
        (gate.destination.class, gate.decision.outcome)
    };
    for (name, class) in [
        ("reg.org/a", "lab"),
        ("reg.org/pub/a", "public"),
        ("reg.org/lab/a", "lab"),
        ("other.org/lab/a", "any"),
        ("other.org/a", "public"),
    ] {
        assert_eq!(of(name, None), (class.to_owned(), Outcome::Allow), "{name}");
    }
    let secret = of("reg.org/lab/secret/a", Some(project));
    assert_eq!(secret, ("lab".to_owned(), Outcome::Deny));
}
