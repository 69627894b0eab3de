//! What a later layer deletes or replaces is told as it is where it is there.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::hpcctl;
use crate::handmade::{blob, changed, debian, layout, sha256, tar};

/// The instruction that brings what is deleted.
const BRINGS: &str = "COPY tools /";

/// A program with capabilities, a device, a set-user-id and a set-group-id program, and data.
fn lower() -> Vec<u8> {
    let program = fs::read("/bin/true").unwrap();
    let data = [&b"CDF\x02"[..], &[0; 2 << 20]].concat();
    let mut tar = tar::Builder::new(Vec::new());
    let header = |path: &str, mode: u32, kind, size: usize| {
        let mut header = tar::Header::new_ustar();
        header.set_path(path).unwrap();
        header.set_mode(mode);
        header.set_size(size as u64);
        header.set_entry_type(kind);
        header
    };
    let regular = tar::EntryType::Regular;
    for (path, mode, bytes) in [
        ("opt/su3", 0o4755, &program[..]),
        ("usr/local/bin/x", 0o2755, &program[..]),
        ("srv/d/patients.nc", 0o644, &data),
    ] {
        let mut header = header(path, mode, regular, bytes.len());
        header.set_cksum();
        tar.append(&header, bytes).unwrap();
    }
    let mut device = header("dev/sda", 0o660, tar::EntryType::Block, 0);
    device.set_device_major(8).unwrap();
    device.set_device_minor(0).unwrap();
    device.set_cksum();
    tar.append(&device, &[][..]).unwrap();
    let bits = [
        1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    let attribute = ("SCHILY.xattr.security.capability", &bits[..]);
    tar.append_pax_extensions([attribute]).unwrap();
    let mut header = header("opt/ping", 0o755, regular, program.len());
    header.set_cksum();
    tar.append(&header, &program[..]).unwrap();
    tar.into_inner().unwrap()
}

/// The image with further layers, each with its instruction.
fn layers(dir: &Path, more: &[(&str, &[u8])]) {
    let path = dir.join("layout");
    let _ = fs::remove_dir_all(&path);
    layout(&path, "amd64", &json!({}), Some(&debian()));
    changed(&path, |manifest, config| {
        for (by, bytes) in more {
            fs::write(blob(&path, bytes), bytes).unwrap();
            let digest = format!("sha256:{}", sha256(bytes));
            let layer = json!({"mediaType": "application/vnd.oci.image.layer.v1.tar",
                               "digest": digest, "size": bytes.len()});
            manifest["layers"].as_array_mut().unwrap().push(layer);
            let ids = config["rootfs"]["diff_ids"].as_array_mut();
            ids.unwrap().push(json!(digest));
            let history = config["history"].as_array_mut().unwrap();
            history.push(json!({"created_by": by}));
        }
    });
}

/// The findings about rights and data of a decision: what is said, the level, whether it is deleted
/// and the instruction.
fn told(dir: &Path, policy: &str) -> Vec<Value> {
    let rules = "version = 1\n[data]\nmax-size = \"1 MiB\"\n[rules]\n\"content.unowned\" = \"allow\"\n\
                 \"file.privileged\" = \"deny\"\n\"content.data\" = \"review\"\n";
    let path = |name: &str| dir.join(name).display().to_string();
    let (image, file, state) = (
        format!("oci:{}", path("layout")),
        path("policy.toml"),
        path("state"),
    );
    fs::write(&file, format!("{rules}{policy}")).unwrap();
    let now = "2026-02-01T00:00:00Z";
    let args = [
        "gate", &image, "--policy", &file, "--state", &state, "--now", now, "-o", "json",
    ];
    let report = hpcctl(&args).json();
    let rules = report["result"]["decision"]["rules"].as_array().unwrap();
    let named = ["layer.history", "file.privileged", "content.data"];
    let rules = rules
        .iter()
        .filter(|rule| named.iter().any(|id| rule["id"] == *id));
    let findings = rules.flat_map(|rule| rule["findings"].as_array().unwrap().clone());
    findings.collect()
}

/// The path and the level of each finding, in order.
fn levels(found: &[Value]) -> Vec<String> {
    let line =
        |one: &Value| ["level", "path"].map(|key| one[key].as_str().unwrap_or("-").to_owned());
    let mut lines: Vec<String> = found.iter().map(|one| line(one).join(" ")).collect();
    lines.sort();
    lines
}

#[test]
fn rights_and_data_that_a_later_layer_deletes_are_told_as_where_they_are_there() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let lower = lower();
    layers(dir, &[(BRINGS, &lower)]);
    let there = told(dir, "");
    let expected = [
        "deny /dev/sda",
        "deny /opt/ping",
        "deny /opt/su3",
        "deny /usr/local/bin/x",
        "review /srv/d/patients.nc",
    ];
    assert_eq!(levels(&there), expected);
    assert!(there.iter().all(|one| one["deleted"] == false));
    let none: &[u8] = &[];
    let gone = tar(&[
        ("dev/.wh.sda", 0o644, none),
        ("opt/.wh..wh..opq", 0o644, none),
        ("usr/local/bin/.wh.x", 0o644, none),
        ("srv/.wh.d", 0o644, none),
    ]);
    layers(dir, &[(BRINGS, &lower), ("RUN rm", &gone)]);
    let deleted = told(dir, "");
    assert_eq!(levels(&deleted), expected);
    for one in &deleted {
        assert_eq!(one["deleted"], true, "{one}");
        assert_eq!(one["created_by"], BRINGS, "{one}");
        assert!(
            one["text"]
                .as_str()
                .unwrap()
                .ends_with("ships all the same."),
            "{one}"
        );
    }
    // What the site allows, it allows there, too.
    let named = "[[privileged.allow]]\npath = \"/opt/*\"\n";
    assert_eq!(
        levels(&told(dir, named)),
        [expected[0], expected[3], expected[4]]
    );
}

#[test]
fn what_replaces_a_right_with_the_same_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let image = |su: &[u8], mode: u32, size: usize| {
        let data = [&b"CDF\x02"[..], &vec![0; size]].concat();
        tar(&[("opt/su", mode, su), ("srv/a.nc", 0o644, &data)])
    };
    let program = fs::read("/bin/true").unwrap();
    let other = [&program[..], b"another"].concat();
    let lower = image(&other, 0o4755, 2 << 20);
    let again = &program[..];
    let both = ["deny /opt/su", "review /srv/a.nc"];
    for (mode, size) in [(0o4755, 3 << 20), (0o755, 1)] {
        let lower = image(again, 0o4755, 2 << 20);
        let upper = image(again, mode, size);
        layers(dir, &[(BRINGS, &lower), ("RUN again", &upper)]);
        let found = told(dir, "");
        assert_eq!(levels(&found), both, "{mode:o}");
        let is_deleted = |one: &Value| one["deleted"] == (size == 1);
        assert!(found.iter().all(is_deleted), "{found:?}");
    }
    // Another program is told besides.
    let upper = image(again, 0o4755, 3 << 20);
    layers(dir, &[(BRINGS, &lower), ("RUN again", &upper)]);
    let found = told(dir, "");
    assert_eq!(levels(&found), [both[0], both[0], both[1]]);
    let is_other = |one: &&Value| one["deleted"] == true;
    let others: Vec<&Value> = found.iter().filter(is_other).collect();
    assert_eq!(others.len(), 1, "{found:?}");
    assert_eq!(others[0]["sha256"], sha256(&other));
    // The digest that the site allows is that of what is there, and the one that a waiver covers, too.
    let named = "[[privileged.allow]]\npath = \"/opt/su\"\n";
    let digest = format!("sha256 = \"{}\"\n", sha256(again));
    let found = told(dir, &format!("{named}{digest}"));
    assert_eq!(levels(&found), both);
    assert!(found.iter().any(|one| one["deleted"] == true), "{found:?}");
    let waiver = format!(
        "[[waiver]]\nid = \"W-1\"\nrule = \"file.privileged\"\nscope = {{ sha256 = \"{}\" }}\nowner = \"a\"\n\
         approved-by = \"b\"\nreason = \"c\"\nfrom = \"2026-01-01\"\nexpires = \"2026-05-01\"\n",
        sha256(again)
    );
    let found = told(dir, &waiver);
    assert_eq!(levels(&found), [both[0], both[0], both[1]]);
    let covers = |one: &&Value| one["path"] == "/opt/su" && one["waived_by"] == Value::Null;
    let left: Vec<&Value> = found.iter().filter(covers).collect();
    assert_eq!(left.len(), 1, "{found:?}");
    assert_eq!(left[0]["deleted"], true);
    assert_eq!(levels(&told(dir, named)), [both[1]]);
}

#[test]
fn data_under_a_program_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let data = [&b"CDF\x02"[..], &[0; 2 << 20]].concat();
    let program = [fs::read("/bin/true").unwrap(), vec![0; 3 << 20]].concat();
    let lower = tar(&[("srv/a.nc", 0o644, &data)]);
    let upper = tar(&[("srv/a.nc", 0o755, &program)]);
    layers(dir, &[(BRINGS, &lower), ("RUN again", &upper)]);
    let found = told(dir, "");
    assert_eq!(levels(&found), ["review /srv/a.nc"]);
    assert_eq!(found[0]["deleted"], true, "{found:?}");
}
