//! One number a word, the same for spellings that mean the same.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Spellings that the SPDX matching guidelines treat as the same word.
const SAME: &[(&str, &str)] = &[
    ("acknowledgment", "acknowledgement"),
    ("analog", "analogue"),
    ("artifact", "artefact"),
    ("authorisation", "authorization"),
    ("authorised", "authorized"),
    ("calibre", "caliber"),
    ("cancelled", "canceled"),
    ("capitalisations", "capitalizations"),
    ("catalogue", "catalog"),
    ("categorise", "categorize"),
    ("centre", "center"),
    ("customisation", "customization"),
    ("emphasised", "emphasized"),
    ("favour", "favor"),
    ("favourite", "favorite"),
    ("fulfil", "fulfill"),
    ("fulfilment", "fulfillment"),
    ("https", "http"),
    ("initialise", "initialize"),
    ("judgment", "judgement"),
    ("labelling", "labeling"),
    ("labour", "labor"),
    ("licence", "license"),
    ("licenced", "licensed"),
    ("licences", "licenses"),
    ("licencing", "licensing"),
    ("maximise", "maximize"),
    ("modelled", "modeled"),
    ("modelling", "modeling"),
    ("offence", "offense"),
    ("optimise", "optimize"),
    ("organisation", "organization"),
    ("organise", "organize"),
    ("owner", "holder"),
    ("owners", "holders"),
    ("practise", "practice"),
    ("programme", "program"),
    ("realise", "realize"),
    ("recognise", "recognize"),
    ("signalling", "signaling"),
    ("sublicence", "sublicense"),
    ("utilisation", "utilization"),
    ("whilst", "while"),
    ("wilful", "willful"),
];

/// The hash of each variant to the hash of the word that it is the same as.
static SAME_HASHES: LazyLock<HashMap<u32, u32>> =
    LazyLock::new(|| SAME.iter().map(|(from, to)| (fnv(from), fnv(to))).collect());

/// One bit for the lower twelve bits of each variant's hash: most words are none of them.
static SAME_BITS: LazyLock<[u64; 64]> = LazyLock::new(|| {
    let mut bits = [0u64; 64];
    for hash in SAME_HASHES.keys() {
        if let Some(row) = bits.get_mut((hash >> 6) as usize & 63) {
            *row |= 1 << (hash & 63);
        }
    }
    bits
});

/// The hash of one word; spelling variants share it, and it is never [`super::words::BREAK`].
pub(super) fn hash(word: &str) -> u32 {
    let hash = fnv(word);
    let row = SAME_BITS
        .get((hash >> 6) as usize & 63)
        .copied()
        .unwrap_or(0);
    if row & (1 << (hash & 63)) == 0 {
        return hash;
    }
    SAME_HASHES.get(&hash).copied().unwrap_or(hash)
}

/// FNV-1a, 32 bits.
fn fnv(word: &str) -> u32 {
    let hash = word.bytes().fold(0x811c_9dc5u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    hash.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_share_a_hash() {
        for (from, to) in SAME {
            assert_eq!(hash(from), hash(to), "{from}");
            assert_eq!(hash(to), fnv(to), "{to} is itself a variant");
        }
        assert_ne!(hash("copy"), hash("sell"));
    }
}
