//! Candidates for a search: a bounded number of rows of each index that suits the query, in the
//! order of the index, which are then scored one by one. The bound holds however many products have
//! a frequent word.

use entity::{
    prelude::ProductId,
    record::{Record, Selected},
    tables::product,
};
use platform::storage::{Backend, Fault, Finds, Reads};
use sea_orm::Value;

use super::{
    clause::Clause,
    terms::{matching_ids_sql, push_letters},
    text_filter::begins_with,
    word_index::{TermMatch, word_query},
};
use crate::catalog::core::search::{Candidate, Query};

/// The most products that a search ranks, on all pages together.
pub const MAX_CANDIDATES: usize = 500;
/// The most products that are read for the words of the query, in the order of the index: one more
/// than `totalCount` counts by default.
pub(super) const MAX_WORD_MATCHES: usize = 1_001;

/// Candidates, and whether the last branch or any branch reached its limit.
#[derive(Default)]
pub(super) struct BranchResults {
    pub candidates: Vec<Candidate<ProductId>>,
    pub is_full: bool,
    pub is_any_full: bool,
    /// The candidates of the last branch, by their places.
    of_last: Vec<usize>,
}

impl BranchResults {
    /// Counts the candidates of the last branch that have the whole words.
    pub(super) fn count_with_whole_words(&self, query: &Query) -> usize {
        let words = query.word_patterns();
        let of_last = self.of_last.iter().filter_map(|index| self.candidates.get(*index));
        of_last.filter(|candidate| words.iter().all(|word| candidate.search_text.contains(word.as_str()))).count()
    }
}

/// The statement under construction: a branch for each index.
pub(super) struct Branches {
    clause: Clause,
    /// Condition of all candidates, beginning with ` AND `, or empty.
    condition_sql: String,
    /// The test that the query is one of the product's barcodes.
    barcode: String,
    /// The most rows of each branch.
    limits: Vec<usize>,
}

impl Branches {
    pub(super) fn new(query: &Query, conditions: &Clause) -> Self {
        let mut clause = conditions.clone();
        let conditions = std::mem::take(&mut clause.sql);
        let barcode = has_barcode(query, &mut clause);
        Self { clause, condition_sql: conditions, barcode, limits: Vec::new() }
    }

    /// Begins a branch; its own condition follows.
    fn begin_branch(&mut self, from: &str) {
        let number = self.limits.len();
        let union = if number == 0 { "" } else { " UNION ALL " };
        self.clause.push(&format!(
            "{union}SELECT * FROM (SELECT {} FROM {from} WHERE p.tenant_id = $1 AND ",
            FoundRow::SELECT.replace("{barcode}", &self.barcode).replace("{branch}", &number.to_string())
        ));
    }

    /// Ends a branch, in the order of its index.
    fn end_branch(&mut self, order: &str, limit: usize) {
        let branch_end = format!("{}{order} LIMIT {limit}) AS branch_{}", self.condition_sql, self.limits.len());
        self.clause.push(&branch_end);
        self.limits.push(limit);
    }

    /// Searches SKUs, barcodes and names that are the query or begin with it: these rank above
    /// words at other places, and may come late in the index of words.
    pub(super) fn by_names(&mut self, query: &Query) {
        for (column, order) in [("p.sku_key", " ORDER BY p.sku_key"), ("p.name_key", " ORDER BY p.name_key, p.id")] {
            self.begin_branch("product p");
            begins_with(&mut self.clause, column, &query.folded);
            self.end_branch(order, MAX_CANDIDATES);
        }
        self.begin_branch("product p");
        let barcode = self.barcode.clone();
        self.clause.push(&barcode);
        self.end_branch("", MAX_CANDIDATES);
    }

    /// Searches by all words of the query. SQLite's index has no beginnings for single letters:
    /// they are tested row by row, or must be whole words.
    pub(super) fn by_words(&mut self, query: &Query, term_match: TermMatch, limit: usize) {
        let backend = self.clause.backend();
        if backend == Backend::Postgres {
            let id_select = matching_ids_sql(&mut self.clause, query, term_match);
            self.begin_id_branch(&id_select);
            push_letters(&mut self.clause, query, "p.search_text");
            self.end_branch("", limit);
        } else if query.indexed_words().next().is_none() {
            self.by_match(word_query(backend, query.letters(), TermMatch::Whole), &[], limit);
        } else {
            let letters: Vec<Vec<String>> = query.letters().map(|letter| vec![format!(" {letter}")]).collect();
            self.by_match(word_query(backend, query.indexed_words(), term_match), &letters, limit);
        }
    }

    /// Searches the index of words with a MATCH or a `to_tsquery`. A MATCH may find too many: a
    /// product must have one text of each list in `tests`.
    pub(super) fn by_text(&mut self, text: Value, tests: &[Vec<String>], limit: usize) {
        match self.clause.backend() {
            Backend::Postgres => {
                let mark = self.clause.bind(text);
                self.begin_id_branch(&format!("products_with_words($1, to_tsquery('simple', {mark}))"));
                self.end_branch("", limit);
            }
            Backend::Sqlite => self.by_match(text, tests, limit),
        }
    }

    /// Searches by IDs, fewer than are ranked.
    pub(super) fn by_ids(&mut self, ids: &[ProductId]) {
        let backend = self.clause.backend();
        self.begin_branch("product p");
        let number = self.clause.number(backend.ids(ids.iter().copied()));
        self.clause.push(&backend.in_ids("p.id", number));
        self.end_branch("", MAX_CANDIDATES);
    }

    /// Begins a branch with a call that yields IDs on Postgres, one by one: it ends when enough of
    /// them fulfil all other conditions.
    fn begin_id_branch(&mut self, id_select: &str) {
        self.begin_branch(&format!("(SELECT {id_select} AS id) f CROSS JOIN product p"));
        self.clause.push("p.id = f.id");
    }

    /// Searches with a MATCH of SQLite; the search text must have one text of each list.
    fn by_match(&mut self, text: Value, tests: &[Vec<String>], limit: usize) {
        // CROSS JOIN tells SQLite to begin with the words, whose index has the order of rows.
        self.begin_branch("product_search f CROSS JOIN product p");
        let mark = self.clause.bind(text);
        self.clause.push(&format!("p.rowid = f.rowid AND f.product_search MATCH {mark}"));
        for texts in tests {
            let any: Vec<String> = texts.iter().map(|text| part(&mut self.clause, text)).collect();
            self.clause.push(&format!(" AND ({})", any.join(" OR ")));
        }
        self.end_branch(" ORDER BY f.rowid", limit);
    }

    /// Reads the candidates. A product occurs once for each branch that finds it.
    pub(super) async fn read(self, reads: &impl Reads) -> Result<BranchResults, Fault> {
        let Self { clause, limits: row_limits, .. } = self;
        let rows = reads.records::<FoundRow>(&clause.sql, clause.values).await?;
        let (mut candidates, mut counts) = (Vec::with_capacity(rows.len()), vec![0_usize; row_limits.len()]);
        let mut of_last = Vec::new();
        for FoundRow { of: CandidateRow { id, sku_key, name_key, search_text }, has_barcode, branch } in rows {
            let branch = usize::try_from(branch).unwrap_or(usize::MAX);
            if let Some(count) = counts.get_mut(branch) {
                *count += 1;
            }
            if branch.saturating_add(1) == row_limits.len() {
                of_last.push(candidates.len());
            }
            candidates.push(Candidate { id, sku_key, name_key, search_text, has_barcode: has_barcode == 1 });
        }
        let full_branches: Vec<bool> = counts.iter().zip(&row_limits).map(|(count, row_limits)| count >= row_limits).collect();
        let is_full = full_branches.last().is_some_and(|is_full| *is_full);
        Ok(BranchResults { candidates, is_full, is_any_full: full_branches.contains(&true), of_last })
    }
}

/// The test that the query is one of the product's barcodes.
pub(super) fn has_barcode(query: &Query, clause: &mut Clause) -> String {
    let key = clause.bind(query.barcode_key.as_str());
    format!("p.id IN (SELECT b.product_id FROM barcode b WHERE b.tenant_id = $1 AND b.code_key = {key})")
}

/// SQLite: the test that the search text has this somewhere.
pub(super) fn part(clause: &mut Clause, text: &str) -> String {
    let mark = clause.bind(text);
    format!("(instr(p.search_text, {mark}) > 0)")
}

/// A candidate, and the branch that found it.
#[derive(Record)]
struct FoundRow {
    of: CandidateRow,
    /// 1 where the query is one of its barcodes.
    #[record(sql = "CAST(CASE WHEN {barcode} THEN 1 ELSE 0 END AS bigint) AS is_named")]
    has_barcode: i64,
    #[record(sql = "CAST({branch} AS bigint) AS branch")]
    branch: i64,
}

#[derive(Record)]
#[record(of = product, alias = "p")]
struct CandidateRow {
    id: ProductId,
    sku_key: String,
    name_key: String,
    search_text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frequent_word_is_read_up_to_a_bound_and_in_the_order_of_its_index() {
        let query = Query::parse("white mug").unwrap();
        let mut narrowed = Clause::new(Backend::Sqlite);
        let mark = narrowed.bind("ACTIVE");
        narrowed.push(&format!(" AND p.status = {mark}"));
        let mut branches = Branches::new(&query, &narrowed);
        branches.by_names(&query);
        branches.by_words(&query, TermMatch::Beginnings, MAX_WORD_MATCHES);
        let sql = branches.clause.sql;
        assert!(sql.ends_with(" AND p.status = $2 ORDER BY f.rowid LIMIT 1001) AS branch_3"), "{sql}");
        assert_eq!((sql.matches(" LIMIT 500) AS ").count(), sql.matches("p.status = $2").count()), (3, 4), "{sql}");
        // On Postgres a function yields IDs until enough of them fulfil the rest.
        let narrowed = Clause { sql: " AND TRUE".to_owned(), ..Clause::new(Backend::Postgres) };
        let mut branches = Branches::new(&query, &narrowed);
        branches.by_words(&query, TermMatch::Whole, 7);
        let sql = branches.clause.sql;
        let from = "FROM (SELECT products_with_words($1, to_tsquery('simple', $3)) AS id) f CROSS JOIN product p WHERE ";
        assert!(sql.contains(from) && sql.ends_with("p.id = f.id AND TRUE LIMIT 7) AS branch_0"), "{sql}");
    }

    #[test]
    fn words_are_not_read_a_second_time_where_enough_candidates_have_them_whole() {
        let candidate = |search_text: &str| Candidate {
            id: ProductId::NIL,
            sku_key: String::new(),
            name_key: String::new(),
            search_text: search_text.to_owned(),
            has_barcode: false,
        };
        let texts = [" white mug c1 ", " whitest mug c1 ", " white mug d ", " c white mug "];
        let looked =
            BranchResults { candidates: texts.map(candidate).to_vec(), of_last: vec![0, 1, 2], ..BranchResults::default() };
        for (text, count) in [("white", 2), ("white mug c", 1), ("mug", 3), ("whit", 0)] {
            assert_eq!(looked.count_with_whole_words(&Query::parse(text).unwrap()), count, "{text}");
        }
    }
}
