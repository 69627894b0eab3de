//! Podman's storage.conf and containers.conf, for an ordinary user or for root.

use hpcctl_model::doctor::Status;

use super::{Known, Options, file};
use crate::containers_conf::OWN_NAME;
use crate::podman_store::STORE_DRIVER;

/// Writes the script.
pub(super) fn write(known: &Known<'_>) -> String {
    let part = format!("containers.conf.d/{OWN_NAME}");
    let settings = containers(known);
    if known.is_root() {
        let settings = file(&format!("/etc/containers/{part}"), &settings);
        return format!("# What podman of root needs on this node. Run it with sh.\n{settings}");
    }
    let storage = file("~/.config/containers/storage.conf", &storage(known));
    let settings = file(&format!("~/.config/containers/{part}"), &settings);
    format!(
        "# What podman needs on this node, for an ordinary user. Run it with sh.\n{storage}{settings}\
         # A pause process keeps the old settings and namespaces.\npodman system migrate\n"
    )
}

/// The driver of the store that is there, or the one that works: the overlay of the kernel,
/// that of FUSE, or copies of whole layers.
fn storage(known: &Known<'_>) -> Vec<String> {
    let mut lines = vec!["[storage]".to_owned()];
    let native = known.passes("ovl.disk");
    let fuse = !native && known.passes("ovl.fuse") && known.passes("fuse.userns");
    let store = known.fact("podman.store", STORE_DRIVER);
    let driver = store.unwrap_or(if native || fuse { "overlay" } else { "vfs" });
    lines.push(match (store, native) {
        (Some(_), _) => "# The store was made with this driver, and stays with it.".into(),
        (None, true) => "# The kernel mounts overlays for users here.".into(),
        (None, false) => format!("# {}", known.summary("ovl.disk")),
    });
    if driver == "vfs" {
        lines.push("# Each layer is copied whole, which is slow and large.".into());
    }
    lines.push(format!("driver = {driver:?}"));
    if driver == "overlay" && fuse {
        lines.push("[storage.options.overlay]".into());
        lines.push("mount_program = \"fuse-overlayfs\"".into());
    }
    if !known.maps_many() {
        lines.push("[storage.options]".into());
        lines.push("# One id alone is mapped: files of others become the user's own.".into());
        lines.push("ignore_chown_errors = \"true\"".into());
    }
    lines
}

/// The setting, as the remedy of the check names it.
fn ulimits(remedy: &str) -> Option<String> {
    let at = remedy.find("default_ulimits=[")?;
    let end = remedy[at..].find(']')?;
    Some(remedy[at..=at + end].to_owned())
}

/// The options for one command, of which the network is none: every command that is made shares the
/// host's.
pub(super) fn options(known: &Known<'_>) -> Options {
    let mut options = Options {
        oci: known.oci().map(str::to_owned),
        ..Options::default()
    };
    if known.fails("cg.crun.hybrid") && is_installed("runc", known) {
        options.program.push("--runtime runc".to_owned());
        options.oci = Some("runc".to_owned());
    }
    if !known.is_root() && has_no_groups(known) {
        options.program.push("--cgroup-manager=cgroupfs".to_owned());
    }
    if known.fails("lim.conf_over_hard") {
        let limits = ulimits(known.remedy("lim.conf_over_hard"));
        let limits = limits
            .iter()
            .flat_map(|text| text.split('"').skip(1).step_by(2));
        options
            .run
            .extend(limits.map(|limit| format!("--ulimit {limit}")));
    }
    options
}

/// Whether podman finds an OCI runtime by its name.
fn is_installed(oci: &str, known: &Known<'_>) -> bool {
    known.fact("podman.oci", oci).is_some()
}

/// Whether no control groups are handed to the user, or that is not known: without them podman can do,
/// and where it counts on some that are not there it cannot.
fn has_no_groups(known: &Known<'_>) -> bool {
    let is_doubtful = |id| known.fails_or_warns(id) || known.status(id) == Some(Status::Unknown);
    ["cg.own", "cg.mode"].into_iter().any(is_doubtful)
}

fn containers(known: &Known<'_>) -> Vec<String> {
    let (mut containers, mut engine) = (Vec::new(), Vec::new());
    if known.fails("lim.conf_over_hard") {
        containers.push(format!("# {}", known.summary("lim.conf_over_hard")));
        containers.extend(ulimits(known.remedy("lim.conf_over_hard")));
    }
    let no_network =
        known.fails("net.tun") || known.fails("podman.network") || known.fails("ns.net");
    if no_network {
        containers.push("# No network of its own can be made for a container.".into());
        containers.push("netns = \"host\"".into());
    }
    if known.fails("cg.crun.hybrid") {
        engine.push(format!("# {}", known.summary("cg.crun.hybrid")));
        engine.push(match is_installed("runc", known) {
            true => "runtime = \"runc\"".into(),
            false => "# runc starts some, and is not installed: it is to be set here then.".into(),
        });
    }
    if known.fails("ns.pivot") {
        engine.push(format!("# {}", known.summary("ns.pivot")));
        engine.push("no_pivot_root = true".into());
    }
    if has_no_groups(known) {
        engine.push("# No systemd hands control groups to this user.".into());
        engine.push("cgroup_manager = \"cgroupfs\"".into());
        engine.push("events_logger = \"file\"".into());
    }
    let mut lines = Vec::new();
    for (name, section) in [("[containers]", containers), ("[engine]", engine)] {
        if !section.is_empty() {
            lines.push(name.to_owned());
            lines.extend(section);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::{Doctor, Evidence};

    use super::*;
    use crate::advice::tests::report;
    use crate::oci::CHOSEN;

    /// The same where a check noted something.
    fn noting(mut report: Doctor, id: &str, name: &str, value: &str) -> Doctor {
        let mut checks = report.checks.iter_mut();
        let check = checks.find(|check| check.id == id).unwrap();
        check.evidence.push(Evidence::File {
            path: name.into(),
            value: Some(value.into()),
            errno: None,
        });
        report
    }

    fn with_runc(report: Doctor) -> Doctor {
        noting(report, "podman.oci", "runc", "/usr/sbin/runc")
    }

    const HYBRID: (&str, Status) = ("cg.crun.hybrid", Status::Fail);
    const OCI: (&str, Status) = ("podman.oci", Status::Pass);

    #[test]
    fn a_hybrid_layout_asks_for_runc_where_that_is_installed() {
        let found = || report(&[HYBRID, OCI, ("ovl.disk", Status::Pass)], &[]);
        let text = write(&Known::new(&with_runc(found())));
        assert!(text.contains("\nruntime = \"runc\""), "{text}");
        assert!(text.contains("driver = \"overlay\""), "{text}");
        let without = found();
        let text = write(&Known::new(&without));
        assert!(!text.contains("\nruntime ="), "{text}");
        assert!(
            text.contains("# runc starts some, and is not installed"),
            "{text}"
        );
        assert_eq!(options(&Known::new(&without)).program, [""; 0]);
    }

    #[test]
    fn the_runtime_that_starts_containers_is_known() {
        let of = |report: Doctor| options(&Known::new(&report)).oci;
        let passes = || report(&[("cg.crun.hybrid", Status::Pass), OCI], &[]);
        assert_eq!(of(passes()), None);
        for (name, wanted) in [
            ("crun", Some("crun")),
            ("/opt/bin/runc", Some("runc")),
            ("", None),
        ] {
            let found = noting(passes(), "cg.crun.hybrid", CHOSEN, name);
            assert_eq!(of(found).as_deref(), wanted);
        }
        let refused = noting(report(&[HYBRID, OCI], &[]), HYBRID.0, CHOSEN, "crun");
        assert_eq!(of(with_runc(refused)).as_deref(), Some("runc"));
    }

    #[test]
    fn the_limits_are_those_of_the_remedy() {
        let remedy = "set it: printf '[containers]\\ndefault_ulimits=[\"nofile=9:9\"]\\n' > x";
        assert_eq!(
            ulimits(remedy).as_deref(),
            Some("default_ulimits=[\"nofile=9:9\"]")
        );
        assert_eq!(ulimits("nothing"), None);
    }

    #[test]
    fn one_command_has_by_options_what_the_configuration_sets() {
        let found = report(
            &[
                HYBRID,
                OCI,
                ("cg.mode", Status::Pass),
                ("cg.own", Status::Warn),
                ("lim.conf_over_hard", Status::Fail),
            ],
            &[],
        );
        let mut limited = with_runc(found);
        let limits = limited.checks.last_mut().unwrap();
        limits.remedy.user =
            Some("printf 'default_ulimits=[\"nofile=9:9\",\"nproc=8:8\"]' > x".into());
        let found = options(&Known::new(&limited));
        assert_eq!(
            found.program,
            ["--runtime runc", "--cgroup-manager=cgroupfs"]
        );
        assert_eq!(found.run, ["--ulimit nofile=9:9", "--ulimit nproc=8:8"]);
        let healthy = report(&[("lim.conf_over_hard", Status::Pass)], &[]);
        assert_eq!(options(&Known::new(&healthy)), Options::default());
    }

    #[test]
    fn options_and_configuration_are_of_one_mind_about_control_groups() {
        for (status, wanted) in [
            (Status::Pass, false),
            (Status::Unknown, true),
            (Status::Warn, true),
        ] {
            let found = report(&[("cg.mode", Status::Pass), ("cg.own", status)], &[]);
            let known = Known::new(&found);
            let option = options(&known).program.concat().contains("cgroupfs");
            let setting = write(&known).contains("cgroup_manager = \"cgroupfs\"");
            assert_eq!((option, setting), (wanted, wanted), "{status:?}");
        }
    }

    #[test]
    fn without_overlay_and_ids_it_is_the_way_of_the_poor() {
        let text = write(&Known::new(&report(&[], &[])));
        assert!(text.contains("driver = \"vfs\""), "{text}");
        assert!(text.contains("ignore_chown_errors = \"true\""), "{text}");
    }
}
