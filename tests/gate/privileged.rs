//! Files that give more rights, by the formats that hold them.

use std::process::Command;

use serde_json::Value;

use super::Tree;
use crate::cli::{Run, hpcctl};

/// The files that give rights, a line each, sorted.
fn privileged(reference: &str) -> Vec<String> {
    let report = hpcctl(&["scan", "image", reference, "-o", "json"]).json();
    let privileged = report["result"]["privileged"].as_array().unwrap().iter();
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or("").to_owned();
    let line = |one: &Value| {
        ["path", "kind", "detail"]
            .map(|key| text(one, key))
            .join(" ")
    };
    let mut told: Vec<String> = privileged.map(line).collect();
    told.sort();
    told
}

#[test]
fn capabilities_and_devices_are_told_of_file_systems_and_of_a_tree() {
    if !crate::real::real("capabilities_and_devices_are_told_of_file_systems_and_of_a_tree") {
        return;
    }
    let tree = Tree::new("MIT");
    tree.write("root/usr/bin/ping", "\u{7f}ELF");
    let script = "import os, stat, sys\nroot = sys.argv[1]\n\
        os.chmod(root + '/usr/bin/ping', 0o755)\n\
        os.setxattr(root + '/usr/bin/ping', 'user.note', b'x')\n\
        os.setxattr(root + '/usr/bin/ping', 'security.capability', bytes.fromhex('0100000200200000') + bytes(12))\n\
        os.mknod(root + '/usr/bin/mem', stat.S_IFCHR | 0o600, os.makedev(1, 300))\n\
        os.mknod(root + '/usr/bin/disk', stat.S_IFBLK | 0o600, os.makedev(259, 5))\n";
    let root = tree.path("root").display().to_string();
    let image = tree.path("image.sqfs").display().to_string();
    let python = std::env::var_os("HPCCTL_PYTHON").unwrap();
    let ext = |name: &str| tree.path(name).display().to_string();
    // The attributes of small inodes lie in a block, and ext3 has no extents.
    let (ext4, ext3) = (ext("image.ext4"), ext("image.ext3"));
    let mke2fs = |kind: &str, size: &str, image: &str| {
        let mut command = Command::new("mke2fs");
        command.args(["-q", "-t", kind, "-I", size, "-d", &root, image, "16M"]);
        command
    };
    let mut made = Command::new(python);
    made.args(["-c", script, &root]);
    let mut squashed = Command::new("mksquashfs");
    squashed.args([&root, &image, "-quiet", "-no-progress"]);
    let commands = [
        made,
        squashed,
        mke2fs("ext4", "256", &ext4),
        mke2fs("ext3", "128", &ext3),
    ];
    for mut command in commands {
        let run = Run::of(&mut command);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    }
    for reference in [
        format!("squashfs:{image}"),
        format!("ext:{ext4}"),
        format!("ext:{ext3}"),
        format!("dir:{root}"),
    ] {
        let told = privileged(&reference);
        assert_eq!(
            told,
            [
                "/usr/bin/disk device block 259:5",
                "/usr/bin/mem device character 1:300",
                "/usr/bin/ping capabilities cap_net_raw",
            ],
            "{reference}"
        );
    }
}
