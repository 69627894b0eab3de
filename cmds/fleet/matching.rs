//! `hpcctl fleet match`: which nodes of the last merge can run an image.

use std::path::PathBuf;

use clap::Args;
use hpcctl_host::Live;
use hpcctl_image::{Error, Platform, Reference};
use hpcctl_model::Unknown;
use hpcctl_model::doctor::Ids;
use hpcctl_model::fleet::Fleet;
use hpcctl_model::matched::{Machine, Match, Need};
use hpcctl_node::{Ask, Image, RANGE, asked_of_images};
use hpcctl_reports::fleet::{machine, matched};
use hpcctl_reports::{Kind, Report};
use jiff::Timestamp;

use super::last;
use crate::emit;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::image;
use crate::interrupt;
use crate::state::Kept;
use crate::ui::Ui;

/// Tell which nodes of the last merge can run an image.
///
/// Reads what the image asks for, as `doctor --image` does, and holds it against what the nodes
/// said when they were last merged; no node is asked again. Names the runtime that it runs with, and
/// what the other nodes lack, with the fix.
#[derive(Debug, Args)]
#[command(after_long_help = "\
EXAMPLES
  hpcctl fleet run --engine srun --nodes n[001-128] -- doctor --fast
  hpcctl fleet match oci:layout:v1
  hpcctl fleet match app.sif --from fleet.json -o json

EXIT STATUS
  0 it runs on every node; 1 on one it does not; 3 on none of those that reported, but of one it is
  not known, or an expected node did not report; 5 the image cannot be read, or nothing was merged.")]
pub struct Matching {
    /// The image, as hpcctl scan image takes it
    #[arg(value_name = "REF")]
    reference: String,
    /// What fleet run or merge wrote with -o json [default: the last merge]
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    kept: Kept,
    #[arg(short, long, value_name = "FORMAT[=FILE]", help = emit::output_help(Kind::Match))]
    output: Vec<String>,
}

impl Matching {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        let outputs = emit::outputs(&self.output, Kind::Match)?;
        let begun = Timestamp::now();
        let reference = image::reference("the image", &self.reference)?;
        let fleet = last::read(self.from.as_deref(), &self.kept)?;
        let mut unknowns = Vec::new();
        let read = interrupt::held(|| self.machines(&reference, &fleet, &mut unknowns));
        let machines = match read {
            Ok(machines) => machines?,
            Err(interrupted) => return Ok(interrupted),
        };
        let mut result = matched(&self.reference, machines, &fleet)
            .map_err(|error| Failure::unreachable(format!("the fleet is not valid: {error}")))?;
        advise(&mut result);
        let exit = exit(&result);
        let report = emit::envelope("match", begun, result, unknowns);
        emit::write(&Report::Match(&report), &outputs, ui)?;
        Ok(exit)
    }

    /// What the image asks of each machine that nodes of the fleet are.
    fn machines(
        &self,
        reference: &Reference,
        fleet: &Fleet,
        unknowns: &mut Vec<Unknown>,
    ) -> Result<Vec<Machine>, Failure> {
        let mut names: Vec<&str> = fleet.groups.iter().map(machine).collect();
        names.sort_unstable();
        names.dedup();
        let machines = names.into_iter().map(|arch| {
            let platform: Option<Platform> = format!("linux/{arch}").parse().ok();
            if platform.is_none() {
                let why = "the nodes do not say which machine they are";
                unknowns.push(Unknown::new(format!("machine {arch:?}"), why));
            }
            let of = |digest, lacks, needs| Machine {
                arch: arch.into(),
                digest,
                lacks,
                needs,
            };
            match image::read(reference, &self.reference, platform) {
                Ok((image, digest)) => Ok(of(digest, None, needs(image))),
                Err(error @ Error::NoPlatform { .. }) => {
                    Ok(of(None, Some(error.to_string()), Vec::new()))
                }
                Err(error) => Err(Failure::unreachable(chain(&error))),
            }
        });
        machines.collect()
    }
}

/// What the checks find that running an image rests on.
fn needs(image: Image) -> Vec<Need> {
    let ids: Vec<String> = asked_of_images("run").map(str::to_owned).collect();
    let (highest, is_whole) = (image.highest(), image.complete);
    let ask = Ask {
        checks: ids.clone(),
        image: Some(image),
        fast: true,
        ..Ask::default()
    };
    let examined = hpcctl_node::examine(&Live, &ask);
    let checks = examined.report.checks.into_iter();
    let made = checks.filter(|check| ids.contains(&check.id));
    made.map(|check| match check.id == RANGE {
        // By the ids of this node others are not judged.
        true => Need {
            met: is_whole.then(|| highest == Ids::default()),
            id: check.id,
            text: format!(
                "files belong to uids up to {} and gids up to {}",
                highest.uid, highest.gid
            ),
            highest: Some(highest),
        },
        false => Need {
            met: examined.facts.holds(&check.id),
            id: check.id,
            text: check.summary,
            highest: None,
        },
    })
    .collect()
}

/// Puts in what the manual of the first check says is to be done, where no node had room for it.
fn advise(found: &mut Match) {
    let runtimes = found
        .groups
        .iter_mut()
        .flat_map(|group| &mut group.runtimes);
    for runtime in runtimes.filter(|runtime| runtime.fix.is_none()) {
        let ids = runtime.because.iter();
        runtime.fix = ids.filter_map(|id| hpcctl_node::advice_of(id)).next();
    }
}

fn exit(found: &Match) -> Exit {
    if found.fails.count > 0 {
        Exit::Findings
    } else if found.unknown.count > 0 || found.runs.count == 0 {
        Exit::Inconclusive
    } else {
        Exit::Clean
    }
}
