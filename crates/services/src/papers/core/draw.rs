//! Papers of documents: the content of each kind.

use std::collections::HashMap;

use entity::prelude::*;
use inventory::{
    fulfilment::core::{Work, WorkLine},
    orders::core::{Address, Contact, Fulfilment, Order},
    purchasing::core::PurchaseOrder,
    stock::core::picking_order,
};

use super::{
    invoice::{Invoice, by_rate},
    phrases::Phrases,
    sheet::{Column, Sheet, Table, figure_column, text_column},
};

/// Content that every kind of paper has.
pub struct Frame {
    pub words: &'static Phrases,
    /// Issuer of the paper, by lines.
    pub from: Vec<String>,
    /// Number of the order or the purchase order, with its prefix.
    pub number: String,
    /// Day of printing.
    pub day: String,
    /// Formats a day for readers.
    pub day_text: fn(i32) -> String,
}

/// Goods, with their names when the order was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goods {
    /// The order's line.
    pub position: u16,
    pub product: ProductId,
    pub sku: String,
    pub name: String,
    pub decimals: u8,
}

/// Reason why a document cannot be drawn in its current state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrawError {
    NothingPacked,
    NothingToPick,
    /// The return is not approved, or all of it has arrived.
    NothingAwaited,
    /// The order is shipped, not collected.
    NotCollected,
    NothingToCollect,
    Draft,
    /// A sum is too large to be exact.
    TooLarge,
}

impl Frame {
    pub(super) fn sheet(&self, kind: PaperKind, number: &str) -> Sheet {
        let mut sheet = Sheet::new(self.words.tag, format!("{} {number}", self.words.title(kind)));
        sheet.add_party(self.words.from, self.from.clone());
        sheet
    }

    /// Returns the content of each parcel of a work. `codes` are those of the lots that its parcels
    /// name.
    pub fn packing_slip(
        &self,
        number: &str,
        work: &Work,
        (names, codes): (&[Goods], &HashMap<LotId, String>),
        to: Vec<String>,
    ) -> Result<Sheet, DrawError> {
        let words = self.words;
        let mut sheet = self.sheet(PaperKind::PackingSlip, number);
        sheet.add_party(words.deliver_to, to);
        sheet.add_fact(words.date, Some(self.day.clone()));
        sheet.add_fact(words.order, Some(self.number.clone()));
        for parcel in work.parcels.iter().filter(|parcel| !parcel.is_empty()) {
            let tracking = parcel.label.tracking_number.as_ref().map(|number| format!(", {} {number}", words.tracking));
            let heading = format!("{} {}{}", words.parcel, parcel.position, tracking.unwrap_or_default());
            let rows = parcel.lines.iter().filter(|line| line.quantity > 0).filter_map(|line| {
                let work_line = work.lines.iter().find(|candidate| candidate.nth == line.nth)?;
                let mut row = self.goods(names, (work_line.position, work_line.product), line.quantity);
                let lots = parcel.lots.iter().filter(|lot| lot.nth == line.nth && lot.units > 0);
                let codes: Vec<&str> = lots.filter_map(|lot| codes.get(&lot.lot)).map(String::as_str).collect();
                if !codes.is_empty() {
                    row[1] = format!("{} ({})", row[1], codes.join(", "));
                }
                Some(row)
            });
            sheet.tables.push(Table { heading: Some(heading), columns: goods_columns(words), rows: rows.collect() });
        }
        if sheet.tables.is_empty() { Err(DrawError::NothingPacked) } else { Ok(sheet) }
    }

    /// Returns the lines of a work that a store still has to pick, in walking order, with room to
    /// tick them off. It has no names of people and no prices. `bins` are the bin locations of
    /// products in its store.
    pub fn picking_list(
        &self,
        number: &str,
        work: &Work,
        names: &[Goods],
        bins: &HashMap<ProductId, String>,
    ) -> Result<Sheet, DrawError> {
        let words = self.words;
        let mut sheet = self.sheet(PaperKind::PickingList, number);
        sheet.add_fact(words.date, Some(self.day.clone()));
        sheet.add_fact(words.order, Some(self.number.clone()));
        let open = work.lines.iter().filter(|line| line.open > 0);
        let picked = |line: &WorkLine| {
            let goods = self.goods(names, (line.position, line.product), line.open);
            (bins.get(&line.product).cloned(), goods)
        };
        let mut lines: Vec<(Option<String>, Vec<String>)> = open.map(picked).collect();
        if lines.is_empty() {
            return Err(DrawError::NothingToPick);
        }
        lines.sort_by(|(bin, goods), (other_bin, other)| {
            picking_order((bin.as_deref(), &goods[0]), (other_bin.as_deref(), &other[0])).then_with(|| goods.cmp(other))
        });
        for (_, row) in &mut lines {
            row.push(String::new());
        }
        let mut columns = goods_columns(words);
        columns.push(figure_column(words.picked, 2));
        sheet.tables.push(self.with_bins(columns, lines));
        Ok(sheet)
    }

    /// Returns a table of goods, with their bin locations in the first column if any of them has
    /// one.
    pub(super) fn with_bins(&self, mut columns: Vec<Column>, lines: Vec<(Option<String>, Vec<String>)>) -> Table {
        let is_placed = lines.iter().any(|(bin, _)| bin.is_some());
        if is_placed {
            columns.insert(0, text_column(self.words.bin_location, 3));
        }
        let row = |(bin, goods): (Option<String>, Vec<String>)| -> Vec<String> {
            is_placed.then(|| bin.unwrap_or_default()).into_iter().chain(goods).collect()
        };
        Table { heading: None, columns, rows: lines.into_iter().map(row).collect() }
    }

    /// Returns SKU, name and quantity of goods.
    pub(super) fn goods(&self, names: &[Goods], (position, product): (u16, ProductId), quantity: i64) -> Vec<String> {
        let line_goods = names.iter().find(|name| name.position == position && name.product == product);
        let (sku, name, decimals) =
            line_goods.map_or((String::new(), String::new(), 0), |goods| (goods.sku.clone(), goods.name.clone(), goods.decimals));
        vec![sku, name, self.words.units(quantity, decimals)]
    }

    /// Returns the shipped lines of a fulfilment, without prices.
    pub fn delivery_note(
        &self,
        number: &str,
        (order, fulfilment): (&Order, &Fulfilment),
        to: Vec<String>,
        shipped: Option<String>,
    ) -> Sheet {
        let words = self.words;
        let mut sheet = self.sheet(PaperKind::DeliveryNote, number);
        sheet.add_party(words.deliver_to, to);
        sheet.add_fact(words.date, Some(self.day.clone()));
        sheet.add_fact(words.shipped_on, shipped);
        sheet.add_fact(words.order, Some(self.number.clone()));
        sheet.add_fact(words.reference, order.external_ref.clone());
        let rows = fulfilment.lines.iter().filter_map(|line| {
            let order_line = order.lines.iter().find(|candidate| candidate.position == line.position)?;
            Some(vec![order_line.sku.clone(), order_line.name.clone(), words.units(line.quantity.get(), order_line.decimals)])
        });
        sheet.tables.push(Table { heading: None, columns: goods_columns(words), rows: rows.collect() });
        sheet
    }

    /// Returns the lines of an order that are not cancelled, and their totals.
    pub fn order_confirmation(
        &self,
        order: &Order,
        (shipping_address, billing_address): (Vec<String>, Vec<String>),
        texts: OrderTexts,
    ) -> Result<Sheet, DrawError> {
        if order.status == OrderStatus::Draft {
            return Err(DrawError::Draft);
        }
        let words = self.words;
        let mut sheet = self.sheet(PaperKind::OrderConfirmation, &self.number);
        sheet.add_party(words.deliver_to, shipping_address);
        sheet.add_party(words.bill_to, billing_address);
        sheet.add_fact(words.date, Some((self.day_text)(order.business_date)));
        sheet.add_fact(words.reference, order.external_ref.clone());
        sheet.add_fact(words.requested_for, texts.requested_for);
        let zero = Money::zero(order.total.currency);
        let (mut rows, mut tax, mut total) = (Vec::new(), zero, zero);
        for line in order.lines.iter().filter(|line| line.current() > 0) {
            let priced_line = Quantity::new(line.current()).and_then(|current| {
                let amounts = line.amounts(current)?;
                Some((current, amounts, amounts.total()?))
            });
            let (current, amounts, line_total) = priced_line.ok_or(DrawError::TooLarge)?;
            tax = tax.checked_add(amounts.tax).ok_or(DrawError::TooLarge)?;
            total = total.checked_add(line_total).ok_or(DrawError::TooLarge)?;
            rows.push(vec![
                line.sku.clone(),
                line.name.clone(),
                words.units(current.get(), line.decimals),
                words.amount(line.unit_price),
                words.amount(amounts.discount),
                words.amount(amounts.tax),
                words.amount(line_total),
            ]);
        }
        sheet.tables.push(Table { heading: None, columns: priced_columns(words), rows });
        sheet.add_sum(words.tax, words.money(tax));
        sheet.add_sum(words.total, words.money(total));
        sheet.notes.extend(texts.note);
        Ok(sheet)
    }

    /// Returns the ordered lines with their costs and dates. In a later revision, the lines that
    /// changed in it are marked.
    pub fn purchase_order(&self, order: &PurchaseOrder, supplier: Vec<String>, store: Vec<String>) -> Result<Sheet, DrawError> {
        let words = self.words;
        let number = if order.revision > 1 {
            format!("{}, {} {}", self.number, words.revision, order.revision)
        } else {
            self.number.clone()
        };
        let mut sheet = self.sheet(PaperKind::PurchaseOrder, &number);
        sheet.add_party(words.supplier, supplier);
        sheet.add_party(words.deliver_to, store);
        sheet.add_fact(words.date, Some(self.day.clone()));
        sheet.add_fact(words.reference, order.external_ref.clone());
        sheet.add_fact(words.expected_on, order.expected_on.map(self.day_text));
        sheet.add_fact(
            words.exchange_rate,
            order.fixed_rate.map(|fixed| words.rate_equation(&fixed.to_frozen_rate(order.currency, 0))),
        );
        sheet.add_fact(words.note, order.note.clone());
        let rows = order.lines.iter().map(|line| {
            let expected = line.expected_on.map(|on| format!("\n{} {}", words.expected_on, (self.day_text)(on)));
            let mark = match line.cancelled_at {
                Some(_) => Some(words.cancelled),
                None if order.revision > 1 && line.revision == order.revision => Some(words.changed),
                None => None,
            };
            let mark = mark.map(|mark| format!("\n{mark}"));
            vec![
                line.sku.clone(),
                format!("{}{}{}", line.name, expected.unwrap_or_default(), mark.unwrap_or_default()),
                line.supplier_sku.clone().unwrap_or_default(),
                words.units(line.quantity.get(), line.decimals),
                words.amount(line.unit_cost),
                words.amount(line.total),
            ]
        });
        let columns = vec![
            text_column(words.sku, 4),
            text_column(words.product, 7),
            text_column(words.supplier_sku, 4),
            figure_column(words.quantity, 3),
            figure_column(words.unit_price, 3),
            figure_column(words.total, 3),
        ];
        sheet.tables.push(Table { heading: None, columns, rows: rows.collect() });
        for charge in order.order_supplier_charges().filter(|charge| charge.is_in_order_currency()) {
            sheet.add_sum(&charge.name, words.money(charge.amount));
        }
        let total = order.billed_total().ok_or(DrawError::TooLarge)?;
        sheet.add_sum(words.total, words.money(total));
        // In a currency of their own they are in no total.
        for charge in order.order_supplier_charges().filter(|charge| !charge.is_in_order_currency()) {
            sheet.add_sum(&charge.name, words.money(charge.amount));
        }
        Ok(sheet)
    }
}

/// Draws an invoice or a credit note from the data that was frozen with its number. `order` is the
/// number of its order with its prefix; `day_text` formats a day for readers.
pub fn invoice(words: &Phrases, invoice: &Invoice, order: String, buyer: Vec<String>, day_text: fn(i32) -> String) -> Sheet {
    let kind = match invoice.kind {
        InvoiceKind::Invoice => PaperKind::Invoice,
        InvoiceKind::CreditNote => PaperKind::CreditNote,
    };
    let mut sheet = Sheet::new(words.tag, format!("{} {}", words.title(kind), invoice.label));
    let facts = &invoice.facts;
    sheet.add_party(words.from, facts.seller.clone());
    sheet.add_party(words.bill_to, buyer);
    sheet.add_fact(words.date, Some(day_text(invoice.issued_on)));
    sheet.add_fact(words.tax_id, facts.tax_id.clone());
    sheet.add_fact(words.of_invoice, facts.of_invoice.clone());
    sheet.add_fact(words.order, Some(order));
    sheet.add_fact(words.reference, facts.external_ref.clone());
    sheet.add_fact(words.reason, invoice.reason.clone());
    let books = invoice.in_books.as_ref();
    sheet.add_fact(
        words.exchange_rate,
        books.map(|books| format!("{} ({}, {})", words.rate_equation(&books.rate), day_text(books.rate.day), books.rate.source)),
    );
    let rows = invoice.lines.iter().map(|line| {
        vec![
            line.sku.clone(),
            line.name.clone(),
            words.units(line.quantity.get(), line.decimals),
            words.amount(line.unit_price),
            words.amount(line.discount),
            words.amount(line.tax),
            words.amount(line.total),
        ]
    });
    sheet.tables.push(Table { heading: None, columns: priced_columns(words), rows: rows.collect() });
    sheet.tables.extend(taxes(words, invoice));
    sheet.add_sum(words.net, words.money(invoice.totals.net));
    sheet.add_sum(words.tax, words.money(invoice.totals.tax));
    // Before the total, which is the last of the sums.
    for (name, amount) in books.iter().flat_map(|books| [(words.tax, books.totals.tax), (words.total, books.totals.total)]) {
        sheet.add_sum(&format!("{name} ({})", amount.currency), words.money(amount));
    }
    sheet.add_sum(words.total, words.money(invoice.totals.total));
    sheet
}

/// Returns the tax of an invoice by rate; `None` if it has neither a rate nor a tax.
fn taxes(words: &Phrases, invoice: &Invoice) -> Option<Table> {
    let sums = by_rate(&invoice.lines, invoice.totals.total.currency)?;
    if sums.iter().all(|row| row.rate.is_none() && row.tax.minor == 0) {
        return None;
    }
    let rows = sums.iter().map(|row| vec![words.percent(row.rate), words.amount(row.net), words.amount(row.tax)]);
    let (mut columns, mut rows) =
        (vec![text_column(words.rate, 4), figure_column(words.net, 3), figure_column(words.tax, 3)], rows.collect::<Vec<_>>());
    if let Some(books) = &invoice.in_books {
        columns.push(figure_column(&format!("{} ({})", words.tax, books.rate.to), 3));
        for (row, tax) in rows.iter_mut().zip(books.taxes(&sums)) {
            row.push(words.amount(tax));
        }
    }
    Some(Table { heading: Some(words.tax_by_rate.to_owned()), columns, rows })
}

/// Texts of an order other than its lines.
#[derive(Debug, Clone, Default)]
pub struct OrderTexts {
    pub requested_for: Option<String>,
    /// For the customer.
    pub note: Option<String>,
}

pub(super) fn goods_columns(words: &Phrases) -> Vec<Column> {
    vec![text_column(words.sku, 3), text_column(words.product, 6), figure_column(words.quantity, 2)]
}

fn priced_columns(words: &Phrases) -> Vec<Column> {
    vec![
        text_column(words.sku, 4),
        text_column(words.product, 7),
        figure_column(words.quantity, 3),
        figure_column(words.unit_price, 3),
        figure_column(words.discount, 3),
        figure_column(words.tax, 3),
        figure_column(words.total, 3),
    ]
}

/// Returns an address by lines, as on an envelope.
pub fn address_lines(address: &Address) -> Vec<String> {
    let town = [&address.postal_code, &address.city].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    let name_lines = [&address.name, &address.company].into_iter().flatten().cloned();
    let place_lines = [Some(town), address.region.clone(), address.country.clone()].into_iter().flatten();
    name_lines.chain(address.lines.iter().cloned()).chain(place_lines).filter(|line| !line.trim().is_empty()).collect()
}

/// Returns the lines of a contact.
pub fn contact_lines(contact: &Contact) -> Vec<String> {
    [&contact.name, &contact.email, &contact.phone].into_iter().flatten().cloned().collect()
}
