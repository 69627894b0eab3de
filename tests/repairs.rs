//! Repairs as doctor prints them, applied to an operation in its environment.

use serde_json::Value;

use crate::environments::Environment;

/// An operation about to be tried again.
pub struct Attempt {
    environment: Environment,
    more: String,
    script: String,
}

impl Attempt {
    /// As it was refused.
    pub fn new(environment: &Environment, more: &str, script: &str) -> Self {
        Self {
            environment: *environment,
            more: more.to_owned(),
            script: script.to_owned(),
        }
    }

    /// Applies each step of a way out; else why one cannot be applied here.
    pub fn apply(&mut self, steps: &Value) -> Result<(), String> {
        steps
            .as_array()
            .unwrap()
            .iter()
            .try_for_each(|step| self.step(step))
    }

    /// Whether the operation works now, and the last words of what it wrote.
    pub fn succeeds(&self, image: &str) -> (bool, String) {
        // The shell stays: a user's command is not pid 1, as which Apptainer takes the directory of
        // its sessions for another.
        let script = format!("{}\nexit $?", self.script);
        let argv = ["bash", "-c", &script, image];
        let run = self.environment.run(&self.more, &argv);
        let last = run.stderr.lines().last().unwrap_or("").to_owned();
        (run.code == 0, last)
    }

    fn step(&mut self, step: &Value) -> Result<(), String> {
        let word = |key: &str| step[key].as_str().unwrap_or("");
        let (who, text, command) = (word("who"), word("text"), word("command"));
        if word("cost") == "admin-package" {
            return Err(format!("a package: {command}"));
        }
        if self.session(text, command) || self.option(command) {
            return Ok(());
        }
        match who {
            "admin" => self.more += &format!("\n{command}"),
            _ => self.script = format!("{command}\n{}", self.script),
        }
        match command.contains('…') || command.is_empty() {
            true => Err(format!("not a command: {text}: {command}")),
            false => Ok(()),
        }
    }

    /// Steps on what stands around the session: the outer container, a login, the root.
    fn session(&mut self, text: &str, command: &str) -> bool {
        if text.contains("outer container") {
            self.environment.setup = "";
        } else if text.contains("from a login") {
            self.more += "\ninside=()";
        } else if text.contains("without no_new_privs") {
            self.more += "\noutside=()";
        } else if text.contains("as an ordinary user") {
            self.environment.user = "alice";
        } else if command.contains("NEWROOT") {
            let enter = command
                .replace("NEWROOT", "$room/root")
                .replace(". SHELL'", ". \"$@\"' sh");
            self.more += &format!("\nexport room; outside=({enter})");
        } else {
            return false;
        }
        true
    }

    /// Steps on the command itself: an option, or another command in its place.
    fn option(&mut self, command: &str) -> bool {
        let script = &self.script;
        let changed = match command {
            "podman --runtime runc …" => script.replace("podman ", "podman --runtime runc "),
            "podman run --network=host …" => script.replace(" run ", " run --network=host "),
            "podman build --network=host …" => {
                script.replace("podman build", "podman build --network=host")
            }
            "podman build --isolation=chroot …" => {
                script.replace("podman build", "podman build --isolation=chroot")
            }
            "ch-run -w DIR -- …" => {
                let copy =
                    "cp -r $0 $HOME/image && chmod -R u+w $HOME/image && ch-run -w $HOME/image";
                script.replace("ch-run -W $0", copy)
            }
            "ch-convert IMAGE.sqfs DIR && ch-run DIR -- …" => script.replace(
                "ch-run $0.sqfs",
                "PATH=/usr/bin:$PATH ch-convert $0.sqfs $HOME/image && ch-run $HOME/image",
            ),
            "apptainer exec --unsquash IMAGE.sif …" => {
                script.replace("apptainer exec", "apptainer exec --unsquash")
            }
            _ => return false,
        };
        assert_ne!(changed, *script, "{command} changes nothing of {script}");
        self.script = changed;
        true
    }
}
