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
///
/// One page a command in section 1, and hpcctl-checks(7), the manual of every check.
#[derive(Debug, Args)]
#[command(
    after_long_help = "EXAMPLES\n  hpcctl man pages\n  install -D -m 644 -t ~/.local/share/man/man1 pages/*.1\n  install -D -m 644 -t ~/.local/share/man/man7 pages/*.7"
)]
pub struct Man {
    /// The directory to write them to; it is made where it is missing
    dir: PathBuf,
}

impl Man {
    /// Carries out the command.
    pub fn run(&self) -> Result<Exit, Failure> {
        let name = self.dir.display().to_string();
        fs::create_dir_all(&self.dir).map_err(|error| Failure::writing(&name, &error))?;
        let pages = pages()
            .map_err(|error| Failure::fault(format!("cannot make the manual pages: {error}")))?;
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
    of_command(&command, &mut pages)?;
    pages.push(("hpcctl-checks.7".into(), of_checks()?));
    Ok(pages)
}

/// The pages of a command and of those below it.
fn of_command(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    // Without a date: a page changes only when what it says does.
    let page = Page::new(command.clone())
        .date("")
        .source("hpcctl")
        .manual("hpcctl");
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    if command.has_subcommands() {
        page.render_subcommands_section(&mut text)?;
    }
    let help = command
        .get_after_long_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    sections(&help).to_writer(&mut text)?;
    pages.push((page.get_filename(), text));
    command
        .get_subcommands()
        .try_for_each(|below| of_command(below, pages))
}

/// The sections at the end of a page: those of the help, whose headings are lines in capitals
/// and whose lines are kept as they are, and the table of exit statuses in every page.
fn sections(help: &str) -> Roff {
    let mut roff = Roff::new();
    let is_heading = |line: &str| line.starts_with(|first: char| first.is_ascii_uppercase());
    let mut status: Vec<&str> = Vec::new();
    let mut lines = help.lines().filter(|line| !line.is_empty()).peekable();
    while let Some(heading) = lines.next() {
        let mut body = Vec::new();
        while let Some(line) = lines.next_if(|line| !is_heading(line)) {
            body.push(line.strip_prefix("  ").unwrap_or(line));
        }
        if heading == EXIT_STATUS {
            status = body;
        } else {
            roff.control("SH", [heading]).control("nf", []);
            for line in body {
                roff.text([roman(line)]);
            }
            roff.control("fi", []);
        }
    }
    exit_status(&mut roff, &status);
    roff
}

/// The heading of what the exit status of a command depends on.
const EXIT_STATUS: &str = "EXIT STATUS";

fn exit_status(roff: &mut Roff, of_command: &[&str]) {
    roff.control("SH", [EXIT_STATUS]);
    for line in of_command {
        roff.text([roman(*line)]);
    }
    for (_, code, meaning) in EXITS {
        roff.control("TP", [])
            .text([bold(code.to_string())])
            .text([roman(*meaning)]);
    }
}

/// The manual of every check, hpcctl-checks(7).
fn of_checks() -> io::Result<Vec<u8>> {
    let mut roff = Roff::new();
    roff.control("TH", ["hpcctl-checks", "7", "", "hpcctl", "hpcctl"]);
    roff.control("SH", ["NAME"])
        .text([roman("hpcctl-checks - the checks of hpcctl doctor")]);
    roff.control("SH", ["DESCRIPTION"]).text([roman(
        "Each check of hpcctl-doctor(1), in the order of its report: what it checks, why that matters, how it is found out and what to do.",
    )]);
    for probe in hpcctl_node::checks() {
        let manual = &probe.manual;
        roff.control("SH", [probe.id]).text([bold(manual.title)]);
        let references = format!("See also: {}.", manual.refs.join(", "));
        let labelled = [
            ("", manual.what),
            ("", manual.why),
            ("", manual.how),
            ("User: ", manual.user),
            ("Admin: ", manual.admin),
            ("", &references),
        ];
        for (label, text) in labelled.into_iter().filter(|(_, text)| !text.is_empty()) {
            roff.control("PP", []).text([bold(label), roman(text)]);
        }
    }
    let mut text = Vec::new();
    roff.to_writer(&mut text)?;
    Ok(text)
}
