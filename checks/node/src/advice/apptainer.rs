//! Apptainer's environment.

use super::Known;

/// Writes the script.
pub(super) fn write(known: &Known<'_>) -> String {
    let mut lines = vec![
        "# What Apptainer needs on this node; put it into ~/.profile.".to_owned(),
        "# Caches and unpacked images go to a local disk, not to a shared home.".to_owned(),
        "export APPTAINER_CACHEDIR=/var/tmp/$(id -un)/apptainer".into(),
        "export APPTAINER_TMPDIR=/var/tmp/$(id -un)".into(),
        "mkdir -p \"$APPTAINER_CACHEDIR\"".into(),
    ];
    if !known.passes("fuse.userns") && !known.passes("apptainer.suid") {
        lines.push(format!(
            "# Images cannot be mounted: {}",
            known.summary("fuse.userns")
        ));
        lines.push("export APPTAINER_UNSQUASH=1".into());
    }
    if !known.maps_many() {
        lines
            .push("# One id alone is mapped: builds use the command fakeroot of the image.".into());
    }
    if known.passes("gpu.nodes") {
        lines.push("# The GPUs of the node in every container.".into());
        lines.push("export APPTAINER_NV=1".into());
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::Status;

    use super::*;
    use crate::advice::tests::report;

    #[test]
    fn images_are_unpacked_where_they_cannot_be_mounted() {
        let mounted = report(&[("fuse.userns", Status::Pass)], &[]);
        assert!(!write(&Known::new(&mounted)).contains("UNSQUASH"));
        assert!(write(&Known::new(&report(&[], &[]))).contains("APPTAINER_UNSQUASH=1"));
    }
}
