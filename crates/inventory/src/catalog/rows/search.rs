//! Searches of products: candidates are read, scored and ranked, and mistyped words corrected.

use entity::prelude::ProductId;
use platform::storage::{Backend, Fault, Reads};

use super::{
    candidates::{BranchResults, Branches, MAX_CANDIDATES, MAX_WORD_MATCHES, has_barcode, part},
    clause::Clause,
    terms::{matching_ids_sql, push_letters},
    text_filter::begins_with,
    text_sample::with_sample_counts,
    typos,
    word_index::{TermMatch, in_search_index, word_query},
};
use crate::catalog::core::search::{Query, rank};

/// Result of a search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RankedProducts {
    /// Best first, at most `MAX_CANDIDATES`.
    pub ids: Vec<ProductId>,
    /// Set if more products have all the words than are ranked: the words to find them by.
    is_more: Option<Query>,
    /// True if a fuzzy search had more candidates than are scored.
    pub is_vague: bool,
    /// Number of products found among those that were read, also of those that are not ranked.
    pub found: usize,
    /// True if more products have all the words, or begin with the letters, than were read.
    pub is_cut: bool,
}

impl RankedProducts {
    /// Appends the condition that a product matches, whether it is among the ranked or not.
    pub fn compile(&self, clause: &mut Clause) {
        if let Some(query) = &self.is_more {
            push_word_tests(query, clause);
        } else {
            let backend = clause.backend();
            let number = clause.number(backend.ids(self.ids.iter().copied()));
            clause.push(&backend.in_ids("p.id", number));
        }
    }
}

/// Searches the tenant's products that fulfil `conditions`. If none has the words of the query,
/// mistyped words are corrected.
pub async fn search_products(reads: &impl Reads, query: &Query, conditions: &Clause) -> Result<RankedProducts, Fault> {
    let query = &with_sample_counts(reads, query).await?;
    let mut branches = Branches::new(query, conditions);
    branches.by_names(query);
    branches.by_words(query, TermMatch::Beginnings, MAX_WORD_MATCHES);
    let results = branches.read(reads).await?;
    let has_whole = results.count_with_whole_words(query) >= MAX_CANDIDATES;
    let BranchResults { mut candidates, is_full, is_any_full, .. } = results;
    let has_words = query.indexed_words().next().is_some();
    // A product that begins with the query also holds its words, unless they are single letters:
    // then each branch may have found products that the others cut off.
    let is_cut = if has_words { is_full } else { is_any_full };
    if is_cut && has_words && !has_whole {
        // Products with the whole words rank above those whose words only begin with them. If the
        // first branch already returned `MAX_CANDIDATES` of them, this branch would add none: both
        // are read in the same order.
        let mut branches = Branches::new(query, conditions);
        branches.by_words(query, TermMatch::Whole, MAX_CANDIDATES);
        candidates.extend(branches.read(reads).await?.candidates);
    }
    let (mut is_vague, is_corrected) = (false, candidates.is_empty());
    if is_corrected {
        (candidates, is_vague) = typos::search_corrected(reads, query, conditions).await?;
    }
    let mut ids = rank(query, candidates);
    let count = ids.len();
    let is_more = is_cut || count > MAX_CANDIDATES;
    ids.truncate(MAX_CANDIDATES);
    is_vague |= is_more && is_corrected;
    Ok(RankedProducts { ids, is_more: (is_more && !is_corrected).then(|| query.clone()), is_vague, found: count, is_cut })
}

/// Appends the condition that the SKU or a barcode of a product is the query, or that each word of
/// the query begins one of the product's words. A query of single letters must be the beginning of
/// the SKU or the name, or its letters must be whole words.
fn push_word_tests(query: &Query, clause: &mut Clause) {
    let sku = clause.bind(query.folded.as_str());
    let barcode = has_barcode(query, clause);
    clause.push(&format!("(p.sku_key = {sku} OR {barcode} OR ("));
    let is_of_letters = query.indexed_words().next().is_none();
    if is_of_letters {
        begins_with(clause, "p.sku_key", &query.folded);
        clause.push(") OR (");
        begins_with(clause, "p.name_key", &query.folded);
        clause.push(") OR (");
    }
    match clause.backend() {
        Backend::Postgres => {
            let id_select = matching_ids_sql(clause, query, TermMatch::Beginnings);
            clause.push(&format!("p.id = ANY(ARRAY(SELECT {id_select}))"));
            push_letters(clause, query, "p.search_text");
        }
        Backend::Sqlite if is_of_letters => matches(clause, query.letters(), TermMatch::Whole),
        Backend::Sqlite => {
            matches(clause, query.indexed_words(), TermMatch::Beginnings);
            for letter in query.letters() {
                let test = part(clause, &format!(" {letter}"));
                clause.push(&format!(" AND {test}"));
            }
        }
    }
    clause.push("))");
}

/// SQLite: appends the condition that the search index has these words.
fn matches<'a>(clause: &mut Clause, words: impl Iterator<Item = &'a str>, term_match: TermMatch) {
    let mark = clause.bind(word_query(clause.backend(), words, term_match));
    clause.push(&in_search_index(&mark));
}
