//! One pass over the rows: all rows are read and checked before anything is planned or sent.

use std::collections::HashMap;

use entity::prelude::Timestamp;
use platform::clock::Clock;

use super::assemble;
use super::country::iso_code;
use super::error::ReplayError;
use super::plan::{DocumentKind, Plan};
use super::plan_builder::{DraftDocument, NameUse, PlanBuilder, ServiceRow, StockRow};
use super::reader::{Row, RowReader};
use super::rule::{self, Facts, Kind};
use super::validation::{self, RowValidator};

/// Reads a file to its end and plans it.
pub fn plan(reader: RowReader<'_>) -> Result<Plan, ReplayError> {
    plan_at(reader, Clock::system().now())
}

/// Like `plan`, at a given moment: later rows are refused.
pub fn plan_at(mut reader: RowReader<'_>, now: Timestamp) -> Result<Plan, ReplayError> {
    let file = reader.file().to_owned();
    let mut judge = RowValidator::new(&file, validation::latest_time(now)?);
    let mut intake = PlanBuilder::default();
    let mut text = Buffers::default();
    while let Some(row) = reader.next_row()? {
        intake.add_row(&row, &mut text, &file, &mut judge)?;
    }
    assemble::assemble(intake, reader.file_summary())
}

#[derive(Default)]
struct Buffers {
    sku: String,
    description: String,
}

impl PlanBuilder {
    fn add_row(
        &mut self,
        row: &Row<'_>,
        text: &mut Buffers,
        file: &str,
        judge: &mut RowValidator<'_>,
    ) -> Result<(), ReplayError> {
        self.first_time.get_or_insert(row.time);
        rule::normalize_sku(row.stock_code, &mut text.sku);
        rule::normalize_description(row.description, &mut text.description);
        let facts =
            Facts { invoice: row.invoice, sku: &text.sku, quantity: row.quantity, price: row.price, customer: row.customer };
        let kind = rule::classify_row(facts);
        self.rows_by_kind[kind as usize] += 1;
        let of_a_product = !matches!(kind, Kind::Financial | Kind::Charge | Kind::ChargeCredit | Kind::ServiceIgnored);
        if of_a_product && row.price < 0 {
            return Err(ReplayError::NegativePrice { file: file.to_owned(), row: u64::from(row.number) });
        }
        judge.check_row(row, kind, &text.sku, &text.description)?;
        match kind {
            Kind::Financial | Kind::ServiceIgnored | Kind::Ignored => {}
            Kind::Charge => self.add_service(row, text, false),
            Kind::ChargeCredit => self.add_service(row, text, true),
            Kind::Sale => self.add_stock_row(row, text, DocumentKind::Order),
            Kind::Return => self.add_stock_row(row, text, DocumentKind::Return),
            Kind::AdjustIn | Kind::AdjustOut => self.add_stock_row(row, text, DocumentKind::Adjustment),
        }
        Ok(())
    }

    fn add_service(&mut self, row: &Row<'_>, text: &Buffers, credit: bool) {
        let invoice = self.invoice(row.invoice);
        let quantity = if credit { -row.quantity } else { row.quantity };
        let name = if text.sku.is_empty() { charge_name(&text.description) } else { Box::default() };
        let sku = text.sku.as_str().into();
        self.services.push(ServiceRow { invoice, credit, sku, name, quantity, price: row.price, row: row.number });
    }

    fn add_stock_row(&mut self, row: &Row<'_>, text: &Buffers, kind: DocumentKind) {
        let product = self.skus.intern(&text.sku);
        if self.names.len() == product as usize {
            self.names.push(HashMap::new());
        }
        self.count_name(product, &text.description, kind, row.number);
        let customer = match kind {
            DocumentKind::Adjustment => None,
            DocumentKind::Order | DocumentKind::Return => row.customer.map(|id| self.customer(id, row.country)),
        };
        let document = self.document(row, kind, customer);
        let (quantity, price, note) = match kind {
            DocumentKind::Order => (row.quantity, row.price, 0),
            DocumentKind::Return => (-row.quantity, row.price, 0),
            DocumentKind::Adjustment => {
                self.notes.push(text.description.as_str().into());
                (row.quantity, 0, self.notes.len() as u32 - 1)
            }
        };
        self.picks.push(StockRow { document, product, row: row.number, note, quantity, price });
    }

    fn count_name(&mut self, product: u32, name: &str, kind: DocumentKind, row: u32) {
        if name.is_empty() {
            return;
        }
        let uses = &mut self.names[product as usize];
        if !uses.contains_key(name) {
            uses.insert(name.into(), NameUse { first: row, ..NameUse::default() });
        }
        let Some(entry) = uses.get_mut(name) else { return };
        entry.all += 1;
        if kind == DocumentKind::Order {
            if entry.sales == 0 {
                entry.first_sale = row;
            }
            entry.sales += 1;
        }
    }

    fn invoice(&mut self, number: &str) -> u32 {
        let invoice = self.invoices.intern(number);
        if self.slots.len() == invoice as usize {
            self.slots.push([None; 3]);
        }
        invoice
    }

    fn customer(&mut self, id: &str, country: &str) -> u32 {
        let customer = self.customers.intern(id);
        if self.countries.len() == customer as usize {
            self.countries.push(country.into());
        }
        customer
    }

    /// The document of a row, made on its first one. A document's customer is the first that its rows name.
    fn document(&mut self, row: &Row<'_>, kind: DocumentKind, customer: Option<u32>) -> u32 {
        let invoice = self.invoice(row.invoice);
        let slot = &mut self.slots[invoice as usize][kind as usize];
        if let Some(existing_number) = *slot {
            let draft = &mut self.drafts[existing_number as usize];
            draft.time = draft.time.min(row.time);
            draft.customer = draft.customer.or(customer);
            return existing_number;
        }
        let number = self.drafts.len() as u32;
        *slot = Some(number);
        let country = iso_code(row.country);
        self.drafts.push(DraftDocument { kind, invoice, time: row.time, seq: row.number, customer, country });
        number
    }
}

/// Name of a charge without a code: the description of its row.
fn charge_name(description: &str) -> Box<str> {
    let name: String = description.chars().filter(|c| !c.is_control()).take(validation::MAX_CHARGE_CHARS).collect();
    if name.is_empty() { "Charge".into() } else { name.into() }
}
