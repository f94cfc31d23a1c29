//! Mistyped words: the texts that may contain the intended word, and the choice among the words
//! found there.

use std::collections::{BTreeMap, HashSet};

use super::search::{MIN_WORD_SIMILARITY, edit_distance, word_similarity};

/// Lengths of words that are corrected, in characters.
const CORRECTABLE_LENGTHS: std::ops::RangeInclusive<usize> = 3..=24;
/// The most corrections of a word.
const MAX_CORRECTIONS: usize = 4;
/// Characters that are tried in the middle of a misspelt word of three letters.
const REPLACEMENT_CHARACTERS: &str = "0123456789abcdefghijklmnopqrstuvwxyz";

/// Correction of a word: another word, or two words that were written without a space.
pub type WordCorrection = Vec<String>;

/// Returns whole words that the word may be a misspelling of: short ones with two letters swapped
/// or the middle one replaced, which leave no part long enough to search by, and two words that
/// were written as one.
pub fn spellings(word: &str) -> Vec<WordCorrection> {
    let letters: Vec<char> = word.chars().collect();
    let count = letters.len();
    let mut corrections = Vec::new();
    if !CORRECTABLE_LENGTHS.contains(&count) {
        return corrections;
    }
    if count <= 5 {
        for at in 1..count {
            let mut swapped_letters = letters.clone();
            swapped_letters.swap(at - 1, at);
            corrections.push(vec![swapped_letters.into_iter().collect()]);
        }
    }
    if let [first, _, last] = letters[..] {
        corrections.extend(REPLACEMENT_CHARACTERS.chars().map(|letter| vec![[first, letter, last].iter().collect()]));
    } else {
        corrections.extend((1..count).map(|at| vec![letters[..at].iter().collect(), letters[at..].iter().collect()]));
    }
    corrections
}

/// Returns parts of words that the word may be a misspelling of, each a list of parts in their
/// order, with a blank where a word begins or ends: the correct letters on both sides of one typo,
/// and in long words those left after two. A part has at least three characters, as the trigrams of
/// the indexes have.
pub fn parts(word: &str) -> Vec<Vec<String>> {
    let letters: Vec<char> = word.chars().collect();
    let count = letters.len();
    if !CORRECTABLE_LENGTHS.contains(&count) {
        return Vec::new();
    }
    let prefix = |to: usize| format!(" {}", letters[..to].iter().collect::<String>());
    let suffix = |from: usize| format!("{} ", letters[from..].iter().collect::<String>());
    let mut part_lists = vec![vec![word.to_owned()]];
    // A typo changes one letter or two neighbours, or falls between them.
    part_lists.extend((0..count - 1).map(|at| vec![prefix(at), suffix(at + 2)]));
    if count == 3 {
        part_lists.extend((1..count).map(|at| vec![prefix(at), suffix(at)]));
    }
    if count >= 7 {
        let half_length = count / 2;
        part_lists.extend([
            vec![prefix(half_length)],
            vec![letters[2..count - 2].iter().collect()],
            vec![suffix(count - half_length)],
        ]);
    }
    for parts in &mut part_lists {
        parts.retain(|part| part.chars().nth(2).is_some());
    }
    part_lists.retain(|parts| !parts.is_empty());
    part_lists.sort();
    part_lists.dedup();
    part_lists
}

/// Returns corrections of the word among the words of these search texts, the likeliest first.
pub fn find_corrections(word: &str, texts: &[&str]) -> Vec<WordCorrection> {
    let mut likeness_by_words: BTreeMap<Vec<&str>, f64> = BTreeMap::new();
    // Many texts have the same words: each is compared once.
    let mut compared: HashSet<&str> = HashSet::new();
    for text in texts {
        let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
        for (index, candidate) in words.iter().enumerate() {
            let likeness = if compared.insert(*candidate) { word_similarity(word, candidate) } else { 0.0 };
            if likeness >= MIN_WORD_SIMILARITY {
                likeness_by_words.insert(vec![*candidate], likeness);
            }
            let next_word = words.get(index + 1).filter(|next_word| word.strip_prefix(candidate) == Some(**next_word));
            if let Some(next_word) = next_word {
                likeness_by_words.insert(vec![*candidate, *next_word], 1.0);
            }
        }
    }
    let mut likeness_by_words: Vec<(Vec<&str>, f64)> = likeness_by_words.into_iter().collect();
    // The order of the map decides between those that are alike.
    likeness_by_words.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    likeness_by_words.truncate(MAX_CORRECTIONS);
    likeness_by_words.into_iter().map(|(words, _)| words.into_iter().map(str::to_owned).collect()).collect()
}

/// True if the word is one typo away from one of its meanings: no candidate can be nearer.
pub fn is_one_typo_away(word: &str, meanings: &[WordCorrection]) -> bool {
    meanings.iter().any(|meaning| match meaning.as_slice() {
        [single_word] => edit_distance(word, single_word) <= 1,
        // Only the blank was left out.
        _ => true,
    })
}

/// Whether a text has all these parts, in their order.
pub fn has_parts(text: &str, parts: &[String]) -> bool {
    let mut remaining_text = text;
    parts.iter().all(|part| match remaining_text.find(part.as_str()) {
        Some(at) => {
            remaining_text = &remaining_text[at + part.len()..];
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether what leads to words finds the one that was meant.
    fn finds_typo_of(typed: &str, meant: &str) -> bool {
        let text = format!(" {meant} ");
        spellings(typed).iter().any(|words| words.join(" ") == meant) || parts(typed).iter().any(|parts| has_parts(&text, parts))
    }

    #[test]
    fn what_was_typed_right_leads_to_what_was_meant() {
        for (typed, meant) in [
            ("mgu", "mug"),
            ("umg", "mug"),
            ("mog", "mug"),
            ("bwl", "bowl"),
            ("lmap", "lamp"),
            ("lapm", "lamp"),
            ("lxmp", "lamp"),
            ("amp", "lamp"),
            ("laamp", "lamp"),
            ("haert", "heart"),
            ("holdr", "holder"),
            ("hodler", "holder"),
            ("olders", "holders"),
            ("xolder", "holder"),
            ("holdex", "holder"),
            ("creme", "crème"),
            ("tlight", "t light"),
            ("stand", "cakestand"),
            ("cakxxand", "cakestand"),
            ("lxnternq", "lanterns"),
        ] {
            assert!(finds_typo_of(typed, meant), "{typed}: {:?} {:?}", spellings(typed), parts(typed));
        }
        assert!(!finds_typo_of("saucer", "holder"));
    }

    #[test]
    fn work_is_bounded_and_parts_are_as_long_as_the_windows_of_an_index() {
        for word in ["ab", "abc", "abcd", "abcdefgh", &"a".repeat(24), &"a".repeat(25), &"ä".repeat(200)] {
            assert!(spellings(word).len() <= 38 && parts(word).len() <= 28, "{word}");
            assert!(parts(word).iter().flatten().all(|part| part.chars().count() >= 3), "{word}");
        }
        assert!(parts("ab").is_empty() && spellings("ab").is_empty());
    }

    #[test]
    fn the_likeliest_words_are_meant() {
        let texts = [" 1 heart of wicker ", " 2 heard ", " 3 t light holder ", " 4 hearts "];
        assert_eq!(find_corrections("haert", &texts), [vec!["heart"], vec!["hearts"], vec!["heard"]]);
        assert_eq!(find_corrections("tlight", &texts), [vec!["t", "light"], vec!["light"]]);
        assert!(find_corrections("saucer", &texts).is_empty());
    }

    #[test]
    fn one_slip_is_a_letter_or_a_blank() {
        let texts = [" 1 candle holder ", " 2 t light ", " 3 stepladder "];
        for (word, is_near) in [
            ("holqer", true),
            ("hodler", true),
            ("holdr", true),
            ("tlight", true),
            ("holqex", false),
            ("ladder", false),
            ("saucer", false),
        ] {
            assert_eq!(is_one_typo_away(word, &find_corrections(word, &texts)), is_near, "{word}");
        }
    }
}
