//! Similarity of two names of one variant: words weighted by their rarity, matched exactly, or as
//! misspelled, shortened or joined.

use std::collections::HashMap;

/// The share of the words in a score; the rest is the share of common three-letter parts (Dice).
const WORDS_SHARE: f64 = 0.75;
/// Factor for a word that only one name has: most often it is a different design ("egg cup",
/// "cup"), and the pair is below the default minimum score.
const EXTRA_WORD_FACTOR: f64 = 0.85;
/// Factor if both names have a word that the other lacks: nearly always two designs.
const BOTH_EXTRA_FACTOR: f64 = 0.7;
/// A misspelling is in no more products than this, or ten times as rare as the right word.
const MAX_RARE_PRODUCTS: u32 = 2;
const RARITY_RATIO: u32 = 10;
/// Minimum letters of a word that may be misspelled; shorter words are matched exactly: "cat" is no
/// misspelled "hat".
const MIN_TYPO_LETTERS: usize = 5;
const LONG_WORD_LETTERS: usize = 9;
const MIN_SHORTENED_LETTERS: usize = 3;

/// Reason for which two products may be duplicates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The names are equal but for case, accents and punctuation.
    SameText,
    /// The names have the same words in another order or with other fillers.
    SameWords,
    /// The words are divided otherwise: "key ring", "keyring".
    Joined,
    /// Two words are one with another ending, as in a plural.
    Ending(String, String),
    /// One word is a misspelling of the other.
    Misspelled(String, String),
    /// The first word is the beginning of the second.
    Shortened(String, String),
    /// A word that only one of the names has.
    Extra(String),
}

/// The words of a catalogue.
pub(super) struct Catalogue<'a> {
    pub(super) frequency: &'a HashMap<&'a str, u32>,
    pub(super) products: usize,
}

impl Catalogue<'_> {
    fn rarity(&self, word: &str) -> f64 {
        let frequency = f64::from(self.count(word));
        ((1.0 + self.products as f64) / (1.0 + frequency)).ln() + 1.0
    }

    fn count(&self, word: &str) -> u32 {
        self.frequency.get(word).copied().unwrap_or(0)
    }

    /// The score of two lists of words, 0 to 1, and the reasons for and against.
    pub(super) fn compare(&self, name_words: &[String], other_words: &[String]) -> (f64, Vec<Reason>) {
        if name_words.concat() == other_words.concat() {
            return (0.97, vec![Reason::Joined]);
        }
        let mut reasons = Vec::new();
        let mut remaining: Vec<&str> = other_words.iter().map(String::as_str).collect();
        let (mut matched, mut total, mut unmatched) = (0.0, 0.0, Vec::new());
        for word in name_words {
            let rarity = self.rarity(word);
            if let Some(index) = remaining.iter().position(|candidate| candidate == word) {
                remaining.swap_remove(index);
                matched += 2.0 * rarity;
                total += 2.0 * rarity;
            } else {
                unmatched.push(word.as_str());
            }
        }
        unmatched.retain(|word| {
            let alike_match = remaining
                .iter()
                .enumerate()
                .find_map(|(index, other_words)| self.match_similar(word, other_words).map(|alike| (index, alike)));
            let Some((index, (similarity, reason))) = alike_match else { return true };
            let rarity = self.rarity(word).min(self.rarity(remaining.swap_remove(index)));
            matched += 2.0 * rarity * similarity;
            total += 2.0 * rarity;
            reasons.push(reason);
            false
        });
        total += unmatched.iter().chain(&remaining).map(|word| self.rarity(word)).sum::<f64>();
        reasons.extend(unmatched.iter().chain(&remaining).map(|word| Reason::Extra((*word).to_owned())));
        let words = if total > 0.0 { matched / total } else { 0.0 };
        let score = WORDS_SHARE * words + (1.0 - WORDS_SHARE) * dice(name_words, other_words);
        let factor = match (unmatched.is_empty(), remaining.is_empty()) {
            (true, true) => 1.0,
            (false, false) => BOTH_EXTRA_FACTOR,
            _ => EXTRA_WORD_FACTOR,
        };
        // Two designs stay two, however long the rest of their names is.
        ((score * factor).min(0.98), reasons)
    }

    fn match_similar(&self, one: &str, other: &str) -> Option<(f64, Reason)> {
        let pair = || (one.to_owned(), other.to_owned());
        let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
        let ending = long.strip_prefix(short).or_else(|| short.strip_suffix('y').and_then(|stem| long.strip_prefix(stem)));
        if short.chars().count() >= 3 && matches!(ending, Some("s" | "es" | "ies" | "n" | "en" | "e")) {
            let (one, other) = pair();
            return Some((0.98, Reason::Ending(one, other)));
        }
        let (least, most) = (self.count(one).min(self.count(other)), self.count(one).max(self.count(other)));
        let is_rare = least <= MAX_RARE_PRODUCTS || least * RARITY_RATIO <= most;
        let letter_count = short.chars().count();
        if is_rare && letter_count >= MIN_SHORTENED_LETTERS && long.starts_with(short) {
            return Some((0.9, Reason::Shortened(short.to_owned(), long.to_owned())));
        }
        let most = if letter_count >= LONG_WORD_LETTERS { 2 } else { 1 };
        if is_rare && letter_count >= MIN_TYPO_LETTERS && edit_distance(one, other, most) <= most {
            let (one, other) = pair();
            return Some((0.93, Reason::Misspelled(one, other)));
        }
        None
    }
}

/// Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment); more than `max_distance` is `max_distance + 1`.
fn edit_distance(one: &str, other: &str, max_distance: usize) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > max_distance {
        return max_distance + 1;
    }
    let mut rows = vec![vec![0_usize; other.len() + 1]; one.len() + 1];
    rows[0] = (0..=other.len()).collect();
    for (i, letter) in one.iter().enumerate() {
        rows[i + 1][0] = i + 1;
        for (j, other_letter) in other.iter().enumerate() {
            let substitution_cost = rows[i][j] + usize::from(letter != other_letter);
            let mut min_cost = substitution_cost.min(rows[i][j + 1] + 1).min(rows[i + 1][j] + 1);
            if i > 0 && j > 0 && *letter == other[j - 1] && one[i - 1] == *other_letter {
                min_cost = min_cost.min(rows[i - 1][j - 1] + 1);
            }
            rows[i + 1][j + 1] = min_cost;
        }
    }
    rows[one.len()][other.len()]
}

/// Dice coefficient: twice the number of common three-letter parts, divided by the number of all.
fn dice(one: &[String], other: &[String]) -> f64 {
    let parts = |words: &[String]| {
        let bounded = words.iter().map(|word| std::iter::once('<').chain(word.chars()).chain(['>']).collect::<Vec<char>>());
        let mut parts: Vec<Vec<char>> =
            bounded.flat_map(|word| word.windows(3).map(<[char]>::to_vec).collect::<Vec<_>>()).collect();
        parts.sort_unstable();
        parts
    };
    let (one, other) = (parts(one), parts(other));
    let (mut i, mut j, mut common) = (0, 0, 0_usize);
    while let (Some(left), Some(right)) = (one.get(i), other.get(j)) {
        match left.cmp(right) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, common) = (i + 1, j + 1, common + 1),
        }
    }
    let all = one.len() + other.len();
    if all == 0 { 0.0 } else { 2.0 * common as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_count_swapped_neighbours_once() {
        assert_eq!(edit_distance("charlotte", "charlotte", 2), 0);
        assert_eq!(edit_distance("charlotte", "charlote", 2), 1);
        assert_eq!(edit_distance("heart", "haert", 2), 1);
        assert_eq!(edit_distance("heart", "he", 2), 3);
    }

    #[test]
    fn a_common_word_is_no_misspelling_of_another() {
        let words = |text: &str| text.split(' ').map(ToOwned::to_owned).collect::<Vec<String>>();
        let common = HashMap::from([("block", 30), ("black", 40), ("wooden", 20)]);
        let score = |frequency: &HashMap<&str, u32>, one: &str, other: &str| {
            Catalogue { frequency, products: 100 }.compare(&words(one), &words(other)).0
        };
        assert!(score(&common, "wooden block", "wooden black") < 0.6);
        let rare = HashMap::from([("block", 30), ("blcok", 1), ("wooden", 20)]);
        assert!(score(&rare, "wooden block", "wooden blcok") > 0.85);
    }
}
