//! Capitals.

use super::{
    rules::{is_code, is_unit},
    style::{Case, Style},
};

/// Words that are small inside a title.
const LOWER_CASE_WORDS: &[&str] = &[
    "a", "an", "and", "at", "by", "de", "for", "from", "in", "la", "of", "on", "or", "the", "to", "with", "und", "mit", "für",
    "et",
];

/// Whether a name is in capitals: at least one word of four letters, or two of two letters, and no
/// small letter except in units.
pub(super) fn is_upper_case(name: &str) -> bool {
    let count_capitals = |word: &str| word.chars().filter(|character| character.is_uppercase()).count();
    let runs: Vec<&str> = name.split_whitespace().filter(|run| !is_unit(run) && !is_code(run)).collect();
    let has_small =
        runs.iter().any(|run| run.chars().any(char::is_lowercase) && !run.starts_with(|first: char| first.is_numeric()));
    // "Set of 4" may have been spelled out before: the rest decides.
    let long = runs.iter().filter(|run| count_capitals(run) >= 2).count();
    !has_small && (long >= 2 || runs.iter().any(|run| count_capitals(run) >= 4))
}

/// Whether all words of at least four letters begin with a capital, at least one of them after the
/// first word.
pub(super) fn is_title(name: &str) -> bool {
    let words: Vec<&str> =
        letter_words(name).into_iter().filter(|word| word.chars().count() >= 3 && !LOWER_CASE_WORDS.contains(word)).collect();
    words.len() >= 2 && words.iter().all(|word| word.starts_with(char::is_uppercase))
}

/// Returns the words that consist of letters only.
pub(super) fn letter_words(name: &str) -> Vec<&str> {
    name.split(|character: char| !character.is_alphanumeric() && !matches!(character, '\'' | '’'))
        .filter(|word| {
            !word.is_empty() && word.chars().all(|character| character.is_alphabetic() || matches!(character, '\'' | '’'))
        })
        .collect()
}

pub(super) fn apply_case(name: &str, style: &Style) -> String {
    // Abbreviations that were spelled out are in lower case already, so they do not count.
    let name_rest: String = name.strip_prefix("Set of ").unwrap_or(name).to_owned();
    let spelled: Vec<&str> = style.abbreviations.values().map(String::as_str).chain(["of", "set"]).collect();
    let name_rest: Vec<&str> = name_rest.split(' ').filter(|word| !spelled.contains(word)).collect();
    if style.case == Case::Keep || !is_upper_case(&name_rest.join(" ")) {
        return name.to_owned();
    }
    let mut result = String::new();
    let mut is_first = true;
    for run in name.split_inclusive(' ') {
        let text = run.trim_end_matches(' ');
        if is_code(text) || is_unit(text) {
            result.push_str(run);
            is_first = false;
            continue;
        }
        // After a number at the start a sentence continues in small letters: "6 gift tags".
        is_first &= !text.starts_with(char::is_numeric);
        let mut word = String::new();
        for character in run.chars() {
            if character.is_alphabetic() || matches!(character, '\'' | '’') {
                word.push(character);
            } else {
                push_word(&mut result, &word, style, &mut is_first);
                word.clear();
                result.push(character);
            }
        }
        push_word(&mut result, &word, style, &mut is_first);
    }
    result
}

fn push_word(result: &mut String, word: &str, style: &Style, is_first: &mut bool) {
    if word.is_empty() {
        return;
    }
    let lower = word.to_lowercase();
    let bare = lower.trim_matches(['\'', '’']);
    // "T-LIGHT": a single letter before a hyphen, and the first person, keep their capital.
    let is_single = bare.chars().count() == 1;
    if word.starts_with(['\'', '’']) && is_single {
        // "50'S": the end of a number.
        result.push_str(&lower);
    } else if let Some(spelling) = style.words.get(bare) {
        result.push_str(&lower.replace(bare, spelling));
    } else if is_single && bare != "a" {
        result.push_str(word);
    } else if *is_first || style.case == Case::Title && !LOWER_CASE_WORDS.contains(&bare) {
        let mut letters = lower.chars();
        let upper = |letter: char| letter.to_uppercase().collect::<String>();
        let first: String = letters.by_ref().take_while(|letter| !letter.is_alphabetic()).collect();
        // The first letter was consumed together with the characters before it.
        let capital = lower.chars().find(|letter| letter.is_alphabetic()).map(upper).unwrap_or_default();
        result.push_str(&first);
        result.push_str(&capital);
        result.extend(letters);
    } else {
        result.push_str(&lower);
    }
    *is_first = false;
}
