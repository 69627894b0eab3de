//! A fault of our own at a named place, where a test asks for one: nothing from outside leads to
//! one, and what follows from one has to be seen all the same.
//!
//! Only builds with debug assertions know it; in a release [`may_come`] is nothing.

/// The variable that names the place.
#[cfg(debug_assertions)]
const ASKED: &str = "HPCCTL_TEST_FAULT";

/// Panics where a test asked for a fault at this place.
#[cfg(debug_assertions)]
pub fn may_come(place: &str) {
    let asked = std::env::var_os(ASKED);
    assert!(asked.is_none_or(|asked| asked != place), "{ASKED}={place}");
}

/// Does nothing.
#[cfg(not(debug_assertions))]
pub const fn may_come(_place: &str) {}
