//! MPI on the node: families of libraries, and the programs that start ranks.
//!
//! The families are those of `hpcctl abi`.

use hpcctl_abi::{FAMILIES, Family, Kind};
use hpcctl_host::libraries;

use crate::Site;

/// Programs that start ranks, those of schedulers first.
pub static LAUNCHERS: &[&str] = &[
    "srun",
    "palsrun",
    "aprun",
    "jsrun",
    "prun",
    "mpiexec.hydra",
    "mpiexec",
    "mpirun",
];

/// The MPI libraries of the node: path and family, each once.
pub fn libraries(site: &Site<'_>) -> Vec<(String, &'static Family)> {
    let mut found = Vec::new();
    let families = || FAMILIES.iter().filter(|family| family.kind == Kind::Mpi);
    for dir in libraries::directories(|name| site.host.env(name), &[]) {
        for family in families() {
            // A name without a number is what programs of any family are linked by.
            let sonames = family.sonames.iter().map(ToString::to_string);
            let mut numbered: Vec<String> = sonames.filter(|name| name.contains(".so.")).collect();
            if family.is_open() {
                let mut names = site.host.list(&dir).unwrap_or_default();
                names.retain(|name| family.has(name));
                names.sort();
                numbered.extend(names);
            }
            for soname in numbered {
                let path = format!("{dir}/{soname}");
                let known = found.iter().any(|(known, _)| *known == path);
                if !known && (site.host.stat(&path).is_ok() || site.host.read(&path).is_ok()) {
                    found.push((path, family));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    #[test]
    fn the_environment_comes_before_the_usual_places() {
        let mut host = Scripted::new()
            .stat("/opt/mpi/lib/libmpi.so.12", stat(0o100755))
            .stat("/usr/lib64/libmpi.so.40", stat(0o100755));
        host.env.insert("MPI_HOME".into(), "/opt/mpi".into());
        let found = libraries(&Site::new(&host));
        let names: Vec<&str> = found.iter().map(|(_, family)| family.name).collect();
        assert_eq!(names, ["MPICH ABI", "Open MPI"]);
        let host = Scripted::new()
            .file("/opt/cray/pe/lib64/libmpi_gnu_82.so.12", "")
            .file("/opt/cray/pe/lib64/libmpi_gtl_hsa.so.0", "");
        let found = libraries(&Site::new(&host));
        let names: Vec<&str> = found.iter().map(|(_, family)| family.name).collect();
        assert_eq!(names, ["Cray MPICH"]);
    }
}
