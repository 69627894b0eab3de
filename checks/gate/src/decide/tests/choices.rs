use super::*;

#[test]
fn the_source_is_owed_by_the_branch_that_the_policy_chooses() {
    let mut built = package("a", Some("MIT OR GPL-1.0-or-later"));
    // What was found in a binary alone names no source.
    built.kind = "generic".into();
    built.purl = "pkg:generic/a@1".into();
    let image = scan(vec![built]);
    let found = |site| {
        let gate = gate(&image, &Asked { site, ..ASKED });
        let chosen = gate.choices[0].chosen.clone();
        let found = rule(&gate, "license.source").findings.iter();
        let packages: Vec<_> = found.filter_map(|one| one.package.clone()).collect();
        (chosen, packages)
    };
    assert_eq!(found(None), ("MIT".to_owned(), Vec::new()));
    let site = "version = 1\n[licenses]\ndeny = [\"MIT\"]\n";
    let owed = vec!["pkg:generic/a@1".to_owned()];
    assert_eq!(found(Some(site)), ("GPL-1.0-or-later".to_owned(), owed));
}

/// Each as `CHOSEN of LICENCE: SUBJECTS`.
fn choices(image: &Scan, asked: &Asked<'_>) -> Vec<String> {
    let gate = gate(image, asked);
    let choices = gate.choices.iter();
    let told = choices.map(|one| {
        format!(
            "{} of {}: {}",
            one.chosen,
            one.license,
            one.subjects.join(" ")
        )
    });
    told.collect()
}

#[test]
fn the_branch_that_lets_a_package_pass_is_recorded() {
    let either = "MIT OR CC-BY-NC-4.0";
    let mut covered = package("c", Some(either));
    covered.judged = false;
    let image = scan(vec![
        package("a", Some(either)),
        package("b", Some("MIT AND (Zlib OR GPL-2.0-only)")),
        covered,
        package("d", Some("MIT AND Zlib")),
    ]);
    assert_eq!(gate(&image, &ASKED).decision.outcome, Outcome::Allow);
    let expected = [
        "MIT AND Zlib of MIT AND (Zlib OR GPL-2.0-only): pkg:deb/debian/b@1",
        "MIT of MIT OR CC-BY-NC-4.0: pkg:deb/debian/a@1",
    ];
    assert_eq!(choices(&image, &ASKED), expected);
    // Of what a policy refuses another branch is chosen.
    let site = "version = 1\n[licenses]\ndeny = [\"MIT\"]\nallow = [\"CC-BY-NC-4.0\"]\n";
    let asked = Asked {
        site: Some(site),
        ..ASKED
    };
    let other = "CC-BY-NC-4.0 of MIT OR CC-BY-NC-4.0: pkg:deb/debian/a@1";
    assert_eq!(choices(&image, &asked)[1], other);
}
