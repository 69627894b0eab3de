//! Network namespaces of other processes, and commands of the node that are run in them; namespaces(7), nsenter(1).

use std::fs;

use rustix::process::getuid;

/// The command that runs another in the user and the network namespace of a process.
pub(crate) fn command(process: u32, argv: &[String]) -> Vec<String> {
    let at = |name: &str| format!("--{name}=/proc/{process}/ns/{name}");
    let mut command = vec!["nsenter".to_owned(), "--preserve-credentials".into()];
    let link = |who: &str| fs::read_link(format!("/proc/{who}/ns/user")).ok();
    // Root may enter any network; and one's own user namespace cannot be entered.
    if !getuid().is_root() && link("self") != link(&process.to_string()) {
        command.push(at("user"));
    }
    command.push(at("net"));
    command.extend_from_slice(argv);
    command
}

/// A process that is in the network namespace of this name, such as `net:[4026531840]`, as far as this one may see.
pub(crate) fn process(name: &str) -> Option<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.find(|number: &u32| {
        fs::read_link(format!("/proc/{number}/ns/net")).is_ok_and(|link| link.as_os_str() == name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environs::namespace;

    #[test]
    fn a_process_is_found_by_its_network() {
        let own = namespace("net").unwrap();
        assert!(process(&own).is_some());
        assert_eq!(process("net:[1]"), None);
    }

    #[test]
    fn no_user_namespace_is_entered_where_that_is_ours() {
        let own = std::process::id();
        let expected = format!("nsenter --preserve-credentials --net=/proc/{own}/ns/net true");
        assert_eq!(command(own, &["true".to_owned()]).join(" "), expected);
    }
}
