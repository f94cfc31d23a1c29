//! Receipts, discrepancies and other parts of purchase orders, for many orders at once: one
//! statement each.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{goods_receipt, goods_receipt_line, purchase_discrepancy, purchase_order, store, supplier, tenant},
};
use platform::storage::{Fault, Finds, Reads, Row};
use uuid::Uuid;

use super::order_row::currency_of;
use crate::currency::core::{BrokenRate, RateColumns};
use crate::purchasing::core::{Discrepancy, GoodsReceipt, Party, ReceiptLine};

/// Row of a receipt, without its lines.
#[derive(Record)]
#[record(of = goods_receipt, alias = "g")]
pub(super) struct ReceiptRow {
    pub id: GoodsReceiptId,
    pub purchase_order_id: PurchaseOrderId,
    pub number: i32,
    pub store_id: StoreId,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub occurred_at: Timestamp,
    pub business_date: i32,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub created_at: Timestamp,
    pub rate_numerator: Option<String>,
    pub rate_denominator: Option<String>,
    pub rate_day: Option<i32>,
    pub rate_source: Option<String>,
    pub books_currency: Option<String>,
}

/// A line of a receipt, where it has one.
#[derive(Record)]
#[record(of = goods_receipt_line, alias = "l")]
struct ReceivedRow {
    #[record(outer)]
    position: Option<i32>,
    #[record(outer)]
    quantity: Option<Quantity>,
    #[record(outer)]
    damaged: Option<Quantity>,
    #[record(outer)]
    goods_minor: Option<i64>,
    #[record(outer)]
    charges_minor: Option<i64>,
    #[record(outer)]
    charges_books_minor: Option<i64>,
    #[record(outer)]
    books_minor: Option<i64>,
    #[record(outer)]
    reversed: Option<Quantity>,
    #[record(outer)]
    reversed_damaged: Option<Quantity>,
}

#[derive(Record)]
struct ReceiptAndLine {
    receipt: ReceiptRow,
    #[record(of = purchase_order, alias = "o")]
    currency: String,
    line: ReceivedRow,
}

/// Row of a discrepancy.
#[derive(Record)]
#[record(of = purchase_discrepancy, alias = "d")]
pub(super) struct DiscrepancyRow {
    pub purchase_order_id: PurchaseOrderId,
    pub number: i32,
    pub kind: DiscrepancyKind,
    pub receipt_id: Option<GoodsReceiptId>,
    pub position: Option<i32>,
    pub product_id: Option<ProductId>,
    pub quantity: Quantity,
    pub note: Option<String>,
    pub noted_at: Timestamp,
}

#[derive(Record)]
struct PrintedRow {
    #[record(of = tenant, alias = "t", column = "name")]
    buyer: String,
    #[record(alias = "s")]
    supplier: SupplierRow,
    #[record(alias = "p")]
    store: StoreRow,
}

#[derive(Record)]
#[record(of = supplier)]
struct SupplierRow {
    name: String,
    code: String,
    email: Option<String>,
}

#[derive(Record)]
#[record(of = store)]
struct StoreRow {
    name: String,
    code: String,
}

/// The receipts of these orders with their lines, the oldest first.
pub async fn receipts_of(reads: &impl Reads, orders: &[PurchaseOrderId]) -> Result<Vec<GoodsReceipt>, Fault> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select}
         FROM goods_receipt g JOIN purchase_order o ON o.tenant_id = g.tenant_id AND o.id = g.purchase_order_id
         LEFT JOIN goods_receipt_line l ON l.tenant_id = g.tenant_id AND l.receipt_id = g.id
         WHERE g.tenant_id = $1 AND {of} ORDER BY g.purchase_order_id, g.number, l.position",
        select = ReceiptAndLine::SELECT,
        of = backend.in_ids("g.purchase_order_id", 2)
    );
    let mut receipts: Vec<GoodsReceipt> = Vec::new();
    let rows = reads.records(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    for ReceiptAndLine { receipt, currency, line } in rows {
        let currency = currency_of("purchase_order", &currency)?;
        if receipts.last().is_none_or(|last| last.id != receipt.id) {
            receipts.push(receipt.receipt(currency)?);
        }
        if let Some(last) = receipts.last_mut()
            && let Some(line) = line.line(currency, last.rate.as_ref().map(|rate| rate.to))
        {
            last.lines.push(line);
        }
    }
    Ok(receipts)
}

/// Returns the order of a receipt; None if there is no such receipt.
pub async fn order_of_receipt(reads: &impl Reads, receipt: GoodsReceiptId) -> Result<Option<PurchaseOrderId>, Fault> {
    let sql = "SELECT purchase_order_id FROM goods_receipt WHERE tenant_id = $1 AND id = $2";
    let rows = reads.rows(sql, vec![receipt.into()]).await?;
    rows.first().map(Row::scalar).transpose()
}

/// Returns the charges that were added to an order and not reversed, newest first: revaluations of
/// its goods.
pub async fn load_added_charges(reads: &impl Reads, order: PurchaseOrderId) -> Result<Vec<RevaluationId>, Fault> {
    let sql = "SELECT v.id FROM revaluation v WHERE v.tenant_id = $1 AND v.purchase_order_id = $2
                 AND NOT EXISTS (SELECT 1 FROM revaluation r WHERE r.tenant_id = $1 AND r.reverses_id = v.id) ORDER BY v.seq DESC";
    reads.rows(sql, vec![order.into()]).await?.iter().map(Row::scalar).collect()
}

impl ReceiptRow {
    /// A receipt without its lines; `currency` is its order's.
    fn receipt(self, currency: Currency) -> Result<GoodsReceipt, Fault> {
        let row = self;
        let corrupt = || {
            Fault::corrupt(
                "goods_receipt",
                "a rate has two decimals, a day, a source and the currency of the books, or none of them",
            )
        };
        let books = row.books_currency.as_deref().map(|code| currency_of("goods_receipt", code)).transpose()?;
        let columns = RateColumns {
            numerator: row.rate_numerator.as_deref(),
            denominator: row.rate_denominator.as_deref(),
            day: row.rate_day,
            source: row.rate_source.as_deref(),
        };
        let rate = columns.rate(currency, books.unwrap_or(currency)).map_err(|BrokenRate| corrupt())?;
        if rate.is_some() != books.is_some() {
            return Err(corrupt());
        }
        Ok(GoodsReceipt {
            id: row.id,
            order: row.purchase_order_id,
            number: row.number as u16,
            store: row.store_id,
            external_ref: row.external_ref,
            note: row.note,
            occurred_at: row.occurred_at,
            business_date: row.business_date,
            actor: Actor { kind: row.actor_kind, id: row.actor_id },
            created_at: row.created_at,
            rate,
            lines: Vec::new(),
        })
    }
}

impl ReceivedRow {
    fn line(self, currency: Currency, books: Option<Currency>) -> Option<ReceiptLine> {
        Some(ReceiptLine {
            position: self.position? as u16,
            quantity: self.quantity?,
            damaged: self.damaged?,
            goods: Money::new(self.goods_minor?, currency),
            charges: Money::new(self.charges_minor?, currency),
            charges_in_books: self.charges_books_minor?,
            in_books: self.books_minor.zip(books).map(|(minor, books)| Money::new(minor, books)),
            reversed: self.reversed?,
            reversed_damaged: self.reversed_damaged?,
        })
    }
}

/// Reads the discrepancies of these orders, in the order in which they were recorded.
pub async fn discrepancies_of(reads: &impl Reads, orders: &[PurchaseOrderId]) -> Result<Vec<Discrepancy>, Fault> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM purchase_discrepancy d WHERE d.tenant_id = $1 AND {of} ORDER BY d.purchase_order_id, d.number",
        select = DiscrepancyRow::SELECT,
        of = backend.in_ids("d.purchase_order_id", 2)
    );
    let rows = reads.records::<DiscrepancyRow>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

impl From<DiscrepancyRow> for Discrepancy {
    fn from(row: DiscrepancyRow) -> Self {
        Self {
            order: row.purchase_order_id,
            number: row.number as u16,
            kind: row.kind,
            receipt: row.receipt_id,
            position: row.position.map(|position| position as u16),
            product: row.product_id,
            quantity: row.quantity,
            note: row.note,
            noted_at: row.noted_at,
        }
    }
}

/// Names and address of a printed order, beside its own rows.
pub struct PrintedParties {
    pub buyer: String,
    pub supplier: Party,
    /// E-mail address to which the supplier's orders go.
    pub email: Option<String>,
    pub store: Party,
}

/// Returns the buyer, supplier and store of an order; None if there is no such order.
pub async fn load_printed_parties(reads: &impl Reads, order: PurchaseOrderId) -> Result<Option<PrintedParties>, Fault> {
    let sql = format!(
        "SELECT {select} FROM purchase_order o JOIN tenant t ON t.id = o.tenant_id
         JOIN supplier s ON s.tenant_id = o.tenant_id AND s.id = o.supplier_id
         JOIN store p ON p.tenant_id = o.tenant_id AND p.id = o.store_id WHERE o.tenant_id = $1 AND o.id = $2",
        select = PrintedRow::SELECT
    );
    let row = reads.records::<PrintedRow>(&sql, vec![order.into()]).await?.into_iter().next();
    Ok(row.map(|PrintedRow { buyer, supplier, store }| PrintedParties {
        buyer,
        supplier: Party { name: supplier.name, code: supplier.code },
        email: supplier.email,
        store: Party { name: store.name, code: store.code },
    }))
}
