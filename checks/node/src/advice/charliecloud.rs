//! Charliecloud's environment.

use super::Known;

/// Writes the script.
pub(super) fn write(known: &Known<'_>) -> String {
    let mut lines =
        vec!["# What Charliecloud needs on this node; put it into ~/.profile.".to_owned()];
    if known.fails("env.user") {
        lines.push(format!("# {}", known.summary("env.user")));
        lines.push("export USER=$(id -un)".into());
    }
    if !known.passes("img.git") {
        lines.push(format!("# {}", known.summary("img.git")));
        lines.push("export CH_IMAGE_CACHE=disabled".into());
    }
    lines.push("# Images go to a local disk, not to a shared home.".into());
    lines.push("export CH_IMAGE_STORAGE=/var/tmp/$(id -un).ch".into());
    if known.passes("fuse.userns") {
        lines.push("# Squashfs images can be mounted: ch-run IMAGE.sqfs -- COMMAND".into());
    } else {
        lines.push(format!(
            "# Unpack images first, ch-convert IMAGE DIR: {}",
            known.summary("fuse.userns")
        ));
    }
    let force = match known.remedy("charliecloud.force") {
        _ if known.passes("charliecloud.force") => "ch-image build -t NAME .".to_owned(),
        remedy if remedy.contains("--force=seccomp …") => {
            "ch-image build --force=seccomp -t NAME .".to_owned()
        }
        _ => format!("not here: {}", known.summary("charliecloud.force")),
    };
    lines.push(format!("# Builds that change owners: {force}"));
    lines.push(
        "# Ranks of a node in one user namespace: srun ch-run --join IMAGE -- COMMAND".into(),
    );
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::Status;

    use super::*;
    use crate::advice::tests::report;

    #[test]
    fn only_what_is_missing_is_set() {
        let healthy = report(
            &[("img.git", Status::Pass), ("fuse.userns", Status::Pass)],
            &[],
        );
        let text = write(&Known::new(&healthy));
        assert!(
            !text.contains("CH_IMAGE_CACHE") && !text.contains("USER="),
            "{text}"
        );
        let bare = report(&[("env.user", Status::Fail)], &[]);
        let text = write(&Known::new(&bare));
        assert!(
            text.contains("export USER=") && text.contains("CH_IMAGE_CACHE=disabled"),
            "{text}"
        );
    }
}
