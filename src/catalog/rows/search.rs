//! Candidates for a search: few enough to be scored one by one, the same ones from both databases.

use entity::prelude::ProductId;
use sea_orm::Value;

use super::{
    Clause,
    filter::{begins_with, in_search_index, word_query},
};
use crate::{
    catalog::core::search::{Candidate, Query, rank},
    storage::{Backend, Fault, Reads, Row},
};

/// The most candidates of each kind that are scored.
pub const MAX_CANDIDATES: usize = 500;
/// So many products with all the words themselves, and nobody misses those with typos.
const ENOUGH: usize = 20;

/// What a search found.
#[derive(Debug, Clone, Default)]
pub struct Ranked {
    /// Best first.
    pub ids: Vec<ProductId>,
    /// There were more candidates than are scored.
    pub is_cut: bool,
}

/// Searches the tenant's products that fulfil `narrowed`.
pub async fn ranked(reads: &impl Reads, query: &Query, narrowed: &Clause) -> Result<Ranked, Fault> {
    let mut candidates = candidates(reads, by_words(query, narrowed.clone())).await?;
    let mut is_cut = candidates.len() == MAX_CANDIDATES;
    let windows = query.windows();
    let is_named = candidates.iter().any(|candidate| query.names(candidate));
    if candidates.len() < ENOUGH && !is_named && !windows.is_empty() {
        let alike = candidates_alike(reads, &windows, narrowed.clone()).await?;
        is_cut |= alike.len() == MAX_CANDIDATES;
        candidates.extend(alike);
    }
    let mut ids = rank(query, candidates);
    ids.truncate(MAX_CANDIDATES);
    Ok(Ranked { ids, is_cut })
}

/// The products that hold all words of the query, each as the beginning of one of theirs; for single letters those whose SKU or name
/// begins so. The product with that very SKU comes first.
fn by_words(query: &Query, mut clause: Clause) -> (Clause, String) {
    let sku = clause.bind(query.folded.as_str());
    clause.push(&format!(" AND (p.sku_key = {sku} OR "));
    if query.indexed_words().next().is_none() {
        clause.push("(");
        begins_with(&mut clause, "p.sku_key", &query.folded);
        clause.push(") OR (");
        begins_with(&mut clause, "p.name_key", &query.folded);
        clause.push(")");
    } else {
        let mark = clause.bind(word_query(clause.backend(), query.indexed_words()));
        match clause.backend() {
            // Asked by way of a function: under row-level security the index would not be used otherwise (migration 7).
            Backend::Postgres => {
                clause.push(&format!("p.id = ANY(ARRAY(SELECT products_with_words($1, to_tsquery('simple', {mark}))))"));
            }
            Backend::Sqlite => clause.push(&in_search_index(&mark)),
        }
    }
    clause.push(")");
    let order = format!("CASE WHEN p.sku_key = {sku} THEN 0 ELSE 1 END, p.sku_key, p.id");
    (clause, order)
}

/// The products that share most three-character windows with the query: where a word has a typo, its other windows still fit.
async fn candidates_alike(
    reads: &impl Reads,
    windows: &[String],
    mut clause: Clause,
) -> Result<Vec<Candidate<ProductId>>, Fault> {
    let backend = clause.backend();
    let marks: Vec<String> = windows
        .iter()
        .map(|window| match backend {
            Backend::Postgres => clause.bind(format!("%{window}%")),
            Backend::Sqlite => clause.bind(window.as_str()),
        })
        .collect();
    let (any, shared): (String, Vec<String>) = match backend {
        Backend::Postgres => {
            let tests: Vec<String> = marks.iter().map(|mark| format!("p.search_text LIKE {mark}")).collect();
            (tests.join(" OR "), tests.iter().map(|test| format!("({test})::int")).collect())
        }
        Backend::Sqlite => {
            let phrases: Vec<String> = windows.iter().map(|window| format!("\"{window}\"")).collect();
            let mark = clause.bind(Value::from(phrases.join(" OR ")));
            (in_search_index(&mark), marks.iter().map(|mark| format!("(instr(p.search_text, {mark}) > 0)")).collect())
        }
    };
    clause.push(&format!(" AND ({any})"));
    let order = format!("{} DESC, p.sku_key, p.id", shared.join(" + "));
    candidates(reads, (clause, order)).await
}

async fn candidates(reads: &impl Reads, (clause, order): (Clause, String)) -> Result<Vec<Candidate<ProductId>>, Fault> {
    let sql = format!(
        "SELECT p.id, p.sku_key, p.name_key, p.search_text FROM product p WHERE p.tenant_id = $1{} ORDER BY {order} LIMIT {MAX_CANDIDATES}",
        clause.sql
    );
    let rows = reads.rows(&sql, clause.values).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(Candidate { id: row.take()?, sku_key: row.take()?, name_key: row.take()?, search_text: row.take()? })
        })
        .collect()
}
