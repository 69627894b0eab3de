//! A fix in one line: who does what, with the command.

use hpcctl_model::doctor::Step;

/// The steps: `(admin) load the module: modprobe fuse; (user) …`.
pub fn told(steps: &[Step]) -> String {
    let steps = steps.iter().map(|step| {
        let command = step.command.as_deref();
        let command = command.map_or_else(String::new, |line| format!(": {line}"));
        format!("({}) {}{command}", step.who.as_str(), step.text)
    });
    steps.collect::<Vec<_>>().join("; ")
}

/// Whether a text is a fix that [`told`] wrote, and so may hold a command.
pub fn is_told(text: &str) -> bool {
    text.starts_with("(admin) ") || text.starts_with("(user) ")
}
