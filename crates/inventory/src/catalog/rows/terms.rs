//! Products that have the words of a query, on Postgres: by functions, since with row security `@@`
//! cannot use the index of words (migration 7).

use std::cmp::Reverse;

use platform::storage::Backend;

use super::{
    clause::Clause,
    word_index::{TermMatch, term, word_query},
};
use crate::catalog::core::search::Query;

/// Returns the call that yields the IDs of the products that have all words of the query, in the
/// order of the table: rows of a select list, which are produced as they are read, so that a limit
/// ends the search. `term_match` applies to words of two characters and more; a single letter is the
/// beginning of a word, and if the query has only letters they are whole words.
pub fn matching_ids_sql(clause: &mut Clause, query: &Query, term_match: TermMatch) -> String {
    let words: Vec<&str> = query.indexed_words().collect();
    let Some(rarest) = find_rarest_word(query) else {
        let letters = clause.bind(word_query(Backend::Postgres, query.letters(), TermMatch::Whole));
        return format!("products_with_words($1, to_tsquery('simple', {letters}))");
    };
    let letters = query.letters().map(|letter| term(Backend::Postgres, letter, TermMatch::Beginnings));
    let terms: Vec<String> = words.iter().map(|word| term(Backend::Postgres, word, term_match)).chain(letters).collect();
    let all_terms = clause.bind(terms.join(" & "));
    // Whole words are compared within the index, and a single one has no others.
    if term_match == TermMatch::Whole || terms.len() == 1 {
        return format!("products_with_words($1, to_tsquery('simple', {all_terms}))");
    }
    let rarest = clause.bind(term(Backend::Postgres, rarest, term_match));
    format!("products_with_terms($1, to_tsquery('simple', {rarest}), to_tsquery('simple', {all_terms}))")
}

/// Returns the word that the fewest products of the sample have, and of several the one that the
/// fewest products are likely to have: one with a digit, the longest.
fn find_rarest_word(query: &Query) -> Option<&str> {
    let rank = |(index, word): &(usize, &str)| {
        let count = query.sample_counts.get(*index).copied().unwrap_or_default();
        (Reverse(count), word.chars().any(char::is_numeric), word.chars().count())
    };
    query.indexed_words().enumerate().max_by_key(rank).map(|(_, word)| word)
}

/// Appends the tests that a word of the search text begins with each single letter of a query that
/// has longer words too: the parser of Postgres does not take every character for a word that
/// counts as a letter here.
pub fn push_letters(clause: &mut Clause, query: &Query, search_text: &str) {
    if query.indexed_words().next().is_none() {
        return;
    }
    for letter in query.letters() {
        let mark = clause.bind(format!(" {letter}"));
        clause.push(&format!(" AND strpos({search_text}, {mark}) > 0"));
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::Value;

    use super::*;

    #[test]
    fn the_word_of_the_fewest_sampled_products_is_looked_for_first() {
        let rarest = |text: &str, sample_counts: &[usize]| {
            let query = Query { sample_counts: sample_counts.to_vec(), ..Query::parse(text).unwrap() };
            find_rarest_word(&query).map(str::to_owned)
        };
        for (text, rarest_word) in [
            ("sku 123456", Some("123456")),
            ("12 sku", Some("12")),
            ("white mug", Some("white")),
            ("mug cup", Some("cup")),
            ("c", None),
        ] {
            assert_eq!(rarest(text, &[]).as_deref(), rarest_word, "no sample: {text}");
        }
        assert_eq!(rarest("white mug", &[2, 1]).as_deref(), Some("mug"));
        assert_eq!(rarest("hodler 12", &[0, 1]).as_deref(), Some("hodler"));
        assert_eq!(rarest("c whi cu", &[2, 2]).as_deref(), Some("whi"), "as many have either: the longer one");
    }

    #[test]
    fn a_query_of_several_words_names_the_rarest_and_all() {
        let call = |text: &str, term_match| {
            let mut clause = Clause::new(Backend::Postgres);
            let call = matching_ids_sql(&mut clause, &Query::parse(text).unwrap(), term_match);
            (call, clause.values)
        };
        let one = "products_with_words($1, to_tsquery('simple', $2))";
        let two = "products_with_terms($1, to_tsquery('simple', $3), to_tsquery('simple', $2))";
        for (text, term_match, expected, values) in [
            ("sku-12", TermMatch::Beginnings, two, &["sku:* & 12:*", "12:*"][..]),
            ("sku-1", TermMatch::Beginnings, two, &["sku:* & 1:*", "sku:*"]),
            ("mug", TermMatch::Beginnings, one, &["mug:*"]),
            ("white mug c", TermMatch::Whole, one, &["white & mug & c:*"]),
            ("c d", TermMatch::Beginnings, one, &["c & d"]),
        ] {
            let values: Vec<Value> = values.iter().map(|value| Value::from(*value)).collect();
            assert_eq!(call(text, term_match), (expected.to_owned(), values), "{text}");
        }
    }
}
