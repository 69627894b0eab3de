//! What an instruction needs of the build.

use super::read::Instruction;

/// What is needed beyond a plain command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// To give a file to another id.
    Owner,
    /// To become another user.
    OtherUser,
    /// To become the user of apt's downloads.
    Apt,
    /// What packages of RPM need, which was not tried.
    Rpm,
    /// CAP_SYS_ADMIN.
    Mount,
    /// CAP_MKNOD outside of any user namespace.
    Device,
    /// To change the kernel of the node.
    Module,
    /// A running init.
    Init,
    /// To give a file that is copied to another id.
    CopyOwner,
    /// The option of COPY that sets a mode.
    CopyMode,
    /// The option of RUN that mounts.
    RunMount,
    /// To run as the user of an earlier USER.
    AsUser,
    /// USER itself.
    User,
    /// To make a directory for the user of an earlier USER.
    WorkDir,
    /// To read a here-document.
    Document,
    /// Whatever a value that is not known turns out to be.
    NotKnown,
}

/// One need, and what shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needs {
    pub(super) need: Need,
    /// In words.
    pub(super) what: String,
}

fn needs(need: Need, what: impl Into<String>) -> Needs {
    Needs {
        need,
        what: what.into(),
    }
}

/// What an instruction needs, where another user is set or not.
pub(super) fn of(instruction: &Instruction, user: Option<&str>) -> Vec<Needs> {
    let mut found = Vec::new();
    if instruction.document.is_some() {
        found.push(needs(Need::Document, "it reads a here-document"));
    }
    let (options, _) = instruction.options();
    let option = |name: &str| options.iter().find_map(|option| option.strip_prefix(name));
    match instruction.word.as_str() {
        "RUN" => {
            if option("--mount=").is_some() {
                found.push(needs(Need::RunMount, "--mount is an option of RUN"));
            }
            let goes_on = goes_on(&instruction.rest);
            for command in instruction.commands() {
                found.extend(of_command(&command.words).map(|found| match goes_on {
                    true => needs(
                        Need::NotKnown,
                        found.what + ", and the shell may go on after it",
                    ),
                    false => found,
                }));
            }
            if let Some(user) = user {
                found.push(needs(Need::AsUser, format!("it runs as {user}")));
            }
        }
        "WORKDIR" => {
            if let Some(user) = user {
                let what = format!("a directory that is not there yet is given to {user}");
                found.push(needs(Need::WorkDir, what));
            }
        }
        "USER" => {
            if let Some(need) = of_owner(&instruction.rest, Need::User) {
                found.push(needs(
                    need,
                    format!("what follows runs as {}", instruction.rest),
                ));
            }
        }
        "COPY" | "ADD" => {
            let owner = option("--chown=");
            if let Some((owner, need)) =
                owner.and_then(|owner| Some((owner, of_owner(owner, Need::CopyOwner)?)))
            {
                found.push(needs(need, format!("--chown gives files to {owner}")));
            }
            if option("--chmod=").is_some() {
                found.push(needs(Need::CopyMode, "--chmod sets a mode"));
            }
        }
        _ => {}
    }
    found
}

/// Whether the shell may go on where one of its commands fails, or may not come to it: `||`,
/// conditions, and commands after a `;` without `set -e`.
fn goes_on(script: &str) -> bool {
    const CONDITIONS: [&str; 5] = ["if", "while", "until", "case", "for"];
    let mut words = script.split([' ', '\t', '\n', ';', '&', '|', '(']);
    let stops = script.contains("set -e") || script.contains("errexit");
    let after = script.trim_end().trim_end_matches(';').contains(';');
    script.contains("||") || words.any(|word| CONDITIONS.contains(&word)) || (after && !stops)
}

/// The user that an instruction sets; none where it is root.
pub(super) fn user(instruction: &Instruction) -> Option<String> {
    of_owner(&instruction.rest, Need::User).map(|_| instruction.rest.clone())
}

/// What an owner needs: root is what a build is anyway.
fn of_owner(owner: &str, need: Need) -> Option<Need> {
    if owner.contains('$') {
        return Some(Need::NotKnown);
    }
    let mut parts = owner.split([':', '.']);
    let is_root = parts.all(|part| matches!(part, "" | "0" | "root"));
    (!is_root).then_some(need)
}

fn of_command(words: &[String]) -> Option<Needs> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let at = words.iter().position(|word| !is_before(word))?;
    let (first, rest) = words[at..].split_first()?;
    let name = first.rsplit('/').next().unwrap_or(first);
    let plain = || rest.iter().filter(|word| !word.starts_with('-'));
    let told = |need, does: &str| Some(needs(need, format!("{name} {does}")));
    match name {
        "chown" | "chgrp" | "install" => of_owners(name, rest),
        "apt" | "apt-get" | "aptitude" => {
            let acts = [
                "update",
                "install",
                "upgrade",
                "dist-upgrade",
                "full-upgrade",
                "download",
                "build-dep",
            ];
            let as_root = rest
                .iter()
                .any(|word| word.ends_with("APT::Sandbox::User=root"));
            let acts = plain().any(|word| acts.contains(word));
            if !acts || as_root {
                return None;
            }
            told(
                Need::Apt,
                "downloads as the user _apt (setgroups, seteuid 42)",
            )
        }
        "dnf" | "microdnf" | "yum" | "zypper" | "rpm" => {
            told(Need::Rpm, "gives files to the owners that packages name")
        }
        "su" | "gosu" | "su-exec" | "runuser" => told(Need::OtherUser, "becomes another user"),
        "setpriv" => {
            let changes = |word: &&str| word.starts_with("--reuid") || word.starts_with("--regid");
            rest.iter().any(changes).then_some(())?;
            told(Need::OtherUser, "becomes another user")
        }
        "sudo" => told(
            Need::NotKnown,
            "wants a set-user-id program, and the build is root already",
        ),
        "mknod" => {
            // Behind its name stand the kind and two numbers.
            let kind = rest.iter().rev().nth(2)?;
            matches!(*kind, "b" | "c" | "u").then_some(())?;
            told(Need::Device, "makes a device file")
        }
        "mount" if plain().count() > 1 => told(Need::Mount, "needs CAP_SYS_ADMIN"),
        "unshare" => told(Need::Mount, "needs CAP_SYS_ADMIN"),
        "modprobe" | "insmod" => told(Need::Module, "loads a module into the kernel of the node"),
        "systemctl" => {
            let acts = ["start", "restart", "reload", "stop", "daemon-reload"];
            plain().any(|word| acts.contains(word)).then_some(())?;
            told(Need::Init, "talks to an init, and none runs in a build")
        }
        _ => None,
    }
}

/// Commands that give files to an owner.
fn of_owners(name: &str, rest: &[&str]) -> Option<Needs> {
    let told = |need, owner: &str| Some(needs(need, format!("{name} gives files to {owner}")));
    if name == "install" {
        let owner = value(rest, &["-o", "-g"], &["--owner=", "--group="])?;
        return told(of_owner(owner, Need::Owner)?, owner);
    }
    if rest.iter().any(|word| word.starts_with("--reference")) {
        return told(Need::NotKnown, "the owner of another");
    }
    let owner = rest.iter().find(|word| !word.starts_with('-'))?;
    told(of_owner(owner, Need::Owner)?, owner)
}

/// Words before a command.
fn is_before(word: &str) -> bool {
    let assigns = word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    });
    assigns
        || matches!(
            word,
            "if" | "then"
                | "elif"
                | "else"
                | "while"
                | "until"
                | "do"
                | "!"
                | "{"
                | "time"
                | "exec"
                | "env"
        )
}

/// The value of one of these options.
fn value<'a>(words: &[&'a str], short: &[&str], long: &[&str]) -> Option<&'a str> {
    words.iter().enumerate().find_map(|(at, word)| {
        if short.contains(word) {
            return words.get(at + 1).copied();
        }
        long.iter().find_map(|name| word.strip_prefix(name))
    })
}

#[cfg(test)]
mod tests {
    use super::super::read::instructions;
    use super::*;

    fn needed(line: &str) -> Vec<Need> {
        let found = instructions(line);
        of(&found[0], None)
            .into_iter()
            .map(|row| row.need)
            .collect()
    }

    #[test]
    fn what_the_shell_goes_on_after_is_not_known() {
        for line in [
            "RUN chown daemon /x || true",
            "RUN if false; then chown daemon /x; fi",
            "RUN chown daemon /x; true",
        ] {
            assert_eq!(needed(line), [Need::NotKnown], "{line}");
        }
        for line in [
            "RUN chown daemon /x && true",
            "RUN set -e; chown daemon /x; true",
        ] {
            assert_eq!(needed(line), [Need::Owner], "{line}");
        }
    }

    #[test]
    fn root_is_no_other_owner() {
        for line in [
            "RUN chown root:root /x",
            "RUN chown -R 0:0 /x",
            "RUN chgrp root /x",
            "RUN install -o root -g 0 a b",
            "COPY --chown=0:0 a b",
            "ADD --chown=root a b",
            "USER root",
            "USER 0:0",
        ] {
            assert!(needed(line).is_empty(), "{line}");
        }
        assert_eq!(needed("RUN chown -R daemon:daemon /x"), [Need::Owner]);
        assert_eq!(needed("RUN chown root:tty /x"), [Need::Owner]);
        assert_eq!(needed("RUN chown $USER /x"), [Need::NotKnown]);
        assert_eq!(needed("COPY --chown=1234:1234 a b"), [Need::CopyOwner]);
        assert_eq!(needed("USER daemon"), [Need::User]);
    }

    #[test]
    fn words_that_are_only_printed_are_no_commands() {
        for line in [
            "RUN echo \"apt-get install\"",
            "RUN echo apt-get install > /x",
            "RUN ls # chown a b",
            "RUN cat <<X\n",
            "RUN which mount",
        ] {
            let found = needed(line);
            assert!(
                found.iter().all(|need| *need == Need::Document),
                "{line}: {found:?}"
            );
        }
    }

    #[test]
    fn commands_are_judged_by_their_words() {
        assert_eq!(
            needed("RUN apt-get update && apt-get install -y x"),
            [Need::Apt, Need::Apt]
        );
        assert!(
            needed("RUN apt-get clean && apt-get -o APT::Sandbox::User=root update").is_empty()
        );
        assert_eq!(
            needed("RUN DEBIAN_FRONTEND=x apt-get install y"),
            [Need::Apt]
        );
        assert!(needed("RUN mount && mount -V && mknod /x p").is_empty());
        assert_eq!(needed("RUN mount -t tmpfs none /mnt"), [Need::Mount]);
        assert_eq!(needed("RUN mknod -m 666 /x c 1 3"), [Need::Device]);
        assert_eq!(needed("RUN mknod /x c 1 3"), [Need::Device]);
        assert_eq!(
            needed("RUN <<EOF\napt-get update\nchown a b\nEOF"),
            [Need::Document, Need::Apt, Need::Owner]
        );
        assert_eq!(
            needed("RUN useradd -m joe && dpkg -i x.deb"),
            Vec::<Need>::new()
        );
        assert_eq!(needed("RUN [\"su\", \"a\"]"), [Need::OtherUser]);
    }

    #[test]
    fn a_user_bears_on_what_follows() {
        let found = instructions("RUN id");
        assert_eq!(of(&found[0], Some("a"))[0].need, Need::AsUser);
        let found = instructions("WORKDIR /x");
        assert_eq!(of(&found[0], Some("a"))[0].need, Need::WorkDir);
    }
}
