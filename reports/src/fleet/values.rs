//! Raw values that many nodes have: each kept once, and of each thing that they tell of so many
//! that memory stays bounded.
//!
//! Where there are more, those whose hashes are the smallest stay. Which ones that are depends on
//! the values and not on the order in which they come, and one that stays was there from the
//! first node on: what is counted in the end is right, whatever came before what.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The most bytes of one thing, and of all: ten thousand nodes may each have a value of their own, of a
/// thing or of many.
const MOST: [usize; 2] = [1 << 20, 64 << 20];

/// What a value takes beside its text.
const BESIDE: usize = 48;

/// The most things.
const THINGS: usize = 1024;

/// The number of a value; none is one that is not kept.
pub type Id = u32;

/// The values that are kept.
#[derive(Debug)]
pub struct Values {
    things: Vec<Thing>,
    by_name: HashMap<String, u32>,
    /// The thing and the text of each value; none where it was given up.
    texts: Vec<(u32, Option<Box<str>>)>,
    /// The most bytes of one thing: where all have too many, that is halved.
    most: usize,
    most_of_all: usize,
    /// The bytes of all things.
    bytes: usize,
}

#[derive(Debug)]
struct Thing {
    name: String,
    /// The values that are kept, by the hash of each.
    ids: BTreeMap<u64, Id>,
    /// Their bytes.
    bytes: usize,
    /// The smallest hash that was given up.
    given_up: Option<u64>,
    /// The one that was asked for last.
    last: Id,
    /// Stands for every value that is not kept.
    other: Id,
}

impl Thing {
    /// What counts of it: where it has more than is kept, all that may be, whichever came first.
    fn share(&self, most: usize) -> usize {
        self.given_up.map_or(self.bytes, |_| most)
    }
}

impl Default for Values {
    fn default() -> Self {
        Self::within(MOST)
    }
}

impl Values {
    /// No values; there may be so many bytes of one thing, and of all.
    fn within([most, most_of_all]: [usize; 2]) -> Self {
        Self {
            things: Vec::new(),
            by_name: HashMap::new(),
            texts: Vec::new(),
            most,
            most_of_all,
            bytes: 0,
        }
    }

    /// The number of a value of a thing; none where there are too many things.
    pub fn id(&mut self, thing: &str, text: &str) -> Option<Id> {
        let place = self.thing(thing)?;
        let of = &mut self.things[place as usize];
        // Most nodes say what the one before said.
        if self.texts[of.last as usize].1.as_deref() == Some(text) {
            return Some(of.last);
        }
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let hash = hasher.finish();
        if let Some(id) = of.ids.get(&hash) {
            of.last = *id;
            return Some(*id);
        }
        if of.given_up.is_some_and(|least| least <= hash) {
            return Some(of.other);
        }
        let id = u32::try_from(self.texts.len()).ok()?;
        let before = of.share(self.most);
        of.ids.insert(hash, id);
        of.last = id;
        of.bytes += text.len() + BESIDE;
        self.texts.push((place, Some(text.into())));
        self.bytes -= before;
        self.bytes += self.bounded(place as usize);
        while self.bytes > self.most_of_all {
            self.most /= 2;
            self.bytes = (0..self.things.len())
                .map(|place| self.bounded(place))
                .sum();
        }
        Some(id)
    }

    /// Gives up what is too much of a thing; answers what counts of it.
    fn bounded(&mut self, place: usize) -> usize {
        let of = &mut self.things[place];
        while of.bytes > self.most
            && let Some((hash, id)) = of.ids.pop_last()
        {
            let text = self.texts[id as usize].1.take();
            of.bytes -= text.map_or(0, |text| text.len() + BESIDE);
            of.given_up = Some(hash);
        }
        of.share(self.most)
    }

    fn thing(&mut self, name: &str) -> Option<u32> {
        if let Some(thing) = self.by_name.get(name) {
            return Some(*thing);
        }
        let thing = u32::try_from(self.things.len()).ok()?;
        if self.things.len() >= THINGS {
            return None;
        }
        let other = u32::try_from(self.texts.len()).ok()?;
        self.texts.push((thing, None));
        self.by_name.insert(name.into(), thing);
        self.things.push(Thing {
            name: name.into(),
            ids: BTreeMap::new(),
            bytes: 0,
            given_up: None,
            last: other,
            other,
        });
        Some(thing)
    }

    /// What a value is of, and its text where it was kept.
    pub fn of(&self, id: Id) -> (&str, Option<&str>) {
        let (thing, text) = &self.texts[id as usize];
        (&self.things[*thing as usize].name, text.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_value_has_one_number() {
        let mut values = Values::default();
        let one = values.id("a", "x").unwrap();
        assert_eq!(values.id("a", "x"), Some(one));
        assert_ne!(values.id("b", "x"), Some(one));
        assert_eq!(values.of(one), ("a", Some("x")));
    }

    /// The values of things that are kept within bounds, whatever their order.
    fn kept(
        bounds: [usize; 2],
        order: &mut dyn Iterator<Item = &(String, String)>,
    ) -> BTreeSet<(String, String)> {
        let mut values = Values::within(bounds);
        let said: Vec<_> = order.collect();
        let ids = said
            .iter()
            .map(|(thing, text)| values.id(thing, text).unwrap());
        let ids: Vec<Id> = ids.collect();
        let real = values.texts.iter().filter_map(|(_, text)| text.as_deref());
        let real: usize = real.map(|text| text.len() + BESIDE).sum();
        assert!(real <= bounds[1], "{real}");
        let texts = said.into_iter().zip(ids);
        let texts = texts.filter(|(_, id)| values.of(*id).1.is_some());
        texts.map(|(said, _)| said.clone()).collect()
    }

    #[test]
    fn which_values_stay_does_not_depend_on_the_order() {
        let of = |thing: &str, count: usize| {
            let text = |n: usize| {
                (
                    thing.to_owned(),
                    format!("{n:0>width$}", width = 1 + n % 30),
                )
            };
            (0..count).map(text).collect::<Vec<_>>()
        };
        let all = [of("a", 3000), of("b", 2000), of("c", 10)].concat();
        for (bounds, expected) in [
            ([1 << 20, 1 << 20], all.len()),
            // A thing has too many, then all have.
            ([1 << 17, 1 << 20], 0),
            ([1 << 17, 1 << 17], 0),
            ([1 << 17, 1 << 14], 0),
        ] {
            let forward = kept(bounds, &mut all.iter());
            assert_eq!(forward, kept(bounds, &mut all.iter().rev()));
            let again = &mut all.iter().rev().chain(&all).skip(2500);
            assert_eq!(forward, kept(bounds, again));
            let few = forward.iter().filter(|(thing, _)| thing == "c").count();
            assert_eq!(few, 10, "what has few keeps them: {bounds:?}");
            assert!(forward.len() > 100 && (expected == 0 || forward.len() == expected));
        }
    }
}
