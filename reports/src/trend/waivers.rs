//! The waivers that lapse, by the latest decision on each image, however old that is: waivers hold for
//! months, and an image may be decided of once.

use std::collections::BTreeMap;

use hpcctl_model::history::{Record, Waiver};
use hpcctl_model::nightly::Lapsing;
use jiff::ToSpan;
use jiff::civil::Date;

use super::change::Asked;

/// For how many days after the last of its days, and of the decision, a waiver that lapsed is told.
const LAPSED: i64 = 30;

/// The waivers that lapse, and the slow-downs that were accepted for a time.
pub fn lapsing(asked: &Asked) -> Vec<Lapsing> {
    let mut known = asked.past.waivers().clone();
    let runs = asked.kinds.iter().flat_map(|runs| &runs.all);
    let mut records: Vec<&Record> = runs.flat_map(|run| &run.records).collect();
    records.sort_by(|one, other| one.at.cmp(&other.at));
    records.into_iter().for_each(|record| known.add(record));
    let decided = known.on(&asked.today).cloned();
    let all = decided.chain(asked.figures.waivers());
    let lapsing = all.filter(|one| one.expires <= asked.lapse);
    lapsing
        .map(|waiver| Lapsing {
            lapsed: waiver.expires < asked.today,
            id: waiver.id,
            owner: waiver.owner,
            expires: waiver.expires,
        })
        .collect()
}

/// The waivers of the latest decisions.
#[derive(Debug, Clone, Default)]
pub struct Waivers {
    /// By the image: when it was decided of last, and by which waivers.
    by_image: BTreeMap<String, (String, Vec<Waiver>)>,
}

impl Waivers {
    /// Takes a record; of two of the same time the one that comes later counts.
    pub fn add(&mut self, record: &Record) {
        if record.kind != "gate" {
            return;
        }
        for said in &record.said {
            let known = self.by_image.get(&said.on);
            if known.is_none_or(|(at, _)| *at <= record.at) {
                let latest = (record.at.clone(), record.waivers.clone());
                self.by_image.insert(said.on.clone(), latest);
            }
        }
    }

    /// Those that are there on a day, by their ids: of two of the same id the one of the later decision. What
    /// lapsed long ago, of an image that is decided of no more, is no news.
    pub fn on(&self, today: &str) -> impl Iterator<Item = &Waiver> {
        let oldest = today.parse::<Date>().ok();
        let oldest = oldest.and_then(|day| day.checked_sub(LAPSED.days()).ok());
        let oldest = oldest.map_or_else(String::new, |day| day.to_string());
        let mut decisions: Vec<&(String, Vec<Waiver>)> = self.by_image.values().collect();
        decisions.sort_by_key(|(at, _)| at);
        let mut latest: BTreeMap<&str, &Waiver> = BTreeMap::new();
        for (at, waivers) in decisions {
            let is_told = |one: &&Waiver| *at >= oldest || one.expires >= oldest;
            let told = waivers.iter().filter(is_told);
            latest.extend(told.map(|waiver| (waiver.id.as_str(), waiver)));
        }
        latest.into_values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trend::change::tests::{gated, waiver};

    fn told(records: &[Record], today: &str) -> Vec<String> {
        let mut all = Waivers::default();
        records.iter().for_each(|record| all.add(record));
        let told = all.on(today);
        told.map(|one| format!("{} {}", one.id, one.expires))
            .collect()
    }

    #[test]
    fn the_latest_decision_of_an_image_says_which_waivers_there_are() {
        let old = gated("2026-03-01", "oci:a", &[waiver("W-1", "2026-11-30")]);
        let without = gated("2026-11-24", "oci:a", &[]);
        let other = gated("2026-11-24", "oci:b", &[waiver("W-2", "2027-01-01")]);
        let renewed = gated("2026-11-25", "oci:b", &[waiver("W-1", "2027-03-01")]);
        let today = "2026-11-25";
        for (records, expected) in [
            (vec![&old], vec!["W-1 2026-11-30"]),
            (vec![&old, &other], vec!["W-1 2026-11-30", "W-2 2027-01-01"]),
            // It was taken out, and of another image it was renewed.
            (vec![&old, &without], vec![]),
            (vec![&without, &old], vec![]),
            (vec![&old, &renewed], vec!["W-1 2027-03-01"]),
        ] {
            let records: Vec<Record> = records.into_iter().cloned().collect();
            assert_eq!(told(&records, today), expected);
        }
    }

    #[test]
    fn what_lapsed_is_told_for_some_time() {
        let decision = gated("2026-03-01", "oci:a", &[waiver("W-1", "2026-11-01")]);
        let count = |decision: &Record, today| told(std::slice::from_ref(decision), today).len();
        for (today, expected) in [("2026-11-02", 1), ("2026-12-01", 1), ("2026-12-02", 0)] {
            assert_eq!(count(&decision, today), expected, "{today}");
        }
        // As long as it is in a policy that is used.
        let used = gated("2026-12-02", "oci:a", &[waiver("W-1", "2026-11-01")]);
        assert_eq!(count(&used, "2026-12-02"), 1);
    }
}
