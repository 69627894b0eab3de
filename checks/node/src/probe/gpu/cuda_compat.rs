//! `gpu.cuda_compat`: which CUDA does the driver serve, and what of compatibility libraries?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::{Finding, Manual, Reading, Site, gpu, version};

/// The newest CUDA that each branch of the driver serves, from NVIDIA's release notes.
const BRANCHES: &[(u32, &str)] = &[
    (418, "10.1"),
    (440, "10.2"),
    (450, "11.0"),
    (455, "11.1"),
    (460, "11.2"),
    (465, "11.3"),
    (470, "11.4"),
    (495, "11.5"),
    (510, "11.6"),
    (515, "11.7"),
    (520, "11.8"),
    (525, "12.0"),
    (530, "12.1"),
    (535, "12.2"),
    (545, "12.3"),
    (550, "12.4"),
    (555, "12.5"),
    (560, "12.6"),
    (565, "12.7"),
    (570, "12.8"),
    (575, "12.9"),
    (580, "13.0"),
];

const DRIVER: &str = "the loaded driver";

/// Where installers put the toolkit.
const TOOLKITS: &str = "/usr/local";

/// The most directories that are looked at.
const MOST: usize = 64;

/// The row.
pub static PROBE: Probe = Probe {
    id: "gpu.cuda_compat",
    manual: Manual {
        title: "CUDA and the driver",
        what: "The newest CUDA that the loaded driver serves, and whether LD_LIBRARY_PATH puts a compatibility library before that of the driver.",
        why: "An image with a newer CUDA than the driver's ends in \"CUDA driver version is insufficient\" unless it runs with the libraries of cuda-compat, which serve data-centre GPUs. A compatibility library that is older than the driver is not supported: programs end in error 803 or 804.",
        how: "The branch of the loaded driver against NVIDIA's table; libcuda.so.VERSION in the directories of LD_LIBRARY_PATH, and in compat below /usr/local/cuda*.",
        user: "Use an image with an older CUDA, or one that brings cuda-compat, and where LD_LIBRARY_PATH names an old compat directory: unset LD_LIBRARY_PATH",
        admin: "A newer driver, or the package cuda-compat.",
        refs: &["https://docs.nvidia.com/deploy/cuda-compatibility/"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let Some(driver) = gpu::driver(site, gpu::Vendor::Nvidia) else {
        return Reading::new();
    };
    let names = site.host.list(TOOLKITS).unwrap_or_default();
    let toolkits = names.into_iter().filter(|name| name.starts_with("cuda"));
    let toolkits = toolkits.map(|name| format!("{TOOLKITS}/{name}/compat"));
    let path = site.host.env("LD_LIBRARY_PATH").unwrap_or_default();
    let path = path.split(':').filter(|dir| dir.starts_with('/'));
    let path: Vec<String> = path
        .map(|dir| dir.trim_end_matches('/').to_owned())
        .collect();
    let dirs = path.iter().cloned().chain(toolkits).take(MOST);
    dirs.fold(Reading::new().fact(DRIVER, driver), |reading, dir| {
        let names = site.host.list(&dir).unwrap_or_default();
        let found = names.iter().find_map(|name| {
            let version = name.strip_prefix("libcuda.so.")?;
            version.contains('.').then(|| version.to_owned())
        });
        let how = if path.contains(&dir) {
            "LD_LIBRARY_PATH"
        } else {
            "there"
        };
        match found {
            Some(version) => reading.fact(&dir, format!("{version} {how}")),
            None => reading,
        }
    })
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some(((_, driver), libraries)) = reading.facts.split_first() else {
        return Finding::skipped("no driver of NVIDIA is loaded").holding(true);
    };
    let Some(loaded) = version::release(driver) else {
        return Finding::unknown(format!("{driver} is no version of a driver"));
    };
    let libraries: Vec<_> = libraries
        .iter()
        .filter_map(|(dir, found)| {
            let (text, how) = found.split_once(' ')?;
            Some((dir, text, version::release(text)?, how == "LD_LIBRARY_PATH"))
        })
        .collect();
    if let Some((dir, text, ..)) = libraries
        .iter()
        .find(|(_, _, release, first)| *first && release.0 < loaded.0)
    {
        return Finding::warn(format!(
            "LD_LIBRARY_PATH puts libcuda {text} in {dir} before that of the driver {driver}, which is newer"
        ))
        .holding(false)
        .step(user(
            Cost::User,
            "leave the directory out",
            &format!("export LD_LIBRARY_PATH=$(printf %s \"$LD_LIBRARY_PATH\" | tr : '\\n' | grep -vx '{dir}' | paste -sd:)"),
        ));
    }
    let newer = libraries
        .iter()
        .filter(|(_, _, release, _)| release.0 > loaded.0);
    let served = newer
        .filter_map(|(dir, _, release, _)| Some(format!("up to {} with {dir}", serves(release.0)?)))
        .next_back();
    match (serves(loaded.0), served) {
        (None, _) => Finding::unknown(format!(
            "which CUDA the driver {driver} serves is not known here"
        )),
        (Some(cuda), None) => {
            Finding::pass(format!("the driver {driver} serves CUDA up to {cuda}"))
        }
        (Some(cuda), Some(more)) => Finding::pass(format!(
            "the driver {driver} serves CUDA up to {cuda}, {more}"
        )),
    }
}

/// The newest CUDA of a branch; none for one that is newer than the table.
fn serves(branch: u32) -> Option<&'static str> {
    let (last, _) = BRANCHES.last()?;
    let known = BRANCHES.iter().rev().find(|(first, _)| *first <= branch);
    // The branches of a table row end with the next row; the last is open for ten.
    known.filter(|_| branch < last + 10).map(|(_, cuda)| *cuda)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::tests::nvidia;

    fn find(driver: &str, file: &str, path: &str) -> Finding {
        let mut host = nvidia(driver).file(file, "");
        host.env.insert("LD_LIBRARY_PATH".into(), path.into());
        let site = Site::new(&host);
        judge(&read(&site), &site)
    }

    #[test]
    fn the_branch_tells_the_newest_cuda() {
        let of = |driver| find(driver, "/x", "").summary;
        assert_eq!(
            of("535.129.03"),
            "the driver 535.129.03 serves CUDA up to 12.2"
        );
        assert!(of("418.87.1").ends_with("10.1"));
        assert!(of("700.1.1").contains("not known"));
        assert!(of("390.1.1").contains("not known"));
    }

    #[test]
    fn an_older_library_that_comes_first_is_a_fault_and_a_newer_one_a_help() {
        let dir = "/usr/local/cuda-12.4/compat";
        let file = "/usr/local/cuda-12.4/compat/libcuda.so.550.54.15";
        let old = find("580.1.1", file, &format!("{dir}/"));
        assert_eq!((old.status.as_str(), old.holds), ("warn", Some(false)));
        assert_eq!(find("580.1.1", file, "").status.as_str(), "pass");
        let help = find("535.1.1", file, "");
        assert!(help.summary.contains("up to 12.4 with"), "{help:?}");
    }
}
