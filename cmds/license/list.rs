//! `hpcctl license list`: the licences that are known.

use clap::Args;
use hpcctl_license_db::{Identifier, known};
use hpcctl_reports::{Kind, Report};
use jiff::Timestamp;

use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Ui;

/// List the licences that are known
///
/// Those of the SPDX list with its exceptions, the texts of vendors that are known by samples, and the
/// names that hpcctl gives to families of licences and to terms that are on no list.
#[derive(Debug, Args)]
#[command(after_long_help = format!("\
EXAMPLES
  hpcctl license list
  hpcctl license list --class vendor-terms
  hpcctl license list -o json | jq -r '.result[] | select(.osi) | .id'

SPDX LICENCE LIST
  {}", Identifier::list_version()))]
pub struct List {
    /// Only those of a class, such as permissive, copyleft or proprietary; repeatable
    #[arg(long, value_name = "CLASS")]
    class: Vec<String>,
    #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Licenses))]
    output: Vec<String>,
}

impl List {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        let outputs = emit::outputs(&self.output, Kind::Licenses)?;
        let begun = Timestamp::now();
        let mut licenses = known::all();
        if let Some(class) = self.class.iter().find(|class| !known::is_class(class)) {
            return Err(Failure::usage(format!("there is no class {class:?}"))
                .hint(format!("there is {}", known::classes().join(", "))));
        }
        if !self.class.is_empty() {
            let wanted = |class: &String| self.class.contains(class);
            licenses.retain(|license| license.class.as_ref().is_some_and(wanted));
        }
        let report = emit::envelope("licenses", begun, licenses, Vec::new());
        emit::write(&Report::Licenses(&report), &outputs, ui)?;
        Ok(Exit::Clean)
    }
}
