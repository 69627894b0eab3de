//! Interrupts: SIGINT, SIGTERM and SIGHUP end a command with its own exit status and nothing left behind.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use hpcctl_host::hangup;

use crate::exit::Exit;

/// Whether something is under way that removes its traces when it is done.
static HELD: AtomicBool = AtomicBool::new(false);

/// Whether an interrupt came meanwhile.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// How soon a second signal is still the first: timeout(1) signals a process, and then the group that it is in.
const SAME: Duration = Duration::from_secs(1);

/// Ends the process at an interrupt; while [`held`] runs, only at one that comes more than a second after the first.
pub fn listen() {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    let handler = || {
        let is_second = FIRST.get_or_init(Instant::now).elapsed() > SAME;
        INTERRUPTED.store(true, SeqCst);
        if !HELD.load(SeqCst) || is_second {
            #[expect(
                clippy::disallowed_methods,
                reason = "an interrupt ends the process from the thread that waits for it"
            )]
            std::process::exit(Exit::Interrupted.code().into());
        }
    };
    let is_nohup = hangup::is_ignored();
    // Without a handler the signal ends the process all the same, with the shell's status.
    let _ = ctrlc::set_handler(handler);
    if is_nohup {
        hangup::ignore();
    }
}

/// Whether an interrupt came while something was [`held`].
pub fn came() -> bool {
    INTERRUPTED.load(SeqCst)
}

/// Runs work that must come to its end, of a second or so or asking whether an interrupt
/// [`came`], or fails with the interrupt.
pub fn held<T>(work: impl FnOnce() -> T) -> Result<T, Exit> {
    HELD.store(true, SeqCst);
    let done = work();
    HELD.store(false, SeqCst);
    if INTERRUPTED.load(SeqCst) {
        Err(Exit::Interrupted)
    } else {
        Ok(done)
    }
}
