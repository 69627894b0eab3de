//! What was heard of nodes beside their lines: `n19: ssh: connect to host n19: No route to host`, as
//! pdsh, clush, srun and Ansible pass on what a node or they themselves say. Ansible puts the name into a line of
//! its own, `n19 | CHANGED | rc=0 >>`, in front of what the node says.

use std::collections::HashMap;

use super::node_set::is_name;
use crate::terminal::in_words;

/// The most nodes of which something is kept.
const NODES: usize = 1 << 14;

/// The longest text that is kept of a node.
const TEXT: usize = 200;

/// Behind how many words of the engine the name of the node may stand: `srun: error: n3: `.
const WORDS: usize = 3;

/// What engines say of any command that did not end with 0, as doctor does where it found
/// something.
const ENDED: &str = "exit";

/// What is said of a node of which nothing was heard.
const NOTHING: &str = "no line came from it";

/// How lines begin that only tell what to do about an error, as hpcctl and its parser of arguments
/// print them behind it.
const ADVICE: [&str; 4] = ["hint:", "tip:", "Usage:", "For more information"];

/// What lines have that tell what went wrong.
const ERRORS: [&str; 2] = ["error: ", "cannot "];

/// How much a line tells of why a node did not report.
fn weight(words: &str) -> u8 {
    if ADVICE.iter().any(|begin| words.starts_with(begin)) {
        0
    } else if ERRORS.iter().any(|error| words.contains(error)) {
        2
    } else {
        1
    }
}

/// What was heard of nodes.
#[derive(Debug, Default)]
pub struct Heard {
    /// What tells most, and how the command ended there.
    by_name: HashMap<Box<str>, [String; 2]>,
    /// What is said of the others.
    pub otherwise: Option<String>,
    /// The node that Ansible has named, until it names another.
    named: Option<Box<str>>,
}

/// What Ansible says of a command on a node (the callback plugin `minimal`).
const BECAME: [&str; 4] = ["CHANGED", "SUCCESS", "FAILED", "UNREACHABLE!"];

/// How it says that a command ended, in front of what that said and behind it.
const ENDED_WELL: &str = "rc=0 >>";
const ENDED_BADLY: &str = "non-zero return code";

/// The field of Ansible's JSON that tells what went wrong where no command ran.
const MESSAGE: &str = "\"msg\": \"";

/// The node that a line of Ansible names, and what it says of it.
fn named(line: &str) -> Option<(&str, &str)> {
    let (name, words) = line.split_once(" | ")?;
    let is_told = BECAME.iter().any(|became| words.starts_with(became));
    (is_told && is_name(name)).then_some((name, words))
}

impl Heard {
    /// Takes a line that is none of a node's; `is_known` tells nodes that have reported.
    pub fn text(&mut self, line: &str, is_known: impl Fn(&str) -> bool) {
        let mut rest = line.trim();
        if let Some((name, words)) = named(rest) {
            self.named = Some(name.into());
            // What the node says counts more, whatever that is.
            if !is_known(name) && !words.ends_with(ENDED_WELL) {
                self.put(name, words);
            }
            return;
        }
        if let Some(name) = self.named.clone().filter(|name| !is_known(name)) {
            match rest.split_once(MESSAGE) {
                Some((_, told)) => self.put(&name, told.trim_end_matches([',', '"'])),
                None if rest.starts_with(['"', '}']) => {}
                None => self.put(&name, rest.strip_suffix(ENDED_BADLY).unwrap_or(rest)),
            }
            return;
        }
        for _ in 0..WORDS {
            let ends = [": ", " | "].map(|end| rest.split_once(end));
            let ends = ends.into_iter().flatten();
            let Some((name, words)) = ends.min_by_key(|(name, _)| name.len()) else {
                return;
            };
            rest = words.trim_start();
            if is_name(name) && !is_known(name) {
                self.put(name, rest);
            }
        }
    }

    /// Another stream begins.
    pub fn begin(&mut self) {
        self.named = None;
    }

    fn put(&mut self, name: &str, words: &str) {
        if words.is_empty() || self.by_name.len() >= NODES && !self.by_name.contains_key(name) {
            return;
        }
        let place = usize::from(words.to_lowercase().contains(ENDED));
        let texts = self.by_name.entry(name.into()).or_default();
        let known = &mut texts[place];
        // Of errors the first, of other words the last.
        let counts =
            weight(words) > weight(known) || weight(words) == weight(known) && weight(words) < 2;
        if known.is_empty() || counts {
            *known = in_words(words, TEXT).into_owned();
        }
    }

    /// Forgets a node that has reported.
    pub fn forget(&mut self, name: &str) {
        if !self.by_name.is_empty() {
            self.by_name.remove(name);
        }
    }

    /// Why no line came from a node, in the words that were heard.
    pub fn of(&self, name: &str) -> String {
        let heard = self.by_name.get(name).into_iter().flatten();
        let heard: Vec<&str> = heard
            .map(String::as_str)
            .filter(|text| !text.is_empty())
            .collect();
        match (heard.as_slice(), &self.otherwise) {
            ([], Some(otherwise)) => otherwise.clone(),
            ([], None) => NOTHING.into(),
            // How it ended is no reason: doctor ends with 1 where it finds something.
            ([ended], _) if ended.to_lowercase().contains(ENDED) => format!("{NOTHING}: {ended}"),
            // Nodes that failed alike are one, whatever their names.
            (some, _) => some.join("; ").replace(&format!(" {name} "), " the node "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(lines: &[&str]) -> String {
        let mut heard = Heard::default();
        for line in lines {
            heard.text(line, |name| name == "n1");
        }
        heard.of("n19")
    }

    #[test]
    fn the_words_of_engines_are_told_of_their_nodes() {
        let refused = "ssh: connect to host the node port 22: Connection refused";
        let line = "n19: ssh: connect to host n19 port 22: Connection refused";
        assert_eq!(heard(&[line]), refused);
        let ended = "clush: n19: exited with exit code 255";
        let both = format!("{refused}; exited with exit code 255");
        assert_eq!(heard(&[line, ended]), both);
        assert_eq!(heard(&[ended, line]), both);
        assert_eq!(
            heard(&["srun: error: n19: task 3: Exited with exit code 1"]),
            "no line came from it: task 3: Exited with exit code 1"
        );
        assert_eq!(heard(&["n19 | UNREACHABLE! => {"]), "UNREACHABLE! => {");
    }

    #[test]
    fn behind_the_name_that_ansible_tells_are_the_words_of_the_node() {
        let well = "n19 | CHANGED | rc=0 >>";
        assert_eq!(
            heard(&[well, "node is in maintenance"]),
            "node is in maintenance"
        );
        assert_eq!(heard(&[well]), "no line came from it");
        let others = [
            "n1 | CHANGED | rc=0 >>",
            "motd",
            well,
            "n2 | CHANGED | rc=0 >>",
            "motd",
        ];
        assert_eq!(heard(&others), "no line came from it");
        let badly = "n19 | FAILED | rc=127 >>";
        let told = "bash: line 1: hpcctl: command not foundnon-zero return code";
        assert_eq!(
            heard(&[badly, told]),
            "bash: line 1: hpcctl: command not found"
        );
        assert_eq!(heard(&[badly, ENDED_BADLY]), "FAILED | rc=127 >>");
        let unreachable = [
            "n19 | UNREACHABLE! => {",
            "    \"changed\": false,",
            "    \"msg\": \"Failed to connect to the host via ssh: no route\",",
            "    \"unreachable\": true",
            "}",
        ];
        assert_eq!(
            heard(&unreachable),
            "Failed to connect to the host via ssh: no route"
        );
        // Another stream is of nobody yet.
        let mut two = Heard::default();
        two.text(well, |_| false);
        two.begin();
        two.text("motd", |_| false);
        assert_eq!(two.of("n19"), "no line came from it");
    }

    #[test]
    fn an_error_counts_more_than_the_hint_behind_it() {
        let error = "error: cannot read /etc/hpcctl: no such file";
        let lines = ["n19: motd", &format!("n19: {error}"), "n19: hint: make it"];
        assert_eq!(heard(&lines), error);
        let usage = [
            "n19: error: unexpected argument '--x'",
            "n19: Usage: hpcctl",
            "n19: tip: y",
        ];
        assert_eq!(heard(&usage), "error: unexpected argument '--x'");
        assert_eq!(
            heard(&["n19: motd", "n19: bash: hpcctl: not found"]),
            "bash: hpcctl: not found"
        );
    }

    #[test]
    fn what_others_say_is_not_said_of_a_node() {
        let none = "no line came from it";
        assert_eq!(heard(&["clush: n1: exited with exit code 3"]), none);
        assert_eq!(heard(&["n18: Connection refused", "n19:", ""]), none);
        let mut heard = Heard::default();
        heard.text("n19: motd", |_| false);
        heard.forget("n19");
        heard.otherwise = Some("the deadline of 5 s came first".into());
        assert_eq!(heard.of("n19"), "the deadline of 5 s came first");
    }
}
