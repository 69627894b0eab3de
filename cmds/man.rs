//! `hpcctl man`: the manual pages, made from the command line, the exit table and the
//! manuals of the checks.

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man as Page;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::Cli;
use crate::emit;
use crate::exit::{EXITS, Exit};
use crate::failure::Failure;

/// Write the manual pages.
#[derive(Debug, Args)]
#[command(after_long_help = "EXAMPLES\n  hpcctl man ~/.local/share/man/man1")]
pub struct Man {
    /// The directory to write them to; it is made where it is missing
    dir: PathBuf,
}

impl Man {
    /// Carries out the command.
    pub fn run(&self) -> Result<Exit, Failure> {
        let name = self.dir.display().to_string();
        fs::create_dir_all(&self.dir).map_err(|error| Failure::writing(&name, &error))?;
        let pages = pages().map_err(|error| Failure::fault(format!("cannot make the manual pages: {error}")))?;
        for (file, text) in pages {
            emit::to_file(&self.dir.join(file), &text)?;
        }
        Ok(Exit::Clean)
    }
}

/// Each page with the name of its file.
fn pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut command = Cli::command();
    command.build();
    let mut pages = Vec::new();
    of_command(&command, "hpcctl", &mut pages)?;
    pages.push(("hpcctl-checks.7".into(), of_checks()?));
    Ok(pages)
}

/// The pages of a command and of those below it.
fn of_command(command: &Command, name: &str, pages: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    let command = command.clone().name(name.to_owned());
    let page = Page::new(command.clone()).title(name.to_uppercase()).date("").source("hpcctl");
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    if command.has_subcommands() {
        page.render_subcommands_section(&mut text)?;
    }
    page.render_extra_section(&mut text)?;
    exit_status().to_writer(&mut text)?;
    pages.push((format!("{name}.1"), text));
    for below in command.get_subcommands() {
        of_command(below, &format!("{name}-{}", below.get_name()), pages)?;
    }
    Ok(())
}

fn exit_status() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (_, code, meaning) in EXITS {
        roff.control("TP", []).text([bold(code.to_string())]).text([roman(*meaning)]);
    }
    roff
}

/// The manual of every check, hpcctl-checks(7).
fn of_checks() -> io::Result<Vec<u8>> {
    let mut roff = Roff::new();
    roff.control("TH", ["HPCCTL-CHECKS", "7", "", "hpcctl"]);
    roff.control("SH", ["NAME"]).text([roman("hpcctl-checks - the checks of hpcctl doctor")]);
    roff.control("SH", ["DESCRIPTION"]).text([roman(
        "Each check of hpcctl-doctor(1), in the order of its report: what it checks, why that matters, how it is found out and what to do.",
    )]);
    for probe in hpcctl_node::checks() {
        let manual = &probe.manual;
        roff.control("SH", [probe.id]).text([bold(manual.title)]);
        let references = format!("See also: {}.", manual.refs.join(", "));
        let labelled = [("", manual.what), ("", manual.why), ("", manual.how), ("User: ", manual.user), ("Admin: ", manual.admin), ("", &references)];
        for (label, text) in labelled.into_iter().filter(|(_, text)| !text.is_empty()) {
            roff.control("PP", []).text([bold(label), roman(text)]);
        }
    }
    let mut text = Vec::new();
    roff.to_writer(&mut text)?;
    Ok(text)
}
