//! `--result`: what `bench mpi` found is told with the way that it is of, by reports made for the test;
//! those of real runs are tried in `tests/mpi.rs`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Made, abi, library};
use crate::cli::hpcctl;
use crate::schema::validate;

/// A report of `bench mpi` whose ranks used these libraries.
fn report(outside: &Path, inside: &Path) -> Value {
    let used = |file: &Path| {
        let digest = Sha256::digest(fs::read(file).unwrap());
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({"says": "an MPI", "file": file, "digest": format!("sha256:{hex}")})
    };
    let figures = json!({"n": 9, "median": 1.0, "ci": [1.0, 1.0]});
    let row = |metric: &str, verdict: &str, ratio: f64| {
        json!({
            "metric": metric, "what": "it", "unit": "us", "better": "less", "outside": figures, "inside": figures,
            "ratio": {"estimate": ratio, "ci_low": ratio, "ci_high": ratio}, "null": null, "verdict": verdict,
            "detectable": {"stated": 0.02, "found": 0.02, "reached": true}, "doubts": [], "samples": [],
        })
    };
    let report = json!({
        "schema": "hpcctl.bench/1", "kind": "bench", "tool": {"name": "hpcctl", "version": "0.1.0"},
        "host": {"name": "n1", "kernel": "6.1", "arch": "x86_64"},
        "started_at": "2026-11-01T00:00:00Z", "finished_at": "2026-11-01T00:01:00Z",
        "result": {
            "plan": {
                "subjects": ["mpi"], "runtime": "builtin", "network": "host", "image": null, "margin": 0.02,
                "seed": 1, "budget_s": 60.0, "pairs": 9, "trial_pairs": 6, "planted": 0.0,
            },
            "differences": [], "doubts": [], "mpi": {"outside": used(outside), "inside": used(inside)},
            "comparisons": [
                row("mpi.latency.8B", "slower", 1.31), row("mpi.latency.4KiB", "equivalent", 1.0),
                row("libc.math", "slower", 2.0),
            ],
        },
        "unknowns": [],
    });
    validate("hpcctl.bench-1.json", &report);
    report
}

/// An image, a library of the host that is another file, and a report in a file.
fn made() -> (Made, PathBuf, PathBuf) {
    let made = Made::new();
    let host = made.host("lib/libmpi.so.12");
    library(&host, "libmpi.so.12", &["-DOTHER"]);
    let file = made.host("mpi.json");
    (made, host, file)
}

fn words(made: &Made, host: &Path, file: &Path) -> Vec<String> {
    let image = format!("dir:{}", made.image("").display());
    let (host, file) = (host.display().to_string(), file.display().to_string());
    ["abi", &image, "--host-lib", &host, "--result", &file]
        .map(str::to_owned)
        .to_vec()
}

#[test]
fn what_was_measured_is_told_with_the_way_that_it_is_of() {
    let (made, host, file) = made();
    let own = made.image("usr/lib/libmpich.so.12");
    let words = words(&made, &host, &file);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    for (inside, of) in [(&own, "container-only"), (&host, "host-library")] {
        fs::write(&file, report(&host, inside).to_string()).unwrap();
        let (_, result) = abi(&words[1..]);
        for way in result["ways"].as_array().unwrap() {
            let measured = way["measured"].as_array().unwrap();
            assert_eq!(measured.len(), usize::from(way["way"] == of), "{of}: {way}");
            if let Some(one) = measured.first() {
                // Of libc nothing is told.
                assert_eq!(one["figures"].as_array().unwrap().len(), 2, "{one}");
                assert_eq!(one["figures"][0]["verdict"], "slower", "{one}");
            }
        }
    }
    let told = || {
        let run = hpcctl(&words);
        run.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let text = told();
    assert!(
        text.contains("measured slower: mpi.latency.8B 1.31; 1 equivalent: 1.00; inside"),
        "{text}"
    );
    // Where none differs, how much each may is told all the same.
    let mut none = report(&host, &host);
    for (row, ratio) in [(0, 0.97), (1, 1.05)] {
        let row = &mut none["result"]["comparisons"][row];
        row["verdict"] = json!("inconclusive");
        row["ratio"]["estimate"] = json!(ratio);
    }
    fs::write(&file, none.to_string()).unwrap();
    let text = told();
    let says = "measured 2 inconclusive: 0.97 to 1.05; inside";
    assert!(text.contains(says), "{text}");
}

#[test]
fn what_is_no_measurement_of_it_is_refused() {
    let (made, host, file) = made();
    let other = made.host("other/libmpi.so.12");
    library(&other, "libmpi.so.12", &["-DLESS"]);
    let words = words(&made, &host, &file);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let of_other = report(&host, &other);
    let mut of_unknown = report(&host, &host);
    of_unknown["result"]["mpi"] = Value::Null;
    let mut of_net = report(&host, &host);
    of_net["result"]["comparisons"] = json!([]);
    for (text, says) in [
        (
            of_other.to_string(),
            "neither the image's own library nor one of the host's",
        ),
        (of_unknown.to_string(), "does not tell which library"),
        (of_net.to_string(), "no figures of MPI"),
        (
            r#"{"kind":"scan"}"#.to_owned(),
            "a report of scan, not of bench",
        ),
        ("[]".to_owned(), "no report of hpcctl"),
        (r#"{"kind":"bench"}"#.to_owned(), "cannot read"),
        ("{".to_owned(), "cannot read"),
    ] {
        fs::write(&file, &text).unwrap();
        let run = hpcctl(&words);
        assert_eq!(run.code, 5, "{says}: {}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(says), "{says}: {}", run.stderr);
    }
    fs::remove_file(&file).unwrap();
    assert_eq!(hpcctl(&words).code, 5);
}
