//! The report of a night, that of bench and that of a node as HTML in a real browser, Debian's chromium without a window: light and
//! dark, on a phone and on a screen. What is wrong for readers with other senses is found by
//! axe-core (https://github.com/dequelabs/axe-core), which the package axe-playwright-python ships.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::cli::{Run, hpcctl};
use crate::real::real;
use crate::report::{line, night};

/// The text of axe-core.
fn axe() -> String {
    let python = std::env::var("HPCCTL_PYTHON").expect("tests/run sets HPCCTL_PYTHON");
    let place = "import importlib.util as u; \
                 print(u.find_spec('axe_playwright_python').submodule_search_locations[0])";
    let run = Run::of(Command::new(python).args(["-c", place]));
    assert_eq!(run.code, 0, "{}", run.stderr);
    fs::read_to_string(Path::new(run.stdout.trim()).join("axe.min.js")).unwrap()
}

/// A report with something in every part, and sets of nodes that no line holds.
fn page(dir: &Path) -> String {
    let state = dir.join("state").display().to_string();
    let odd: Vec<usize> = (1..600).step_by(2).collect();
    for (day, failing) in [(22, &[1, 2, 3][..]), (23, &[3, 4]), (24, &odd)] {
        let file = dir.join(day.to_string());
        let mut text = night(day, 600, failing, "ns.user");
        // In the last night a node of its own with two findings, which are a list.
        if day == 24 {
            text += &line("x1", &["ns.user", "fuse.open"], "2026-11-24T02:00:00Z");
        }
        fs::write(&file, text).unwrap();
        let add = ["report", "add", "--state", &state, file.to_str().unwrap()];
        assert_eq!(hpcctl(&add).code, 0);
    }
    let at = "2026-11-24T06:00:00Z";
    let args = [
        "report", "nightly", "--state", &state, "--at", at, "-o", "html",
    ];
    let run = hpcctl(&args);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let list = "<td>x1</td><td><ul><li>fail <b>";
    assert!(run.stdout.contains(list), "{}", run.stdout);
    run.stdout
}

/// A text as a literal of JavaScript within HTML.
fn literal(text: &str) -> String {
    Value::from(text)
        .to_string()
        .replace("</", "<\\/")
        .replace("<!--", "<\\!--")
}

/// Runs chromium on a file; answers the page as it became, and what it said on its console.
fn chromium(dir: &Path, file: &Path, more: &[&str]) -> Run {
    let profile = format!("--user-data-dir={}", dir.join("profile").display());
    let mut command = Command::new("timeout");
    // Root has no sandbox; this page is our own.
    command.args([
        "--signal=KILL",
        "120",
        "chromium",
        "--headless",
        "--no-sandbox",
    ]);
    command.args(["--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]);
    command.args(["--enable-logging=stderr", "--virtual-time-budget=60000"]);
    command
        .arg(profile)
        .args(more)
        .arg(format!("file://{}", file.display()));
    Run::of(command.env("HOME", dir))
}

/// What the page is in a frame of a width.
fn looked_at(dir: &Path, page: &str, width: u32, scheme: &str) -> Value {
    let frame = include_str!("browser/look.html");
    let frame = frame.replace("WIDTH", &width.to_string());
    let frame = frame
        .replace("AXE", &literal(&axe()))
        .replace("PAGE", &literal(page));
    let file = dir.join("look.html");
    fs::write(&file, frame).unwrap();
    let run = chromium(dir, &file, &["--dump-dom", scheme]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!run.stderr.contains(":CONSOLE"), "{}", run.stderr);
    let (_, found) = run.stdout.split_once("<pre id=\"found\">").unwrap();
    let (found, _) = found.split_once("</pre>").unwrap();
    let found = found
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    serde_json::from_str(&found).unwrap_or_else(|error| panic!("{error}: {found}{}", run.stderr))
}

/// Whether a page is readable on a phone and on a screen, light and dark, and has so many rows and charts.
fn is_readable(dir: &Path, page: &str, rows: u64, charts: u64) {
    for (scheme, dark) in [(1, false), (0, true)] {
        let scheme = format!("--blink-settings=preferredColorScheme={scheme}");
        for width in [360, 1200] {
            let found = looked_at(dir, page, width, &scheme);
            let place = format!("{width} dark {dark}: {found}");
            assert_eq!(found["dark"], dark, "{place}");
            let ground = if dark {
                "rgb(20, 20, 20)"
            } else {
                "rgb(255, 255, 255)"
            };
            assert_eq!(found["ground"], ground, "{place}");
            let shown = found["width"].as_f64().unwrap();
            assert!(found["scrolls"].as_f64().unwrap() <= shown, "{place}");
            assert!(found["widest"].as_f64().unwrap() <= shown + 0.5, "{place}");
            // A name is not broken letter by letter to make room for a set of nodes.
            assert!(found["lines"].as_f64().unwrap() < 2.0, "{place}");
            assert!(found["rows"].as_u64().unwrap() >= rows, "{place}");
            assert!(found["charts"].as_u64().unwrap() >= charts, "{place}");
            assert!(
                found["passes"].as_u64().unwrap() > 10,
                "axe looked: {place}"
            );
            assert_eq!(found["serious"], serde_json::json!([]), "{place}");
        }
    }
}

/// Takes a picture of a page, which stays to be looked at.
fn is_drawn(dir: &Path, page: &str, name: &str) {
    let file = dir.join("report.html");
    fs::write(&file, page).unwrap();
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let screenshot = format!("--screenshot={}", picture.display());
    let run = chromium(dir, &file, &[&screenshot, "--window-size=1200,900"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let bytes = fs::read(&picture).unwrap();
    assert!(
        bytes.starts_with(b"\x89PNG") && bytes.len() > 10_000,
        "{}",
        bytes.len()
    );
}

#[test]
fn the_report_is_readable_in_a_browser() {
    if !real("the_report_is_readable_in_a_browser") {
        return;
    }
    let dir = tempfile::tempdir_in("/var/tmp").unwrap();
    let page = page(dir.path());
    is_readable(dir.path(), &page, 2, 2);
    is_drawn(dir.path(), &page, "report.png");
}

#[test]
fn what_a_container_costs_is_readable_in_a_browser() {
    if !real("what_a_container_costs_is_readable_in_a_browser") {
        return;
    }
    let dir = tempfile::tempdir_in("/var/tmp").unwrap();
    let args = ["bench", "ranks", "libc", "--budget", "1s", "-o", "html"];
    let run = hpcctl(&args);
    assert!([0, 1, 3].contains(&run.code), "{}", run.stderr);
    // A line for either side: five sizes on one chart, and each measurement on one of its own.
    is_readable(dir.path(), &run.stdout, 9, 2 + 2 * 9);
    is_drawn(dir.path(), &run.stdout, "bench.png");
}

#[test]
fn what_a_node_can_do_is_readable_in_a_browser() {
    if !real("what_a_node_can_do_is_readable_in_a_browser") {
        return;
    }
    let dir = tempfile::tempdir_in("/var/tmp").unwrap();
    let run = hpcctl(&["doctor", "--fast", "-o", "html"]);
    assert!([0, 1, 3].contains(&run.code), "{}", run.stderr);
    is_readable(dir.path(), &run.stdout, 200, 0);
    is_drawn(dir.path(), &run.stdout, "doctor.png");
}
