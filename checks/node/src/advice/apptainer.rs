//! Apptainer's environment.

use super::Known;

/// How the variables begin: Apptainer reads those of its predecessor, too, and SingularityCE no others.
fn prefix(known: &Known<'_>) -> &'static str {
    let path = known.path("apptainer").unwrap_or_default();
    match path.ends_with("/singularity") {
        true => "SINGULARITY",
        false => APPTAINER,
    }
}

const APPTAINER: &str = "APPTAINER";

/// Writes the script.
pub(super) fn write(known: &Known<'_>) -> String {
    let prefix = prefix(known);
    let mut lines = vec![
        "# What Apptainer needs on this node; put it into ~/.profile.".to_owned(),
        "# Caches and unpacked images go to a local disk, not to a shared home.".to_owned(),
        format!("export {prefix}_CACHEDIR=/var/tmp/$(id -un)/apptainer"),
        format!("export {prefix}_TMPDIR=/var/tmp/$(id -un)"),
        format!("mkdir -p \"${prefix}_CACHEDIR\""),
    ];
    if !known.passes("fuse.userns") && !known.passes("apptainer.suid") {
        lines.push(format!(
            "# Images cannot be mounted: {}",
            known.summary("fuse.userns")
        ));
        // SingularityCE has no such variable.
        if prefix == APPTAINER {
            lines.push(format!("export {prefix}_UNSQUASH=1"));
        }
    }
    if !known.maps_many() {
        lines
            .push("# One id alone is mapped: builds use the command fakeroot of the image.".into());
    }
    if known.passes("gpu.nodes") {
        lines.push("# The GPUs of the node in every container.".into());
        lines.push(format!("export {prefix}_NV=1"));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::{Status, Verdict};

    use super::*;
    use crate::advice::tests::report;

    #[test]
    fn images_are_unpacked_where_they_cannot_be_mounted() {
        let mounted = report(&[("fuse.userns", Status::Pass)], &[]);
        assert!(!write(&Known::new(&mounted)).contains("UNSQUASH"));
        assert!(write(&Known::new(&report(&[], &[]))).contains("APPTAINER_UNSQUASH=1"));
    }

    #[test]
    fn singularity_ce_has_variables_of_its_own() {
        let mut node = report(
            &[("gpu.nodes", Status::Pass)],
            &[("apptainer", Verdict::Yes)],
        );
        for (program, own) in [("apptainer", "APPTAINER_"), ("singularity", "SINGULARITY_")] {
            for row in &mut node.runtimes {
                row.path = Some(format!("/usr/bin/{program}"));
            }
            let script = write(&Known::new(&node));
            let mut lines = script.lines().filter(|line| line.starts_with("export "));
            assert!(lines.all(|line| line[7..].starts_with(own)), "{script}");
        }
    }
}
