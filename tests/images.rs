//! Real images, built by tests/images/build, against what the distribution's own tools say.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::{Run, command, hpcctl};
use crate::real::real;
use crate::schema::validate;

/// The folder that tests/images/build filled.
fn images() -> PathBuf {
    PathBuf::from(std::env::var_os("HPCCTL_IMAGES").expect("HPCCTL_IMAGES, as tests/run sets it"))
}

/// The same image in each format that has its layers.
fn layered() -> Vec<String> {
    let dir = images();
    let dir = dir.display();
    vec![
        format!("docker-archive:{dir}/debian.tar"),
        format!("docker-archive:{dir}/debian.tar.gz"),
        format!("oci:{dir}/layout:v2"),
        format!("oci:{dir}/zstd:v2"),
        format!("oci-archive:{dir}/debian.oci.tar"),
        format!("{dir}/debian.oci.tar.zst"),
        format!("containers-storage:[overlay@{dir}/graph]debian:v2"),
    ]
}

/// The same image in each format that has one tree.
fn trees() -> Vec<String> {
    let dir = images();
    let dir = dir.display();
    let mut trees = vec![
        format!("dir:{dir}/tree"),
        format!("tar:{dir}/tree.tar.xz"),
        format!("ext:{dir}/tree.ext4"),
        format!("sif:{dir}/debian.ext3.sif"),
        format!("{dir}/debian.sif"),
        format!("containers-storage:[vfs@{dir}/graph]debian:v2"),
    ];
    let compressions = ["gzip", "lz4", "lzo", "xz", "zstd"];
    trees.extend(compressions.map(|name| format!("squashfs:{dir}/tree.{name}.sqfs")));
    trees
}

fn references() -> Vec<String> {
    [layered(), trees()].concat()
}

fn scan(reference: &str) -> Value {
    let run = hpcctl(&["scan", "image", reference, "-o", "json"]);
    assert_eq!(run.code, 0, "{reference}: {}", run.stderr);
    run.json()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field} in {value}"))
}

/// Name, version and architecture of each package of a type, a tab between.
fn packages(report: &Value, kind: &str) -> BTreeSet<String> {
    let all = report["result"]["packages"].as_array().unwrap();
    let of_kind = all.iter().filter(|package| package["type"] == kind);
    let row = |package: &Value| {
        let purl = text(package, "purl");
        let arch = purl
            .split_once("arch=")
            .map_or("", |(_, rest)| rest.split('&').next().unwrap());
        format!(
            "{}\t{}\t{arch}",
            text(package, "name"),
            text(package, "version")
        )
    };
    of_kind.map(row).collect()
}

fn truth(file: &str) -> BTreeSet<String> {
    fs::read_to_string(images().join(file))
        .unwrap()
        .lines()
        .map(ToOwned::to_owned)
        .collect()
}

#[test]
fn every_format_lists_exactly_the_packages_of_dpkg_query() {
    if !real("every_format_lists_exactly_the_packages_of_dpkg_query") {
        return;
    }
    let expected = truth("debian.tsv");
    assert!(
        expected.len() > 80,
        "{} packages in the image",
        expected.len()
    );
    for reference in references() {
        let report = scan(&reference);
        validate("hpcctl.scan-1.json", &report);
        assert_eq!(packages(&report, "deb"), expected, "{reference}");
        assert_eq!(packages(&report, "pypi").len(), 1, "{reference}");
        assert_eq!(report["result"]["complete"], true, "{reference}");
    }
}

#[test]
fn each_package_is_attributed_to_the_layer_that_brought_it() {
    if !real("each_package_is_attributed_to_the_layer_that_brought_it") {
        return;
    }
    for reference in layered() {
        let report = scan(&reference);
        let layers = report["result"]["image"]["layers"].as_array().unwrap();
        assert_eq!(layers.len(), 2, "{reference}");
        assert_eq!(layers[1]["created_by"], "dpkg --install example.deb");
        for package in report["result"]["packages"].as_array().unwrap() {
            let name = text(package, "name");
            let second = name == "hpcctl-example" || package["type"] == "pypi";
            let layer = &layers[usize::from(second)]["digest"];
            assert_eq!(
                package["locations"][0]["layer"], *layer,
                "{reference}: {name}"
            );
        }
        let gone = |path: &Value| path.as_str().is_some_and(|path| path.contains("e2fsprogs"));
        let files = report["result"]["files"].as_array().unwrap();
        assert!(
            !files.iter().any(|file| gone(&file["path"])),
            "a purged file is listed"
        );
    }
}

#[test]
fn a_debian_image_has_licences_and_a_verdict() {
    if !real("a_debian_image_has_licences_and_a_verdict") {
        return;
    }
    let report = scan(&references()[0]);
    let license = |name: &str| {
        let all = report["result"]["packages"].as_array().unwrap();
        let package = all.iter().find(|package| package["name"] == name).unwrap();
        package["licenses"]["concluded"]
            .as_str()
            .unwrap_or("")
            .to_owned()
    };
    assert_eq!(license("hpcctl-example"), "MIT OR GPL-2.0-or-later");
    assert!(
        license("bash").contains("GPL-3.0-or-later"),
        "{}",
        license("bash")
    );
    assert!(
        license("libc6").contains("LGPL-2.1-or-later"),
        "{}",
        license("libc6")
    );
    let without = report["result"]["packages"].as_array().unwrap().iter();
    let without: Vec<_> = without
        .filter(|package| package["licenses"]["concluded"].is_null())
        .collect();
    assert!(without.is_empty(), "without a licence: {without:?}");
    let verdict = &report["result"]["verdict"];
    assert!(
        ["conditional", "undetermined"].contains(&text(verdict, "outcome")),
        "{verdict}"
    );
    let obligations = verdict["obligations"].as_array().unwrap();
    assert!(
        obligations
            .iter()
            .any(|obligation| obligation["id"] == "source-offer")
    );
}

#[test]
fn software_bills_of_materials_are_valid_and_reproducible() {
    if !real("software_bills_of_materials_are_valid_and_reproducible") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    // The validators of SPDX know a format by the end of the name.
    let formats = [
        ("cyclonedx-json@1.6", "json"),
        ("cyclonedx-json@1.5", "json"),
        ("cyclonedx-xml@1.6", "xml"),
        ("cyclonedx-xml@1.5", "xml"),
        ("spdx-json@2.3", "spdx.json"),
        ("spdx-tag-value@2.3", "spdx"),
    ];
    let write = |run: usize| -> Vec<PathBuf> {
        let file = |(format, end)| dir.path().join(format!("{format}-{run}.{end}"));
        let files: Vec<PathBuf> = formats.into_iter().map(file).collect();
        let outputs = formats.iter().zip(&files);
        let outputs: Vec<String> = outputs
            .map(|((format, _), file)| format!("{format}={}", file.display()))
            .collect();
        let image = &references()[0];
        // Who supplies the image nothing in it tells, and the minimum elements ask for it.
        let mut args = vec![
            "scan",
            "image",
            image,
            "--supplier",
            "The hpcctl developers",
        ];
        args.extend(outputs.iter().flat_map(|output| ["-o", output]));
        let run = Run::of(command(&args).env("SOURCE_DATE_EPOCH", "1767225600"));
        assert_eq!(run.code, 0, "{}", run.stderr);
        files
    };
    let (one, two) = (write(1), write(2));
    let mut bills = Vec::new();
    for (((format, _), one), two) in formats.iter().zip(&one).zip(&two) {
        let text = fs::read_to_string(one).unwrap();
        assert!(
            text == fs::read_to_string(two).unwrap(),
            "{format}: two runs differ"
        );
        let purls = text.matches("pkg:deb/debian/").count();
        assert!(
            purls >= truth("debian.tsv").len(),
            "{format}: {purls} purls"
        );
        bills.push(format!("{format}={}", one.display()));
    }
    let spdx = one[4..].iter();
    bills.extend(spdx.map(|file| format!("ntia={}", file.display())));
    accepted(&bills);
}

/// Whether the official validators accept files, each given as `FORMAT=FILE`.
fn accepted(bills: &[String]) {
    let python = std::env::var("HPCCTL_PYTHON").expect("HPCCTL_PYTHON, as tests/run sets it");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/images/validate.py");
    let run = Run::of(std::process::Command::new(python).arg(script).args(bills));
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}

/// The arguments that write both formats of SPDX below `dir`, and what their validators are to
/// look at: the format, and the minimum elements.
fn spdx(dir: &Path, name: &str) -> ([String; 4], Vec<String>) {
    let [json, text] = ["spdx.json", "spdx"].map(|end| dir.join(format!("{name}.{end}")));
    let (json, text) = (json.display(), text.display());
    let args = [
        "-o",
        &format!("spdx-json={json}"),
        "-o",
        &format!("spdx-tag-value={text}"),
    ];
    let bills = vec![
        format!("spdx-json={json}"),
        format!("spdx-tag-value={text}"),
        format!("ntia={json}"),
        format!("ntia={text}"),
    ];
    (args.map(str::to_owned), bills)
}

/// The licence that the validator takes for an exception, by its name.
const TAKEN_FOR_EXCEPTION: &str = "MPL-2.0-no-copyleft-exception";

/// A bill by CycloneDX with a package for each licence and exception of the SPDX list that is not
/// deprecated.
fn every_license() -> Value {
    let list = hpcctl(&["license", "list", "-o", "json"]).json();
    let listed = list["result"].as_array().unwrap();
    let current = listed.iter().filter(|one| one["replaced_by"].is_null());
    let current = current.filter(|one| one["id"] != TAKEN_FOR_EXCEPTION);
    let expressions = current.filter_map(|one| match text(one, "list") {
        "licenses" => Some(text(one, "id").to_owned()),
        "exceptions" => Some(format!("GPL-2.0-only WITH {}", text(one, "id"))),
        _ => None,
    });
    let components = expressions.map(|one| {
        let name = one.replace(' ', "-");
        json!({"type": "library", "name": name, "version": "1", "licenses": [{"expression": one}],
               "purl": format!("pkg:generic/{name}@1"), "supplier": {"name": "nobody"}})
    });
    let components: Vec<Value> = components.collect();
    assert!(components.len() > 750, "{} licences", components.len());
    json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components,
           "metadata": {"supplier": {"name": "nobody"}, "component": {"type": "container", "name": "all"}}})
}

#[test]
fn spdx_of_every_image_and_of_every_licence_is_valid_and_has_the_minimum_elements() {
    if !real("spdx_of_every_image_and_of_every_licence_is_valid_and_has_the_minimum_elements") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (images, mut bills) = (images(), Vec::new());
    let images = images.display();
    for (name, reference) in [
        ("debian", format!("docker-archive:{images}/debian.tar")),
        ("rpm", format!("dir:{images}/rpmroot")),
        ("trees", format!("oci:{images}/trees/layout:v1")),
    ] {
        let (args, of_image) = spdx(dir.path(), name);
        let scan = ["scan", "image", &reference, "--supplier", "A Centre"];
        let run = Run::of(command(&scan).args(args));
        assert_eq!(run.code, 0, "{reference}: {}", run.stderr);
        bills.extend(of_image);
    }
    let given = dir.path().join("licences.json");
    let all = every_license();
    fs::write(&given, all.to_string()).unwrap();
    let (args, of_licences) = spdx(dir.path(), "licences");
    let run = Run::of(command(&["scan", "sbom", given.to_str().unwrap()]).args(args));
    assert_eq!(run.code, 0, "{}", run.stderr);
    // What was written as a reference, or by the id that a document has for a name of none, means the
    // same licence to whoever reads it.
    for bill in &of_licences[..2] {
        let (_, file) = bill.split_once('=').unwrap();
        let read = hpcctl(&["scan", "sbom", file, "-o", "json"]).json();
        let read = read["result"]["packages"].as_array().unwrap();
        let of = |package: &Value| {
            let declared = text(&package["licenses"], "declared");
            (text(package, "name").to_owned(), declared.to_owned())
        };
        let read: BTreeSet<_> = read.iter().map(of).collect();
        let components = all["components"].as_array().unwrap();
        let given = components.iter().map(|one| {
            let expression = text(&one["licenses"][0], "expression");
            let only = if expression.ends_with("-invariants") {
                "-only"
            } else {
                ""
            };
            (text(one, "name").to_owned(), format!("{expression}{only}"))
        });
        let given: BTreeSet<_> = given.collect();
        assert_eq!(read, given, "{bill}");
    }
    // The validator takes minutes for a document of so many: in one form.
    bills.extend(of_licences.into_iter().take(1));
    accepted(&bills);
}

#[test]
fn an_rpm_database_lists_exactly_the_packages_of_rpm() {
    if !real("an_rpm_database_lists_exactly_the_packages_of_rpm") {
        return;
    }
    let report = scan(&format!("dir:{}/rpmroot", images().display()));
    assert_eq!(packages(&report, "rpm"), truth("rpm.tsv"));
    let first = &report["result"]["packages"][0];
    assert_eq!(first["licenses"]["declared"], "GPL-2.0-or-later AND MIT");
}

/// The ecosystem, name and version of a package, a tab between, as trees.tsv has them.
fn known(package: &Value) -> String {
    let purl = text(package, "purl");
    let names = [
        ("?spack=", "spack"),
        ("&spack=", "spack"),
        ("?module=", "module"),
    ];
    let of_tree = names.iter().find(|(mark, _)| purl.contains(mark));
    let kind = of_tree.map_or(text(package, "type"), |(_, name)| name);
    let name = text(package, "name").rsplit(':').next().unwrap();
    format!("{kind}\t{name}\t{}", text(package, "version"))
}

#[test]
fn trees_and_odd_layers_list_exactly_what_was_put_there() {
    if !real("trees_and_odd_layers_list_exactly_what_was_put_there") {
        return;
    }
    let report = scan(&format!("oci:{}/trees/layout:v1", images().display()));
    let all = report["result"]["packages"].as_array().unwrap();
    let found: BTreeSet<String> = all.iter().map(known).collect();
    assert_eq!(found, truth("trees.tsv"));
    assert_eq!(report["result"]["complete"], true);
}

#[test]
fn a_truncated_archive_keeps_what_came_before_and_says_so() {
    if !real("a_truncated_archive_keeps_what_came_before_and_says_so") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for (whole, parts) in [
        ("debian.tar", [0.3, 0.9, 0.999]),
        ("debian.oci.tar", [0.3, 0.9, 0.999]),
    ] {
        let bytes = fs::read(images().join(whole)).unwrap();
        for part in parts {
            let cut = dir.path().join("cut.tar");
            fs::write(&cut, &bytes[..(bytes.len() as f64 * part) as usize]).unwrap();
            let run = hpcctl(&["scan", "image", cut.to_str().unwrap(), "-o", "json"]);
            match run.code {
                3 => {
                    let report = run.json();
                    assert_eq!(report["result"]["complete"], false);
                    assert!(!report["unknowns"].as_array().unwrap().is_empty());
                    assert_ne!(report["result"]["verdict"]["outcome"], "publishable");
                }
                5 => assert!(
                    run.stderr.starts_with("hpcctl: cannot scan"),
                    "{}",
                    run.stderr
                ),
                code => panic!("{whole} cut at {part}: exit {code}: {}", run.stderr),
            }
        }
    }
}

/// What is planted, and what only looks like it, as the comparison with peers has it.
#[test]
fn what_is_planted_in_any_layer_is_found_and_nothing_else() {
    if !real("what_is_planted_in_any_layer_is_found_and_nothing_else") {
        return;
    }
    let python = std::env::var("HPCCTL_PYTHON").expect("HPCCTL_PYTHON, as tests/run sets it");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/images/secrets");
    let run = Run::of(
        std::process::Command::new(python)
            .arg(script)
            .arg(env!("CARGO_BIN_EXE_hpcctl")),
    );
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(!run.stdout.contains("trivy"), "{}", run.stdout);
}
