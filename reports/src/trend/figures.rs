//! Figures: those that have become worse, those of which that cannot be told, and how they went.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hpcctl_model::history::{Figure, Record, Waiver};
use hpcctl_model::nightly::{Point, Regression, Trend};
use jiff::Timestamp;

use super::accepted::Accepted;
use super::regression::{self, NEEDED, Worse};
use super::run::{NIGHT, TOGETHER, seconds};
use super::series::Series;
use crate::fleet::NodeSet;
use crate::terminal::counted;

/// The most series of figures that are drawn.
const DRAWN: usize = 40;

/// The most nights that are drawn.
pub const NIGHTS: usize = 14;

/// After how many nights one does not wait for a figure any more.
const AWAITED: i64 = 30;

/// The figures of a history, by series.
#[derive(Debug)]
pub struct Figures {
    series: HashMap<String, Series>,
    /// What was accepted, and holds.
    accepted: Vec<Accepted>,
    /// What was accepted, and has lapsed.
    lapsed: Vec<Accepted>,
    /// The end of this night, in seconds.
    end: i64,
    /// When the night before was, where two reports are held against one another, in seconds.
    before: Option<i64>,
    /// When the last of them was measured, in seconds.
    last: i64,
}

/// What became of figures.
#[derive(Debug, Default)]
pub struct Judged {
    /// Those that have become worse, as far as they were measured this night.
    pub regressions: Vec<Regression>,
    /// Those that are as much worse as they were.
    pub slow: Vec<Regression>,
    /// Those that are as usual again.
    pub recovered: Vec<Regression>,
    /// What cannot be told, and why.
    pub not_checked: Vec<(String, String)>,
    /// The nodes that were measured this night.
    pub nodes: Vec<String>,
    /// When they were measured last before this night.
    pub before_at: Option<String>,
}

impl Judged {
    /// Takes what the last night of a series comes to; answers whether that can be told.
    fn take(&mut self, name: &str, series: &Series) -> bool {
        let told = |worse| regression(name, series, worse);
        match series.judged() {
            regression::Judged::TooFew => return false,
            regression::Judged::Usual => {}
            regression::Judged::Once(by) => {
                let why = format!("{:.0} % worse once; a second night counts", by * 100.0);
                self.not_checked.push((name.into(), why));
            }
            regression::Judged::Worse(worse) => self.regressions.extend(told(worse)),
            regression::Judged::Still(worse) => self.slow.extend(told(worse)),
            regression::Judged::Again(worse) => self.recovered.extend(told(worse)),
        }
        true
    }
}

impl Figures {
    /// No figures, up to the end of a night; what was accepted and does not hold then counts for nothing.
    pub fn until(end: Timestamp, accepted: Vec<Accepted>) -> Self {
        let begun = accepted
            .into_iter()
            .filter(|one| one.from <= end.as_second());
        let (accepted, lapsed) = begun.partition(|one| one.holds(end));
        Self {
            series: HashMap::new(),
            accepted,
            lapsed,
            end: end.as_second(),
            before: None,
            last: i64::MIN,
        }
    }

    /// The figures of two reports, each of which is a night, whenever it was made.
    pub fn pair(before: &mut Record, after: &mut Record) -> Self {
        let mut pair = Self::until(Timestamp::UNIX_EPOCH, Vec::new());
        pair.end = seconds(&after.at);
        let then = seconds(&before.at).min(pair.end - 1);
        pair.before = Some(then);
        for (record, at) in [(before, then), (after, pair.end)] {
            pair.each(at, std::mem::take(&mut record.figures), Series::append);
        }
        pair
    }

    /// Takes the figures of a record.
    pub fn add(&mut self, record: &mut Record) {
        let figures = std::mem::take(&mut record.figures);
        self.each(seconds(&record.at), figures, Series::add);
    }

    fn each(&mut self, at: i64, figures: Vec<Figure>, put: impl Fn(&mut Series, i64, f64)) {
        for figure in figures {
            if !figure.median.is_finite() {
                continue;
            }
            self.last = self.last.max(at);
            let (name, was) = self.series_of(&figure, at);
            match self.series.get_mut(&name) {
                Some(series) => put(series, at, figure.median),
                None => {
                    let accepted = accepted(&self.accepted, &figure.series);
                    let from = accepted.map_or(i64::MIN, |one| one.from);
                    let mut series = Series::of(&figure, from, was);
                    put(&mut series, at, figure.median);
                    self.series.insert(name, series);
                }
            }
        }
    }

    /// The name of the series that a figure is of, and in which unit it was before: in another one it is none of
    /// the same.
    fn series_of(&mut self, figure: &Figure, at: i64) -> (String, Option<String>) {
        match self.series.get_mut(&figure.series) {
            Some(series) if series.unit != figure.unit => {
                series.replaced = series.replaced.max(at);
                let name = format!("{} ({})", figure.series, figure.unit);
                (name, Some(series.unit.clone()))
            }
            Some(_) | None => (figure.series.clone(), None),
        }
    }

    /// The series, by name.
    fn sorted(&self) -> BTreeMap<&str, &Series> {
        let all = self.series.iter();
        all.map(|(name, series)| (name.as_str(), series)).collect()
    }

    /// Judges every series; of nodes that are no longer nothing is awaited.
    pub fn judged(&self, retired: &NodeSet) -> Judged {
        let mut judged = Judged::default();
        // Of nodes, how many figures of each why.
        let mut few: BTreeMap<(&str, String), usize> = BTreeMap::new();
        let mut unmeasured: BTreeMap<(&str, String), usize> = BTreeMap::new();
        let begun = self.begun();
        for (name, series) in self.sorted() {
            let mut latest = series.nights().iter().rev();
            let Some(last) = latest.next() else { continue };
            if last.at > begun {
                if judged.nodes.last().is_none_or(|known| known != host(name)) {
                    judged.nodes.push(host(name).to_owned());
                }
                let before = latest.next().map(|night| time(night.at));
                judged.before_at = judged.before_at.take().max(before);
                if !judged.take(name, series) {
                    let why = self.few(name, series);
                    *few.entry((host(name), why)).or_default() += 1;
                }
            } else if (self.end - last.at) / NIGHT <= AWAITED
                && !retired.knows(host(name))
                && last.at >= series.replaced
            {
                let why = format!("not measured this night, last {}", time(last.at));
                *unmeasured.entry((host(name), why)).or_default() += 1;
            }
        }
        for ((host, why), count) in few.into_iter().chain(unmeasured) {
            let what = format!("bench on {host}, {}", counted(count, "figure"));
            judged.not_checked.push((what, why));
        }
        judged.not_checked.extend(self.unused());
        judged
    }

    /// When this night began: what was measured together is of one night.
    fn begun(&self) -> i64 {
        if let Some(before) = self.before {
            return before;
        }
        let day = self.end - NIGHT;
        match self.last > day {
            true => day.min(self.last - TOGETHER),
            false => day,
        }
    }

    /// Why nothing can be told of a series with few nights.
    fn few(&self, name: &str, series: &Series) -> String {
        let mut few = format!(
            "too few nights to judge them: {} of {NEEDED}",
            series.counting().count()
        );
        if let Some(was) = &series.was {
            few += &format!(" in {}, which were in {was} before", series.unit);
        }
        match accepted(&self.accepted, name) {
            Some(one) => format!(
                "{few} since {}, by {}: {}",
                time(one.from),
                one.id,
                one.reason
            ),
            None => few,
        }
    }

    /// What was accepted of no figure.
    fn unused(&self) -> impl Iterator<Item = (String, String)> {
        let unused = self.accepted.iter().filter(|one| {
            let mut names = self.series.keys();
            !names.any(|name| one.fits(name))
        });
        unused.map(|one| {
            let why = format!("accepts nothing: no figure is {one}");
            (one.id.clone(), why)
        })
    }

    /// What was accepted for some time, as waivers.
    pub fn waivers(&self) -> impl Iterator<Item = Waiver> {
        let all = self.accepted.iter().chain(&self.lapsed);
        all.filter_map(|one| {
            Some(Waiver {
                id: one.id.clone(),
                owner: one.owner.clone(),
                expires: one.expires.clone()?,
            })
        })
    }

    /// How the figures went, those first of which something is told.
    pub fn trends(&self, judged: &Judged) -> Vec<Trend> {
        let lists = [&judged.regressions, &judged.slow, &judged.recovered];
        let told = lists.into_iter().flatten();
        let told: BTreeSet<&str> = told.map(|one| one.series.as_str()).collect();
        let all = self.sorted();
        let (first, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|(name, _)| told.contains(name));
        let drawn = first.into_iter().chain(others).take(DRAWN);
        drawn
            .map(|(name, series)| Trend {
                what: name.to_owned(),
                unit: series.unit.clone(),
                points: points(series),
            })
            .collect()
    }
}

/// The latest nights of a series, the oldest first.
fn points(series: &Series) -> Vec<Point> {
    let nights = series.nights().iter();
    let nights = nights.skip(series.nights().len().saturating_sub(NIGHTS));
    nights
        .map(|night| Point {
            at: time(night.at),
            value: night.value,
        })
        .collect()
}

/// What was accepted last of a series.
fn accepted<'a>(all: &'a [Accepted], series: &str) -> Option<&'a Accepted> {
    let fitting = all.iter().filter(|one| one.fits(series));
    fitting.max_by_key(|one| one.from)
}

/// The node that a series is of.
pub fn host(series: &str) -> &str {
    series.split(' ').next().unwrap_or_default()
}

/// A time as records have it.
fn time(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| String::new(), |time| time.to_string())
}

/// A figure that is or was worse, as it is told.
fn regression(name: &str, series: &Series, worse: Worse) -> Option<Regression> {
    let mut latest = series.nights().iter().rev().map(|night| night.value);
    let (last, before) = (latest.next()?, latest.next()?);
    Some(Regression {
        series: name.into(),
        unit: series.unit.clone(),
        usual: worse.usual.median,
        spread: worse.usual.spread,
        nights: worse.usual.nights as u64,
        last: [before, last],
        worse: worse.by,
        since: time(worse.from),
    })
}

#[cfg(test)]
mod tests;
