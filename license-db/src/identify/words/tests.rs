//! Words, and what stands between them.

use super::*;

fn list(text: &str) -> Vec<String> {
    let words = Words::of(text);
    (0..words.len()).map(|i| words.word(i).to_owned()).collect()
}

#[test]
fn reads_words() {
    assert_eq!(
        list("// The \"Software\", AS-IS!"),
        ["the", "software", "asis"]
    );
    assert_eq!(list("GPL-2.0+ v1.1."), ["gpl", "2.0+", "v1.1"]);
    assert_eq!(
        list("author's \u{201c}as is\u{201d}"),
        ["authors", "as", "is"]
    );
    assert_eq!(list("redistri-\n * bution of"), ["redistribution", "of"]);
    assert_eq!(
        list("MIT-Licensed, dual-licensed"),
        ["mit", "licensed", "duallicensed"]
    );
    assert_eq!(list("<p>One</p><br/>&nbsp;<year>"), ["one", "year"]);
    assert_eq!(list("a\\nb"), ["a", "b"]);
    assert_eq!(list("\u{a9}2020 caf\u{e9}"), ["c", "2020", "caf\u{e9}"]);
}

#[test]
fn the_least_of_several_is_known() {
    let words = Words::of("GPL (>= 2), not 3");
    let least: Vec<bool> = (0..words.len()).map(|at| words.least(at)).collect();
    assert_eq!(least, [false, true, false, false]);
}

#[test]
fn parentheses_are_known() {
    let words = Words::of("a (b c) d (e, f) (g)");
    for (at, end, known) in [(1, 3, true), (1, 2, false), (0, 1, false), (6, 7, true)] {
        assert_eq!(words.enclosed(at, end), known, "{at}");
    }
}

#[test]
fn strings_of_a_program_are_parted() {
    let words = Words::of("['a', 'b c'], \"d\",\n \"e\", f, 'g' and 'h'");
    let items = (0..words.len()).filter(|at| words.is_item(*at));
    let items: Vec<&str> = items.map(|at| words.word(at)).collect();
    assert_eq!(items, ["b", "e"]);
}

#[test]
fn what_is_told_of_something_is_known() {
    let words = Words::of("a: b - c d-e :f http://g - h");
    let told = (0..words.len()).filter(|at| words.is_told(*at));
    let told: Vec<&str> = told.map(|at| words.word(at)).collect();
    assert_eq!(told, ["b", "c", "h"]);
}

#[test]
fn keeps_lines() {
    let words = Words::of("one\n\ntwo-\nthree\nfour");
    let lines: Vec<u32> = words.words.iter().map(|w| w.line).collect();
    assert_eq!(lines, [1, 3, 5]);
}

#[test]
fn comment_marks_are_no_words() {
    assert_eq!(
        list("dnl one\nREM two\nC     three\nc is a word"),
        ["one", "two", "three", "is", "a", "word"]
    );
    assert_eq!(list("dnlx rem"), ["dnlx", "rem"]);
}

#[test]
fn sentences_and_paragraphs_begin() {
    let words = Words::of("One of v. 2.0, by X Inc. and two. Three\n * \n * four\nfive");
    let begin: Vec<&str> = (0..words.len())
        .filter(|i| words.begins(*i))
        .map(|i| words.word(i))
        .collect();
    assert_eq!(begin, ["three", "four"]);
    let stopped: Vec<bool> = (0..words.len()).map(|i| words.stopped(i)).collect();
    assert_eq!(stopped.iter().filter(|s| **s).count(), 1);
}

#[test]
fn words_of_an_identifier_are_tied() {
    let words = Words::of("a_b __c d_ e");
    let tied: Vec<bool> = (0..words.len()).map(|i| words.tied(i)).collect();
    assert_eq!(tied, [false, true, false, false, true]);
}

#[test]
fn windows_keep_the_lines_of_the_file() {
    let text = "a\nb\nc\nd\n";
    let words = Words::of_windows(text, &[2..4, 6..8]);
    let lines: Vec<(u32, bool)> = words
        .words
        .iter()
        .map(|w| (w.line, w.hash == BREAK))
        .collect();
    assert_eq!(lines, [(2, false), (4, true), (4, false)]);
}

proptest::proptest! {
    #[test]
    fn never_panics(text in "\\PC*") {
        let words = Words::of(&text);
        words.counting();
    }

    #[test]
    fn words_outlive_marks(text in "(-\n|\\+|\u{a9}|'|x|\u{e9}|1|\\.|<b|>|&amp;|\\\\n|\u{4e2d}){0,60}") {
        let words = Words::of(&text);
        proptest::prop_assert!((0..words.len()).all(|i| !words.word(i).is_empty()));
    }
}
