//! The gate as its users meet it: every exit status, every format, and that no error reads as
//! leave.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::{Run, hpcctl};
use crate::handmade::{changed, layout as layout_of};

mod deleted;
mod documents;
mod failures;
pub mod log;
mod outcomes;
pub mod platforms;
mod policies;
mod privileged;
mod remedies;
mod results;
mod rules;

pub use policies::logs;

/// A root file system with one package of this licence, and a directory for results.
struct Tree {
    dir: tempfile::TempDir,
}

impl Tree {
    fn new(license: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tree = Self { dir };
        tree.write(
            "root/usr/lib/python3/dist-packages/a-1.dist-info/METADATA",
            &format!("Metadata-Version: 2.4\nName: a\nVersion: 1\nLicense-Expression: {license}\n"),
        );
        tree
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn write(&self, path: &str, text: &str) -> String {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn gate(&self, args: &[&str]) -> Run {
        let root = format!("dir:{}", self.path("root").display());
        let state = self.path("state").display().to_string();
        let first = ["gate", &root, "--state", &state];
        hpcctl(&[&first, args].concat())
    }

    fn policy(&self, text: &str) -> String {
        self.write("policy.toml", &format!("version = 1\n{text}"))
    }
}

fn outcome(run: &Run) -> String {
    run.json()["result"]["decision"]["outcome"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// The arguments that gate an image of one layer in a layout, whose blobs lie in the directory.
fn layout(dir: &Path) -> String {
    let archive = crate::handmade::docker_archive(dir);
    format!("docker-archive:{}", archive.display())
}

/// The findings of a rule, each with its level.
fn findings(run: &Run, rule: &str) -> Vec<(String, String)> {
    let report = run.json();
    let rules = report["result"]["decision"]["rules"].as_array().unwrap();
    let rule = rules.iter().find(|it| it["id"] == rule).unwrap();
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap().to_owned();
    let findings = rule["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| (text(finding, "level"), text(finding, "text")))
        .collect()
}

/// Gates a layout of one layer after its documents were changed; its findings are of this run.
fn gated(dir: &Path, layer: &[u8], change: impl FnOnce(&mut Value, &mut Value)) -> Run {
    let path = dir.join("layout");
    let _ = fs::remove_dir_all(&path);
    layout_of(&path, "amd64", &json!({}), Some(layer));
    changed(&path, change);
    gate_layout(dir)
}

/// Gates the layout in a directory.
fn gate_layout(dir: &Path) -> Run {
    let image = format!("oci:{}", dir.join("layout").display());
    let state = dir.join("state").display().to_string();
    hpcctl(&["gate", &image, "--state", &state, "-o", "json"])
}
