//! The rows that match a code: one statement, a branch for each kind of name, each along an index.
//! The statement itself leaves out rows that the caller may not see, so that they do not count
//! among the rows of a branch.

mod visible;

use std::collections::BTreeMap;

use entity::record::{Record, Selected};
use platform::storage::{Backend, Fault, Finds, Reads};
use sea_orm::Value;
use uuid::Uuid;

pub use self::visible::VisibleKind;
use super::core::{InvoiceNumber, Kind, MatchedBy, Names, WorkNumber};
use inventory::catalog::{
    core::text,
    rows::{Clause, merge::SURVIVOR},
};

/// Maximum rows of a branch: a lot's code may be that of many products.
const MAX_BRANCH_ROWS: usize = 20;

/// A row that matches a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchedRow {
    pub kind: Kind,
    pub id: Uuid,
    pub by: MatchedBy,
    /// For a barcode: its code, and the smallest units of its pack.
    pub barcode: Option<(String, i64)>,
}

/// Records that match a code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matches {
    pub found: Vec<MatchedRow>,
    /// Whether the item is returned for a pack that is not known.
    pub is_unknown_pack: bool,
    /// Kinds with more matches than were read.
    pub cut: Vec<Kind>,
}

/// A row of a branch.
#[derive(Record)]
struct MatchRow {
    #[record(sql = "branch")]
    branch: i32,
    #[record(sql = "id")]
    id: Uuid,
    #[record(sql = "code")]
    code: Option<String>,
    #[record(sql = "pack")]
    pack: i64,
}

/// The statement under construction. The kind's own table is `r` in each branch.
struct Branches<'s> {
    /// The parameters of all branches.
    clause: Clause,
    sought: &'s [VisibleKind],
    /// Conditions of visibility, of the kinds that have branches.
    conditions: BTreeMap<Kind, String>,
    sql: Vec<String>,
    of: Vec<(Kind, MatchedBy)>,
}

impl Branches<'_> {
    fn searches_kind(&self, kind: Kind) -> bool {
        self.sought.iter().any(|candidate| candidate.kind == kind)
    }

    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.clause.bind(value)
    }

    /// Adds the rows of a table that match a condition and are visible to the caller; with `id`,
    /// and for a barcode its `code` and `pack`.
    fn add(&mut self, kind: Kind, matched_by: MatchedBy, select: &str, from: &str) {
        let (number, visible) = (self.of.len(), self.visible(kind));
        let end = match (kind, matched_by) {
            // Many products may have a lot with the code: the oldest lots come first.
            (Kind::Lot, _) => " ORDER BY r.id",
            // Many parcels of an order may have the number: the order is one row.
            (Kind::Order, MatchedBy::TrackingNumber) => " GROUP BY r.id",
            _ => "",
        };
        self.sql.push(format!(
            "SELECT {} FROM (SELECT {number} AS branch, {select} FROM {from}{visible}{end} LIMIT {}) AS branch_{number}",
            MatchRow::SELECT,
            MAX_BRANCH_ROWS + 1
        ));
        self.of.push((kind, matched_by));
    }

    /// Returns the condition that the caller sees a row of a kind; its parameters are bound once.
    fn visible(&mut self, kind: Kind) -> String {
        if let Some(cached) = self.conditions.get(&kind) {
            return cached.clone();
        }
        let visible_kind = self.sought.iter().find(|candidate| candidate.kind == kind);
        let condition = visible_kind.map_or_else(|| " AND FALSE".to_owned(), |candidate| candidate.condition(&mut self.clause));
        self.conditions.insert(kind, condition.clone());
        condition
    }
}

/// Columns of a match that is no barcode.
const NO_BARCODE_COLUMNS: &str = "CAST(NULL AS text) AS code, CAST(1 AS bigint) AS pack";

/// Returns the records of these kinds that the names match, in the order of `MatchedBy`; each row
/// once.
pub async fn find_matches(reads: &impl Reads, names: &Names, visible_kinds: &[VisibleKind]) -> Result<Matches, Fault> {
    let Branches { clause, sql, of: branch_kinds, .. } = branches(reads.backend(), names, visible_kinds);
    if sql.is_empty() {
        return Ok(Matches::default());
    }
    let (mut matched_rows, mut cut_kinds) = (Vec::new(), Vec::new());
    let mut row_counts: BTreeMap<i32, usize> = BTreeMap::new();
    for MatchRow { branch, id, code, pack } in reads.records::<MatchRow>(&sql.join(" UNION ALL "), clause.values).await? {
        let Some((kind, matched_by)) = usize::try_from(branch).ok().and_then(|branch| branch_kinds.get(branch)).copied() else {
            continue;
        };
        let rows = row_counts.entry(branch).or_default();
        *rows += 1;
        if *rows > MAX_BRANCH_ROWS {
            cut_kinds.push(kind);
        } else {
            matched_rows.push(MatchedRow { kind, id, by: matched_by, barcode: code.map(|code| (code, pack)) });
        }
    }
    Ok(Matches { cut: cut_kinds, ..sort_matches(matched_rows, names) })
}

fn branches<'s>(backend: Backend, names: &Names, visible_kinds: &'s [VisibleKind]) -> Branches<'s> {
    let clause = Clause::new(backend);
    let mut branches = Branches { clause, sought: visible_kinds, conditions: BTreeMap::new(), sql: Vec::new(), of: Vec::new() };
    if branches.searches_kind(Kind::Product) {
        add_products(&mut branches, names);
    }
    if let Some((number, kinds)) = &names.number {
        for kind in kinds {
            if branches.searches_kind(*kind) {
                let mark = branches.bind(*number);
                let from = format!("{} r WHERE r.tenant_id = $1 AND r.number = {mark}", table_name(*kind));
                branches.add(*kind, MatchedBy::Number, &format!("r.id, {NO_BARCODE_COLUMNS}"), &from);
            }
        }
    }
    if branches.searches_kind(Kind::Invoice) {
        add_invoices(&mut branches, names);
    }
    if let Some(number) = names.work.filter(|_| branches.searches_kind(Kind::FulfilmentWork)) {
        add_works(&mut branches, number);
    }
    if branches.searches_kind(Kind::Lot) {
        add_lots(&mut branches, names);
    }
    add_tracking_branches(&mut branches, &names.tracking);
    if let Some(text) = &names.text {
        add_text_branches(&mut branches, text);
    }
    branches
}

/// Returns the matches, sorted. An item is returned for its pack if the pack has no barcode.
fn sort_matches(mut matched_rows: Vec<MatchedRow>, names: &Names) -> Matches {
    matched_rows.sort_by_key(|matched_rows| (matched_rows.by, matched_rows.kind, matched_rows.id));
    let key =
        |matched_rows: &MatchedRow| matched_rows.barcode.as_ref().map(|(code, _)| inventory::catalog::core::gtin::key(code));
    let has_pack = matched_rows.iter().any(|matched_rows| key(matched_rows).is_some() && key(matched_rows) == names.barcode);
    let is_base = |matched_rows: &MatchedRow| key(matched_rows).is_some() && key(matched_rows) == names.base;
    if has_pack {
        matched_rows.retain(|matched_rows| !is_base(matched_rows));
    }
    let is_unknown_pack = matched_rows.iter().any(is_base);
    let mut matched_ids = Vec::new();
    matched_rows.retain(|matched_rows| {
        let is_new = !matched_ids.contains(&(matched_rows.kind, matched_rows.id));
        matched_ids.push((matched_rows.kind, matched_rows.id));
        is_new
    });
    Matches { found: matched_rows, is_unknown_pack, cut: Vec::new() }
}

fn add_products(branches: &mut Branches<'_>, names: &Names) {
    for key in [&names.barcode, &names.base].into_iter().flatten() {
        let mark = branches.bind(key.as_str());
        let from = format!("barcode b WHERE b.tenant_id = $1 AND b.code_key = {mark}");
        branches.add(Kind::Product, MatchedBy::Barcode, "b.product_id AS id, b.code AS code, b.pack_quantity AS pack", &from);
    }
    if let Some(sku) = &names.text {
        let mark = branches.bind(text::fold(sku));
        let from = format!("product r WHERE r.tenant_id = $1 AND r.sku_key = {mark}");
        branches.add(Kind::Product, MatchedBy::Sku, &format!("r.id, {NO_BARCODE_COLUMNS}"), &from);
    }
}

/// Adds lots by their codes; if the code also names a product, only lots of that product.
fn add_lots(branches: &mut Branches<'_>, names: &Names) {
    let product = match &names.barcode {
        Some(key) if names.text.is_none() => {
            let keys: Vec<String> =
                [Some(key), names.base.as_ref()].into_iter().flatten().map(|key| branches.bind(key.as_str())).collect();
            format!(
                " AND r.product_id IN (SELECT b.product_id FROM barcode b WHERE b.tenant_id = $1 AND b.code_key IN ({}))",
                keys.join(", ")
            )
        }
        _ => String::new(),
    };
    for code in &names.lots {
        for (matched_by, tracking) in [(MatchedBy::LotCode, "<>"), (MatchedBy::Serial, "=")] {
            let mark = branches.bind(code.as_str());
            let from =
                format!("lot r WHERE r.tenant_id = $1 AND r.code_key = {mark} AND r.tracking {tracking} 'SERIAL'{product}");
            branches.add(Kind::Lot, matched_by, &format!("r.id, {NO_BARCODE_COLUMNS}"), &from);
        }
    }
}

/// Adds invoices and credit notes by their printed number, and by its digits with or without the
/// prefix.
fn add_invoices(branches: &mut Branches<'_>, names: &Names) {
    let mut conditions = Vec::new();
    if let Some(label) = &names.label {
        conditions.push(format!("r.label = {}", branches.bind(label.as_str())));
    }
    if let Some(InvoiceNumber { number, label }) = &names.invoice {
        let number = branches.bind(*number);
        let prefixed = label.as_ref().map(|label| format!(" AND lower(r.label) = {}", branches.bind(label.as_str())));
        conditions.push(format!("r.number = {number}{}", prefixed.unwrap_or_default()));
    }
    for condition in conditions {
        let from = format!("invoice r WHERE r.tenant_id = $1 AND {condition}");
        branches.add(Kind::Invoice, MatchedBy::Number, &format!("r.id, {NO_BARCODE_COLUMNS}"), &from);
    }
}

fn add_works(branches: &mut Branches<'_>, WorkNumber { order, nth }: WorkNumber) {
    let (order, nth) = (branches.bind(order), branches.bind(nth));
    let from = format!(
        "sales_order o CROSS JOIN fulfilment_work r WHERE o.tenant_id = $1 AND o.number = {order}
         AND r.tenant_id = $1 AND r.order_id = o.id AND r.nth = {nth}"
    );
    branches.add(Kind::FulfilmentWork, MatchedBy::Number, &format!("r.id, {NO_BARCODE_COLUMNS}"), &from);
}

/// Adds parcels by their tracking numbers, and orders by those of shipped parcels: without the
/// right to see fulfilments a caller sees no others.
fn add_tracking_branches(branches: &mut Branches<'_>, numbers: &[String]) {
    let orders_source = "parcel p CROSS JOIN fulfilment f CROSS JOIN sales_order r WHERE p.tenant_id = $1 AND f.tenant_id = $1
         AND f.id = p.fulfilment_id AND r.tenant_id = $1 AND r.id = f.order_id";
    let of_parcels = "parcel r WHERE r.tenant_id = $1";
    for (kind, column, from) in
        [(Kind::Order, "p.tracking_number", orders_source), (Kind::Parcel, "r.tracking_number", of_parcels)]
    {
        if !branches.searches_kind(kind) {
            continue;
        }
        for number in numbers {
            let mark = branches.bind(number.as_str());
            let from = format!("{from} AND {column} IS NOT NULL AND {column} = {mark}");
            branches.add(kind, MatchedBy::TrackingNumber, &format!("r.id, {NO_BARCODE_COLUMNS}"), &from);
        }
    }
}

fn add_text_branches(branches: &mut Branches<'_>, name: &str) {
    let codes = [
        (Kind::Store, MatchedBy::StoreCode, "r.id", "code_key", text::fold(name)),
        (Kind::Supplier, MatchedBy::SupplierCode, SURVIVOR, "code_key", text::fold(name)),
        (Kind::Category, MatchedBy::CategorySlug, "r.id", "slug", name.to_owned()),
    ];
    for (kind, by, id, column, code) in codes {
        if branches.searches_kind(kind) {
            let mark = branches.bind(code);
            let from = format!("{} r WHERE r.tenant_id = $1 AND r.{column} = {mark}", table_name(kind));
            branches.add(kind, by, &format!("{id} AS id, {NO_BARCODE_COLUMNS}"), &from);
        }
    }
    // A reference is unique within a channel: the index of orders begins with the channel.
    let by = [
        (Kind::Order, " AND r.channel_id IN (SELECT c.id FROM channel c WHERE c.tenant_id = $1)"),
        (Kind::Return, ""),
        (Kind::PurchaseOrder, ""),
        (Kind::Transfer, ""),
        (Kind::Stocktake, ""),
        (Kind::SupplierReturn, ""),
        (Kind::BlanketOrder, ""),
        (Kind::Revaluation, ""),
        (Kind::Customer, ""),
    ];
    for (kind, narrowed) in by {
        if !branches.searches_kind(kind) {
            continue;
        }
        let mark = branches.bind(name);
        let table = table_name(kind);
        let from =
            format!("{table} r WHERE r.tenant_id = $1{narrowed} AND r.external_ref IS NOT NULL AND r.external_ref = {mark}");
        let id = if kind == Kind::Customer { SURVIVOR } else { "r.id" };
        branches.add(kind, MatchedBy::ExternalRef, &format!("{id} AS id, {NO_BARCODE_COLUMNS}"), &from);
    }
}

fn table_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Product => "product",
        Kind::Order => "sales_order",
        Kind::Customer => "customer",
        Kind::Supplier => "supplier",
        Kind::PurchaseOrder => "purchase_order",
        Kind::Transfer => "transfer",
        Kind::Return => "sales_return",
        Kind::Stocktake => "stock_count",
        Kind::Lot => "lot",
        Kind::Store => "store",
        Kind::Category => "category",
        Kind::SupplierReturn => "supplier_return",
        Kind::BlanketOrder => "blanket_order",
        Kind::Invoice => "invoice",
        Kind::Revaluation => "revaluation",
        Kind::Reversal => "document_reversal",
        Kind::FulfilmentWork => "fulfilment_work",
        Kind::Parcel => "parcel",
    }
}
