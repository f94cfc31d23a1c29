//! Invoices and credit notes. The buyer is sealed under a data key of its own, which the same
//! statement reads: the key is removed with the customer, and an edit of the order leaves the buyer
//! readable.

use std::collections::{BTreeMap, HashMap};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{invoice, invoice_line, store, subject},
};
use inventory::{
    currency::core::FrozenRate,
    orders::core::{Sealed, TaxRate},
};
use platform::{
    secrets::{KeyRing, Texts, row_context},
    storage::{Fault, Finds, Reads, Row, Rows, Work},
};
use sea_orm::Value;
use uuid::Uuid;

use crate::papers::core::{BooksTotals, Invoice, InvoiceLine, InvoicedAmounts, Totals};

/// SQL of invoices as `i`, each with the key that it is sealed under; conditions follow.
pub(super) const FROM_INVOICE: &str =
    "FROM invoice i LEFT JOIN subject s ON s.tenant_id = i.tenant_id AND s.id = i.id WHERE i.tenant_id = $1";

#[derive(Record)]
pub(super) struct SealedInvoice {
    invoice: InvoiceRow,
    #[record(of = subject, alias = "s", outer)]
    key_sealed: Option<Vec<u8>>,
}

#[derive(Record)]
#[record(of = invoice, alias = "i")]
struct InvoiceRow {
    id: InvoiceId,
    kind: InvoiceKind,
    legal_entity_id: LegalEntityId,
    number: i64,
    label: String,
    order_id: OrderId,
    store_id: StoreId,
    credits_id: Option<InvoiceId>,
    currency: String,
    net_minor: i64,
    tax_minor: i64,
    total_minor: i64,
    issued_on: i32,
    issued_at: Timestamp,
    facts: String,
    personal: Option<Vec<u8>>,
    reason: Option<String>,
    actor_kind: ActorKind,
    actor_id: Uuid,
    books_currency: Option<String>,
    books_tax_minor: Option<i64>,
    books_total_minor: Option<i64>,
    rate_numerator: Option<String>,
    rate_denominator: Option<String>,
    rate_day: Option<i32>,
    rate_source: Option<String>,
}

#[derive(Record)]
#[record(of = invoice_line, alias = "l")]
struct LineRow {
    invoice_id: InvoiceId,
    position: i32,
    order_id: OrderId,
    sku: String,
    name: String,
    unit_decimals: i32,
    quantity: Quantity,
    unit_price_minor: i64,
    discount_minor: i64,
    tax_minor: i64,
    total_minor: i64,
    tax_rate: Option<i64>,
}

#[derive(Record)]
#[record(of = subject)]
struct KeyRow {
    id: Uuid,
    key_sealed: Vec<u8>,
    created_at: Timestamp,
}

impl InvoiceRow {
    /// Returns the totals in the currency of the books; `currency` is the invoice's own.
    fn books_totals(&self, currency: Currency) -> Result<Option<BooksTotals>, Fault> {
        let Some(code) = &self.books_currency else { return Ok(None) };
        let found = || {
            let to = Currency::parse(code)?;
            let (tax, total) = (self.books_tax_minor?, self.books_total_minor?);
            let money = |minor| Money::new(minor, to);
            let rate = FrozenRate {
                from: currency,
                to,
                numerator: self.rate_numerator.as_deref()?.parse().ok()?,
                denominator: self.rate_denominator.as_deref()?.parse().ok()?,
                day: self.rate_day?,
                source: self.rate_source.clone()?,
            };
            Some(BooksTotals { rate, totals: Totals { net: money(total - tax), tax: money(tax), total: money(total) } })
        };
        let corrupt = || Fault::corrupt("invoice", "sums in the books have two decimals of a rate, its day and its source");
        found().map(Some).ok_or_else(corrupt)
    }
}

impl SealedInvoice {
    fn invoice(self) -> Result<Invoice, Fault> {
        let (row, key) = (self.invoice, self.key_sealed);
        let unknown = || Fault::corrupt("invoice", format!("unknown currency {}", row.currency));
        let currency = Currency::parse(&row.currency).ok_or_else(unknown)?;
        let facts = serde_json::from_str(&row.facts).map_err(|_| Fault::corrupt("invoice", "facts are those of an invoice"))?;
        let money = |minor| Money::new(minor, currency);
        let in_books = row.books_totals(currency)?;
        Ok(Invoice {
            id: row.id,
            kind: row.kind,
            entity: row.legal_entity_id,
            number: row.number,
            label: row.label,
            order: row.order_id,
            store: row.store_id,
            credits: row.credits_id,
            totals: Totals { net: money(row.net_minor), tax: money(row.tax_minor), total: money(row.total_minor) },
            in_books,
            issued_on: row.issued_on,
            issued_at: row.issued_at,
            facts,
            // Without its key a value is unreadable. An erasure removes the value too: a value
            // without a key was lost with the keys of the deployment.
            is_lost: row.personal.is_some() && key.is_none(),
            personal: row.personal.zip(key).map(|(body, key)| Sealed { body, key }),
            reason: row.reason,
            actor: Actor { kind: row.actor_kind, id: row.actor_id },
            lines: Vec::new(),
        })
    }
}

impl LineRow {
    fn line(self, currency: Currency) -> InvoiceLine {
        let money = |minor| Money::new(minor, currency);
        InvoiceLine {
            position: self.position as u16,
            sku: self.sku,
            name: self.name,
            decimals: self.unit_decimals as u8,
            quantity: self.quantity,
            unit_price: money(self.unit_price_minor),
            discount: money(self.discount_minor),
            tax: money(self.tax_minor),
            total: money(self.total_minor),
            rate: self.tax_rate.and_then(TaxRate::of_millionths),
        }
    }
}

async fn select(reads: &impl Reads, conditions: &str, values: Vec<Value>) -> Result<Vec<Invoice>, Fault> {
    let sql = format!("SELECT {} {FROM_INVOICE}{conditions}", SealedInvoice::SELECT);
    attach_lines(reads, reads.records::<SealedInvoice>(&sql, values).await?).await
}

/// Returns the invoices of rows, with their lines, in their order.
pub(super) async fn attach_lines(reads: &impl Reads, rows: Vec<SealedInvoice>) -> Result<Vec<Invoice>, Fault> {
    let mut invoices = rows.into_iter().map(SealedInvoice::invoice).collect::<Result<Vec<_>, _>>()?;
    if invoices.is_empty() {
        return Ok(invoices);
    }
    let indexes: HashMap<InvoiceId, usize> = invoices.iter().enumerate().map(|(index, invoice)| (invoice.id, index)).collect();
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM invoice_line l WHERE l.tenant_id = $1 AND {} ORDER BY l.invoice_id, l.position",
        LineRow::SELECT,
        backend.in_ids("l.invoice_id", 2)
    );
    for row in reads.records::<LineRow>(&sql, vec![backend.ids(indexes.keys().copied())]).await? {
        if let Some(invoice) = indexes.get(&row.invoice_id).and_then(|index| invoices.get_mut(*index)) {
            invoice.lines.push(row.line(invoice.totals.total.currency));
        }
    }
    Ok(invoices)
}

/// Charged amounts of a line of an order.
#[derive(Record)]
struct InvoicedRow {
    #[record(of = invoice_line, alias = "s")]
    position: i32,
    #[record(sql = "CAST(sum(s.sign * s.quantity) AS bigint)")]
    quantity: i64,
    #[record(sql = "CAST(sum(s.sign * s.discount_minor) AS bigint)")]
    discount: i64,
    #[record(sql = "CAST(sum(s.sign * s.tax_minor) AS bigint)")]
    tax: i64,
    #[record(sql = "CAST(sum(s.sign * s.total_minor) AS bigint)")]
    total: i64,
    #[record(sql = "CAST(count(*) AS bigint)")]
    papers: i64,
}

#[derive(Record)]
struct CreditedRow {
    #[record(of = invoice_line, alias = "l")]
    position: i32,
    #[record(sql = "CAST(sum(l.quantity) AS bigint)")]
    quantity: i64,
}

#[derive(Record)]
struct CreditedSums {
    #[record(sql = "CAST(coalesce(sum(tax_minor), 0) AS bigint)")]
    tax: i64,
    #[record(sql = "CAST(coalesce(sum(total_minor), 0) AS bigint)")]
    total: i64,
}

#[derive(Record)]
#[record(of = store, alias = "")]
struct StoreRow {
    name: String,
    time_zone: String,
}

pub async fn invoice(reads: &impl Reads, id: InvoiceId) -> Result<Option<Invoice>, Fault> {
    Ok(select(reads, " AND i.id = $2", vec![id.into()]).await?.pop())
}

/// All invoices and credit notes of these orders, the newest first.
pub async fn invoices_of(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<Invoice>, Fault> {
    let backend = reads.backend();
    let conditions = format!(" AND {} ORDER BY i.issued_at DESC, i.id DESC", backend.in_ids("i.order_id", 2));
    select(reads, &conditions, vec![backend.ids(orders.iter().copied())]).await
}

/// Returns the charged amounts of each line of an order: the sums of its invoices less those of its
/// credit notes.
pub async fn invoiced_amounts(reads: &impl Reads, order: OrderId) -> Result<BTreeMap<u16, InvoicedAmounts>, Fault> {
    let sql = format!(
        "SELECT {} FROM (SELECT l.position, l.quantity, l.discount_minor, l.tax_minor, l.total_minor, CASE i.kind WHEN 'INVOICE' THEN 1 ELSE -1 END AS sign
           FROM invoice_line l JOIN invoice i ON i.tenant_id = l.tenant_id AND i.id = l.invoice_id
           WHERE l.tenant_id = $1 AND l.order_id = $2) s GROUP BY s.position",
        InvoicedRow::SELECT
    );
    let rows = reads.records::<InvoicedRow>(&sql, vec![order.into()]).await?;
    let amounts_of_row = |row: InvoicedRow| {
        let InvoicedRow { position, quantity, discount, tax, total, papers } = row;
        (position as u16, InvoicedAmounts { quantity, discount, tax, total, papers })
    };
    Ok(rows.into_iter().map(amounts_of_row).collect())
}

/// Returns the credited quantity of each line of an invoice.
pub async fn credited_quantities(reads: &impl Reads, invoice: InvoiceId) -> Result<BTreeMap<u16, i64>, Fault> {
    let sql = format!(
        "SELECT {} FROM invoice i JOIN invoice_line l ON l.tenant_id = i.tenant_id AND l.invoice_id = i.id
         WHERE i.tenant_id = $1 AND i.credits_id = $2 GROUP BY l.position",
        CreditedRow::SELECT
    );
    let rows = reads.records::<CreditedRow>(&sql, vec![invoice.into()]).await?;
    Ok(rows.into_iter().map(|row| (row.position as u16, row.quantity)).collect())
}

/// Reads the converted tax and total of an invoice's credit notes, in minor units. Credit notes
/// that a node of an older release issues meanwhile are not converted.
pub async fn credited_sums(reads: &impl Reads, invoice: InvoiceId) -> Result<(i64, i64), Fault> {
    let sql = format!(
        "SELECT {} FROM invoice WHERE tenant_id = $1 AND credits_id = $2 AND books_currency IS NOT NULL",
        CreditedSums::SELECT
    );
    let sums = reads.records::<CreditedSums>(&sql, vec![invoice.into()]).await?.pop();
    Ok(sums.map_or((0, 0), |sums| (sums.tax, sums.total)))
}

/// The currency of the tenant's books.
pub async fn books_currency(reads: &impl Reads) -> Result<Currency, Fault> {
    let rows = reads.rows("SELECT default_currency FROM tenant WHERE id = $1", vec![]).await?;
    let code: Option<String> = rows.first().map(Row::scalar).transpose()?;
    let currency = code.as_deref().and_then(Currency::parse);
    currency.ok_or_else(|| Fault::corrupt("tenant", "its currency is an ISO 4217 code"))
}

/// Reads the name of a store and its time zone.
pub async fn store_facts(reads: &impl Reads, store: StoreId) -> Result<(String, String), Fault> {
    let sql = format!("SELECT {} FROM store WHERE tenant_id = $1 AND id = $2", StoreRow::SELECT);
    let row = reads.records::<StoreRow>(&sql, vec![store.into()]).await?.pop();
    let row = row.ok_or_else(|| Fault::corrupt("store", "what is referred to exists"))?;
    Ok((row.name, row.time_zone))
}

/// Writes a new one with its lines and the key that it is sealed under.
pub async fn insert_invoice(work: &Work, new: &Invoice) -> Result<(), Fault> {
    let tenant = work.tenant();
    let facts = serde_json::to_string(&new.facts).map_err(|err| Fault::Broken(err.to_string()))?;
    if let Some(sealed) = &new.personal {
        let mut keys = Rows::<KeyRow>::insert(tenant);
        keys.push(KeyRow { id: new.id.uuid(), key_sealed: sealed.key.clone(), created_at: new.issued_at });
        work.write(keys.into()).await?;
    }
    let books = new.in_books.as_ref();
    let mut rows = Rows::<InvoiceRow>::insert(tenant);
    rows.push(InvoiceRow {
        id: new.id,
        kind: new.kind,
        legal_entity_id: new.entity,
        number: new.number,
        label: new.label.clone(),
        order_id: new.order,
        store_id: new.store,
        credits_id: new.credits,
        currency: new.totals.total.currency.as_str().to_owned(),
        net_minor: new.totals.net.minor,
        tax_minor: new.totals.tax.minor,
        total_minor: new.totals.total.minor,
        issued_on: new.issued_on,
        issued_at: new.issued_at,
        facts,
        personal: new.personal.as_ref().map(|sealed| sealed.body.clone()),
        reason: new.reason.clone(),
        actor_kind: new.actor.kind,
        actor_id: new.actor.id,
        books_currency: books.map(|books| books.rate.to.to_string()),
        books_tax_minor: books.map(|books| books.totals.tax.minor),
        books_total_minor: books.map(|books| books.totals.total.minor),
        rate_numerator: books.map(|books| books.rate.numerator.to_string()),
        rate_denominator: books.map(|books| books.rate.denominator.to_string()),
        rate_day: books.map(|books| books.rate.day),
        rate_source: books.map(|books| books.rate.source.clone()),
    });
    work.write(rows.into()).await?;
    let mut lines = Rows::<LineRow>::insert(tenant);
    lines.extend(new.lines.iter().map(|line| LineRow {
        invoice_id: new.id,
        position: i32::from(line.position),
        order_id: new.order,
        sku: line.sku.clone(),
        name: line.name.clone(),
        unit_decimals: i32::from(line.decimals),
        quantity: line.quantity,
        unit_price_minor: line.unit_price.minor,
        discount_minor: line.discount.minor,
        tax_minor: line.tax.minor,
        total_minor: line.total.minor,
        tax_rate: line.rate.map(TaxRate::millionths),
    }));
    work.write(lines.into()).await
}

/// Seals the buyer of an invoice, under a new key; `None` if there are no lines.
pub fn seal_lines(reads: &impl Reads, id: InvoiceId, lines: &[String]) -> Result<Option<Sealed>, Fault> {
    if lines.is_empty() {
        return Ok(None);
    }
    let ring = key_ring(reads)?;
    let texts = Texts::from([(BUYER_TEXT.to_owned(), lines.join("\n"))]);
    let (data_key, key) = ring.new_data_key(reads.tenant(), id.uuid())?;
    let body = ring.seal_texts(&data_key, &seal_context(reads.tenant(), id), &texts)?;
    Ok(Some(Sealed { body, key }))
}

/// Returns the buyer of an invoice, by lines.
pub fn open_lines(reads: &impl Reads, id: InvoiceId, sealed: &Sealed) -> Result<Vec<String>, Fault> {
    let key = key_ring(reads)?.data_key(reads.tenant(), id.uuid(), &sealed.key)?;
    let texts = key.open_texts(&seal_context(reads.tenant(), id), &sealed.body)?;
    Ok(texts.get(BUYER_TEXT).map(|text| text.lines().map(str::to_owned).collect()).unwrap_or_default())
}

/// Name of the sealed text.
const BUYER_TEXT: &str = "buyer";

fn key_ring(reads: &impl Reads) -> Result<KeyRing, Fault> {
    reads.extensions().get().ok_or_else(|| Fault::Broken("invoices are sealed, and no keys were opened".to_owned()))
}

fn seal_context(tenant: TenantId, id: InvoiceId) -> String {
    row_context("invoice", tenant, id.uuid())
}
