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
        found_by: "dpkg".into(),
        supplier: None,
        source: None,
        files: 1,
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
        totals: Totals::default(),
        verdict: Verdict {
            outcome: hpcctl_model::scan::Outcome::Publishable,
            reasons: Vec::new(),
            obligations: Vec::new(),
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
fn a_choice_names_its_branch() {
    let text = "version = 1\n[licenses]\nwarn = [\"MIT\"]\n";
    let asked = Asked {
        project: Some(text),
        ..ASKED
    };
    let gate = gate(
        &scan(vec![package("a", Some("CC-BY-NC-4.0 OR MIT"))]),
        &asked,
    );
    let finding = &rule(&gate, "license.terms").findings[0];
    assert_eq!(finding.license.as_deref(), Some("MIT"));
    assert_eq!(finding.policy, "project.toml:3");
    assert_eq!(gate.decision.outcome, Outcome::Allow);
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

const WAIVED: &str = "version = 1
[[waiver]]
id = \"W-1\"
rule = \"license.terms\"
scope = { package = \"pkg:deb/debian/a@*\" }
owner = \"a@example.org\"
approved-by = \"b@example.org\"
reason = \"agreed\"
from = \"2026-01-01\"
expires = \"2026-02-10\"
[[waiver]]
id = \"W-2\"
rule = \"image.size\"
owner = \"a@example.org\"
approved-by = \"b@example.org\"
reason = \"agreed\"
from = \"2026-01-01\"
expires = \"2026-02-10\"
";

#[test]
fn what_is_waived_stays_and_comes_back() {
    let image = scan(vec![package("a", None)]);
    let at = |now| {
        let asked = Asked {
            site: Some(WAIVED),
            now,
            ..ASKED
        };
        gate(&image, &asked)
    };
    let waived = at("2026-02-01T00:00:00Z");
    assert_eq!(waived.decision.outcome, Outcome::Allow);
    let licenses = rule(&waived, "license.terms");
    assert_eq!(licenses.findings[0].waived_by.as_deref(), Some("W-1"));
    assert_eq!(licenses.waived_by, ["W-1"]);
    assert_eq!(waived.waivers[0].state, WaiverState::Used);
    assert_eq!(waived.waivers[0].notes, ["It lapses in 9 days."]);
    assert_eq!(waived.waivers[1].state, WaiverState::Unused);
    assert_eq!(waived.waivers[1].notes.len(), 2, "unused, and too broad");

    for (now, state) in [
        ("2026-02-11T00:00:00Z", WaiverState::Lapsed),
        ("2025-12-31T23:59:59Z", WaiverState::Early),
    ] {
        let gate = at(now);
        assert_eq!(gate.decision.outcome, Outcome::Deny, "{now}");
        assert_eq!(gate.waivers[0].state, state);
    }
    assert_eq!(at("2026-02-10T23:59:59Z").decision.outcome, Outcome::Allow);
}

#[test]
fn a_clarification_holds_while_the_evidence_does() {
    let digest = "ab".repeat(32);
    let text = format!(
        "version = 1\n[[clarify]]\npackage = \"pkg:deb/debian/a@*\"\nexpression = \"MIT\"\nreason = \"read\"\n\
         evidence = [{{ path = \"usr/share/doc/a/copyright\", sha256 = \"{digest}\" }}]\n"
    );
    let mut image = scan(vec![package("a", None)]);
    let asked = Asked {
        site: Some(&text),
        ..ASKED
    };
    assert_eq!(gate(&image, &asked).decision.outcome, Outcome::Deny);
    image.files.push(File {
        path: "/usr/share/doc/a/copyright".into(),
        layer: None,
        licenses: None,
        judged: false,
        sha256: Some(digest),
        copyrights: Vec::new(),
    });
    let held = gate(&image, &asked);
    assert_eq!(held.decision.outcome, Outcome::Allow);
    assert_eq!(held.clarifications[0].packages, 1);
    image.files[0].sha256 = Some("00".into());
    let stale = gate(&image, &asked);
    assert_eq!(stale.decision.outcome, Outcome::Deny);
    assert_eq!(stale.clarifications[0].packages, 0);
    assert!(stale.clarifications[0].notes[0].contains("has the digest 00 now"));
}

#[test]
fn a_clarification_may_be_bound_to_the_image() {
    let mut image = scan(vec![package("a", None)]);
    image.image.digest = Some(format!("sha256:{}", "ab".repeat(32)));
    let text = |digest: &str| {
        format!(
            "version = 1\n[[clarify]]\npackage = \"pkg:deb/debian/a@*\"\nexpression = \"MIT\"\n\
             reason = \"read\"\nevidence = [{{ image = \"sha256:{digest}\" }}]\n"
        )
    };
    let outcome = |text: &str| {
        let asked = Asked {
            site: Some(text),
            ..ASKED
        };
        gate(&image, &asked).decision.outcome
    };
    assert_eq!(outcome(&text(&"ab".repeat(32))), Outcome::Allow);
    assert_eq!(outcome(&text(&"cd".repeat(32))), Outcome::Deny);
}

#[test]
fn what_was_agreed_with_a_vendor_is_told() {
    let mut image = scan(vec![package("a", Some("MIT"))]);
    image.restricted = vec![Restricted {
        terms: "nvidia.driver".into(),
        ..restricted(Redistribution::No, false)
    }];
    let text = "version = 1\n[[vendor.decision]]\nterms = \"nvidia.driver\"\nlevel = \"allow\"\n\
        owner = \"legal\"\nreference = \"agreement 7\"\ndecided = \"2026-01-01\"\nexpires = \"2026-12-31\"\n";
    let asked = Asked {
        site: Some(text),
        ..ASKED
    };
    let gate = gate(&image, &asked);
    assert_eq!(gate.decision.outcome, Outcome::Allow);
    assert_eq!(gate.vendor_decisions[0].files, 1);
    assert_eq!(gate.vendor_decisions[0].reference, "agreement 7");
    let unknown = text.replace("nvidia.driver", "no-such-terms");
    let error = Policies::read(Some(("site.toml", &unknown)), None).unwrap_err();
    assert!(
        error.to_string().contains("no terms no-such-terms"),
        "{error}"
    );
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
    }
}

#[test]
fn files_of_vendors_weigh_by_their_state() {
    let mut image = scan(vec![package("a", Some("MIT"))]);
    let states = [
        (Redistribution::Yes, Outcome::Allow, 0),
        (Redistribution::Conditional, Outcome::Allow, 1),
        (Redistribution::NeedsDecision, Outcome::Review, 1),
        (Redistribution::No, Outcome::Deny, 1),
    ];
    for (state, outcome, findings) in states {
        for (deleted, id) in [(false, "content.vendor"), (true, "layer.history")] {
            image.restricted = vec![restricted(state, deleted)];
            let gate = gate(&image, &ASKED);
            let rule = rule(&gate, id);
            assert_eq!(
                (rule.outcome, rule.findings.len()),
                (outcome, findings),
                "{state:?} {id}"
            );
        }
    }
    let decided = "version = 1\n[[vendor.decision]]\nterms = \"nvidia.driver\"\nlevel = \"allow\"\nowner = \"o\"\n\
        reference = \"r\"\ndecided = \"2026-01-01\"\nexpires = \"2026-03-01\"\n";
    image.restricted = vec![restricted(Redistribution::No, false)];
    let at = |now| {
        let asked = Asked {
            site: Some(decided),
            now,
            ..ASKED
        };
        gate(&image, &asked).decision.outcome
    };
    assert_eq!(at("2026-03-01T00:00:00Z"), Outcome::Allow);
    assert_eq!(at("2026-03-02T00:00:00Z"), Outcome::Deny);
}

#[test]
fn secrets_refuse_wherever_they_lie() {
    let mut image = scan(vec![package("a", Some("MIT"))]);
    let secret = |rule: &str, path: &str, doubtful, deleted| Sensitive {
        path: path.into(),
        layer: None,
        rule: rule.into(),
        line: None,
        text: "a private key.".into(),
        doubtful,
        deleted,
    };
    let (key, munge, token) = (
        "secret.general.private-key",
        "secret.hpc.munge-key",
        "secret.general.token",
    );
    let cases = [
        (key, "/k", false, false, "secret.general", Outcome::Deny),
        (munge, "/k", false, false, "secret.hpc", Outcome::Deny),
        (munge, "/k", false, true, "layer.history", Outcome::Deny),
        (
            token,
            "config:env/T",
            false,
            false,
            "layer.history",
            Outcome::Deny,
        ),
        (key, "/k", true, false, "secret.general", Outcome::Allow),
    ];
    for (name, path, doubtful, deleted, id, outcome) in cases {
        image.sensitive = vec![secret(name, path, doubtful, deleted)];
        let gate = gate(&image, &ASKED);
        let told: Vec<&str> = gate
            .decision
            .rules
            .iter()
            .filter(|r| r.id.contains("secret") || r.id == "layer.history")
            .filter(|r| !r.findings.is_empty())
            .map(|r| r.id.as_str())
            .collect();
        assert_eq!(told, [id], "{name} {path}");
        assert_eq!(rule(&gate, id).outcome, outcome, "{name} {path}");
    }
}

#[test]
fn a_program_of_nobody_is_told_unless_its_licence_lies_beside_it() {
    let mut image = scan(vec![package("a", Some("MIT"))]);
    image.unowned.push(UnownedFile {
        path: "/opt/tool/bin/tool".into(),
        layer: None,
        size: 1,
        kind: ContentKind::Program,
    });
    let outcome = |image: &Scan| rule(&gate(image, &ASKED), "content.unowned").outcome;
    assert_eq!(outcome(&image), Outcome::Review);
    let license = |path: &str| File {
        path: path.into(),
        layer: None,
        licenses: Some("MIT".into()),
        judged: true,
        sha256: None,
        copyrights: Vec::new(),
    };
    image.files = vec![license("/opt/LICENSE")];
    assert_eq!(
        outcome(&image),
        Outcome::Review,
        "a licence of all of /opt says nothing"
    );
    image.files = vec![license("/opt/tool/LICENSE")];
    assert_eq!(outcome(&image), Outcome::Allow);
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

/// What a scanner says of the image of [`scan`].
fn scanned(severity: Option<Severity>) -> Evidence {
    Evidence {
        kind: VULNERABILITIES.into(),
        file: "vex.json".into(),
        digests: vec!["sha256:aa".into()],
        made: Some("2026-01-31T00:00:00Z".parse().unwrap()),
        against: Vec::new(),
        vulnerabilities: vec![Vulnerability {
            id: "CVE-2026-1".into(),
            severity,
            place: "pkg:deb/debian/a@1".into(),
        }],
        harmless: Vec::new(),
    }
}

#[test]
fn vulnerabilities_count_from_a_severity_on_and_for_this_image_alone() {
    let image = scan(vec![package("a", Some("MIT"))]);
    let found = |result: Evidence| {
        let results = [result];
        let asked = Asked {
            results: &results,
            ..ASKED
        };
        rule(&gate(&image, &asked), "evidence.vulnerabilities")
            .findings
            .iter()
            .map(|finding| finding.text.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(scanned(Some(Severity::Medium))).len(), 0);
    assert_eq!(
        found(scanned(Some(Severity::High))),
        ["CVE-2026-1 is high (vex.json)."]
    );
    assert_eq!(
        found(scanned(None)),
        ["CVE-2026-1 was not rated (vex.json)."]
    );
    let elsewhere = Evidence {
        digests: Vec::new(),
        ..scanned(Some(Severity::Low))
    };
    assert_eq!(
        found(elsewhere),
        ["vex.json does not say that it is about this image."]
    );
}

#[test]
fn an_analysis_excuses_what_another_scanner_found() {
    let image = scan(vec![package("a", Some("MIT"))]);
    let vex = |place: &str, digest: &str| Evidence {
        digests: vec![digest.into()],
        vulnerabilities: Vec::new(),
        harmless: vec![Vulnerability {
            place: place.into(),
            ..scanned(None).vulnerabilities[0].clone()
        }],
        ..scanned(None)
    };
    let count = |vex: Evidence| {
        let results = [scanned(Some(Severity::High)), vex];
        let asked = Asked {
            results: &results,
            ..ASKED
        };
        let gate = gate(&image, &asked);
        let found = &rule(&gate, "evidence.vulnerabilities").findings;
        found
            .iter()
            .filter(|one| one.text.starts_with("CVE"))
            .count()
    };
    assert_eq!(
        count(vex(
            "urn:cdx:1/1#pkg:deb/debian/a@1?arch=amd64",
            "sha256:aa"
        )),
        0
    );
    assert_eq!(count(vex("", "sha256:aa")), 0);
    assert_eq!(count(vex("pkg:deb/debian/b@1", "sha256:aa")), 1);
    assert_eq!(count(vex("", "sha256:bb")), 1);
}

#[test]
fn a_result_that_the_policy_asks_for_is_there_and_fresh() {
    let image = scan(vec![package("a", Some("MIT"))]);
    let site = "version = 1\n[results]\nrequired = [\"vulnerabilities\"]\nmax-age-days = 7\n";
    let outcome = |results: &[Evidence], now| {
        let asked = Asked {
            site: Some(site),
            results,
            now,
            ..ASKED
        };
        gate(&image, &asked).decision.outcome
    };
    let good = [scanned(Some(Severity::Low))];
    let undated = [Evidence {
        made: None,
        ..good[0].clone()
    }];
    assert_eq!(outcome(&good, ASKED.now), Outcome::Allow);
    assert_eq!(outcome(&[], ASKED.now), Outcome::Review);
    assert_eq!(outcome(&undated, ASKED.now), Outcome::Review);
    assert_eq!(outcome(&good, "2026-03-01T00:00:00Z"), Outcome::Review);
    assert_eq!(outcome(&good, "2026-01-01T00:00:00Z"), Outcome::Review);
}

#[test]
fn what_a_host_makes_of_the_image_is_told() {
    let found = |image: &Scan, results: &[Evidence]| {
        let asked = Asked { results, ..ASKED };
        let gate = gate(image, &asked);
        let outcome = gate.decision.outcome;
        let findings = rule(&gate, "host.coupling").findings.clone();
        let texts = findings.into_iter().map(|finding| finding.text);
        (outcome, texts.collect::<Vec<_>>())
    };
    let coupled = |digest: &str, against: &[&str]| Evidence {
        kind: "abi".into(),
        file: "abi.json".into(),
        digests: vec![digest.into()],
        against: against.iter().map(ToString::to_string).collect(),
        vulnerabilities: Vec::new(),
        ..scanned(None)
    };
    let free = |name: &str| package(name, Some("MIT"));
    let image = scan(vec![free("musl"), free("mpich")]);
    let (outcome, texts) = found(&image, &[]);
    assert_eq!(outcome, Outcome::Allow);
    assert!(
        texts[0].starts_with("mpich is there with musl"),
        "{texts:?}"
    );
    assert!(found(&scan(vec![free("musl")]), &[]).1.is_empty());
    let both = [free("musl"), free("libc6"), free("mpich")];
    assert!(found(&scan(both.to_vec()), &[]).1.is_empty());
    assert_eq!(
        found(&image, &[coupled("sha256:aa", &["It fails."])]).1,
        ["It fails. (abi.json)"]
    );
    assert!(found(&image, &[coupled("sha256:aa", &[])]).1.is_empty());
    let (_, texts) = found(&image, &[coupled("sha256:bb", &["It fails."])]);
    assert_eq!(
        texts,
        ["abi.json does not say that it is about this image."]
    );
}
