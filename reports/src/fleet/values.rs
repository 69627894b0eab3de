//! Raw values that many nodes have: each kept once, and of each thing that they tell of so many
//! that memory stays bounded.
//!
//! Where there are more, those whose hashes are the smallest stay. Which ones that are depends on
//! the values and not on the order in which they come, and one that stays was there from the
//! first node on: what is counted in the end is right, whatever came before what.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The most values of one thing.
pub const MOST: usize = 1024;

/// The most things.
const THINGS: usize = 1024;

/// The number of a value; none is one that is not kept.
pub type Id = u32;

/// The values that are kept.
#[derive(Debug, Default)]
pub struct Values {
    things: Vec<Thing>,
    by_name: HashMap<String, u32>,
    /// The thing and the text of each value; none where it was given up.
    texts: Vec<(u32, Option<Box<str>>)>,
}

#[derive(Debug)]
struct Thing {
    name: String,
    /// The values that are kept, by the hash of each.
    ids: BTreeMap<u64, Id>,
    /// The one that was asked for last.
    last: Id,
    /// Stands for every value that is not kept.
    other: Id,
}

impl Values {
    /// The number of a value of a thing; none where there are too many things.
    pub fn id(&mut self, thing: &str, text: &str) -> Option<Id> {
        let thing = self.thing(thing)?;
        let of = &mut self.things[thing as usize];
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
        if of.ids.len() >= MOST {
            if of.ids.last_key_value().is_none_or(|(last, _)| *last < hash) {
                return Some(of.other);
            }
            if let Some((_, given_up)) = of.ids.pop_last() {
                self.texts[given_up as usize].1 = None;
            }
        }
        let id = u32::try_from(self.texts.len()).ok()?;
        of.ids.insert(hash, id);
        of.last = id;
        self.texts.push((thing, Some(text.into())));
        Some(id)
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

    #[test]
    fn which_values_stay_does_not_depend_on_the_order() {
        let all: Vec<String> = (0..3 * MOST).map(|n| n.to_string()).collect();
        let kept = |order: &mut dyn Iterator<Item = &String>| {
            let mut values = Values::default();
            let ids: Vec<Id> = order.map(|text| values.id("a", text).unwrap()).collect();
            let texts = ids.iter().filter_map(|id| values.of(*id).1);
            texts.map(str::to_owned).collect::<BTreeSet<String>>()
        };
        let forward = kept(&mut all.iter());
        assert_eq!(forward.len(), MOST);
        assert_eq!(forward, kept(&mut all.iter().rev()));
        assert_eq!(forward, kept(&mut all.iter().chain(all.iter().rev())));
    }
}
