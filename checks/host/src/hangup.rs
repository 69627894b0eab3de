//! SIGHUP as nohup(1) leaves it: ignored, which a handler that is set for all signals that end a program
//! would undo (sigaction(2)).

#![expect(unsafe_code, reason = "what is done at a signal has no safe wrapper")]

use std::mem;
use std::ptr;

/// Whether SIGHUP is ignored.
pub fn is_ignored() -> bool {
    // SAFETY: a sigaction of zeros is valid, and is only written to.
    unsafe {
        let mut now: libc::sigaction = mem::zeroed();
        libc::sigaction(libc::SIGHUP, ptr::null(), &raw mut now) == 0
            && now.sa_sigaction == libc::SIG_IGN
    }
}

/// Ignores SIGHUP.
pub fn ignore() {
    // SAFETY: no code runs at a signal that is ignored.
    unsafe {
        libc::signal(libc::SIGHUP, libc::SIG_IGN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_ignored_once_it_is_asked_to_be() {
        ignore();
        assert!(is_ignored());
    }
}
