//! Lists whose elements are read one by one: one that has another shape than the specification
//! says does not take the rest with it, and no more are kept than are asked for.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};

use crate::fault::Faults;

/// Broken elements whose places are told.
const MOST_BROKEN: usize = 50;

/// An element that could be read, or one that could not.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Lenient<T> {
    /// It has the shape that it should have.
    Good(T),
    /// It has not.
    Bad(IgnoredAny),
}

/// At most `MOST` elements of a list.
#[derive(Debug)]
pub(super) struct List<T, const MOST: usize> {
    elements: Vec<T>,
    broken: Vec<usize>,
    count: usize,
}

impl<T, const MOST: usize> Default for List<T, MOST> {
    fn default() -> Self {
        Self {
            elements: Vec::new(),
            broken: Vec::new(),
            count: 0,
        }
    }
}

impl<T, const MOST: usize> List<T, MOST> {
    /// Adds an element; false when there are as many as are kept.
    pub(super) fn push(&mut self, element: T) -> bool {
        self.count += 1;
        let has_room = self.elements.len() < MOST;
        if has_room {
            self.elements.push(element);
        }
        has_room
    }

    /// The last element that is kept.
    pub(super) fn last_mut(&mut self) -> Option<&mut T> {
        self.elements.last_mut()
    }

    /// Whether it has no element.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The elements that could be read; of the rest it is told which and how many.
    pub(super) fn good(self, what: &str, faults: &mut Faults) -> Vec<T> {
        for place in self.broken {
            faults.add(
                format!("{what} {}", place + 1),
                "it has not the shape that the specification gives it",
            );
        }
        if self.count > MOST {
            let why = format!("more than {MOST}; only those were read");
            faults.add(format!("elements of the kind {what}"), why);
        }
        self.elements
    }
}

impl<T, const MOST: usize> FromIterator<T> for List<T, MOST> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut list = Self::default();
        for element in elements {
            list.push(element);
        }
        list
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for List<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Elements(PhantomData))
    }
}

struct Elements<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Elements<T, MOST> {
    type Value = List<T, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = List::default();
        while list.elements.len() < MOST {
            match seq.next_element::<Lenient<T>>()? {
                Some(Lenient::Good(element)) => list.elements.push(element),
                Some(Lenient::Bad(_)) if list.broken.len() < MOST_BROKEN => {
                    list.broken.push(list.count);
                }
                Some(Lenient::Bad(_)) => {}
                None => return Ok(list),
            }
            list.count += 1;
        }
        // The rest is passed over, and never held.
        while seq.next_element::<IgnoredAny>()?.is_some() {
            list.count += 1;
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_one_by_one_up_to_a_bound() {
        let read = |text: &str| -> (Vec<u8>, usize) {
            let list: List<u8, 3> = serde_json::from_str(text).unwrap();
            let mut faults = Faults::default();
            let elements = list.good("number", &mut faults);
            (elements, faults.into_unknowns("list").len())
        };
        assert_eq!(read("[1, \"a\", 2]"), (vec![1, 2], 1));
        assert_eq!(read("[1, 2, 3]"), (vec![1, 2, 3], 0));
        assert_eq!(read("[1, 2, 3, 4, {}]"), (vec![1, 2, 3], 1));
        let list: List<u8, 2> = (0..9).collect();
        assert_eq!(list.good("x", &mut Faults::default()), [0, 1]);
    }
}
