//! Reports of `hpcctl doctor --image`, `hpcctl bench` and `hpcctl abi`.

use std::collections::BTreeSet;

use hpcctl_model::abi::{Abi, AbiVerdict, Binding, ProofOutcome};
use hpcctl_model::bench::counts;
use serde::Deserialize;
use serde_json::Value;

use super::{ABI, Evidence};

pub(super) fn read(report: &Value) -> Result<Evidence, String> {
    let text = |pointer: &str| report.pointer(pointer).and_then(Value::as_str);
    let kind = text("/kind").ok_or("it is no report of hpcctl, no CycloneDX and no SARIF")?;
    let against = match kind {
        "doctor" => of_doctor(report),
        "bench" => of_bench(report),
        ABI => of_abi(report)?,
        other => {
            let why = format!("it is a report of {other}, not of doctor, bench or abi");
            return Err(why);
        }
    };
    let made = text("/finished_at").and_then(|made| made.parse().ok());
    Ok(Evidence {
        kind: kind.to_owned(),
        file: String::new(),
        digests: text("/result/image/digest")
            .map(str::to_owned)
            .into_iter()
            .collect(),
        made: Some(made.ok_or("it does not say when it was made")?),
        against,
        is_scan: true,
        vulnerabilities: Vec::new(),
        harmless: Vec::new(),
    })
}

/// That no runtime can run it. The launcher of hpcctl itself is nothing that users have.
fn of_doctor(report: &Value) -> Vec<String> {
    let runtimes = report.pointer("/result/runtimes").and_then(Value::as_array);
    let runs = |runtime: &&Value| {
        let operations = runtime["operations"].as_array().into_iter().flatten();
        let mut runs = operations.filter(|operation| operation["op"] == "run");
        runs.any(|run| run["verdict"] == "yes" || run["verdict"] == "degraded")
    };
    let running: Vec<&Value> = runtimes.into_iter().flatten().filter(runs).collect();
    let is_builtin = |runtime: &&Value| runtime["runtime"] == "builtin";
    if running.iter().any(|runtime| !is_builtin(runtime)) {
        return Vec::new();
    }
    let but = match running.is_empty() {
        true => "",
        false => ", only the launcher that is built into hpcctl",
    };
    vec![format!("No runtime there can run it{but}.")]
}

/// What is slower inside, or is not known not to be.
fn of_bench(report: &Value) -> Vec<String> {
    let comparisons = report
        .pointer("/result/comparisons")
        .and_then(Value::as_array);
    let counted = comparisons.into_iter().flatten();
    let counted = counted.filter(|row| row["metric"].as_str().is_some_and(counts));
    let mut told: Vec<String> = counted.clone().filter_map(of_comparison).collect();
    let unknowns = report["unknowns"].as_array().into_iter().flatten();
    told.extend(unknowns.map(|unknown| {
        let text = |key: &str| unknown[key].as_str().unwrap_or("-");
        format!("{} could not be measured: {}.", text("what"), text("why"))
    }));
    // A self-test says nothing of the image.
    if report.pointer("/result/plan/runtime") == Some(&Value::from("host")) {
        told.push("It compares the node with itself.".to_owned());
    } else if counted.count() == 0 && told.is_empty() {
        told.push("It measured nothing that counts.".to_owned());
    }
    told
}

/// What speaks against an image in a comparison.
fn of_comparison(row: &Value) -> Option<String> {
    let metric = row["metric"].as_str()?;
    match row["verdict"].as_str() {
        Some("equivalent" | "faster") => None,
        Some("slower") => Some(format!("{metric} is slower inside.")),
        _ => Some(format!("Whether {metric} is slower inside is not known.")),
    }
}

/// The names for which no library of the host works, or none in full, and what a report leaves open.
fn of_abi(report: &Value) -> Result<Vec<String>, String> {
    let abi = Abi::deserialize(&report["result"]).map_err(|error| error.to_string())?;
    let needs = abi.programs.iter().flat_map(|program| {
        let names = program.needs.iter();
        names.map(|name| (name.as_str(), program.path.as_str()))
    });
    let needs: BTreeSet<(&str, &str)> = needs.collect();
    let mut told: Vec<String> = Vec::new();
    for (name, program) in needs {
        // For each program the host works as well as the best of what it has.
        let text = match abi.best(program, name) {
            Some(best) => against(best),
            None => Some(format!("The host has no library for {name}.")),
        };
        told.extend(text.filter(|text| !told.contains(text)));
    }
    let of_static = abi.programs.iter().filter(|program| program.static_mpi);
    let of_static =
        of_static.map(|one| format!("MPI is a part of {}: the host's cannot be used.", one.path));
    told.extend(of_static);
    told.extend(open(&abi));
    Ok(told)
}

/// What a report of `abi` does not say, or takes back.
fn open(abi: &Abi) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(first) = abi.left_out.first() {
        let more = more(&abi.left_out);
        told.push(format!(
            "It was asked for some programs alone, and says nothing of {first}{more}."
        ));
    }
    for program in abi.programs.iter().filter(|one| !one.opens.is_empty()) {
        told.push(format!(
            "{} opens {} as it runs: whether the host's works is not known.",
            program.path,
            program.opens.join(", ")
        ));
    }
    if !abi.complete {
        told.push("It could not read all that its verdicts hang on.".to_owned());
    }
    if let Some(proof) = &abi.proof {
        let (program, runtime) = (&proof.program, &proof.runtime);
        let because = proof.because.first();
        let because = because.map_or(String::new(), |text| format!(": {text}"));
        let more = more(&proof.because);
        told.extend(match proof.outcome {
            ProofOutcome::Proved => None,
            ProofOutcome::Disproved => Some(format!(
                "Started by {runtime}, {program} does not use what was bound{because}{more}."
            )),
            ProofOutcome::Unknown => Some(format!(
                "Whether {program} uses what was bound could not be proved by {runtime}{because}{more}."
            )),
        });
    }
    told
}

/// That there are more than the first, which is told.
fn more<T>(all: &[T]) -> String {
    match all.len() {
        0 | 1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    }
}

fn against(best: &Binding) -> Option<String> {
    let ends = match best.verdict {
        AbiVerdict::Works => return None,
        AbiVerdict::Degraded => "works only in part",
        AbiVerdict::Unknown => "may not work",
        AbiVerdict::Fails => "does not work",
    };
    let because = best.because.first();
    let because = because.map_or(String::new(), |reason| format!(": {}", reason.text));
    let more = more(&best.because);
    let (host, name) = (&best.host_path, &best.soname);
    Some(format!("{host} for {name} {ends}{because}{more}."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_speaks_against_the_image_is_told() {
        let report = |kind: &str, result: Value| json!({"kind": kind, "finished_at": "2026-01-01T00:00:00Z", "result": result});
        let verdict = |verdict: &str| {
            let operations = [json!({"op": "run", "verdict": verdict})];
            let name = if verdict == "yes" {
                "builtin"
            } else {
                "podman"
            };
            let runtime = json!({"runtime": name, "operations": operations});
            report("doctor", json!({"runtimes": [runtime]}))
        };
        let builtin = read(&verdict("yes")).unwrap().against;
        assert!(builtin[0].contains("built into hpcctl"), "{builtin:?}");
        assert_eq!(read(&verdict("degraded")).unwrap().against.len(), 0);
        assert_eq!(read(&verdict("unknown")).unwrap().against.len(), 1);
        let rows = json!({"comparisons": [
            {"metric": "launch.start", "verdict": "slower"}, {"metric": "net.a", "verdict": "equivalent"},
            {"metric": "fs.a", "verdict": "slower"}, {"metric": "fs.b", "verdict": "inconclusive"},
        ], "image": {"digest": "sha256:ab"}});
        let mut bench = report("bench", rows);
        bench["unknowns"] = json!([{"what": "libc.math", "why": "no library"}]);
        let bench = read(&bench).unwrap();
        let told = [
            "fs.a is slower inside.",
            "Whether fs.b is slower inside is not known.",
            "libc.math could not be measured: no library.",
        ];
        assert_eq!(bench.against, told);
        assert_eq!(bench.digests, ["sha256:ab"]);
        let against = |result| read(&report("bench", result)).unwrap().against;
        let launch = json!([{"metric": "launch.start", "verdict": "slower"}]);
        assert_eq!(
            against(json!({"comparisons": launch})),
            ["It measured nothing that counts."]
        );
        let itself = json!({"comparisons": [], "plan": {"runtime": "host"}});
        assert_eq!(against(itself), ["It compares the node with itself."]);
    }

    #[test]
    fn the_best_library_of_the_host_counts() {
        let binding = |path: &str, verdict: &str, because: &[&str]| {
            let because: Vec<Value> = because
                .iter()
                .map(|text| json!({"rule": "libc", "text": text}))
                .collect();
            json!({
                "library": "libmpi.so.12", "soname": "libmpi.so.12", "host_path": path, "image_path": null,
                "family": "MPICH ABI", "verdict": verdict, "because": because, "fix": [], "programs": ["/a"],
                "binds": [], "environment": [],
            })
        };
        let of = |programs: &[&str], bindings: Value| {
            let program =
                |path: &&str| json!({"path": path, "needs": ["libmpi.so.12"], "static_mpi": false});
            let result = json!({
                "image": {"reference": "a", "digest": "sha256:ab", "libc": null, "machine": null},
                "programs": programs.iter().map(program).collect::<Vec<_>>(),
                "complete": true, "host": [], "bindings": bindings,
            });
            read(&json!({"kind": "abi", "finished_at": "2026-01-01T00:00:00Z", "result": result}))
        };
        let report = |bindings| of(&["/a"], bindings);
        let fails = binding("/old", "fails", &["it is too old", "and more"]);
        let told = report(json!([fails])).unwrap();
        assert_eq!(
            told.against,
            ["/old for libmpi.so.12 does not work: it is too old (and 1 more)."]
        );
        let both = json!([fails, binding("/new", "works", &[])]);
        assert!(report(both).unwrap().against.is_empty());
        let none = report(json!([])).unwrap();
        assert_eq!(none.against, ["The host has no library for libmpi.so.12."]);
        assert!(report(json!("none")).is_err());
        // What works for one program may not for another.
        let mut other = binding("/old", "fails", &["it lacks what /b calls"]);
        other["programs"] = json!(["/b"]);
        let mixed = of(&["/a", "/b"], json!([binding("/new", "works", &[]), other]));
        assert_eq!(
            mixed.unwrap().against,
            ["/old for libmpi.so.12 does not work: it lacks what /b calls."]
        );
    }

    #[test]
    fn what_a_report_of_abi_leaves_open_is_against_it() {
        let report = |change: &dyn Fn(&mut Value)| {
            let mut result = json!({
                "image": {"reference": "a", "digest": "sha256:ab", "libc": null, "machine": null},
                "programs": [{"path": "/a", "needs": ["libmpi.so.12"], "static_mpi": false}],
                "complete": true, "left_out": [], "host": [],
                "bindings": [{
                    "library": "libmpi.so.12", "soname": "libmpi.so.12", "host_path": "/new",
                    "image_path": null, "family": "MPICH ABI", "verdict": "works", "because": [],
                    "fix": [], "programs": ["/a"], "binds": [], "environment": [],
                }],
            });
            change(&mut result);
            let report =
                json!({"kind": "abi", "finished_at": "2026-01-01T00:00:00Z", "result": result});
            read(&report).unwrap().against.join(" ")
        };
        let proof = |outcome: &str, because: &[&str]| json!({"runtime": "podman", "program": "/a", "outcome": outcome, "loaded": [], "because": because});
        let none: [&str; 0] = [];
        for (what, value, told) in [
            ("complete", json!(true), ""),
            (
                "complete",
                json!(false),
                "It could not read all that its verdicts hang on.",
            ),
            (
                "left_out",
                json!(["/b", "/c"]),
                "It was asked for some programs alone, and says nothing of /b (and 1 more).",
            ),
            (
                "programs",
                json!([{"path": "/a", "needs": [], "static_mpi": false, "opens": ["libcuda.so.1"]}]),
                "/a opens libcuda.so.1 as it runs: whether the host's works is not known.",
            ),
            ("proof", proof("proved", &none), ""),
            (
                "proof",
                proof("disproved", &["/new was not loaded", "the image's was"]),
                "Started by podman, /a does not use what was bound: /new was not loaded (and 1 more).",
            ),
            (
                "proof",
                proof("unknown", &["podman is not installed"]),
                "Whether /a uses what was bound could not be proved by podman: podman is not installed.",
            ),
        ] {
            let found = report(&|result| result[what] = value.clone());
            assert_eq!(found, told, "{what} {value}");
        }
        // Nothing in such an image asks for a library of a host.
        let empty = report(&|result| result["programs"] = json!([]));
        assert_eq!(empty, "");
        let older = report(&|result| {
            result.as_object_mut().unwrap().remove("complete");
        });
        assert!(older.starts_with("It could not read all"), "{older}");
    }
}
