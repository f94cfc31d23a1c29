//! The rows whose names match a query: a statement for each kind, a branch for each kind of name,
//! each along an index. The statement itself leaves out rows that the caller may not see.

mod branches;
mod documents;
mod parcels;
mod products;

use futures_util::future::try_join_all;
use inventory::catalog::rows::customer;
use platform::{
    paging::Key,
    storage::{Fault, Reads},
};

pub use self::branches::SearchedKind;
use self::branches::{Branches, HitColumns, MAX_BRANCH_ROWS, NameColumn, add_key_branch, add_reference_branch};
use super::core::{Field, Hit, Query, SearchHits};
use crate::scan::core::Kind;

/// Maximum stores, suppliers or categories whose names are compared, the first by code: they have
/// no index of words.
const MAX_NAMES: usize = 10_000;

/// Returns the hits of each kind, unsorted; a record has a hit for each of its fields that match.
pub async fn find_hits(reads: &impl Reads, query: &Query, searched_kinds: &[SearchedKind]) -> Result<SearchHits, Fault> {
    let of_kinds = try_join_all(searched_kinds.iter().map(|searched_kinds| search_kind(reads, query, searched_kinds))).await?;
    let is_cut = of_kinds.iter().any(|result| result.is_cut);
    Ok(SearchHits { hits: of_kinds.into_iter().flat_map(|result| result.hits).collect(), is_cut })
}

/// Returns the keys of the hit's cursor: its rank.
pub fn keys(hit: &Hit) -> Vec<Key> {
    let (numbers, text, id) = hit.rank();
    numbers.map(Key::Int).into_iter().chain([Key::Text(text.to_owned()), Key::Id(id)]).collect()
}

async fn search_kind(reads: &impl Reads, query: &Query, searched_kind: &SearchedKind) -> Result<SearchHits, Fault> {
    let kind = searched_kind.visible.kind;
    let mut branches = Branches::new(reads.backend(), searched_kind);
    match kind {
        Kind::Product => return products::find_products(reads, query, searched_kind).await,
        Kind::Order
        | Kind::Return
        | Kind::PurchaseOrder
        | Kind::Transfer
        | Kind::Stocktake
        | Kind::SupplierReturn
        | Kind::BlanketOrder
        | Kind::Revaluation
        | Kind::Reversal => documents::add_number_branches(&mut branches, query, kind),
        Kind::Invoice => documents::add_invoices(&mut branches, query),
        Kind::FulfilmentWork => documents::add_works(&mut branches, query),
        Kind::Parcel => parcels::add_parcels(&mut branches, query),
        Kind::Customer => {
            let is_address = searched_kind.by_email && query.text.contains('@');
            let blind = if is_address { customer::email_blind(reads, &query.text).await? } else { None };
            add_customers(&mut branches, query, blind);
        }
        Kind::Lot => {
            let code = NameColumn { field: Field::LotCode, stored_column: "r.code", key: "r.code_key" };
            add_key_branch(&mut branches, query, "lot r", code, HitColumns { title: "r.code", is_archived: "0" });
        }
        Kind::Store => add_name_branches(&mut branches, query, "store r", CODE, NAME_COLUMNS),
        Kind::Supplier => add_name_branches(&mut branches, query, "supplier r", CODE, NAME_COLUMNS),
        Kind::Category => {
            add_name_branches(
                &mut branches,
                query,
                "category r",
                NameColumn { field: Field::Slug, stored_column: "r.slug", key: "r.slug" },
                NAME_COLUMNS,
            );
        }
    }
    // The query may be no number of the kind: invoices, fulfilments, reversals and parcels are not
    // found by words.
    if branches.fields.is_empty() {
        return Ok(SearchHits::default());
    }
    Ok(branches.read(reads, query, kind).await?.into_hits())
}

const CODE: NameColumn = NameColumn { field: Field::Code, stored_column: "r.code", key: "r.code_key" };

const NAME_COLUMNS: HitColumns = HitColumns { title: "r.name", is_archived: "CASE WHEN r.archived_at IS NULL THEN 0 ELSE 1 END" };

/// Adds branches by a key, and by the name, which has no index.
fn add_name_branches(branches: &mut Branches, query: &Query, from: &str, name_column: NameColumn, columns: HitColumns) {
    add_key_branch(branches, query, from, name_column, columns);
    branches.open(Field::Name, "r.name", columns, from);
    branches.clause.push("TRUE");
    branches.close(name_column.key, MAX_NAMES);
}

/// Adds branches by reference, and by the whole e-mail address: names and addresses are sealed
/// (decisions/0041).
fn add_customers(branches: &mut Branches, query: &Query, blind: Option<Vec<u8>>) {
    let is_archived = "CASE WHEN r.merged_into IS NULL AND r.archived_at IS NULL THEN 0 ELSE 1 END";
    let columns = HitColumns { title: "r.external_ref", is_archived };
    add_reference_branch(branches, query, "customer r", columns);
    if let Some(blind) = blind {
        branches.open(Field::Email, "CAST(NULL AS text)", columns, "customer r");
        let mark = branches.clause.bind(blind);
        branches.clause.push(&format!("r.email_blind = {mark}"));
        branches.close("r.id", MAX_BRANCH_ROWS);
    }
}
