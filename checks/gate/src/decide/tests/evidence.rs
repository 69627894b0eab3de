use super::*;

/// What a scanner says of the image of [`scan`].
fn scanned(severity: Option<Severity>) -> Evidence {
    Evidence {
        kind: VULNERABILITIES.into(),
        file: "vex.json".into(),
        digests: vec!["sha256:aa".into()],
        made: Some("2026-01-31T00:00:00Z".parse().unwrap()),
        against: Vec::new(),
        is_scan: true,
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
    let old = Evidence {
        made: Some("2020-01-01T00:00:00Z".parse().unwrap()),
        ..vex("", "sha256:aa")
    };
    assert_eq!(count(old), 1);
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
    let vex = [Evidence {
        is_scan: false,
        ..good[0].clone()
    }];
    assert_eq!(outcome(&vex, ASKED.now), Outcome::Review);
    assert_eq!(
        outcome(&[vex, good.clone()].concat(), ASKED.now),
        Outcome::Allow
    );
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
