//! The processes of the node, as far as proc(5) shows them to the caller.

use crate::Site;

/// The most processes that are looked at.
const PROCESSES: usize = 20_000;

/// The numbers of the processes.
pub fn all(site: &Site<'_>) -> impl Iterator<Item = u32> {
    let names = site.host.list("/proc").unwrap_or_default();
    names
        .into_iter()
        .filter_map(|name| name.parse().ok())
        .take(PROCESSES)
}

/// The name of a process, at most 15 characters.
pub fn name(site: &Site<'_>, pid: u32) -> Option<String> {
    let name = site.host.read(&format!("/proc/{pid}/comm")).ok()?;
    Some(name.trim_end().to_owned())
}

/// The first process with this name, cut at 15 characters as the kernel does.
pub fn named(site: &Site<'_>, wanted: &str) -> Option<u32> {
    all(site).find(|pid| name(site, *pid).as_deref() == Some(wanted))
}

/// The control groups that a process is in.
pub fn groups(site: &Site<'_>, pid: u32) -> Option<String> {
    site.host.read(&format!("/proc/{pid}/cgroup")).ok()
}

/// The real user of a process.
pub fn owner(site: &Site<'_>, pid: u32) -> Option<u32> {
    let status = site.host.read(&format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn processes_are_found_by_name_and_owner() {
        let host = Scripted::new()
            .file("/proc/7/comm", "conmon\n")
            .file(
                "/proc/7/status",
                "Name:\tconmon\nUid:\t1000\t1000\t1000\t1000\n",
            )
            .file("/proc/self/comm", "hpcctl\n");
        let site = Site::new(&host);
        assert_eq!(named(&site, "conmon"), Some(7));
        assert_eq!(owner(&site, 7), Some(1000));
        assert_eq!(named(&site, "hpcctl"), None);
    }
}
