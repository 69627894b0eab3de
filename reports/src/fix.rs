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

/// The steps of what [`told`] wrote: what is to be done, and the command.
pub fn steps(told: &str) -> Vec<(&str, Option<&str>)> {
    let mut steps = Vec::new();
    let mut rest = told;
    while !rest.is_empty() {
        let begins = [" (admin) ", " (user) "].map(|who| rest.find(&format!(";{who}")));
        let end = begins.into_iter().flatten().min();
        let step = &rest[..end.unwrap_or(rest.len())];
        steps.push(match step.split_once(": ") {
            Some((text, command)) => (text, Some(command)),
            None => (step, None),
        });
        rest = end.map_or("", |end| &rest[end + 2..]);
    }
    steps
}

/// Whether a text is a fix that [`told`] wrote, and so may hold a command.
pub fn is_told(text: &str) -> bool {
    text.starts_with("(admin) ") || text.starts_with("(user) ")
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::{Cost, Who};

    use super::*;

    #[test]
    fn what_is_told_is_taken_apart_again() {
        let step = |who, text: &str, command: Option<&str>| Step {
            who,
            cost: Cost::User,
            text: text.into(),
            command: command.map(str::to_owned),
        };
        let all = [
            step(Who::Admin, "set it", Some("a: (b); (c) d")),
            step(Who::User, "log in again", None),
        ];
        let told = told(&all);
        assert!(is_told(&told));
        assert_eq!(
            steps(&told),
            [
                ("(admin) set it", Some("a: (b); (c) d")),
                ("(user) log in again", None)
            ]
        );
    }
}
