//! Mistyped words beside others that products have: their corrections are searched among the
//! products that have all others.

use std::collections::HashSet;

use entity::{
    prelude::ProductId,
    record::{Record, Selected},
    tables::product,
};
use platform::storage::{Backend, Fault, Finds, Reads};
use sea_orm::Value;

use super::{
    super::{
        Clause,
        filter::{TermMatch, term, word_query},
        search::{BranchResults, Branches, MAX_CANDIDATES},
    },
    MAX_CORRECTED, all_of, any_of, or,
};
use crate::catalog::core::{
    search::Query,
    typos::{WordCorrection, has_parts, is_one_typo_away, meant, parts},
};

/// The most products with all other words that are read, in the order of the index.
const MAX_HELD: usize = 2_000;
/// Length from which few other words contain a word.
const LONG_WORD_LENGTH: usize = 5;

/// A product that holds all other words.
#[derive(Record)]
#[record(of = product, alias = "p")]
struct SearchTextRow {
    id: ProductId,
    search_text: String,
}

/// Returns products that have all words, with mistyped ones corrected from the products that have
/// all others: every match is one of these. If there are few, similar words of other products
/// cannot match. If there are many, words one typo away among the first of them are accepted,
/// although further products may have more.
pub(super) async fn among_others(
    reads: &impl Reads,
    (query, narrowed): (&Query, &Clause),
    words: &[&str],
    known: &HashSet<usize>,
) -> Result<BranchResults, Fault> {
    let backend = reads.backend();
    let of = |is_known: bool| {
        let chosen = words.iter().enumerate().filter(|(index, _)| known.contains(index) == is_known);
        chosen.map(|(_, word)| *word).collect::<Vec<&str>>()
    };
    let (others, missing) = (of(true), of(false));
    if others.is_empty() || missing.is_empty() {
        return Ok(BranchResults::default());
    }
    let (sql, text) = (search_text_sql(backend), word_query(backend, others.iter().copied(), TermMatch::Beginnings));
    let held = reads.records::<SearchTextRow>(&sql, vec![text]).await?;
    let is_cut = held.len() >= MAX_CANDIDATES;
    let meanings = corrections_in_texts(&held, &missing);
    let stands =
        |word: &str, meanings: &[WordCorrection]| if is_cut { is_one_typo_away(word, meanings) } else { !meanings.is_empty() };
    if !missing.iter().zip(&meanings).all(|(word, meanings)| stands(word, meanings)) {
        return Ok(BranchResults::default());
    }
    let whole: Vec<Vec<String>> =
        meanings.iter().map(|of| of.iter().map(|words| format!(" {} ", words.join(" "))).collect()).collect();
    let mut branches = Branches::new(query, narrowed);
    match products_with_all(&held, &whole) {
        Some(holders) if holders.is_empty() => return Ok(BranchResults::default()),
        Some(holders) => branches.by_ids(&holders),
        None => {
            let text = corrected_query(backend, &others, &meanings);
            branches.by_text(Value::from(text), &whole, MAX_CANDIDATES);
        }
    }
    let mut found = branches.read(reads).await?;
    found.is_full |= is_cut;
    Ok(found)
}

/// Returns the statement of the first products that have the words of `$2`, in the order of the
/// index.
fn search_text_sql(backend: Backend) -> String {
    let select = SearchTextRow::SELECT;
    match backend {
        Backend::Postgres => format!(
            "SELECT {select} FROM (SELECT h.id, row_number() OVER () AS place
               FROM (SELECT products_with_words($1, to_tsquery('simple', $2)) AS id LIMIT {MAX_HELD}) h) f
             CROSS JOIN product p WHERE p.tenant_id = $1 AND p.id = f.id ORDER BY f.place"
        ),
        Backend::Sqlite => format!(
            "SELECT {select} FROM product_search f CROSS JOIN product p
             WHERE p.tenant_id = $1 AND p.rowid = f.rowid AND f.product_search MATCH $2 ORDER BY f.rowid LIMIT {MAX_HELD}"
        ),
    }
}

/// Returns the meanings of each mistyped word in the first of these products, and in those of the
/// others that have a part of one.
fn corrections_in_texts(held: &[SearchTextRow], missing: &[&str]) -> Vec<Vec<WordCorrection>> {
    let parts: Vec<Vec<String>> = missing.iter().take(MAX_CORRECTED).flat_map(|word| parts(word)).collect();
    let (first, more) = held.split_at(held.len().min(MAX_CANDIDATES));
    let more = more.iter().filter(|row| parts.iter().any(|parts| has_parts(&row.search_text, parts)));
    let texts: Vec<&str> = first.iter().chain(more).map(|row| row.search_text.as_str()).collect();
    missing.iter().map(|word| meant(word, &texts)).collect()
}

/// Returns the products that have one text for each word, if all candidates were read and fewer
/// match than a search ranks.
fn products_with_all(held: &[SearchTextRow], whole: &[Vec<String>]) -> Option<Vec<ProductId>> {
    let holds = |row: &&SearchTextRow| whole.iter().all(|texts| texts.iter().any(|text| row.search_text.contains(text.as_str())));
    let holders: Vec<ProductId> = held.iter().filter(holds).map(|row| row.id).collect();
    (held.len() < MAX_HELD && holders.len() < MAX_CANDIDATES).then_some(holders)
}

/// Returns a `to_tsquery` of the other words and of the corrections of the mistyped ones; on SQLite
/// a MATCH, which may also find a word inside another one.
fn corrected_query(backend: Backend, others: &[&str], meanings: &[Vec<WordCorrection>]) -> String {
    let others = others.iter().map(|word| term(backend, word, TermMatch::Beginnings));
    let meanings = meanings.iter().map(|of| if backend == Backend::Postgres { any_of(backend, of) } else { any_substring(of) });
    all_of(backend, &others.chain(meanings).collect::<Vec<_>>())
}

/// Matches one of these, long words without the blanks around them. Very many texts have a word
/// with the same beginning or end, and the index would return and compare them all; few have
/// another word that contains all the letters, and those are tested row by row.
fn any_substring(meanings: &[WordCorrection]) -> String {
    let of = |words: &WordCorrection| match words.as_slice() {
        [word] if word.chars().nth(LONG_WORD_LENGTH - 1).is_some() => format!("\"{word}\""),
        _ => format!("\" {} \"", words.join(" ")),
    };
    format!("({})", meanings.iter().map(of).collect::<Vec<_>>().join(or(Backend::Sqlite)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(texts: impl IntoIterator<Item = String>) -> Vec<SearchTextRow> {
        texts.into_iter().map(|search_text| SearchTextRow { id: ProductId::NIL, search_text }).collect()
    }

    #[test]
    fn the_first_products_with_the_other_words_are_read_in_the_order_of_the_index() {
        let sql = search_text_sql(Backend::Sqlite);
        assert!(sql.ends_with("f.product_search MATCH $2 ORDER BY f.rowid LIMIT 2000"), "{sql}");
        let sql = search_text_sql(Backend::Postgres);
        assert!(sql.contains("(SELECT products_with_words($1, to_tsquery('simple', $2)) AS id LIMIT 2000) h"), "{sql}");
        assert!(sql.ends_with("p.id = f.id ORDER BY f.place"), "{sql}");
    }

    #[test]
    fn beyond_the_first_only_products_with_a_part_of_the_word_tell_what_it_stands_for() {
        let mut texts: Vec<String> = (0..MAX_CANDIDATES).map(|n| format!(" b{n} zinc bucket ")).collect();
        texts.push(" z1 zinc hxxder ".to_owned());
        assert!(corrections_in_texts(&held(texts.clone()), &["hodler"])[0].is_empty(), "two slips, and no part of the word");
        texts.push(" z2 zinc holder ".to_owned());
        assert_eq!(corrections_in_texts(&held(texts), &["hodler"]), [[["holder"]]]);
    }

    #[test]
    fn no_text_is_asked_for_where_all_products_with_the_other_words_were_read() {
        let whole = [vec![" holder ".to_owned(), " t light ".to_owned()]];
        let of =
            |count: usize, text: &str| products_with_all(&held((0..count).map(|_| text.to_owned())), &whole).map(|ids| ids.len());
        assert_eq!(of(3, " z1 zinc holder "), Some(3));
        assert_eq!(of(3, " z1 zinc t light "), Some(3));
        assert_eq!(of(3, " z1 zinc holders "), Some(0));
        assert_eq!(of(MAX_CANDIDATES, " z1 zinc holder "), None, "more than are ranked");
        assert_eq!(of(MAX_HELD, " z1 zinc bucket "), None, "others may hold it");
    }

    #[test]
    fn sqlite_looks_for_long_words_without_the_blanks_around_them() {
        let meanings = [vec![vec!["holder".to_owned()], vec!["mug".to_owned()], vec!["t".to_owned(), "light".to_owned()]]];
        let of = |backend| corrected_query(backend, &["zinc"], &meanings);
        assert_eq!(of(Backend::Sqlite), "\" zinc\" AND (\"holder\" OR \" mug \" OR \" t light \")");
        assert_eq!(of(Backend::Postgres), "zinc:* & ((holder) | (mug) | (t <-> light))");
    }
}
