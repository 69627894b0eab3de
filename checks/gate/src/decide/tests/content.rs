use hpcctl_model::scan::UNREAD;

use super::*;

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

fn secret(rule: &str, path: &str, doubtful: bool, deleted: bool) -> Sensitive {
    Sensitive {
        path: path.into(),
        also: Vec::new(),
        layer: None,
        rule: rule.into(),
        line: None,
        text: "a private key.".into(),
        doubtful,
        deleted,
    }
}

#[test]
fn secrets_refuse_wherever_they_lie() {
    let mut image = scan(vec![package("a", Some("MIT"))]);
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
        (
            UNREAD,
            "/k",
            false,
            false,
            "content.archive",
            Outcome::Review,
        ),
        (
            UNREAD,
            "/k",
            false,
            true,
            "content.archive",
            Outcome::Review,
        ),
        (UNREAD, "/k", true, false, "content.archive", Outcome::Allow),
    ];
    for (name, path, doubtful, deleted, id, outcome) in cases {
        image.sensitive = vec![secret(name, path, doubtful, deleted)];
        let gate = gate(&image, &ASKED);
        let told: Vec<&str> = gate
            .decision
            .rules
            .iter()
            .filter(|r| {
                r.id.contains("secret") || ["layer.history", "content.archive"].contains(&&*r.id)
            })
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
        texts: Vec::new(),
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
