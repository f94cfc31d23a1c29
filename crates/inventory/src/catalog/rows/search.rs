//! Candidates for a search: few enough to be scored one by one, the same ones from both databases.

use entity::{
    prelude::ProductId,
    record::{Record, Selected},
    tables::product,
};
use platform::storage::{Backend, Fault, Reads, Row};
use sea_orm::Value;

use super::{
    Clause,
    filter::{TermMatch, begins_with, in_search_index, word_query},
};
use crate::catalog::core::search::{Candidate, Query, rank};

/// The most candidates of each kind that are scored.
pub const MAX_CANDIDATES: usize = 500;
/// So many products with all the words themselves, and nobody misses those with typos.
const ENOUGH: usize = 20;
/// What may stand in the middle of a word of three letters that was typed wrong.
const LETTERS: &str = "0123456789abcdefghijklmnopqrstuvwxyz";

/// What a search found.
#[derive(Debug, Clone, Default)]
pub struct Ranked {
    /// Best first, at most `MAX_CANDIDATES`.
    pub ids: Vec<ProductId>,
    /// More products hold all the words than are ranked: which, the words say.
    is_more: Option<Query>,
    /// More products were alike than are scored.
    pub is_vague: bool,
}

impl Ranked {
    /// Appends the condition that a product matches, whether it is among the ranked or not.
    pub fn compile(&self, clause: &mut Clause) {
        if let Some(query) = &self.is_more {
            holds_words(query, clause);
        } else {
            let backend = clause.backend();
            let number = clause.number(backend.ids(self.ids.iter().copied()));
            clause.push(&backend.in_ids("p.id", number));
        }
    }
}

/// Searches the tenant's products that fulfil `narrowed`.
pub async fn ranked(reads: &impl Reads, query: &Query, narrowed: &Clause) -> Result<Ranked, Fault> {
    let mut candidates = candidates(reads, query, by_words(query, narrowed.clone())).await?;
    let is_more = (candidates.len() == MAX_CANDIDATES).then(|| query.clone());
    let mut is_vague = false;
    let windows = query.windows();
    let is_named = candidates.iter().any(|candidate| query.names(candidate));
    if candidates.len() < ENOUGH && !is_named && !windows.is_empty() {
        let alike = candidates_alike(reads, query, (&windows, &query.frames()), narrowed.clone()).await?;
        is_vague = alike.len() == MAX_CANDIDATES;
        candidates.extend(alike);
    }
    let mut ids = rank(query, candidates);
    ids.truncate(MAX_CANDIDATES);
    Ok(Ranked { ids, is_more, is_vague })
}

/// The products that hold all the words, and an order that keeps the best where there are more than are scored: as `rank` has it, SKU, barcode and
/// name themselves, what begins with the query, then those with most of the words whole and the fewest others.
fn by_words(query: &Query, mut clause: Clause) -> (Clause, String) {
    let backend = clause.backend();
    clause.push(" AND ");
    holds_words(query, &mut clause);
    let whole = clause.bind(query.folded.as_str());
    let begins = |column: &str| match backend {
        Backend::Postgres => format!("starts_with({column}, {whole})"),
        Backend::Sqlite => format!("substr({column}, 1, length({whole})) = {whole}"),
    };
    let words: Vec<String> = query.words.iter().map(|word| part(&mut clause, &format!(" {word} "))).collect();
    let words = match backend {
        Backend::Postgres => words.iter().map(|test| format!("({test})::int")).collect(),
        Backend::Sqlite => words,
    };
    let barcode = has_barcode(query, &mut clause);
    let order = format!(
        "CASE WHEN p.sku_key = {whole} THEN 0 WHEN {barcode} THEN 1 WHEN p.name_key = {whole} THEN 2 WHEN {} THEN 3 WHEN {} THEN 4 ELSE 5 END,
         {} DESC, length(p.search_text), p.sku_key, p.id",
        begins("p.sku_key"),
        begins("p.name_key"),
        words.join(" + ")
    );
    (clause, order)
}

/// The test that the query is one of the product's barcodes.
fn has_barcode(query: &Query, clause: &mut Clause) -> String {
    let key = clause.bind(query.barcode_key.as_str());
    format!("p.id IN (SELECT b.product_id FROM barcode b WHERE b.tenant_id = $1 AND b.code_key = {key})")
}

/// Appends the condition that a product has that very SKU or barcode, or all words of the query as the beginning of one of theirs each. A query of single
/// letters must be the beginning of SKU or name, or its letters words of their own.
fn holds_words(query: &Query, clause: &mut Clause) {
    let sku = clause.bind(query.folded.as_str());
    let barcode = has_barcode(query, clause);
    clause.push(&format!("(p.sku_key = {sku} OR {barcode} OR ("));
    if query.indexed_words().next().is_none() {
        begins_with(clause, "p.sku_key", &query.folded);
        clause.push(") OR (");
        begins_with(clause, "p.name_key", &query.folded);
        clause.push(") OR (");
        in_index(clause, query.letters(), TermMatch::Whole);
    } else {
        in_index(clause, query.indexed_words(), TermMatch::Beginnings);
        for letter in query.letters() {
            let test = part(clause, &format!(" {letter}"));
            clause.push(&format!(" AND {test}"));
        }
    }
    clause.push("))");
}

/// Appends the condition that the search index has these words.
fn in_index<'a>(clause: &mut Clause, words: impl Iterator<Item = &'a str>, which: TermMatch) {
    let mark = clause.bind(word_query(clause.backend(), words, which));
    match clause.backend() {
        // Asked by way of a function: under row-level security the index would not be used otherwise (migration 7).
        Backend::Postgres => {
            clause.push(&format!("p.id = ANY(ARRAY(SELECT products_with_words($1, to_tsquery('simple', {mark}))))"));
        }
        Backend::Sqlite => clause.push(&in_search_index(&mark)),
    }
}

/// The test that the search text has this somewhere.
fn part(clause: &mut Clause, text: &str) -> String {
    let mark = clause.bind(text);
    match clause.backend() {
        Backend::Postgres => format!("strpos(p.search_text, {mark}) > 0"),
        Backend::Sqlite => format!("(instr(p.search_text, {mark}) > 0)"),
    }
}

/// The products that share most three-character windows with the query: where a word has a typo, its other windows still fit. Or a frame: a
/// word of three letters whose first and last are these.
async fn candidates_alike(
    reads: &impl Reads,
    query: &Query,
    (windows, frames): (&[String], &[(char, char)]),
    mut clause: Clause,
) -> Result<Vec<Candidate<ProductId>>, Fault> {
    let (any, shared): (String, Vec<String>) = match clause.backend() {
        Backend::Postgres => {
            let mut tests: Vec<String> =
                windows.iter().map(|window| format!("p.search_text LIKE {}", clause.bind(format!("%{window}%")))).collect();
            tests.extend(frames.iter().map(|(a, z)| format!("p.search_text ~ {}", clause.bind(format!(" {a}[{LETTERS}]{z} ")))));
            (tests.join(" OR "), tests.iter().map(|test| format!("({test})::int")).collect())
        }
        Backend::Sqlite => {
            let framed = frames.iter().flat_map(|(a, z)| LETTERS.chars().map(move |letter| format!("\"{a}{letter}{z}\"")));
            let phrases: Vec<String> = windows.iter().map(|window| format!("\"{window}\"")).chain(framed).collect();
            let mark = clause.bind(Value::from(phrases.join(" OR ")));
            let mut tests: Vec<String> = windows.iter().map(|window| part(&mut clause, window)).collect();
            tests.extend(
                frames.iter().map(|(a, z)| format!("(p.search_text GLOB {})", clause.bind(format!("* {a}[{LETTERS}]{z} *")))),
            );
            (in_search_index(&mark), tests)
        }
    };
    clause.push(&format!(" AND ({any})"));
    let order = format!("{} DESC, p.sku_key, p.id", shared.join(" + "));
    candidates(reads, query, (clause, order)).await
}

/// A candidate's own columns: whether a barcode is meant comes after them.
#[derive(Record)]
#[record(of = product, alias = "p")]
struct CandidateRow {
    id: ProductId,
    sku_key: String,
    name_key: String,
    search_text: String,
}

async fn candidates(
    reads: &impl Reads,
    query: &Query,
    (mut clause, order): (Clause, String),
) -> Result<Vec<Candidate<ProductId>>, Fault> {
    let barcode = has_barcode(query, &mut clause);
    let sql = format!(
        "SELECT {}, CAST(CASE WHEN {barcode} THEN 1 ELSE 0 END AS bigint)
         FROM product p WHERE p.tenant_id = $1{} ORDER BY {order} LIMIT {MAX_CANDIDATES}",
        CandidateRow::SELECT,
        clause.sql
    );
    let rows = reads.rows(&sql, clause.values).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            let CandidateRow { id, sku_key, name_key, search_text } = row.record()?;
            Ok(Candidate { id, sku_key, name_key, search_text, has_barcode: row.take::<i64>()? == 1 })
        })
        .collect()
}
