//! Issuing invoices and credit notes: the due lines are computed, the number is taken and the rows
//! are written in one transaction, so that every number has an invoice.

use entity::prelude::*;
use iam::access::{Permit, kind};
use inventory::{
    catalog::rows::customer,
    currency::{core::FrozenRate, shell::load_rate_on},
    ledger::Mode,
    numbering::core::DIGIT_PLACEHOLDER,
    orders::{
        core::Order,
        rows::{details, open_personal, orders},
    },
};
use platform::{
    clock::local_day,
    storage::{
        Fault, Reads, Work,
        idempotency::{CallResult, InputDigest, Key, hash_of, settle},
    },
};
use serde::Serialize;

use super::{
    call::{ChangeResult, InvoiceError, InvoiceRefusal, end, find_receipt},
    service::Papers,
};
use crate::papers::{
    core::{
        BooksTotals, Facts, Invoice, InvoiceLine, LegalEntity, Refusal, Scope, Totals, address_lines, contact_lines, credit,
        due_lines, totals,
    },
    events::{CREDIT_NOTE_ISSUED, INVOICE_ISSUED, InvoiceEvent},
    rows,
};

/// Maximum characters of a reason.
pub const MAX_REASON: usize = 1_000;

/// Input of an invoice. The hash of the idempotency key is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct InvoiceIssue {
    #[serde(skip)]
    pub idempotency_key: String,
    pub order: OrderId,
    pub scope: Scope,
}

/// Input of a credit note.
#[derive(Debug, Clone, Serialize)]
pub struct CreditNoteIssue {
    #[serde(skip)]
    pub idempotency_key: String,
    pub invoice: InvoiceId,
    /// Quantity of each line; `None` for all that is not credited.
    pub lines: Option<Vec<(OrderLineId, i64)>>,
    pub reason: Option<String>,
}

type IssuePermit = Permit<kind::InvoiceIssue>;

/// Content of an invoice or a credit note before it has its number.
struct Draft {
    kind: InvoiceKind,
    order: OrderId,
    store: StoreId,
    currency: Currency,
    conversion: Conversion,
    credits: Option<InvoiceId>,
    facts: Facts,
    buyer: Vec<String>,
    reason: Option<String>,
    lines: Vec<InvoiceLine>,
}

/// Conversion of sums into the currency of the books.
enum Conversion {
    /// By the rate of the day.
    OfDay,
    /// By the rate of the credited invoice, after the tax and the total of its earlier credit
    /// notes, in minor units.
    OfInvoice(Option<FrozenRate>, (i64, i64)),
}

impl Papers {
    /// Issues an invoice of an order's due lines.
    pub async fn invoice_issue(&self, permit: IssuePermit, input: InvoiceIssue, mode: Mode) -> ChangeResult<Invoice> {
        let mut work = permit.scope(&self.0.db).begin().await?;
        let outcome = self.issue_invoice(&mut work, &permit, &input).await;
        commit_invoice(work, outcome, mode).await
    }

    async fn issue_invoice(&self, work: &mut Work, permit: &IssuePermit, input: &InvoiceIssue) -> ChangeResult<Invoice> {
        let key = key_of(permit, "invoiceIssue", &input.idempotency_key, hash_of(input));
        if let Some(receipt) = find_receipt(work, &key).await? {
            return load_replayed(work, receipt.id, receipt.seq).await;
        }
        let candidate = orders(work, &[input.order]).await?.pop();
        let is_allowed = |order: &Order| permit.channel().is_none() && permit.covers(order.store);
        let order = candidate.filter(is_allowed).ok_or(InvoiceRefusal::NotFound)?;
        let entity = rows::entity_of_store(work, order.store).await?.ok_or(InvoiceRefusal::NoEntity)?;
        let lines = due_lines(&order, input.scope, &rows::invoiced_amounts(work, order.id).await?)?;
        let facts = Facts {
            seller: entity.fields.lines(),
            tax_id: entity.fields.tax_id.clone(),
            order_number: order.number.get(),
            external_ref: order.external_ref.clone(),
            of_invoice: None,
        };
        let draft = Draft {
            kind: InvoiceKind::Invoice,
            order: order.id,
            store: order.store,
            currency: order.total.currency,
            conversion: Conversion::OfDay,
            credits: None,
            facts,
            buyer: buyer_of(work, &order).await?,
            reason: None,
            lines,
        };
        self.assign_number(work, (permit, &key), &entity, draft).await
    }

    /// Issues a credit note of an invoice, or of a part of it.
    pub async fn credit_note_issue(&self, permit: IssuePermit, input: CreditNoteIssue, mode: Mode) -> ChangeResult<Invoice> {
        let mut work = permit.scope(&self.0.db).begin().await?;
        let outcome = self.issue_credit_note(&mut work, &permit, &input).await;
        commit_invoice(work, outcome, mode).await
    }

    async fn issue_credit_note(&self, work: &mut Work, permit: &IssuePermit, input: &CreditNoteIssue) -> ChangeResult<Invoice> {
        let key = key_of(permit, "creditNoteIssue", &input.idempotency_key, hash_of(input));
        if let Some(receipt) = find_receipt(work, &key).await? {
            return load_replayed(work, receipt.id, receipt.seq).await;
        }
        let candidate = rows::invoice(work, input.invoice).await?;
        let is_allowed = |invoice: &Invoice| permit.channel().is_none() && permit.covers(invoice.store);
        let invoice = candidate.filter(is_allowed).ok_or(InvoiceRefusal::NotFound)?;
        if invoice.kind == InvoiceKind::CreditNote {
            return Err(InvoiceRefusal::OfCreditNote.into());
        }
        let entity = rows::entity(work, invoice.entity).await?;
        let entity = entity.ok_or_else(|| Fault::corrupt("legal_entity", "a company stays"))?;
        let requested_lines = input.lines.as_deref().map(|lines| line_positions(invoice.order, lines)).transpose()?;
        let lines = credit(&invoice.lines, &rows::credited_quantities(work, invoice.id).await?, requested_lines.as_deref())?;
        let buyer = match &invoice.personal {
            Some(sealed) => rows::open_lines(work, invoice.id, sealed)?,
            None if invoice.is_lost => current_buyer(work, invoice.order).await?,
            None => Vec::new(),
        };
        let draft = Draft {
            kind: InvoiceKind::CreditNote,
            order: invoice.order,
            store: invoice.store,
            currency: invoice.totals.total.currency,
            conversion: Conversion::OfInvoice(
                invoice.in_books.map(|books| books.rate),
                rows::credited_sums(work, invoice.id).await?,
            ),
            credits: Some(invoice.id),
            facts: Facts { of_invoice: Some(invoice.label), ..invoice.facts },
            buyer,
            reason: input.reason.clone(),
            lines,
        };
        self.assign_number(work, (permit, &key), &entity, draft).await
    }

    /// Assigns the next number of the company to a draft, and writes it.
    async fn assign_number(
        &self,
        work: &mut Work,
        (permit, key): (&IssuePermit, &Key),
        entity: &LegalEntity,
        draft: Draft,
    ) -> ChangeResult<Invoice> {
        let now = self.0.clock.now();
        let (_, zone) = rows::store_facts(work, draft.store).await?;
        let (number, today) = (entity.numbers.last_number(draft.kind) + 1, local_day(now, &zone));
        let before = rows::last_day(work, entity.id, (draft.kind, number - 1), draft.credits).await?;
        // Stores have several time zones, and clocks may be set back; the days must ascend with the
        // numbers.
        let issued_on = before.map_or(today, |before| before.max(today));
        let totals = totals(&draft.lines, draft.currency).ok_or(Refusal::TooLarge)?;
        let in_books = convert_to_books(work, draft.conversion, &totals, issued_on).await?;
        rows::store_last_number(work, entity.id, draft.kind, number).await?;
        let id: InvoiceId = self.0.clock.id();
        let invoice = Invoice {
            id,
            kind: draft.kind,
            entity: entity.id,
            number,
            label: entity.fields.format_number(draft.kind, number),
            order: draft.order,
            store: draft.store,
            credits: draft.credits,
            totals,
            in_books,
            issued_on,
            issued_at: now,
            facts: draft.facts,
            personal: rows::seal_lines(work, id, &draft.buyer)?,
            is_lost: false,
            reason: draft.reason,
            actor: permit.actor(),
            lines: draft.lines,
        };
        rows::insert_invoice(work, &invoice).await?;
        let kind = match invoice.kind {
            InvoiceKind::Invoice => INVOICE_ISSUED,
            InvoiceKind::CreditNote => CREDIT_NOTE_ISSUED,
        };
        let event = InvoiceEvent { id, number: invoice.label.clone(), order_id: invoice.order, store_id: invoice.store };
        end(work, key, (kind, event), (id.uuid(), invoice), now).await
    }

    /// Reads an invoice or credit note by ID, if it belongs to one of the caller's stores.
    pub async fn invoice(&self, permit: &Permit<kind::OrderRead>, id: InvoiceId) -> Result<Option<Invoice>, Fault> {
        let candidate = rows::invoice(&permit.scope(&self.0.db), id).await?;
        Ok(candidate.filter(|invoice| permit.channel().is_none() && permit.covers(invoice.store)))
    }
}

/// Converts totals into the currency of the books; `None` if they are in it already, or if there is
/// no rate and no tax. A tax is never left without a conversion, since it is owed in that currency.
async fn convert_to_books(
    work: &Work,
    conversion: Conversion,
    totals: &Totals,
    day: i32,
) -> Result<Option<BooksTotals>, InvoiceError> {
    let (rate, before) = match conversion {
        Conversion::OfInvoice(rate, before) => (rate, before),
        Conversion::OfDay => {
            let (from, to) = (totals.total.currency, rows::books_currency(work).await?);
            let rate = if from == to { None } else { load_rate_on(work, from, to, day).await? };
            if rate.is_none() && from != to && totals.tax.minor != 0 {
                return Err(Refusal::RateMissing { from, to, day }.into());
            }
            (rate, (0, 0))
        }
    };
    let Some(rate) = rate else { return Ok(None) };
    Ok(Some(BooksTotals::after(rate, before, totals).ok_or(Refusal::TooLarge)?))
}

/// Returns the buyer of an invoice, by lines.
pub fn buyer(reads: &impl Reads, invoice: &Invoice) -> Result<Vec<String>, Fault> {
    invoice.personal.as_ref().map_or_else(|| Ok(Vec::new()), |sealed| rows::open_lines(reads, invoice.id, sealed))
}

/// Returns the positions of an order's lines; a line of another order is refused.
fn line_positions(order: OrderId, lines: &[(OrderLineId, i64)]) -> Result<Vec<(u16, i64)>, Refusal> {
    let position = |(index, (line, quantity)): (usize, &(OrderLineId, i64))| {
        let (order_id, position) = line.split_line::<entity::id::kind::OrderId>();
        if order_id == order { Ok((position, *quantity)) } else { Err(Refusal::NoLine { index }) }
    };
    lines.iter().enumerate().map(position).collect()
}

/// Returns the current buyer of an order: the billing address, else the shipping address, else the
/// contact, else the customer's name.
async fn buyer_of(reads: &impl Reads, order: &Order) -> Result<Vec<String>, Fault> {
    let sealed = details(reads, &[order.id]).await?.pop().and_then(|detail| detail.personal);
    if let Some(sealed) = sealed {
        let personal = open_personal(reads, order.id, &sealed)?;
        let address = personal.billing_address.as_ref().or(personal.shipping_address.as_ref()).map(address_lines);
        let contact = personal.contact.as_ref().map(contact_lines);
        let buyer_lines = [address, contact].into_iter().flatten().find(|lines| !lines.is_empty());
        if let Some(lines) = buyer_lines {
            return Ok(lines);
        }
    }
    let Some(id) = order.customer else { return Ok(Vec::new()) };
    Ok(customer::by_id(reads, id).await?.and_then(|customer| customer.name).into_iter().collect())
}

/// Returns the current buyer of an order, in place of one that was lost.
async fn current_buyer(work: &Work, order: OrderId) -> Result<Vec<String>, Fault> {
    match orders(work, &[order]).await?.pop() {
        Some(order) => buyer_of(work, &order).await,
        None => Ok(Vec::new()),
    }
}

fn key_of(permit: &IssuePermit, mutation: &'static str, key: &str, hash: InputDigest) -> Key {
    Key { owner: permit.actor().id, mutation, key: key.to_owned(), hash }
}

/// Commits an invoice. A dry run takes no number, so its invoice shows a dot instead of one.
async fn commit_invoice(work: Work, outcome: ChangeResult<Invoice>, mode: Mode) -> ChangeResult<Invoice> {
    let mut acted = settle(work, outcome, mode.is_dry()).await?;
    if mode.is_dry() && !acted.is_replayed {
        let number = acted.value.number.to_string();
        let prefix = acted.value.label.strip_suffix(&number).unwrap_or_default();
        acted.value.label = format!("{prefix}{DIGIT_PLACEHOLDER}");
    }
    Ok(acted)
}

async fn load_replayed(work: &Work, id: uuid::Uuid, seq: Option<i64>) -> ChangeResult<Invoice> {
    let value = rows::invoice(work, InvoiceId::from_uuid(id)).await?;
    let value = value.ok_or_else(|| Fault::corrupt("invoice", "an invoice stays"))?;
    Ok(CallResult { value, seq, is_replayed: true })
}
