use super::*;

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
        texts: Vec::new(),
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

/// A policy that decides on Intel's MPI library.
const DECIDED: &str = "version = 1\n[[vendor.decision]]\nterms = \"intel.mpi-runtime\"\nlevel = \"allow\"\n\
    owner = \"legal\"\nreference = \"agreement 7\"\ndecided = \"2026-01-01\"\nexpires = \"2026-12-31\"\n";

#[test]
fn a_decision_holds_for_the_vendor_s_licence_and_for_no_other() {
    let outcome = |license: Option<&str>, file: Restricted| {
        let mut image = scan(vec![package("impi", license)]);
        image.restricted = vec![file];
        let asked = Asked {
            site: Some(DECIDED),
            ..ASKED
        };
        let gate = gate(&image, &asked);
        rule(&gate, "license.terms").outcome
    };
    let of_package = Restricted {
        terms: "intel.mpi-runtime".into(),
        matched_by: "package".into(),
        detail: "pkg:deb/debian/impi@1, 5 files".into(),
        ..restricted(Redistribution::Conditional, false)
    };
    let eula = Some("LicenseRef-Intel-EULA");
    let other = Restricted {
        detail: "pkg:deb/debian/impi@10, 5 files".into(),
        ..of_package.clone()
    };
    assert_eq!(outcome(eula, of_package.clone()), Outcome::Allow);
    assert_eq!(outcome(None, of_package.clone()), Outcome::Allow);
    assert_eq!(outcome(eula, other), Outcome::Review);
    let undecided = Restricted {
        terms: "intel.mkl".into(),
        ..of_package.clone()
    };
    assert_eq!(outcome(eula, undecided), Outcome::Review);
    // The licence of somebody else is not what the vendor agreed to.
    let also = Some("LicenseRef-Intel-EULA AND CC-BY-NC-4.0");
    assert_eq!(outcome(also, of_package.clone()), Outcome::Deny);
    let by_place = Restricted {
        path: "/var/lib/dpkg/status".into(),
        matched_by: "path".into(),
        ..of_package
    };
    assert_eq!(outcome(eula, by_place), Outcome::Allow);
}

#[test]
fn a_vendor_s_file_has_one_chain() {
    const IMPI: &str = "pkg:deb/debian/impi@1";
    let terms = |terms: &str, path: &str| Restricted {
        path: path.into(),
        terms: terms.into(),
        matched_by: "package".into(),
        detail: "pkg:deb/debian/impi@1, 5 files".into(),
        package: Some(IMPI.into()),
        ..restricted(Redistribution::Conditional, false)
    };
    let (mpi, mkl) = (terms("intel.mpi-runtime", "/a"), terms("intel.mkl", "/b"));
    let no = DECIDED.replace("allow", "deny");
    let undecided = "Have the site decide on intel.mpi-runtime ([[vendor.decision]])";
    let eula = Some("LicenseRef-Intel-EULA");
    for (license, policy, files, told, remedy) in [
        (
            eula,
            None,
            vec![mpi.clone()],
            "of the class vendor-terms. Its files are under intel.mpi-runtime, see content.vendor.",
            undecided,
        ),
        (
            None,
            None,
            vec![mpi.clone()],
            "impi 1: no licence is known. Its files are under intel.mpi-runtime, see",
            undecided,
        ),
        (
            eula,
            Some(DECIDED),
            vec![mpi.clone(), mkl],
            "are under intel.mkl, see content.vendor. The decision on intel.mpi-runtime is not",
            "Have the site decide on intel.mkl ",
        ),
        (
            None,
            Some(&*no),
            vec![mpi],
            "no licence is known. Decided on intel.mpi-runtime by legal (agreement 7).",
            "have the site decide anew",
        ),
    ] {
        let mut image = scan(vec![package("impi", license)]);
        image.restricted = files;
        let asked = Asked {
            site: policy,
            ..ASKED
        };
        let gate = gate(&image, &asked);
        let finding = &rule(&gate, "license.terms").findings[0];
        assert!(finding.text.contains(told), "{}\n{told}", finding.text);
        assert!(finding.remedy.contains(remedy), "{}", finding.remedy);
        let mut vendor = rule(&gate, "content.vendor").findings.iter();
        assert!(vendor.all(|finding| finding.package.as_deref() == Some(IMPI)));
    }
}

#[test]
fn what_no_decision_on_terms_could_settle_names_none() {
    let mut image = scan(vec![package("impi", Some("CC-BY-NC-4.0"))]);
    image.restricted = vec![Restricted {
        matched_by: "package".into(),
        detail: "pkg:deb/debian/impi@1, 5 files".into(),
        ..restricted(Redistribution::Conditional, false)
    }];
    let gate = gate(&image, &ASKED);
    let finding = &rule(&gate, "license.terms").findings[0];
    assert!(finding.text.ends_with("is of the class non-commercial."));
    assert!(finding.remedy.starts_with("Replace the package"));
}

#[test]
fn what_is_said_of_a_rule_without_findings_is_true() {
    let said = |image: &Scan, rule_id: &str, policy, destination| {
        let asked = Asked {
            site: policy,
            destination,
            ..ASKED
        };
        let gate = gate(image, &asked);
        rule(&gate, rule_id).summary.clone()
    };
    let mut image = scan(vec![package("a", Some("MIT"))]);
    let vendor = "content.vendor";
    let none = "no file whose holder restricts passing it on";
    assert_eq!(said(&image, vendor, None, None), none);
    image.restricted = vec![Restricted {
        terms: "intel.mpi-runtime".into(),
        ..restricted(Redistribution::Conditional, false)
    }];
    let decided = "1 file or tree of a vendor, which the policy allows";
    assert_eq!(said(&image, vendor, Some(DECIDED), None), decided);
    let destination = "destination.class";
    let named = "what was gated can be told from all else";
    assert_eq!(said(&image, destination, None, Some("a.org/b")), named);
    let nowhere = "no destination is named";
    assert_eq!(said(&image, destination, None, None), nowhere);
    image.image.digest = None;
    let bare = "no destination is named; without a digest it could go to none";
    assert_eq!(said(&image, destination, None, None), bare);
}

#[test]
fn a_decision_holds_for_the_terms_that_lie_in_the_vendor_s_tree() {
    let mut image = scan(vec![package("a", Some("MIT"))]);
    image.files = vec![File {
        path: "/opt/intel/licensing/eula.txt".into(),
        layer: None,
        licenses: Some("LicenseRef-Intel-EULA".into()),
        judged: true,
        sha256: None,
        copyrights: Vec::new(),
        texts: Vec::new(),
    }];
    let mut outcome = |tree: &str, now| {
        image.restricted = vec![Restricted {
            path: tree.into(),
            terms: "intel.mpi-runtime".into(),
            ..restricted(Redistribution::Conditional, false)
        }];
        let asked = Asked {
            site: Some(DECIDED),
            now,
            ..ASKED
        };
        rule(&gate(&image, &asked), "license.terms").outcome
    };
    assert_eq!(outcome("/opt/intel", ASKED.now), Outcome::Allow);
    assert_eq!(outcome("/opt/int", ASKED.now), Outcome::Review);
    assert_eq!(
        outcome("/opt/intel", "2027-01-01T00:00:00Z"),
        Outcome::Review
    );
}

#[test]
fn what_clarifies_a_licence_can_be_copied_into_the_policy() {
    let mut of_file = package("a", None);
    of_file.license_files = vec!["/a/LICENSE".into()];
    let mut image = scan(vec![of_file, package("b", None)]);
    let (of_image, of_text) = ("cd".repeat(32), "ab".repeat(32));
    image.image.digest = Some(format!("sha256:{of_image}"));
    image.files = vec![File {
        path: "/a/LICENSE".into(),
        layer: None,
        licenses: None,
        judged: false,
        sha256: Some(of_text.clone()),
        copyrights: Vec::new(),
        texts: Vec::new(),
    }];
    let refused = gate(&image, &ASKED);
    let terms = rule(&refused, "license.terms");
    let remedies: Vec<&str> = terms.findings.iter().map(|f| f.remedy.as_str()).collect();
    for (remedy, evidence) in remedies.iter().zip([
        format!("path = \"/a/LICENSE\", sha256 = \"{of_text}\""),
        format!("image = \"sha256:{of_image}\""),
    ]) {
        assert!(remedy.contains(&evidence), "{remedy}");
    }
    // As they stand they make a policy.
    let mut text = "version = 1\n".to_owned();
    for remedy in &remedies {
        let (_, stanza) = remedy.split_once(":\n").unwrap();
        let stanza = stanza.replacen('…', "\"MIT\"", 1);
        text += &stanza.replacen('…', "\"read\"", 1);
        text += "\n";
    }
    let asked = Asked {
        site: Some(&text),
        ..ASKED
    };
    let clarified = gate(&image, &asked);
    assert_eq!(rule(&clarified, "license.terms").outcome, Outcome::Allow);
}

#[test]
fn a_template_is_no_copyright_line() {
    let told = |package: Package, files: Vec<File>| {
        let mut image = scan(vec![package]);
        image.files = files;
        let gate = gate(&image, &ASKED);
        let findings = rule(&gate, "license.notice").findings.iter();
        findings
            .map(|f| f.text.clone())
            .collect::<Vec<_>>()
            .join("|")
    };
    let alone = |license| told(package("a", Some(license)), Vec::new());
    let asks =
        |id: &str| format!("No copyright line of a is in its licence files, which {id} asks for.");
    assert_eq!(alone("MIT"), asks("MIT"));
    assert_eq!(alone("BSD-3-Clause AND GPL-2.0-only"), asks("BSD-3-Clause"));
    // Whose text is whole without a holder.
    for whole in ["GPL-2.0-or-later", "Apache-2.0", "MPL-2.0", "LGPL-2.1-only"] {
        assert_eq!(alone(whole), "", "{whole}");
    }
    assert_eq!(
        alone("LicenseRef-odd"),
        "The text of LicenseRef-odd of a is not in the image."
    );
    // Of a choice the branch that was chosen counts.
    assert_eq!(alone("Apache-2.0 OR MIT"), "");
    let bearing = |path: &str, judged: bool, copyrights: &[&str]| File {
        path: path.into(),
        layer: None,
        licenses: Some("MIT".into()),
        judged,
        sha256: Some("ab".repeat(32)),
        copyrights: copyrights.iter().map(ToString::to_string).collect(),
        texts: Vec::new(),
    };
    let with_files = |of_license: &[&str], of_readme: &[&str]| {
        let mut package = package("a", Some("MIT"));
        package.license_files = vec!["/a/LICENSE".into()];
        package.readmes = vec!["/a/README".into()];
        let files = [("/a/LICENSE", of_license), ("/a/README", of_readme)];
        let files = files.map(|(path, copyrights)| bearing(path, false, copyrights));
        told(package, files.to_vec())
    };
    assert_eq!(with_files(&["Copyright 2020 A"], &[]), "");
    assert_eq!(with_files(&[], &["Copyright 2020 A"]), "");
    assert_eq!(with_files(&[], &[]), asks("MIT"));
    // A licence file of no package.
    let loose = |copyrights: &[&str]| {
        let file = bearing("/opt/b/LICENSE", true, copyrights);
        told(package("a", Some("Apache-2.0")), vec![file])
    };
    assert_eq!(loose(&["Copyright 2020 B"]), "");
    assert_eq!(
        loose(&[]),
        "No copyright line is in /opt/b/LICENSE, which MIT asks for."
    );
}

#[test]
fn each_licence_that_offends_is_told_and_waived_by_itself() {
    let license = "(MIT OR LicenseRef-two) AND LicenseRef-one AND CC-BY-NC-4.0";
    let image = scan(vec![package("a", Some(license))]);
    let offenders = |site: Option<&str>| -> Vec<(String, bool)> {
        let gate = gate(&image, &Asked { site, ..ASKED });
        let findings = rule(&gate, "license.terms").findings.iter();
        let about = |it: &Finding| it.offending_license.clone().unwrap_or_default();
        findings
            .map(|it| (about(it), it.waived_by.is_some()))
            .collect()
    };
    let told = |name: &str, waived| (name.to_owned(), waived);
    let (one, nc) = ("LicenseRef-one", "CC-BY-NC-4.0");
    assert_eq!(offenders(None), [told(nc, false), told(one, false)]);
    let waiver = |scope: &str| {
        let first = WAIVED.split_once("[[waiver]]\nid = \"W-2\"").unwrap().0;
        first.replace("package = \"pkg:deb/debian/a@*\"", scope)
    };
    let by = |scope: &str| offenders(Some(&waiver(scope)));
    for scope in [
        "license = \"LicenseRef-one\"",
        "license = \"LicenseRef-o*\"",
    ] {
        assert_eq!(by(scope), [told(nc, false), told(one, true)], "{scope}");
    }
    // A glob over the whole expression would cover what stands in it besides.
    let whole = "MIT AND LicenseRef-one AND CC-BY-NC-4.0";
    let glob = "license = \"MIT AND LicenseRef-one*\"";
    assert_eq!(by(glob), [told(nc, false), told(one, false)]);
    let named = format!("license = {whole:?}");
    assert_eq!(by(&named), [told(nc, true), told(one, true)]);
    let gate = gate(&image, &ASKED);
    let finding = &rule(&gate, "license.terms").findings[1];
    let id = format!("finding = {:?}", finding.id);
    assert_eq!(by(&id), [told(nc, false), told(one, true)]);
}

#[test]
fn the_place_for_a_licence_is_one_that_is_looked_at() {
    let place = |kind: &str, found_by: &str, purl: &str, path: &str| {
        let mut of = package("a", Some("MIT"));
        (of.kind, of.found_by, of.purl) = (kind.into(), found_by.into(), purl.into());
        of.locations[0].path = path.into();
        let gate = gate(&scan(vec![of]), &ASKED);
        rule(&gate, "license.notice").findings[0].remedy.clone()
    };
    for (kind, found_by, purl, path, expected) in [
        (
            "conda",
            "conda",
            "pkg:conda/a@1",
            "/opt/env/conda-meta/a-1.json",
            "into /opt/env/share/licenses/a/LICENSE.",
        ),
        (
            "generic",
            "spack",
            "pkg:generic/a@1?spack=abc",
            "/opt/spack/a-1-abc/.spack/spec.json",
            "into /opt/spack/a-1-abc/LICENSE.",
        ),
        (
            "generic",
            "elf",
            "pkg:generic/a@1",
            "/opt/lib/liba.so",
            "into /usr/share/licenses/a/LICENSE.",
        ),
        (
            "generic",
            "java",
            "pkg:generic/a@1",
            "/opt/lib/a.jar",
            "or waive the finding, where its kind has no place for one.",
        ),
    ] {
        let remedy = place(kind, found_by, purl, path);
        assert!(remedy.ends_with(expected), "{remedy}");
    }
}
