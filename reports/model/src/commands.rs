//! The commands of a fix as they are typed: options that several steps give to one program are one command.

use crate::doctor::Step;

/// What stands for the rest of a command of which only options are told.
const REST: &str = " …";

/// Words that say what a program is to do, in front of which it has options of its own.
const VERBS: &[&str] = &["run", "build", "exec"];

/// The command of each step; one that is a part of a later step's is none.
pub fn commands(steps: &[Step]) -> Vec<Option<String>> {
    let mut commands: Vec<Option<String>> = Vec::new();
    for step in steps {
        let mut own = step.command.clone();
        for earlier in &mut commands {
            let both = earlier.as_deref().zip(own.as_deref());
            if let Some(whole) = both.and_then(|(one, other)| together(one, other)) {
                (*earlier, own) = (None, Some(whole));
            }
        }
        commands.push(own);
    }
    commands
}

/// Options for a program, and for what it is told to do.
struct Options<'c> {
    program: &'c str,
    own: Vec<&'c str>,
    verb: Option<&'c str>,
    after: Vec<&'c str>,
}

impl<'c> Options<'c> {
    /// Those of a command that is nothing else.
    fn of(command: &'c str) -> Option<Self> {
        let (program, words) = command.strip_suffix(REST)?.split_once(' ')?;
        let mut own: Vec<&str> = words.split(' ').collect();
        let place = own.iter().position(|word| VERBS.contains(word));
        let after = place.map_or_else(Vec::new, |at| own.split_off(at + 1));
        let verb = place.and_then(|_| own.pop());
        let begins = own.first().is_none_or(|word| word.starts_with('-'));
        let is_plain = begins && after.iter().all(|word| word.starts_with('-'));
        is_plain.then_some(Self {
            program,
            own,
            verb,
            after,
        })
    }
}

/// Two commands with options of one program as one, where they are such.
fn together(one: &str, other: &str) -> Option<String> {
    let (one, other) = (Options::of(one)?, Options::of(other)?);
    let differ = one.verb.is_some() && other.verb.is_some() && one.verb != other.verb;
    if one.program != other.program || differ {
        return None;
    }
    let verb = one.verb.or(other.verb).into_iter().collect();
    let words = [
        vec![one.program],
        one.own,
        other.own,
        verb,
        one.after,
        other.after,
    ];
    Some(words.concat().join(" ") + REST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::{Cost, Who};

    fn typed(given: &[&str]) -> Vec<String> {
        let step = |command: &&str| Step {
            who: Who::User,
            cost: Cost::User,
            text: String::new(),
            command: (!command.is_empty()).then(|| (*command).to_owned()),
        };
        let steps: Vec<Step> = given.iter().map(step).collect();
        commands(&steps).into_iter().flatten().collect()
    }

    #[test]
    fn options_of_one_program_are_one_command() {
        let runc = "podman --runtime runc …";
        let host = "podman run --network=host …";
        let both = ["podman --runtime runc run --network=host …"];
        assert_eq!(typed(&[runc, host]), both);
        assert_eq!(typed(&[host, "", runc]), both);
        let build = "podman build --isolation=chroot …";
        for apart in [
            [host, build],
            [runc, "ch-run -w DIR -- …"],
            [runc, "podman system migrate"],
            [
                "ch-convert IMAGE.sqfs DIR && ch-run DIR -- …",
                "ch-run -w DIR -- …",
            ],
        ] {
            assert_eq!(typed(&apart), apart);
        }
        assert_eq!(typed(&[runc]), [runc]);
    }
}
