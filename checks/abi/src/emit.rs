//! How the bindings that work are told to a runtime.

use hpcctl_host::shell::word;
use hpcctl_model::abi::{Abi, AbiVerdict, Bind, Binding};

/// A runtime: its name and what is printed for it.
pub struct Emit {
    /// The name, as `--emit` takes it.
    pub name: &'static str,
    /// Writes the command or the configuration.
    write: fn(&Wanted<'_>) -> String,
}

/// Every runtime that something is printed for.
pub static EMITS: &[Emit] = &[
    Emit {
        name: "podman",
        write: podman,
    },
    Emit {
        name: "apptainer",
        write: apptainer,
    },
    Emit {
        name: "charliecloud",
        write: charliecloud,
    },
    Emit {
        name: "sarus",
        write: sarus,
    },
];

/// What is to be bound for one program.
struct Wanted<'a> {
    image: &'a str,
    program: &'a str,
    binds: Vec<&'a Bind>,
    environment: Vec<&'a str>,
}

impl Emit {
    /// The runtime of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        EMITS.iter().find(|emit| emit.name == name)
    }

    /// The commands for the bindings that work; none where none does.
    pub fn write(&self, abi: &Abi) -> Option<String> {
        let good = |binding: &&Binding| binding.verdict <= AbiVerdict::Degraded;
        let mut taken: Vec<&Binding> = Vec::new();
        // One library for each name: the first that works.
        for binding in abi.bindings.iter().filter(good) {
            if !taken.iter().any(|known| known.soname == binding.soname) {
                taken.push(binding);
            }
        }
        let program = taken.first()?.programs.first()?;
        let of_program = taken
            .iter()
            .filter(|binding| binding.programs.contains(program));
        let (mut binds, mut environment): (Vec<&Bind>, Vec<&str>) = (Vec::new(), Vec::new());
        for binding in of_program {
            binds.extend(&binding.binds);
            environment.extend(binding.environment.iter().map(String::as_str));
        }
        binds.sort_by(|a, b| (&a.image, &a.host).cmp(&(&b.image, &b.host)));
        // One library in a place, also where two bindings bring it.
        binds.dedup_by(|a, b| a.image == b.image);
        environment.sort_unstable();
        environment.dedup();
        Some((self.write)(&Wanted {
            image: &abi.image.reference,
            program,
            binds,
            environment,
        }))
    }
}

fn command(first: &str, options: Vec<String>, last: &str) -> String {
    let mut lines = vec![first.to_owned()];
    lines.extend(options);
    lines.push(last.to_owned());
    lines.join(" \\\n  ") + "\n"
}

fn podman(wanted: &Wanted<'_>) -> String {
    let mut options: Vec<String> = wanted
        .binds
        .iter()
        .map(|bind| format!("-v {}", word(&format!("{}:{}:ro", bind.host, bind.image))))
        .collect();
    options.extend(
        wanted
            .environment
            .iter()
            .map(|pair| format!("-e {}", word(pair))),
    );
    let last = format!("{} {}", word(wanted.image), word(wanted.program));
    // Ranks of one node share memory and reach each other's.
    command(
        "podman run --rm --net=host --ipc=host --pid=host --userns=keep-id",
        options,
        &last,
    )
}

fn apptainer(wanted: &Wanted<'_>) -> String {
    let mut options: Vec<String> = wanted
        .binds
        .iter()
        .map(|bind| {
            format!(
                "--bind {}",
                word(&format!("{}:{}:ro", bind.host, bind.image))
            )
        })
        .collect();
    options.extend(
        wanted
            .environment
            .iter()
            .map(|pair| format!("--env {}", word(pair))),
    );
    let image = wanted
        .image
        .split_once(':')
        .map_or(wanted.image, |(kind, path)| match kind {
            "sif" | "apptainer-sandbox" | "dir" | "squashfs" | "ext" => path,
            _ => wanted.image,
        });
    command(
        "apptainer exec",
        options,
        &format!("{} {}", word(image), word(wanted.program)),
    )
}

/// `ch-run` binds onto what the image has; what it has not is gathered in one directory that is
/// bound over an empty one.
fn charliecloud(wanted: &Wanted<'_>) -> String {
    const GATHERED: &str = "/mnt";
    let is_beside = |bind: &&&Bind| bind.image.starts_with(crate::closure::PLACE);
    let (beside, over): (Vec<&Bind>, Vec<&Bind>) = {
        let (beside, over): (Vec<_>, Vec<_>) = wanted.binds.iter().partition(is_beside);
        (
            beside.into_iter().copied().collect(),
            over.into_iter().copied().collect(),
        )
    };
    let mut text = String::new();
    let mut options: Vec<String> = over
        .iter()
        .map(|bind| format!("-b {}", word(&format!("{}:{}", bind.host, bind.image))))
        .collect();
    if !beside.is_empty() {
        text.push_str("dir=$(mktemp -d)\n");
        for bind in &beside {
            let name = &bind.image[crate::closure::PLACE.len() + 1..];
            text.push_str(&format!(
                "cp -rL {} \"$dir\"/{}\n",
                word(&bind.host),
                word(name)
            ));
        }
        options.push(format!("-b \"$dir\":{GATHERED}"));
    }
    for pair in &wanted.environment {
        let pair = pair.replace(crate::closure::PLACE, GATHERED);
        options.push(format!("--set-env={}", word(&pair)));
    }
    let image = wanted
        .image
        .split_once(':')
        .map_or(wanted.image, |(_, path)| path);
    text + &command(
        "ch-run --join",
        options,
        &format!("{} -- {}", word(image), word(wanted.program)),
    )
}

/// The configuration of the hook for MPI, `mpi_hook.json` (Sarus user guide, "MPI Hook"): it binds
/// over libraries of the same name itself, and all else as it is.
fn sarus(wanted: &Wanted<'_>) -> String {
    let is_directory = |bind: &Bind| !bind.image.contains(".so");
    let quoted = |list: Vec<&str>| -> String { list.join(":") };
    let mut libraries: Vec<&str> = Vec::new();
    let (mut dependencies, mut mounts) = (Vec::new(), Vec::new());
    for bind in &wanted.binds {
        let name = bind.host.rsplit('/').next().unwrap_or_default();
        if is_directory(bind) {
            mounts.push(bind.host.as_str());
        } else if name.starts_with("libmpi") {
            libraries.push(&bind.host);
        } else {
            dependencies.push(bind.host.as_str());
        }
    }
    let env = [
        ("LDCONFIG_PATH", "/sbin/ldconfig".to_owned()),
        ("MPI_LIBS", quoted(libraries)),
        ("MPI_DEPENDENCY_LIBS", quoted(dependencies)),
        ("BIND_MOUNTS", quoted(mounts)),
        ("MPI_COMPATIBILITY_TYPE", "major".to_owned()),
    ];
    let env: Vec<String> = env
        .iter()
        .map(|(name, value)| {
            format!(
                "            \"{name}={}\"",
                value.replace('\\', "\\\\").replace('"', "\\\"")
            )
        })
        .collect();
    format!(
        "{{\n    \"version\": \"1.0.0\",\n    \"hook\": {{\n        \"path\": \"/opt/sarus/bin/mpi_hook\",\n        \"env\": [\n{}\n        ]\n    }},\n    \"when\": {{\n        \"annotations\": {{\n            \"^com.hooks.mpi.enabled$\": \"^true$\"\n        }}\n    }},\n    \"stages\": [\"createContainer\", \"startContainer\"]\n}}\n",
        env.join(",\n")
    )
}
