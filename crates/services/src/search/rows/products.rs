//! Products: by code and name, and by their words.

use std::collections::HashSet;

use inventory::catalog::{
    core::search,
    rows::{
        filter::{TermMatch, begins_with, word_query},
        terms::{matching_ids_sql, push_letters},
        text_sample::with_sample_counts,
    },
};
use platform::storage::{Backend, Fault, Reads};
use uuid::Uuid;

use super::branches::{Branches, HitColumns, MAX_BRANCH_ROWS, NameColumn, SearchedKind, StatementResult, add_key_branch};
use crate::search::core::{Field, MAX_HITS, Query, SearchHits, Tier};

const PRODUCT: HitColumns = HitColumns { title: "r.name", is_archived: "CASE WHEN r.status = 'ARCHIVED' THEN 1 ELSE 0 END" };

/// Finds products: by code and name first. Words are searched only if these leave room among the
/// best hits: a query that is the beginning of a SKU does not wait for the many products that
/// contain a word.
pub(super) async fn find_products(reads: &impl Reads, query: &Query, searched_kind: &SearchedKind) -> Result<SearchHits, Fault> {
    let mut branches = Branches::new(reads.backend(), searched_kind);
    add_name_and_code_branches(&mut branches, query);
    let mut result = branches.read(reads, query, searched_kind.visible.kind).await?;
    if let Some(words_query) = query.words.as_ref().filter(|_| !has_all_best(&result)) {
        let mut branches = Branches::new(reads.backend(), searched_kind);
        add_word_branch(&mut branches, &with_sample_counts(reads, words_query).await?);
        let StatementResult { hits, full } = branches.read(reads, query, searched_kind.visible.kind).await?;
        result.hits.extend(hits);
        result.full.extend(full);
    }
    Ok(result.into_hits())
}

/// Whether hits by words alone cannot be among the best: more products than all pages have are
/// equal to the query or begin with it, and those by name were read completely.
fn has_all_best(result: &StatementResult) -> bool {
    let nearer: HashSet<Uuid> = result.hits.iter().filter(|hit| hit.tier < Tier::Words).map(|hit| hit.id).collect();
    nearer.len() > MAX_HITS && !result.full.contains(&Field::Name)
}

fn add_name_and_code_branches(branches: &mut Branches, query: &Query) {
    let columns = PRODUCT;
    for name_column in [
        NameColumn { field: Field::Sku, stored_column: "r.sku", key: "r.sku_key" },
        NameColumn { field: Field::Name, stored_column: "r.name", key: "r.name_key" },
    ] {
        add_key_branch(branches, query, "product r", name_column, columns);
    }
    // CROSS JOIN tells SQLite to begin with the codes.
    let barcodes = "barcode b CROSS JOIN product r";
    branches.open(Field::Barcode, "b.code", columns, barcodes);
    let key = branches.clause.bind(query.barcode_key.as_str());
    branches.clause.push(&format!("b.tenant_id = $1 AND r.id = b.product_id AND b.code_key = {key}"));
    branches.close("", MAX_BRANCH_ROWS);
    branches.open(Field::Barcode, "b.code", columns, barcodes);
    branches.clause.push("b.tenant_id = $1 AND r.id = b.product_id AND ");
    begins_with(&mut branches.clause, "b.code", &query.text);
    branches.close("b.code", MAX_BRANCH_ROWS);
}

/// Adds a branch by the words of SKU, name and barcodes, which are indexed in both databases: as
/// words on Postgres, as three-character windows on SQLite.
fn add_word_branch(branches: &mut Branches, query: &search::Query) {
    if branches.clause.backend() == Backend::Postgres {
        // The function returns IDs one by one, and ends when enough were found.
        let product_ids = matching_ids_sql(&mut branches.clause, query, TermMatch::Beginnings);
        branches.open(Field::Name, "r.name", PRODUCT, &format!("(SELECT {product_ids} AS id) f CROSS JOIN product r"));
        branches.clause.push("r.id = f.id");
        push_letters(&mut branches.clause, query, "r.search_text");
        branches.close("", MAX_BRANCH_ROWS);
        return;
    }
    let (mut words, mut letters): (Vec<&str>, Vec<&str>) = (query.indexed_words().collect(), query.letters().collect());
    let mut term_match = TermMatch::Beginnings;
    if words.is_empty() {
        // This index finds no words by a single first letter: each letter must be a whole word.
        (words, letters, term_match) = (letters, Vec::new(), TermMatch::Whole);
    }
    branches.open(Field::Name, "r.name", PRODUCT, "product_search f CROSS JOIN product r");
    let mark = branches.clause.bind(word_query(Backend::Sqlite, words.into_iter(), term_match));
    branches.clause.push(&format!("r.rowid = f.rowid AND f.product_search MATCH {mark}"));
    for letter in letters {
        let mark = branches.clause.bind(format!(" {letter}"));
        branches.clause.push(&format!(" AND instr(r.search_text, {mark}) > 0"));
    }
    branches.close("", MAX_BRANCH_ROWS);
}

#[cfg(test)]
mod tests {
    use iam::access::Reach;

    use super::*;
    use crate::{
        scan::{core::Kind, rows::VisibleKind},
        search::core::Hit,
    };

    fn hit(id: u128, tier: Tier) -> Hit {
        Hit {
            kind: Kind::Product,
            id: Uuid::from_u128(id),
            tier,
            field: Field::Sku,
            text: String::new(),
            title: None,
            is_archived: false,
        }
    }

    #[test]
    fn words_are_left_out_where_more_than_all_pages_have_begins_with_the_query() {
        let of = |count: usize, tier, full: &[Field]| StatementResult {
            hits: (0..count as u128).map(|id| hit(id, tier)).collect(),
            full: full.to_vec(),
        };
        assert!(has_all_best(&of(MAX_BRANCH_ROWS, Tier::Prefix, &[Field::Sku])));
        assert!(!has_all_best(&of(MAX_HITS, Tier::Prefix, &[])), "one thing with the words may be all that is left out");
        assert!(!has_all_best(&of(MAX_BRANCH_ROWS, Tier::Words, &[Field::Name])));
        assert!(!has_all_best(&of(MAX_BRANCH_ROWS, Tier::Prefix, &[Field::Sku, Field::Name])), "shorter names may follow");
    }

    #[test]
    fn products_with_a_frequent_word_are_read_up_to_a_bound_also_with_single_letters() {
        let query = search::Query::parse("sku 1").unwrap();
        for (backend, from) in [
            (Backend::Postgres, "(SELECT products_with_terms($1, to_tsquery('simple', $3), to_tsquery('simple', $2)) AS id) f"),
            (Backend::Sqlite, "product_search f"),
        ] {
            let visible = VisibleKind { kind: Kind::Product, reach: Reach::Everywhere, channel: None };
            let sought = SearchedKind { visible, by_email: false };
            let mut branches = Branches::new(backend, &sought);
            add_word_branch(&mut branches, &query);
            let sql = branches.clause.sql;
            assert!(sql.contains(&format!("FROM {from} CROSS JOIN product r")) && sql.contains("LIMIT 201"), "{sql}");
        }
    }
}
