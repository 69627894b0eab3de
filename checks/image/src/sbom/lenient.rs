//! Elements of a list, each read by itself: one that has another shape than the specification
//! says does not take the rest with it.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::fault::Faults;

/// An element that could be read, or one that could not.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Lenient<T> {
    /// It has the shape that it should have.
    Good(T),
    /// It has not.
    Bad(IgnoredAny),
}

/// The elements that could be read; of the rest their place is told.
pub(super) fn good<T>(list: Vec<Lenient<T>>, what: &str, faults: &mut Faults) -> Vec<T> {
    let mut elements = Vec::with_capacity(list.len());
    for (place, element) in list.into_iter().enumerate() {
        match element {
            Lenient::Good(element) => elements.push(element),
            Lenient::Bad(_) => faults.add(
                format!("{what} {}", place + 1),
                "it has not the shape that the specification gives it",
            ),
        }
    }
    elements
}
