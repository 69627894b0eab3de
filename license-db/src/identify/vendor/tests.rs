//! Vendors' texts, from their samples alone: the texts themselves are fetched by `tests/run`.

use super::super::tables::Maker;
use super::*;

/// Words that no vendor wrote: the stand-in for a text.
fn text(seed: usize, len: usize) -> String {
    let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap());
    (0..len)
        .map(|n| {
            let n = (n + 1) * (seed * 2 + 7919);
            let word: String = [n, n / 26, n / 676, n / 17576].map(letter).iter().collect();
            word + if n.is_multiple_of(9) { "\n" } else { " " }
        })
        .collect()
}

/// A table of two versions of one text and of another text.
fn tables() -> (Tables, [String; 3]) {
    let (first, other) = (text(1, 1500), text(9, 900));
    let second = first.replacen(&text(1, 400), &text(5, 500), 1);
    let texts = [first, second, other];
    let mut maker = Maker::default();
    let mut known: Vec<[u32; 2]> = Vec::new();
    let ids = [
        "LicenseRef-A-EULA-1",
        "LicenseRef-A-EULA-2",
        "LicenseRef-B-3",
    ];
    let families = ["LicenseRef-A-EULA", "LicenseRef-A-EULA", "LicenseRef-B"];
    for (number, text) in (0u32..).zip(&texts) {
        let (words, sample) = sample(text);
        let at = number as usize;
        let row = [maker.name(ids[at]), maker.name(families[at])];
        let (words, runs) = (
            u32::try_from(words).unwrap(),
            u32::try_from(sample.len()).unwrap(),
        );
        maker
            .section(Section::Vendors)
            .extend([row[0], row[1], words, runs]);
        known.extend(sample.iter().map(|run| [*run, number]));
    }
    known.sort_unstable();
    maker
        .section(Section::VendorBits)
        .extend(vec![u32::MAX; bits::BITS / 32]);
    maker
        .section(Section::VendorRuns)
        .extend(known.as_flattened());
    (Tables::new(maker.finish()), texts)
}

fn found(tables: &Tables, file: &str) -> Vec<(String, bool)> {
    find(tables, [(file, 1)].into_iter())
        .into_iter()
        .map(|found| (found.id.to_owned(), found.same))
        .collect()
}

#[test]
fn versions_are_told_apart() {
    let (tables, texts) = tables();
    for (text, id) in texts.iter().zip([
        "LicenseRef-A-EULA-1",
        "LicenseRef-A-EULA-2",
        "LicenseRef-B-3",
    ]) {
        assert_eq!(found(&tables, text), [(id.to_owned(), true)]);
    }
}

#[test]
fn a_version_that_was_never_seen_is_of_the_family() {
    let (tables, texts) = tables();
    let third = texts[0].replacen(&text(1, 700), &text(77, 300), 1);
    assert_eq!(
        found(&tables, &third),
        [("LicenseRef-A-EULA".to_owned(), false)]
    );
}

#[test]
fn two_texts_in_one_file_are_two_and_keep_their_lines() {
    let (tables, texts) = tables();
    let filler = "nothing of this is a licence\n".repeat(50);
    let file = format!("{filler}{}\n{filler}{}", texts[1], texts[2]);
    let mut both = find(&tables, [(file.as_str(), 1)].into_iter());
    both.sort_by_key(|found| found.lines);
    assert_eq!(both.len(), 2, "{both:?}");
    assert_eq!(
        (both[0].id, both[1].id),
        ("LicenseRef-A-EULA-2", "LicenseRef-B-3")
    );
    assert!(
        both[0].lines.0 > 50 && both[0].lines.1 < both[1].lines.0,
        "{both:?}"
    );
}

#[test]
fn little_of_a_text_is_none() {
    let (tables, texts) = tables();
    let few: String = texts[0].split_inclusive(' ').take(60).collect();
    assert_eq!(found(&tables, &few), []);
    assert_eq!(found(&tables, ""), []);
    assert_eq!(found(&Tables::new(Vec::new()), &texts[0]), []);
}

#[test]
fn families_are_known_by_the_ids_of_their_versions() {
    assert_eq!(
        family_of("LicenseRef-Intel-Simplified-2022-10"),
        Some("LicenseRef-Intel-Simplified")
    );
    assert_eq!(family_of("MIT"), None);
    assert!(is_listed("LicenseRef-Intel-Simplified") && !is_listed("LicenseRef-Intel"));
}
