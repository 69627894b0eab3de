//! Every rule refuses: an image that it is for, down to the decision.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{findings, gated, outcome};
use crate::cli::{Run, hpcctl};
use crate::handmade::{layout, tar};

/// A file of a layer.
pub(super) type Held<'a> = (&'a str, u32, &'a [u8]);

/// The package that every image of these tests has.
const RELEASE: Held<'static> = ("etc/os-release", 0o644, b"ID=debian\n");
const STATUS: Held<'static> = (
    "var/lib/dpkg/status",
    0o644,
    b"Package: good\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n",
);
const COPYRIGHT: Held<'static> = (
    "usr/share/doc/good/copyright",
    0o644,
    b"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n\
      Files: *\nCopyright: 2026 A\nLicense: MIT\n",
);

/// The image with more files, by a policy that makes a finding of the rule a refusal.
pub(super) fn with(dir: &Path, rule: &str, files: &[Held<'_>], policy: &str, more: &[&str]) -> Run {
    let all = [&[RELEASE, STATUS, COPYRIGHT], files].concat();
    let path = |name: &str| dir.join(name).display().to_string();
    layout(&dir.join("layout"), "amd64", &json!({}), Some(&tar(&all)));
    let text = format!("version = 1\n[rules]\n\"{rule}\" = \"deny\"\n{policy}");
    fs::write(path("policy.toml"), text).unwrap();
    let image = format!("oci:{}", path("layout"));
    let (policy, state) = (path("policy.toml"), path("state"));
    let args = ["gate", &image, "--policy", &policy, "--state", &state];
    hpcctl(&[&args, more, &["-o", "json"]].concat())
}

/// The metadata of a package of Python with this licence.
pub(super) fn python(license: &str) -> String {
    format!("Metadata-Version: 2.4\nName: a\nVersion: 1\nLicense-Expression: {license}\n")
}

pub(super) const METADATA: &str = "usr/lib/python3/dist-packages/a-1.dist-info/METADATA";

/// A rule, and a decision that it refuses.
type Row = (&'static str, fn(&Path, &str) -> Run);

const ROWS: [Row; 19] = [
    ("scan.complete", |dir, _| {
        gated(dir, &tar(&[RELEASE, COPYRIGHT]), |_, _| {})
    }),
    ("destination.class", |dir, _| {
        let image = crate::handmade::docker_archive(dir);
        let image = format!("docker-archive:{}", image.display());
        let state = dir.join("state").display().to_string();
        let args = ["gate", &image, "--to", "h.org/a", "--state", &state];
        hpcctl(&[&args[..], &["-o", "json"]].concat())
    }),
    ("license.terms", |dir, rule| {
        let terms = python("CC-BY-NC-4.0");
        with(dir, rule, &[(METADATA, 0o644, terms.as_bytes())], "", &[])
    }),
    ("content.vendor", |dir, rule| {
        let driver = ("usr/lib/libcuda.so.550.54", 0o644, &b"a driver"[..]);
        with(dir, rule, &[driver], "", &[])
    }),
    ("secret.general", |dir, rule| {
        let token = ["TOKEN=glpat-", "Zx8Kq2Lm4Nv6", "Bt9Rw3Yc\n"].concat();
        with(
            dir,
            rule,
            &[("etc/app.conf", 0o644, token.as_bytes())],
            "",
            &[],
        )
    }),
    ("secret.hpc", |dir, rule| {
        // As random as a key: each byte another.
        let key: Vec<u8> = (0..1024_u32)
            .map(|n| (n * 167 + n / 256 * 31) as u8)
            .collect();
        with(dir, rule, &[("etc/munge/munge.key", 0o400, &key)], "", &[])
    }),
    ("layer.history", |dir, _| {
        let word = ["Tr0ub4", "dor3x"].concat();
        gated(dir, &tar(&[RELEASE, STATUS, COPYRIGHT]), |_, config| {
            let command = format!("RUN curl -u bob:{word} https://data.site.org");
            config["history"][0]["created_by"] = json!(command);
        })
    }),
    ("content.archive", |dir, rule| {
        let archive = ("srv/a.7z", 0o644, &b"7z\xbc\xaf\x27\x1c\0\x04"[..]);
        with(dir, rule, &[archive], "", &[])
    }),
    ("content.unowned", |dir, rule| {
        let program = fs::read("/bin/true").unwrap();
        with(dir, rule, &[("opt/tool", 0o755, &program)], "", &[])
    }),
    ("content.data", |dir, rule| {
        let data = [&b"CDF\x01"[..], &[0; 4096]].concat();
        let small = "[data]\nmax-size = \"1 KiB\"\n";
        with(dir, rule, &[("srv/field.nc", 0o644, &data)], small, &[])
    }),
    ("file.privileged", |dir, rule| {
        let named = format!(
            "[[privileged.allow]]\npath = \"/usr/bin/su\"\nsha256 = \"{}\"\n",
            "ab".repeat(32)
        );
        with(
            dir,
            rule,
            &[("usr/bin/su", 0o4755, b"#!/bin/sh\n")],
            &named,
            &[],
        )
    }),
    ("image.base", |dir, rule| {
        let base = format!(
            "[[base.approved]]\nname = \"debian\"\ndiff-ids = [\"sha256:{}\"]\n",
            "ab".repeat(32)
        );
        with(dir, rule, &[], &base, &[])
    }),
    ("image.labels", |dir, rule| with(dir, rule, &[], "", &[])),
    ("image.size", |dir, rule| {
        with(dir, rule, &[], "[image]\nmax-layers = 0\n", &[])
    }),
    ("license.source", |dir, rule| {
        let text = b"# SPDX-License-Identifier: GPL-3.0-only\n";
        with(dir, rule, &[("opt/tool.py", 0o644, text)], "", &[])
    }),
    ("license.notice", |dir, rule| {
        let terms = python("LicenseRef-odd");
        with(dir, rule, &[(METADATA, 0o644, terms.as_bytes())], "", &[])
    }),
    ("evidence.results", |dir, rule| {
        let asked = "[results]\nrequired = [\"doctor\"]\n";
        with(dir, rule, &[], asked, &[])
    }),
    ("evidence.vulnerabilities", |dir, rule| {
        with_result(dir, rule, |digest| {
            json!({"version": "2.1.0", "runs": [{
                "properties": {"imageID": digest},
                "tool": {"driver": {"name": "scanner", "rules": [
                    {"id": "CVE-2026-1", "properties": {"security-severity": "9.8"}}]}},
                "results": [{"ruleId": "CVE-2026-1"}],
            }]})
        })
    }),
    ("host.coupling", |dir, rule| {
        with_result(dir, rule, |digest| {
            json!({"kind": "abi", "finished_at": "2026-01-01T00:00:00Z", "result": {
                "image": {"reference": "a", "digest": digest, "libc": null, "machine": null},
                "programs": [{"path": "/a", "needs": ["libmpi.so.12"], "static_mpi": false}],
                "host": [], "bindings": [],
            }})
        })
    }),
];

/// The image with a result about it that was handed in.
fn with_result(dir: &Path, rule: &str, result: fn(&str) -> Value) -> Run {
    let layer = tar(&[RELEASE, STATUS, COPYRIGHT]);
    let digest = layout(&dir.join("layout"), "amd64", &json!({}), Some(&layer));
    let file = dir.join("result.json");
    fs::write(&file, result(&digest).to_string()).unwrap();
    with(dir, rule, &[], "", &["--result", file.to_str().unwrap()])
}

#[test]
fn each_rule_refuses_what_it_is_for() {
    let listed = hpcctl(&["gate", "list"]).stdout;
    let listed = listed.lines().map(|line| line.split(' ').next().unwrap());
    let rows = ROWS.iter().map(|(rule, _)| *rule);
    assert!(
        listed.eq(rows),
        "a rule has no row here, or is in another place"
    );
    for (rule, refused) in ROWS {
        let dir = tempfile::tempdir().unwrap();
        let run = refused(dir.path(), rule);
        let report = run.json();
        let rules = report["result"]["decision"]["rules"].as_array().unwrap();
        let is = &rules.iter().find(|one| one["id"] == rule).unwrap()["outcome"];
        let (expected, code) = match rule {
            "scan.complete" => ("incomplete", 3),
            _ => ("deny", 1),
        };
        let found = findings(&run, rule);
        assert_eq!(is, expected, "{rule}: {found:?}");
        // Another rule may refuse the image, too.
        let whole = outcome(&run);
        assert!(whole == expected || whole == "deny", "{rule}: {whole}");
        assert!(run.code == code || run.code == 1, "{rule}");
    }
}

#[test]
fn a_file_that_the_policy_names_with_another_digest_is_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let (rule, refused) = ROWS
        .into_iter()
        .find(|(rule, _)| *rule == "file.privileged")
        .unwrap();
    let found = findings(&refused(dir.path(), rule), rule);
    let named = "policy.toml:4 names it with the digest abab";
    assert!(found.len() == 1 && found[0].1.contains(named), "{found:?}");
}

#[test]
fn a_licence_file_in_which_nothing_is_recognised_can_be_clarified() {
    let dir = tempfile::tempdir().unwrap();
    let rule = "license.terms";
    let silent = "Metadata-Version: 2.4\nName: a\nVersion: 1\nLicense-File: LICENSE\n";
    let text = b"Whoever finds this may do with it as with a found penny.\n";
    let place = "usr/lib/python3/dist-packages/a-1.dist-info/LICENSE";
    let files: [Held<'_>; 2] = [(METADATA, 0o644, silent.as_bytes()), (place, 0o644, text)];
    let refused = with(dir.path(), rule, &files, "", &[]);
    let digest = crate::handmade::sha256(text);
    let evidence = format!("path = \"/{place}\", sha256 = \"{digest}\"");
    let report = refused.json();
    let rules = report["result"]["decision"]["rules"].as_array().unwrap();
    let terms = rules.iter().find(|one| one["id"] == rule).unwrap();
    let remedy = terms["findings"][0]["remedy"].as_str().unwrap();
    assert!(remedy.contains(&evidence), "{remedy}");
    let clarified = format!(
        "[[clarify]]\npackage = \"pkg:pypi/a@1\"\nexpression = \"MIT\"\nreason = \"read\"\n\
         evidence = [{{ {evidence} }}]\n"
    );
    let allowed = with(dir.path(), rule, &files, &clarified, &[]);
    assert_eq!(findings(&allowed, rule), []);
    // Another text is another licence.
    let files = [files[0], (place, 0o644, &b"Nobody may do anything.\n"[..])];
    let stale = with(dir.path(), rule, &files, &clarified, &[]);
    assert_eq!(findings(&stale, rule).len(), 1);
}
