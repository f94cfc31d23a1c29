//! Typo-tolerant search. The databases only propose candidates; matching and ranking are done here,
//! so that SQLite and Postgres give the same answer.

use std::collections::BTreeSet;

use super::{gtin, text};

/// A query, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The whole text, trimmed and folded.
    pub folded: String,
    /// The key of the text as a barcode.
    pub barcode_key: String,
    pub words: Vec<String>,
    /// For each indexed word, the number of products of a sample that have a word beginning with it.
    /// Empty: no sample was read.
    pub sample_counts: Vec<usize>,
}

/// The longest query, in characters.
pub const MAX_QUERY: usize = 200;
/// Words beyond these are ignored. Filters refuse a text that has more; the global search accepts
/// it (`docs/search.md`).
pub const MAX_WORDS: usize = 8;

impl Query {
    /// Parses a search text. None if it has no letter and no digit.
    pub fn parse(text: &str) -> Option<Self> {
        let (folded, barcode_key) = (text::fold(text.trim()), gtin::key_from_input(text.trim()));
        let mut words = text::words(&folded);
        words.truncate(MAX_WORDS);
        (!words.is_empty()).then_some(Self { folded, barcode_key, words, sample_counts: Vec::new() })
    }

    /// Returns the words whose beginning a trigram index can find.
    pub fn indexed_words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str).filter(|word| word.chars().nth(1).is_some())
    }

    /// Returns the patterns that find the words in a search text: each word between spaces, and a
    /// single letter as the beginning of a word.
    pub fn word_patterns(&self) -> Vec<String> {
        let is_letter = |word: &String| word.chars().nth(1).is_none();
        self.words.iter().map(|word| if is_letter(word) { format!(" {word}") } else { format!(" {word} ") }).collect()
    }

    /// Returns the words of one character, which are too short for a trigram index.
    pub fn letters(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str).filter(|word| word.chars().nth(1).is_none())
    }
}

/// A candidate's columns that its score is computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate<I> {
    pub id: I,
    pub sku_key: String,
    pub name_key: String,
    /// Words between single spaces.
    pub search_text: String,
    /// True if the query is one of the product's barcodes.
    pub has_barcode: bool,
}

/// Least mean similarity of the query's words in a match.
const MIN_MEAN_SIMILARITY: f64 = 0.6;
/// Least similarity of a word; a lower one counts as 0.
pub(super) const MIN_WORD_SIMILARITY: f64 = 0.5;

/// Returns the matching candidates, best first. Equal scores are ordered by SKU.
pub fn rank<I: Copy + Ord>(query: &Query, candidates: Vec<Candidate<I>>) -> Vec<I> {
    let mut scored: Vec<(u32, Candidate<I>)> =
        candidates.into_iter().filter_map(|candidate| Some((score(query, &candidate)?, candidate))).collect();
    scored.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| x.sku_key.cmp(&y.sku_key)).then_with(|| x.id.cmp(&y.id)));
    // Each candidate once, also one that was changed between two statements: its better rank
    // counts.
    let mut ranked_ids = BTreeSet::new();
    scored.retain(|(_, candidate)| ranked_ids.insert(candidate.id));
    scored.into_iter().map(|(_, candidate)| candidate.id).collect()
}

/// Returns a score from 0 to 10,000: highest for the SKU or a barcode itself, then for beginnings,
/// then by the similarity of the words.
fn score<I>(query: &Query, candidate: &Candidate<I>) -> Option<u32> {
    let words: Vec<&str> = candidate.search_text.split(' ').filter(|word| !word.is_empty()).collect();
    if candidate.sku_key == query.folded {
        return Some(10_000);
    }
    if candidate.has_barcode {
        return Some(9_800);
    }
    if candidate.name_key == query.folded {
        return Some(9_500);
    }
    if candidate.sku_key.starts_with(&query.folded) {
        return Some(9_000);
    }
    if candidate.name_key.starts_with(&query.folded) {
        return Some(8_500);
    }
    let mean = query.words.iter().map(|word| best(word, &words)).sum::<f64>() / query.words.len() as f64;
    if mean < MIN_MEAN_SIMILARITY {
        return None;
    }
    // If two names contain all the words, the one with fewer other words ranks higher.
    let density = query.words.len() as f64 / words.len().max(query.words.len()) as f64;
    Some((mean * 7_000.0 + density * 1_000.0) as u32)
}

/// Returns the best match of `word` among `words`: 1 for itself, less for a prefix, two words
/// written as one, a part, a typo.
fn best(word: &str, words: &[&str]) -> f64 {
    if words.contains(&word) {
        return 1.0;
    }
    let mut best: f64 = 0.0;
    for (index, candidate) in words.iter().enumerate() {
        best = best.max(word_similarity(word, candidate));
        if let Some(next_word) = words.get(index + 1) {
            let is_joined = word.strip_prefix(candidate).is_some_and(|rest| !rest.is_empty() && rest == *next_word);
            best = best.max(if is_joined { 0.95 } else { 0.0 });
        }
    }
    best
}

pub(super) fn word_similarity(word: &str, candidate: &str) -> f64 {
    if word == candidate {
        return 1.0;
    }
    let (length, other) = (word.chars().count(), candidate.chars().count());
    let share = length.min(other) as f64 / length.max(other) as f64;
    if candidate.starts_with(word) {
        return 0.8 + 0.15 * share;
    }
    if length >= 3 && candidate.contains(word) {
        return 0.6 + 0.15 * share;
    }
    // One typo in four letters, at most three: with more, two words are simply different.
    let max_slips = (length / 4 + 1).min(3);
    if length < 3 || length.abs_diff(other) > max_slips || min_edit_distance(word, candidate) > max_slips {
        return 0.0;
    }
    let slips = edit_distance(word, candidate);
    let likeness = 0.9 * (1.0 - slips as f64 / length.max(other) as f64);
    if slips <= max_slips && likeness >= MIN_WORD_SIMILARITY { likeness } else { 0.0 }
}

/// Lower bound of the distance of two words: each typo removes or adds at most one letter that the
/// other word does not have.
fn min_edit_distance(a: &str, b: &str) -> usize {
    let letter_mask = |word: &str| word.chars().fold(0_u64, |mask, letter| mask | (1_u64 << (u32::from(letter) % 64)));
    let (a, b) = (letter_mask(a), letter_mask(b));
    (a & !b).count_ones().max((b & !a).count_ones()) as usize
}

/// Returns the number of letters that were left out, added, changed or swapped with a neighbour
/// (optimal string alignment).
pub(super) fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut row_before_previous: Vec<usize> = vec![0; b.len() + 1];
    let mut previous_row: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let change = previous_row[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = change.min(previous_row[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(row_before_previous[j - 2] + 1);
            }
        }
        row_before_previous = std::mem::replace(&mut previous_row, row);
    }
    previous_row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: u32, sku: &str, name: &str) -> Candidate<u32> {
        let search_text = format!(" {} {} ", text::words(sku).join(" "), text::words(name).join(" "));
        Candidate { id, sku_key: text::fold(sku), name_key: text::fold(name), search_text, has_barcode: false }
    }
    fn ranked(query: &str, candidates: &[(&str, &str)]) -> Vec<u32> {
        let candidates = candidates.iter().enumerate().map(|(i, (sku, name))| candidate(i as u32, sku, name)).collect();
        rank(&Query::parse(query).unwrap(), candidates)
    }

    const SHELF: &[(&str, &str)] = &[
        ("85123A", "WHITE HANGING HEART T-LIGHT HOLDER"),
        ("22469", "HEART OF WICKER SMALL"),
        ("21730", "GLASS STAR FROSTED T-LIGHT HOLDER"),
        ("851", "PLAIN MUG"),
    ];

    #[test]
    fn forgives_typos_and_joined_words() {
        assert_eq!(ranked("heart tlight holdr", SHELF)[0], 0);
        assert_eq!(ranked("haert wikcer", SHELF), [1]);
        assert_eq!(ranked("plian", SHELF), [3]);
        assert_eq!(ranked("mog", SHELF), [3]);
    }

    #[test]
    fn codes_come_before_beginnings_before_words() {
        assert_eq!(ranked("851", SHELF), [3, 0]);
        assert_eq!(ranked("85123a", SHELF), [0]);
        assert_eq!(ranked("holder", SHELF), [2, 0]);
    }

    #[test]
    fn a_barcode_itself_comes_before_its_digits_in_names() {
        let of = |id, has_barcode| Candidate { has_barcode, ..candidate(id, &format!("S{id}"), "Label 4006381333931") };
        let query = Query::parse(" 4 006381 333931 ").unwrap();
        assert_eq!(query.barcode_key, "04006381333931");
        assert_eq!(rank(&Query::parse("4006381333931").unwrap(), vec![of(1, false), of(2, true)]), [2, 1]);
    }

    #[test]
    fn different_words_are_different() {
        assert_eq!(ranked("saucer", SHELF), [0u32; 0]);
        assert!(Query::parse(" -- ").is_none());
    }

    #[test]
    fn words_of_other_letters_are_told_apart_at_once() {
        assert_eq!(
            [("holder", "123456"), ("holder", "hodler"), ("mug", "mog"), ("tasse", "tässchen")]
                .map(|(a, b)| min_edit_distance(a, b)),
            [5, 0, 1, 4]
        );
    }

    #[test]
    fn counts_slips() {
        for (a, b, slips) in
            [("holder", "hodler", 1), ("holdr", "holder", 1), ("mug", "mug", 0), ("", "abc", 3), ("heart", "haret", 2)]
        {
            assert_eq!(edit_distance(a, b), slips, "{a} {b}");
            assert!(min_edit_distance(a, b) <= slips, "{a} {b}");
        }
    }
}
