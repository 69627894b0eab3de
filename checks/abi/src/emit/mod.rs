//! How the bindings that work are told to a runtime, one file each.

mod apptainer;
mod charliecloud;
mod podman;
mod sarus;

use std::collections::BTreeSet;

use hpcctl_model::abi::{Abi, AbiVerdict, Bind, Binding, Gpu, Program};

use crate::closure::PLACE;
use crate::gpu;

/// A runtime: its name and what is printed for it.
#[derive(Debug)]
pub struct Emit {
    /// The name, as `--emit` takes it.
    pub name: &'static str,
    /// The program of it.
    pub program: &'static str,
    /// Whether what is printed starts a container, so that it can be tried.
    pub starts: bool,
    /// What stands between the paths of a bind mount, so that no path may have it.
    separators: &'static [char],
    /// Writes the command or the configuration; what the runtime takes in place of the image
    /// where it does not take it.
    write: fn(&Wanted<'_>) -> Result<String, String>,
}

/// How a runtime is called.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// Whether root does it.
    pub as_root: bool,
    /// Options of the program, in front of what it is to do.
    pub program: Vec<String>,
    /// Options of what starts a container.
    pub run: Vec<String>,
}

/// Every runtime that something is printed for.
pub static EMITS: &[&Emit] = &[
    &podman::EMIT,
    &apptainer::EMIT,
    &charliecloud::EMIT,
    &sarus::EMIT,
];

/// Why nothing is printed.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// Nothing is needed.
    #[error("no program of the image needs a library of MPI, of a fabric or of a GPU")]
    NoNeed,
    /// Nothing is needed for sure.
    #[error(
        "{0} may open {1} as it runs, and nothing else is needed: whether the host's works is not known"
    )]
    Opened(String, String),
    /// Nothing works.
    #[error("no library of the host works in the image")]
    Nothing,
    /// The runtime does not take such an image.
    #[error("{0}")]
    Image(String),
}

/// What is to be run for one program.
#[derive(Debug, Clone)]
pub(crate) struct Wanted<'a> {
    /// The image, from the root on where it is a file or a directory.
    pub(crate) image: String,
    /// A directory of it that is empty.
    pub(crate) empty: Option<&'a str>,
    /// The program, in front of which something may stand.
    pub(crate) words: Vec<String>,
    pub(crate) program: &'a str,
    /// Whether that is none, but something that programs load.
    pub(crate) is_module: bool,
    pub(crate) binds: Vec<Bind>,
    /// Variables that are set.
    pub(crate) environment: Vec<String>,
    /// Patterns of variables that cross, and of those that must not.
    pub(crate) crossing: Vec<&'a str>,
    pub(crate) staying: Vec<&'a str>,
    /// The bindings that it is for.
    pub(crate) bindings: Vec<&'a Binding>,
    /// The device files of networks.
    pub(crate) devices: &'a [String],
    /// The GPUs that the program uses.
    pub(crate) gpus: Vec<&'a Gpu>,
    /// How the runtime is called.
    pub(crate) call: &'a Call,
    /// The name of a container that is started once, alone, to look into it.
    pub(crate) once: Option<String>,
}

impl Emit {
    /// The runtime of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        EMITS.iter().find(|emit| emit.name == name).copied()
    }

    /// The command, or the configuration, for the bindings that work.
    ///
    /// # Errors
    ///
    /// When nothing works, or the runtime does not take such an image.
    pub fn write(&self, abi: &Abi, call: &Call) -> Result<String, EmitError> {
        let wanted = Wanted::asked(abi, call)?;
        let text = self.render(&wanted).map_err(EmitError::Image)?;
        let about = self.starts.then(|| about(abi, &wanted));
        Ok(about.unwrap_or_default() + &text)
    }

    /// The command alone, without what is found out for a launcher of ranks as it is given.
    ///
    /// # Errors
    ///
    /// As [`Emit::write`].
    pub fn alone(&self, abi: &Abi, call: &Call) -> Result<String, EmitError> {
        let mut wanted = Wanted::asked(abi, call)?;
        wanted.once = Some("alone".to_owned());
        self.render(&wanted).map_err(EmitError::Image)
    }

    pub(crate) fn render(&self, wanted: &Wanted<'_>) -> Result<String, String> {
        let mut paths = wanted
            .binds
            .iter()
            .flat_map(|bind| [&bind.host, &bind.image]);
        match paths.find(|path| path.contains(self.separators)) {
            Some(path) => Err(format!(
                "{} cannot bind {path}, for what is in its name: --host-lib with a copy elsewhere",
                self.name
            )),
            None => (self.write)(wanted),
        }
    }
}

impl<'a> Wanted<'a> {
    fn asked(abi: &'a Abi, call: &'a Call) -> Result<Self, EmitError> {
        if abi.programs.iter().all(|program| program.needs.is_empty()) {
            let opening = abi.programs.iter().find(|one| !one.opens.is_empty());
            return Err(opening.map_or(EmitError::NoNeed, |one| {
                EmitError::Opened(one.path.clone(), one.opens.join(", "))
            }));
        }
        let wanted = Self::of(abi, call).or_else(|| Self::with_own(abi, call));
        wanted.ok_or(EmitError::Nothing)
    }

    /// A program that needs the device files of a GPU alone: where nothing of the host is bound, its
    /// image has the libraries itself, as is usual but for NVIDIA's.
    fn with_own(abi: &'a Abi, call: &'a Call) -> Option<Self> {
        let has = |name: &String| {
            let maker = gpu::maker(name).filter(|maker| *maker != gpu::NVIDIA);
            let mut gpus = abi.gpus.iter().filter(|gpu| !gpu.devices.is_empty());
            maker.is_some_and(|maker| gpus.any(|gpu| gpu.vendor == maker))
        };
        let is_one =
            |program: &&Program| !program.needs.is_empty() && program.needs.iter().all(has);
        let program = abi.programs.iter().find(is_one)?;
        Some(Self::bare(abi, &program.path, call))
    }

    /// All bindings that work for the first program that has one; none where none does.
    pub(crate) fn of(abi: &'a Abi, call: &'a Call) -> Option<Self> {
        let good = |binding: &&Binding| binding.verdict <= AbiVerdict::Degraded;
        let first = &abi.bindings.iter().find(good)?.programs;
        // What loads a module is not known, so that a program comes before it.
        let mut programs = first.iter().filter(|path| !is_module(abi, path));
        let program = programs.next().or(first.first())?;
        let names: BTreeSet<&str> = abi.bindings.iter().map(|row| &*row.soname).collect();
        let taken = names.into_iter().filter_map(|name| abi.best(program, name));
        let taken: Vec<&Binding> = taken.filter(good).collect();
        let mut binds: Vec<Bind> = Vec::new();
        let mut environment: Vec<String> = Vec::new();
        for binding in &taken {
            binds.extend(binding.binds.iter().cloned());
            environment.extend(binding.environment.iter().cloned());
        }
        binds.sort_by(|a, b| (&a.image, &a.host).cmp(&(&b.image, &b.host)));
        // One library in a place, also where two bindings bring it.
        binds.dedup_by(|a, b| a.image == b.image);
        environment.sort_unstable();
        environment.dedup();
        let patterns = |crosses| {
            let rows = abi
                .environment
                .iter()
                .filter(move |row| row.crosses == crosses);
            rows.map(|row| row.pattern.as_str()).collect()
        };
        Some(Self {
            binds,
            environment,
            crossing: patterns(true),
            staying: patterns(false),
            bindings: taken,
            ..Self::bare(abi, program, call)
        })
    }

    /// A program of an image for which nothing was found to bind.
    pub(crate) fn bare(abi: &'a Abi, program: &'a str, call: &'a Call) -> Self {
        Self {
            image: from_root(&abi.image.reference),
            empty: abi.image.empty.as_deref(),
            words: words_of(abi, program),
            program,
            is_module: is_module(abi, program),
            binds: Vec::new(),
            environment: Vec::new(),
            crossing: Vec::new(),
            staying: Vec::new(),
            bindings: Vec::new(),
            devices: &abi.devices,
            gpus: gpus_of(abi, program),
            call,
            once: None,
        }
    }
}

impl Wanted<'_> {
    /// The words to be started in the container, with what a user gives the script behind them.
    fn started(&self) -> String {
        let words = self.words.iter().map(|word| hpcctl_host::shell::word(word));
        let mut words: Vec<_> = words.collect();
        if self.once.is_none() {
            words.push("\"$@\"".into());
        }
        words.join(" ")
    }

    /// The directory of the image onto which is bound what it has no place for.
    pub(crate) fn gathered(&self) -> &str {
        let is_plain = |path: &&str| {
            let mut bytes = path.bytes();
            bytes.all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
        };
        self.empty.filter(is_plain).unwrap_or(GATHERED)
    }
}

/// The directory that most images have for what is mounted for a while: hier(7).
const GATHERED: &str = "/mnt";

/// Transports of images that are files or directories of this machine.
const FILES: &[&str] = &[
    "apptainer-sandbox",
    "dir",
    "docker-archive",
    "ext",
    "oci",
    "oci-archive",
    "sif",
    "squashfs",
];

/// A reference that means the same in every directory.
fn from_root(reference: &str) -> String {
    let parts = reference
        .split_once(':')
        .filter(|(kind, _)| FILES.contains(kind));
    let path = parts.and_then(|(_, path)| std::path::absolute(path).ok());
    match parts.zip(path) {
        Some(((kind, _), path)) => format!("{kind}:{}", path.display()),
        None => reference.to_owned(),
    }
}

/// The GPUs that a program uses.
fn gpus_of<'a>(abi: &'a Abi, path: &str) -> Vec<&'a Gpu> {
    let programs = abi.programs.iter().filter(|program| program.path == path);
    let makers =
        programs.flat_map(|program| program.needs.iter().filter_map(|name| gpu::maker(name)));
    let makers: BTreeSet<&str> = makers.collect();
    let used = abi.gpus.iter();
    used.filter(|gpu| makers.contains(gpu.vendor.as_str()))
        .collect()
}

fn is_module(abi: &Abi, path: &str) -> bool {
    let mut programs = abi.programs.iter();
    programs.any(|program| program.path == path && program.module)
}

/// What is started for a program. What loads a module of Python is Python; of another the user says
/// it.
fn words_of(abi: &Abi, program: &str) -> Vec<String> {
    let is_python = program.contains("/python3") || program.contains(".cpython-3");
    match (is_module(abi, program), is_python) {
        (false, _) => vec![program.to_owned()],
        (true, true) => vec!["python3".to_owned()],
        (true, false) => Vec::new(),
    }
}

/// For which programs it is, where there are more, as comments of a shell.
fn about(abi: &Abi, wanted: &Wanted<'_>) -> String {
    let others = abi.programs.iter().map(|program| program.path.as_str());
    let others: Vec<&str> = others.filter(|path| *path != wanted.program).collect();
    let what = match (wanted.is_module, wanted.words.is_empty()) {
        (false, _) => "",
        (true, false) => ", which python3 loads: give it a script",
        (true, true) => ", which programs load as they run: give it one",
    };
    let mut absent = String::new();
    for gpu in wanted.gpus.iter().filter(|gpu| gpu.devices.is_empty()) {
        absent += &format!(
            "# this host has no device file of {}: made on a node with the GPU, this names them\n",
            gpu.vendor
        );
    }
    if others.is_empty() && what.is_empty() {
        return absent;
    }
    let all_have = |path: &&&str| {
        let mut bindings = wanted.bindings.iter();
        bindings.all(|binding| binding.programs.iter().any(|known| known == *path))
    };
    let (alike, apart): (Vec<&str>, Vec<&str>) = others.iter().partition(|path| all_have(path));
    let mut text = format!("# for {}{what}", shown(wanted.program));
    if !alike.is_empty() {
        text += &format!("; the same for {}", list(&alike));
    }
    if !apart.is_empty() {
        text += &format!("\n# not for {}: --program names one", list(&apart));
    }
    text + "\n" + &absent
}

/// Paths in a comment, the first of them.
fn list(paths: &[&str]) -> String {
    const SHOWN: usize = 4;
    let first: Vec<String> = paths.iter().take(SHOWN).map(|path| shown(path)).collect();
    match paths.len().saturating_sub(SHOWN) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// A path in a comment, which it must not leave.
fn shown(path: &str) -> String {
    path.chars()
        .map(|one| if one.is_control() { '?' } else { one })
        .collect()
}

/// A command over several lines.
fn command(first: &str, options: Vec<String>, last: &str) -> String {
    let mut lines = vec![first.to_owned()];
    lines.extend(options);
    lines.push(last.to_owned());
    lines.join(" \\\n  ") + "\n"
}

/// What is bound beside the libraries of the image, with its name there, and what over them.
pub(crate) fn parted(binds: &[Bind]) -> (Vec<(&str, &Bind)>, Vec<&Bind>) {
    let mut beside = Vec::new();
    let mut over = Vec::new();
    for bind in binds {
        match bind.image.strip_prefix(PLACE) {
            Some(name) => beside.push((name.trim_start_matches('/'), bind)),
            None => over.push(bind),
        }
    }
    (beside, over)
}
