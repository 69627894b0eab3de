//! `hpcctl gate`: may an image be published, and by which line of which policy.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hpcctl_image::Platform;
use hpcctl_model::gate::Outcome;
use hpcctl_reports::{Kind, Report};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::publish::{destination, name_alone};
use crate::trust::Trust;
use crate::ui::Ui;

mod decided;
mod evidence;
mod log;
pub mod policies;
mod rules;
mod scanned;

pub use decided::{Decided, decided};
pub use rules::explain;

/// Decide whether an image may be published.
///
/// Judges what was found in the image, in every layer, by the built-in policy, that of the site
/// (/etc/hpcctl/policy.toml) and that of the project: licences, vendors' files, secrets, files of
/// nobody, size, labels, base, and whether everything was looked at. Each refusal names the layer,
/// the path, the package, the licence, the line of the policy and what to do. What is not known is
/// never allowed unless the policy says so.
///
/// An image that was scanned before is judged by the report of that scan, which is kept under the
/// digest of the image. Of an image for several platforms one is judged, and the decision names the
/// others.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(subcommand_value_name = "COMMAND")]
#[command(after_long_help = "\
EXAMPLES
  hpcctl gate oci:layout:v1 --to registry.example.org/lab/image
  hpcctl gate docker://registry.example.org/lab/image:v1 --policy policy.toml
  hpcctl gate docker://registry.example.org/lab/image:v1 --platform linux/arm64
  hpcctl gate image.tar -o sarif=gate.sarif -o junit=gate.xml -o markdown
  hpcctl gate list
  hpcctl gate explain license.terms content.vendor

EXIT STATUS
  0 it may be published, 1 it may not or a person has to look, 3 not everything could be looked
  at, 4 a policy is not valid, 5 there is no image to be read.")]
pub struct Gate {
    #[command(subcommand)]
    command: Option<GateCommand>,
    #[command(flatten)]
    judged: Option<Judged>,
    #[command(flatten)]
    trust: Trust,
    /// Where the image is to go; what no class of the policy matches is public
    #[arg(long, value_name = "HOST/NAME")]
    to: Option<String>,
    /// Decide as of this time instead of now (RFC 3339, or a date, which begins at midnight UTC);
    /// publish always goes by the clock
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<Timestamp>,
    #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Gate))]
    output: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum GateCommand {
    /// List the rules
    #[command(after_long_help = "EXAMPLES\n  hpcctl gate list\n\nEXIT STATUS\n  0.")]
    List,
    /// List the terms of vendors that files are judged by
    #[command(after_long_help = "EXAMPLES\n  hpcctl gate terms\n\nEXIT STATUS\n  0.")]
    Terms,
    /// Print the manual of a rule
    #[command(after_long_help = "\
EXAMPLES
  hpcctl gate explain license.terms

EXIT STATUS
  0, or 2 where there is no such rule.")]
    Explain {
        /// The ids of rules
        #[arg(required = true, value_name = "RULE")]
        rules: Vec<String>,
    },
    /// Read the log of decisions
    ///
    /// Each record of the log holds the digest of the one before, and a second file, decisions.head,
    /// that of the last, and that of the next before it is written: what was changed, taken out, put in
    /// or put behind shows, and nothing is decided or published until it is cleared up.
    ///
    /// There is no key in these files. Who can write to both can write both anew, put back older copies
    /// of both, or take both away, and the log alone does not show that. A record that is known from
    /// elsewhere does: what verify printed and was kept on another machine, or the record that the
    /// signed statement of what was published names (hpcctl verify -o json). Name it with --record.
    #[command(after_long_help = "\
EXAMPLES
  hpcctl gate log show
  hpcctl gate log verify --state /srv/hpcctl
  hpcctl gate log verify --record 12:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

EXIT STATUS
  0, 1 where the log is not as it was written, 5 where there is none.")]
    Log {
        /// What to do with it
        what: log::What,
        /// A record that must be there, from elsewhere; repeatable
        #[arg(long = "record", value_name = "NUMBER:SHA256")]
        records: Vec<log::Known>,
        /// Where results are kept [default: as hpcctl gate has it]
        #[arg(long, value_name = "DIR")]
        state: Option<PathBuf>,
    },
}

/// What is judged, and by what.
#[derive(Debug, Args)]
pub struct Judged {
    /// The image, as hpcctl scan image takes it
    #[arg(value_name = "REF")]
    pub reference: String,
    /// The platform, where the image is there for several [default: Linux on this machine]; of the
    /// others nothing is decided
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<Platform>,
    /// The project's policy; where the site has one, it can only tighten that
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// A result about this image: the JSON of doctor --image, bench or abi, or the CycloneDX (VEX) or
    /// SARIF of a scanner of vulnerabilities; repeatable
    #[arg(long = "result", value_name = "FILE")]
    pub results: Vec<PathBuf>,
    /// Scan, even if the image was scanned before
    #[arg(long)]
    pub rescan: bool,
    /// Where results are kept [default: hpcctl in the user's state directory, as root
    /// /var/lib/hpcctl]
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

impl Gate {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        match (&self.command, &self.judged) {
            (Some(GateCommand::List), _) => rules::list(),
            (Some(GateCommand::Terms), _) => rules::terms(),
            (Some(GateCommand::Explain { rules }), _) => explain(rules),
            (
                Some(GateCommand::Log {
                    what,
                    records,
                    state,
                }),
                _,
            ) => log::run(*what, records, state.as_deref()),
            (None, Some(judged)) => self.judge(judged, ui),
            (None, None) => Err(Failure::usage("an image is asked for")
                .hint("hpcctl gate REF, or hpcctl gate list for the rules")),
        }
    }

    fn judge(&self, judged: &Judged, ui: &Ui) -> Result<Exit, Failure> {
        let outputs = emit::outputs(&self.output, Kind::Gate)?;
        let to = self.to.as_deref();
        let to = to.map(|to| destination(to, self.trust)).transpose()?;
        let to = to.as_ref().map(name_alone);
        let decided = decided("gate", judged, self.trust, to.as_deref(), self.now, ui)?;
        let outcome = decided.gate.decision.outcome;
        let report = emit::envelope("gate", decided.begun, decided.gate, decided.scan.unknowns);
        emit::write(&Report::Gate(&report), &outputs, ui)?;
        Ok(exit(outcome))
    }
}

/// A time, or the beginning of a day in UTC.
fn time(text: &str) -> Result<Timestamp, String> {
    let of_day = |day: Date| TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0));
    let time = text.parse::<Timestamp>();
    let day = text.parse::<Date>().and_then(of_day);
    time.or(day).map_err(|error| error.to_string())
}

/// The exit status of a decision.
pub fn exit(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::Allow => Exit::Clean,
        Outcome::Review | Outcome::Deny => Exit::Findings,
        Outcome::Incomplete => Exit::Inconclusive,
    }
}
