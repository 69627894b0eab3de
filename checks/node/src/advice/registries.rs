//! registries.conf for an ordinary user.

use super::{Known, file};

/// Writes the script.
pub(super) fn write(known: &Known<'_>) -> String {
    let mut lines = vec![
        "# One registry for names without one, and no questions in jobs.".to_owned(),
        "unqualified-search-registries = [\"docker.io\"]".into(),
        "short-name-mode = \"permissive\"".into(),
    ];
    if known.passes("reg.mirror") {
        lines.push(format!(
            "# The site's own file stays in force: {}",
            known.summary("reg.mirror")
        ));
    } else {
        lines.extend([
            "# A mirror of the site spares the public registry; fill in its name.".to_owned(),
            "# [[registry]]".into(),
            "# location = \"docker.io\"".into(),
            "# [[registry.mirror]]".into(),
            "# location = \"mirror.example.org\"".into(),
        ]);
    }
    format!(
        "# Registries for podman, Buildah and Skopeo. Run it with sh.\n{}",
        file(
            "~/.config/containers/registries.conf.d/90-hpcctl.conf",
            &lines
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::tests::report;

    #[test]
    fn what_is_written_is_valid() {
        let text = write(&Known::new(&report(&[], &[])));
        let body = text
            .split("<<'END'\n")
            .nth(1)
            .and_then(|rest| rest.split("\nEND").next());
        assert!(body.unwrap().parse::<toml::Table>().is_ok(), "{text}");
    }
}
