//! The rows that a code names: one statement, a branch for each way in which a thing is named, each along an index.

use entity::record::{Record, Selected};
use platform::storage::{Fault, Finds, Reads};
use sea_orm::Value;
use uuid::Uuid;

use super::core::{InvoiceNumber, Kind, MatchedBy, Names, WorkNumber};
use inventory::catalog::core::text;

/// The most rows of a branch: a lot's code may be that of many products.
const MOST_OF_A_BRANCH: usize = 20;

/// A row that a code names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub kind: Kind,
    pub id: Uuid,
    pub by: MatchedBy,
    /// Of a barcode: its code, and the smallest units of its pack.
    pub barcode: Option<(String, i64)>,
}

/// Whether the item of a pack stands in for a pack that is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matches {
    pub found: Vec<Found>,
    pub is_unknown_pack: bool,
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

/// The statement under construction.
struct Branches {
    sql: Vec<String>,
    values: Vec<Value>,
    of: Vec<(Kind, MatchedBy)>,
}

impl Branches {
    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len() + 1)
    }

    /// Rows of a table under a condition; `id`, and of a barcode its `code` and `pack`.
    fn add(&mut self, kind: Kind, by: MatchedBy, select: &str, from: &str) {
        let number = self.of.len();
        self.sql.push(format!(
            "SELECT {} FROM (SELECT {number} AS branch, {select} FROM {from} LIMIT {MOST_OF_A_BRANCH}) AS branch_{number}",
            MatchRow::SELECT
        ));
        self.of.push((kind, by));
    }
}

/// No barcode.
const PLAIN: &str = "CAST(NULL AS text) AS code, CAST(1 AS bigint) AS pack";

/// What the names stand for, of these kinds, in the order of `MatchedBy`; each row once.
pub async fn matches(reads: &impl Reads, names: &Names, kinds: &[Kind]) -> Result<Matches, Fault> {
    let mut branches = Branches { sql: Vec::new(), values: Vec::new(), of: Vec::new() };
    let wants = |kind| kinds.contains(&kind);
    if wants(Kind::Product) {
        products(&mut branches, names);
    }
    if let Some((number, of)) = &names.number {
        for kind in of.iter().filter(|kind| wants(**kind)) {
            let mark = branches.bind(*number);
            let table = table(*kind);
            branches.add(
                *kind,
                MatchedBy::Number,
                &format!("d.id, {PLAIN}"),
                &format!("{table} d WHERE d.tenant_id = $1 AND d.number = {mark}"),
            );
        }
    }
    if wants(Kind::Invoice) {
        invoices(&mut branches, names);
    }
    if let Some(number) = names.work.filter(|_| wants(Kind::FulfilmentWork)) {
        works(&mut branches, number);
    }
    if wants(Kind::Lot) {
        lots(&mut branches, names);
    }
    tracked(&mut branches, &names.tracking, &wants);
    if let Some(text) = &names.text {
        by_text(&mut branches, text, &wants);
    }
    if branches.sql.is_empty() {
        return Ok(Matches::default());
    }
    let Branches { sql, values, of } = branches;
    let mut found: Vec<Found> = Vec::new();
    for MatchRow { branch, id, code, pack } in reads.records::<MatchRow>(&sql.join(" UNION ALL "), values).await? {
        let Some((kind, by)) = usize::try_from(branch).ok().and_then(|branch| of.get(branch)).copied() else { continue };
        found.push(Found { kind, id, by, barcode: code.map(|code| (code, pack)) });
    }
    Ok(shown(found, names))
}

/// The matches in their order. An item stands in for its pack where the pack has no barcode.
fn shown(mut found: Vec<Found>, names: &Names) -> Matches {
    found.sort_by_key(|found| (found.by, found.kind, found.id));
    let key = |found: &Found| found.barcode.as_ref().map(|(code, _)| inventory::catalog::core::gtin::key(code));
    let has_pack = found.iter().any(|found| key(found).is_some() && key(found) == names.barcode);
    let is_base = |found: &Found| key(found).is_some() && key(found) == names.base;
    if has_pack {
        found.retain(|found| !is_base(found));
    }
    let is_unknown_pack = found.iter().any(is_base);
    let mut seen = Vec::new();
    found.retain(|found| {
        let is_new = !seen.contains(&(found.kind, found.id));
        seen.push((found.kind, found.id));
        is_new
    });
    Matches { found, is_unknown_pack }
}

fn products(branches: &mut Branches, names: &Names) {
    for key in [&names.barcode, &names.base].into_iter().flatten() {
        let mark = branches.bind(key.as_str());
        let from = format!("barcode b WHERE b.tenant_id = $1 AND b.code_key = {mark}");
        branches.add(Kind::Product, MatchedBy::Barcode, "b.product_id AS id, b.code AS code, b.pack_quantity AS pack", &from);
    }
    if let Some(sku) = &names.text {
        let mark = branches.bind(text::fold(sku));
        let from = format!("product p WHERE p.tenant_id = $1 AND p.sku_key = {mark}");
        branches.add(Kind::Product, MatchedBy::Sku, &format!("p.id, {PLAIN}"), &from);
    }
}

/// Lots by their codes; of the product alone that the code names beside them.
fn lots(branches: &mut Branches, names: &Names) {
    let product = match &names.barcode {
        Some(key) if names.text.is_none() => {
            let keys: Vec<String> =
                [Some(key), names.base.as_ref()].into_iter().flatten().map(|key| branches.bind(key.as_str())).collect();
            format!(
                " AND l.product_id IN (SELECT b.product_id FROM barcode b WHERE b.tenant_id = $1 AND b.code_key IN ({}))",
                keys.join(", ")
            )
        }
        _ => String::new(),
    };
    for code in &names.lots {
        for (by, tracking) in [(MatchedBy::LotCode, "<>"), (MatchedBy::Serial, "=")] {
            let mark = branches.bind(code.as_str());
            let from = format!(
                "lot l WHERE l.tenant_id = $1 AND l.code_key = {mark} AND l.tracking {tracking} 'SERIAL'{product} ORDER BY l.id"
            );
            branches.add(Kind::Lot, by, &format!("l.id, {PLAIN}"), &from);
        }
    }
}

/// Invoices and credit notes by the number that is printed, and by its digits with or without its prefix.
fn invoices(branches: &mut Branches, names: &Names) {
    let mut conditions = Vec::new();
    if let Some(label) = &names.text {
        conditions.push(format!("d.label = {}", branches.bind(label.as_str())));
    }
    if let Some(InvoiceNumber { number, label }) = &names.invoice {
        let number = branches.bind(*number);
        let prefixed = label.as_ref().map(|label| format!(" AND lower(d.label) = {}", branches.bind(label.as_str())));
        conditions.push(format!("d.number = {number}{}", prefixed.unwrap_or_default()));
    }
    for condition in conditions {
        let from = format!("invoice d WHERE d.tenant_id = $1 AND {condition}");
        branches.add(Kind::Invoice, MatchedBy::Number, &format!("d.id, {PLAIN}"), &from);
    }
}

fn works(branches: &mut Branches, WorkNumber { order, nth }: WorkNumber) {
    let (order, nth) = (branches.bind(order), branches.bind(nth));
    let from = format!(
        "sales_order o CROSS JOIN fulfilment_work d WHERE o.tenant_id = $1 AND o.number = {order}
         AND d.tenant_id = $1 AND d.order_id = o.id AND d.nth = {nth}"
    );
    branches.add(Kind::FulfilmentWork, MatchedBy::Number, &format!("d.id, {PLAIN}"), &from);
}

/// Parcels by their tracking numbers, and orders by those of parcels that have left: without works a caller sees no others.
fn tracked(branches: &mut Branches, numbers: &[String], wants: &impl Fn(Kind) -> bool) {
    let of_orders = "parcel p CROSS JOIN fulfilment f CROSS JOIN sales_order d WHERE p.tenant_id = $1 AND f.tenant_id = $1
         AND f.id = p.fulfilment_id AND d.tenant_id = $1 AND d.id = f.order_id";
    for (kind, id, from) in [(Kind::Order, "d.id", of_orders), (Kind::Parcel, "p.id", "parcel p WHERE p.tenant_id = $1")] {
        for number in numbers.iter().filter(|_| wants(kind)) {
            let mark = branches.bind(number.as_str());
            let from = format!("{from} AND p.tracking_number IS NOT NULL AND p.tracking_number = {mark}");
            branches.add(kind, MatchedBy::TrackingNumber, &format!("{id}, {PLAIN}"), &from);
        }
    }
}

fn by_text(branches: &mut Branches, name: &str, wants: &impl Fn(Kind) -> bool) {
    if wants(Kind::Store) {
        let mark = branches.bind(text::fold(name));
        let from = format!("store s WHERE s.tenant_id = $1 AND s.code_key = {mark}");
        branches.add(Kind::Store, MatchedBy::StoreCode, &format!("s.id, {PLAIN}"), &from);
    }
    // A reference is unique for a channel of orders: their index begins with it.
    let by = [
        (Kind::Order, " AND d.channel_id IN (SELECT c.id FROM channel c WHERE c.tenant_id = $1)"),
        (Kind::Return, ""),
        (Kind::PurchaseOrder, ""),
        (Kind::Transfer, ""),
        (Kind::Stocktake, ""),
        (Kind::SupplierReturn, ""),
        (Kind::BlanketOrder, ""),
        (Kind::Revaluation, ""),
        (Kind::Customer, ""),
    ];
    for (kind, narrowed) in by.into_iter().filter(|(kind, _)| wants(*kind)) {
        let mark = branches.bind(name);
        let table = table(kind);
        let from =
            format!("{table} d WHERE d.tenant_id = $1{narrowed} AND d.external_ref IS NOT NULL AND d.external_ref = {mark}");
        branches.add(kind, MatchedBy::ExternalRef, &format!("d.id, {PLAIN}"), &from);
    }
}

fn table(kind: Kind) -> &'static str {
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
