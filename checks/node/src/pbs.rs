//! PBS: what qmgr(8B) tells of resources and hooks.

use crate::{Finding, Reading, Site};

/// Asks the server for a resource.
pub fn resource(site: &Site<'_>, name: &str) -> Reading {
    match site.host.which("qmgr") {
        Some(qmgr) => Reading::new().run(site, &[&qmgr, "-c", &format!("list resource {name}")]),
        None => Reading::new(),
    }
}

/// Asks the server for its hooks.
pub fn list_hooks(site: &Site<'_>) -> Reading {
    match site.host.which("qmgr") {
        Some(qmgr) => Reading::new().run(site, &[&qmgr, "-c", "list hook"]),
        None => Reading::new(),
    }
}

/// Judges whether the server has it.
pub fn judge_resource(reading: &Reading, name: &str) -> Finding {
    let Some(ran) = reading.ran.first() else {
        return Finding::skipped("PBS is not installed here").holding(false);
    };
    let said = format!("{}{}", ran.stdout, ran.stderr);
    if ran.ok() && ran.stdout.contains(name) {
        return Finding::pass(format!("the PBS server has the resource {name}"));
    }
    if said.contains("Unknown resource") {
        return Finding::warn(format!(
            "the PBS server has no resource {name}: qsub refuses jobs that ask for it"
        ))
        .holding(false);
    }
    Finding::unknown(format!("qmgr does not say: {}", ran.first_line()))
}

/// The hooks in what `list hook` prints, and whether each is enabled.
pub fn hooks(text: &str) -> Vec<(String, bool)> {
    let mut hooks: Vec<(String, bool)> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("Hook ") {
            hooks.push((name.trim().to_owned(), false));
        } else if let (Some(hook), Some(("enabled", value))) = (
            hooks.last_mut(),
            line.split_once('=')
                .map(|(key, value)| (key.trim(), value.trim())),
        ) {
            hook.1 = value.eq_ignore_ascii_case("true");
        }
    }
    hooks
}

#[cfg(test)]
mod tests {
    use hpcctl_host::command::End;

    use super::*;
    use crate::scripted::ran;

    #[test]
    fn an_unknown_resource_is_told_from_no_answer() {
        let find = |status, stderr: &str| {
            let reading = Reading {
                ran: vec![ran(&["qmgr"], End::Exit(status), stderr)],
                ..Reading::new()
            };
            judge_resource(&reading, "container_image").status.as_str()
        };
        assert_eq!(
            find(
                1,
                "qmgr obj=container_image svr=default: Unknown resource\n"
            ),
            "warn"
        );
        assert_eq!(find(1, "qmgr: cannot connect to server\n"), "unknown");
    }

    #[test]
    fn hooks_are_listed_with_their_state() {
        let text = "Hook a\n    type = site\n    enabled = true\nHook b\n    enabled = false\n";
        assert_eq!(hooks(text), [("a".into(), true), ("b".into(), false)]);
    }
}
