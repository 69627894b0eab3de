//! Specifications of the Container Device Interface, by which podman and others hand over GPUs:
//! `SPEC.md` of <https://github.com/cncf-tags/container-device-interface>.

/// Where they are, in the order of the standard.
pub const DIRECTORIES: &[&str] = &["/etc/cdi", "/var/run/cdi"];

/// The most specifications of a directory that are looked at.
pub const FILES: usize = 16;

/// The most paths of one that are looked at.
const PATHS: usize = 512;

/// Whether a file of such a directory is one.
pub fn is_specification(name: &str) -> bool {
    [".yaml", ".yml", ".json"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// The kind of the devices of a specification, such as `nvidia.com/gpu`.
pub fn kind(text: &str) -> Option<String> {
    if text.trim_start().starts_with('{') {
        let whole: serde_json::Value = serde_json::from_str(text).ok()?;
        return whole.get("kind")?.as_str().map(str::to_owned);
    }
    // Of YAML the members of the whole stand at the beginning of a line.
    let mut values = text.lines().filter_map(|line| {
        let rest = line
            .strip_prefix("kind")
            .or(line.strip_prefix("\"kind\""))?;
        rest.trim_start().strip_prefix(':')
    });
    let value = values.next()?;
    let value = value.split(" #").next().unwrap_or(value).trim();
    Some(value.trim_matches(['"', '\'']).to_owned())
}

/// Every `hostPath` of a specification, in YAML or JSON alike.
pub fn host_paths(text: &str) -> Vec<&str> {
    let values = text.split("hostPath").skip(1).filter_map(|rest| {
        let rest = rest
            .trim_start_matches('"')
            .trim_start()
            .strip_prefix(':')?;
        let rest = rest.trim_start().trim_start_matches('"');
        let end = rest.find(['"', '\n', ',']).unwrap_or(rest.len());
        Some(rest[..end].trim())
    });
    values
        .filter(|path| path.starts_with('/'))
        .take(PATHS)
        .collect()
}

/// Whether it has a device of a name, such as `all`.
pub fn has_device(text: &str, name: &str) -> bool {
    let values = text.split("name").skip(1).filter_map(|rest| {
        let rest = rest.trim_start_matches('"').trim_start();
        let rest = rest.strip_prefix(':')?.trim_start();
        rest.split([',', '\n', '}']).next()
    });
    let mut values = values.map(|value| value.trim().trim_matches(['"', '\'']));
    values.any(|value| value == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        for text in [
            "kind: nvidia.com/gpu\ndevices:\n- name: \"0\"\n- name: all\n  containerEdits:\n  - hostPath: /usr/lib/a\n",
            r#"{"kind":"nvidia.com/gpu","devices":[{"name":"0"},{"name": "all"}],"hostPath": "/usr/lib/a","x":1}"#,
        ] {
            assert_eq!(host_paths(text), ["/usr/lib/a"], "{text}");
            assert!(has_device(text, "all") && has_device(text, "0"), "{text}");
            assert!(!has_device(text, "1"), "{text}");
        }
        for (text, wanted) in [
            (
                "cdiVersion: 0.5.0\nkind: nvidia.com/gpu # all\n",
                Some("nvidia.com/gpu"),
            ),
            (
                "\"kind\": 'management.nvidia.com/gpu'\n",
                Some("management.nvidia.com/gpu"),
            ),
            ("annotations:\n  kind: nvidia.com/gpu\n", None),
            (
                r#"{"annotations":{"kind":"nvidia.com/gpu"},"kind":"amd.com/gpu"}"#,
                Some("amd.com/gpu"),
            ),
            (r#"{"kind":"nvidia.com/gpu""#, None),
        ] {
            assert_eq!(kind(text).as_deref(), wanted, "{text}");
        }
        assert!(is_specification("nvidia.yaml") && !is_specification("nvidia.yaml.bak"));
    }
}
