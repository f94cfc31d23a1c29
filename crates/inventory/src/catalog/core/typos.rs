//! Words that were typed wrong: which texts lead to the one that was meant, and which of the words found there it is.

use std::collections::{BTreeMap, HashSet};

use super::search::{ALIKE, alike, distance};

/// A word that is shorter or longer is not corrected, in characters.
const CORRECTED: std::ops::RangeInclusive<usize> = 3..=24;
/// The most words that one is taken for.
const MOST_MEANT: usize = 4;
/// What may stand in the middle of a word of three letters that was typed wrong.
const LETTERS: &str = "0123456789abcdefghijklmnopqrstuvwxyz";

/// What a word stands for: a word, or the two that it was written together from.
pub type Meaning = Vec<String>;

/// Whole words that the word may stand for: short ones with two letters swapped or another one in the middle, of which no part is left that a search
/// could go by, and two words that were written as one.
pub fn spellings(word: &str) -> Vec<Meaning> {
    let letters: Vec<char> = word.chars().collect();
    let count = letters.len();
    let mut all = Vec::new();
    if !CORRECTED.contains(&count) {
        return all;
    }
    if count <= 5 {
        for at in 1..count {
            let mut swapped = letters.clone();
            swapped.swap(at - 1, at);
            all.push(vec![swapped.into_iter().collect()]);
        }
    }
    if let [first, _, last] = letters[..] {
        all.extend(LETTERS.chars().map(|letter| vec![[first, letter, last].iter().collect()]));
    } else {
        all.extend((1..count).map(|at| vec![letters[..at].iter().collect(), letters[at..].iter().collect()]));
    }
    all
}

/// Texts that lead to words which the word may stand for, each a list of parts in their order, with a blank where a word begins or ends: what was typed
/// right on both sides of one slip, and of long words what is left after two. A part has at least three characters, as the windows of the indexes have.
pub fn parts(word: &str) -> Vec<Vec<String>> {
    let letters: Vec<char> = word.chars().collect();
    let count = letters.len();
    if !CORRECTED.contains(&count) {
        return Vec::new();
    }
    let begins = |to: usize| format!(" {}", letters[..to].iter().collect::<String>());
    let ends = |from: usize| format!("{} ", letters[from..].iter().collect::<String>());
    let mut all = vec![vec![word.to_owned()]];
    // A slip changes one letter or two neighbours, or lies between them.
    all.extend((0..count - 1).map(|at| vec![begins(at), ends(at + 2)]));
    if count == 3 {
        all.extend((1..count).map(|at| vec![begins(at), ends(at)]));
    }
    if count >= 7 {
        let half = count / 2;
        all.extend([vec![begins(half)], vec![letters[2..count - 2].iter().collect()], vec![ends(count - half)]]);
    }
    for parts in &mut all {
        parts.retain(|part| part.chars().nth(2).is_some());
    }
    all.retain(|parts| !parts.is_empty());
    all.sort();
    all.dedup();
    all
}

/// What the word most likely stands for among the words of these search texts, the likeliest first.
pub fn meant(word: &str, texts: &[&str]) -> Vec<Meaning> {
    let mut found: BTreeMap<Vec<&str>, f64> = BTreeMap::new();
    // Many texts have the same words: each is compared once.
    let mut compared: HashSet<&str> = HashSet::new();
    for text in texts {
        let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
        for (index, candidate) in words.iter().enumerate() {
            let likeness = if compared.insert(*candidate) { alike(word, candidate) } else { 0.0 };
            if likeness >= ALIKE {
                found.insert(vec![*candidate], likeness);
            }
            let next = words.get(index + 1).filter(|next| word.strip_prefix(candidate) == Some(**next));
            if let Some(next) = next {
                found.insert(vec![*candidate, *next], 1.0);
            }
        }
    }
    let mut found: Vec<(Vec<&str>, f64)> = found.into_iter().collect();
    // The order of the map decides between those that are alike.
    found.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    found.truncate(MOST_MEANT);
    found.into_iter().map(|(words, _)| words.into_iter().map(str::to_owned).collect()).collect()
}

/// Whether the word is one slip away from one of its meanings: nothing that it may stand for is nearer, wherever else it is.
pub fn is_one_slip(word: &str, meanings: &[Meaning]) -> bool {
    meanings.iter().any(|meaning| match meaning.as_slice() {
        [one] => distance(word, one) <= 1,
        // Only the blank was left out.
        _ => true,
    })
}

/// Whether a text has all these parts, in their order.
pub fn has_parts(text: &str, parts: &[String]) -> bool {
    let mut rest = text;
    parts.iter().all(|part| match rest.find(part.as_str()) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether what leads to words finds the one that was meant.
    fn finds(typed: &str, meant: &str) -> bool {
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
            assert!(finds(typed, meant), "{typed}: {:?} {:?}", spellings(typed), parts(typed));
        }
        assert!(!finds("saucer", "holder"));
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
        assert_eq!(meant("haert", &texts), [vec!["heart"], vec!["hearts"], vec!["heard"]]);
        assert_eq!(meant("tlight", &texts), [vec!["t", "light"], vec!["light"]]);
        assert!(meant("saucer", &texts).is_empty());
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
            assert_eq!(is_one_slip(word, &meant(word, &texts)), is_near, "{word}");
        }
    }
}
