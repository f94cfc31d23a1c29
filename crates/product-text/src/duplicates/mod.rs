//! Pairs of products that are probably the same one, entered twice.

mod families;
mod score;

use std::collections::HashMap;

pub use families::group_families;
pub use score::Reason;

use crate::{
    folding::fold,
    minhash::{Signature, for_each_pair},
    ngrams::NAME_CHARS,
    variants::{Difference, Parts},
};

/// Minimum estimated similarity of a pair of names that is compared closely.
const MIN_ESTIMATE: f64 = 0.35;
/// Pairs that are kept while searching, for each one that may be returned.
const KEPT_PER_RESULT: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// The least score of a pair, 0 to 1.
    pub least: f64,
    /// The most pairs that are returned, best first.
    pub most: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { least: 0.8, most: 10_000 }
    }
}

/// Two products by their indices, the lesser first.
#[derive(Debug, Clone, PartialEq)]
pub struct Duplicate {
    pub first: usize,
    pub second: usize,
    /// 0 to 1; 1 if the names are the same text.
    pub score: f64,
    pub reasons: Vec<Reason>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct DuplicateSearch {
    /// By score, then by index.
    pub pairs: Vec<Duplicate>,
    /// Pairs that were compared word by word.
    pub compared: u64,
    /// Similar pairs that differ by a measure, number, size or colour.
    pub told_apart: u64,
    /// Whether more pairs were found than are returned.
    pub is_cut: bool,
}

/// A name, ready to be compared.
struct Entry {
    folded: String,
    parts: Parts,
}

/// Returns the respect in which two names are of different variants; `None` if no rule
/// distinguishes them.
pub fn variant_difference(one: &str, other: &str) -> Option<Difference> {
    Parts::of(one).variant.difference(&Parts::of(other).variant)
}

/// Finds pairs among names. A name without any word is no duplicate of anything.
pub fn find_duplicates(names: &[&str], settings: &Settings) -> DuplicateSearch {
    let entries: Vec<Entry> = names.iter().map(|name| Entry { folded: fold(name, NAME_CHARS), parts: Parts::of(name) }).collect();
    let mut frequency: HashMap<&str, u32> = HashMap::new();
    for word in entries.iter().flat_map(|entry| &entry.parts.words) {
        *frequency.entry(word).or_default() += 1;
    }
    let catalogue = score::Catalogue { frequency: &frequency, products: entries.len() };
    let mut search = Search { found: DuplicateSearch::default(), settings: *settings };
    let representatives = pair_same_words(&entries, &mut search);
    let signatures: Vec<Signature> =
        representatives.iter().map(|index| Signature::of(entries[*index].parts.words.iter().map(String::as_str))).collect();
    for_each_pair(&signatures, |one, other| {
        if signatures[one].similarity(&signatures[other]) < MIN_ESTIMATE {
            return;
        }
        let (first, second) = (representatives[one], representatives[other]);
        let (one, other) = (&entries[first].parts, &entries[second].parts);
        if one.variant.difference(&other.variant).is_some() {
            search.found.told_apart += 1;
            return;
        }
        search.found.compared += 1;
        let (score, reasons) = catalogue.compare(&one.words, &other.words);
        search.add_pair(Duplicate { first: first.min(second), second: first.max(second), score, reasons });
    });
    search.finish()
}

struct Search {
    found: DuplicateSearch,
    settings: Settings,
}

impl Search {
    fn add_pair(&mut self, pair: Duplicate) {
        if pair.score < self.settings.least {
            return;
        }
        self.found.pairs.push(pair);
        if self.found.pairs.len() > self.settings.most.saturating_mul(KEPT_PER_RESULT).max(1) {
            self.drop_worst();
        }
    }

    fn drop_worst(&mut self) {
        let pairs = &mut self.found.pairs;
        pairs.sort_by(|one, other| {
            (one.first, one.second).cmp(&(other.first, other.second)).then(other.score.total_cmp(&one.score))
        });
        pairs.dedup_by_key(|pair| (pair.first, pair.second));
        pairs.sort_by(|one, other| {
            other.score.total_cmp(&one.score).then((one.first, one.second).cmp(&(other.first, other.second)))
        });
        self.found.is_cut |= pairs.len() > self.settings.most;
        pairs.truncate(self.settings.most);
    }

    fn finish(mut self) -> DuplicateSearch {
        self.drop_worst();
        self.found
    }
}

/// Pairs each product with the first one of the same words and variant; returns those first ones.
fn pair_same_words(entries: &[Entry], search: &mut Search) -> Vec<usize> {
    let key = |index: &usize| {
        let Parts { variant, words } = &entries[*index].parts;
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        words.sort_unstable();
        (words, format!("{variant:?}"))
    };
    let mut order: Vec<usize> = (0..entries.len()).filter(|index| !entries[*index].folded.is_empty()).collect();
    order.sort_by_cached_key(|index| (key(index), *index));
    let mut representatives = Vec::new();
    for group in order.chunk_by(|one, other| key(one) == key(other)) {
        let Some((first, others)) = group.split_first() else { continue };
        // Names of numbers or punctuation alone are not compared.
        if entries[*first].parts.words.is_empty() {
            continue;
        }
        representatives.push(*first);
        for second in others {
            let is_same = entries[*first].folded == entries[*second].folded;
            let (score, reason) = if is_same { (1.0, Reason::SameText) } else { (0.99, Reason::SameWords) };
            search.add_pair(Duplicate { first: *first, second: *second, score, reasons: vec![reason] });
        }
    }
    pair_same_letters(entries, &mut representatives, search);
    representatives
}

/// Pairs products whose names are equal but for their spaces: "key ring", "keyring". It leaves the order of the texts without spaces.
fn pair_same_letters(entries: &[Entry], representatives: &mut [usize], search: &mut Search) {
    let compact = |index: &usize| {
        let mut text = String::new();
        let mut is_apart = false;
        for character in entries[*index].folded.chars() {
            // Two numbers stay two.
            if is_apart && character.is_numeric() && text.ends_with(char::is_numeric) {
                text.push(' ');
            }
            is_apart = !character.is_alphanumeric();
            text.extend(Some(character).filter(|_| !is_apart));
        }
        text
    };
    representatives.sort_by_cached_key(|index| (compact(index), *index));
    for group in representatives.chunk_by(|one, other| compact(one) == compact(other)) {
        for (first, second) in group.iter().zip(group.iter().skip(1)) {
            search.add_pair(Duplicate { first: *first, second: *second, score: 0.97, reasons: vec![Reason::Joined] });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(names: &[&str]) -> Vec<(usize, usize)> {
        find_duplicates(names, &Settings::default()).pairs.iter().map(|pair| (pair.first, pair.second)).collect()
    }

    #[test]
    fn a_product_entered_twice_is_found() {
        for (one, other) in [
            ("WHITE HANGING HEART T-LIGHT HOLDER", "Hanging heart T-light holder, white"),
            ("CHARLOTTE SHOPPING BAG", "CHARLOTE SHOPPING BAG"),
            ("KEY RING DAISY GARDEN", "KEYRING DAISY GARDEN"),
            ("Café crème Kännchen", "CAFE CREME KANNCHEN"),
            ("S/4 ICON COASTERS", "Set of 4 icon coaster"),
            ("Mug 12cm", "MUG 120 mm"),
        ] {
            assert_eq!(pairs(&[one, "ENAMEL BREAD BIN", other]), [(0, 2)], "{one} / {other}");
        }
    }

    #[test]
    fn variants_of_a_product_are_not_duplicates() {
        for (one, other) in [
            ("Mug 12cm", "Mug 14cm"),
            ("Paper napkins set of 6", "Paper napkins set of 12"),
            ("Jumbo bag red retrospot", "Jumbo bag pink retrospot"),
            ("Wicker heart small", "Wicker heart large"),
            ("Letter A bling key ring", "Letter B bling key ring"),
            ("Doormat union flag", "Doormat airmail"),
        ] {
            assert_eq!(pairs(&[one, other]), [], "{one} / {other}");
        }
    }

    #[test]
    fn the_best_pairs_come_first_and_the_rest_is_cut() {
        let names = ["Jam pot", "Jam pot", "Pot, jam", "Marmalade", "marmalade"];
        let settings = Settings { most: 2, ..Settings::default() };
        let found = find_duplicates(&names, &settings);
        assert_eq!(found.pairs.iter().map(|pair| (pair.first, pair.second)).collect::<Vec<_>>(), [(0, 1), (3, 4)]);
        assert!(found.is_cut && found.pairs[0].reasons == [Reason::SameText]);
    }

    #[test]
    fn names_without_words_are_left_alone() {
        assert_eq!(pairs(&["", "", "???", "???", "123", "123"]), []);
    }
}
