//! Judging one kernel parameter, a file under /proc/sys.

use hpcctl_host::Errno;

use crate::{Finding, Reading};

/// Its text; else what to say of it.
pub(crate) fn text(reading: &Reading) -> Result<&str, Finding> {
    match reading.files.first() {
        Some((_, Ok(text))) => Ok(text.trim()),
        Some((_, Err(Errno::ENOENT))) => Err(Finding::skipped("the kernel has no such setting")),
        Some((path, Err(errno))) => {
            Err(Finding::unknown(format!("{path} cannot be read: {errno}")))
        }
        None => Err(Finding::unknown("nothing was read")),
    }
}

/// Its number; else what to say of it.
pub(crate) fn number(reading: &Reading, key: &str) -> Result<u64, Finding> {
    let text = text(reading)?;
    let number = text.parse();
    number.map_err(|_| Finding::unknown(format!("{key} is {text:?}, which is no number")))
}
