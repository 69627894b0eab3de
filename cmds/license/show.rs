//! `hpcctl license show`: what is known of one licence, and its text.

use clap::Args;
use hpcctl_license_db::{expression, known};
use hpcctl_reports::{Kind, Report};
use jiff::Timestamp;

use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Ui;

/// Show the class, the obligations and the text of a licence
#[derive(Debug, Args)]
#[command(after_long_help = "\
EXAMPLES
  hpcctl license show MIT
  hpcctl license show LicenseRef-NVIDIA-CUDA-EULA-11.7
  hpcctl license show -o json GPL-2.0-or-later | jq -r '.result[0].obligations[]'")]
pub struct Show {
    /// The id of the SPDX list, of one of its exceptions, or a LicenseRef- of any report, in any case
    #[arg(value_name = "ID")]
    id: String,
    #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Licenses))]
    output: Vec<String>,
}

impl Show {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        let outputs = emit::outputs(&self.output, Kind::Licenses)?;
        let begun = Timestamp::now();
        let license = known::find(&self.id).ok_or_else(|| unknown(&self.id))?;
        let report = emit::envelope("licenses", begun, vec![license], Vec::new());
        emit::write(&Report::Licenses(&report), &outputs, ui)?;
        Ok(Exit::Clean)
    }
}

/// There is no licence of that id.
pub fn unknown(id: &str) -> Failure {
    let failure = Failure::usage(format!("there is no licence {id:?}"));
    let licenses = expression::licenses(id);
    let parts: Vec<&str> = licenses
        .iter()
        .flat_map(|one| one.split(" WITH "))
        .collect();
    if parts.len() > 1 && parts.iter().all(|part| known::find(part).is_some()) {
        return failure.hint(format!(
            "show its parts, each by itself: {}",
            parts.join(", ")
        ));
    }
    match known::like(id).as_slice() {
        [] => failure.hint("hpcctl license list shows those that there are"),
        near => failure.hint(format!("there is {}", near.join(", "))),
    }
}
