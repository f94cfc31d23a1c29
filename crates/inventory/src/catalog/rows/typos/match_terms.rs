//! Terms of a MATCH or a `to_tsquery` for the corrections of a query's words.

use platform::storage::Backend;

use super::super::text_sample::TextSample;
use crate::catalog::core::typos::WordCorrection;

/// The most words of a query that are corrected, of those that no product has and of the others.
pub(super) const MAX_CORRECTED_WORDS: usize = 4;

/// A trigram that more than one in so many texts have is frequent, or not rare.
const FREQUENT_DIVISOR: usize = 3;
const RARE_DIVISOR: usize = 20;

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

/// Returns the MATCH query of a text with the rarest trigram of a word and the blank before it, with
/// the next one if that is not rare, or with the beginning of a word if all are frequent: SQLite
/// reads the list of each trigram of a MATCH. The text must be tested for the word.
pub(super) fn rarest_trigrams(word: &str, sample: &TextSample) -> String {
    let letters: Vec<char> = std::iter::once(' ').chain(word.chars()).collect();
    let mut trigrams: Vec<String> = letters.windows(3).map(|trigram| trigram.iter().collect()).collect();
    trigrams.sort();
    trigrams.dedup();
    trigrams.sort_by_cached_key(|trigram| sample.count(trigram));
    let Some(rarest) = trigrams.first().filter(|trigram| !sample.is_frequent(trigram, FREQUENT_DIVISOR)) else {
        return format!("\" {word}\"");
    };
    let count = if sample.is_frequent(rarest, RARE_DIVISOR) { 2 } else { 1 };
    phrases(&trigrams[..trigrams.len().min(count)])
}
