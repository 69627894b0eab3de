//! `sch.slurm.pyxis`: does srun have --container-image?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, slurm};

/// The most files of plugstack.conf.d that are read.
const FILES: usize = 32;

/// The row.
pub static PROBE: Probe = Probe {
    id: "sch.slurm.pyxis",
    manual: Manual {
        title: "Pyxis",
        what: "Whether the SPANK plugin pyxis is configured, its file is there, and srun has its option --container-image.",
        why: "Pyxis starts Enroot containers from srun. It must be built for the very release of Slurm: after an update slurmd refuses it, and steps run without it or not at all.",
        how: "plugstack.conf and the files it includes; where pyxis is named, srun --help.",
        user: "",
        admin: "Rebuild pyxis for the installed release and restart slurmd.",
        refs: &["spank(7)", "https://github.com/NVIDIA/pyxis"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let Some(dir) = slurm::directory(site) else {
        return Reading::new();
    };
    let main = format!("{dir}/plugstack.conf");
    let mut reading = Reading::new().file(site, &main);
    let parts = format!("{dir}/plugstack.conf.d");
    for name in site
        .host
        .list(&parts)
        .unwrap_or_default()
        .iter()
        .take(FILES)
    {
        reading = reading.file(site, &format!("{parts}/{name}"));
    }
    let Some(plugin) = plugin(&reading) else {
        return reading;
    };
    let path = match plugin.starts_with('/') {
        true => plugin,
        false => format!("{}/{plugin}", slurm::PLUGINS),
    };
    reading = reading.stat(site, &path);
    match site.host.which("srun") {
        Some(srun) => reading.run(site, &[&srun, "--help"]),
        None => reading,
    }
}

/// The file of pyxis, where an included or plain line of plugstack.conf names it.
fn plugin(reading: &Reading) -> Option<String> {
    let lines = reading
        .files
        .iter()
        .filter_map(|(_, read)| read.as_deref().ok());
    let lines = lines.flat_map(str::lines).map(str::trim);
    let words = lines
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace);
    let mut plugins = words.filter(|word| word.contains("pyxis") && word.ends_with(".so"));
    plugins.next().map(ToOwned::to_owned)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some((path, stat)) = reading.stats.first() else {
        return Finding::skipped("pyxis is not configured here").holding(false);
    };
    if stat.is_err() {
        return Finding::fail(format!("plugstack.conf names {path}, which is not there"));
    }
    match reading.ran.first() {
        Some(ran) if ran.ok() && ran.stdout.contains("--container-image") => {
            Finding::pass(format!("srun has loaded {path}"))
        }
        Some(ran) if ran.ok() => Finding::fail(format!(
            "srun has no --container-image though {path} is configured: it was built for another release of Slurm"
        ))
        .step(admin(
            Cost::AdminPackage,
            "rebuild pyxis for the installed release of Slurm and restart slurmd",
            "",
        )),
        Some(ran) => Finding::unknown(format!("srun --help fails: {}", ran.first_line())),
        None => Finding::unknown("srun is not in PATH"),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::command::End;

    use super::*;
    use crate::scripted::{Scripted, ran, stat};

    fn find(help: &str, there: bool) -> &'static str {
        let mut run = ran(&["srun", "--help"], End::Exit(0), "");
        run.stdout = help.into();
        let path = "/usr/lib64/slurm/spank_pyxis.so".to_owned();
        let reading = Reading {
            stats: vec![(
                path,
                if there {
                    Ok(stat(0o100755))
                } else {
                    Err(hpcctl_host::Errno::ENOENT)
                },
            )],
            ran: vec![run],
            ..Reading::new()
        };
        judge(&reading, &Site::new(&Scripted::new()))
            .status
            .as_str()
    }

    #[test]
    fn a_plugin_that_was_not_loaded_is_a_failure() {
        assert_eq!(find("  --container-image=IMAGE\n", true), "pass");
        assert_eq!(find("  --help\n", true), "fail");
        assert_eq!(find("", false), "fail");
    }

    #[test]
    fn comments_do_not_count() {
        let of = |text: &str| {
            plugin(&Reading {
                files: vec![("plugstack.conf".into(), Ok(text.into()))],
                ..Reading::new()
            })
        };
        assert_eq!(of("# required spank_pyxis.so\n"), None);
        assert_eq!(
            of("required /opt/spank_pyxis.so x=1\n").as_deref(),
            Some("/opt/spank_pyxis.so")
        );
    }
}
