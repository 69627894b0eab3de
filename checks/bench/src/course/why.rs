//! Why what differs differs: the ladder, climbed with the builtin launcher.

use std::time::Instant;

use hpcctl_model::bench::{Comparison, Verdict, Why};

use super::Run;
use crate::compared::Stated;
use crate::executor::{self, Site};
use crate::factor::{self, Factor};
use crate::image::Image;
use crate::ladder::{self, Container};
use crate::original::{self, Original};
use crate::pair::{Arm, Bout, Measured, Pairs};
use crate::{Error, compared};

/// The pairs of a rung of the ladder.
const RUNG: usize = 20;

impl Run<'_> {
    /// Climbs the ladder for what differs, with the builtin launcher and as many pairs a rung as
    /// the fewest with which measurements can be told apart, or a few more.
    pub(super) fn why(
        &mut self,
        site: &Site<'_>,
        original: &Original<'_>,
        comparisons: &[Comparison],
        bout: &Bout,
        stated: &Stated,
    ) -> Result<Vec<Why>, Error> {
        // These are what they are; there is nothing to find.
        let own = ["launch.", "overlay.", "mounts."];
        let is_own = |id: &str| own.iter().any(|start| id.starts_with(start));
        let differs = |one: &&Comparison| {
            matches!(one.verdict, Verdict::Slower | Verdict::Faster) && !is_own(&one.metric)
        };
        let differing: Vec<Comparison> = comparisons.iter().filter(differs).cloned().collect();
        let named = |id: &str| differing.iter().any(|one| one.metric == id);
        let few = Bout {
            measurements: bout
                .measurements
                .iter()
                .copied()
                .filter(|one| one.figures.iter().any(|figure| named(figure.id)))
                .collect(),
            length: bout.length,
            round: bout.round,
        };
        if few.measurements.is_empty() || !self.request.why {
            return Ok(Vec::new());
        }
        let all = match site.factors {
            Some(factors) => factors.to_vec(),
            None => self.of_the_container(site, original),
        };
        // Without a user namespace nobody but root may make another.
        let all = factor::sorted(&[&[Factor::User], all.as_slice()].concat());
        let margin = self.request.margin;
        let mut measure =
            |factors: &[Factor]| match self.rung(site, original, factors, &few, stated) {
                Ok(comparisons) => Ok(Ok(comparisons)),
                Err(Error::Unreachable(why)) => Ok(Err(why)),
                Err(error) => Err(error),
            };
        let container = Container {
            factors: &all,
            differences: original.differences,
        };
        let climbed = ladder::climb(&differing, &container, margin, &mut measure)?;
        self.unknowns.extend(climbed.unknowns);
        Ok(climbed.whys)
    }

    /// What the container has, as far as the builtin launcher can have it, too.
    fn of_the_container(&mut self, site: &Site<'_>, original: &Original<'_>) -> Vec<Factor> {
        let (mut all, unknowns) = original.factors(site.network);
        self.unknowns.extend(unknowns);
        let Some(reference) = site.image else {
            return all;
        };
        match Image::open(site.host, reference) {
            Ok(image) => all.extend(image.factors()),
            Err(error) => {
                let unknown = original::unknown(Factor::Image, error.to_string());
                self.unknowns.push(unknown);
            }
        }
        factor::sorted(&all)
    }

    /// Measures in a container that our own launcher makes of these factors; where that says
    /// nothing of a figure, twice as long.
    fn rung(
        &mut self,
        site: &Site<'_>,
        original: &Original<'_>,
        factors: &[Factor],
        few: &Bout,
        stated: &Stated,
    ) -> Result<Vec<Comparison>, Error> {
        let rung = Site {
            factors: Some(factors),
            image: site.image.filter(|_| factors.contains(&Factor::Image)),
            original: Some(original),
            ..*site
        };
        let executor = (executor::BUILTIN.open)(&rung)?;
        let mut pairs = Pairs::new(&rung, executor.as_ref(), self.request.planted, self.watch)?;
        let mut measured = self.few_rounds(&mut pairs, few)?;
        let comparisons = compared::comparisons(&measured, stated, self.request.margin);
        let is_open = |one: &Comparison| one.verdict == Verdict::Inconclusive;
        if !comparisons.iter().any(is_open) {
            return Ok(comparisons);
        }
        measured.append(self.few_rounds(&mut pairs, few)?);
        Ok(compared::comparisons(
            &measured,
            stated,
            self.request.margin,
        ))
    }

    fn few_rounds(&mut self, pairs: &mut Pairs<'_>, bout: &Bout) -> Result<Measured, Error> {
        // The ladder has its own time: each rung as many pairs as it needs.
        let begun = std::mem::replace(&mut self.begun, Instant::now());
        let measured = self.rounds(pairs, bout, Arm::Inside, RUNG);
        self.begun = begun;
        measured
    }
}
