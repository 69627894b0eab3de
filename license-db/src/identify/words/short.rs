//! Short names of licences, and the versions behind them.

/// Short names of licences that are also common words or letters.
const SHORT: &[&str] = &[
    "mit", "bsd", "apache", "mpl", "gpl", "lgpl", "agpl", "artistic", "isc", "zlib", "cddl", "epl",
    "expat", "perl", "ruby", "asl", "al", "eupl", "psf", "zpl",
];

/// Whether a word is a short name of a licence.
pub(crate) fn is_short(word: &str) -> bool {
    SHORT.contains(&word)
        || ["gpl", "lgpl", "agpl", "apache", "mpl"]
            .iter()
            .any(|family| {
                word.strip_prefix(family)
                    .is_some_and(|rest| is_number(rest.trim_start_matches('v')))
            })
}

/// Whether a word is a version: `2.0`, `v3`.
pub(crate) fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        || word
            .strip_prefix('v')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}
