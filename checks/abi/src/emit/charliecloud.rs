//! `ch-run`, ch-run(1). It binds onto what the image has; what it has not is bound onto places in
//! one directory, which is bound over an empty one. The device files of GPUs are there: it has the
//! whole of /dev.

use hpcctl_host::shell::word;

use super::{Emit, command, parted};
use crate::closure::PLACE;
use crate::wanted::Wanted;

/// The row.
pub(super) static EMIT: Emit = Emit {
    name: "charliecloud",
    programs: &["ch-run"],
    starts: true,
    separators: &[':'],
    write,
};

/// It does not start without the user's name, which batch systems do not always tell.
const USER: &str = "export USER=\"${USER:-$(id -un)}\"\n";

/// Ranks of one node share a user namespace, or they cannot read each other's memory. How many
/// they are, Hydra, Open MPI and Slurm tell each by a name of its own, of which ch-run(1) knows the
/// last two; what started them all is the same for each.
const JOIN: &str = "\
join=
ranks=${MPI_LOCALNRANKS:-${OMPI_COMM_WORLD_LOCAL_SIZE:-${SLURM_STEP_TASKS_PER_NODE:-1}}}
ranks=${ranks%%[!0-9]*}
if [ \"${ranks:-1}\" -gt 1 ]; then join=\"--join --join-ct=$ranks --join-tag=$PPID\"; fi
";

/// Removes the places at the end, also where it is told to end before.
const GATHER: &str = "\
dir=$(mktemp -d)
trap 'rm -rf \"$dir\"' EXIT
trap 'kill ${child:-}; wait; exit 143' HUP INT TERM
";

/// Makes places that an image has not, above it.
fn above(places: &[&str]) -> String {
    let why = format!(
        "the image has no {}: Charliecloud 0.33 or newer makes one",
        places.join(", no ")
    );
    format!(
        "if ! ch-run --help | grep -q -e --write-fake; then\n  echo {} >&2\n  exit 1\nfi\n",
        hpcctl_host::shell::quoted(&why)
    )
}

fn write(wanted: &Wanted<'_>) -> Result<String, String> {
    let image = image(&wanted.image)?;
    let gathered = wanted.gathered();
    let (beside, over) = parted(&wanted.binds);
    let mut text = USER.to_owned();
    let mut first = "ch-run".to_owned();
    if wanted.once.is_none() {
        text.push_str(JOIN);
        first.push_str(" $join");
    }
    let bind = |host: &str, image: &str| format!("-b {}", word(&format!("{host}:{image}")));
    let mut options: Vec<String> = Vec::new();
    let mut places: Vec<&str> = over
        .iter()
        .filter(|bind| bind.is_new)
        .map(|bind| bind.image.as_str())
        .collect();
    if !beside.is_empty() && wanted.empty != Some(gathered) {
        places.push(gathered);
    }
    if !places.is_empty() {
        text += &above(&places);
        options.push("--write-fake".to_owned());
    }
    options.extend(over.iter().map(|one| bind(&one.host, &one.image)));
    if !beside.is_empty() {
        text.push_str(GATHER);
        options.push(format!("-b \"$dir\":{gathered}"));
        for (name, one) in &beside {
            // A place for it, so that nothing is copied.
            let place = format!("\"$dir\"/{}", word(name));
            let host = word(&one.host);
            text += &format!("if [ -d {host} ]; then mkdir {place}; else : >{place}; fi\n");
            options.push(bind(&one.host, &format!("{gathered}/{name}")));
        }
    }
    // It hands on all of the environment.
    options.extend(
        wanted
            .staying
            .iter()
            .map(|name| format!("--unset-env={}", word(name))),
    );
    let moved = |text: &String| text.replace(PLACE, gathered);
    let pairs = wanted.environment.iter().map(moved);
    options.extend(pairs.map(|pair| format!("--set-env={}", word(&pair))));
    let inside = Wanted {
        words: wanted.words.iter().map(moved).collect(),
        ..wanted.clone()
    };
    let last = format!("{} -- {}", word(image), inside.started());
    let command = command(&first, options, &last);
    Ok(match beside.is_empty() {
        true => text + &command,
        false => format!(
            "{text}{} <&0 &\nchild=$!\nwait \"$child\"\n",
            command.trim_end()
        ),
    })
}

/// The image as `ch-run` takes it: a directory, a squashfs file, or the name of one that
/// `ch-image` keeps.
fn image(reference: &str) -> Result<&str, String> {
    let (kind, rest) = reference.split_once(':').unwrap_or(("", reference));
    match kind {
        "dir" | "apptainer-sandbox" | "charliecloud" | "squashfs" => Ok(rest),
        _ => Err(format!(
            "Charliecloud takes no image such as {reference}: `ch-convert` makes a directory of it, to be named by dir:DIR"
        )),
    }
}
