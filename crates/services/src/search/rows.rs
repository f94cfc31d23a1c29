//! The rows whose names match a query: a statement for each kind, a branch for each kind of name,
//! each along an index. The statement itself leaves out rows that the caller may not see.

mod documents;
mod parcels;
mod products;

use entity::record::{Record, Selected};
use futures_util::future::try_join_all;
use inventory::catalog::rows::{Clause, customer, filter::begins_with};
use platform::{
    paging::Key,
    storage::{Backend, Fault, Finds, Reads},
};
use uuid::Uuid;

use super::core::{Field, Found, Hit, MAX_HITS, Query};
use crate::scan::{core::Kind, rows::Visible};

/// Maximum rows of a branch: those of all pages, and one that shows that there are more. Each page
/// reads the same rows, so that the next one continues where it ends. Products are also found by
/// the words of their names; those whose SKU or name begins with the query have branches of their
/// own.
const MAX_OF_A_BRANCH: usize = MAX_HITS + 1;
/// Maximum stores, suppliers or categories whose names are compared, the first by code: they have
/// no index of words.
const MAX_NAMES: usize = 10_000;

/// A kind to search, and the rows of it that the caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchedKind {
    pub visible: Visible,
    /// Whether the caller may find customers by e-mail address.
    pub by_email: bool,
}

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

/// Result of a statement.
struct StatementResult {
    hits: Vec<Hit>,
    /// Fields of the branches that returned their maximum of rows.
    full: Vec<Field>,
}

impl StatementResult {
    fn found(self) -> Found {
        Found { hits: self.hits, is_cut: !self.full.is_empty() }
    }
}

/// A row of a branch.
#[derive(Record)]
struct HitRow {
    #[record(sql = "branch")]
    branch: i32,
    #[record(sql = "id")]
    id: Uuid,
    #[record(sql = "found")]
    found: Option<String>,
    #[record(sql = "title")]
    title: Option<String>,
    #[record(sql = "archived")]
    archived: i32,
}

/// The columns of a kind that hits contain.
#[derive(Debug, Clone, Copy)]
struct ShownColumns {
    title: &'static str,
    is_archived: &'static str,
}

/// A column with names.
#[derive(Debug, Clone, Copy)]
struct NameColumn {
    field: Field,
    /// Column of the stored name.
    kept: &'static str,
    /// Column of its folded key, which has an index.
    key: &'static str,
}

const CODE: NameColumn = NameColumn { field: Field::Code, kept: "r.code", key: "r.code_key" };

const NAMED: ShownColumns = ShownColumns { title: "r.name", is_archived: "CASE WHEN r.archived_at IS NULL THEN 0 ELSE 1 END" };
const NUMBERED: ShownColumns = ShownColumns { title: "CAST(r.number AS text)", is_archived: "0" };
/// The number of an order, whose table is `o`.
const ORDER_NUMBER: &str = "CAST(o.number AS text)";

/// The statement under construction. The kind's own table is `r` in each branch.
struct Branches {
    clause: Clause,
    /// Condition on the rows that the caller may see, beginning with ` AND `, or empty.
    visible: String,
    /// Field that each branch compares with the query.
    fields: Vec<Field>,
    /// Maximum rows of each branch.
    most: Vec<usize>,
}

impl Branches {
    fn new(backend: Backend, sought: &SearchedKind) -> Self {
        let mut clause = Clause::new(backend);
        let visible = sought.visible.condition(&mut clause);
        Self { clause, visible, fields: Vec::new(), most: Vec::new() }
    }

    /// Begins a branch; its own condition follows. `found` is the compared column.
    fn open(&mut self, field: Field, found: &str, shown: ShownColumns, from: &str) {
        let number = self.fields.len();
        let union = if number == 0 { "" } else { " UNION ALL " };
        let ShownColumns { title, is_archived } = shown;
        self.clause.push(&format!(
            "{union}SELECT {} FROM (SELECT {number} AS branch, r.id AS id, {found} AS found, {title} AS title, {is_archived} AS archived
             FROM {from} WHERE r.tenant_id = $1 AND ",
            HitRow::SELECT
        ));
        self.fields.push(field);
    }

    /// Ends a branch, sorted by `order` unless it is empty.
    fn close(&mut self, order: &str, most: usize) {
        let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {order}") };
        let rest = format!("{}{order} LIMIT {most}) AS branch_{}", self.visible, self.fields.len());
        self.clause.push(&rest);
        self.most.push(most);
    }

    /// Reads the hits of all branches, unsorted.
    async fn read(self, reads: &impl Reads, query: &Query, kind: Kind) -> Result<StatementResult, Fault> {
        let Self { clause, fields, most, .. } = self;
        let rows = reads.records::<HitRow>(&clause.sql, clause.values).await?;
        let (mut hits, mut counts) = (Vec::with_capacity(rows.len()), vec![0_usize; most.len()]);
        for HitRow { branch, id, found: text, title, archived } in rows {
            let branch = usize::try_from(branch).unwrap_or(usize::MAX);
            let (Some(&field), Some(count)) = (fields.get(branch), counts.get_mut(branch)) else { continue };
            *count += 1;
            // An address is stored sealed: it equals the query.
            let text = text.unwrap_or_else(|| query.text.clone());
            // Products were found by their words; other names are compared here.
            if field == Field::Name && kind != Kind::Product && !query.is_in(&text) {
                continue;
            }
            let tier = query.tier(field, &text);
            hits.push(Hit { kind, id, tier, field, text, title, is_archived: archived != 0 });
        }
        let counted = fields.into_iter().zip(counts.iter().zip(&most));
        let full = counted.filter(|(_, (count, most))| count >= most).map(|(field, _)| field).collect();
        Ok(StatementResult { hits, full })
    }
}

/// Adds a branch by a key that begins with the query: an equal key comes first.
fn add_key_branch(branches: &mut Branches, query: &Query, from: &str, by: NameColumn, shown: ShownColumns) {
    branches.open(by.field, by.kept, shown, from);
    begins_with(&mut branches.clause, by.key, &query.folded);
    branches.close(by.key, MAX_OF_A_BRANCH);
}

/// Adds branches by a key, and by the name, which has no index.
fn named(branches: &mut Branches, query: &Query, from: &str, by: NameColumn, shown: ShownColumns) {
    add_key_branch(branches, query, from, by, shown);
    branches.open(Field::Name, "r.name", shown, from);
    branches.clause.push("TRUE");
    branches.close(by.key, MAX_NAMES);
}

/// Adds a branch by references that begin with the unchanged query: an equal reference comes first.
fn add_reference_branch(branches: &mut Branches, query: &Query, from: &str, shown: ShownColumns) {
    branches.open(Field::ExternalRef, "r.external_ref", shown, from);
    branches.clause.push("r.external_ref IS NOT NULL AND ");
    begins_with(&mut branches.clause, "r.external_ref", &query.text);
    branches.close("r.external_ref", MAX_OF_A_BRANCH);
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
