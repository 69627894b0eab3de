//! Bundles for OCI runtimes: a configuration with the image's root, as runtime-spec's config.json
//! has it, for a container that shares the network of the node.
//!
//! An ordinary user gets a user namespace, where this one is root; nobody gets control groups, for
//! which an ordinary user has none.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use hpcctl_host::dialogue::Dialogue;
use serde_json::{Value, json};

use crate::Error;
use crate::end;
use crate::executor::{Executor, Site};
use crate::furnish::{StartError, Started};
use crate::guest::{self, TREE};
use crate::launch::Launch;
use crate::workplace::PROGRAM;

/// A runtime with the directory that it keeps its state in; no container outlives it.
struct Runtime {
    /// The program, with that directory.
    command: Vec<String>,
    state: PathBuf,
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // Each container has a directory, which is gone with it.
        for left in fs::read_dir(&self.state).into_iter().flatten().flatten() {
            let name = left.file_name().to_string_lossy().into_owned();
            let delete = ["delete", "--force"].map(str::to_owned);
            // What cannot be deleted has ended on its own meanwhile.
            let _ = end::run(&[&self.command[..], &delete, &[name]].concat());
        }
    }
}

/// A runtime with the bundles of its containers.
struct Bundled {
    runtime: Runtime,
    agent: Vec<String>,
    /// That of the agent, and that of the program that is launched.
    bundles: [PathBuf; 2],
    environment: Vec<String>,
    place: PathBuf,
    tree: PathBuf,
    own_libc: Result<(), String>,
}

impl Executor for Bundled {
    fn start(&self) -> Result<Started, StartError> {
        let argv = run(&self.runtime.command, &self.bundles[0], &name());
        let agent = Dialogue::start(&argv, &self.environment)?;
        Ok(Started::plain(agent))
    }

    fn agent(&self) -> &[String] {
        &self.agent
    }

    fn rank(&self, _agent: u32) -> Result<Vec<String>, String> {
        Err("a bundle has no way for a launcher to hand on what it has opened".into())
    }

    fn launch(&self) -> Launch {
        // One after the other, so that one name is enough.
        Launch::Command(run(&self.runtime.command, &self.bundles[1], &name()))
    }

    fn place(&self) -> &Path {
        &self.place
    }

    fn tree(&self) -> &Path {
        &self.tree
    }

    fn own_libc(&self) -> Result<(), String> {
        self.own_libc.clone()
    }
}

/// Makes the runtime of that name ready.
pub(crate) fn open(site: &Site<'_>, runtime: &str) -> Result<Box<dyn Executor>, Error> {
    let program = guest::program(site, &[runtime])?;
    let image = guest::image(site)?;
    let failed = |source| Error::Workplace {
        what: "a bundle".into(),
        source,
    };
    let home = site.workplace.tree()?;
    let state = home.join("state");
    let command = vec![program, "--root".into(), state.display().to_string()];
    let runtime = Runtime {
        command: command.clone(),
        state,
    };
    let bundle = |name: &str, args: &[String]| -> io::Result<PathBuf> {
        let dir = home.join(name);
        fs::create_dir_all(&dir)?;
        let configuration = configuration(site, &image.root, &image.place, args);
        let mut file = File::create(dir.join("config.json"))?;
        file.write_all(configuration.to_string().as_bytes())?;
        Ok(dir)
    };
    let kit = guest::kit(site, &image.place)?;
    let tried = AtomicU32::new(0);
    let settled = guest::settle(site, kit, |agent| {
        let name_of_bundle = format!("try-{}", tried.fetch_add(1, Relaxed));
        let dir =
            bundle(&name_of_bundle, agent).map_err(|error| StartError::made("a bundle", &error))?;
        let argv = run(&command, &dir, &name());
        Ok(Started::plain(Dialogue::start(&argv, site.environment)?))
    })?;
    let program = image.place.join(PROGRAM).display().to_string();
    let bundles = [
        bundle("agent", &settled.agent).map_err(failed)?,
        bundle("program", &[program]).map_err(failed)?,
    ];
    Ok(Box::new(Bundled {
        runtime,
        agent: settled.agent,
        bundles,
        environment: site.environment.to_vec(),
        tree: match site.image {
            Some(_) => image.place.clone(),
            None => Path::new("/").join(TREE),
        },
        place: image.place,
        own_libc: settled.own_libc,
    }))
}

fn run(command: &[String], bundle: &Path, name: &str) -> Vec<String> {
    let mut argv = command.to_vec();
    argv.extend(["run", "--bundle"].map(str::to_owned));
    argv.extend([bundle.display().to_string(), name.to_owned()]);
    argv
}

/// A name that no other container has.
fn name() -> String {
    static NAMED: AtomicU32 = AtomicU32::new(0);
    let number = NAMED.fetch_add(1, Relaxed);
    format!("hpcctl-{}-{number}", std::process::id())
}

/// The configuration of a container that runs `args`.
fn configuration(site: &Site<'_>, root: &Path, place: &Path, args: &[String]) -> Value {
    let caller = site.host.caller();
    let mut namespaces = vec![
        json!({"type": "mount"}),
        json!({"type": "pid"}),
        json!({"type": "ipc"}),
        json!({"type": "uts"}),
    ];
    if site.network == "none" {
        namespaces.push(json!({"type": "network"}));
    }
    let mut linux = json!({});
    if caller.uid != 0 {
        namespaces.push(json!({"type": "user"}));
        let mapped = |id: u32| json!([{"containerID": 0, "hostID": id, "size": 1}]);
        linux["uidMappings"] = mapped(caller.uid);
        linux["gidMappings"] = mapped(caller.gid);
    }
    linux["namespaces"] = Value::Array(namespaces);
    let mount = |place: &str, kind: &str, source: &str, options: &[&str]| json!({"destination": place, "type": kind, "source": source, "options": options});
    let mut mounts = vec![
        mount("/proc", "proc", "proc", &["nosuid", "noexec", "nodev"]),
        mount(
            "/dev",
            "tmpfs",
            "tmpfs",
            &["nosuid", "mode=755", "size=65536k"],
        ),
        mount(
            "/dev/shm",
            "tmpfs",
            "shm",
            &["nosuid", "noexec", "nodev", "mode=1777"],
        ),
    ];
    mounts.extend(site.workplace.binds(place).map(|bind| {
        let [outside, inside] = [bind.outside, bind.inside].map(|path| path.display().to_string());
        let access = if bind.read_only { "ro" } else { "rw" };
        mount(&inside, "bind", &outside, &["rbind", access])
    }));
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "terminal": false,
            "user": {"uid": 0, "gid": 0},
            "args": args,
            "env": ["PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"],
            "cwd": "/",
            "noNewPrivileges": true,
        },
        "root": {"path": root.display().to_string(), "readonly": true},
        "hostname": "hpcctl",
        "mounts": mounts,
        "linux": linux,
    })
}
