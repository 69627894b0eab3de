//! What carries a command to nodes: one file an engine. [`ENGINES`] is the list.
//!
//! An engine is a program of the site; a row only knows its words.

use hpcctl_host::Host;
use hpcctl_reports::fleet::NodeSet;

mod ansible;
mod clush;
mod local;
mod mpiexec;
mod pbsdsh;
mod pdsh;
mod srun;

/// An engine.
#[derive(Debug)]
pub struct Engine {
    /// Its name, which is that of its program.
    pub name: &'static str,
    /// Whether it is told the nodes.
    pub nodes: Nodes,
    /// Whether its options depend on its version.
    pub asks_version: bool,
    /// The nodes of the job that this runs in, where the engine reaches those.
    pub of_job: fn(&dyn Host) -> Option<String>,
    /// Its command line.
    pub argv: fn(&Plan<'_>) -> Vec<String>,
    /// What to do where it cannot be started.
    pub hint: &'static str,
}

/// Whether an engine is told the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nodes {
    /// It must be.
    Told,
    /// It reaches those of its job, and no others.
    OfJob,
    /// It reaches this one alone.
    This,
}

/// What is to be run where.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The nodes; none are those of the job.
    pub nodes: Option<&'a NodeSet>,
    /// Options that the user has for the engine.
    pub options: &'a [String],
    /// The command on each node.
    pub command: Vec<String>,
    /// How many seconds it may take.
    pub deadline: u64,
    /// What the engine told as its version.
    pub version: String,
}

/// Every engine.
pub static ENGINES: &[&Engine] = &[
    &srun::ENGINE,
    &pbsdsh::ENGINE,
    &mpiexec::ENGINE,
    &clush::ENGINE,
    &pdsh::ENGINE,
    &ansible::ENGINE,
    &local::ENGINE,
];

impl Plan<'_> {
    /// A command line of words, the user's options and the command.
    fn argv(&self, words: &[&str]) -> Vec<String> {
        let words = words.iter().map(|word| (*word).to_owned());
        let words = words.chain(self.options.iter().cloned());
        words.chain(self.command.iter().cloned()).collect()
    }

    /// The nodes in brackets.
    fn folded(&self) -> String {
        self.nodes.map(NodeSet::folded).unwrap_or_default()
    }

    /// The nodes one by one.
    fn listed(&self) -> String {
        let names = self.nodes.map(|nodes| nodes.names().collect::<Vec<_>>());
        names.unwrap_or_default().join(",")
    }

    fn count(&self) -> usize {
        self.nodes.map_or(0, NodeSet::len)
    }

    /// As [`Plan::argv`]; where the engine runs the command on this machine, once a node (`exec`
    /// of pdsh and clush), the command is told the name that the engine puts in place of `%h`.
    fn named_where_exec(&self, words: &[&str]) -> Vec<String> {
        let mut argv = self.argv(words);
        let is_exec = |word: &String| word == "exec" || word.ends_with("=exec");
        if self.options.iter().any(is_exec) {
            let command = argv.len() - self.command.len();
            argv.splice(command..command, ["env".into(), "HPCCTL_NODE=%h".into()]);
        }
        argv
    }
}

/// No job has nodes for it.
fn no_job(_host: &dyn Host) -> Option<String> {
    None
}

/// The nodes of a job of Slurm (sbatch(1), "OUTPUT ENVIRONMENT VARIABLES").
fn of_slurm(host: &dyn Host) -> Option<String> {
    host.env("SLURM_JOB_NODELIST")
}

/// The nodes of a job of PBS, each once a chunk (the file is described in qsub(1B)).
fn of_pbs(host: &dyn Host) -> Option<String> {
    host.read(&host.env("PBS_NODEFILE")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(name: &str, options: &[&str], version: &str) -> String {
        let engine = ENGINES.iter().find(|engine| engine.name == name).unwrap();
        let nodes = NodeSet::parse("n[1-3]").unwrap();
        let options: Vec<String> = options.iter().map(|o| (*o).to_owned()).collect();
        let argv = (engine.argv)(&Plan {
            nodes: Some(&nodes),
            options: &options,
            command: ["/opt/hpcctl", "doctor"].map(String::from).to_vec(),
            deadline: 60,
            version: version.into(),
        });
        argv.join(" ")
    }

    #[test]
    fn each_engine_is_told_in_its_own_words() {
        assert_eq!(
            argv("srun", &["--overlap"], ""),
            "srun --nodelist=n[1-3] --nodes=3 --ntasks=3 --ntasks-per-node=1 --no-kill \
             --kill-on-bad-exit=0 --wait=0 --quiet --label --overlap /opt/hpcctl doctor"
        );
        assert_eq!(
            argv("mpiexec", &[], "mpiexec (OpenRTE) 4.1.4"),
            "mpiexec --host n1,n2,n3 --map-by ppr:1:node -n 3 /opt/hpcctl doctor"
        );
        assert_eq!(
            argv("mpiexec", &[], "HYDRA build details: Version: 4.0.2"),
            "mpiexec -hosts n1,n2,n3 -ppn 1 -n 3 /opt/hpcctl doctor"
        );
        assert_eq!(
            argv("pdsh", &["-R", "exec"], ""),
            "pdsh -w n[1-3] -u 60 -R exec env HPCCTL_NODE=%h /opt/hpcctl doctor"
        );
        assert_eq!(
            argv("clush", &["--worker=ssh"], ""),
            "clush -w n[1-3] -u 60 --worker=ssh /opt/hpcctl doctor"
        );
        assert_eq!(
            argv("ansible", &["-c", "local"], ""),
            "ansible all -i n1,n2,n3, -c local -m raw -a \
             HPCCTL_NODE={{ inventory_hostname }} '/opt/hpcctl' 'doctor'"
        );
        assert_eq!(
            argv("pbsdsh", &["-v"], ""),
            "pbsdsh -v -- /opt/hpcctl doctor"
        );
        assert_eq!(argv("local", &[], ""), "/opt/hpcctl doctor");
    }
}
