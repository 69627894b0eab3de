//! What users typed: histories of shells and of clients of databases, with assignments of secrets
//! and passwords on the command line. Without one, a history is a clue.

use super::{Detector, Sightings, Source, command, variable};

pub(super) const DETECTOR: Detector = Detector::new(
    "secret.history",
    "What a user typed, in the history of a shell.",
)
.named(
    &[
        ".bash_history",
        ".zsh_history",
        ".sh_history",
        ".history",
        ".ash_history",
        ".ksh_history",
        "fish_history",
        ".python_history",
        ".mysql_history",
        ".psql_history",
        ".sqlite_history",
        ".rediscli_history",
        ".node_repl_history",
        ".lesshst",
        ".viminfo",
    ],
    file,
);

fn file(source: &Source<'_>, sightings: &mut Sightings) {
    let text = source.text();
    let mut lines = 0;
    for (number, line) in text.lines().enumerate() {
        lines += 1;
        let mut found = Sightings::default();
        variable::in_command(line, &mut found);
        let typed = found.seen.into_iter().next().map(|one| one.text);
        if let Some(what) = typed.or_else(|| command::typed(line).map(|it| it.told())) {
            sightings.line(DETECTOR.id, number, what);
        }
    }
    let is_of_shell = !matches!(source.name(), ".lesshst" | ".viminfo");
    if sightings.seen.is_empty() && lines > 0 && is_of_shell {
        sightings.file(DETECTOR.id, format!("{lines} lines that a user typed"));
        sightings.only_a_clue();
    }
}
