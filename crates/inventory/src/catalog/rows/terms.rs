//! Products that have the words of a query, on Postgres: by functions, since with row security `@@`
//! cannot use the index of words (migration 7).

use platform::storage::Backend;

use super::{
    clause::Clause,
    text_sample::likely_rarity,
    word_index::{TermMatch, term, word_query},
};
use crate::catalog::core::search::Query;

/// Returns the call that yields the IDs of the products that have all words of the query, in the
/// order of the table: rows of a select list, which are produced as they are read, so that a limit
/// ends the search. `term_match` applies to words of two characters and more; a single letter is the
/// beginning of a word, and if the query has only letters they are whole words.
pub fn matching_ids_sql(clause: &mut Clause, query: &Query, term_match: TermMatch) -> String {
    let words: Vec<&str> = query.indexed_words().collect();
    let rarest_word = query.rarest_word.as_deref().or_else(|| words.iter().copied().max_by_key(|word| likely_rarity(word)));
    let Some(rarest) = rarest_word else {
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
    fn the_likely_rarest_word_is_looked_for_first() {
        for (words, rarest) in [
            (&["sku", "123456"][..], Some("123456")),
            (&["12", "sku"], Some("12")),
            (&["white", "mug"], Some("white")),
            (&["mug", "cup"], Some("cup")),
            (&[], None),
        ] {
            assert_eq!(words.iter().copied().max_by_key(|word| likely_rarity(word)), rarest);
        }
    }

    #[test]
    fn a_query_of_several_words_names_the_rarest_and_all() {
        let call = |text: &str, which| {
            let mut clause = Clause::new(Backend::Postgres);
            let call = matching_ids_sql(&mut clause, &Query::parse(text).unwrap(), which);
            (call, clause.values)
        };
        let one = "products_with_words($1, to_tsquery('simple', $2))";
        let two = "products_with_terms($1, to_tsquery('simple', $3), to_tsquery('simple', $2))";
        for (text, which, expected, values) in [
            ("sku-12", TermMatch::Beginnings, two, &["sku:* & 12:*", "12:*"][..]),
            ("sku-1", TermMatch::Beginnings, two, &["sku:* & 1:*", "sku:*"]),
            ("mug", TermMatch::Beginnings, one, &["mug:*"]),
            ("white mug c", TermMatch::Whole, one, &["white & mug & c:*"]),
            ("c d", TermMatch::Beginnings, one, &["c & d"]),
        ] {
            let values: Vec<Value> = values.iter().map(|value| Value::from(*value)).collect();
            assert_eq!(call(text, which), (expected.to_owned(), values), "{text}");
        }
    }
}
