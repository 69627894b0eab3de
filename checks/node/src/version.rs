//! Releases of programs, in what `--version` prints.

use hpcctl_host::Ran;

/// The first two numbers of the first version in a text: `podman version 4.3.1`,
/// `slurm-wlm 22.05.8`, `0.45.2`.
pub fn release(text: &str) -> Option<(u32, u32)> {
    let mut versions = text.split_whitespace().filter_map(|word| {
        let mut parts = word.trim_start_matches('v').split(['.', '-', '~', '+']);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    });
    versions.next()
}

/// The release in what a program printed, be it to standard output or error.
pub fn printed(ran: &Ran) -> Option<(u32, u32)> {
    release(&ran.stdout).or_else(|| release(&ran.stderr))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_two_numbers() {
        assert_eq!(release("slurm-wlm 22.05.8\n"), Some((22, 5)));
        assert_eq!(release("slurm 24.11.1-0rc1\n"), Some((24, 11)));
        assert_eq!(release("podman version 5.8.6\n"), Some((5, 8)));
        assert_eq!(release("0.39~pre+3fc2\n"), Some((0, 39)));
        assert_eq!(release("nonsense\n"), None);
    }
}
