//! Mistyped words: their corrections are read from a bounded number of products that have a part of
//! them, and are then searched as given.

mod among;
mod match_terms;

use std::collections::HashSet;

use among::correct_by_other_words;
use entity::{
    prelude::ProductId,
    record::{Record, Selected},
};
use match_terms::{MAX_CORRECTED_WORDS, all_of, any_of, or, phrases};
use platform::storage::{Backend, Fault, Finds, Reads};
use sea_orm::Value;

use super::{
    Clause,
    candidates::{BranchResults, Branches, MAX_CANDIDATES},
    text_sample::TextSample,
    word_index::{TermMatch, term, word_query},
};
use crate::catalog::core::{
    search::{Candidate, Query},
    typos::{find_corrections, parts, spellings},
};

/// The most products that are read for each part of a word.
const MAX_TEXTS_PER_PART: usize = 100;

/// Returns products that match corrections of the query's words, if none has the words themselves;
/// also whether there may be more.
pub(super) async fn search_corrected(
    reads: &impl Reads,
    query: &Query,
    conditions: &Clause,
) -> Result<(Vec<Candidate<ProductId>>, bool), Fault> {
    let words: Vec<&str> = query.indexed_words().collect();
    if words.is_empty() {
        return Ok((Vec::new(), false));
    }
    let known_indexes = find_known_words(reads, query).await?;
    let (present, missing): (Vec<usize>, Vec<usize>) = (0..words.len()).partition(|index| known_indexes.contains(index));
    let results = correct_by_other_words(reads, (query, conditions), &words, &known_indexes).await?;
    if !results.candidates.is_empty() {
        return Ok((results.candidates, results.is_full));
    }
    let (mut texts, mut is_cut) = similar_texts(reads, &words, &missing).await?;
    let mut results = BranchResults::default();
    // Words that products have were searched already, unless a single letter excluded products.
    if !missing.is_empty() || query.letters().next().is_some() {
        results =
            search_by_terms(reads, (query, conditions), &build_terms(reads.backend(), &words, (&known_indexes, &texts))).await?;
    }
    if results.candidates.is_empty() && !present.is_empty() {
        // A word of another product, or of one that does not fulfil the conditions, may be a typo
        // here.
        let (more_texts, is_more_cut) = similar_texts(reads, &words, &present).await?;
        texts.extend(more_texts);
        is_cut |= is_more_cut;
        results =
            search_by_terms(reads, (query, conditions), &build_terms(reads.backend(), &words, (&known_indexes, &texts))).await?;
    }
    Ok((results.candidates, results.is_full || is_cut))
}

/// Returns the indexes of the words that begin a word of some product. On Postgres the index
/// collects all products with a word before it returns the first: a word that the first products
/// have is not looked up there.
async fn find_known_words(reads: &impl Reads, query: &Query) -> Result<HashSet<usize>, Fault> {
    let sample_counts = match reads.backend() {
        Backend::Postgres if query.sample_counts.is_empty() => TextSample::read(reads).await?.word_counts(query),
        _ => query.sample_counts.clone(),
    };
    let mut known_indexes: HashSet<usize> =
        sample_counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(index, _)| index).collect();
    let mut texts = Texts::new(reads.backend());
    for (index, word) in query.indexed_words().enumerate().filter(|(index, _)| !known_indexes.contains(index)) {
        texts.with_words(index, word_query(reads.backend(), std::iter::once(word), TermMatch::Beginnings), 1);
    }
    known_indexes.extend(texts.read(reads).await?.0.into_iter().map(|(index, _)| index));
    Ok(known_indexes)
}

/// Returns a search term for each word: its prefix match if a word begins with it, and its
/// corrections among the texts. A word that has neither is left out.
fn build_terms(backend: Backend, words: &[&str], (known_indexes, texts): (&HashSet<usize>, &[(usize, String)])) -> Vec<String> {
    let term_of = |index: usize, word: &str| {
        let texts: Vec<&str> =
            texts.iter().filter(|(text_index, _)| *text_index == index).map(|(_, text)| text.as_str()).collect();
        let meanings = find_corrections(word, &texts);
        let prefix_term = known_indexes.contains(&index).then(|| term(backend, word, TermMatch::Beginnings));
        let correction_term = (!meanings.is_empty()).then(|| any_of(backend, &meanings));
        match (prefix_term, correction_term) {
            (Some(prefix_term), Some(correction_term)) => Some(format!("({prefix_term}{}{correction_term})", or(backend))),
            (prefix_term, correction_term) => prefix_term.or(correction_term),
        }
    };
    words.iter().enumerate().filter_map(|(index, &word)| term_of(index, word)).collect()
}

/// Whether a product with so many of the words can be alike the query.
const fn has_enough_words(matched: usize, words: usize) -> bool {
    matched * 5 >= words * 3
}

/// Returns products that have all of these terms, or else all but one, if that many words suffice.
async fn search_by_terms(
    reads: &impl Reads,
    (query, conditions): (&Query, &Clause),
    terms: &[String],
) -> Result<BranchResults, Fault> {
    let (backend, words) = (reads.backend(), query.indexed_words().count());
    let mut results = BranchResults::default();
    for (term_count, text) in
        [(terms.len(), all_of(backend, terms)), (terms.len().saturating_sub(1), match_all_but_one(backend, terms))]
    {
        if results.candidates.is_empty() && has_enough_words(term_count, words) {
            let mut branches = Branches::new(query, conditions);
            branches.by_text(Value::from(text), &[], MAX_CANDIDATES);
            results = branches.read(reads).await?;
        }
    }
    Ok(results)
}

/// Returns search texts with candidates for the corrections of some of the words, each with the
/// word's index; also whether there may be more of them.
async fn similar_texts(
    reads: &impl Reads,
    words: &[&str],
    word_indexes: &[usize],
) -> Result<(Vec<(usize, String)>, bool), Fault> {
    let mut texts = Texts::new(reads.backend());
    for (index, word) in words.iter().enumerate().filter(|(index, _)| word_indexes.contains(index)).take(MAX_CORRECTED_WORDS) {
        let spellings = spellings(word);
        if !spellings.is_empty() {
            texts.with_words(index, Value::from(any_of(reads.backend(), &spellings)), MAX_TEXTS_PER_PART);
        }
        for parts in parts(word) {
            texts.with_parts(index, &parts);
        }
    }
    texts.read(reads).await
}

/// Matches all terms but any one.
fn match_all_but_one(backend: Backend, terms: &[String]) -> String {
    let terms_without = |omitted_index: usize| {
        let other_terms = terms.iter().enumerate().filter(|(index, _)| *index != omitted_index).map(|(_, term)| term.clone());
        format!("({})", all_of(backend, &other_terms.collect::<Vec<_>>()))
    };
    (0..terms.len()).map(terms_without).collect::<Vec<_>>().join(or(backend))
}

/// A statement for search texts of the tenant's products: a branch for each part of each word, with the word's index.
struct Texts {
    clause: Clause,
    limits: Vec<usize>,
}

impl Texts {
    fn new(backend: Backend) -> Self {
        Self { clause: Clause::new(backend), limits: Vec::new() }
    }

    /// Adds the texts that the index of words finds for a MATCH or a `to_tsquery`.
    fn with_words(&mut self, index: usize, text: Value, limit: usize) {
        let mark = self.clause.bind(text);
        let id_select = match self.clause.backend() {
            Backend::Postgres => format!("products_with_words($1, to_tsquery('simple', {mark}))"),
            Backend::Sqlite => mark,
        };
        self.branch(index, &id_select, limit);
    }

    /// Adds the texts that have all these parts.
    fn with_parts(&mut self, index: usize, parts: &[String]) {
        let id_select = match self.clause.backend() {
            Backend::Postgres => {
                let mark = self.clause.bind(like_pattern(parts));
                format!("products_with_text($1, {mark})")
            }
            Backend::Sqlite => self.clause.bind(phrases(parts)),
        };
        self.branch(index, &id_select, MAX_TEXTS_PER_PART);
    }

    /// Adds a branch. `id_select` is a call that yields IDs on Postgres, and a MATCH on SQLite.
    fn branch(&mut self, index: usize, id_select: &str, limit: usize) {
        let (from, condition, order) = match self.clause.backend() {
            Backend::Postgres => ("product p", format!("p.id = ANY(ARRAY(SELECT {id_select} LIMIT {limit}))"), ""),
            Backend::Sqlite => (
                "product_search f CROSS JOIN product p",
                format!("p.rowid = f.rowid AND f.product_search MATCH {id_select}"),
                " ORDER BY f.rowid",
            ),
        };
        let number = self.limits.len();
        let union = if number == 0 { "" } else { " UNION ALL " };
        self.clause.push(&format!(
            "{union}SELECT * FROM (SELECT {} FROM {from} WHERE p.tenant_id = $1 AND {condition}{order} LIMIT {limit}) AS branch_{number}",
            TextRow::SELECT.replace("{branch}", &number.to_string()).replace("{place}", &index.to_string())
        ));
        self.limits.push(limit);
    }

    /// Returns the texts with the indexes of words, and whether a branch reached its limit.
    async fn read(self, reads: &impl Reads) -> Result<(Vec<(usize, String)>, bool), Fault> {
        let Self { clause, limits: row_limits } = self;
        if row_limits.is_empty() {
            return Ok((Vec::new(), false));
        }
        let rows = reads.records::<TextRow>(&clause.sql, clause.values).await?;
        let (mut texts, mut counts) = (Vec::with_capacity(rows.len()), vec![0_usize; row_limits.len()]);
        for TextRow { branch, place, text } in rows {
            if let Some(count) = usize::try_from(branch).ok().and_then(|branch| counts.get_mut(branch)) {
                *count += 1;
            }
            texts.push((usize::try_from(place).unwrap_or(usize::MAX), text));
        }
        Ok((texts, counts.iter().zip(&row_limits).any(|(count, row_limits)| count >= row_limits)))
    }
}

/// Returns the `LIKE` pattern of a text with all these parts, in their order.
fn like_pattern(parts: &[String]) -> String {
    format!("%{}%", parts.join("%"))
}

#[derive(Record)]
struct TextRow {
    #[record(sql = "CAST({branch} AS bigint) AS branch")]
    branch: i64,
    /// The index of the word.
    #[record(sql = "CAST({place} AS bigint) AS place")]
    place: i64,
    #[record(sql = "p.search_text AS text")]
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_is_a_text_of_each_index() {
        let meanings = [vec!["t".to_owned(), "light".to_owned()], vec!["light".to_owned()]];
        assert_eq!(any_of(Backend::Sqlite, &meanings), "(\" t light \" OR \" light \")");
        assert_eq!(any_of(Backend::Postgres, &meanings), "((t <-> light) | (light))");
        let terms = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(match_all_but_one(Backend::Postgres, &terms), "(b & c) | (a & c) | (a & b)");
        assert_eq!(all_of(Backend::Sqlite, &terms), "a AND b AND c");
        let (words, known) = (["hearts", "wickr", "zzz"], HashSet::from([0]));
        let texts = [(0, " 1 heart ".to_owned()), (1, " 2 wicker ".to_owned())];
        assert_eq!(
            super::build_terms(Backend::Sqlite, &words, (&known, &texts)),
            ["(\" hearts\" OR (\" heart \"))", "(\" wicker \")"]
        );
        assert_eq!(super::build_terms(Backend::Postgres, &words, (&known, &[])), ["hearts:*"]);
    }

    #[test]
    fn each_part_of_a_word_has_a_bounded_branch() {
        for backend in [Backend::Sqlite, Backend::Postgres] {
            let mut texts = Texts::new(backend);
            for parts in parts("hodler") {
                texts.with_parts(0, &parts);
            }
            let (sql, branches) = (texts.clause.sql, texts.limits.len());
            assert_eq!(
                (sql.matches("SELECT * FROM (").count(), sql.matches(") AS branch_").count()),
                (branches, branches),
                "{sql}"
            );
            assert!(branches > 0 && sql.matches(&format!("LIMIT {MAX_TEXTS_PER_PART}")).count() >= branches, "{sql}");
        }
    }
}
