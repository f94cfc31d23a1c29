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
use self::branches::{Branches, MAX_OF_A_BRANCH, NameColumn, ShownColumns, add_key_branch, add_reference_branch};
use super::core::{Field, Found, Hit, Query};
use crate::scan::core::Kind;

/// Maximum stores, suppliers or categories whose names are compared, the first by code: they have
/// no index of words.
const MAX_NAMES: usize = 10_000;

/// Returns the hits of each kind, unsorted; a record has a hit for each of its fields that match.
pub async fn found(reads: &impl Reads, query: &Query, sought: &[SearchedKind]) -> Result<Found, Fault> {
    let of_kinds = try_join_all(sought.iter().map(|sought| search_kind(reads, query, sought))).await?;
    let is_cut = of_kinds.iter().any(|found| found.is_cut);
    Ok(Found { hits: of_kinds.into_iter().flat_map(|found| found.hits).collect(), is_cut })
}

/// Returns the keys of the hit's cursor: its rank.
pub fn keys(hit: &Hit) -> Vec<Key> {
    let (numbers, text, id) = hit.rank();
    numbers.map(Key::Int).into_iter().chain([Key::Text(text.to_owned()), Key::Id(id)]).collect()
}

async fn search_kind(reads: &impl Reads, query: &Query, sought: &SearchedKind) -> Result<Found, Fault> {
    let kind = sought.visible.kind;
    let mut branches = Branches::new(reads.backend(), sought);
    match kind {
        Kind::Product => return products::found(reads, query, sought).await,
        Kind::Order
        | Kind::Return
        | Kind::PurchaseOrder
        | Kind::Transfer
        | Kind::Stocktake
        | Kind::SupplierReturn
        | Kind::BlanketOrder
        | Kind::Revaluation
        | Kind::Reversal => documents::numbered(&mut branches, query, kind),
        Kind::Invoice => documents::invoices(&mut branches, query),
        Kind::FulfilmentWork => documents::works(&mut branches, query),
        Kind::Parcel => parcels::parcels(&mut branches, query),
        Kind::Customer => {
            let is_address = sought.by_email && query.text.contains('@');
            let blind = if is_address { customer::email_blind(reads, &query.text).await? } else { None };
            customers(&mut branches, query, blind);
        }
        Kind::Lot => {
            let code = NameColumn { field: Field::LotCode, kept: "r.code", key: "r.code_key" };
            add_key_branch(&mut branches, query, "lot r", code, ShownColumns { title: "r.code", is_archived: "0" });
        }
        Kind::Store => named(&mut branches, query, "store r", CODE, NAMED),
        Kind::Supplier => named(&mut branches, query, "supplier r", CODE, NAMED),
        Kind::Category => {
            named(&mut branches, query, "category r", NameColumn { field: Field::Slug, kept: "r.slug", key: "r.slug" }, NAMED);
        }
    }
    // The query may be no number of the kind: invoices, fulfilments, reversals and parcels are not
    // found by words.
    if branches.fields.is_empty() {
        return Ok(Found::default());
    }
    Ok(branches.read(reads, query, kind).await?.found())
}

const CODE: NameColumn = NameColumn { field: Field::Code, kept: "r.code", key: "r.code_key" };

const NAMED: ShownColumns = ShownColumns { title: "r.name", is_archived: "CASE WHEN r.archived_at IS NULL THEN 0 ELSE 1 END" };

/// Adds branches by a key, and by the name, which has no index.
fn named(branches: &mut Branches, query: &Query, from: &str, by: NameColumn, shown: ShownColumns) {
    add_key_branch(branches, query, from, by, shown);
    branches.open(Field::Name, "r.name", shown, from);
    branches.clause.push("TRUE");
    branches.close(by.key, MAX_NAMES);
}

/// Adds branches by reference, and by the whole e-mail address: names and addresses are sealed
/// (decisions/0041).
fn customers(branches: &mut Branches, query: &Query, blind: Option<Vec<u8>>) {
    let is_archived = "CASE WHEN r.merged_into IS NULL AND r.archived_at IS NULL THEN 0 ELSE 1 END";
    let shown = ShownColumns { title: "r.external_ref", is_archived };
    add_reference_branch(branches, query, "customer r", shown);
    if let Some(blind) = blind {
        branches.open(Field::Email, "CAST(NULL AS text)", shown, "customer r");
        let mark = branches.clause.bind(blind);
        branches.clause.push(&format!("r.email_blind = {mark}"));
        branches.close("r.id", MAX_OF_A_BRANCH);
    }
}
