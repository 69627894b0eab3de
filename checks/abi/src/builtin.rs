//! Our own launcher for one look into a directory that holds an image: a user, a mount and a pid
//! namespace, the image as root and what is bound in it; namespaces(7), pivot_root(2).

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hpcctl_host::dialogue::Dialogue;
use hpcctl_host::trial::{Entry, namespace};
use hpcctl_host::{Host, Op, Trial};

use crate::closure::PLACE;
use crate::emit::parted;
use crate::root::HostRoot;
use crate::wanted::Wanted;

/// Where the processes of the container are, which an image may have no place for.
const PROC: &str = "/proc";

/// Runs the words; what they said first.
pub(crate) fn run(
    wanted: &Wanted<'_>,
    dir: &Path,
    host: &dyn Host,
    deadline: Duration,
) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("cannot prepare the container: {error}");
    let root = directory(&wanted.image)?;
    let (beside, over) = parted(&wanted.binds);
    let gathered = wanted.gathered();
    let mount = dir.join("root");
    let place = dir.join("gathered");
    fs::create_dir(&mount)
        .and_then(|()| fs::create_dir(&place))
        .map_err(failed)?;
    let mut binds: Vec<(PathBuf, String)> = Vec::new();
    for (name, bind) in &beside {
        // A mount point below one of ours, so that nothing is copied.
        let at = place.join(name);
        let made = match fs::metadata(&bind.host).map_err(failed)?.is_dir() {
            true => fs::create_dir(&at),
            false => fs::File::create(&at).map(drop),
        };
        made.map_err(failed)?;
        binds.push((PathBuf::from(&bind.host), format!("{gathered}/{name}")));
    }
    binds.insert(0, (place, gathered.to_owned()));
    let tree = HostRoot::new(&root);
    let places = [gathered, PROC]
        .into_iter()
        .filter(|place| !tree.has(place));
    let mut missing: Vec<_> = places.map(|place| (true, place.to_owned())).collect();
    for bind in over {
        let inside = tree.place(&bind.image);
        if !tree.outside(&inside).exists() {
            missing.push((Path::new(&bind.host).is_dir(), inside.clone()));
        }
        binds.push((PathBuf::from(&bind.host), inside));
    }
    let moved = |text: &String| text.replace(PLACE, gathered);
    let words: Vec<String> = wanted.words.iter().map(moved).collect();
    let mut environment: Vec<String> = wanted.environment.iter().map(moved).collect();
    environment.push("PATH=/usr/sbin:/usr/bin:/sbin:/bin".into());
    let layer = match missing.is_empty() {
        true => None,
        false => Some(dir.join("layer")),
    };
    if let Some(layer) = &layer {
        fs::create_dir(layer).map_err(failed)?;
    }
    let caller = host.caller();
    let trial = Trial::new()
        .map_to_root(caller.uid, caller.gid)
        .op(Op::mount_private("/"));
    let trial = with_root(trial, &root, &mount, layer.as_deref());
    let trial = with_places(trial, &mount, &missing);
    let steps = bound(trial, &mount, &binds);
    let namespaces = namespace::USER | namespace::MOUNT | namespace::PID;
    let entry = Entry::new(namespaces, &steps, &words, &environment);
    let entry = entry.map_err(|error| error.to_string())?;
    let mut dialogue = Dialogue::enter(&entry).map_err(|error| error.to_string())?;
    let said = dialogue
        .ask("", deadline)
        .map_err(|error| error.to_string());
    dialogue.end(deadline);
    said
}

/// The directory that an image is.
fn directory(reference: &str) -> Result<PathBuf, String> {
    match reference.split_once(':') {
        Some(("dir" | "apptainer-sandbox", path)) => {
            fs::canonicalize(path).map_err(|error| format!("cannot read {path}: {error}"))
        }
        _ => Err(format!(
            "the builtin launcher enters directories only, and {reference} is none: --prove=podman or another runtime starts it"
        )),
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// The image, with a layer above it in which mount points can be made: Linux 5.11 and later let a
/// user do so.
fn with_root(trial: Trial, root: &Path, mount: &Path, layer: Option<&Path>) -> Trial {
    let Some(layer) = layer.map(text) else {
        return trial.op(Op::bind(&text(root), &text(mount)));
    };
    let (upper, work) = (format!("{layer}/upper"), format!("{layer}/work"));
    let options = format!(
        "lowerdir={},upperdir={upper},workdir={work},userxattr",
        text(root)
    );
    trial
        .op(Op::mount("tmpfs", &layer, "tmpfs", 0, ""))
        .op(Op::Mkdir(upper))
        .op(Op::Mkdir(work))
        .op(Op::mount("overlay", &text(mount), "overlay", 0, &options))
}

/// Makes mount points, directories where `true`.
fn with_places(mut trial: Trial, mount: &Path, missing: &[(bool, String)]) -> Trial {
    for (is_directory, inside) in missing {
        let place = mount.join(inside.trim_start_matches('/'));
        let above = place.ancestors().skip(1).collect::<Vec<_>>();
        for dir in above
            .into_iter()
            .rev()
            .filter(|dir| dir.starts_with(mount) && *dir != mount)
        {
            // What is there is fine.
            trial = trial.maybe(Op::Mkdir(text(dir)));
        }
        trial = match is_directory {
            true => trial.op(Op::Mkdir(text(&place))),
            false => trial.op(Op::Create {
                path: text(&place),
                data: String::new(),
            }),
        };
    }
    trial
}

fn bound(mut trial: Trial, mount: &Path, binds: &[(PathBuf, String)]) -> Trial {
    let mount = text(mount);
    for (outside, inside) in binds {
        trial = trial.op(Op::bind(&text(outside), &format!("{mount}{inside}")));
    }
    trial
        .op(Op::Chdir(mount))
        .op(Op::PivotRoot)
        .op(Op::proc())
        .op(Op::DetachOldRoot)
}
