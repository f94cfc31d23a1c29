//! Terms of a MATCH or a `to_tsquery` for the corrections of a query's words.

use platform::storage::Backend;

use crate::catalog::core::typos::WordCorrection;

/// The most words of a query that are corrected, of those that no product has and of the others.
pub(super) const MAX_CORRECTED_WORDS: usize = 4;

/// Matches one of these meanings, each a word or two consecutive words.
pub(super) fn any_of(backend: Backend, meanings: &[WordCorrection]) -> String {
    let phrase = |words: &WordCorrection| match backend {
        Backend::Postgres => format!("({})", words.join(" <-> ")),
        Backend::Sqlite => format!("\" {} \"", words.join(" ")),
    };
    format!("({})", meanings.iter().map(phrase).collect::<Vec<_>>().join(or(backend)))
}

pub(super) const fn or(backend: Backend) -> &'static str {
    match backend {
        Backend::Postgres => " | ",
        Backend::Sqlite => " OR ",
    }
}

pub(super) fn all_of(backend: Backend, terms: &[String]) -> String {
    terms.join(if backend == Backend::Postgres { " & " } else { " AND " })
}

/// Returns the MATCH query of a text with all these parts.
pub(super) fn phrases(parts: &[String]) -> String {
    parts.iter().map(|part| format!("\"{part}\"")).collect::<Vec<_>>().join(" AND ")
}

/// Returns the MATCH query of texts that have one of these lists of parts.
pub(super) fn any_phrases(lists: &[Vec<String>]) -> String {
    format!("({})", lists.iter().map(|parts| format!("({})", phrases(parts))).collect::<Vec<_>>().join(" OR "))
}

/// Returns the MATCH query of a text with the letters of a word, by as few trigrams as have them
/// all: SQLite reads the list of each trigram, and compares their places for a phrase. The text
/// must be tested for the word.
pub(super) fn trigrams(word: &str) -> String {
    let letters: Vec<char> = word.chars().collect();
    let last_start = letters.len().saturating_sub(3);
    let starts = (0..last_start).step_by(3).chain([last_start]);
    let mut parts: Vec<String> = starts.map(|start| letters.iter().skip(start).take(3).collect()).collect();
    parts.sort();
    parts.dedup();
    phrases(&parts)
}
