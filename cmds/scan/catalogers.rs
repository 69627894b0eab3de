//! `hpcctl scan catalogers`: what is looked for, and where.

use std::fmt::Write as _;

use hpcctl_image::CATALOGERS;

use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;

/// Lists the catalogers, a line a glob.
pub fn list() -> Result<Exit, Failure> {
    let ids = CATALOGERS.iter().map(|cataloger| cataloger.id.len());
    let width = ids.max().unwrap_or(0);
    let mut text = String::new();
    for cataloger in CATALOGERS {
        let magic = cataloger.magic.iter();
        let magic = magic.map(|magic| format!("files that begin with {}", magic.escape_ascii()));
        let globs = cataloger.globs.iter().map(|glob| (*glob).to_owned());
        let mut id = cataloger.id;
        for reads in globs.chain(magic) {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{id:width$}  {reads}");
            id = "";
        }
    }
    emit::to_stdout(text.as_bytes())?;
    Ok(Exit::Clean)
}
